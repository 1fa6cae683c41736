//! The replay of `oracle/golden.json` and `oracle/published.json`: what real tools counted, and what was printed, through
//! the solution.

use super::super::solution;
use super::brief;
use super::conventions::{fvcore, ptflops_new, ptflops_old};
use super::published::published;
use crate::grading::golden::{list, of, read};
use crate::reference::arch;
use lab_sdk::{Arch, Convention, Cost, OpSpec, Result};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// How many figures the solution gives too; the first difference is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let (mut compared, mut nets) = (0, BTreeSet::new());
    for (at, record) in list(&golden["records"])?.iter().enumerate() {
        let (got, wanted) = replay(record, &mut nets)?;
        if got != wanted {
            return Err(format!("record {at} ({}): got {got:?}, wanted {wanted:?}", record["kind"]).into());
        }
        compared += wanted.len();
    }
    for net in arch::all()? {
        // The two attentions are held by `pairs`.
        if !nets.contains(&net.name) && !net.name.starts_with("attention_") {
            return Err(format!("no tool has counted `{}`", net.name).into());
        }
    }
    for contrast in list(&golden["contrasts"])? {
        let net = load(contrast)?;
        let bug = super::super::misconceptions::ungrouped_weight_gradient(&net)?;
        if bug != of::<u64>(&contrast["macs"])? {
            return Err(format!("{}: {bug}, but FlopCounterMode {}", net.name, contrast["macs"]).into());
        }
        compared += 1;
    }
    Ok(compared + printed()? + brief::printed()?)
}

/// The solution's numbers and the tool's.
fn replay(record: &Json, nets: &mut BTreeSet<String>) -> Result<(Vec<u64>, Vec<u64>)> {
    let strict = Convention::default();
    Ok(match record["kind"].as_str() {
        Some("op") => {
            let (spec, wanted) = (of::<OpSpec>(&record["spec"])?, of::<Cost>(&record["cost"])?);
            let flat = |cost: Cost| [vec![cost.macs, cost.params], cost.out].concat();
            (flat(solution::op_cost(&spec)?), flat(wanted))
        }
        Some("pairs") => {
            let spec: OpSpec = of(&record["spec"])?;
            (vec![solution::op_cost(&spec)?.macs], vec![2 * of::<u64>(&record["pairs"])?])
        }
        Some("shape") => {
            let report = solution::count(&of::<Arch>(&record["arch"])?, &strict)?;
            let out = report.rows.into_iter().next_back().map(|row| row.out);
            (out.unwrap_or_default(), of(&record["out"])?)
        }
        Some("net") => {
            let net = load(record)?;
            let report = solution::count(&net, &strict)?;
            nets.insert(net.name);
            (vec![report.params, report.macs], vec![of(&record["params"])?, of(&record["macs"])?])
        }
        Some("layers") => {
            let rows = solution::count(&load(record)?, &strict)?.rows;
            let mut macs: Vec<u64> = rows.iter().map(|row| row.macs).filter(|macs| *macs > 0).collect();
            macs.sort_unstable();
            (macs, of(&record["macs"])?)
        }
        Some("tool") => {
            let net = load(record)?;
            let convention = match record["tool"].as_str() {
                Some("fvcore") => fvcore(&net),
                Some("ptflops") => ptflops_new(),
                Some("ptflops 0.6.9") => ptflops_old(),
                _ => return Err(format!("the tool {}", record["tool"]).into()),
            };
            (vec![solution::count(&net, &convention)?.macs], vec![of(&record["macs"])?])
        }
        Some("train") => (vec![solution::train_macs(&load(record)?)?], vec![of(&record["macs"])?]),
        _ => return Err(format!("a record of kind {}", record["kind"]).into()),
    })
}

/// How many printed figures the solution agrees with.
fn printed() -> Result<usize> {
    let published = published()?;
    for figure in &published.figures {
        let net = arch::load(&figure.arch)?;
        let report = solution::count(&net, &figure.convention(&net))?;
        if !figure.agrees(report.macs, report.params) || !published.sources.contains_key(&figure.source) {
            let counted = format!("{} MACs, {} parameters", report.macs, report.params);
            return Err(format!("{}: printed {}, counted {counted}", figure.arch, figure.words()).into());
        }
    }
    Ok(published.figures.len())
}

fn load(record: &Json) -> Result<Arch> {
    arch::load(&of::<String>(&record["arch"])?)
}
