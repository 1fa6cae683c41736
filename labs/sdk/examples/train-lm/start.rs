//! Weights to start from: heads that copy, or a smaller model that does.
//!
//! Copying from earlier text comes late when a model begins at random, later than an hour of two cores reaches. So three
//! kinds of heads of `lm-draft` begin near what training ends at anyway: *look-back* heads in the first layer, which fetch the
//! bytes 1 to 4 places before; above them *copying* heads, which look for an earlier place that followed the same bytes and
//! repeat what came there (induction heads), and *class* heads, which look at earlier capitals, digits or first letters of
//! words. Which of those is meant, and all else, is left to training. In four layers they are lost on the way: `lm` begins
//! as the trained draft, grown wider and deeper.
//!
//! Columns of the residual rows: 0 a constant, 1 to 3 the byte's class, up to dim / 2 the byte, then dim / 8 for each
//! look-back.

use candle_core::{DType, Device, Tensor};
use lab_sdk::lm::{Config, Lm, weights};
use lab_sdk::{Result, ensure};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Standard deviation of a byte's columns, and the constants beside them.
const BYTE: f32 = 0.05;
const CONSTANT: f32 = 0.28;
const CLASS: f32 = 0.15;
/// Columns of classes: capitals, digits, and what stands before a word.
const CAPITAL: usize = 1;
const DIGIT: usize = 2;
const SEPARATOR: usize = 3;
/// The first column of the byte itself.
const FIRST: usize = 4;
/// As many bytes before are fetched.
const BACK: usize = 4;
/// A match has to outlive a story: it lies in pairs that turn by at most so many radians a position.
const SLOW: f64 = 0.004;
/// Standard deviation of the codes that are matched, and the weight of a class in its pair.
const CODE: f32 = 1.8;
const PAIR: f32 = 0.9;
/// Weight of the constant in the queries and keys of a look-back.
const TURN: f32 = 1.5;
/// The random part of what adds to the residual, against the usual.
const QUIET: f32 = 0.05;

/// Every weight by its name, in the order of [`weights`].
pub type Weights = Vec<(String, Tensor)>;

/// A matrix (rows, columns) being filled.
struct Matrix {
    values: Vec<f32>,
    columns: usize,
}

/// What queries, keys and values of one layer have in common.
#[derive(Default)]
struct Upper {
    /// From a look-back's columns to a head, one for each number of bytes back (D, dim / 8).
    codes: Vec<Matrix>,
    /// From a byte's columns to a head and, mirrored, back; one for each key head (D, dim / 2).
    copied: Vec<Matrix>,
}

/// Every weight: the trained `lm-draft` in the first columns, heads and layers, new ones beside and above it that say little
/// yet. So it begins where the draft ended (Chen, Goodfellow and Shlens, Net2Net, arXiv 1511.05641).
pub fn grown(cfg: &Config, rng: &mut ChaCha8Rng) -> Result<Weights> {
    let draft = Lm::shipped("lm-draft", DType::F32)?;
    let small = draft.cfg();
    ensure!(cfg.head_dim == small.head_dim && cfg.group() == small.group(), "heads that do not fit into each other");
    // The mean square of a row falls with the columns that are new.
    let gain = (small.dim as f32 / cfg.dim as f32).sqrt();
    let mut all = Vec::new();
    for (name, shape) in weights(cfg) {
        let part = name.split('.').nth_back(1).unwrap_or_default();
        let inner = draft.weight(&name).ok();
        let values = match (&shape[..], inner) {
            ([n], inner) => {
                let old = inner.map(|w| w.to_vec1::<f32>()).transpose()?.unwrap_or_default();
                (0..*n).map(|i| old.get(i).map_or(1.0, |old| old * gain)).collect()
            }
            (&[rows, columns], inner) => {
                let mut matrix = Matrix::random(rows, columns, spread(part, cfg, columns), rng);
                if let Some(inner) = inner {
                    matrix.grow(part, &inner.to_vec2()?);
                }
                matrix.values
            }
            _ => return Err(format!("`{name}` is no matrix").into()),
        };
        all.push((name, Tensor::from_vec(values, shape, &Device::Cpu)?));
    }
    Ok(all)
}

