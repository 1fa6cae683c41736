//! The replay of `oracle/`: transformers' logits through the solution, and the figures of the brief through the formulas that
//! grade the questions.

use super::super::solution;
use super::{cache_bytes, rows};
use crate::grading::golden::{list, of, pairs, read};
use crate::grading::{Printed, grouped};
use lab_sdk::lm::Lm;
use lab_sdk::{Cache, DType, Result, Tensor, ensure};

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    Ok(logits()? + figures()?)
}

/// transformers ran in f64, but for norms and angles, which it computes in f32 whatever the model; the solution runs in f64.
const APART: f64 = 2e-5;

fn logits() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let lm = Lm::shipped("lm", DType::F64)?;
    let ids: Vec<u32> = of(&golden["text"])?;
    let (sinks, window) = (of(&golden["sinks"])?, of(&golden["window"])?);

    let (mut cache, mut at, mut chunks) = (Cache::new(&lm), 0, Vec::new());
    for n in of::<Vec<usize>>(&golden["chunks"])? {
        let to = at + n;
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
        for stored in list(&golden[name])? {
            let row: usize = of(&stored["row"])?;
            let (got, wanted): (Vec<f64>, Vec<f64>) = (ours.get(row)?.to_vec1()?, of(&stored["logits"])?);
            for (token, (g, w)) in pairs(&got, &wanted)?.enumerate() {
                ensure!((g - w).abs() <= APART, "{name}, row {row}, token {token}: {g}, transformers {w}");
            }
            compared += got.len();
        }
    }
    Ok(compared)
}

/// The published sizes that the brief prints.
fn figures() -> Result<usize> {
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    let mut printed = Printed::new(&[include_str!("../brief.md")]);
    let mut says = |figure: usize, computed: usize| -> Result<()> {
        ensure!(figure == computed, "the figure {figure} comes out as {computed}");
        printed.says(&grouped(figure as u64))
    };
    for model in list(&figures["bytes_a_token"])? {
        let of = |name: &str| of(&model[name]);
        says(of("bytes")?, cache_bytes(of("layers")?, of("kv_heads")?, of("head_dim")?, of("bytes_a_number")?))?;
    }
    let run = &figures["rows"];
    let (with, without) = rows(of(&run["prompt"])?, of(&run["new"])?);
    says(of(&run["with"])?, with)?;
    says(of(&run["without"])?, without)?;
    let sinks = &figures["sinks"];
    printed.says(&format!("{:.2}", of::<f64>(&sinks["with"])?))?;
    printed.says(&grouped(of::<f64>(&sinks["window_alone"])?.round() as u64))?;
    Ok(printed.count())
}
