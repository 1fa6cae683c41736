//! The figures that the lab's texts print, computed again.

use super::super::{misconceptions, solution};
use super::conventions::{fvcore, ptflops_new, ptflops_old};
use crate::grading::grouped;
use crate::reference::arch;
use lab_sdk::{Arch, Convention, OpSpec, Result};
use std::collections::BTreeSet;

const TEXTS: &[&str] = &[include_str!("../brief.md"), include_str!("../hints.md"), include_str!("../lab.toml")];

/// How many figures the texts print; one that nothing here computes is an error.
pub fn printed() -> Result<usize> {
    let known: BTreeSet<String> = figures()?.into_iter().map(grouped).collect();
    let mut seen = BTreeSet::new();
    for text in TEXTS {
        let long = |word: &&str| word.matches(',').count() > 0 && word.trim_matches(',').len() > 6;
        for word in text.split(|c: char| !c.is_ascii_digit() && c != ',').filter(long) {
            let word = word.trim_matches(',');
            if !known.contains(word) {
                return Err(format!("the texts print {word}, which nothing computes").into());
            }
            seen.insert(word);
        }
    }
    match known.iter().find(|figure| !seen.contains(figure.as_str())) {
        Some(figure) if figure.len() > 6 => Err(format!("the texts do not print {figure}").into()),
        _ => Ok(seen.len()),
    }
}

fn figures() -> Result<Vec<u64>> {
    let (v1, resnet, squeeze) = (arch::load("mobilenet_v1")?, arch::load("resnet50")?, arch::load("squeezenet_1_0")?);
    let macs = |net: &Arch, c: &Convention| Ok::<u64, lab_sdk::Error>(solution::count(net, c)?.macs);
    let strict = Convention::default();
    let stem = solution::op_cost(&OpSpec::Conv2d {
        n: 1,
        cin: 3,
        h: 224,
        w: 224,
        cout: 32,
        k: [3; 2],
        stride: [2; 2],
        pad: [1; 2],
        dil: [1; 2],
        groups: 1,
        bias: false,
    })?;
    let pairs = |causal, window| {
        let (s, d) = (4, 1);
        let op = OpSpec::Attention { b: 1, hq: 1, hkv: 1, sq: s, sk: s, dh: d, dv: d, causal, window };
        solution::op_cost(&op).map(|cost| cost.macs / 2)
    };
    let drawn = [pairs(false, None)?, pairs(true, None)?, pairs(true, Some(2))?, pairs(false, Some(2))?];
    if drawn != [16, 10, 7, 10] || stem.params != 864 {
        return Err(format!("the brief draws other masks or another stem: {drawn:?}, {}", stem.params).into());
    }
    Ok(vec![
        stem.macs,
        2 * stem.macs,
        macs(&squeeze, &strict)?,
        misconceptions::pools_round_down(&squeeze, &strict)?.macs,
        macs(&resnet, &strict)?,
        macs(&resnet, &fvcore(&resnet))?,
        macs(&resnet, &ptflops_old())?,
        macs(&resnet, &ptflops_new())?,
        macs(&v1, &strict)?,
        solution::train_macs(&v1)?,
        misconceptions::ungrouped_weight_gradient(&v1)?,
    ])
}
