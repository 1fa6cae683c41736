//! Integer kernels: what one multiplication, one row, one window does. All that is float here makes a plan.

use std::ops::Range;

/// Where codes stand: real value = scale (code - zp).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ruler {
    /// Distance between two codes.
    pub scale: f32,
    /// The code of 0.
    pub zp: i32,
}

impl Ruler {
    /// The 256 codes over `[low, high]`, widened to hold 0; [0, 0] has scale 1.
    pub fn over(low: f32, high: f32) -> Self {
        let (low, high) = (f64::from(low).min(0.0), f64::from(high).max(0.0));
        if low == high {
            return Self { scale: 1.0, zp: 0 };
        }
        let scale = (high - low) / 255.0;
        Self { scale: scale as f32, zp: (-128.0 - low / scale).round() as i32 }
    }

    /// The value of a code.
    pub fn real(self, code: i8) -> f32 {
        self.scale * (i32::from(code) - self.zp) as f32
    }

    /// The code of a value.
    pub fn code(self, x: f32) -> i8 {
        ((x / self.scale).round() as i64 + i64::from(self.zp)).clamp(-128, 127) as i8
    }
}

/// A real factor mult 2^(shift - 31), as TFLite holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// 0, or 2^30 to 2^31 - 1.
    pub mult: i32,
    /// -31 to 30.
    pub shift: i32,
}

impl Factor {
    /// The nearest factor to m, which must be positive.
    pub fn of(m: f64) -> Self {
        let mut shift = m.log2().floor() as i32 + 1;
        let mut mult = (m * 2f64.powi(31 - shift)).round() as i64;
        // log2 may be off by one next to a power of two, and a fraction may round up to 1.
        while mult >= 1 << 31 {
            shift += 1;
            mult = (m * 2f64.powi(31 - shift)).round() as i64;
        }
        if shift < -31 { Self { mult: 0, shift: 0 } } else { Self { mult: mult as i32, shift } }
    }

    /// MultiplyByQuantizedMultiplier: gemmlowp's rounding high multiplication, then its rounding division by 2^-shift.
    #[inline]
    pub fn apply(self, acc: i32) -> i32 {
        let a = (i64::from(acc) << self.shift.max(0)).clamp(i32::MIN.into(), i32::MAX.into());
        let high = ((a * i64::from(self.mult) + (1 << 30)) >> 31).min(i32::MAX.into());
        let right = (-self.shift).max(0);
        let mask = (1i64 << right) - 1;
        let threshold = (mask >> 1) + i64::from(high < 0);
        ((high >> right) + i64::from(high & mask > threshold)) as i32
    }

    /// A sum at the output's zero point, in int8.
    #[inline]
    fn code(self, acc: i32, zp: i32) -> i8 {
        self.apply(acc).saturating_add(zp).clamp(-128, 127) as i8
    }
}

/// Multiplications that were done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Of integers.
    pub integer: u64,
    /// Of floats; a division is one.
    pub float: u64,
}

impl Meter {
    /// Adds what another one counted.
    pub fn add(&mut self, other: Meter) {
        self.integer += other.integer;
        self.float += other.float;
    }
}

/// The window of a convolution over (B, h, w, c).
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Input height.
    pub h: usize,
    /// Input width.
    pub w: usize,
    /// Input channels.
    pub c: usize,
    /// Kernel side.
    pub side: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Border on each side.
    pub pad: usize,
}

impl Window {
    /// Whether each output reads one pixel, the same one.
    pub fn is_pointwise(&self) -> bool {
        (self.side, self.stride, self.pad) == (1, 1, 0)
    }

    fn outputs(&self) -> (usize, usize) {
        let along = |extent: usize| (extent + 2 * self.pad - self.side) / self.stride + 1;
        (along(self.h), along(self.w))
    }

    /// Calls `at(output pixel, tap, input pixel)` for every tap of one image; none for one on the border.
    fn taps(&self, mut at: impl FnMut(usize, usize, Option<usize>)) {
        let (oh, ow) = self.outputs();
        for pixel in 0..oh * ow {
            for tap in 0..self.side * self.side {
                let y = (pixel / ow * self.stride + tap / self.side).checked_sub(self.pad).filter(|y| *y < self.h);
                let x = (pixel % ow * self.stride + tap % self.side).checked_sub(self.pad).filter(|x| *x < self.w);
                at(pixel, tap, y.zip(x).map(|(y, x)| y * self.w + x));
            }
        }
    }

    /// im2col: (T, k k C) of `channels`; the border holds `zero`, the code of 0.
    pub fn patches(&self, x: &[i8], channels: Range<usize>, zero: i8) -> Vec<i8> {
        let mut rows = Vec::with_capacity(x.len());
        for image in x.chunks_exact(self.h * self.w * self.c) {
            self.taps(|_, _, input| match input {
                Some(pixel) => rows.extend_from_slice(&image[pixel * self.c..][channels.clone()]),
                None => rows.resize(rows.len() + channels.len(), zero),
            });
        }
        rows
    }
}

/// (T, N) codes of x (T, K) and w (N, K). `start` is bias - x_zp sum w: the zero point of x costs nothing more.
pub fn linear(x: &[i8], w: &[i8], start: &[i32], factors: &[Factor], zp: i32, meter: &mut Meter) -> Vec<i8> {
    let (n, k) = (start.len(), w.len() / start.len());
    let mut y = Vec::with_capacity(x.len() / k * n);
    for row in x.chunks_exact(k) {
        let mut blocks = w.chunks_exact(4 * k);
        let mut sums = Vec::with_capacity(n);
        sums.extend(blocks.by_ref().flat_map(|block| dot4(row, block)));
        sums.extend(blocks.remainder().chunks_exact(k).map(|w| dot(row, w)));
        y.extend(sums.iter().zip(start).zip(factors).map(|((sum, start), factor)| factor.code(sum + start, zp)));
        meter.integer += (n * k + n) as u64;
    }
    y
}

