//! The experiment `transfer`: a net that knows digits is fine-tuned on mirrored ones while it is pruned, by magnitude and
//! by movement, along the learner's ramp.

use super::training::{BATCH, DIGITS, SIDE, TEST, batches, rows, train};
use crate::args;
use crate::grading::{Bench, Rule, Stop, compare, part, plain, tensors};
use crate::reference::mlp::{Adam, Mlp, Rows, cross_entropy};
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::glyphs::{CALIBRATION_SEED, Style, TEST_SEED, TRAIN_SEED};
use lab_sdk::{DType, Device, IntoValue, Result as Lab, Tensor, Value};

/// Easier than [`Style::HARD`], so that little is left to chance: no clutter, less noise.
const STYLE: Style = Style { noise: 0.2, clutter: 0, ..Style::HARD };
const SIZES: [usize; 4] = [SIDE * SIDE, 128, 64, DIGITS];
/// Images of the ten digits, and of the task that the net is tuned for.
const IMAGES: (usize, usize) = (6000, 2000);
const STEPS: (usize, usize) = (600, 800);
const RATE: (f32, f32) = (2e-3, 1e-3);
/// Mirrored digits by what they look like: 0 round and the like, 1 straight, 2 open.
const CLASSES: [u32; DIGITS] = [0, 1, 2, 2, 1, 2, 0, 1, 0, 0];
/// The ramp: from a tenth of the tuning to six tenths of it.
const RAMP: (u64, u64) = (80, 480);
/// Parts of the weights that are left at the end.
const DENSITIES: [f64; 4] = [0.3, 0.1, 0.05, 0.03];
/// Of the scores; their ranking is the same for every rate.
const SCORE_RATE: f32 = 0.01;
/// The learner's functions make the mask of one step in so many.
const SAMPLED: usize = 20;

#[derive(Clone, Copy, PartialEq)]
enum Method {
    Magnitude,
    Movement,
}

/// The task and the net that it begins with.
struct Task {
    net: Mlp,
    data: Rows,
    test: Rows,
    seed: u64,
}

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    bench.progress("a net learns digits", 0.0);
    let task = Task::new(bench.seed)?;
    let (untouched, _) = tune(bench, &task, None, 0.05)?;
    let mut lines = [Vec::new(), Vec::new()];
    let mut left = Vec::new();
    for (at, &density) in DENSITIES.iter().enumerate() {
        let ramp = ramp(bench, density)?;
        left.clear();
        for (line, method) in [Method::Magnitude, Method::Movement].into_iter().enumerate() {
            let done = 0.1 + 0.9 * (2 * at + line) as f64 / (2 * DENSITIES.len()) as f64;
            let (accuracy, mask) = tune(bench, &task, Some((method, &ramp)), done)?;
            lines[line].push((100.0 * density, accuracy));
            left.push(mask);
        }
    }
    bench.held();

    let [magnitude, movement] = lines;
    bench.measured("accuracy, dense", untouched, "%", Clock::Count);
    for (m, v) in magnitude.iter().zip(&movement) {
        bench.measured(&format!("accuracy at {} %, magnitude", m.0), m.1, "%", Clock::Count);
        bench.measured(&format!("accuracy at {} %, movement", m.0), v.1, "%", Clock::Count);
    }
    let above = |at: usize| movement[at].1 - magnitude[at].1;
    bench.measured("movement above magnitude at 3 %", above(DENSITIES.len() - 1), "points", Clock::Count);
    bench.measured("apart at 30 %", above(0).abs(), "points", Clock::Count);
    bench.remark(format!(
        "your `cubic` made every ramp; your `global_mask` and `movement_step` made the masks of one step in {SAMPLED}, \
         which had to be the solution's, and the solution made the others"
    ));
    if let [m, v] = &left[..] {
        let both = m.iter().zip(v).filter(|(m, v)| **m != 0 && **v != 0).count();
        let kept = m.iter().filter(|m| **m != 0).count();
        let share = plain(100.0 * both as f64 / kept as f64, 3);
        bench.remark(format!("at 3 % the two masks have {share} % of their weights in common"));
    }
    let series = [
        Series::line("dense", [(3.0, untouched), (30.0, untouched)]),
        Series::line("magnitude", magnitude),
        Series::line("movement", movement),
    ];
    let (x, y) = (Axis::new("weights left", "%").log(), Axis::new("accuracy", "%"));
    bench.chart(Chart::plane(format!("accuracy after {} steps of tuning", STEPS.1), x, y, series));
    Ok(())
}

