//! The measure step `tables`: the learner's `count` over every architecture that ships, against what was printed.

use super::published::{What, published};
use crate::args;
use crate::grading::{Bench, Rule, Stop, plain, read};
use crate::reference::{arch, model_file};
use crate::verdict::{Axis, Chart, Clock, Point, Series};
use lab_sdk::{Arch, Convention, Op, Report};
use std::collections::BTreeMap;
use std::path::Path;

/// Nets whose names stand in the chart.
const NAMED: &[&str] = &[
    "alexnet",
    "squeezenet_1_0",
    "resnet50",
    "mobilenet_v1",
    "mobilenet_v3_small",
    "efficientnet_b7",
    "bert_base",
    "tinybert4",
    "gpt2_xl",
    "llama_65b",
];

/// Why a file of the learner's own cannot be counted.
pub fn look(file: &Path) -> Result<(), String> {
    model_file::read(file).map(drop).map_err(|why| why.to_string())
}

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let own = bench.model().map(model_file::read).transpose()?;
    let nets = arch::all()?;
    let mut reports = BTreeMap::new();
    for (at, net) in nets.iter().enumerate() {
        bench.progress(&format!("counting {}", net.name), at as f64 / nets.len() as f64);
        reports.insert(net.name.as_str(), count(bench, net)?);
    }
    bench.measured("architectures counted", reports.len() as f64, "", Clock::Count);
    figures(bench, &nets, &reports)?;
    remarks(bench, &reports);
    let chosen = match &own {
        Some(own) => mine(bench, own)?,
        None => None,
    };
    scatter(bench, &reports, chosen.as_ref());
    match &chosen {
        Some((net, report)) => bars(bench, net, report),
        None => nets.iter().filter(|net| ["mobilenet_v1", "bert_base"].contains(&net.name.as_str())).for_each(|net| {
            bars(bench, net, &reports[net.name.as_str()]);
        }),
    }
    Ok(())
}

/// The learner's report of a net, which must be the solution's.
fn count(bench: &mut Bench<'_>, net: &Arch) -> Result<Report, Stop> {
    let args = args![net.clone(), Convention::default()];
    let value = bench.same(&format!("`{}`", net.name), "count", &args, Rule::Exact)?;
    read(&value).ok_or_else(|| Stop::other_kind("count", &value, "a Report"))
}

/// The printed figures, by their own conventions.
fn figures(bench: &mut Bench<'_>, nets: &[Arch], reports: &BTreeMap<&str, Report>) -> Result<(), Stop> {
    let published = published()?;
    let mut missed = Vec::new();
    for figure in &published.figures {
        let Some(net) = nets.iter().find(|net| net.name == figure.arch) else { continue };
        let convention = figure.convention(net);
        let (macs, params) = if convention == Convention::default() {
            (reports[net.name.as_str()].macs, reports[net.name.as_str()].params)
        } else {
            let counted: Report = bench.structure("count", &args![net.clone(), convention])?;
            (counted.macs, counted.params)
        };
        if !figure.agrees(macs, params) {
            let yours = if figure.what == What::Params { params } else { macs };
            missed.push(format!("{}: printed {} ({}), yours {yours}", net.name, figure.words(), figure.source));
        }
    }
    let total = published.figures.len();
    bench.measured("printed figures reproduced", (total - missed.len()) as f64, &format!("of {total}"), Clock::Count);
    bench.measured("printed figures missed", missed.len() as f64, "", Clock::Count);
    missed.into_iter().take(3).for_each(|missed| bench.remark(missed));
    Ok(())
}

/// What the tables say, in ratios.
fn remarks(bench: &mut Bench<'_>, reports: &BTreeMap<&str, Report>) {
    let ratio = |of: fn(&Report) -> u64, a: &str, b: &str| plain(of(&reports[a]) as f64 / of(&reports[b]) as f64, 3);
    let params = |r: &Report| r.params;
    let macs = |r: &Report| r.macs;
    bench.remark(format!(
        "SqueezeNet 1.0 has {} times fewer parameters than Caffe's AlexNet, and {} times its MACs",
        ratio(params, "alexnet_bvlc", "squeezenet_1_0"),
        ratio(macs, "squeezenet_1_0", "alexnet_bvlc")
    ));
    bench.remark(format!(
        "EfficientNet-B0 has {} times fewer parameters than ResNet-34, and {} times fewer MACs",
        ratio(params, "resnet34", "efficientnet_b0"),
        ratio(macs, "resnet34", "efficientnet_b0")
    ));
    bench.remark(format!(
        "a window of 256 keys to each side costs {} times less than all pairs at 4096 tokens",
        ratio(macs, "attention_full_4096", "attention_window_4096")
    ));
}

/// Counts the learner's own model.
fn mine(bench: &mut Bench<'_>, own: &model_file::Own) -> Result<Option<(Arch, Report)>, Stop> {
    own.remarks.iter().for_each(|remark| bench.remark(remark.clone()));
    let Some(net) = &own.arch else {
        bench.measured("your file: parameters", own.params as f64, "", Clock::Count);
        return Ok(None);
    };
    let report = count(bench, net)?;
    bench.measured("your model: MACs", report.macs as f64, "", Clock::Count);
    bench.measured("your model: parameters", report.params as f64, "", Clock::Count);
    Ok(Some((net.clone(), report)))
}

/// Parameters against MACs.
fn scatter(bench: &mut Bench<'_>, reports: &BTreeMap<&str, Report>, own: Option<&(Arch, Report)>) {
    let point = |name: &str, report: &Report, named: bool| {
        Point::from((report.params as f64, report.macs as f64)).named(if named { name } else { "" })
    };
    let of = |text: bool| {
        let nets = reports.iter().filter(|(name, report)| report.params > 0 && is_text(name) == text);
        nets.map(|(name, report)| point(name, report, NAMED.contains(name))).collect::<Vec<_>>()
    };
    let mut series =
        vec![Series::dots("images, 224 x 224 unless named otherwise", of(false)), Series::dots("text", of(true))];
    if let Some((net, report)) = own {
        series.push(Series::dots("yours", [point(&net.name, report, true)]));
    }
    bench.chart(Chart::plane("work and size", Axis::new("parameters", "").log(), Axis::new("MACs", "").log(), series));
}

fn is_text(name: &str) -> bool {
    ["bert", "llama", "gpt"].iter().any(|part| name.contains(part))
}

/// MACs by kind of operation.
fn bars(bench: &mut Bench<'_>, net: &Arch, report: &Report) {
    let mut kinds: BTreeMap<&str, f64> = BTreeMap::new();
    for (node, row) in net.nodes.iter().zip(&report.rows).filter(|(_, row)| row.macs > 0) {
        let kind = match &node.op {
            Op::Conv2d { groups, cout, .. } if groups == cout => "depthwise convolutions",
            Op::Conv2d { k: [1, 1], .. } => "1x1 convolutions",
            Op::Conv2d { .. } => "other convolutions",
            Op::Linear { .. } => "linear layers",
            Op::Attention { .. } => "attention's products",
            _ => "other products",
        };
        *kinds.entry(kind).or_default() += row.macs as f64;
    }
    bench.chart(Chart::bars(format!("MACs of {} by kind", net.name), "MACs", kinds));
}
