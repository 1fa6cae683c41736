//! What the wrong functions are made with: the solution on changed sizes, or its result changed.

use super::super::solution;
use lab_sdk::{Arch, Convention, Cost, Node, OpSpec, Report, Result, Row};
use std::collections::HashMap;

/// The sizes of a convolution.
pub struct Conv {
    pub cin: u64,
    pub h: u64,
    pub w: u64,
    pub cout: u64,
    pub k: [u64; 2],
    pub stride: [u64; 2],
    pub pad: [u64; 2],
    pub dil: [u64; 2],
    pub groups: u64,
    pub bias: bool,
}

impl Conv {
    pub fn biases(&self) -> u64 {
        if self.bias { self.cout } else { 0 }
    }
}

/// The sizes of an attention.
pub struct Attention {
    pub b: u64,
    pub hq: u64,
    pub hkv: u64,
    pub sq: u64,
    pub sk: u64,
    pub dh: u64,
    pub dv: u64,
    pub causal: bool,
    pub window: Option<u64>,
}

/// The right cost, changed where it is that of a convolution.
pub fn conv(op: &OpSpec, change: impl FnOnce(&Conv, Cost) -> Cost) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    Ok(match *op {
        OpSpec::Conv2d { n: _, cin, h, w, cout, k, stride, pad, dil, groups, bias } => {
            change(&Conv { cin, h, w, cout, k, stride, pad, dil, groups, bias }, right)
        }
        _ => right,
    })
}

/// The cost of another convolution; what the right one refuses is refused, what only the other one does is let be.
pub fn conv_as(op: &OpSpec, change: impl FnOnce(&mut Conv)) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    let OpSpec::Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, bias } = *op else { return Ok(right) };
    let mut c = Conv { cin, h, w, cout, k, stride, pad, dil, groups, bias };
    change(&mut c);
    let Conv { cin, h, w, cout, k, stride, pad, dil, groups, bias } = c;
    solution::op_cost(&OpSpec::Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, bias })
}

/// The right cost, changed where it is that of an attention.
pub fn attention(op: &OpSpec, change: impl FnOnce(&Attention, Cost) -> Cost) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    Ok(match *op {
        OpSpec::Attention { b, hq, hkv, sq, sk, dh, dv, causal, window } => {
            change(&Attention { b, hq, hkv, sq, sk, dh, dv, causal, window }, right)
        }
        _ => right,
    })
}

/// The cost of another attention.
pub fn attention_as(op: &OpSpec, change: impl FnOnce(&mut Attention)) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    let OpSpec::Attention { b, hq, hkv, sq, sk, dh, dv, causal, window } = *op else { return Ok(right) };
    let mut a = Attention { b, hq, hkv, sq, sk, dh, dv, causal, window };
    change(&mut a);
    let Attention { b, hq, hkv, sq, sk, dh, dv, causal, window } = a;
    solution::op_cost(&OpSpec::Attention { b, hq, hkv, sq, sk, dh, dv, causal, window })
}

/// The shapes that a node reads.
pub struct Seen<'a>(Vec<&'a [u64]>);

impl Seen<'_> {
    pub fn shape(&self, input: usize) -> &[u64] {
        self.0.get(input).copied().unwrap_or(&[])
    }

    pub fn elements(&self, input: usize) -> u64 {
        self.shape(input).iter().product()
    }
}

/// The right report with its rows changed and added up again.
pub fn rows(arch: &Arch, c: &Convention, mut change: impl FnMut(&Node, &Seen<'_>, &mut Row)) -> Result<Report> {
    let mut report = solution::count(arch, c)?;
    let shapes = shapes(arch)?;
    let nodes: HashMap<&str, &Node> = arch.nodes.iter().map(|node| (node.name.as_str(), node)).collect();
    for row in &mut report.rows {
        let Some(node) = nodes.get(row.name.as_str()) else { continue };
        let seen = node.inputs.iter().filter_map(|input| shapes.get(input)).map(Vec::as_slice).collect();
        change(node, &Seen(seen), row);
    }
    report.macs = report.rows.iter().map(|row| row.macs).sum();
    report.params = report.rows.iter().map(|row| row.params).sum();
    Ok(report)
}

/// The report of another net; what the right one refuses is refused.
pub fn arch_as(arch: &Arch, c: &Convention, change: impl FnMut(&mut Node)) -> Result<Report> {
    solution::count(arch, c)?;
    let mut arch = arch.clone();
    arch.nodes.iter_mut().for_each(change);
    solution::count(&arch, c)
}

/// Every node's shape.
pub fn shapes(arch: &Arch) -> Result<HashMap<String, Vec<u64>>> {
    let report = solution::count(arch, &Convention::default())?;
    Ok(report.rows.into_iter().map(|row| (row.name, row.out)).collect())
}

/// The MACs of the forward pass.
pub fn forward(arch: &Arch) -> Result<u64> {
    Ok(solution::count(arch, &Convention::default())?.macs)
}

/// A number for each node and its MACs, added up.
pub fn each(arch: &Arch, mut of: impl FnMut(&Node, u64) -> u64) -> Result<u64> {
    let report = solution::count(arch, &Convention::default())?;
    Ok(arch.nodes.iter().zip(&report.rows).map(|(node, row)| of(node, row.macs)).sum())
}
