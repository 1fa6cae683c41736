//! The step `fuse`: one expression on tiles, held to every byte, and the same on the CPU in two ways.

use super::counts::{at_most, given, values};
use crate::args;
use crate::grading::device::{self, Launch};
use crate::grading::{Check, Draw, Script, Seen};
use lab_sdk::tile::Cfg;
use lab_sdk::{Device, Result, Tensor};

/// Rows of a program.
const ROWS: usize = 32;

/// x, w, b and r of an expression over (M, N).
struct Inputs {
    m: usize,
    n: usize,
    all: [Vec<f32>; 4],
}

/// The checks of `fuse`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let drawn = [draw.size(40..=90), draw.size(129..=250)];
    let mut launches =
        |cases: &[[usize; 2]]| -> Vec<Launch> { cases.iter().map(|&sides| launch(&inputs(draw, sides))).collect() };
    let one = launches(&[[32, 128], [64, 256]]);
    let over = launches(&[[1, 1], [5, 3], [33, 130], drawn]);
    // 32 rows of 2048 floats are 256 KiB, more than a block of any GPU here holds.
    let long = launches(&[[33, 1500]]);
    let empty = launches(&[[4, 0]]);
    let mut on_cpu = Vec::new();
    for sides in [[1, 1], [3, 5], [16, 64], [70, 33], [1, 3000]] {
        on_cpu.push(inputs(draw, sides));
    }
    let apart: Result<Vec<Script>> = on_cpu.iter().map(chain).collect();
    on_cpu.push(inputs(draw, [0, 7]));
    let bytes = "bytes beyond the least";
    Ok(vec![
        Check::exact("whole tiles", values(&[&one], "y")),
        Check::exact("rows and columns that fill no tile", values(&[&over], "y")),
        Check::exact("rows too long to be held at once", values(&[&long], "y")),
        Check::exact("no column", values(&[&empty], "y")),
        at_most("it fits, and touches nothing outside", device::faults, 0.0, "faults", &[&one, &over, &long]),
        at_most("each float of x and r is read once, w and b once a program", loaded, 0.0, bytes, &[&one, &over]),
        at_most("each float of y is written once", stored, 0.0, bytes, &[&one, &over]),
        Check::exact("`chain`, an operation at a time", apart?),
        Check::exact("`fused_cpu`, in one pass", on_cpu.iter().map(Inputs::one_pass).collect()),
    ])
}

/// Small integers: exact in f32, whether the product and the sum are rounded once or twice.
fn inputs(draw: &mut Draw, [m, n]: [usize; 2]) -> Inputs {
    let mut floats = |length: usize| -> Vec<f32> { draw.many(length, |draw| draw.int(-20..=20) as f32) };
    Inputs { m, n, all: [floats(m * n), floats(n), floats(n), floats(m * n)] }
}

fn launch(inputs: &Inputs) -> Launch {
    let Inputs { m, n, all: [x, w, b, r] } = inputs;
    // 40 M: an endless loop ends in time in Python, too.
    let cfg = Cfg { budget: 40_000_000, ..Cfg::new([m.div_ceil(ROWS), 1, 1]) };
    let launch = Launch::tile("fused", cfg).buffer("x", x).buffer("w", w).buffer("b", b).buffer("r", r);
    launch.blank("y", "f32", m * n).arg(*m as i64).arg(*n as i64)
}

fn chain(inputs: &Inputs) -> Result<Script> {
    let Inputs { m, n, all: [x, w, b, r] } = inputs;
    let tensor = |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, &Device::Cpu);
    let (x, r) = (tensor(x, &[*m, *n])?, tensor(r, &[*m, *n])?);
    Ok(Script::call("chain", args![x, tensor(w, &[*n])?, tensor(b, &[*n])?, r]))
}

impl Inputs {
    fn one_pass(&self) -> Script {
        let [x, w, b, r] = self.all.clone();
        // A smaller x alone would no longer be made of rows.
        Script::call("fused_cpu", args![x, w, b, r]).keep(&[0, 1, 2, 3])
    }
}

/// Bytes beyond the fewest: the launch is call 5, after the five buffers; M and N are its arguments 6 and 7.
fn beyond(seen: &Seen<'_>, counter: &str, least: impl Fn(f64, f64) -> f64) -> (f64, String) {
    let (m, n, bytes) = (given(seen, 5, 6), given(seen, 5, 7), device::counter(seen, counter));
    let least = least(m, n);
    (bytes - least, format!("{m} x {n}: {bytes} bytes, the least are {least}"))
}

fn loaded(seen: &Seen<'_>) -> (f64, String) {
    beyond(seen, "ld_bytes", |m, n| 4.0 * (2.0 * m * n + 2.0 * n * (m / ROWS as f64).ceil()))
}

fn stored(seen: &Seen<'_>) -> (f64, String) {
    beyond(seen, "st_bytes", |m, n| 4.0 * m * n)
}
