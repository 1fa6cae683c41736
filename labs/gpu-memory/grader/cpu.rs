//! The experiment `fused-cpu`: one pass against an operation at a time, from a kilobyte to 32 MiB.

use super::super::solution;
use crate::grading::{Bench, ROUNDS, Stop, Timings, Whose, plain};
use crate::submission::{Block, Observation};
use crate::verdict::{Axis, Chart, Series};
use lab_sdk::{Device, IntoValue, Tensor, Value};

/// Rows, columns, and calls of one timed block.
const SIZES: [(usize, usize, usize); 5] =
    [(1, 256, 1000), (64, 256, 32), (256, 1024, 4), (1024, 2048, 1), (2048, 4096, 1)];

/// x, w, b and r of (M, N), small integers that differ from round to round.
struct Inputs {
    sides: [usize; 2],
    all: [Vec<f32>; 4],
}

/// Seconds of a call over the size, and the bar at the largest.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let mut curves = [Vec::new(), Vec::new()];
    for (at, &(m, n, calls)) in SIZES.iter().enumerate() {
        let mut timings = [Timings::default(), Timings::default()];
        for round in 0..ROUNDS {
            let done = (at * ROUNDS + round) as f64 / (SIZES.len() * ROUNDS) as f64;
            bench.progress("one pass, and an operation at a time", done);
            let inputs = Inputs::new(m, n, bench.seed.wrapping_add(round as u64));
            let [yours, apart] = [("fused_cpu", inputs.flat()), ("chain", inputs.tensors()?)]
                .map(|(name, args)| Block { calls: vec![(name.to_owned(), args); calls], keep: 1 });
            let timed = bench.time(Whose::Yours, &yours)?;
            inputs.holds(timed.last.first())?;
            timings[0].push_each(timed.took, calls);
            timings[1].push_each(bench.time(Whose::Baseline, &apart)?.took, calls);
        }
        let [yours, apart] = &timings;
        let times = apart.median() / yours.median();
        if at == 0 {
            bench.remark(format!(
                "1 KiB at a time, what counts is the calls: 1000 of them take {} ms in one pass, {} ms an operation at \
                 a time",
                plain(yours.median() * 1e6, 3),
                plain(apart.median() * 1e6, 3)
            ));
        }
        if at + 1 == SIZES.len() {
            bench.held(); // every result was the solution's
            bench.clocked("an operation at a time over one pass, 32 MiB", times, "times", apart);
            let moved = (4 * 3 * m * n + 8 * n) as f64;
            bench.clocked("bytes a second of the one pass, 32 MiB", moved / yours.median(), "B/s", apart);
        }
        for (curve, timings) in curves.iter_mut().zip(&timings) {
            curve.push(((4 * m * n) as f64, timings.median()));
        }
    }
    bench.chart(traffic());
    let [yours, apart] = curves;
    let series = [Series::line("an operation at a time", apart), Series::line("yours, one pass", yours)];
    let (x, y) = (Axis::new("bytes of x", "B").log(), Axis::new("time", "s").log());
    bench.chart(Chart::plane("time of relu(x w + b) + r over the size", x, y, series));
    Ok(())
}

/// What the expression moves on a GPU, at the largest size.
fn traffic() -> Chart {
    let [m, n] = [2048.0, 4096.0];
    let rows = [
        ("four kernels", 9.0 * m * n + 2.0 * n),
        ("one, a value in between stored", 5.0 * m * n + 2.0 * n * m / 32.0),
        ("fused", 3.0 * m * n + 2.0 * n * m / 32.0),
    ];
    let rows = rows.map(|(name, floats)| (name, 4.0 * floats));
    Chart::bars("bytes of relu(x w + b) + r over 2048 x 4096 floats", "B", rows)
}

impl Inputs {
    fn new(m: usize, n: usize, salt: u64) -> Self {
        let salt = (salt % 1009) as usize;
        let floats = |length: usize, by: usize| -> Vec<f32> {
            (0..length).map(|i| ((i * by + salt) % 41) as f32 - 20.0).collect()
        };
        Self { sides: [m, n], all: [floats(m * n, 7), floats(n, 5), floats(n, 11), floats(m * n, 3)] }
    }

    fn flat(&self) -> Vec<Value> {
        self.all.iter().map(|values| values.clone().into_value()).collect()
    }

    fn tensors(&self) -> lab_sdk::Result<Vec<Value>> {
        let [x, w, b, r] = &self.all;
        let [m, n] = self.sides;
        let tensor = |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, &Device::Cpu);
        Ok(vec![
            tensor(x, &[m, n])?.into_value(),
            tensor(w, &[n])?.into_value(),
            tensor(b, &[n])?.into_value(),
            tensor(r, &[m, n])?.into_value(),
        ])
    }

    /// Whether the last result of a block is right: all values are exact in f32.
    fn holds(&self, got: Option<&Observation>) -> Result<(), Stop> {
        let [x, w, b, r] = &self.all;
        let wanted = solution::fused_cpu(x, w, b, r);
        let got = match got {
            Some(Observation::Value(Value::F32s(got))) => got,
            Some(Observation::Value(other)) => return Err(Stop::other_kind("fused_cpu", other, "a list of floats")),
            _ => return Err(Stop::Ours("a block without a result".to_owned())),
        };
        let differs = wanted.iter().zip(got).position(|(wanted, got)| wanted != got);
        let Some(at) = differs.or((wanted.len() != got.len()).then_some(got.len().min(wanted.len()))) else {
            return Ok(());
        };
        let shown = |values: &[f32]| values.get(at).map_or("nothing".to_owned(), f32::to_string);
        let place = format!("y[{at}] of {} x {}", self.sides[0], self.sides[1]);
        Err(Stop::differs("`fused_cpu` while it is timed", shown(got), shown(&wanted)).at(place))
    }
}
