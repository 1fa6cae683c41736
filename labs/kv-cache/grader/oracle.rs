//! The replay of `oracle/`: transformers' logits through the solution, and the figures of the brief through the formulas that
//! grade the questions.

use super::super::solution;
use super::{cache_bytes, rows};
use lab_sdk::lm::Lm;
use lab_sdk::{Cache, DType, Result, Tensor, ensure};
use serde_json::Value as Json;

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    Ok(logits()? + figures()?)
}

/// transformers ran in f64, but for norms and angles, which it computes in f32 whatever the model; the solution runs in f64.
const APART: f64 = 2e-5;

fn logits() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
    let lm = Lm::shipped("lm", DType::F64)?;
    let ids: Vec<u32> = numbers(&golden["text"])?.iter().map(|&id| id as u32).collect();
    let (sinks, window) = (number(&golden["sinks"])? as usize, number(&golden["window"])? as usize);

    let (mut cache, mut at, mut chunks) = (Cache::new(&lm), 0, Vec::new());
    for n in numbers(&golden["chunks"])? {
        let to = at + n as usize;
        chunks.push(solution::forward_cached(&lm, &ids[at..to], &mut cache)?);
        at = to;
    }
    let cached = Tensor::cat(&chunks, 0)?;

    let mut cache = Cache::new(&lm);
    let streamed: Vec<Tensor> = ids
        .iter()
        .map(|&id| solution::forward_streaming(&lm, id, &mut cache, sinks, window))
        .collect::<Result<_>>()?;

    let mut compared = 0;
    for (name, ours) in [("cached", cached), ("streamed", Tensor::stack(&streamed, 0)?)] {
        for stored in golden[name].as_array().into_iter().flatten() {
            let row = number(&stored["row"])? as usize;
            let (got, wanted) = (ours.get(row)?.to_vec1::<f64>()?, numbers(&stored["logits"])?);
            ensure!(got.len() == wanted.len(), "{name}, row {row}: {} logits, {}", got.len(), wanted.len());
            for (token, (g, w)) in got.iter().zip(&wanted).enumerate() {
                ensure!((g - w).abs() <= APART, "{name}, row {row}, token {token}: {g}, transformers {w}");
            }
            compared += got.len();
        }
    }
    Ok(compared)
}

/// The published sizes that the brief prints.
fn figures() -> Result<usize> {
    let figures: Json = serde_json::from_slice(include_bytes!("../oracle/figures.json"))?;
    let brief = include_str!("../brief.md");
    let mut compared = 0;
    let mut printed = |figure: usize, computed: usize| -> Result<()> {
        ensure!(figure == computed, "the figure {figure} comes out as {computed}");
        ensure!(brief.contains(&grouped(figure)), "the brief does not print {}", grouped(figure));
        compared += 1;
        Ok(())
    };
    for model in figures["bytes_a_token"].as_array().into_iter().flatten() {
        let of = |name: &str| number(&model[name]).map(|n| n as usize);
        printed(of("bytes")?, cache_bytes(of("layers")?, of("kv_heads")?, of("head_dim")?, of("bytes_a_number")?))?;
    }
    let run = &figures["rows"];
    let of = |name: &str| number(&run[name]).map(|n| n as usize);
    let (with, without) = rows(of("prompt")?, of("new")?);
    printed(of("with")?, with)?;
    printed(of("without")?, without)?;
    let sinks = &figures["sinks"];
    for figure in [format!("{:.2}", number(&sinks["with"])?), grouped(number(&sinks["window_alone"])? as usize)] {
        ensure!(brief.contains(&figure), "the brief does not print {figure}");
        compared += 1;
    }
    Ok(compared)
}

/// `16,320`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let chunks: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|c| std::str::from_utf8(c).ok()).collect();
    chunks.join(",")
}

fn number(json: &Json) -> Result<f64> {
    json.as_f64().ok_or_else(|| format!("{json} is no number").into())
}

fn numbers(json: &Json) -> Result<Vec<f64>> {
    json.as_array().ok_or_else(|| format!("{json} is no list"))?.iter().map(number).collect()
}
