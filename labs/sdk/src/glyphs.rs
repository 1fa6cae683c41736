//! Drawn digits with labels: the data of every image lab, without end and without a download.
//!
//! A seed gives the same images on every machine: only `+ - * /` and `sqrt` are used, all exact to the last bit in
//! IEEE 754, and one counter-mode generator. Left out: colour, other alphabets, files. Augmentation is the data itself.

use crate::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The seed that the shipped models are trained on.
pub const TRAIN_SEED: u64 = 1;
/// The seed to draw calibration images from: never trained on, never scored on.
pub const CALIBRATION_SEED: u64 = 2;
/// The seed that accuracy is reported on.
pub const TEST_SEED: u64 = 3;

/// Images with their classes.
#[derive(Clone, Debug)]
pub struct Glyphs {
    /// (n, 1, size, size) f32, 0 (paper) to 1 (ink).
    pub images: Tensor,
    /// n classes, 0 to 9. Each ten in a row hold every class once, in random order.
    pub labels: Vec<u32>,
}

/// How hard the images are. Each spread is the largest deviation, drawn uniformly for each image.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Pixels on a side, 8 to 64.
    pub size: usize,
    /// Standard deviation of the noise that is added to each pixel (nearly Gaussian: a sum of four uniforms).
    pub noise: f32,
    /// Rotation, as the tangent of half the angle: 0.13 is 15 degrees.
    pub turn: f32,
    /// Relative spread of width and of height, each on its own.
    pub scale: f32,
    /// Horizontal shear: cells sideways for each cell down.
    pub shear: f32,
    /// Displacement as a fraction of `size`, each way.
    pub shift: f32,
    /// Spread of the stroke width, as a fraction of the smoothed glyph's height: 0.15 is thin to bold.
    pub stroke: f32,
    /// Stray strokes and dots, at most so many an image.
    pub clutter: u32,
    /// The faintest ink; the darkest is 1.
    pub faint: f32,
}

impl Style {
    /// 28x28, for convolutional nets: the shipped `cnn` reaches about 95 % on it.
    pub const CNN: Style = Style {
        size: 28,
        noise: 0.32,
        turn: 0.18,
        scale: 0.25,
        shear: 0.25,
        shift: 0.1,
        stroke: 0.14,
        clutter: 5,
        faint: 0.35,
    };

    /// 14x14, for small dense nets: 196-128-64-10 reaches 81, 86 and 89 % after training on 5,000, 10,000 and 20,000
    /// images, so that two points can be seen.
    pub const HARD: Style = Style {
        size: 14,
        noise: 0.25,
        turn: 0.2,
        scale: 0.2,
        shear: 0.25,
        shift: 0.08,
        stroke: 0.12,
        clutter: 3,
        faint: 0.4,
    };
}

/// Draws `n` images; the first `m` of `n` are the images of `glyphs(seed, m, style)`.
///
/// A seed is the stream number of one ChaCha8 keystream, so two seeds never read the same block of it: sets drawn from
/// [`TRAIN_SEED`], [`CALIBRATION_SEED`] and [`TEST_SEED`] share no draw. Refuses a size outside 8 to 64.
pub fn glyphs(seed: u64, n: usize, style: &Style) -> Result<Glyphs> {
    let size = style.size;
    ensure!((8..=64).contains(&size), "glyphs are 8 to 64 pixels on a side, not {size}");
    let mut rng = ChaCha8Rng::from_seed(*b"glyphs: a keystream for each set");
    rng.set_stream(seed);
    let mut pixels = vec![0f32; n * size * size];
    let mut labels = Vec::with_capacity(n);
    let mut ten: [u32; 10] = std::array::from_fn(|class| class as u32);
    for (i, image) in pixels.chunks_exact_mut(size * size).enumerate() {
        if i % 10 == 0 {
            (1..10).for_each(|k| ten.swap(k, (rng.next_u32() % (k as u32 + 1)) as usize));
        }
        let label = ten[i % 10];
        draw_glyph(image, label, style, &mut rng);
        for _ in 0..rng.next_u32() % (style.clutter + 1) {
            draw_stroke(image, size, &mut rng);
        }
        let ink = 1.0 - (1.0 - style.faint) * uniform(&mut rng);
        for pixel in image {
            *pixel = (*pixel * ink + style.noise * normal(&mut rng)).clamp(0.0, 1.0);
        }
        labels.push(label);
    }
    let images = Tensor::from_vec(pixels, (n, 1, size, size), &Device::Cpu)?;
    Ok(Glyphs { images, labels })
}

