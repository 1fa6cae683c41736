//! The questions of `saved`: which tensors an operation leaves on the tape, in bytes.

use crate::grading::{Answer, Draw, Question, real};

/// Bytes of an f32.
const F32: usize = 4;

/// The questions, with shapes that are drawn.
pub fn ask(draw: &mut Draw) -> Vec<Question> {
    let (b, d, n) = (8 * draw.size(2..=16), 16 * draw.size(2..=24), 16 * draw.size(25..=48));
    let (s, h) = (32 * draw.size(2..=12), 32 * draw.size(1..=3));
    let parameters: Vec<(&'static str, String)> =
        [("B", b), ("d", d), ("n", n), ("S", s), ("h", h)].map(|(name, size)| (name, size.to_string())).to_vec();
    let question = |id, text: String, elements: usize, mistakes: Vec<(&'static str, usize)>, because: String| Question {
        id,
        text,
        parameters: parameters.clone(),
        answer: Answer::exact(F32 * elements, "B"),
        mistakes: mistakes.into_iter().map(|(id, elements)| (id, real(F32 * elements))).collect(),
        because,
    };
    let (bd, bn) = (b * d, b * n);
    vec![
        question(
            "add",
            format!("all tensors are f32, all need gradients. y = x + b, x of shape [{b}, {d}] and b of shape [{d}]. How many bytes stay on the tape for the backward pass?"),
            0,
            vec![("add-keeps-inputs", bd + d), ("result-kept-too", bd)],
            "dx = g, and db = g summed over the rows: no value is read, shapes suffice".to_owned(),
        ),
        question(
            "mul",
            format!("y = x s, element by element, x of shape [{b}, {d}] and s of shape [{d}]?"),
            bd + d,
            vec![("expanded-kept", 2 * bd), ("one-factor-kept", bd), ("result-kept-too", 2 * bd + d)],
            format!("dx = g s and ds = g x, summed: each factor as it is, 4 ({b} x {d} + {d}) = {}", F32 * (bd + d)),
        ),
        question(
            "relu",
            format!("y = relu(x), x of shape [{b}, {d}]?"),
            bd,
            vec![("input-and-result", 2 * bd)],
            format!("the mask of x > 0 is that of y > 0: the result alone, 4 x {b} x {d} = {}", F32 * bd),
        ),
        question(
            "matmul",
            format!("y = x W, x of shape [{b}, {d}] and W of shape [{d}, {n}]?"),
            bd + d * n,
            vec![("result-kept-too", bd + d * n + bn), ("weight-not-read", bd), ("input-not-read", d * n)],
            format!("dx = g W^T and dW = x^T g read both: 4 ({b} x {d} + {d} x {n}) = {}", F32 * (bd + d * n)),
        ),
        question(
            "attention",
            format!("a = q k^T, p = softmax(a), o = p v, with q, k and v of shape [{s}, {h}]? Each tensor is kept once, however many operations read it."),
            3 * s * h + s * s,
            vec![
                ("kept-twice", 3 * s * h + 2 * s * s),
                ("scores-not-counted", 3 * s * h),
            ],
            format!(
                "the first product reads q and k, softmax its result p, the second product p and v: q, k, v and one [{s}, {s}] \
                 tensor, 4 (3 x {s} x {h} + {s} x {s}) = {}",
                F32 * (3 * s * h + s * s)
            ),
        ),
    ]
}
