//! Hidden inputs are drawn from a seed that the verdict prints: the same seed, the same inputs, on every machine.

use lab_sdk::{Device, Result, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::ops::RangeInclusive;

/// What inputs are drawn from, and optionally the one case to run: `7f31` or `7f31:4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The seed.
    pub value: u64,
    /// Only this case.
    pub case: Option<usize>,
}

impl Seed {
    /// A seed without a chosen case.
    pub fn new(value: u64) -> Self {
        Self { value, case: None }
    }

    /// Reads `HEX` or `HEX:CASE`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hex, case) = match text.split_once(':') {
            Some((hex, case)) => (hex, Some(case.parse().ok()?)),
            None => (text, None),
        };
        Some(Self { value: u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok()?, case })
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.value)?;
        self.case.map_or(Ok(()), |case| write!(f, ":{case}"))
    }
}

/// A stream of draws.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of `seed` for `purpose` (a step's id): steps of one seed do not share draws.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let salt =
            purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Self(ChaCha8Rng::seed_from_u64(seed ^ salt))
    }

    /// A uniform integer.
    pub fn int(&mut self, range: RangeInclusive<i64>) -> i64 {
        self.0.random_range(range)
    }

    /// A uniform index or extent.
    pub fn size(&mut self, range: RangeInclusive<usize>) -> usize {
        self.0.random_range(range)
    }

    /// The same as a count, which specifications hold in 64 bits.
    pub fn count(&mut self, range: RangeInclusive<usize>) -> u64 {
        self.size(range) as u64
    }

    /// So many draws, one after the other.
    pub fn many<T>(&mut self, n: usize, mut each: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..n).map(|_| each(self)).collect()
    }

    /// Puts `items` in an order of which each is as likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.size(0..=at));
        }
    }

    /// A uniform number in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// A number whose logarithm is uniform.
    pub fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        self.uniform(low.ln(), high.ln()).exp()
    }

    /// A standard normal number (Box-Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.random::<f64>()).cos()
    }

    /// `true` once in `n`.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.0.random_range(0..n) == 0
    }

    /// One of `items`, which must not be empty.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.0.random_range(0..items.len())]
    }

    /// An f32 tensor on the CPU, each value from `each`.
    pub fn tensor(&mut self, shape: &[usize], mut each: impl FnMut(&mut Self) -> f64) -> Result<Tensor> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| each(self) as f32).collect();
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn a_shuffle_loses_nothing_and_takes_one_draw_an_item_but_the_first() {
        let (mut draw, mut other) = (Draw::new(7, "shuffle"), Draw::new(7, "shuffle"));
        let mut items = [0, 1, 2, 3, 4];
        draw.shuffle(&mut items);
        for at in (1..5).rev() {
            other.size(0..=at);
        }
        assert_eq!(draw.count(0..=1 << 40), other.size(0..=1 << 40) as u64);
        assert_ne!(items, [0, 1, 2, 3, 4]);
        items.sort_unstable();
        assert_eq!(items, [0, 1, 2, 3, 4]);
    }
}
