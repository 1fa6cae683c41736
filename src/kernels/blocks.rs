//! Weights in the block formats of GGUF, eight rows side by side, and their product with a vector.
//!
//! A block of 32 or 256 values of a row has its own scale. Rows lie side by side, block by block and four values of k at a
//! time, so that a lane of a vector is a row and no sum crosses lanes. The bytes are those of the format; only Q4_K's scales of
//! six bits take eight here: 148 bytes in place of 144.

use super::eight::{Eight, Kernel, PARTS, run};
use super::isa::Isa;
use super::vector::Codes;
use lab_sdk::{Result, ensure};

/// How a block of weights is written; y is a weight, q its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 32 values: d (f16), 32 int8. y = d q.
    Q8_0,
    /// 32 values: d (f16), 32 codes of 4 bits. y = d (q - 8).
    Q4_0,
    /// 256 values: d and dmin (f16), for each 32 of them a scale s and a minimum m of 6 bits, 256 codes of 4 bits.
    /// y = d s q - dmin m.
    Q4K,
}

impl Format {
    /// Values of a block.
    pub fn values(self) -> usize {
        match self {
            Self::Q8_0 | Self::Q4_0 => 32,
            Self::Q4K => 256,
        }
    }

    /// Bytes of a block, in a file.
    pub fn bytes(self) -> usize {
        match self {
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
            Self::Q4K => 144,
        }
    }
}

/// Where vectors begin in memory.
const LINE: usize = 64;

/// Rows that are worked on together, eight from each part of the matrix.
const TOGETHER: usize = 8 * PARTS;

/// A matrix (N, K) of weights, eight rows side by side.
pub struct Blocks {
    format: Format,
    n: usize,
    k: usize,
    /// Codes, from the first line on.
    codes: Vec<u8>,
    from: usize,
    /// Of each block and row d, of Q8_0 and Q4_0: bits of f16.
    halves: Vec<[u16; 8]>,
    /// Of each block of Q4_K what its codes are multiplied by.
    scales: Vec<Scales>,
}

/// Of eight rows of a block of Q4_K.
struct Scales {
    /// d and dmin, bits of f16.
    halves: [[u16; 8]; 2],
    /// Of each 32 values the scales, then the minima.
    parts: [[[u8; 8]; 2]; 8],
}

impl Blocks {
    /// `bytes` of a row-major matrix (N, K) as a GGUF file has them. Refuses a K that is no whole number of blocks, and another
    /// number of bytes.
    pub fn new(format: Format, bytes: &[u8], n: usize, k: usize) -> Result<Self> {
        ensure!(k > 0 && k.is_multiple_of(format.values()), "K = {k} is no whole number of {}", format.values());
        let blocks = k / format.values();
        let row = blocks * format.bytes();
        ensure!(bytes.len() == n * row, "{} bytes: ({n}, {k}) takes {}", bytes.len(), n * row);
        let of_codes = if format == Format::Q8_0 { 1 } else { 2 };
        let codes = vec![0; n.next_multiple_of(TOGETHER) * k / of_codes + LINE];
        let from = codes.as_ptr().align_offset(LINE).min(LINE);
        let mut made = Self { format, n, k, codes, from, halves: Vec::new(), scales: Vec::new() };
        let none = vec![0; format.bytes()];
        let mut to = 0;
        for group in (0..n.next_multiple_of(TOGETHER)).step_by(8) {
            for block in 0..blocks {
                let at = |row_at: usize| (group + row_at) * row + block * format.bytes();
                let rows: [&[u8]; 8] = std::array::from_fn(|row| {
                    bytes.get(at(row)..at(row) + format.bytes()).filter(|_| group + row < n).unwrap_or(&none)
                });
                to += made.interleave(rows, to);
            }
        }
        Ok(made)
    }

