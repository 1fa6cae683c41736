//! The replay of `oracle/`: PyTorch's autograd through the solution, and the figures of the words, computed.

use super::super::{misconceptions, solution};
use super::forward::{Kept, kept, value};
use super::spirals::{Descent, PARAMETERS, recorded};
use crate::grading::golden::{list, near, of, pairs, read, tensor};
use crate::grading::{Printed, grouped, numbers};
use lab_sdk::candle_core::Var;
use lab_sdk::{DType, Device, Result, TapeNode, TapeOp, Tensor, Vjp, ensure};
use serde_json::Value as Json;

/// How far a number in f64 may be off another, as a part of it.
const NEAR: f64 = 1e-9;
/// How far the losses of 300 steps in f32 may be off those in f64, as a part of them.
const TRAINED: f64 = 1e-3;
/// Half the way of a central difference, and how far it may be off: truncation and rounding balance near 1e-10.
const STEP: f64 = 1e-5;
const DIFFERENCE: (f64, f64) = (1e-5, 1e-7);

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let mut compared = 0;
    for record in list(&golden["products"])? {
        compared += product(record)?;
    }
    for record in list(&golden["saved"])? {
        let op: TapeOp = of(&record["op"])?;
        let theirs = Kept { ins: of(&record["ins"])?, out: of(&record["out"])? };
        ensure!(kept(&op) == theirs, "of {op:?} the lab keeps {:?}, PyTorch {theirs:?}", kept(&op));
        compared += 2;
    }
    for record in list(&golden["passes"])? {
        compared += pass(record)?;
    }
    for record in list(&golden["batches"])? {
        compared += batch(record)?;
    }
    Ok(compared + training(&golden["training"])? + figures()?)
}

fn product(record: &Json) -> Result<usize> {
    let op: TapeOp = of(&record["op"])?;
    let ins = list(&record["ins"])?.iter().map(tensor).collect::<Result<Vec<_>>>()?;
    let (out, g) = (tensor(&record["out"])?, tensor(&record["g"])?);
    let name = format!("{op:?}");
    let mut compared = same(&name, &value(&op, &ins)?, &out)?;
    let grads = solution::vjp(&op, &ins, &out, &g)?;
    let wanted = list(&record["grads"])?;
    // What comes behind them are targets, which have none.
    let (wanted_of, targets) = grads.split_at(wanted.len().min(grads.len()));
    ensure!(targets.iter().all(Option::is_none), "{name}: a gradient of targets");
    for (at, (got, wanted)) in pairs(wanted_of, wanted)?.enumerate() {
        let Some(got) = got else { return Err(format!("{name}: no gradient {at}").into()) };
        compared += same(&name, got, &tensor(wanted)?)? + differences(&op, &ins, at, &g, got)?;
    }
    Ok(compared)
}

/// The gradient of an input against central differences of the forward pass. At the kink of relu there is none.
fn differences(op: &TapeOp, ins: &[Tensor], at: usize, g: &Tensor, grad: &Tensor) -> Result<usize> {
    let (x, grad) = (numbers(&ins[at])?, numbers(grad)?);
    let along = |element: usize, by: f64| -> Result<f64> {
        let mut moved = x.clone();
        moved[element] += by;
        let mut ins = ins.to_vec();
        ins[at] = Tensor::from_vec(moved, ins[at].dims(), &Device::Cpu)?;
        Ok((value(op, &ins)? * g)?.sum_all()?.to_scalar()?)
    };
    let smooth = |element: &usize| *op != TapeOp::Relu {} || x[*element].abs() > STEP;
    for element in (0..x.len()).filter(smooth) {
        let numeric = (along(element, STEP)? - along(element, -STEP)?) / (2.0 * STEP);
        let off = (numeric - grad[element]).abs();
        let allowed = DIFFERENCE.1 + DIFFERENCE.0 * numeric.abs();
        ensure!(off <= allowed, "{op:?}, input {at}, element {element}: {} and {numeric}", grad[element]);
    }
    Ok(x.len())
}

fn pass(record: &Json) -> Result<usize> {
    let tape: Vec<TapeNode> = of(&record["tape"])?;
    let jacobians: Vec<f32> = of(&record["jacobians"])?;
    let jacobians = Tensor::from_slice(&jacobians, jacobians.len(), &Device::Cpu)?;
    let grads = solution::backward(&tape, of(&record["loss"])?, &Vjp::drawn(&tape, &jacobians, &[])?)?;
    let mut compared = 0;
    for (node, (got, wanted)) in pairs(&grads, list(&record["grads"])?)?.enumerate() {
        compared += match (got, wanted) {
            (None, Json::Null) => 1,
            (Some(got), Json::Object(_)) => same(&format!("node {node}"), &got.to_dtype(DType::F64)?, &tensor(wanted)?)?,
            (got, wanted) => return Err(format!("node {node}: {got:?} and {wanted}").into()),
        };
    }
    Ok(compared)
}

