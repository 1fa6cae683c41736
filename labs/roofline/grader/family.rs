//! Families of layers: ways to build one at a place of a network.

use crate::grading::Draw;
use crate::reference::kernels::kernel;
use lab_sdk::{Kernel, LayerOpt, Op, Result};

/// Where a layer stands: on images of (batch, c, side, side).
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub batch: u64,
    pub c: u64,
    pub side: u64,
}

/// How it is built.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// A dense convolution with a kernel of k x k.
    Dense(u64),
    /// 3x3, a filter for each channel.
    Depthwise,
    /// 1x1 in so many groups.
    Grouped(u64),
    /// 1x1 to c / so many channels, and back: two kernels.
    LowRank(u64),
    /// 1x1 from c / so many channels to c times as many.
    Unbalanced(u64),
}

/// Channels of image nets, in multiples of 8: a network's places are of different bands, so that no two layers are alike.
const BANDS: [(usize, usize); 5] = [(3, 6), (7, 13), (14, 25), (26, 48), (50, 80)];

/// `count` places of different channels, each on one of these sides.
pub fn sites(draw: &mut Draw, batch: u64, count: usize, sides: &[u64]) -> Vec<Site> {
    let mut bands = BANDS;
    draw.shuffle(&mut bands);
    let mut site = |(low, high)| Site { batch, c: 8 * draw.count(low..=high), side: *draw.choose(sides) };
    bands[..count].iter().map(|&band| site(band)).collect()
}

/// Each way at each place, in an order that tells nothing.
pub fn family(draw: &mut Draw, sites: &[Site], ways: &[Way]) -> Result<Vec<LayerOpt>> {
    let mut all = Vec::new();
    for site in sites {
        for way in ways {
            all.push(layer(*site, *way)?);
        }
    }
    draw.shuffle(&mut all);
    Ok(all)
}

/// One way at one place.
fn layer(site: Site, way: Way) -> Result<LayerOpt> {
    let Site { batch, c, side } = site;
    let (word, kernels) = match way {
        Way::Dense(k) => (format!("dense {k}x{k}"), vec![conv(site, c, c, k, 1)?]),
        Way::Depthwise => ("depthwise 3x3".to_owned(), vec![conv(site, c, c, 3, c)?]),
        Way::Grouped(groups) => (format!("1x1 in {groups} groups"), vec![conv(site, c, c, 1, groups)?]),
        Way::LowRank(by) => (format!("rank {}", c / by), vec![conv(site, c, c / by, 1, 1)?, conv(site, c / by, c, 1, 1)?]),
        Way::Unbalanced(by) => (format!("1x1 {}:{}", c / by, c * by), vec![conv(site, c / by, c * by, 1, 1)?]),
    };
    Ok(LayerOpt { name: format!("{word}, {c} channels at {side}x{side}"), batch, kernels })
}

/// A convolution that keeps the image's size.
pub fn conv(site: Site, cin: u64, cout: u64, k: u64, groups: u64) -> Result<Kernel> {
    let op = Op::Conv2d { cout, k: [k; 2], stride: [1; 2], pad: [k / 2; 2], dil: [1; 2], groups, bias: false };
    kernel(op, &[&[site.batch, cin, site.side, site.side]])
}
