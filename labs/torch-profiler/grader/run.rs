//! The run that `amdahl` is about: batches through the shipped CNN, recorded as a profiler would, with the first depthwise
//! convolution either by candle's grouped convolution or by the direct loops of the SDK.

use crate::grading::{ROUNDS, Timings};
use crate::reference::trace::{Recorder, Trace};
use lab_sdk::cnn::{Cnn, Node, Op};
use lab_sdk::glyphs::{CALIBRATION_SEED, Style, glyphs};
use lab_sdk::{Error, Result, Tensor, ensure};
use std::time::{Duration, Instant};

/// Images of a batch, and steps of a run.
const BATCH: usize = 8;
pub const STEPS: usize = 6;
/// What the loader's event is called in PyTorch.
const LOADER: &str = "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__";
/// The layer that there are two ways for, and its operator in the slow one.
const LAYER: &str = "ds.depthwise";
pub const OP: &str = "grouped_conv2d";

/// A way of computing a depthwise convolution.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A matrix product for each channel.
    Grouped,
    /// Loops over rows.
    Direct,
}

/// A recorded run of some steps.
pub struct Run {
    /// What was recorded.
    pub trace: Trace,
    /// The same seconds by a clock beside the recorder.
    pub wall: Duration,
}

/// Runs of both ways in turn.
pub struct Runs {
    /// The grouped run in the middle, by its time.
    pub slow: Run,
    /// The direct one in the middle.
    pub fast: Run,
    /// Seconds of the steps.
    pub slow_steps: Timings,
    /// Likewise.
    pub fast_steps: Timings,
    /// Seconds of the layer alone, grouped over direct.
    pub factor: f64,
}

/// Records both ways on one thread.
pub fn record() -> Result<Runs> {
    let net = Cnn::load()?;
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| Error::new(e.to_string()))?;
    one.install(|| {
        let (layer, x) = layer(&net)?;
        // The first runs pay for memory and for code that was never run.
        steps(&net, Way::Grouped)?;
        steps(&net, Way::Direct)?;
        let (mut slow, mut fast) = (Vec::new(), Vec::new());
        let mut alone = [Timings::default(), Timings::default()];
        for _ in 0..ROUNDS {
            slow.push(steps(&net, Way::Grouped)?);
            fast.push(steps(&net, Way::Direct)?);
            for (timings, way) in alone.iter_mut().zip([Way::Grouped, Way::Direct]) {
                let begun = Instant::now();
                for _ in 0..STEPS {
                    compute(layer, &[&x], way)?;
                }
                timings.push(begun.elapsed());
            }
        }
        let timings = |runs: &[Run]| {
            let mut timings = Timings::default();
            runs.iter().for_each(|run| timings.push(run.wall));
            timings
        };
        let (slow_steps, fast_steps) = (timings(&slow), timings(&fast));
        let factor = alone[0].median() / alone[1].median();
        Ok(Runs { slow: middle(slow)?, fast: middle(fast)?, slow_steps, fast_steps, factor })
    })
}

/// One run, for its form.
pub fn record_once(way: Way) -> Result<Run> {
    steps(&Cnn::load()?, way)
}

fn middle(mut runs: Vec<Run>) -> Result<Run> {
    runs.sort_by_key(|run| run.wall);
    let at = runs.len() / 2;
    runs.into_iter().nth(at).ok_or_else(|| "nothing was run".into())
}

/// The layer with two ways, and what it reads.
fn layer(net: &Cnn) -> Result<(&Node, Tensor)> {
    let outputs = net.forward_all(&glyphs(CALIBRATION_SEED, BATCH, &Style::CNN)?.images)?;
    let node = net.nodes.iter().find(|node| node.name == LAYER).ok_or_else(|| format!("no layer `{LAYER}`"))?;
    let x =
        node.inputs.first().and_then(|&from| outputs.get(from)).ok_or_else(|| format!("`{LAYER}` reads nothing"))?;
    Ok((node, x.clone()))
}

fn steps(net: &Cnn, way: Way) -> Result<Run> {
    let mut recorder = Recorder::default();
    let begun = Instant::now();
    for step in 0..STEPS {
        recorder.record("user_annotation", &format!("ProfilerStep#{step}"), |recorder| -> Result<()> {
            let seed = CALIBRATION_SEED + step as u64;
            let batch = recorder.record("user_annotation", LOADER, |_| glyphs(seed, BATCH, &Style::CNN))?;
            let logits =
                recorder.record("cpu_op", "cnn_forward", |recorder| forward(recorder, net, &batch.images, way))?;
            let found: Vec<u32> = recorder.record("cpu_op", "argmax", |_| logits.argmax(1)?.to_vec1())?;
            ensure!(found.len() == BATCH, "{} classes of {BATCH} images", found.len());
            Ok(())
        })?;
    }
    let wall = begun.elapsed();
    Ok(Run { trace: recorder.trace(), wall })
}

fn forward(recorder: &mut Recorder, net: &Cnn, images: &Tensor, way: Way) -> Result<Tensor> {
    let mut outputs: Vec<Tensor> = Vec::with_capacity(net.nodes.len());
    for node in &net.nodes {
        let inputs: Vec<&Tensor> = node.inputs.iter().filter_map(|&i| outputs.get(i)).collect();
        let output = match &node.op {
            Op::Input => images.clone(),
            _ => recorder.record("cpu_op", name(node, way), |_| compute(node, &inputs, way))?,
        };
        outputs.push(output);
    }
    outputs.pop().ok_or_else(|| "a net without nodes".into())
}

fn compute(node: &Node, inputs: &[&Tensor], way: Way) -> Result<Tensor> {
    match (&node.op, inputs) {
        (Op::Conv { w, stride, pad, groups, .. }, [x]) if name(node, way) == OP => {
            Ok(x.conv2d(w, *pad, *stride, 1, *groups)?)
        }
        (op, _) => op.apply(inputs),
    }
}

/// What an operator is called in the trace.
fn name(node: &Node, way: Way) -> &'static str {
    match &node.op {
        Op::Conv { .. } if node.name == LAYER && way == Way::Grouped => OP,
        Op::Input => "input",
        Op::Conv { groups, .. } if *groups > 1 => "depthwise_conv2d",
        Op::Conv { w, .. } if w.dims()[2] == 1 => "pointwise_conv2d",
        Op::Conv { .. } => "conv2d",
        Op::BatchNorm { .. } => "batch_norm",
        Op::Relu => "relu",
        Op::HardSwish => "hardswish",
        Op::HardSigmoid => "hardsigmoid",
        Op::Add => "add",
        Op::Mul => "mul",
        Op::GlobalPool => "global_pool",
        Op::Linear { .. } => "linear",
    }
}