/// The digits, 5 cells wide and 7 high, a row to a number.
const FONT: [[u8; 7]; 10] = [
    [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
    [0b00100, 0b01100, 0b10100, 0b00100, 0b00100, 0b00100, 0b01110],
    [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
    [0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110],
    [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
    [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
    [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
    [0b11111, 0b00001, 0b00010, 0b00100, 0b00100, 0b01000, 0b01000],
    [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
    [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
];

/// The digit under a random affine map: each pixel is traced back to the 5x7 cells and sampled bilinearly there.
fn draw_glyph(image: &mut [f32], label: u32, style: &Style, rng: &mut ChaCha8Rng) {
    let size = style.size as f32;
    let t = style.turn * spread(rng);
    // The rational form of a rotation: t = tan(angle / 2).
    let (cos, sin) = ((1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t));
    let cell = size / 9.5; // pixels, before scaling
    let (wide, high) = (cell * (1.0 + style.scale * spread(rng)), cell * (1.0 + style.scale * spread(rng)));
    let shear = style.shear * spread(rng);
    let cx = (size - 1.0) / 2.0 + style.shift * size * spread(rng);
    let cy = (size - 1.0) / 2.0 + style.shift * size * spread(rng);
    let threshold = 0.4 + style.stroke * spread(rng);

    let mut cells = [[0f32; 7]; 9]; // a border of paper around the 5x7 cells
    for (row, bits) in FONT[label as usize].iter().enumerate() {
        (0..5).for_each(|column| cells[row + 1][column + 1] = f32::from(bits >> (4 - column) & 1));
    }
    for (y, row) in image.chunks_exact_mut(style.size).enumerate() {
        let dy = y as f32 - cy;
        for (x, pixel) in row.iter_mut().enumerate() {
            let dx = x as f32 - cx;
            let v = (cos * dy - sin * dx) / high;
            let u = (cos * dx + sin * dy) / wide + shear * v;
            let (u, v) = (u + 3.0, v + 4.0); // the middle cell of the bordered grid
            if u < 0.0 || v < 0.0 || u >= 6.0 || v >= 8.0 {
                continue;
            }
            let (column, line) = (u as usize, v as usize);
            let (fu, fv) = (u - column as f32, v - line as f32);
            let (above, below) = (&cells[line], &cells[line + 1]);
            let top = above[column] + fu * (above[column + 1] - above[column]);
            let bottom = below[column] + fu * (below[column + 1] - below[column]);
            let field = top + fv * (bottom - top);
            *pixel = ((field - threshold) * cell + 0.5).clamp(0.0, 1.0); // an edge one pixel wide
        }
    }
}

/// A stray stroke anywhere, up to a third of the image long; a very short one is a dot.
fn draw_stroke(image: &mut [f32], size: usize, rng: &mut ChaCha8Rng) {
    let (limit, unit) = (size as f32 - 1.0, size as f32 / 28.0);
    let (x0, y0) = (limit * uniform(rng), limit * uniform(rng));
    let reach = 9.0 * unit;
    let (dx, dy) = (reach * spread(rng), reach * spread(rng));
    let half = unit * (0.5 + 0.8 * uniform(rng)); // half the width
    let squared = dx * dx + dy * dy + 1e-6;
    let span = |a: f32, d: f32| {
        let low = (a.min(a + d) - half - 1.0).clamp(0.0, limit) as usize;
        let high = (a.max(a + d) + half + 1.0).clamp(0.0, limit) as usize;
        low..high + 1
    };
    for y in span(y0, dy) {
        for x in span(x0, dx) {
            let (px, py) = (x as f32 - x0, y as f32 - y0);
            let along = ((px * dx + py * dy) / squared).clamp(0.0, 1.0);
            let (ex, ey) = (px - along * dx, py - along * dy);
            let ink = (half - (ex * ex + ey * ey).sqrt() + 0.5).clamp(0.0, 1.0);
            let pixel = &mut image[y * size + x];
            *pixel = pixel.max(ink);
        }
    }
}

/// Uniform in [0, 1), 24 bits.
fn uniform(rng: &mut ChaCha8Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / 16_777_216.0
}

/// Uniform in [-1, 1).
fn spread(rng: &mut ChaCha8Rng) -> f32 {
    2.0 * uniform(rng) - 1.0
}

/// Mean 0, variance 1: the sum of the four bytes of one draw, each of variance (256^2 - 1) / 12.
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let sum: u32 = rng.next_u32().to_le_bytes().into_iter().map(u32::from).sum();
    (sum as f32 - 510.0) / 147.800_54
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(seed: u64, n: usize, style: &Style) -> (Vec<f32>, Vec<u32>) {
        let drawn = glyphs(seed, n, style).expect("draws");
        (drawn.images.flatten_all().and_then(|t| t.to_vec1()).expect("f32"), drawn.labels)
    }

    #[test]
    fn a_seed_gives_the_same_images_on_every_machine() {
        let drawn = values(7, 40, &Style::CNN);
        assert_eq!(drawn, values(7, 40, &Style::CNN));
        let bits = drawn.0.iter().map(|p| p.to_bits());
        let hash = bits.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        assert_eq!(hash, 0xe7c0_1b78_fa34_a2ce, "{hash:#x}: the shipped weights were trained on other images");
    }

    #[test]
    fn fewer_images_are_a_prefix_and_another_seed_is_another_set() {
        let (many, few) = (values(1, 30, &Style::HARD), values(1, 17, &Style::HARD));
        assert_eq!((&many.0[..17 * 196], &many.1[..17]), (&few.0[..], &few.1[..]));
        assert_ne!(many.0[..196], values(2, 1, &Style::HARD).0[..]);
    }

    #[test]
    fn classes_are_balanced_and_pixels_lie_between_paper_and_ink() {
        for style in [Style::CNN, Style::HARD] {
            let (pixels, labels) = values(TEST_SEED, 500, &style);
            assert!((0..10).all(|class| labels.iter().filter(|&&l| l == class).count() == 50));
            assert!(pixels.iter().all(|p| (0.0..=1.0).contains(p)));
            let mean = pixels.iter().sum::<f32>() / pixels.len() as f32;
            assert!((0.1..0.4).contains(&mean), "mean {mean}");
        }
    }
}
