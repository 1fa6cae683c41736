//! The questions: what zeros save in storage, and what they save in time.

use crate::grading::{Answer, Draw, Question, plain, real};

/// Bytes of a row pointer.
const POINTER: u64 = 4;

/// A type of values: its name and bytes.
const VALUES: [(&str, u64); 3] = [("f32", 4), ("f16", 2), ("int8", 1)];
/// A type of column indices.
const INDICES: [(&str, u64); 2] = [("u32", 4), ("u16", 2)];

/// Density in % at which values with an index each take the bytes of the dense matrix.
pub fn csr_break_even(value: u64, index: u64) -> f64 {
    100.0 * value as f64 / (value + index) as f64
}

/// Density in % at which values and one bit a position take the bytes of the dense matrix.
pub fn bitmap_break_even(value: u64) -> f64 {
    100.0 * (1.0 - 1.0 / (8 * value) as f64)
}

/// Bytes of a matrix of `rows` in CSR: values, column indices, and where each row begins and the last one ends.
pub fn csr_bytes(rows: u64, nonzero: u64, value: u64, index: u64) -> u64 {
    nonzero * (value + index) + POINTER * (rows + 1)
}

/// Questions of `storage`.
pub fn storage(draw: &mut Draw) -> Vec<Question> {
    // An index as wide as the value gives 50 % without a thought.
    let pairs = [(0, 1), (0, 1), (0, 0), (1, 0), (1, 1), (2, 1), (2, 1)];
    let &(v, i) = draw.choose(&pairs);
    let ((value, v), (index, i)) = (VALUES[v], INDICES[i]);
    let &(bits, b) = draw.choose(&VALUES);
    let (rows, columns) = (100 * draw.int(3..=12) as u64, 100 * draw.int(2..=9) as u64);
    let density = *draw.choose(&[4, 5, 8, 10, 15, 20]);
    let nonzero = rows * columns * density / 100;
    let (csr, bitmap, bytes) = (csr_break_even(v, i), bitmap_break_even(b), csr_bytes(rows, nonzero, v, i));
    vec![
        Question {
            id: "csr",
            text: format!(
                "a large {value} matrix is stored in CSR with {index} column indices. Below which density (weights that \
                 are not 0) is that smaller than dense? Leave the row pointers out."
            ),
            parameters: vec![("values", value.to_owned()), ("indices", index.to_owned())],
            answer: Answer::within(csr, "%", 0.05),
            mistakes: vec![
                ("forgets-indices", 100.0),
                ("two-indices", csr_break_even(v, 2 * i)),
                ("sparsity-for-density", 100.0 - csr),
            ],
            because: format!(
                "a weight that stays costs {v} + {i} bytes, a dense one {v}: {v} / {} = {} %",
                v + i,
                plain(csr, 4)
            ),
        },
        Question {
            id: "bitmap",
            text: format!(
                "and with a bitmap (one bit for each position, then the {bits} values that are not 0)? Below which density?"
            ),
            parameters: vec![("values", bits.to_owned())],
            answer: Answer::within(bitmap, "%", 0.05),
            mistakes: vec![
                ("forgets-bitmap", 100.0),
                ("bit-for-each-kept", 100.0 * b as f64 / (b as f64 + 0.125)),
                ("byte-for-a-bit", 100.0 * (1.0 - 1.0 / b as f64)),
                ("sparsity-for-density", 100.0 - bitmap),
            ],
            because: format!(
                "the bitmap takes 1 of the {} bits of each weight, whatever the density: 1 - 1/{} = {} %",
                8 * b,
                8 * b,
                plain(bitmap, 5)
            ),
        },
        Question {
            id: "bytes",
            text: format!(
                "a {rows} x {columns} {value} matrix of density {density} %, in CSR with {index} column indices and u32 \
                 row pointers: how many bytes?"
            ),
            parameters: vec![
                ("rows", rows.to_string()),
                ("columns", columns.to_string()),
                ("density", format!("{density} %")),
                ("values", value.to_owned()),
                ("indices", index.to_owned()),
                ("dense", format!("{} B", rows * columns * v)),
            ],
            answer: Answer::exact(bytes, "B"),
            mistakes: vec![
                ("forgets-row-pointers", real(nonzero * (v + i))),
                ("one-pointer-short", real(bytes - POINTER)),
                ("forgets-indices", real(nonzero * v + POINTER * (rows + 1))),
                ("two-indices", real(nonzero * (v + 2 * i))),
                ("stores-zeros", real(rows * columns * v)),
            ],
            because: format!(
                "{nonzero} weights of {v} + {i} bytes and {} row pointers of {POINTER}: {bytes} bytes, {} % of the dense \
                 {}",
                rows + 1,
                plain(100.0 * bytes as f64 / (rows * columns * v) as f64, 3),
                rows * columns * v
            ),
        },
    ]
}

/// The question of `speed`.
pub fn speed(draw: &mut Draw) -> Vec<Question> {
    let sparsity = *draw.choose(&[75_u32, 80, 90]);
    let fewer = 100 / (100 - sparsity);
    let choices = [
        format!("1/{fewer} of the time: so many multiplications are left"),
        "about half: some of the zeros are skipped".to_owned(),
        "the same time".to_owned(),
        "more time: zeros have to be found".to_owned(),
    ];
    vec![Question {
        id: "time",
        text: format!(
            "{sparsity} % of a weight matrix are set to 0, scattered. The layer is still multiplied by the dense kernel. \
             How long does it take now?"
        ),
        parameters: vec![("sparsity", format!("{sparsity} %")), ("fewer", fewer.to_string())],
        answer: Answer::one_of(choices, 2),
        mistakes: vec![("skips-zeros", 0.0), ("skips-some-zeros", 1.0), ("looks-for-zeros", 3.0)],
        because: "a dense kernel reads and multiplies every weight, and 0 is a weight like any other".to_owned(),
    }]
}
