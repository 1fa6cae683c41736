//! The vector of a matrix-vector product, in f32 and in int8 codes.

use super::eight::{Eight, Kernel, run};
use super::isa::Isa;
use lab_sdk::{Result, ensure};

/// A vector in int8 codes, block by block: x = scale code.
pub(super) struct Codes {
    /// Of each block max|x| / 127.
    pub scales: Vec<f32>,
    /// Sums of 32 codes.
    pub sums: Vec<i32>,
    /// 32 codes, four a word.
    pub fours: Vec<[i32; 8]>,
}

impl Codes {
    /// Codes of `x` in blocks of so many, a multiple of 32.
    #[inline(always)]
    pub fn new<E: Eight>(e: E, x: &[f32], block: usize) -> Self {
        let parts = x.len() / 32;
        let mut codes = Self {
            scales: Vec::with_capacity(parts),
            sums: Vec::with_capacity(parts),
            fours: Vec::with_capacity(parts),
        };
        for block in x.chunks(block) {
            let mut most = e.splat(0.0);
            for x in block.as_chunks::<8>().0 {
                most = e.max(most, e.abs(e.load(x)));
            }
            let scale = e.array(most).into_iter().fold(0.0, f32::max) / 127.0;
            let by = e.splat(if scale > 0.0 { 1.0 / scale } else { 0.0 });
            codes.scales.push(scale);
            for x in block.as_chunks::<8>().0.as_chunks::<4>().0 {
                let (fours, sum) = e.codes(x.map(|x| e.mul(e.load(&x), by)));
                codes.fours.push(fours);
                codes.sums.push(sum);
            }
        }
        codes
    }
}

/// W x (N) for `w` (N, K), row-major, and `x` (K), both f32. Refuses a `w` that is no whole rows.
pub fn gemv(isa: Isa, w: &[f32], x: &[f32]) -> Result<Vec<f32>> {
    ensure!(!x.is_empty() && w.len().is_multiple_of(x.len()), "{} weights are no rows of {}", w.len(), x.len());
    Ok(run(isa, Gemv { w, x }))
}

struct Gemv<'a> {
    w: &'a [f32],
    x: &'a [f32],
}

impl Kernel for Gemv<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn on<E: Eight>(self, e: E) -> Vec<f32> {
        // Four rows at once, from four places: so more lines are on their way from memory than one walk asks for.
        let (k, n) = (self.x.len(), self.w.len() / self.x.len());
        let row = |row: usize| &self.w[row * k..(row + 1) * k];
        let (mut y, part) = (vec![0.0; n], n / 4);
        for at in 0..part {
            let rows = [at, part + at, 2 * part + at, 3 * part + at];
            let sums = dots(e, [row(rows[0]), row(rows[1]), row(rows[2]), row(rows[3])], self.x);
            for (row, sum) in rows.into_iter().zip(sums) {
                y[row] = sum;
            }
        }
        for (at, y) in y.iter_mut().enumerate().skip(4 * part) {
            [*y] = dots(e, [row(at)], self.x);
        }
        y
    }
}

/// The products of some rows with x.
#[inline(always)]
fn dots<E: Eight, const R: usize>(e: E, rows: [&[f32]; R], x: &[f32]) -> [f32; R] {
    let (xs, last) = x.as_chunks::<16>();
    let rows = rows.map(|row| row.as_chunks::<16>());
    let mut sums = [[e.splat(0.0); 2]; R];
    for (at, x) in xs.iter().enumerate() {
        let (low, high) = (x.first_chunk(), x.last_chunk());
        let (Some(low), Some(high)) = (low, high) else { break };
        let x = [e.load(low), e.load(high)];
        for (sums, (row, _)) in sums.iter_mut().zip(&rows) {
            let (Some(low), Some(high)) = (row[at].first_chunk(), row[at].last_chunk()) else { break };
            sums[0] = e.mul_add(e.load(low), x[0], sums[0]);
            sums[1] = e.mul_add(e.load(high), x[1], sums[1]);
        }
    }
    std::array::from_fn(|row| {
        let rest: f32 = rows[row].1.iter().zip(last).map(|(w, x)| w * x).sum();
        e.sum(e.add(sums[row][0], sums[row][1])) + rest
    })
}
