//! Grades `quantize-int8`: the questions here, each build step, the experiment and the replay of the oracle beside it.

#[path = "grader/clip.rs"]
mod clip;
#[path = "grader/linear.rs"]
mod linear;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/ptq.rs"]
mod ptq;
#[path = "grader/quantize.rs"]
mod quantize;
#[path = "grader/requant.rs"]
mod requant;
#[path = "grader/speed.rs"]
mod speed;

pub use oracle::oracle;

use crate::grading::{Answer, Draw, Facts, Grader, Question, plain};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("qparams", Grader::Predict(ask_qparams)),
    ("sqnr", Grader::Predict(ask_sqnr)),
    ("quantize", Grader::Build(quantize::checks)),
    ("requant", Grader::Build(requant::checks)),
    ("linear-i8", Grader::Build(linear::checks)),
    ("int8-speed", Grader::Measure(speed::measure)),
    ("clip", Grader::Build(clip::checks)),
    ("ptq-cnn", Grader::Measure(ptq::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("no-zero-in-range", quantize::range_facts),
    ("one-scale", quantize::scale_facts),
    ("float-requant", requant::facts),
    ("float-requant-half-even", requant::facts),
    ("single-rounding", requant::facts),
    ("max-abs", clip::facts),
];

fn ask_qparams(draw: &mut Draw) -> Vec<Question> {
    // Tenths, so that it can be done by hand; away from halves, so that by hand is enough.
    let (min, max, scale, zp) = loop {
        let (a, b) = (draw.int(3..=40) as f64, draw.int(3..=60) as f64);
        let (min, max) = match draw.size(0..=2) {
            0 => (a / 10.0, (a + b) / 10.0),
            1 => (-(a + b) / 10.0, -a / 10.0),
            _ => (-a / 10.0, b / 10.0),
        };
        let scale = (max.max(0.0) - min.min(0.0)) / 255.0;
        let zp = -128.0 - min.min(0.0) / scale;
        if (zp.rem_euclid(1.0) - 0.5).abs() > 0.05 {
            break (min, max, scale, zp);
        }
    };
    let (low, high) = (min.min(0.0), max.max(0.0));
    let parameters = vec![("min", plain(min, 4)), ("max", plain(max, 4))];
    let bare = (max - min) / 255.0;
    let peak = min.abs().max(max.abs());
    let question = |id, text: String, answer, mistakes, because| Question {
        id,
        text,
        parameters: parameters.clone(),
        answer,
        mistakes,
        because,
    };
    let range = format!("an activation lies in [{}, {}]", plain(min, 4), plain(max, 4));
    let widened = if (low, high) == (min, max) { "" } else { ", once it holds 0" };
    vec![
        question(
            "scale",
            format!("{range}. Its int8 scale?"),
            Answer::near(scale, "", 1e-6),
            vec![("no-zero-in-range", bare), ("steps-256", scale * 255.0 / 256.0), ("symmetric-range", peak / 127.0)],
            format!(
                "the range is [{}, {}]{widened}; 256 codes have 255 steps: scale = {} / 255 = {}",
                plain(low, 4),
                plain(high, 4),
                plain(high - low, 4),
                plain(scale, 7)
            ),
        ),
        question(
            "zero-point",
            "and its zero point?".to_owned(),
            Answer::exact(zp.round(), ""),
            vec![
                ("unsigned-zero-point", zp.round() + 128.0),
                ("truncated-zero-point", zp.trunc()),
                ("symmetric-range", 0.0),
                ("no-zero-in-range", (-128.0 - min / bare).round()),
            ],
            format!(
                "{} stands at code -128: zp = round(-128 - {} / {}) = round({}) = {}",
                plain(low, 4),
                plain(low, 4),
                plain(scale, 7),
                plain(zp, 5),
                zp.round()
            ),
        ),
    ]
}

fn ask_sqnr(draw: &mut Draw) -> Vec<Question> {
    let (from, to) = *draw.choose(&[(8, 4), (8, 5), (7, 4)]);
    let values: Vec<f64> = (0..256 * 64).map(|_| draw.normal()).collect();
    let (before, after) = (sqnr(&values, from), sqnr(&values, to));
    let bits = f64::from(from - to);
    let because = format!(
        "half the step is a quarter of the error's energy, 6.02 dB a bit: {} dB for {bits} bits. Measured here on 256 \
         blocks: {} dB at {from} bits, {} dB at {to}, so {} dB lost",
        plain(6.02 * bits, 4),
        plain(before, 3),
        plain(after, 3),
        plain(before - after, 3),
    );
    vec![Question {
        id: "lost",
        text: format!(
            "blocks of 64 Gaussian values, coded with {from} bits and then with {to}. How much SQNR is lost?"
        ),
        parameters: vec![("from", format!("{from} bits")), ("to", format!("{to} bits"))],
        answer: Answer::within(before - after, "dB", 3.0),
        mistakes: vec![("one-bit-of-db", 6.02), ("three-db-per-bit", 3.01 * bits), ("twelve-db-per-bit", 12.04 * bits)],
        because,
    }]
}

/// Signal to noise in dB of blocks of 64, each coded symmetrically over its own largest magnitude.
fn sqnr(values: &[f64], bits: i32) -> f64 {
    let levels = f64::from((1 << (bits - 1)) - 1);
    let (mut signal, mut noise) = (0.0, 0.0);
    for block in values.chunks(64) {
        let step = block.iter().fold(0.0_f64, |m, v| m.max(v.abs())) / levels;
        signal += block.iter().map(|v| v * v).sum::<f64>();
        noise += block.iter().map(|v| (v - (v / step).round() * step).powi(2)).sum::<f64>();
    }
    10.0 * (signal / noise).log10()
}
