//! The experiment `fit`: a byte model trained plainly, and in 0.30 of those bytes by the learner's functions.

use super::checkpoint::peak;
use crate::args;
use crate::grading::{Bench, Draw, Stop, Timings, Whose, floats, plain};
use crate::submission::{Block, Observation};
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::stories::{Split, stories};
use lab_sdk::{Device, Result, Tensor, Value};

/// Layers, their width, and bytes of text that a prediction sees; a byte is a vector of WIDTH / CONTEXT numbers.
const LAYERS: usize = 16;
const WIDTH: usize = 128;
const CONTEXT: usize = 16;
/// Rows of a batch and of a micro-batch.
const ROWS: usize = 512;
const MICRO: usize = 256;
const STEPS: usize = 20;
/// Learning rate.
const RATE: f64 = 0.02;
/// The part of the plain run's peak that may be used.
const PART: f64 = 0.30;

/// One of the two runs.
struct Run {
    chain: Value,
    micro: usize,
    keep: Vec<usize>,
    times: Timings,
    loss: f64,
}

/// Trains both, step by step in turn.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let mut draw = Draw::new(bench.seed, "fit");
    let text = stories(bench.seed, Split::Train, 200_000).bytes;
    let letters: Vec<f32> = (0..256 * WIDTH / CONTEXT).map(|_| draw.normal() as f32).collect();
    let weights = weights(&mut draw)?;

    let mut plain_run = begin(bench, &weights, "full", ROWS, vec![0])?;
    let mut batch = batch(&mut draw, &text, &letters)?;
    step(bench, &mut plain_run, &batch)?;
    let fixed = bench.number("Chain.fixed_bytes", &[plain_run.chain.clone()])?;
    let whole = fixed + bench.number("Chain.peak", &[plain_run.chain.clone()])?;

    let (input, saved) = sizes(MICRO, 2);
    let budget = (PART * whole - fixed) as usize;
    let planned = bench.call("plan", &args![input.clone(), saved.clone(), budget])?;
    let Value::Usizes(keep) = planned else { return Err(Stop::other_kind("plan", &planned, "a list of layers")) };
    let mut fitted = begin(bench, &weights, "bf16", MICRO, keep.clone())?;
    step(bench, &mut fitted, &batch)?;
    let mut curves: [Vec<f64>; 2] = [vec![plain_run.loss], vec![fitted.loss]];
    for at in 1..STEPS {
        bench.progress("two runs, step by step", at as f64 / STEPS as f64);
        batch = self::batch(&mut draw, &text, &letters)?;
        for (run, curve) in [&mut plain_run, &mut fitted].into_iter().zip(&mut curves) {
            bench.call("Chain.reset", std::slice::from_ref(&run.chain))?;
            step(bench, run, &batch)?;
            curve.push(run.loss);
        }
    }
    let used = fixed + bench.number("Chain.peak", &[fitted.chain.clone()])?;
    bench.measured("peak, plain", whole / 1e6, "MB", Clock::Count);
    bench.measured("peak, fitted", used / 1e6, "MB", Clock::Count);
    bench.measured("peak, over the plain run's", used / whole, "times", Clock::Count);
    bench.measured("loss after 20 steps, plain", plain_run.loss, "nats a byte", Clock::Count);
    let apart = (fitted.loss / plain_run.loss - 1.0).abs();
    bench.measured("loss after 20 steps, apart", apart, "of the plain loss", Clock::Count);
    let ratio = fitted.times.median() / plain_run.times.median();
    bench.clocked("time of a step, over the plain run's", ratio, "times", &plain_run.times);
    bench.remark(format!(
        "your plan keeps the inputs of layers {keep:?}: {} of {LAYERS} layers run twice",
        keep.last().copied().unwrap_or_default()
    ));

    bench.chart(tricks(fixed, budget, used));
    let mut series = Vec::new();
    for (name, run) in [("plain", &plain_run), ("fitted", &fitted)] {
        let history = floats(&bench.call("Chain.history", std::slice::from_ref(&run.chain))?);
        let part = |at: usize| 100.0 * (at + 1) as f64 / history.len() as f64;
        let points = history.iter().enumerate().map(|(at, held)| (part(at), fixed + held));
        series.push(Series::line(name, points));
    }
    series.push(Series::theory("0.30 of plain", [(0.0, PART * whole), (100.0, PART * whole)]));
    let (x, y) = (Axis::new("of the step's changes", "%"), Axis::new("held", "B"));
    bench.chart(Chart::plane("bytes held during the last step", x, y, series));
    let lines = [("plain", &curves[0]), ("fitted", &curves[1])]
        .map(|(name, curve)| Series::line(name, curve.iter().enumerate().map(|(at, loss)| (at as f64 + 1.0, *loss))));
    bench.chart(Chart::plane("loss", Axis::new("step", ""), Axis::new("loss", "nats"), lines));
    Ok(())
}

