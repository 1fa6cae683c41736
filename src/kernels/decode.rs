//! Attention of one new token over the cache: what decoding reads besides the weights.
//!
//! Letters: T tokens in the cache, H query heads, Hkv heads of keys and values, G = H / Hkv, D values a head.

use super::eight::{Eight, Kernel, PARTS, run};
use super::isa::Isa;
use lab_sdk::{Result, ensure};

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

impl Shape {
    /// From the scores of one head to those of the next: whole lines, and one more, so that not all begin in the same set of
    /// the first cache.
    fn wide(self) -> usize {
        (self.t / 16 + 2) * 16
    }
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
        // Eight vectors at a time where a head is whole ones of them: what a loop costs is little beside that.
        match self.shape.d.is_multiple_of(64) {
            true => self.attend::<E, 8>(e),
            false => self.attend::<E, 1>(e),
        }
    }
}

impl<'a, C: Cell> Attend<'a, C> {
    /// softmax(q k^T) v, N vectors of a head at a time.
    #[inline(always)]
    fn attend<E: Eight, const N: usize>(&self, e: E) -> Vec<f32> {
        let Shape { t, heads, .. } = self.shape;
        let mut scores = vec![0.0; heads * self.shape.wide()]; // (H, T and more)
        self.score::<E, N>(e, &mut scores);
        // Loops, not closures: what is not inlined here would lose the vectors.
        let mut sums = Vec::with_capacity(heads);
        for row in scores.chunks_exact_mut(self.shape.wide()) {
            sums.push(exponentials(e, &mut row[..t]));
        }
        let mut y = self.mix::<E, N>(e, &scores);
        for (y, sum) in y.chunks_exact_mut(self.shape.d).zip(sums) {
            y.iter_mut().for_each(|y| *y /= sum);
        }
        y
    }

    /// q k^T (H, T), those of one head in the order in which tokens come, which is the same for [`mix`](Self::mix): from four
    /// places of the cache in turn, so that more lines are on their way from memory than one walk asks for.
    #[inline(always)]
    fn score<E: Eight, const N: usize>(&self, e: E, scores: &mut [f32]) {
        let (part, wide) = (self.shape.t / PARTS, self.shape.wide());
        let queries: Vec<(&[[f32; 8]], usize)> =
            self.q.as_chunks::<8>().0.chunks(self.shape.d / 8).zip(self.from()).collect();
        for at in 0..part {
            let keys = self.rows(self.keys, [at, part + at, 2 * part + at, 3 * part + at]);
            for ((q, from), scores) in queries.iter().zip(scores.chunks_exact_mut(wide)) {
                let mut sums = [e.splat(0.0); PARTS];
                dots::<E, C, _, N>(e, q, keys, *from, &mut sums);
                scores[at * PARTS..][..PARTS].copy_from_slice(&e.sums(sums));
            }
        }
        for token in part * PARTS..self.shape.t {
            let keys = self.rows(self.keys, [token]);
            for ((q, from), scores) in queries.iter().zip(scores.chunks_exact_mut(wide)) {
                let mut sums = [e.splat(0.0)];
                dots::<E, C, _, N>(e, q, keys, *from, &mut sums);
                scores[token] = e.sum(sums[0]);
            }
        }
    }

    /// sum of p v (H, D), for p where [`score`](Self::score) put it.
    #[inline(always)]
    fn mix<E: Eight, const N: usize>(&self, e: E, p: &[f32]) -> Vec<f32> {
        let Shape { t, heads, d, .. } = self.shape;
        let (part, wide) = (t / PARTS, self.shape.wide());
        let p: Vec<(&[f32], usize)> = p.chunks(wide).zip(self.from()).collect();
        let mut y = vec![[0.0; 8]; heads * d / 8];
        for at in 0..part {
            let values = self.rows(self.values, [at, part + at, 2 * part + at, 3 * part + at]);
            for ((p, from), y) in p.iter().zip(y.chunks_exact_mut(d / 8)) {
                let Some(p) = p[at * PARTS..].first_chunk::<PARTS>() else { break };
                add::<E, C, _, N>(e, y, p, values, *from);
            }
        }
        for token in part * PARTS..t {
            let values = self.rows(self.values, [token]);
            for ((p, from), y) in p.iter().zip(y.chunks_exact_mut(d / 8)) {
                add::<E, C, _, N>(e, y, &[p[token]], values, *from);
            }
        }
        y.into_flattened()
    }

    /// Of each head where its keys and values begin in the row of a token, in eights.
    fn from(&self) -> impl Iterator<Item = usize> {
        let Shape { heads, kv_heads, d, .. } = self.shape;
        (0..heads).map(move |head| head / (heads / kv_heads) * (d / 8))
    }

    /// The rows of some tokens, eight numbers at a time.
    #[inline(always)]
    fn rows<const R: usize>(&self, all: &'a [C], tokens: [usize; R]) -> [&'a [[C; 8]]; R] {
        let wide = self.shape.kv_heads * self.shape.d;
        let mut rows: [&[[C; 8]]; R] = [&[]; R];
        for (row, token) in rows.iter_mut().zip(tokens) {
            (*row, _) = all[token * wide..][..wide].as_chunks::<8>();
        }
        rows
    }
}

/// Adds the products of one query with the keys that begin at `from` in some rows, lane by lane.
#[inline(always)]
fn dots<E: Eight, C: Cell, const R: usize, const N: usize>(
    e: E,
    q: &[[f32; 8]],
    keys: [&[[C; 8]]; R],
    from: usize,
    sums: &mut [E::F; R],
) {
    for (at, q) in q.as_chunks::<N>().0.iter().enumerate() {
        for (sum, key) in sums.iter_mut().zip(keys) {
            let Some(key) = key[from + N * at..].first_chunk::<N>() else { break };
            for (key, q) in key.iter().zip(q) {
                *sum = e.mul_add(C::eight(e, key), e.load(q), *sum);
            }
        }
    }
}

/// y += p v for the values that begin at `from` in some rows.
#[inline(always)]
fn add<E: Eight, C: Cell, const R: usize, const N: usize>(
    e: E,
    y: &mut [[f32; 8]],
    p: &[f32; R],
    rows: [&[[C; 8]]; R],
    from: usize,
) {
    let mut weights = [e.splat(0.0); R];
    for (weight, p) in weights.iter_mut().zip(p) {
        *weight = e.splat(*p);
    }
    for (at, y) in y.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        let mut sums = [e.splat(0.0); N];
        for (sum, y) in sums.iter_mut().zip(y.iter()) {
            *sum = e.load(y);
        }
        for (p, row) in weights.iter().zip(rows) {
            let Some(row) = row[from + N * at..].first_chunk::<N>() else { break };
            for (sum, v) in sums.iter_mut().zip(row) {
                *sum = e.mul_add(C::eight(e, v), *p, *sum);
            }
        }
        for (y, sum) in y.iter_mut().zip(sums) {
            *y = e.array(sum);
        }
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
