//! The questions of `sectors`: what strides cost in global and in shared memory, and what a chain of kernels moves.

use crate::grading::{Answer, Draw, Question, plain, real};

/// Questions of `sectors`.
pub fn sectors(draw: &mut Draw) -> Vec<Question> {
    let mut questions = global(draw);
    questions.extend(shared(draw));
    questions.extend(softmax(draw));
    questions
}

/// A strided load: up to a stride of 8, every sector from the first lane's to the last lane's is touched.
fn global(draw: &mut Draw) -> Vec<Question> {
    let (stride, offset) = (draw.int(2..=7) as u64, draw.int(1..=7) as u64);
    let last = 31 * stride + offset;
    let (touched, lines) = (last / 8 + 1, last / 32 + 1);
    let parameters = vec![("stride", stride.to_string()), ("offset", offset.to_string())];
    vec![
        Question {
            id: "sectors",
            text: format!(
                "x is an array of f32 that begins with a sector. Lane l of a warp loads x[{stride} l + {offset}]. How \
                 many 32-byte sectors does the load touch?"
            ),
            parameters: parameters.clone(),
            answer: Answer::exact(touched, "sectors"),
            mistakes: vec![
                ("as-if-neighbours", 4.0),
                ("a-sector-a-lane", 32.0),
                ("begins-with-a-sector", real(31 * stride / 8 + 1)),
            ],
            because: format!("lane 31 loads float {last}, in sector {}; from sector 0 on each is touched", last / 8),
        },
        Question {
            id: "lines",
            text: "and how many lines of 128 bytes?".to_owned(),
            parameters,
            answer: Answer::exact(lines, "lines"),
            mistakes: vec![("sectors-for-lines", real(touched))],
            because: format!("a line is 32 floats: float {last} lies in line {}", last / 32),
        },
    ]
}

fn shared(draw: &mut Draw) -> Vec<Question> {
    let pitch = *draw.choose(&[6_u64, 10, 12, 20, 24, 35, 40, 44, 48]);
    let degree = 1_u64 << pitch.trailing_zeros();
    let share = *draw.choose(&[2_u64, 4, 8]);
    vec![
        Question {
            id: "banks",
            text: format!(
                "a tile of f32 in shared memory has {pitch} floats from one row to the next. A warp reads a column, a \
                 row a lane. How many wavefronts does that take?"
            ),
            parameters: vec![("pitch", pitch.to_string())],
            answer: Answer::exact(degree, "wavefronts"),
            mistakes: vec![("pitch-for-the-degree", real(pitch)), ("all-in-one-bank", 32.0)],
            because: format!("{pitch} l mod 32 takes {} values: {degree} words lie in each of these", 32 / degree),
        },
        Question {
            id: "words",
            text: format!("lane l reads t[32 floor(l / {share})] in shared memory. How many wavefronts?"),
            parameters: vec![("share", share.to_string())],
            answer: Answer::exact(32 / share, "wavefronts"),
            mistakes: vec![("lanes-for-words", 32.0), ("broadcast-for-all", 1.0)],
            because: format!("{} different words, all in bank 0; {share} lanes share each for nothing", 32 / share),
        },
    ]
}

/// Five kernels for a softmax: the count is that of Triton's tutorial.
fn softmax(draw: &mut Draw) -> Vec<Question> {
    let (m, n) = (100 * draw.int(2..=40) as u64, 50 * draw.int(2..=20) as u64);
    let (apart, fused) = (8 * m * n + 4 * m, 2 * m * n);
    let times = |a: u64, b: u64| real(a) / real(b);
    let parameters = vec![("M", m.to_string()), ("N", n.to_string())];
    vec![
        Question {
            id: "softmax",
            text: format!(
                "softmax over the rows of an array of {m} x {n}, in five kernels: the largest of each row; minus it; \
                 exp; the sum of each row; divided by it. How many elements do they read and write in all?"
            ),
            parameters: parameters.clone(),
            answer: Answer::exact(apart, "elements"),
            mistakes: vec![
                ("forgets-the-writes", real(5 * m * n + 2 * m)),
                ("forgets-the-vectors", real(8 * m * n)),
            ],
            because: format!("read: 5 M N + 2 M; written: 3 M N + 2 M; together 8 M N + 4 M = {apart}"),
        },
        Question {
            id: "softmax-fused",
            text: "one kernel that holds a row from beginning to end reads and writes how many times fewer?".to_owned(),
            parameters,
            answer: Answer::near(times(apart, fused), "times", 0.01),
            mistakes: vec![("fused-writes-nothing", times(apart, m * n))],
            because: format!("M N read, M N written: {apart} / {fused} = {}", plain(times(apart, fused), 5)),
        },
    ]
}
