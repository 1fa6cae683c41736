//! Grades `kv-cache`: the questions here, the build steps, the experiment and the oracle beside it.

#[path = "grader/cached.rs"]
mod cached;
#[path = "grader/clocks.rs"]
mod clocks;
#[path = "grader/decode.rs"]
mod decode;
#[path = "grader/models.rs"]
mod models;
#[path = "grader/oracle.rs"]
mod oracle;
#[path = "grader/quality.rs"]
mod quality;
#[path = "grader/streaming.rs"]
mod streaming;

pub use oracle::oracle;

use crate::grading::{Answer, Draw, Facts, Grader, Question, plain, real};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] = &[
    ("intensity", Grader::Predict(ask_intensity)),
    ("bytes", Grader::Predict(ask_bytes)),
    ("rows", Grader::Predict(ask_rows)),
    ("forward-cached", Grader::Build(cached::checks)),
    ("forward-streaming", Grader::Build(streaming::checks)),
    ("decode", Grader::MeasureModel(decode::look, decode::measure)),
];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[
    ("caches-query-heads", cached::heads_facts),
    ("recomputes-the-prefix", cached::rows_facts),
    ("window-holds-the-sinks", streaming::window_facts),
];

fn ask_intensity(draw: &mut Draw) -> Vec<Question> {
    let (t, b) = (16 * draw.size(4..=128), draw.size(2..=48));
    let (kv, group) = (*draw.choose(&[4, 8, 16]), *draw.choose(&[4, 6, 8]));
    let (h, context) = (kv * group, 512 * draw.size(2..=16));
    let parameters = vec![
        ("T", t.to_string()),
        ("B", b.to_string()),
        ("H", h.to_string()),
        ("Hkv", kv.to_string()),
        ("context", context.to_string()),
    ];
    let (t, b, g) = (t as f64, b as f64, group as f64);
    vec![
        Question {
            id: "prefill",
            text: format!("a linear layer with fp16 weights takes a prompt of {t} tokens at once. How many FLOPs for each byte of weights?"),
            parameters: parameters.clone(),
            answer: Answer::exact(t, "FLOP/B"),
            mistakes: vec![("one-flop-a-mac", t / 2.0), ("bytes-for-weights", 2.0 * t)],
            because: format!("each weight, 2 bytes, takes part in {t} multiply-adds, {} FLOPs: {} / 2", 2.0 * t, 2.0 * t),
        },
        Question {
            id: "decode",
            text: format!("and when {b} sequences, each {context} tokens long, decode one token each?"),
            parameters: parameters.clone(),
            answer: Answer::exact(b, "FLOP/B"),
            mistakes: vec![
                ("context-for-batch", context as f64),
                ("context-for-batch", b * context as f64),
                ("one-flop-a-mac", b / 2.0),
                ("bytes-for-weights", 2.0 * b),
            ],
            because: format!("{b} rows pass the layer, whatever the text behind them: 2 x {b} FLOPs for 2 bytes"),
        },
        Question {
            id: "attention",
            text: format!("in that step, attention with {h} query heads and {kv} key-value heads reads an fp16 cache. How many FLOPs for each byte of it?"),
            parameters,
            answer: Answer::exact(g, "FLOP/B"),
            mistakes: vec![("one-flop-a-mac", g / 2.0), ("bytes-for-weights", 2.0 * g), ("heads-for-groups", h as f64)],
            because: format!(
                "a cached number, 2 bytes, meets the {g} query heads of its group once each: 2 x {g} FLOPs for 2 bytes. A \
                 batch does not help: every sequence has a cache of its own"
            ),
        },
    ]
}

/// Keys and values of one token.
fn cache_bytes(layers: usize, kv_heads: usize, head_dim: usize, bytes_a_number: usize) -> usize {
    2 * layers * kv_heads * head_dim * bytes_a_number
}

/// Rows through a linear layer for `p` prompt tokens and `n` new ones: with a cache, and without.
fn rows(p: usize, n: usize) -> (usize, usize) {
    (p + n - 1, n * p + n * (n - 1) / 2)
}

fn ask_bytes(draw: &mut Draw) -> Vec<Question> {
    let (layers, kv, group) = (4 * draw.size(5..=20), *draw.choose(&[2, 4, 8]), *draw.choose(&[2, 4, 8]));
    let (d, batch, length) = (*draw.choose(&[64, 80, 128]), draw.size(2..=24), 1024 * draw.size(1..=16));
    let token = cache_bytes(layers, kv, d, 2) as f64;
    let all = token * (batch * length) as f64;
    let parameters = vec![
        ("layers", layers.to_string()),
        ("Hkv", kv.to_string()),
        ("H", (kv * group).to_string()),
        ("D", d.to_string()),
        ("batch", batch.to_string()),
        ("length", length.to_string()),
    ];
    let (h, g, l) = (kv * group, group as f64, layers as f64);
    vec![
        Question {
            id: "token",
            text: format!("a model has {layers} layers, {h} query heads, {kv} key-value heads of {d}. Bytes of fp16 cache a token?"),
            parameters: parameters.clone(),
            answer: Answer::exact(token, "B"),
            mistakes: vec![("keys-only", token / 2.0), ("query-heads-cached", token * g), ("one-layer", token / l)],
            because: format!("2 (keys, values) x {layers} x {kv} x {d} x 2 bytes = {token}"),
        },
        Question {
            id: "batch",
            text: format!("and for {batch} sequences of {length} tokens?"),
            parameters,
            answer: Answer::exact(all, "B"),
            mistakes: vec![("keys-only", all / 2.0), ("query-heads-cached", all * g), ("one-layer", all / l)],
            because: format!("{token} x {batch} x {length} = {all}, {} GiB", plain(all / f64::from(1 << 30), 4)),
        },
    ]
}

fn ask_rows(draw: &mut Draw) -> Vec<Question> {
    let (p, n) = (8 * draw.size(2..=32), 16 * draw.size(2..=16));
    let parameters = vec![("P", p.to_string()), ("n", n.to_string())];
    let (with, without) = rows(p, n);
    vec![
        Question {
            id: "with",
            text: format!("a prompt of {p} tokens, then {n} new tokens. How many token rows pass each linear layer, with a cache?"),
            parameters: parameters.clone(),
            answer: Answer::exact(with, "rows"),
            mistakes: vec![("last-token-fed", real(p + n)), ("prompt-forgotten", real(n))],
            because: format!("prefill: {p} rows, and the first new token; then {n} - 1 steps of one row: {with}"),
        },
        Question {
            id: "without",
            text: "and without one, running the whole text for every new token?".to_owned(),
            parameters,
            answer: Answer::exact(without, "rows"),
            mistakes: vec![
                ("last-token-fed", real((n + 1) * p + n * (n + 1) / 2)),
                ("prompt-each-time", real(n * p)),
            ],
            because: format!(
                "{p} + {} + .. + {} = {n} x {p} + {n} x {} / 2 = {without}, {} times as many",
                p + 1,
                p + n - 1,
                n - 1,
                plain(real(without) / real(with), 3)
            ),
        },
    ]
}
