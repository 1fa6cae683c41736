//! Chains that cases begin with: small random networks with dropout, and the batches that go in.

use crate::args;
use crate::grading::{Draw, Script};
use lab_sdk::{Result, Tensor};

/// A chain before its first step.
pub struct Drawn {
    widths: Vec<usize>,
    weights: Vec<Tensor>,
    dropout: f64,
    seed: u64,
}

/// A chain of `layers` layers whose widths repeat often enough for skips. Products of normal weights of this size leave
/// tanh in its bend.
pub fn drawn(draw: &mut Draw, layers: usize, dropout: f64) -> Result<Drawn> {
    let mut widths = vec![draw.size(3..=8)];
    for _ in 0..layers {
        let last = widths[widths.len() - 1];
        widths.push(if draw.one_in(2) { last } else { draw.size(3..=8) });
    }
    let weights = widths.windows(2).map(|pair| {
        let spread = 1.2 / (pair[0] as f64).sqrt();
        draw.tensor(&[pair[1], pair[0]], |d| spread * d.normal())
    });
    let weights = weights.collect::<Result<_>>()?;
    Ok(Drawn { widths, weights, dropout, seed: draw.int(1..=1 << 40) as u64 })
}

impl Drawn {
    /// L.
    pub fn layers(&self) -> usize {
        self.weights.len()
    }

    /// A case that begins with this chain (call 0).
    pub fn begin(&self) -> Script {
        let words = format!("widths {:?}, dropout {}", self.widths, self.dropout);
        Script::call("Chain.new", args![self.weights.clone(), self.dropout, self.seed]).words(words).whole()
    }

    /// Rows (rows, I) and their labels.
    pub fn batch(&self, draw: &mut Draw, rows: usize) -> Result<(Tensor, Vec<u32>)> {
        let classes = self.widths[self.widths.len() - 1];
        let x = draw.tensor(&[rows, self.widths[0]], Draw::normal)?;
        Ok((x, (0..rows).map(|_| draw.size(0..=classes - 1) as u32).collect()))
    }

    /// A batch of `rows` rows goes in.
    pub fn feed(&self, script: Script, draw: &mut Draw, rows: usize) -> Result<Script> {
        let (x, y) = self.batch(draw, rows)?;
        Ok(script.then_of("Chain.feed", 0, args![x, y]).words(format!("{rows} rows")))
    }
}

/// One more run of the chain that call 0 made.
pub fn run(script: Script, keep: &[usize], scale: f64) -> Script {
    script.then_of("run_ckpt", 0, args![keep.to_vec(), scale])
}