fn dot(x: &[i8], w: &[i8]) -> i32 {
    x.iter().zip(w).fold(0, |sum, (&x, &w)| sum + i32::from(x) * i32::from(w))
}

/// Four rows of w at once: x is read once, and four sums do not wait for each other.
fn dot4(x: &[i8], w: &[i8]) -> [i32; 4] {
    let k = x.len();
    let (a, b, c, d) = (&w[..k], &w[k..2 * k], &w[2 * k..3 * k], &w[3 * k..4 * k]);
    let mut sums = [0; 4];
    for i in 0..k {
        let x = i32::from(x[i]);
        sums[0] += x * i32::from(a[i]);
        sums[1] += x * i32::from(b[i]);
        sums[2] += x * i32::from(c[i]);
        sums[3] += x * i32::from(d[i]);
    }
    sums
}

/// (B, H', W', C) codes: each channel of x with its own kernel; w (k k, C). The border is 0 and adds nothing.
pub fn depthwise(
    x: &[i8],
    w: &[i8],
    bias: &[i32],
    factors: &[Factor],
    window: &Window,
    (x_zp, zp): (i32, i32),
    meter: &mut Meter,
) -> Vec<i8> {
    let c = window.c;
    let (oh, ow) = window.outputs();
    let mut y = Vec::new();
    for image in x.chunks_exact(window.h * window.w * c) {
        let mut acc: Vec<i32> = bias.repeat(oh * ow); // (H', W', C)
        window.taps(|output, tap, input| {
            let Some(input) = input else { return };
            let pixels = image[input * c..][..c].iter().zip(&w[tap * c..][..c]);
            for (acc, (&x, &w)) in acc[output * c..][..c].iter_mut().zip(pixels) {
                *acc += (i32::from(x) - x_zp) * i32::from(w);
            }
            meter.integer += c as u64;
        });
        meter.integer += acc.len() as u64;
        y.extend(acc.chunks_exact(c).flat_map(|acc| acc.iter().zip(factors).map(|(&acc, f)| f.code(acc, zp))));
    }
    y
}

/// The sum of two tensors, each first brought to a common ruler with 20 more bits (TFLite's ADD).
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    /// Zero points of the inputs.
    pub zps: [i32; 2],
    /// Their factors to the common ruler.
    pub factors: [Factor; 2],
    /// From there to the output.
    pub factor: Factor,
    /// Zero point of the output.
    pub zp: i32,
}

/// Bits that an addition keeps below a code.
pub const HEADROOM: i32 = 20;

impl Sum {
    /// The codes of a + b.
    pub fn run(&self, a: &[i8], b: &[i8], meter: &mut Meter) -> Vec<i8> {
        meter.integer += 3 * a.len() as u64;
        let common = |code: i8, i: usize| self.factors[i].apply((i32::from(code) - self.zps[i]) << HEADROOM);
        a.iter().zip(b).map(|(&a, &b)| self.factor.code(common(a, 0) + common(b, 1), self.zp)).collect()
    }
}

/// A tensor times one value a channel.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Zero points of the inputs.
    pub zps: [i32; 2],
    /// a_scale b_scale / y_scale
    pub factor: Factor,
    /// Zero point of the output.
    pub zp: i32,
    /// Pixels of an image.
    pub pixels: usize,
    /// Channels.
    pub c: usize,
}

impl Product {
    /// The codes of a (B, H, W, C) times b (B, 1, 1, C).
    pub fn run(&self, a: &[i8], b: &[i8], meter: &mut Meter) -> Vec<i8> {
        meter.integer += 2 * a.len() as u64;
        let mut y = Vec::with_capacity(a.len());
        for (image, gates) in a.chunks_exact(self.pixels * self.c).zip(b.chunks_exact(self.c)) {
            for pixel in image.chunks_exact(self.c) {
                y.extend(pixel.iter().zip(gates).map(|(&a, &b)| {
                    let product = (i32::from(a) - self.zps[0]) * (i32::from(b) - self.zps[1]);
                    self.factor.code(product, self.zp)
                }));
            }
        }
        y
    }
}

/// The mean over the pixels of an image.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// Zero point of the input.
    pub x_zp: i32,
    /// x_scale / (y_scale pixels): the division by the number of pixels costs nothing more.
    pub factor: Factor,
    /// Zero point of the output.
    pub zp: i32,
    /// Pixels of an image.
    pub pixels: usize,
    /// Channels.
    pub c: usize,
}

impl Mean {
    /// (B, 1, 1, C) codes of x (B, H, W, C).
    pub fn run(&self, x: &[i8], meter: &mut Meter) -> Vec<i8> {
        let mut y = Vec::new();
        for image in x.chunks_exact(self.pixels * self.c) {
            let mut sums = vec![-(self.pixels as i32) * self.x_zp; self.c];
            for pixel in image.chunks_exact(self.c) {
                sums.iter_mut().zip(pixel).for_each(|(sum, &code)| *sum += i32::from(code));
            }
            y.extend(sums.iter().map(|&sum| self.factor.code(sum, self.zp)));
            meter.integer += self.c as u64;
        }
        y
    }
}