    /// Adds a block of eight rows; returns how many bytes of codes that took.
    fn interleave(&mut self, rows: [&[u8]; 8], to: usize) -> usize {
        let half = |row: &[u8], at: usize| u16::from_le_bytes([row[at], row[at + 1]]);
        let to = &mut self.codes[self.from + to..];
        let d = rows.map(|row| half(row, 0));
        if self.format != Format::Q4K {
            self.halves.push(d);
        }
        match self.format {
            Format::Q8_0 => {
                for (row, codes) in rows.iter().map(|row| &row[2..]).enumerate() {
                    for (k, code) in codes.iter().enumerate() {
                        to[k / 4 * 32 + 4 * row + k % 4] = *code;
                    }
                }
                256
            }
            Format::Q4_0 => {
                for (row, codes) in rows.iter().map(|row| &row[2..]).enumerate() {
                    for (k, byte) in codes.iter().enumerate() {
                        to[k / 4 * 32 + 4 * row + k % 4] = *byte;
                    }
                }
                128
            }
            Format::Q4K => {
                let parts = std::array::from_fn(|part| {
                    let of = rows.map(|row| six_bits(&row[4..16], part));
                    [of.map(|(scale, _)| scale), of.map(|(_, min)| min)]
                });
                self.scales.push(Scales { halves: [d, rows.map(|row| half(row, 2))], parts });
                for (row, codes) in rows.iter().map(|row| &row[16..]).enumerate() {
                    for k in 0..256 {
                        // Of 64 values the first 32 are in lower halves, the others in upper ones.
                        let code = codes[k / 64 * 32 + k % 32] >> (k % 64 / 32 * 4) & 15;
                        let (part, k) = (k / 32, k % 32);
                        to[part * 128 + k % 16 / 4 * 32 + 4 * row + k % 4] |= code << (k / 16 * 4);
                    }
                }
                1024
            }
        }
    }

    /// Bytes that a product reads.
    pub fn bytes(&self) -> usize {
        self.codes.len() - LINE + size_of_val(&self.halves[..]) + size_of_val(&self.scales[..])
    }

    /// W x (N) for `x` (K), f32. Refuses another K and what is not finite.
    ///
    /// As ggml and candle do, x is coded in int8 first, by the largest of each block, and blocks are summed in integers. So beside
    /// the rounding of f32, y differs from the product of the weights and x by at most the sum over blocks of max|x| / 254 times
    /// the sum of |weights|.
    pub fn gemv(&self, isa: Isa, x: &[f32]) -> Result<Vec<f32>> {
        ensure!(x.len() == self.k, "x has {} values, a row {}", x.len(), self.k);
        ensure!(x.iter().all(|x| x.is_finite()), "x holds NaN or an infinity");
        let mut y = vec![0.0; self.n.next_multiple_of(TOGETHER)];
        run(isa, Product { w: self, x, y: &mut y });
        y.truncate(self.n);
        Ok(y)
    }
}

/// Scale and minimum of 32 values out of twelve bytes: of the first four the lower six bits, of the others four bits and two.
fn six_bits(bytes: &[u8], part: usize) -> (u8, u8) {
    match part < 4 {
        true => (bytes[part] & 63, bytes[part + 4] & 63),
        false => {
            let (low, scale, min) = (bytes[part + 4], bytes[part - 4], bytes[part]);
            (low & 15 | scale >> 6 << 4, low >> 4 | min >> 6 << 4)
        }
    }
}

