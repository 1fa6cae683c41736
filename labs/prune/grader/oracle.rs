//! The replay of `oracle/`: what PyTorch answered through the solution, and the figures of the brief.

use super::super::solution;
use super::questions::{bitmap_break_even, csr_break_even, csr_bytes};
use crate::grading::golden::{list, of, read, same, tensor};
use crate::grading::{Printed, Rule};
use lab_sdk::{Device, IntoValue, Result, Tensor, Value, ensure};
use serde_json::Value as Json;

/// How many values of PyTorch the solution gives too, with the figures; the first difference is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let mut compared = figures()?;
    for (at, record) in list(&golden["records"])?.iter().enumerate() {
        let (got, wanted) = answer(record)?;
        // PyTorch multiplies lr, g and w in an order of its own.
        let rule = Rule::Each(&[Rule::Floor(4.0), Rule::Exact]);
        let rule = match record["function"].as_str() {
            Some("cubic") => Rule::Ulps(1),
            Some("movement_step") => rule,
            _ => Rule::Exact,
        };
        compared += same(&format!("record {at} ({})", record["source"]), &got, &wanted, rule, 0.0)?;
    }
    Ok(compared)
}

/// What the solution gives for a record, and what PyTorch gave.
fn answer(record: &Json) -> Result<(Value, Value)> {
    let (args, returns) = (&record["args"], &record["returns"]);
    Ok(match record["function"].as_str() {
        Some("global_mask") => {
            let skip: Vec<usize> = of(&args["skip"])?;
            let masks = solution::global_mask(&weights(&args["ws"])?, &skip, of(&args["sparsity"])?)?;
            (masks.into_value(), masks_of(returns)?.into_value())
        }
        Some("cubic") => {
            let (t, t0, t1) = (of(&args["t"])?, of(&args["t0"])?, of(&args["t1"])?);
            let got = solution::cubic(t, t0, t1, of(&args["si"])?, of(&args["sf"])?)?;
            (got.into_value(), of::<f64>(returns)?.into_value())
        }
        Some("lottery_round") => {
            let (trained, init) = (weights(&args["trained"])?, weights(&args["init"])?);
            let (mask, frac) = (masks_of(&args["mask"])?, of::<Vec<f64>>(&args["frac"])?);
            let got = solution::lottery_round(&trained, &init, &mask, &frac)?;
            let wanted = (weights(&returns["restart"])?, masks_of(&returns["mask"])?);
            (got.into_value(), wanted.into_value())
        }
        Some("movement_step") => {
            let one = |name: &str| tensor(&args[name]);
            let (keep, lr) = (of(&args["keep"])?, of(&args["lr"])?);
            let got = solution::movement_step(&one("w")?, &one("s")?, &one("g")?, keep, lr)?;
            (got.into_value(), (tensor(&returns["scores"])?, mask_of(&returns["mask"])?).into_value())
        }
        Some("csr_bytes") => {
            let size = |name: &str| of::<u64>(&args[name]);
            let got = csr_bytes(size("rows")?, size("nonzero")?, size("value")?, size("index")?);
            (got.into_value(), of::<u64>(returns)?.into_value())
        }
        _ => return Err(format!("a record of {}", record["function"]).into()),
    })
}

/// Published and computed figures: the brief prints each, and those that can be computed come out.
fn figures() -> Result<usize> {
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    let mut printed = Printed::new(&[include_str!("../brief.md"), include_str!("../lab.toml")]);
    for published in list(&figures["published"])? {
        for text in of::<Vec<String>>(&published["printed"])? {
            printed.says(&text)?;
        }
    }
    for row in list(&figures["break_even"])? {
        let value: u64 = of(&row["value"])?;
        // Without an index it is a bitmap.
        let found = match row.get("index") {
            Some(index) => csr_break_even(value, of(index)?),
            None => bitmap_break_even(value),
        };
        let text: String = of(&row["printed"])?;
        let wanted: f64 = text.trim_end_matches(" %").parse().map_err(|_| format!("{text} is no share"))?;
        ensure!((found - wanted).abs() <= 0.05 + 1e-9, "{text} comes out as {found} %");
        printed.says(&text)?;
    }
    for row in list(&figures["cubic"])? {
        let text: String = of(&row["printed"])?;
        let wanted: f64 = text.parse().map_err(|_| format!("{text} is no sparsity"))?;
        let found = solution::cubic(of(&row["t"])?, 0, 4, 0.0, 0.9)?;
        ensure!((found - wanted).abs() <= 0.0005 + 1e-9, "{text} comes out as {found}");
        printed.says(&text)?;
    }
    Ok(printed.count())
}

fn weights(json: &Json) -> Result<Vec<Tensor>> {
    list(json)?.iter().map(tensor).collect()
}

fn masks_of(json: &Json) -> Result<Vec<Tensor>> {
    list(json)?.iter().map(mask_of).collect()
}

/// A mask is stored as a string of 0 and 1.
fn mask_of(json: &Json) -> Result<Tensor> {
    let bits: Vec<u8> = of::<String>(&json["data"])?.bytes().map(|b| u8::from(b == b'1')).collect();
    Ok(Tensor::from_vec(bits, of::<Vec<usize>>(&json["shape"])?, &Device::Cpu)?)
}
