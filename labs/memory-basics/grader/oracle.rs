//! The replay of `oracle/`: PyTorch's checkpointed gradients and its scaler through the solution, exhaustive searches of
//! plans and schedules, and the figures of the brief.

use super::super::solution;
use super::checkpoint::peak;
use super::questions::{best_uniform, layer_bytes};
use super::timeline::{Machine, Task, run};
use lab_sdk::{Amp, Chain, DType, Device, Result, Tensor, ensure};
use serde_json::{Value as Json, json};

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
    Ok(gradients(&golden["chain"])? + forwards(&golden["sequential"])? + scaler(&golden["scaler"])?
        + searched_plans()? + searched_schedules(&golden["schedules"])? + figures()?)
}

/// Loss and gradients of torch.autograd through torch.utils.checkpoint, in f64, with masks of the same generator.
fn gradients(golden: &Json) -> Result<usize> {
    let weights: Vec<Tensor> = list(&golden["weights"]).iter().map(matrix).collect::<Result<_>>()?;
    let mut chain = Chain::new(&weights, real(&golden["dropout"])?, real(&golden["seed"])? as u64)?;
    let keep: Vec<usize> = reals(&golden["keep"])?.iter().map(|&i| i as usize).collect();
    let labels: Vec<u32> = reals(&golden["labels"])?.iter().map(|&i| i as u32).collect();
    chain.feed(&matrix(&golden["x"])?, &labels)?;
    let loss = solution::run_ckpt(&mut chain, &keep, real(&golden["scale"])?)?;
    let mut compared = 1;
    near("the loss", loss, real(&golden["loss"])?, 1e-12)?;
    for (layer, (ours, theirs)) in chain.grads().iter().zip(list(&golden["grads"])).enumerate() {
        let (ours, theirs) = (values(ours)?, values(&matrix(theirs)?)?);
        ensure!(ours.len() == theirs.len(), "layer {layer}: {} gradients, {}", ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            near(&format!("a gradient of layer {layer}"), *ours, *theirs, 1e-10)?;
        }
        compared += ours.len();
    }
    Ok(compared)
}

/// How often layers ran in torch.utils.checkpoint.checkpoint_sequential with equal segments.
fn forwards(golden: &Json) -> Result<usize> {
    for row in list(golden) {
        let (layers, segments) = (real(&row["layers"])? as usize, real(&row["segments"])? as usize);
        let weights = vec![Tensor::ones((2, 2), DType::F64, &Device::Cpu)?; layers];
        let mut chain = Chain::new(&weights, 0.0, 1)?;
        chain.feed(&Tensor::ones((1, 2), DType::F64, &Device::Cpu)?, &[0])?;
        let keep: Vec<usize> = (0..segments).map(|at| at * (layers / segments)).collect();
        solution::run_ckpt(&mut chain, &keep, 1.0)?;
        let theirs = real(&row["forwards"])? as usize;
        ensure!(chain.forwards() == theirs, "{row}: {} forwards here", chain.forwards());
    }
    Ok(list(golden).len())
}

