//! Attention of one new token over the cache: what decoding reads besides the weights.
//!
//! Letters: T tokens in the cache, H query heads, Hkv heads of keys and values, G = H / Hkv, D values a head.

use super::eight::{Eight, Kernel, run};
use super::isa::Isa;
use lab_sdk::{Result, ensure};

/// Tokens whose values are added before the sums go back to memory: their rows stay in the nearest caches.
const TOKENS: usize = 16;

/// What is kept of the tokens: keys and values (T, Hkv, D), row-major.
#[derive(Clone, Copy, Debug)]
pub enum Kept<'a> {
    /// As they are.
    F32 {
        /// Keys.
        keys: &'a [f32],
        /// Values.
        values: &'a [f32],
    },
    /// As int8 codes with a scale for each head: key = scale code.
    I8 {
        /// Codes of the keys.
        keys: &'a [i8],
        /// Their scales (Hkv).
        key_scales: &'a [f32],
        /// Codes of the values.
        values: &'a [i8],
        /// Their scales (Hkv).
        value_scales: &'a [f32],
    },
}

/// softmax(q k^T / sqrt(D)) v (H, D) for one query `q` (H, D), f32, over all T tokens that are kept of `kv_heads` heads; head h reads
/// keys and values of head h / G. Softmax is taken in f32, with e^x to 2e-7 of it.
///
/// Refuses an empty cache, a D that is no multiple of 8, an H that is no multiple of Hkv, and keys and values of other lengths.
pub fn decode(isa: Isa, q: &[f32], kept: Kept<'_>, heads: usize, kv_heads: usize) -> Result<Vec<f32>> {
    ensure!(kv_heads > 0 && heads > 0 && heads.is_multiple_of(kv_heads), "{heads} heads do not share {kv_heads}");
    let d = q.len() / heads;
    ensure!(d > 0 && q.len() == heads * d && d.is_multiple_of(8), "q of {} is no {heads} heads of 8 m values", q.len());
    let (keys, values) = match kept {
        Kept::F32 { keys, values } => (keys.len(), values.len()),
        Kept::I8 { keys, values, key_scales, value_scales } => {
            ensure!(key_scales.len() == kv_heads && value_scales.len() == kv_heads, "wanted {kv_heads} scales of each");
            (keys.len(), values.len())
        }
    };
    ensure!(keys > 0 && keys == values && keys.is_multiple_of(kv_heads * d), "{keys} keys and {values} values");
    let shape = Shape { t: keys / (kv_heads * d), heads, kv_heads, d };
    // The scale of a head's keys joins its query, that of its values the result.
    let by = |head: usize, scales: Option<&[f32]>| scales.map_or(1.0, |scales| scales[head / (heads / kv_heads)]);
    let scaled = |rows: &mut [f32], scales: Option<&[f32]>, times: f32| {
        for (head, row) in rows.chunks_exact_mut(d).enumerate() {
            row.iter_mut().for_each(|x| *x *= times * by(head, scales));
        }
    };
    let (mut q, root) = (q.to_vec(), 1.0 / (d as f32).sqrt());
    Ok(match kept {
        Kept::F32 { keys, values } => {
            scaled(&mut q, None, root);
            run(isa, Attend { q: &q, keys, values, shape })
        }
        Kept::I8 { keys, key_scales, values, value_scales } => {
            scaled(&mut q, Some(key_scales), root);
            let mut y = run(isa, Attend { q: &q, keys, values, shape });
            scaled(&mut y, Some(value_scales), 1.0);
            y
        }
    })
}

#[derive(Clone, Copy)]
struct Shape {
    t: usize,
    heads: usize,
    kv_heads: usize,
    d: usize,
}

/// A number of the cache.
trait Cell: Copy {
    /// Eight of them as f32.
    fn eight<E: Eight>(e: E, cells: &[Self; 8]) -> E::F;
}

impl Cell for f32 {
    #[inline(always)]
    fn eight<E: Eight>(e: E, cells: &[Self; 8]) -> E::F {
        e.load(cells)
    }
}

impl Cell for i8 {
    #[inline(always)]
    fn eight<E: Eight>(e: E, cells: &[Self; 8]) -> E::F {
        e.widen(cells)
    }
}

struct Attend<'a, C> {
    q: &'a [f32],
    keys: &'a [C],
    values: &'a [C],
    shape: Shape,
}

impl<C: Cell> Kernel for Attend<'_, C> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn on<E: Eight>(self, e: E) -> Vec<f32> {
        let Shape { t, heads, .. } = self.shape;
        let mut scores = vec![0.0; heads * t]; // (H, T)
        self.score(e, &mut scores);
        // Loops, not closures: what is not inlined here would lose the vectors.
        let mut sums = Vec::with_capacity(heads);
        for row in scores.chunks_exact_mut(t) {
            sums.push(exponentials(e, row));
        }
        let mut y = self.mix(e, &scores);
        for (y, sum) in y.chunks_exact_mut(self.shape.d).zip(sums) {
            y.iter_mut().for_each(|y| *y /= sum);
        }
        y
    }
}

