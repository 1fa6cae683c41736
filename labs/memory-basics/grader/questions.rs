//! The questions: where the bytes of a training step are, and what crosses the link when some of them move.

use crate::grading::{Answer, Draw, Question, plain, real};

/// A part that typed decimals may be off.
const NEAR: f64 = 0.01;

/// Bytes that a transformer layer saves (arXiv 2205.05198, eq. 2): s tokens, b sequences, h wide, a heads.
pub fn layer_bytes(s: u64, b: u64, h: u64, a: u64) -> u64 {
    34 * s * b * h + 5 * a * s * s * b
}

/// The smallest k + ceil(L / k).
pub fn best_uniform(layers: u64) -> u64 {
    (1..=layers).map(|k| k + layers.div_ceil(k)).min().unwrap_or_default()
}

/// Questions of `ledger`.
pub fn ledger(draw: &mut Draw) -> Vec<Question> {
    let billions = draw.int(8..=150) as f64 / 10.0;
    let (s, b) = (1024 * draw.int(1..=4) as u64, draw.int(1..=4) as u64);
    let (h, a) = *draw.choose(&[(2048, 16), (4096, 32), (5120, 40), (6144, 48)]);
    let (layer, input) = (layer_bytes(s, b, h, a), 2 * s * b * h);
    let scores = 5 * a * s * s * b;
    let root = draw.int(3..=10) as u64;
    let layers = root * root;
    let gb = |bytes: u64| real(bytes) / 1e9;
    let mb = |bytes: u64| real(bytes) / 1e6;
    let shape = vec![("s", s.to_string()), ("b", b.to_string()), ("h", h.to_string()), ("a", a.to_string())];
    let weights = vec![("parameters", format!("{billions} billion"))];
    vec![
        Question {
            id: "state",
            text: format!(
                "{billions} billion parameters, AdamW, mixed precision. How many GB do weights, gradients and optimizer \
                 state take?"
            ),
            parameters: weights,
            answer: Answer::near(16.0 * billions, "GB", NEAR),
            mistakes: vec![
                ("weights-only", 2.0 * billions),
                ("gradients-forgotten", 14.0 * billions),
                ("one-copy-of-four", 12.0 * billions),
            ],
            because: format!("2 + 2 + 4 + 4 + 4 = 16 bytes a parameter: {} GB", plain(16.0 * billions, 4)),
        },
        Question {
            id: "layer",
            text: format!(
                "one layer of a transformer: s = {s} tokens, b = {b} sequences, h = {h}, a = {a} heads, 16-bit \
                 activations. How many GB does it save for backward?"
            ),
            parameters: shape.clone(),
            answer: Answer::near(gb(layer), "GB", NEAR),
            mistakes: vec![("no-score-term", gb(34 * s * b * h)), ("scores-only", gb(scores))],
            because: format!(
                "s b h (34 + 5 a s / h) = {} x (34 + {}) = {layer} bytes",
                s * b * h,
                plain((5 * a * s) as f64 / h as f64, 4)
            ),
        },
        Question {
            id: "input",
            text: "and its input alone, in MB?".to_owned(),
            parameters: shape,
            answer: Answer::near(mb(input), "MB", NEAR),
            mistakes: vec![("input-in-fp32", mb(2 * input))],
            because: format!("2 s b h = {input} bytes, {} times less", plain(layer as f64 / input as f64, 3)),
        },
        Question {
            id: "rerun",
            text: "every layer runs forward a second time. Backward takes twice as long as forward. How much longer is the \
                   step, in percent?"
                .to_owned(),
            parameters: vec![],
            answer: Answer::within(100.0 / 3.0, "%", 0.5),
            mistakes: vec![("a-whole-step-more", 100.0), ("part-of-the-new-step", 25.0)],
            because: "1 + 2 parts become 1 + 1 + 2: one part on three, 33.3 %".to_owned(),
        },
        Question {
            id: "segments",
            text: format!(
                "{layers} equal layers, each saving as much as its input takes: 1 unit. With the best equal segments, how \
                 many units is the peak?"
            ),
            parameters: vec![("layers", layers.to_string())],
            answer: Answer::exact(best_uniform(layers), "units"),
            mistakes: vec![("inputs-without-the-segment", real(root))],
            because: format!("{root} kept inputs and {layers} / {root} = {root} layers of the segment: {}", 2 * root),
        },
        Question {
            id: "flush",
            text: "below which magnitude does a gradient become 0 in FP16 (rounding to nearest)? Powers may be typed as 2^-10"
                .to_owned(),
            parameters: vec![],
            answer: Answer::near(2f64.powi(-25), "", NEAR),
            mistakes: vec![("ends-at-normals", 2f64.powi(-14))],
            because: "the smallest subnormal is 2^-24; what lies under half of it rounds to 0: 2^-25 = 2.98e-8".to_owned(),
        },
    ]
}

