//! The replay of `oracle/`: PyTorch's checkpointed gradients and its scaler through the solution, exhaustive searches of
//! plans and schedules, and the figures of the brief.

use super::super::solution;
use super::checkpoint::peak;
use super::questions::{best_uniform, layer_bytes};
use super::timeline::{Machine, Task, run};
use crate::grading::golden::{self, list, matrix, near, of, pairs, read};
use crate::grading::{Printed, grouped, numbers};
use lab_sdk::{Amp, Chain, DType, Device, Result, Tensor, ensure};
use serde_json::{Value as Json, json};

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    Ok(gradients(&golden["chain"])? + forwards(&golden["sequential"])? + scaler(&golden["scaler"])?
        + searched_plans()? + searched_schedules(&golden["schedules"])? + figures()?)
}

/// Loss and gradients of torch.autograd through torch.utils.checkpoint, in f64, with masks of the same generator.
fn gradients(golden: &Json) -> Result<usize> {
    let weights: Vec<Tensor> = list(&golden["weights"])?.iter().map(matrix).collect::<Result<_>>()?;
    let mut chain = Chain::new(&weights, of(&golden["dropout"])?, of(&golden["seed"])?)?;
    let (keep, labels): (Vec<usize>, Vec<u32>) = (of(&golden["keep"])?, of(&golden["labels"])?);
    chain.feed(&matrix(&golden["x"])?, &labels)?;
    let loss = solution::run_ckpt(&mut chain, &keep, of(&golden["scale"])?)?;
    let mut compared = near("the loss", &[loss], &[of(&golden["loss"])?], 1e-12)?;
    for (layer, (ours, theirs)) in pairs(chain.grads(), list(&golden["grads"])?)?.enumerate() {
        compared += near(&format!("the gradient of layer {layer}"), &numbers(ours)?, &numbers(&matrix(theirs)?)?, 1e-10)?;
    }
    Ok(compared)
}

/// How often layers ran in torch.utils.checkpoint.checkpoint_sequential with equal segments.
fn forwards(golden: &Json) -> Result<usize> {
    let rows = list(golden)?;
    for row in rows {
        let (layers, segments): (usize, usize) = (of(&row["layers"])?, of(&row["segments"])?);
        let weights = vec![Tensor::ones((2, 2), DType::F64, &Device::Cpu)?; layers];
        let mut chain = Chain::new(&weights, 0.0, 1)?;
        chain.feed(&Tensor::ones((1, 2), DType::F64, &Device::Cpu)?, &[0])?;
        let keep: Vec<usize> = (0..segments).map(|at| at * (layers / segments)).collect();
        solution::run_ckpt(&mut chain, &keep, 1.0)?;
        let theirs: usize = of(&row["forwards"])?;
        ensure!(chain.forwards() == theirs, "{row}: {} forwards here", chain.forwards());
    }
    Ok(rows.len())
}

/// The scale, the skipped steps and the masters of torch.amp.GradScaler with SGD, momentum and clip_grad_norm_.
fn scaler(golden: &Json) -> Result<usize> {
    let weights = list(&golden["weights"])?.iter().map(vector).collect::<Result<Vec<Tensor>>>()?;
    let defaults = json!([65536.0, 2.0, 0.5, 2000]);
    ensure!(golden["defaults"] == defaults, "GradScaler's defaults are {}", golden["defaults"]);
    let mut amp = Amp::new(&weights, &golden["settings"])?;
    let mut compared = 4;
    for (at, row) in list(&golden["steps"])?.iter().enumerate() {
        let grads = list(&row["grads"])?.iter().map(half).collect::<Result<Vec<Tensor>>>()?;
        let moved = solution::amp_step(&mut amp, &grads)?;
        ensure!(row["moved"] == moved, "step {at}: moved {moved}");
        ensure!(row["scale"] == amp.scale, "step {at}: scale {}, PyTorch {}", amp.scale, row["scale"]);
        for (ours, theirs) in pairs(&amp.master, list(&row["masters"])?)? {
            compared += near(&format!("a weight after step {at}"), &numbers(ours)?, &of::<Vec<f64>>(theirs)?, 1e-6)?;
        }
        compared += 2;
    }
    Ok(compared)
}

/// All plans of small chains: the best within each budget, by the formula of the stub.
fn searched_plans() -> Result<usize> {
    let mut state = 1_u64;
    let mut size = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most as usize + 1
    };
    let mut compared = 0;
    for layers in 1..=11 {
        for _ in 0..6 {
            let (input, saved): (Vec<usize>, Vec<usize>) = (0..layers).map(|_| (size(9), size(40))).unzip();
            let plans: Vec<(usize, usize)> = (0..1_usize << (layers - 1))
                .map(|set| {
                    let keep: Vec<usize> = (0..layers).filter(|&i| i == 0 || set >> (i - 1) & 1 == 1).collect();
                    (peak(&input, &saved, &keep).0, keep.last().copied().unwrap_or_default())
                })
                .collect();
            let least = plans.iter().map(|plan| plan.0).min().unwrap_or_default();
            for budget in [least - 1, least, least + size(20), least + size(90)] {
                let best = plans.iter().filter(|plan| plan.0 <= budget).map(|plan| plan.1).min();
                let ours = solution::plan(&input, &saved, budget).ok();
                let fits = ours.as_ref().is_none_or(|keep| peak(&input, &saved, keep).0 <= budget);
                let ours = ours.and_then(|keep| keep.last().copied());
                ensure!(fits && ours == best, "{input:?} {saved:?} in {budget}: {ours:?} twice, the best {best:?}");
                compared += 1;
            }
        }
    }
    Ok(compared)
}

