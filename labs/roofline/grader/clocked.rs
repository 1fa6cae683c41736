//! Kernels that run on this machine: candle or NumPy in the learner's process, on one thread, in f32.

use super::intensity::POINT;
use crate::args;
use crate::grading::{Bench, ROUNDS, Stop, Timings, Whose, read, repeats};
use crate::reference::kernels::kernel;
use crate::submission::Block;
use lab_sdk::{IntoValue, Kernel, Machine, Op, Point, Value};
use std::time::Duration;

/// Bytes of an f32.
pub const WIDTH: u32 = 4;
/// Seconds that one timed block takes at least, and calls in it at most.
const BLOCK: f64 = 0.01;
const MOST: usize = 5000;

/// What an empty kernel takes, microseconds: the launch of this machine and language.
pub fn launch_us(bench: &mut Bench<'_>) -> Result<f64, Stop> {
    let empty = kernel(Op::Act { kind: "relu".to_owned() }, &[&[1]])?;
    Ok(1e6 * time(bench, &[vec![empty]])?[0].median())
}

/// Seconds of layers, whose kernels run one after the other; the layers take turns.
pub fn time(bench: &mut Bench<'_>, layers: &[Vec<Kernel>]) -> Result<Vec<Timings>, Stop> {
    let mut ready = Vec::new();
    for layer in layers {
        let mut objects = Vec::new();
        for kernel in layer {
            objects.push(bench.ask(Whose::Yours, "Ready.new", &[kernel.clone().into_value()])?);
        }
        // Once to warm up, once to see how long it takes.
        block(bench, &objects, 1)?;
        let once = block(bench, &objects, 1)?.as_secs_f64();
        ready.push((objects, repeats(once, BLOCK, MOST)));
    }
    let mut timings = vec![Timings::default(); layers.len()];
    for _ in 0..ROUNDS {
        for ((objects, times), timings) in ready.iter().zip(&mut timings) {
            timings.push_each(block(bench, objects, *times)?, *times);
        }
    }
    Ok(timings)
}

/// What so many runs of the kernels in `objects` take.
fn block(bench: &mut Bench<'_>, objects: &[Value], times: usize) -> Result<Duration, Stop> {
    let run = |object: &Value| ("Ready.run".to_owned(), vec![object.clone()]);
    let calls = (0..times).flat_map(|_| objects.iter().map(run)).collect();
    Ok(bench.time(Whose::Yours, &Block { calls, keep: 1 })?.took)
}

/// Where the learner's `roofline` puts a kernel; it has to be where the solution does.
pub fn placed(bench: &mut Bench<'_>, kernel: &Kernel, m: Machine) -> Result<Point, Stop> {
    let point = bench.same("your roofline is the solution's", "roofline", &args![kernel.clone(), WIDTH, m], POINT)?;
    read(&point).ok_or_else(|| Stop::other_kind("roofline", &point, "a Point"))
}