/// Questions of `traffic`.
pub fn traffic(draw: &mut Draw) -> Vec<Question> {
    let billions = draw.int(8..=150) as f64 / 10.0;
    let layers = draw.int(20..=60) as u64;
    let fits = draw.int(3..=layers as i64 / 2) as u64;
    let copy = draw.int(20..=60) as f64;
    let compute = copy + draw.int(5..=40) as f64;
    let weights = vec![("parameters", format!("{billions} billion"))];
    let room = vec![("L", layers.to_string()), ("k", fits.to_string())];
    let times = vec![("copy", format!("{copy} ms")), ("compute", format!("{compute} ms"))];
    vec![
        Question {
            id: "cpu-adam",
            text: format!(
                "{billions} billion parameters, weights and gradients in FP16 on the GPU; Adam and its FP32 state on the \
                 CPU. How many GB cross the link in a step, both ways together?"
            ),
            parameters: weights.clone(),
            answer: Answer::near(4.0 * billions, "GB", NEAR),
            mistakes: vec![("one-way", 2.0 * billions), ("states-travel", 24.0 * billions)],
            because: format!("gradients down 2, weights up 2 bytes: 4 x {billions} = {} GB", plain(4.0 * billions, 4)),
        },
        Question {
            id: "gpu-adam",
            text: "Adam runs on the GPU instead, and master weights and moments travel from the CPU and back. How many GB \
                   of them cross in a step?"
                .to_owned(),
            parameters: weights,
            answer: Answer::near(24.0 * billions, "GB", NEAR),
            mistakes: vec![("states-one-way", 12.0 * billions)],
            because: format!("12 bytes up, all of them changed, 12 down: {} GB", plain(24.0 * billions, 4)),
        },
        Question {
            id: "loads",
            text: format!(
                "{layers} equal layers, {fits} fit on the GPU. How many loads do one forward and one backward pass need?"
            ),
            parameters: room,
            answer: Answer::exact(2 * layers - fits, "loads"),
            mistakes: vec![("loads-twice-each", real(2 * layers)), ("loads-once-each", real(layers))],
            because: format!("{layers} forward; {fits} are still there; {layers} - {fits} again for backward"),
        },
        Question {
            id: "pinned",
            text: format!(
                "copying a layer from pinned memory takes {copy} ms, computing one {compute} ms. Loads go ahead, with room \
                 for two layers. How many ms does each further layer take?"
            ),
            parameters: times.clone(),
            answer: Answer::near(compute, "ms", NEAR),
            mistakes: vec![("adds-the-copies", copy + compute)],
            because: format!("side by side: the longer of {copy} and {compute}"),
        },
        Question {
            id: "pageable",
            text: format!("and from pageable memory, if a layer's copy takes {copy} ms there too?"),
            parameters: times,
            answer: Answer::near(copy + compute, "ms", NEAR),
            mistakes: vec![("pageable-overlaps", compute)],
            because: format!("the call waits for its copy: {copy} + {compute}"),
        },
    ]
}
