//! The experiment `train`: a net is trained by the learner's `backward` and `vjp`, beside candle's own backward pass.

use super::spirals::{Descent, LOSS, PARAMETERS, Recorded, STEPS, accuracy, parameters, points, recorded};
use crate::args;
use crate::grading::{Bench, Draw, Stop, floats, value_text};
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::candle_core::Var;
use lab_sdk::{DType, FORGET, Result, Tensor, Value};

/// Every so many steps a point is drawn.
const DRAWN: usize = 5;

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    bench.progress("drawing spirals", 0.0);
    let mut draw = Draw::new(bench.seed, "spirals");
    let ((x, arms), (test, test_arms)) = (points(&mut draw)?, points(&mut draw)?);
    let begun = parameters(&mut draw)?;
    let theirs = reference(&x, &arms, &begun)?;

    let (mut trained, mut descent) = (begun.clone(), Descent::new(&begun)?);
    let (mut yours, mut calls) = (Vec::new(), 0.0);
    for step in 0..STEPS {
        if step % 20 == 0 {
            bench.progress("your backward pass trains the net", 0.1 + 0.85 * step as f64 / STEPS as f64);
        }
        let run = recorded(&x, &arms, &trained)?;
        yours.push(run.loss()?);
        let (grads, called) = gradients(bench, &run, step)?;
        calls = called;
        descent.step(&mut trained, &grads)?;
    }
    bench.held();

    let apart = yours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / b).fold(0.0, f64::max);
    bench.measured("loss, first step", yours[0], "", Clock::Count);
    bench.measured("loss, last step", yours[STEPS - 1], "", Clock::Count);
    bench.measured("loss, furthest from candle's", 100.0 * apart, "%", Clock::Count);
    bench.measured("accuracy, new points", accuracy(&test, &test_arms, &trained)?, "%", Clock::Count);
    bench.measured("calls of `vjp` a step", calls, "calls", Clock::Count);
    bytes(bench, &recorded(&x, &arms, &trained)?);
    curves(bench, &yours, &theirs);
    Ok(())
}

/// The gradients of the parameters by the learner's functions, from what a tape keeps, and how often `vjp` was called.
fn gradients(bench: &mut Bench<'_>, run: &Recorded, step: usize) -> Result<(Vec<Tensor>, f64), Stop> {
    let vjp = bench.call("Vjp.yours", &args![run.tape.clone(), run.ops.clone(), run.kept()?])?;
    let grads = bench.call("backward", &args![run.tape.clone(), LOSS, vjp.clone()])?;
    let calls = floats(&bench.call("Vjp.calls", &[vjp])?).iter().sum();
    bench.call(FORGET, &[])?;
    let grads = match grads {
        Value::List(grads) if grads.len() == run.tape.len() => grads,
        other => return Err(differs(step, "`backward` gives a gradient for each node", other.kind(), "12 gradients")),
    };
    let parameters = PARAMETERS.into_iter().zip(["W1", "b1", "W2", "b2"]);
    let each = parameters.map(|(node, name)| match &grads[node] {
        Value::Tensor(g) if g.dims() == run.tape[node].shape && g.dtype() == DType::F32 => finite(g, name, step),
        other => {
            let wanted = format!("f32 tensor of shape {:?}", run.tape[node].shape);
            Err(differs(step, &format!("the gradient of {name}"), other.kind(), &wanted))
        }
    });
    Ok((each.collect::<Result<_, _>>()?, calls))
}

/// A gradient, if it holds no NaN: what a tape does not keep is NaN here.
fn finite(g: &Tensor, name: &str, step: usize) -> Result<Tensor, Stop> {
    let values: Vec<f32> = g.flatten_all()?.to_vec1()?;
    match values.iter().find(|v| !v.is_finite()) {
        None => Ok(g.clone()),
        Some(v) => {
            let got = value_text(&Value::Float(f64::from(*v)));
            let check = format!("the gradient of {name} is read from what a tape keeps");
            Err(differs(step, &check, got, "a number: what is not kept is NaN here"))
        }
    }
}

fn differs(step: usize, check: &str, got: String, wanted: &str) -> Stop {
    Stop::differs(check, got, wanted).at(format!("step {step}"))
}

/// The losses when candle's backward pass trains the same net from the same start.
fn reference(x: &Tensor, arms: &Tensor, begun: &[Tensor]) -> Result<Vec<f64>> {
    let (mut trained, mut descent) = (begun.to_vec(), Descent::new(begun)?);
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        let vars = trained.iter().map(Var::from_tensor).collect::<Result<Vec<_>, _>>()?;
        let tracked: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        let run = recorded(x, arms, &tracked)?;
        losses.push(run.loss()?);
        let grads = run.values[LOSS].backward()?;
        let of = |p: &Tensor| grads.get(p).cloned().ok_or_else(|| "a parameter without a gradient".into());
        let grads = tracked.iter().map(of).collect::<Result<Vec<Tensor>>>()?;
        descent.step(&mut trained, &grads.iter().map(Tensor::detach).collect::<Vec<_>>())?;
    }
    Ok(losses)
}

/// What the tape kept for the way back, each value once, beside all that it computed.
fn bytes(bench: &mut Bench<'_>, run: &Recorded) {
    let names = ["x W1", "+ b1", "relu", "h W2", "+ b2", "cross-entropy"];
    let (mut seen, mut rows) = (Vec::new(), Vec::new());
    for (name, reads) in names.into_iter().zip(run.reads()) {
        let fresh: Vec<usize> = reads.into_iter().filter(|node| !seen.contains(node)).collect();
        rows.push((name, fresh.iter().map(|&node| run.bytes(node)).sum::<usize>() as f64));
        seen.extend(fresh);
    }
    let kept = rows.iter().map(|(_, bytes)| bytes).sum();
    let all = (0..run.values.len()).map(|node| run.bytes(node)).sum::<usize>() as f64;
    bench.measured("kept for the way back", kept, "B", Clock::Count);
    bench.measured("all values of the tape", all, "B", Clock::Count);
    bench.remark(
        "your `vjp` and `backward` took every step; values that the tape does not keep were NaN when they were called. The \
         forward pass and the optimizer are the same as candle's"
            .to_owned(),
    );
    bench.chart(Chart::bars("kept for the way back, by operation", "B", rows));
}

fn curves(bench: &mut Bench<'_>, yours: &[f64], theirs: &[f64]) {
    let drawn = |losses: &[f64]| -> Vec<(f64, f64)> {
        losses.iter().enumerate().step_by(DRAWN).map(|(step, loss)| (step as f64, *loss)).collect()
    };
    let series = [Series::line("your tape", drawn(yours)), Series::theory("candle's", drawn(theirs))];
    bench.chart(Chart::plane("loss of the spirals", Axis::new("step", ""), Axis::new("loss", "").log(), series));
}
