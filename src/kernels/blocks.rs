//! Weights in the block formats of GGUF, eight rows side by side, and their product with a vector.
//!
//! A block of 32 or 256 values of a row has its own scale. Rows lie side by side, block by block and four values of k at a
//! time, so that a lane of a vector is a row and no sum crosses lanes. The bytes are those of the format; only Q4_K's scales of
//! six bits take eight here: 148 bytes in place of 144.

use super::eight::{Eight, Kernel, run};
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

/// A matrix (N, K) of weights, eight rows side by side.
pub struct Blocks {
    format: Format,
    n: usize,
    k: usize,
    /// Codes, from the first line on.
    codes: Vec<u8>,
    from: usize,
    /// Of each block and row d; of Q4_K then dmin: bits of f16.
    halves: Vec<[u16; 8]>,
    /// Of each 32 values of Q4_K the scales, then the minima.
    scales: Vec<[[u8; 8]; 2]>,
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
        let codes = vec![0; n.div_ceil(16) * 16 * k / of_codes + LINE];
        let from = codes.as_ptr().align_offset(LINE).min(LINE);
        let mut made = Self { format, n, k, codes, from, halves: Vec::new(), scales: Vec::new() };
        let none = vec![0; format.bytes()];
        let mut to = 0;
        for group in (0..n.div_ceil(16) * 16).step_by(8) {
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
        self.halves.push(rows.map(|row| half(row, 0)));
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
                self.halves.push(rows.map(|row| half(row, 2)));
                for part in 0..8 {
                    let of = rows.map(|row| six_bits(&row[4..16], part));
                    self.scales.push([of.map(|(scale, _)| scale), of.map(|(_, min)| min)]);
                }
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
        let mut y = vec![0.0; self.n.div_ceil(16) * 16];
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
        // Twice eight rows at a time, from both halves of the matrix: they share x, and more lines are on their way from memory.
        let half = self.y.len() / 2;
        let (y, below) = self.y.split_at_mut(half);
        let groups = y.as_chunks_mut::<8>().0.iter_mut().zip(below.as_chunks_mut::<8>().0);
        match w.format {
            Format::Q8_0 => {
                let (codes, _) = codes.as_chunks::<32>().0.as_chunks::<8>();
                for ((y, w), d) in groups.zip(halves(codes, blocks)).zip(halves(&w.halves, blocks)) {
                    let mut sums = [e.splat(0.0); 2];
                    for (((w, d), x), scale) in pairs(w).zip(pairs(d)).zip(&x.fours).zip(&x.scales) {
                        let (scale, products) = (e.splat(*scale), e.eights(w, x));
                        for ((sum, product), d) in sums.iter_mut().zip(products).zip(d) {
                            *sum = e.mul_add(e.floats(product), e.mul(e.halves(d), scale), *sum);
                        }
                    }
                    (*y.0, *y.1) = (e.array(sums[0]), e.array(sums[1]));
                }
            }
            Format::Q4_0 => {
                let (codes, _) = codes.as_chunks::<32>().0.as_chunks::<4>();
                let ones = [e.integer(0x0001_0001); 2];
                // The sum of x takes 8 from every code.
                let less: Vec<i32> = x.sums.iter().map(|sum| -8 * sum).collect();
                for ((y, w), d) in groups.zip(halves(codes, blocks)).zip(halves(&w.halves, blocks)) {
                    let mut sums = [e.splat(0.0); 2];
                    for ((((w, d), x), scale), less) in pairs(w).zip(pairs(d)).zip(&x.fours).zip(&x.scales).zip(&less) {
                        let (scale, less, products) = (e.splat(*scale), e.integer(*less), e.fours(w, x, ones));
                        for ((sum, product), d) in sums.iter_mut().zip(products).zip(d) {
                            let product = e.floats(e.plus(product, less));
                            *sum = e.mul_add(product, e.mul(e.halves(d), scale), *sum);
                        }
                    }
                    (*y.0, *y.1) = (e.array(sums[0]), e.array(sums[1]));
                }
            }
            Format::Q4K => {
                let (codes, _) = codes.as_chunks::<32>().0.as_chunks::<4>().0.as_chunks::<8>();
                let (scales, _) = w.scales.as_chunks::<8>();
                let (d, _) = w.halves.as_chunks::<2>();
                let ((fours, _), (x_sums, _)) = (x.fours.as_chunks::<8>(), x.sums.as_chunks::<8>());
                let rows = halves(codes, blocks).zip(halves(scales, blocks)).zip(halves(d, blocks));
                for (y, ((w, scales), d)) in groups.zip(rows) {
                    let mut sums = [e.splat(0.0); 2];
                    let blocks = pairs(w).zip(pairs(scales)).zip(pairs(d)).zip(fours).zip(x_sums).zip(&x.scales);
                    for (((((w, scales), d), x), x_sums), scale) in blocks {
                        let (mut products, mut minima) = ([e.integer(0); 2], [e.integer(0); 2]);
                        for part in 0..8 {
                            let sum = e.integer(x_sums[part]);
                            let [[scale0, min0], [scale1, min1]] = [scales[0][part], scales[1][part]];
                            let factors = [e.bytes(&scale0, true), e.bytes(&scale1, true)];
                            let of = e.fours([&w[0][part], &w[1][part]], &x[part], factors);
                            products = [e.plus(products[0], of[0]), e.plus(products[1], of[1])];
                            minima[0] = e.plus(minima[0], e.dot(e.bytes(&min0, false), sum));
                            minima[1] = e.plus(minima[1], e.dot(e.bytes(&min1, false), sum));
                        }
                        let (scale, less) = (e.splat(*scale), e.splat(-scale));
                        for half in 0..2 {
                            let [of, least] = d[half];
                            let sum = e.mul_add(e.floats(products[half]), e.mul(e.halves(&of), scale), sums[half]);
                            sums[half] = e.mul_add(e.floats(minima[half]), e.mul(e.halves(&least), less), sum);
                        }
                    }
                    (*y.0, *y.1) = (e.array(sums[0]), e.array(sums[1]));
                }
            }
        }
    }
}

/// The blocks of eight rows of the upper half of a matrix, each with those of the lower half.
#[inline(always)]
fn halves<T>(all: &[T], blocks: usize) -> impl Iterator<Item = (&[T], &[T])> {
    let (above, below) = all.split_at(all.len() / 2);
    above.chunks_exact(blocks).zip(below.chunks_exact(blocks))
}

/// Block by block.
#[inline(always)]
fn pairs<'a, T>((above, below): (&'a [T], &'a [T])) -> impl Iterator<Item = [&'a T; 2]> {
    above.iter().zip(below).map(|(a, b)| [a, b])
}
