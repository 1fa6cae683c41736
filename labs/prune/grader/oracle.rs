//! The replay of `oracle/`: what PyTorch answered through the solution, and the figures of the brief.

use super::super::solution;
use super::questions::{bitmap_break_even, csr_break_even, csr_bytes};
use crate::grading::{Rule, compare, count};
use lab_sdk::{Device, IntoValue, Result, Tensor, Value, ensure};
use serde_json::Value as Json;

/// How many values of PyTorch the solution gives too, with the figures; the first difference is an error.
pub fn oracle() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
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
        if let Some(difference) = compare(rule, &got, &wanted, 0.0) {
            return Err(format!("record {at} ({}): {difference:?}", record["source"]).into());
        }
        compared += count(&wanted);
    }
    Ok(compared)
}

/// What the solution gives for a record, and what PyTorch gave.
fn answer(record: &Json) -> Result<(Value, Value)> {
    let (args, returns) = (&record["args"], &record["returns"]);
    Ok(match record["function"].as_str() {
        Some("global_mask") => {
            let skip: Vec<usize> = floats(&args["skip"])?.iter().map(|&i| i as usize).collect();
            let masks = solution::global_mask(&weights(&args["ws"])?, &skip, float(&args["sparsity"])?)?;
            (masks.into_value(), masks_of(returns)?.into_value())
        }
        Some("cubic") => {
            let step = |name: &str| args[name].as_u64().ok_or_else(|| format!("no step `{name}`"));
            let (si, sf) = (float(&args["si"])?, float(&args["sf"])?);
            let got = solution::cubic(step("t")?, step("t0")?, step("t1")?, si, sf)?;
            (got.into_value(), float(returns)?.into_value())
        }
        Some("lottery_round") => {
            let (trained, init) = (weights(&args["trained"])?, weights(&args["init"])?);
            let (mask, frac) = (masks_of(&args["mask"])?, floats(&args["frac"])?);
            let got = solution::lottery_round(&trained, &init, &mask, &frac)?;
            let wanted = (weights(&returns["restart"])?, masks_of(&returns["mask"])?);
            (got.into_value(), wanted.into_value())
        }
        Some("movement_step") => {
            let one = |name: &str| tensor(&args[name]);
            let (keep, lr) = (float(&args["keep"])?, float(&args["lr"])? as f32);
            let got = solution::movement_step(&one("w")?, &one("s")?, &one("g")?, keep, lr)?;
            (got.into_value(), (tensor(&returns["scores"])?, mask_of(&returns["mask"])?).into_value())
        }
        Some("csr_bytes") => {
            let size = |name: &str| args[name].as_u64().ok_or_else(|| format!("no size `{name}`"));
            let got = csr_bytes(size("rows")?, size("nonzero")?, size("value")?, size("index")?);
            (got.into_value(), returns.as_u64().ok_or("no number of bytes")?.into_value())
        }
        _ => return Err(format!("a record of {}", record["function"]).into()),
    })
}

/// Published and computed figures: the brief prints each, and those that can be computed come out.
fn figures() -> Result<usize> {
    let figures: Json = serde_json::from_slice(include_bytes!("../oracle/figures.json"))?;
    let words = concat!(include_str!("../brief.md"), include_str!("../lab.toml"));
    let mut compared = 0;
    let mut printed = |text: &str| -> Result<()> {
        ensure!(words.contains(text), "neither the brief nor a card prints {text}");
        compared += 1;
        Ok(())
    };
    for published in list(&figures["published"])? {
        for text in list(&published["printed"])? {
            printed(text.as_str().ok_or("a figure is no text")?)?;
        }
    }
    for row in list(&figures["break_even"])? {
        let bytes = |name: &str| row[name].as_u64();
        let value = bytes("value").ok_or("no bytes of a value")?;
        let found = bytes("index").map_or_else(|| bitmap_break_even(value), |index| csr_break_even(value, index));
        let text = row["printed"].as_str().ok_or("a figure is no text")?;
        let wanted: f64 = text.trim_end_matches(" %").parse().map_err(|_| format!("{text} is no share"))?;
        ensure!((found - wanted).abs() <= 0.05 + 1e-9, "{text} comes out as {found} %");
        printed(text)?;
    }
    for row in list(&figures["cubic"])? {
        let t = row["t"].as_u64().ok_or("no step")?;
        let text = row["printed"].as_str().ok_or("a figure is no text")?;
        let wanted: f64 = text.parse().map_err(|_| format!("{text} is no sparsity"))?;
        let found = solution::cubic(t, 0, 4, 0.0, 0.9)?;
        ensure!((found - wanted).abs() <= 0.0005 + 1e-9, "{text} comes out as {found}");
        printed(text)?;
    }
    Ok(compared)
}

fn weights(json: &Json) -> Result<Vec<Tensor>> {
    list(json)?.iter().map(tensor).collect()
}

fn masks_of(json: &Json) -> Result<Vec<Tensor>> {
    list(json)?.iter().map(mask_of).collect()
}

fn tensor(json: &Json) -> Result<Tensor> {
    let values: Vec<f32> = floats(&json["data"])?.iter().map(|&v| v as f32).collect();
    Ok(Tensor::from_vec(values, shape(json)?, &Device::Cpu)?)
}

/// A mask is stored as a string of 0 and 1.
fn mask_of(json: &Json) -> Result<Tensor> {
    let bits = json["data"].as_str().ok_or("no mask")?.bytes().map(|b| u8::from(b == b'1')).collect::<Vec<u8>>();
    Ok(Tensor::from_vec(bits, shape(json)?, &Device::Cpu)?)
}

fn shape(json: &Json) -> Result<Vec<usize>> {
    Ok(floats(&json["shape"])?.iter().map(|&v| v as usize).collect())
}

fn floats(json: &Json) -> Result<Vec<f64>> {
    list(json)?.iter().map(float).collect()
}

fn float(json: &Json) -> Result<f64> {
    json.as_f64().ok_or_else(|| format!("{json} is no number").into())
}

fn list(json: &Json) -> Result<&Vec<Json>> {
    json.as_array().ok_or_else(|| format!("{json} is no list").into())
}