/// Every weight, with heads that copy; the others are drawn, and quiet where they add to the residual.
pub fn copying(cfg: &Config, rng: &mut ChaCha8Rng) -> Result<Weights> {
    // From a byte's columns to those of a look-back (dim / 8, dim / 2). The first row tells whether a word begins.
    let mut fetched = Matrix::of_bytes(cfg.dim / 8, cfg, rng);
    fetched.row(0).fill(0.0);
    fetched.row(0)[SEPARATOR] = 1.0;
    let mut upper = Upper::default();
    let mut all = Vec::new();
    for (name, shape) in weights(cfg) {
        let parts: Vec<&str> = name.split('.').rev().collect(); // weight, q_proj, self_attn, 1, ..
        let values = match shape[..] {
            [n] => vec![1.0; n],
            [rows, columns] => {
                let mut matrix = Matrix::random(rows, columns, spread(parts[1], cfg, columns), rng);
                match (parts[1], parts.get(3)) {
                    ("embed_tokens", _) => matrix.embed(cfg),
                    (part, Some(&"0")) => matrix.look_back(part, cfg, &fetched),
                    (part, _) => {
                        if part == "q_proj" {
                            upper = Upper::draw(cfg, rng);
                        }
                        matrix.copy(part, cfg, &fetched, &upper);
                    }
                }
                matrix.values
            }
            _ => return Err(format!("`{name}` is no matrix").into()),
        };
        all.push((name, Tensor::from_vec(values, shape, &Device::Cpu)?));
    }
    Ok(all)
}

/// Variance 1 / inputs, and little where a matrix adds to the residual.
fn spread(part: &str, cfg: &Config, inputs: usize) -> f32 {
    match part {
        "o_proj" | "down_proj" => QUIET / ((2 * cfg.layers * inputs) as f32).sqrt(),
        "embed_tokens" => BYTE,
        _ => 1.0 / (inputs as f32).sqrt(),
    }
}

impl Upper {
    fn draw(cfg: &Config, rng: &mut ChaCha8Rng) -> Self {
        let (d, width) = (cfg.head_dim, cfg.dim / 8);
        Self {
            codes: (0..BACK).map(|_| Matrix::random(d, width, CODE / (width as f32).sqrt(), rng)).collect(),
            copied: (0..cfg.kv_heads).map(|_| Matrix::of_bytes(d, cfg, rng)).collect(),
        }
    }
}

