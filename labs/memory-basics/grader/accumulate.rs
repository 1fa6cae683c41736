//! The step `accumulate`: gradients of micro-batches held to the batch's, and the peak to one micro-batch's.

use super::chains::{Drawn, drawn};
use super::checkpoint::{GRADIENTS, more};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script};
use lab_sdk::{Result, Tensor};

/// The checks of `train_step`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut even = Vec::new();
    let (mut uneven, mut dropped, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let micro = draw.size(3..=4);
        let rows = micro * draw.size(2..=3);
        even.push(grads(draw, 0.0, rows, micro)?);
        let rows = micro * draw.size(2..=3) + draw.size(1..=micro - 1);
        uneven.push(grads(draw, 0.0, rows, micro)?);
        dropped.push(grads(draw, 0.3, rows, micro)?);
        let net = drawn(draw, 6, 0.2)?;
        peaks.push(step(draw, &net, rows, micro)?.tell("Chain.peak", 0));
    }
    let one = vec![grads(draw, 0.0, 4, 9)?, grads(draw, 0.0, 5, 1)?];
    let peak = Rule::scored(more, 0.0, "bytes more").near(1e-9);
    Ok(vec![
        Check::by("gradients of equal micro-batches add up to the batch's", GRADIENTS, even),
        Check::by("and with a smaller last one", GRADIENTS, uneven),
        Check::by("rows go through in order, with dropout", GRADIENTS, dropped),
        Check::by("one micro-batch, and one row each", GRADIENTS, one),
        Check::by("the peak is one micro-batch's", peak, peaks),
        Check::refuses("`train_step` refuses what is no batch", refusals(draw)?),
    ])
}

fn grads(draw: &mut Draw, dropout: f64, rows: usize, micro: usize) -> Result<Script> {
    let net = drawn(draw, 4, dropout)?;
    Ok(step(draw, &net, rows, micro)?.tell("Chain.grads", 0))
}

fn step(draw: &mut Draw, net: &Drawn, rows: usize, micro: usize) -> Result<Script> {
    let (x, y) = net.batch(draw, rows)?;
    let middle = net.layers() / 2;
    Ok(call(net.begin(), x, y, micro, &[0, middle]))
}

fn call(script: Script, x: Tensor, y: Vec<u32>, micro: usize, keep: &[usize]) -> Script {
    let words = format!("net, {} rows, {} labels, micro = {micro}, keep = {keep:?}", x.dims()[0], y.len());
    script.then_of("train_step", 0, args![x, y, micro, keep.to_vec()]).words(words)
}

fn refusals(draw: &mut Draw) -> Result<Vec<Script>> {
    let net = drawn(draw, 3, 0.0)?;
    let (x, y) = net.batch(draw, 5)?;
    let none = x.narrow(0, 0, 0)?;
    Ok(vec![
        call(net.begin(), x.clone(), y.clone(), 0, &[0]),
        call(net.begin(), none, Vec::new(), 2, &[0]),
        call(net.begin(), x.clone(), y[..4].to_vec(), 2, &[0]),
        call(net.begin(), x, [y.clone(), y].concat(), 2, &[0]),
    ])
}