/// The scale, the skipped steps and the masters of torch.amp.GradScaler with SGD, momentum and clip_grad_norm_.
fn scaler(golden: &Json) -> Result<usize> {
    let tensors = |json: &Json| list(json).iter().map(vector).collect::<Result<Vec<Tensor>>>();
    let f32s = |all: Vec<Tensor>| all.iter().map(|t| Ok(t.to_dtype(DType::F32)?)).collect::<Result<Vec<Tensor>>>();
    let defaults = json!([65536.0, 2.0, 0.5, 2000]);
    ensure!(golden["defaults"] == defaults, "GradScaler's defaults are {}", golden["defaults"]);
    let mut amp = Amp::new(&f32s(tensors(&golden["weights"])?)?, &golden["settings"])?;
    let mut compared = 4;
    for (at, row) in list(&golden["steps"]).iter().enumerate() {
        let grads = list(&row["grads"]).iter().map(half).collect::<Result<Vec<Tensor>>>()?;
        let moved = solution::amp_step(&mut amp, &grads)?;
        ensure!(row["moved"] == moved, "step {at}: moved {moved}");
        ensure!(row["scale"] == amp.scale, "step {at}: scale {}, PyTorch {}", amp.scale, row["scale"]);
        for (ours, theirs) in amp.master.iter().zip(list(&row["masters"])) {
            for (ours, theirs) in values(ours)?.iter().zip(reals(theirs)?) {
                near(&format!("a weight after step {at}"), *ours, theirs, 1e-6)?;
                compared += 1;
            }
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
    for row in list(golden) {
        let bytes: Vec<usize> = reals(&row["bytes"])?.iter().map(|&b| b as usize).collect();
        let task = Task { ram: bytes.len(), bytes, gpu: real(&row["gpu"])? as usize };
        let acts = solution::schedule(&task.bytes, task.gpu, task.ram)?;
        let ran = run(&task, &acts, Machine { compute: real(&row["compute"])?, disk: 1.0 });
        let wrong = [&ran.misplaced, &ran.absent, &ran.over, &ran.lost, &ran.fetches].map(|count| count.number);
        ensure!(wrong == [0; 5], "{row}: {ran:?}");
        let (time, best) = (ran.time, real(&row["time"])?);
        // Which of unequal layers to keep is a search; the rule of the stub is held to be near it.
        let equal = task.bytes.iter().all(|bytes| *bytes == task.bytes[0]);
        ensure!(!equal || ran.loads as f64 == real(&row["loads"])?, "{row}: {} loads", ran.loads);
        ensure!(time >= best - 1e-9 && time <= if equal { 1.05 } else { 1.25 } * best, "{row}: {time}");
        compared += 1 + usize::from(equal);
    }
    Ok(compared)
}

/// The figures that the brief prints, computed by what grades the questions.
fn figures() -> Result<usize> {
    let figures: Json = serde_json::from_slice(include_bytes!("../oracle/figures.json"))?;
    let brief = include_str!("../brief.md");
    let mut compared = 0;
    let mut printed = |text: String, holds: bool| -> Result<()> {
        ensure!(holds && brief.contains(&text), "the figure {text} is not what comes out, or the brief does not print it");
        compared += 1;
        Ok(())
    };
    for row in list(&figures["layers"]) {
        let of = |name: &str| real(&row[name]).map(|n| n as u64);
        let (s, b, h, a) = (of("s")?, of("b")?, of("h")?, of("a")?);
        printed(grouped(of("all")?), layer_bytes(s, b, h, a) == of("all")?)?;
        printed(grouped(of("without_scores")?), 34 * s * b * h == of("without_scores")?)?;
        printed(grouped(of("input")?), 2 * s * b * h == of("input")?)?;
    }
    for row in list(&figures["score_terms"]) {
        let term = 5.0 * real(&row["a"])? * real(&row["s"])? / real(&row["h"])?;
        let name = row["model"].as_str().unwrap_or_default();
        printed(format!("{term} for {name}"), term == real(&row["term"])?)?;
    }
    let parameters = real(&figures["llama_7b"]["parameters"])?;
    printed(grouped(parameters as u64), true)?;
    printed("107.8 GB".to_owned(), (16.0 * parameters / 1e8).round() == 1078.0)?;
    printed("27 GB".to_owned(), (4.0 * parameters / 1e9).round() == 27.0)?;
    printed("162 GB".to_owned(), (24.0 * parameters / 1e9).round() == 162.0)?;
    printed("8 of\n16, 16 of 64".to_owned(), best_uniform(16) == 8 && best_uniform(64) == 16)?;
    let flushed = &figures["flushed"];
    let (mean, sigma) = (real(&flushed["median"])?, real(&flushed["sigma"])?);
    let lost = |scale: f64| 100.0 * below((2f64.powi(-25) / (mean * scale)).ln() / sigma);
    printed("31.4 %".to_owned(), (10.0 * lost(1.0)).round() == 314.0)?;
    printed("0.06 %".to_owned(), (100.0 * lost(1024.0)).round() == 6.0)?;
    let edge = Tensor::new(&[2f32.powi(-25), 1.01 * 2f32.powi(-25)], &Device::Cpu)?.to_dtype(DType::F16)?;
    let edge = values(&edge)?;
    ensure!(edge[0] == 0.0 && edge[1] == 2f64.powi(-24), "2^-25 is not where FP16 ends: {edge:?}");
    Ok(compared + 1)
}

/// The part of a standard normal below `x`, by the trapezoidal rule.
fn below(x: f64) -> f64 {
    let (from, parts) = (-12.0, 20_000);
    let width = (x - from) / f64::from(parts);
    let density = |at: f64| (-0.5 * at * at).exp() / std::f64::consts::TAU.sqrt();
    let inner: f64 = (1..parts).map(|i| density(from + width * f64::from(i))).sum();
    width * (inner + 0.5 * (density(from) + density(x)))
}

fn near(what: &str, ours: f64, theirs: f64, within: f64) -> Result<()> {
    ensure!((ours - theirs).abs() <= within * theirs.abs().max(1.0), "{what}: {ours}, PyTorch {theirs}");
    Ok(())
}

/// `16,777,216`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|c| std::str::from_utf8(c).ok()).collect();
    parts.join(",")
}

fn values(t: &Tensor) -> Result<Vec<f64>> {
    Ok(t.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?)
}

/// Rows of numbers.
fn matrix(json: &Json) -> Result<Tensor> {
    let rows: Vec<Vec<f64>> = list(json).iter().map(reals).collect::<Result<_>>()?;
    let width = rows.first().map_or(0, Vec::len);
    Ok(Tensor::from_vec(rows.concat(), (rows.len(), width), &Device::Cpu)?)
}

fn vector(json: &Json) -> Result<Tensor> {
    let values = reals(json)?;
    let length = values.len();
    Ok(Tensor::from_vec(values, length, &Device::Cpu)?)
}

/// f16 values, of which `inf`, `-inf` and `nan` are words.
fn half(json: &Json) -> Result<Tensor> {
    let value = |v: &Json| match v.as_str() {
        Some(word) => word.parse::<f64>().map_err(|_| format!("{word} is no number").into()),
        None => real(v),
    };
    let values: Vec<f32> = list(json).iter().map(|v| value(v).map(|v| v as f32)).collect::<Result<_>>()?;
    let length = values.len();
    Ok(Tensor::from_vec(values, length, &Device::Cpu)?.to_dtype(DType::F16)?)
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn real(json: &Json) -> Result<f64> {
    json.as_f64().ok_or_else(|| format!("{json} is no number").into())
}

fn reals(json: &Json) -> Result<Vec<f64>> {
    list(json).iter().map(real).collect()
}