struct Product<'a> {
    w: &'a Blocks,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn on<E: Eight>(self, e: E) {
        let w = self.w;
        let x = Codes::new(e, self.x, w.format.values());
        let codes = &w.codes[w.from..w.codes.len() - LINE + w.from];
        let blocks = w.k / w.format.values();
        let (y, _) = self.y.as_chunks_mut::<8>();
        let part = y.len() / PARTS;
        match w.format {
            Format::Q8_0 => {
                let (codes, _) = codes.as_chunks::<32>().0.as_chunks::<8>();
                for (at, (w, d)) in parts(codes, blocks).zip(parts(&w.halves, blocks)).enumerate() {
                    let mut sums = [e.splat(0.0); PARTS];
                    let blocks = together(w).zip(together(d)).zip(&x.fours).zip(&x.scales).zip(&x.sums);
                    for ((((w, d), x), scale), sum) in blocks {
                        let (scale, products) = (e.splat(*scale), e.eights(w, x, *sum));
                        for ((sum, product), d) in sums.iter_mut().zip(products).zip(d) {
                            *sum = e.mul_add(e.floats(product), e.mul(e.halves(d), scale), *sum);
                        }
                    }
                    for (of, sum) in sums.into_iter().enumerate() {
                        y[of * part + at] = e.array(sum);
                    }
                }
            }
            Format::Q4_0 => {
                let (codes, _) = codes.as_chunks::<32>().0.as_chunks::<4>();
                let ones = [e.factors(&[1; 8]); PARTS];
                // The sum of x takes 8 from every code.
                let less: Vec<i32> = x.sums.iter().map(|sum| -8 * sum).collect();
                for (at, (w, d)) in parts(codes, blocks).zip(parts(&w.halves, blocks)).enumerate() {
                    let mut sums = [e.splat(0.0); PARTS];
                    let blocks = together(w).zip(together(d)).zip(&x.fours).zip(&x.scales).zip(&less);
                    for ((((w, d), x), scale), less) in blocks {
                        let (scale, less, products) = (e.splat(*scale), e.integer(*less), e.fours(w, x, ones));
                        for ((sum, product), d) in sums.iter_mut().zip(products).zip(d) {
                            let product = e.floats(e.plus(product, less));
                            *sum = e.mul_add(product, e.mul(e.halves(d), scale), *sum);
                        }
                    }
                    for (of, sum) in sums.into_iter().enumerate() {
                        y[of * part + at] = e.array(sum);
                    }
                }
            }
            Format::Q4K => {
                let (codes, _) = codes.as_chunks::<32>().0.as_chunks::<4>().0.as_chunks::<8>();
                let ((fours, _), (x_sums, _)) = (x.fours.as_chunks::<8>(), x.sums.as_chunks::<8>());
                for (at, (w, scales)) in parts(codes, blocks).zip(parts(&w.scales, blocks)).enumerate() {
                    let mut sums = [e.splat(0.0); PARTS];
                    let blocks = together(w).zip(together(scales)).zip(fours).zip(x_sums).zip(&x.scales);
                    for ((((w, scales), x), x_sums), scale) in blocks {
                        let (mut products, mut minima) = ([e.integer(0); PARTS], [e.integer(0); PARTS]);
                        for (at, (x, sum)) in x.iter().zip(x_sums).enumerate() {
                            let (mut codes, mut factors) = ([&w[0][at]; PARTS], [e.integer(0); PARTS]);
                            for of in 0..PARTS {
                                let [scale, min] = &scales[of].parts[at];
                                (codes[of], factors[of]) = (&w[of][at], e.factors(scale));
                                minima[of] = e.plus(minima[of], e.dot(e.bytes(min), e.integer(*sum)));
                            }
                            for (sum, product) in products.iter_mut().zip(e.fours(codes, x, factors)) {
                                *sum = e.plus(*sum, product);
                            }
                        }
                        let (scale, less) = (e.splat(*scale), e.splat(-scale));
                        for of in 0..PARTS {
                            let [d, least] = &scales[of].halves;
                            let sum = e.mul_add(e.floats(products[of]), e.mul(e.halves(d), scale), sums[of]);
                            sums[of] = e.mul_add(e.floats(minima[of]), e.mul(e.halves(least), less), sum);
                        }
                    }
                    for (of, sum) in sums.into_iter().enumerate() {
                        y[of * part + at] = e.array(sum);
                    }
                }
            }
        }
    }
}

/// The blocks of eight rows, row by row, from each of the parts of a matrix.
#[inline(always)]
fn parts<T>(all: &[T], blocks: usize) -> impl Iterator<Item = [&[T]; PARTS]> {
    let (above, below) = all.split_at(all.len() / 2);
    let ((a, b), (c, d)) = (above.split_at(above.len() / 2), below.split_at(below.len() / 2));
    let rows = |part| <[T]>::chunks_exact(part, blocks);
    rows(a).zip(rows(b)).zip(rows(c).zip(rows(d))).map(|((a, b), (c, d))| [a, b, c, d])
}

/// Block by block.
#[inline(always)]
fn together<T>([a, b, c, d]: [&[T]; PARTS]) -> impl Iterator<Item = [&T; PARTS]> {
    a.iter().zip(b).zip(c.iter().zip(d)).map(|((a, b), (c, d))| [a, b, c, d])
}