impl Task {
    fn new(seed: u64) -> Lab<Self> {
        let mut net = Mlp::new(&SIZES, seed);
        train(&mut net, &rows(TRAIN_SEED, IMAGES.0, &STYLE)?, &[], STEPS.0, RATE.0, seed)?;
        // The layers below stay, the classes are new.
        let head = Mlp::new(&[SIZES[2], 3], seed.wrapping_add(1));
        net.sizes[3] = 3;
        net.weights[2].clone_from(&head.weights[0]);
        net.biases[2].clone_from(&head.biases[0]);
        let data = mirrored(rows(CALIBRATION_SEED, IMAGES.1, &STYLE)?);
        Ok(Self { net, data, test: mirrored(rows(TEST_SEED, TEST, &STYLE)?), seed })
    }
}

/// Left to right, with the classes of the new task.
fn mirrored(mut images: Rows) -> Rows {
    images.values.chunks_exact_mut(SIDE).for_each(<[f32]>::reverse);
    images.labels.iter_mut().for_each(|label| *label = CLASSES[*label as usize]);
    images
}

/// The sparsity after each step, by the learner's `cubic`.
fn ramp(bench: &mut Bench<'_>, density: f64) -> Result<Vec<f64>, Stop> {
    let mut ramp = Vec::with_capacity(STEPS.1);
    for t in 1..=STEPS.1 as u64 {
        let values = args![t, RAMP.0, RAMP.1, 0.0, 1.0 - density];
        match bench.same(&format!("sparsity at step {t}"), "cubic", &values, Rule::Ulps(2))? {
            Value::Float(sparsity) => ramp.push(sparsity.clamp(0.0, 1.0)),
            other => return Err(Stop::other_kind("cubic", &other, "a number")),
        }
    }
    Ok(ramp)
}

/// Fine-tunes, pruning the two hidden layers along the ramp; the accuracy and the last mask.
fn tune(
    bench: &mut Bench<'_>,
    task: &Task,
    pruning: Option<(Method, &[f64])>,
    done: f64,
) -> Result<(f64, Vec<u8>), Stop> {
    let mut net = task.net.clone();
    let first = net.weights[0].len();
    let hidden = first + net.weights[1].len();
    let (mut mask, mut scores) = (vec![1u8; hidden], Tensor::from_vec(vec![0f32; hidden], hidden, &Device::Cpu)?);
    let (mut rng, mut adam) = (batches(task.seed), Adam::new(&net, RATE.1));
    let mut masked = net.clone();
    for step in 0..STEPS.1 {
        if step % 100 == 0 {
            let what = match pruning {
                None => "tuning without pruning".to_owned(),
                Some((Method::Magnitude, ramp)) => format!("magnitude to {} %", left(ramp)),
                Some((Method::Movement, ramp)) => format!("movement to {} %", left(ramp)),
            };
            bench.progress(&what, done);
        }
        let (x, labels) = task.data.draw(BATCH, &mut rng)?;
        let mut slopes = masked.slopes(&x, |logits| cross_entropy(logits, &labels))?;
        let weights = joined(&net.weights)?;
        let slope = joined(&slopes.weights)?;
        // A pruned weight does not move, as its slope in the loss is 0; its score may.
        cut(&mut slopes.weights, &mask);
        adam.step(&mut net, &slopes);
        if let Some((method, ramp)) = pruning {
            let sampled = step % SAMPLED == 0;
            mask = match method {
                Method::Magnitude => by_magnitude(bench, &net, ramp[step], sampled)?,
                Method::Movement => {
                    let values = args![weights, scores, slope, 1.0 - ramp[step], SCORE_RATE];
                    let (moved, mask) = by_movement(bench, &values, step, sampled)?;
                    scores = moved;
                    mask
                }
            };
        }
        masked.clone_from(&net);
        cut(&mut masked.weights, &mask);
    }
    Ok((masked.accuracy(&task.test)?, mask))
}