impl<C: Cell> Attend<'_, C> {
    /// q k^T, token by token, for memory is read once and in order.
    #[inline(always)]
    fn score<E: Eight>(&self, e: E, scores: &mut [f32]) {
        let Shape { t, heads, kv_heads, d } = self.shape;
        let row = kv_heads * d;
        let mut fours = self.keys.chunks_exact(4 * row);
        for (at, keys) in (&mut fours).enumerate() {
            for head in 0..heads {
                let from = head / (heads / kv_heads) * d;
                let four = std::array::from_fn(|token| &keys[token * row + from..][..d]);
                let dots: [f32; 4] = dots(e, &self.q[head * d..][..d], four);
                scores[head * t + 4 * at..][..4].copy_from_slice(&dots);
            }
        }
        for (at, keys) in fours.remainder().chunks_exact(row).enumerate() {
            for head in 0..heads {
                let from = head / (heads / kv_heads) * d;
                let [dot] = dots(e, &self.q[head * d..][..d], [&keys[from..][..d]]);
                scores[head * t + t / 4 * 4 + at] = dot;
            }
        }
    }

    /// sum of p v (H, D).
    #[inline(always)]
    fn mix<E: Eight>(&self, e: E, p: &[f32]) -> Vec<f32> {
        let Shape { t, heads, kv_heads, d } = self.shape;
        let row = kv_heads * d;
        let mut y = vec![0.0; heads * d];
        for (block, values) in self.values.chunks(TOKENS * row).enumerate() {
            for (head, y) in y.chunks_exact_mut(d).enumerate() {
                let p = &p[head * t + block * TOKENS..(head + 1) * t];
                let from = head / (heads / kv_heads) * d;
                let (wide, narrow) = y.as_chunks_mut::<32>();
                for (at, y) in wide.iter_mut().enumerate() {
                    add::<E, C, 4>(e, y.as_chunks_mut::<8>().0, p, values.chunks_exact(row), from + 32 * at);
                }
                let narrow_from = from + d / 32 * 32;
                for (at, y) in narrow.as_chunks_mut::<8>().0.chunks_mut(1).enumerate() {
                    add::<E, C, 1>(e, y, p, values.chunks_exact(row), narrow_from + 8 * at);
                }
            }
        }
        y
    }
}

/// The products of one query with some keys.
#[inline(always)]
fn dots<E: Eight, C: Cell, const R: usize>(e: E, q: &[f32], keys: [&[C]; R]) -> [f32; R] {
    let mut sums = [e.splat(0.0); R];
    let keys = keys.map(|key| key.as_chunks::<8>().0);
    for (at, q) in q.as_chunks::<8>().0.iter().enumerate() {
        let q = e.load(q);
        for (sum, key) in sums.iter_mut().zip(keys) {
            *sum = e.mul_add(C::eight(e, &key[at]), q, *sum);
        }
    }
    sums.map(|sum| e.sum(sum))
}

/// y += p v for 8 N values, of each row those from `from` on.
#[inline(always)]
fn add<'a, E: Eight, C: Cell + 'a, const N: usize>(
    e: E,
    y: &mut [[f32; 8]],
    p: &[f32],
    rows: impl Iterator<Item = &'a [C]>,
    from: usize,
) {
    let mut sums: [E::F; N] = std::array::from_fn(|at| e.load(&y[at]));
    for (p, row) in p.iter().zip(rows) {
        let Some(v) = row[from..].as_chunks::<8>().0.first_chunk::<N>() else { break };
        let p = e.splat(*p);
        for (sum, v) in sums.iter_mut().zip(v) {
            *sum = e.mul_add(C::eight(e, v), p, *sum);
        }
    }
    for (y, sum) in y.iter_mut().zip(sums) {
        *y = e.array(sum);
    }
}

/// Writes e^(x - max) over each x; returns their sum.
#[inline(always)]
fn exponentials<E: Eight>(e: E, row: &mut [f32]) -> f32 {
    let (eights, rest) = row.as_chunks_mut::<8>();
    let mut most = e.splat(f32::NEG_INFINITY);
    for x in eights.iter() {
        most = e.max(most, e.load(x));
    }
    let most = e.array(most).into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, f32::max);
    let (less, mut sums) = (e.splat(-most), e.splat(0.0));
    for x in eights {
        let power = e.exp(e.add(e.load(x), less));
        sums = e.add(sums, power);
        *x = e.array(power);
    }
    let mut sum = e.sum(sums);
    for x in rest {
        *x = (*x - most).exp();
        sum += *x;
    }
    sum
}