impl Matrix {
    /// Uniform values of standard deviation `spread`.
    fn random(rows: usize, columns: usize, spread: f32, rng: &mut ChaCha8Rng) -> Self {
        let mut value = |_| spread * 3f32.sqrt() * ((rng.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0);
        Self { values: (0..rows * columns).map(&mut value).collect(), columns }
    }

    /// A projection of a byte's columns, blind to the constant and the classes.
    fn of_bytes(rows: usize, cfg: &Config, rng: &mut ChaCha8Rng) -> Self {
        let columns = cfg.dim / 2;
        let mut matrix = Self::random(rows, columns, 1.0 / (columns as f32).sqrt(), rng);
        matrix.values.chunks_exact_mut(columns).for_each(|row| row[..FIRST].fill(0.0));
        matrix
    }

    /// `inner` in the corner, beside which the inputs of its rows are quiet.
    fn grow(&mut self, part: &str, inner: &[Vec<f32>]) {
        if part == "embed_tokens" {
            self.values.iter_mut().for_each(|w| *w *= 0.1);
        }
        for (row, old) in inner.iter().enumerate() {
            self.quiet(row, 1);
            self.row(row)[..old.len()].copy_from_slice(old);
        }
    }

    fn row(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[row * self.columns..][..self.columns]
    }

    /// The constant, the class, the byte, and nothing where look-backs will write.
    fn embed(&mut self, cfg: &Config) {
        for (byte, row) in (0u8..=255).zip(self.values.chunks_exact_mut(cfg.dim)) {
            row[0] = CONSTANT;
            row[1..FIRST].fill(0.0);
            row[CAPITAL] = if byte.is_ascii_uppercase() { CLASS } else { 0.0 };
            row[DIGIT] = if byte.is_ascii_digit() { CLASS } else { 0.0 };
            row[SEPARATOR] = if b" \n\"".contains(&byte) { CLASS } else { 0.0 };
            row[cfg.dim / 2..].fill(0.0);
        }
    }

    /// Layer 0: queries and keys are constants, turned against each other by 1 to [`BACK`] positions; values are the byte.
    fn look_back(&mut self, part: &str, cfg: &Config, fetched: &Matrix) {
        let (d, width) = (cfg.head_dim, cfg.dim / 8);
        for head in 0..BACK {
            let key_head = head / cfg.group();
            match part {
                "q_proj" => self.turn(head * d, cfg, head + 1),
                "k_proj" if head % cfg.group() == 0 => self.turn(key_head * d, cfg, 0),
                "v_proj" => self.put(key_head * d, fetched),
                "o_proj" => {
                    for i in 0..width {
                        self.row(cfg.dim / 2 + head * width + i)[head * d + i] = 1.0 / first_norm(cfg);
                    }
                }
                _ => {}
            }
        }
    }

    /// Layers above: the first key head copies, the others look at classes, each query head of theirs at one.
    fn copy(&mut self, part: &str, cfg: &Config, fetched: &Matrix, upper: &Upper) {
        let (d, half, group) = (cfg.head_dim, cfg.head_dim / 2, cfg.group());
        let back = |n: usize| cfg.dim / 2 + (n - 1) * (cfg.dim / 8);
        // What a key head's last three pairs answer to.
        let classes = [CAPITAL, back(1), DIGIT];
        match part {
            "k_proj" => {
                self.quiet(0, d);
                (1..=BACK).for_each(|n| self.add_slow(0, &upper.codes[n - 1], back(n), cfg));
                for (head, (n, class)) in
                    (1..cfg.kv_heads).flat_map(|h| classes.iter().enumerate().map(move |c| (h, c)))
                {
                    for row in [head * d + half - 1 - n, head * d + d - 1 - n] {
                        self.quiet(row, 1);
                        self.row(row)[*class] = PAIR;
                    }
                }
            }
            "q_proj" => {
                for head in 0..group {
                    self.quiet(head * d, d);
                    self.add_slow(head * d, &upper.codes[0].times(fetched), 0, cfg);
                    // The first head asks for four equal bytes, the others for two.
                    let depth = if head == 0 { BACK } else { 2 };
                    (1..depth).for_each(|n| self.add_slow(head * d, &upper.codes[n], back(n), cfg));
                }
                for head in group..cfg.heads {
                    for n in 0..classes.len() {
                        for row in [head * d + half - 1 - n, head * d + d - 1 - n] {
                            self.quiet(row, 1);
                            self.row(row)[0] = if n == (head - group) % classes.len() { PAIR } else { 0.0 };
                        }
                    }
                }
            }
            "v_proj" => (0..cfg.kv_heads).for_each(|head| self.put(head * d, &upper.copied[head])),
            "o_proj" => {
                for head in 0..cfg.heads {
                    let copied = &upper.copied[head / group];
                    let gain = if head < group { 2.0 } else { 1.0 } * BYTE;
                    for (row, i) in (0..cfg.dim / 2).flat_map(|row| (0..d).map(move |i| (row, i))) {
                        self.row(row)[head * d + i] += gain * copied.values[i * copied.columns + row];
                    }
                }
            }
            _ => {}
        }
    }

    /// Rows `first..` answer to the constant alone, with the angles of `back` positions, in the pairs that turn fast.
    fn turn(&mut self, first: usize, cfg: &Config, back: usize) {
        let half = cfg.head_dim / 2;
        self.quiet(first, cfg.head_dim);
        for i in 0..half {
            let speed = speed(cfg, i);
            let angle = back as f64 * speed;
            let size = if speed > SLOW { TURN } else { 0.0 };
            self.row(first + i)[0] = size * angle.cos() as f32;
            self.row(first + half + i)[0] = -size * angle.sin() as f32;
        }
    }

    /// A tenth of what was drawn.
    fn quiet(&mut self, first: usize, rows: usize) {
        self.values[first * self.columns..][..rows * self.columns].iter_mut().for_each(|w| *w *= 0.1);
    }

    /// Adds `code` to the slow pairs of the head at row `first`, for inputs from `column` on.
    fn add_slow(&mut self, first: usize, code: &Matrix, column: usize, cfg: &Config) {
        let half = cfg.head_dim / 2;
        for i in (0..half).filter(|&i| speed(cfg, i) <= SLOW).flat_map(|i| [i, half + i]) {
            let from = &code.values[i * code.columns..][..code.columns];
            self.row(first + i)[column..][..from.len()].iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }

    /// Rows `first..` become `block` in the byte's columns and nothing elsewhere.
    fn put(&mut self, first: usize, block: &Matrix) {
        for (r, values) in block.values.chunks_exact(block.columns).enumerate() {
            let row = self.row(first + r);
            row.fill(0.0);
            row[..values.len()].copy_from_slice(values);
        }
    }

    /// The matrix product `self other`.
    fn times(&self, other: &Matrix) -> Matrix {
        let cell = |row: &[f32], c: usize| -> f32 {
            row.iter().zip(other.values.chunks_exact(other.columns)).map(|(w, other)| w * other[c]).sum()
        };
        let rows = self.values.chunks_exact(self.columns);
        let values = rows.flat_map(|row| (0..other.columns).map(|c| cell(row, c)).collect::<Vec<_>>()).collect();
        Matrix { values, columns: other.columns }
    }
}

/// Radians that pair `i` turns a position.
fn speed(cfg: &Config, i: usize) -> f64 {
    cfg.theta.powf(-(i as f64) / (cfg.head_dim / 2) as f64)
}

/// What the first RMSNorm multiplies a row by.
fn first_norm(cfg: &Config) -> f32 {
    let squares = (cfg.dim / 2 - FIRST) as f32 * BYTE * BYTE + CONSTANT * CONSTANT + CLASS * CLASS;
    (cfg.dim as f32 / squares).sqrt()
}