/// `30` of a ramp that ends at 0.7.
fn left(ramp: &[f64]) -> String {
    plain(100.0 * (1.0 - ramp.last().copied().unwrap_or(0.0)), 3)
}

/// The hidden layers' weights in a row.
fn joined(weights: &[Vec<f32>]) -> Lab<Tensor> {
    let all = [weights[0].as_slice(), weights[1].as_slice()].concat();
    let count = all.len();
    Ok(Tensor::from_vec(all, count, &Device::Cpu)?)
}

/// Sets what `mask` does not keep to 0, in the hidden layers.
fn cut(weights: &mut [Vec<f32>], mask: &[u8]) {
    let hidden = weights[..2].iter_mut().flatten();
    hidden.zip(mask).filter(|(_, m)| **m == 0).for_each(|(w, _)| *w = 0.0);
}

/// The mask of the smallest magnitudes, by the learner's function or the solution's.
fn by_magnitude(bench: &mut Bench<'_>, net: &Mlp, sparsity: f64, sampled: bool) -> Result<Vec<u8>, Stop> {
    let values = args![net.tensors()?, vec![2usize], sparsity];
    let masks = match sampled {
        true => bench.same("masks of `global_mask`", "global_mask", &values, Rule::Exact)?,
        false => bench.solve("global_mask", &values)?,
    };
    let masks = tensors(&masks);
    let flat = masks[..2].iter().map(|mask| mask.flatten_all()?.to_vec1::<u8>());
    Ok(flat.collect::<Result<Vec<_>, _>>()?.concat())
}

/// The scores after a step and their mask, by the learner's function or the solution's. The learner's scores may differ by
/// rounding, so their mask has to be that of their own scores.
fn by_movement(
    bench: &mut Bench<'_>,
    values: &[Value],
    step: usize,
    sampled: bool,
) -> Result<(Tensor, Vec<u8>), Stop> {
    let right = bench.solve("movement_step", values)?;
    if !sampled {
        return parts(&right);
    }
    let found = bench.call("movement_step", values)?;
    // A product of three and a difference round a handful of times.
    let differs = |rule, got: &Value, wanted: &Value| compare(rule, got, wanted, f64::from(f32::EPSILON));
    let differs = |what: &str, rule, got: Option<&Value>, wanted: Option<&Value>| match (got, wanted) {
        (Some(got), Some(wanted)) => match differs(rule, got, wanted) {
            Some(difference) => Err(Stop::Differs(difference.finding(&format!("{what} of step {step}"), ""))),
            None => Ok(()),
        },
        _ => Err(Stop::other_kind("movement_step", &found, "scores and a mask")),
    };
    differs("scores", Rule::Floor(8.0), part(&found, 0), part(&right, 0))?;
    let (scores, mask) = parts(&found)?;
    let still = [values[0].clone(), scores.clone().into_value(), scores.zeros_like()?.into_value()];
    let own = bench.solve("movement_step", &[&still[..], &values[3..]].concat())?;
    differs("mask", Rule::Exact, part(&found, 1), part(&own, 1))?;
    Ok((scores, mask))
}

/// Scores and mask of a result.
fn parts(found: &Value) -> Result<(Tensor, Vec<u8>), Stop> {
    match (part(found, 0), part(found, 1)) {
        (Some(Value::Tensor(scores)), Some(Value::Tensor(mask))) => {
            Ok((scores.clone(), mask.flatten_all()?.to_dtype(DType::U8)?.to_vec1()?))
        }
        _ => Err(Stop::other_kind("movement_step", found, "scores and a mask")),
    }
}
