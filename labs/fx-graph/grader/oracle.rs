//! The replay of `oracle/`: what PyTorch returned, folded, merged and compiled, through the solution; and what the brief prints.

use super::super::solution;
use super::guards::WORKED;
use super::{buckets, capture};
use crate::grading::{Rule, compare};
use lab_sdk::fx::{Params, from_ir};
use lab_sdk::{Device, Event, FxGraph, IntoValue, Mem, Result, Tensor, ensure};
use serde::Deserialize;
use serde_json::Value as Json;

/// torch sums in another order: 16 times half an ulp of the largest number.
const RULE: Rule = Rule::Floor(16.0);
const FLOOR: f64 = 2.4e-7;

/// How many values agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
    let list = |key: &str| golden[key].as_array().cloned().unwrap_or_default();
    let mut compared = brief()?;
    for record in list("runs").iter().chain(&list("folds")) {
        compared += run_of(record)?;
    }
    for record in &list("scripts") {
        compared += script(record)?;
    }
    for record in &list("merges") {
        let (g, _) = solution::optimize(&graph(record)?, &Params::new())?;
        ensure!(g.nodes.len() == record["after"], "{}: {} nodes, torch leaves {}", record["name"], g.nodes.len(), record["after"]);
        compared += 1;
    }
    for record in &list("guards") {
        compared += guarded(record)?;
    }
    ensure!(capture::captured()?.len() >= 5, "fewer captured functions than questions");
    Ok(compared)
}

/// A graph of torch.fx: outputs as it is, after folding, and after both passes; and the folded weights.
fn run_of(record: &Json) -> Result<usize> {
    let (g, params, ins) = (graph(record)?, params(&record["params"])?, list(&record["ins"])?);
    let folded = solution::fold_conv_bn(&g, &params)?;
    let short = solution::optimize(&folded.0, &folded.1)?;
    let mut compared = 0;
    for (path, wanted) in self::params(record.get("folded").unwrap_or(&Json::Null))? {
        let got = folded.1.get(&path).ok_or_else(|| format!("{path} is gone"))?;
        compared += same(&record["name"], std::slice::from_ref(got), &[wanted])?;
    }
    let wanted = list(&record["outs"])?;
    for (g, params) in [(g, params), folded, short] {
        let outs = solution::run(&g, &params, &ins, &mut Mem::new())?;
        compared += same(&record["name"], &outs, &wanted)?;
    }
    Ok(compared)
}

/// A graph of TorchScript, read from its text with either line end.
fn script(record: &Json) -> Result<usize> {
    let text = record["text"].as_str().unwrap_or_default();
    let (params, ins, wanted) = (params(&record["params"])?, list(&record["ins"])?, list(&record["outs"])?);
    let mut compared = 0;
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let outs = solution::run(&from_ir(&text)?, &params, &ins, &mut Mem::new())?;
        compared += same(&record["name"], &outs, &wanted)?;
    }
    Ok(compared)
}

fn guarded(record: &Json) -> Result<usize> {
    let calls: Vec<Vec<usize>> = serde_json::from_value(record["calls"].clone())?;
    let wanted: Vec<Event> = serde_json::from_value(record["events"].clone())?;
    let limit = record["limit"].as_u64().unwrap_or_default() as usize;
    let got = solution::simulate(&calls, record["dynamic"].as_bool(), limit)?;
    ensure!(got == wanted, "{calls:?} {}: {got:?}, torch {wanted:?}", record["dynamic"]);
    Ok(got.len())
}

/// The events that the brief prints, and its prices of padding.
fn brief() -> Result<usize> {
    let text = include_str!("../brief.md");
    let calls: Vec<Vec<usize>> = WORKED.iter().map(|sizes| sizes.to_vec()).collect();
    for (sizes, event) in WORKED.iter().zip(solution::simulate(&calls, None, 8)?) {
        let call = format!("({}, {})", sizes[0], sizes[1]);
        let event = match event {
            Event::Compile(guard) => {
                let shown = guard.iter().map(|e| serde_json::to_value(e).map(|e| e.to_string().replace('"', "")));
                format!("compile [{}]", shown.collect::<Result<Vec<_>, _>>()?.join(", "))
            }
            Event::Hit => "hit".to_owned(),
            Event::Eager => "eager".to_owned(),
        };
        let printed = format!("{call} {event}");
        let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(squeezed.contains(&printed), "the brief does not print `{printed}`");
    }
    let lens = [10, 10, 10, 10, 10, 10, 90, 100];
    for (k, wanted) in [(1, 80_000.0), (2, 20_600.0), (3, 18_700.0)] {
        let sizes = solution::choose_buckets(&lens, k, 0)?;
        let cost = buckets::cost(&lens, &sizes, k, 0)?;
        ensure!(cost == wanted, "{k} sizes cost {cost}, the brief prints {wanted}");
    }
    Ok(WORKED.len() + 3)
}

fn same(name: &Json, got: &[Tensor], wanted: &[Tensor]) -> Result<usize> {
    let (values, right) = (got.to_vec().into_value(), wanted.to_vec().into_value());
    match compare(RULE, &values, &right, FLOOR) {
        None => Ok(wanted.iter().map(Tensor::elem_count).sum()),
        Some(difference) => Err(format!("{name}: {difference:?}").into()),
    }
}

fn graph(record: &Json) -> Result<FxGraph> {
    Ok(FxGraph::deserialize(&record["graph"])?)
}

fn tensor(json: &Json) -> Result<Tensor> {
    let shape: Vec<usize> = serde_json::from_value(json["shape"].clone())?;
    let data: Vec<f32> = serde_json::from_value(json["data"].clone())?;
    Ok(Tensor::from_vec(data, shape, &Device::Cpu)?)
}

fn list(json: &Json) -> Result<Vec<Tensor>> {
    json.as_array().into_iter().flatten().map(tensor).collect()
}

fn params(json: &Json) -> Result<Params> {
    json.as_object().into_iter().flatten().map(|(path, json)| Ok((path.clone(), tensor(json)?))).collect()
}
