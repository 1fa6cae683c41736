//! The replay of `oracle/`: what PyTorch returned, folded, merged and compiled, through the solution; and what the brief prints.

use super::super::solution;
use super::guards::WORKED;
use super::{buckets, capture};
use crate::grading::golden::{self, list, of, read, tensor};
use crate::grading::{Printed, Rule};
use lab_sdk::fx::{Params, from_ir};
use lab_sdk::{Event, FxGraph, IntoValue, Mem, Result, Tensor, ensure};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// torch sums in another order: 16 times half an ulp of the largest number.
const RULE: Rule = Rule::Floor(16.0);
const FLOOR: f64 = 2.4e-7;

/// How many values agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let mut compared = brief()?;
    for record in list(&golden["runs"])?.iter().chain(list(&golden["folds"])?) {
        compared += run_of(record)?;
    }
    for record in list(&golden["scripts"])? {
        compared += script(record)?;
    }
    for record in list(&golden["merges"])? {
        let (g, _) = solution::optimize(&of(&record["graph"])?, &Params::new())?;
        let after: usize = of(&record["after"])?;
        ensure!(g.nodes.len() == after, "{}: {} nodes, torch leaves {after}", record["name"], g.nodes.len());
        compared += 1;
    }
    for record in list(&golden["guards"])? {
        compared += guarded(record)?;
    }
    ensure!(capture::captured()?.len() >= 5, "fewer captured functions than questions");
    Ok(compared)
}

/// A graph of torch.fx: outputs as it is, after folding, and after both passes; and the folded weights.
fn run_of(record: &Json) -> Result<usize> {
    let (g, params, ins) = (of::<FxGraph>(&record["graph"])?, params(&record["params"])?, tensors(&record["ins"])?);
    let folded = solution::fold_conv_bn(&g, &params)?;
    let short = solution::optimize(&folded.0, &folded.1)?;
    let mut compared = 0;
    // Only the graphs that are there to be folded have folded weights.
    for (path, wanted) in record.get("folded").map_or(Ok(Params::new()), self::params)? {
        let got = folded.1.get(&path).ok_or_else(|| format!("{path} is gone"))?;
        compared += same(&record["name"], std::slice::from_ref(got), &[wanted])?;
    }
    let wanted = tensors(&record["outs"])?;
    for (g, params) in [(g, params), folded, short] {
        let outs = solution::run(&g, &params, &ins, &mut Mem::new())?;
        compared += same(&record["name"], &outs, &wanted)?;
    }
    Ok(compared)
}

/// A graph of TorchScript, read from its text with either line end.
fn script(record: &Json) -> Result<usize> {
    let text: String = of(&record["text"])?;
    let (params, ins, wanted) = (params(&record["params"])?, tensors(&record["ins"])?, tensors(&record["outs"])?);
    let mut compared = 0;
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let outs = solution::run(&from_ir(&text)?, &params, &ins, &mut Mem::new())?;
        compared += same(&record["name"], &outs, &wanted)?;
    }
    Ok(compared)
}

fn guarded(record: &Json) -> Result<usize> {
    let (calls, wanted): (Vec<Vec<usize>>, Vec<Event>) = (of(&record["calls"])?, of(&record["events"])?);
    // `null` is the default of torch.compile; the key has to be there.
    let dynamic: Option<bool> = of(record.get("dynamic").ok_or("a record of guards without `dynamic`")?)?;
    let got = solution::simulate(&calls, dynamic, of(&record["limit"])?)?;
    ensure!(got == wanted && !got.is_empty(), "{calls:?} {dynamic:?}: {got:?}, torch {wanted:?}");
    Ok(got.len())
}

/// The events that the brief prints, and its prices of padding.
fn brief() -> Result<usize> {
    let mut printed = Printed::new(&[include_str!("../brief.md")]);
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
        printed.says(&format!("{call} {event}"))?;
    }
    let lens = [10, 10, 10, 10, 10, 10, 90, 100];
    for (k, wanted) in [(1, 80_000.0), (2, 20_600.0), (3, 18_700.0)] {
        let sizes = solution::choose_buckets(&lens, k, 0)?;
        let cost = buckets::cost(&lens, &sizes, k, 0)?;
        ensure!(cost == wanted, "{k} sizes cost {cost}, the brief prints {wanted}");
    }
    Ok(printed.count() + 3)
}

fn same(name: &Json, got: &[Tensor], wanted: &[Tensor]) -> Result<usize> {
    golden::same(&name.to_string(), &got.to_vec().into_value(), &wanted.to_vec().into_value(), RULE, FLOOR)
}

fn tensors(json: &Json) -> Result<Vec<Tensor>> {
    list(json)?.iter().map(tensor).collect()
}

/// Weights by their paths; a graph may have none.
fn params(json: &Json) -> Result<Params> {
    of::<BTreeMap<String, Json>>(json)?.into_iter().map(|(path, json)| Ok((path, tensor(&json)?))).collect()
}