/// A chain of its own, with the same weights.
fn begin(bench: &mut Bench<'_>, weights: &[Tensor], store: &str, micro: usize, keep: Vec<usize>) -> Result<Run, Stop> {
    let chain = bench.call("Chain.new", &args![weights.to_vec(), 0.0_f64, 1_u64])?;
    bench.call("Chain.store", &[chain.clone(), Value::Str(store.to_owned())])?;
    Ok(Run { chain, micro, keep, times: Timings::default(), loss: f64::NAN })
}

/// One step of gradient descent, timed but for the update.
fn step(bench: &mut Bench<'_>, run: &mut Run, (x, y): &(Tensor, Vec<u32>)) -> Result<(), Stop> {
    let args = args![run.chain.clone(), x.clone(), y.clone(), run.micro, run.keep.clone()];
    let timed = bench.time(Whose::Yours, &Block { calls: vec![("train_step".to_owned(), args)], keep: 1 })?;
    run.times.push(timed.took);
    match timed.last.last() {
        Some(Observation::Value(Value::Float(loss))) => run.loss = *loss,
        Some(Observation::Value(other)) => return Err(Stop::other_kind("train_step", other, "a loss, f64")),
        _ => return Err(Stop::Ours("a block without a result".to_owned())),
    }
    bench.call("Chain.update", &[run.chain.clone(), Value::Float(RATE)])?;
    Ok(())
}

/// (WIDTH, WIDTH) of each layer: products that leave tanh in its bend, and small logits. Text is ASCII: WIDTH classes.
fn weights(draw: &mut Draw) -> Result<Vec<Tensor>> {
    let spread = |i: usize| if i + 1 < LAYERS { 0.7 } else { 0.2 } / (WIDTH as f64).sqrt();
    (0..LAYERS).map(|i| draw.tensor(&[WIDTH, WIDTH], |d| spread(i) * d.normal())).collect()
}

/// ROWS places of the text: the bytes before each as vectors (ROWS, WIDTH), and the byte that follows.
fn batch(draw: &mut Draw, text: &[u8], letters: &[f32]) -> Result<(Tensor, Vec<u32>)> {
    let size = WIDTH / CONTEXT;
    let (mut x, mut y) = (Vec::with_capacity(ROWS * WIDTH), Vec::with_capacity(ROWS));
    for _ in 0..ROWS {
        let at = draw.size(CONTEXT..=text.len() - 1);
        for &byte in &text[at - CONTEXT..at] {
            x.extend_from_slice(&letters[usize::from(byte) * size..(usize::from(byte) + 1) * size]);
        }
        y.push(u32::from(text[at]));
    }
    Ok((Tensor::from_vec(x, (ROWS, WIDTH), &Device::Cpu)?, y))
}

/// Bytes of the input of each layer and of what it saves, for `rows` rows of `each` bytes a number: its input, and the
/// result of tanh in all layers but the last.
fn sizes(rows: usize, each: usize) -> (Vec<usize>, Vec<usize>) {
    let input = rows * WIDTH * each;
    (vec![input; LAYERS], (0..LAYERS).map(|i| if i + 1 < LAYERS { 2 * input } else { input }).collect())
}

/// What each trick would leave of the plain run's peak, and the run that was measured.
fn tricks(fixed: f64, budget: usize, used: f64) -> Chart {
    let plain = |rows, each| {
        let (input, saved) = sizes(rows, each);
        fixed + peak(&input, &saved, &[0]).0 as f64
    };
    let rows = [
        ("plain", plain(ROWS, 4)),
        ("micro-batches", plain(MICRO, 4)),
        ("micro-batches, BF16", plain(MICRO, 2)),
        ("and your plan", used),
        ("weights and gradients", fixed),
    ];
    let title = format!("peak bytes; activations may take {} MB", plain_mb(budget));
    Chart::bars(title, "MB", rows.map(|(name, bytes)| (name, bytes / 1e6)))
}

fn plain_mb(bytes: usize) -> String {
    plain(bytes as f64 / 1e6, 3)
}