/// The fewest loads and the shortest time of an exhaustive search in Python, on a machine model of its own.
fn searched_schedules(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for row in list(golden)? {
        let bytes: Vec<usize> = of(&row["bytes"])?;
        let task = Task { ram: bytes.len(), bytes, gpu: of(&row["gpu"])? };
        let acts = solution::schedule(&task.bytes, task.gpu, task.ram)?;
        let ran = run(&task, &acts, Machine { compute: of(&row["compute"])?, disk: 1.0 });
        let wrong = [&ran.misplaced, &ran.absent, &ran.over, &ran.lost, &ran.fetches].map(|count| count.number);
        ensure!(wrong == [0; 5], "{row}: {ran:?}");
        let (time, best): (f64, f64) = (ran.time, of(&row["time"])?);
        // Which of unequal layers to keep is a search; the rule of the stub is held to be near it.
        let equal = task.bytes.iter().all(|bytes| *bytes == task.bytes[0]);
        ensure!(!equal || ran.loads as f64 == of::<f64>(&row["loads"])?, "{row}: {} loads", ran.loads);
        ensure!(time >= best - 1e-9 && time <= if equal { 1.05 } else { 1.25 } * best, "{row}: {time}");
        compared += 1 + usize::from(equal);
    }
    Ok(compared)
}

/// The figures that the brief prints, computed by what grades the questions.
fn figures() -> Result<usize> {
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    let mut printed = Printed::new(&[include_str!("../brief.md")]);
    let mut says = |text: String, holds: bool| -> Result<()> {
        ensure!(holds, "the figure {text} is not what comes out");
        printed.says(&text)
    };
    for row in list(&figures["layers"])? {
        let of = |name: &str| of::<u64>(&row[name]);
        let (s, b, h, a) = (of("s")?, of("b")?, of("h")?, of("a")?);
        says(grouped(of("all")?), layer_bytes(s, b, h, a) == of("all")?)?;
        says(grouped(of("without_scores")?), 34 * s * b * h == of("without_scores")?)?;
        says(grouped(of("input")?), 2 * s * b * h == of("input")?)?;
    }
    for row in list(&figures["score_terms"])? {
        let of = |name: &str| of::<f64>(&row[name]);
        let (term, name) = (5.0 * of("a")? * of("s")? / of("h")?, golden::of::<String>(&row["model"])?);
        says(format!("{term} for {name}"), term == of("term")?)?;
    }
    let parameters: f64 = of(&figures["llama_7b"]["parameters"])?;
    says(grouped(parameters as u64), true)?;
    says("107.8 GB".to_owned(), (16.0 * parameters / 1e8).round() == 1078.0)?;
    says("27 GB".to_owned(), (4.0 * parameters / 1e9).round() == 27.0)?;
    says("162 GB".to_owned(), (24.0 * parameters / 1e9).round() == 162.0)?;
    says("8 of 16, 16 of 64".to_owned(), best_uniform(16) == 8 && best_uniform(64) == 16)?;
    let flushed = &figures["flushed"];
    let (median, sigma): (f64, f64) = (of(&flushed["median"])?, of(&flushed["sigma"])?);
    let lost = |scale: f64| 100.0 * below((2f64.powi(-25) / (median * scale)).ln() / sigma);
    says("31.4 %".to_owned(), (10.0 * lost(1.0)).round() == 314.0)?;
    says("0.06 %".to_owned(), (100.0 * lost(1024.0)).round() == 6.0)?;
    let edge = Tensor::new(&[2f32.powi(-25), 1.01 * 2f32.powi(-25)], &Device::Cpu)?.to_dtype(DType::F16)?;
    let edge = numbers(&edge)?;
    ensure!(edge[0] == 0.0 && edge[1] == 2f64.powi(-24), "2^-25 is not where FP16 ends: {edge:?}");
    Ok(printed.count() + 1)
}

/// The part of a standard normal below `x`, by the trapezoidal rule.
fn below(x: f64) -> f64 {
    let (from, parts) = (-12.0, 20_000);
    let width = (x - from) / f64::from(parts);
    let density = |at: f64| (-0.5 * at * at).exp() / std::f64::consts::TAU.sqrt();
    let inner: f64 = (1..parts).map(|i| density(from + width * f64::from(i))).sum();
    width * (inner + 0.5 * (density(from) + density(x)))
}

/// An f32 vector.
fn vector(json: &Json) -> Result<Tensor> {
    let values: Vec<f32> = of(json)?;
    Ok(Tensor::from_slice(&values, values.len(), &Device::Cpu)?)
}

/// f16 values, of which `inf`, `-inf` and `nan` are words.
fn half(json: &Json) -> Result<Tensor> {
    let value = |v: &Json| match v.as_str() {
        Some(word) => word.parse::<f64>().map_err(|_| format!("{word} is no number").into()),
        None => of(v),
    };
    let values: Vec<f32> = list(json)?.iter().map(|v| value(v).map(|v| v as f32)).collect::<Result<_>>()?;
    let length = values.len();
    Ok(Tensor::from_vec(values, length, &Device::Cpu)?.to_dtype(DType::F16)?)
}