fn batch(record: &Json) -> Result<usize> {
    let pair = |pair: &Json| Ok((tensor(&pair[0])?, tensor(&pair[1])?));
    let micro = list(&record["micro"])?.iter().map(pair).collect::<Result<Vec<_>>>()?;
    let (loss, dw) = solution::accumulated(&tensor(&record["w"])?, &micro)?;
    Ok(near("loss", &[loss], &[of(&record["loss"])?], NEAR)? + same("dw", &dw, &tensor(&record["dw"])?)?)
}

/// The experiment's loop with the solution's functions, from PyTorch's start.
fn training(record: &Json) -> Result<usize> {
    let narrow = |json: &Json| Ok(tensor(json)?.to_dtype(DType::F32)?);
    let (x, arms) = (narrow(&record["x"])?, tensor(&record["arms"])?);
    let mut parameters = list(&record["parameters"])?.iter().map(narrow).collect::<Result<Vec<_>>>()?;
    let mut descent = Descent::new(&parameters)?;
    let losses: Vec<f64> = of(&record["losses"])?;
    for (step, wanted) in losses.iter().enumerate() {
        let run = recorded(&x, &arms, &parameters)?;
        let loss = run.loss()?;
        ensure!((loss - wanted).abs() <= TRAINED * wanted, "step {step}: loss {loss}, PyTorch {wanted}");
        let vjp = Vjp::yours(|a| lab_sdk::glue(|| vjp(a)), &run.tape, &run.ops, &run.kept()?)?;
        let grads = solution::backward(&run.tape, super::spirals::LOSS, &vjp)?;
        let of = |node: usize| grads[node].clone().ok_or_else(|| format!("no gradient of node {node}").into());
        descent.step(&mut parameters, &PARAMETERS.into_iter().map(of).collect::<Result<Vec<_>>>()?)?;
    }
    Ok(losses.len())
}

fn vjp(a: &lab_sdk::Args<'_>) -> Result<lab_sdk::Outcome> {
    use lab_sdk::Reply;
    Ok(solution::vjp(a.get(0)?, a.get(1)?, a.get(2)?, a.get(3)?).reply())
}

/// The figures of the brief and of the sentences.
fn figures() -> Result<usize> {
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    let mut printed = Printed::new(&[include_str!("../brief.md"), include_str!("../lab.toml")]);
    let gelu = &figures["gelu"];
    let x = Tensor::arange_step(-6.0_f64, 6.0, 1e-3, &Device::Cpu)?;
    let (op, ins) = (TapeOp::GeluTanh {}, std::slice::from_ref(&x));
    let slope = |grads: Vec<Option<Tensor>>| grads.into_iter().next().flatten().ok_or("no gradient");
    let right = slope(solution::vjp(&op, ins, &x, &x.ones_like()?)?)?;
    let other = slope(misconceptions::gelu_of_erf(&op, ins, &x, &x.ones_like()?)?)?;
    let largest: f64 = (right - other)?.abs()?.max(0)?.to_scalar()?;
    ensure!((largest - of::<f64>(&gelu["largest"])?).abs() < 5e-6, "the largest distance is {largest}");
    printed.says(&of::<String>(&gelu["printed"])?)?;

    let batches = &figures["micro_batches"];
    let (losses, tokens): (Vec<f64>, Vec<f64>) = (of(&batches["losses"])?, of(&batches["tokens"])?);
    let sum: f64 = pairs(&losses, &tokens)?.map(|(loss, n)| loss * n).sum();
    let means = losses.iter().sum::<f64>() / losses.len() as f64;
    for (computed, name) in [(sum / tokens.iter().sum::<f64>(), "right"), (means, "mean_of_means")] {
        let figure: f64 = of(&batches[name])?;
        ensure!((computed - figure).abs() < 5e-3, "{name}: {computed}, {figure}");
        printed.says(&format!("{figure:.2}"))?;
    }

    let zero = Var::from_tensor(&Tensor::new(0.0_f32, &Device::Cpu)?)?;
    let grads = zero.relu()?.backward()?;
    let at_zero = grads.get(&zero).ok_or("no gradient")?.to_scalar::<f32>()?;
    ensure!(at_zero == of::<f32>(&figures["candle_relu"]["at_zero"])?, "candle's relu has {at_zero} at 0");
    printed.says(&grouped(of(&figures["kept"]["bytes"])?))?;
    Ok(4 + printed.count())
}

/// How many numbers are equal within [`NEAR`].
fn same(what: &str, got: &Tensor, wanted: &Tensor) -> Result<usize> {
    ensure!(got.dims() == wanted.dims(), "{what}: shape {:?}, PyTorch {:?}", got.dims(), wanted.dims());
    // The gradient of nothing is nothing.
    if wanted.elem_count() == 0 {
        return Ok(0);
    }
    near(what, &numbers(got)?, &numbers(wanted)?, NEAR)
}
