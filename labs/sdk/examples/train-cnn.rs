//! Trains `cnn` on drawn digits and writes `labs/sdk/models/cnn.safetensors`: the same seeds as the shipped weights.
//!
//!     cargo build --workspace --example train-cnn && target/debug/examples/train-cnn
//!
//! AdamW under a cosine learning rate, batch statistics in training and running ones afterwards. Prints the tables of
//! `models/cnn.md`. Left out: checkpoints, other nets, an early stop.

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use lab_sdk::cnn::{Cnn, Op};
use lab_sdk::glyphs::{Style, TEST_SEED, TRAIN_SEED, glyphs};
use lab_sdk::{Error, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::time::Instant;

const IMAGES: usize = 24_000;
const EPOCHS: usize = 6;
const BATCH: usize = 96;
const PEAK_RATE: f64 = 4e-3;
const MOMENTUM: f64 = 0.05; // the share of a batch in the running statistics
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/cnn.safetensors");

fn main() -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().build().map_err(|e| Error::new(e.to_string()))?;
    pool.install(train)
}

fn train() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(TRAIN_SEED);
    let mut vars: HashMap<String, Var> = HashMap::new();
    let net = Cnn::build(&mut |name, shape| {
        let var = Var::from_tensor(&initial(name, shape, &mut rng)?)?;
        vars.insert(name.to_owned(), var.clone());
        Ok(var.as_tensor().clone())
    })?;
    let mut trained: Vec<(&String, &Var)> = vars.iter().filter(|(name, _)| !is_statistic(name)).collect();
    trained.sort_by_key(|(name, _)| name.as_str());
    let trained = trained.into_iter().map(|(_, var)| var.clone()).collect();
    let mut adamw = AdamW::new(trained, ParamsAdamW { weight_decay: 0.02, ..Default::default() })?;

    let started = Instant::now();
    let train = glyphs(TRAIN_SEED, IMAGES, &Style::CNN)?;
    let test = glyphs(TEST_SEED, 2000, &Style::CNN)?;
    let mut order: Vec<u32> = (0..IMAGES as u32).collect();
    let steps = IMAGES / BATCH;
    for epoch in 0..EPOCHS {
        (1..IMAGES).for_each(|i| order.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize));
        let mut total = 0.0;
        for (step, rows) in order.chunks_exact(BATCH).enumerate() {
            let done = (epoch * steps + step) as f64 / (EPOCHS * steps) as f64;
            let warm = (done * 20.0).min(1.0); // the first twentieth climbs
            adamw.set_learning_rate(warm * PEAK_RATE * (1.0 + (done * std::f64::consts::PI).cos()) / 2.0);
            let images = train.images.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?;
            let labels: Vec<u32> = rows.iter().map(|&row| train.labels[row as usize]).collect();
            let loss = cross_entropy(&forward(&net, &vars, &images)?, &labels)?;
            adamw.backward_step(&loss)?;
            total += loss.to_scalar::<f32>()?;
        }
        let accuracy = net.accuracy(&test.images, &test.labels)?;
        let (loss, seconds) = (total / steps as f32, started.elapsed().as_secs());
        eprintln!("epoch {epoch}: loss {loss:.4}, held-out {:.2} %, {seconds} s", accuracy * 100.0);
    }

    let tensors: HashMap<String, Tensor> = vars.iter().map(|(name, var)| (name.clone(), var.detach())).collect();
    candle_core::safetensors::save(&tensors, FILE)?;
    report(&net)
}

fn is_statistic(name: &str) -> bool {
    name.ends_with(".mean") || name.ends_with(".var")
}

/// Weights of variance 2 / fan-in (He et al., arXiv 1502.01852), gains and variances of 1, zeros for the rest.
fn initial(name: &str, shape: &[usize], rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let value = |_| match name {
        name if name.ends_with(".weight") => {
            let fan_in: usize = shape[1..].iter().product();
            let uniform = (rng.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0; // variance 1 / 3
            uniform * (6.0 / fan_in as f32).sqrt()
        }
        name if name.ends_with(".gain") || name.ends_with(".var") => 1.0,
        _ => 0.0,
    };
    let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(value).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// (B, 10), normalising with the statistics of the batch and moving the running ones towards them.
fn forward(net: &Cnn, vars: &HashMap<String, Var>, images: &Tensor) -> Result<Tensor> {
    let mut outputs: Vec<Tensor> = Vec::with_capacity(net.nodes.len());
    for node in &net.nodes {
        let inputs: Vec<&Tensor> = node.inputs.iter().map(|&i| &outputs[i]).collect();
        let output = match &node.op {
            Op::Input => images.clone(),
            Op::BatchNorm { gain, bias, eps, .. } => {
                let (b, c, h, w) = inputs[0].dims4()?;
                let x = inputs[0].reshape((b, c, h * w))?;
                let average = |t: &Tensor| t.mean_keepdim(2)?.mean_keepdim(0); // (1, C, 1)
                let mean = average(&x)?;
                let centred = x.broadcast_sub(&mean)?;
                let var = average(&centred.sqr()?)?;
                for (part, batch) in [("mean", &mean), ("var", &var)] {
                    let running = &vars[&format!("{}.{part}", node.name)];
                    let batch = batch.detach().flatten_all()?;
                    running.set(&((running.as_tensor() * (1.0 - MOMENTUM))? + (batch * MOMENTUM)?)?)?;
                }
                let scale = (gain.reshape((1, c, 1))? / (var + *eps)?.sqrt()?)?;
                let y = centred.broadcast_mul(&scale)?.broadcast_add(&bias.reshape((1, c, 1))?)?;
                y.reshape((b, c, h, w))?
            }
            op => op.apply(&inputs)?,
        };
        outputs.push(output);
    }
    outputs.pop().ok_or_else(|| "a net without nodes".into())
}

/// The mean of `log sum exp(logits) - logit of the label`, (B, 10) and B labels.
fn cross_entropy(logits: &Tensor, labels: &[u32]) -> Result<Tensor> {
    let labels = Tensor::new(labels, &Device::Cpu)?.unsqueeze(1)?;
    Ok((logits.log_sum_exp(D::Minus1)? - logits.gather(&labels, 1)?.squeeze(1)?)?.mean_all()?)
}

/// The tables of the model card.
fn report(net: &Cnn) -> Result<()> {
    println!("| node | output | parameters | MACs |\n| --- | --- | --- | --- |");
    let costs = net.costs(28)?;
    for (node, cost) in net.nodes.iter().zip(&costs) {
        let shape: Vec<String> = cost.shape.iter().map(usize::to_string).collect();
        println!("| `{}` | {} | {} | {} |", node.name, shape.join(" x "), cost.params, cost.macs);
    }
    let (params, macs) = costs.iter().fold((0, 0), |(p, m), cost| (p + cost.params, m + cost.macs));
    println!("| all | | {params} | {macs} |\n");

    let test = glyphs(TEST_SEED, 10_000, &Style::CNN)?;
    let folded = net.to_dtype(DType::F32)?.fold_bn()?;
    for n in [2000, 10_000] {
        let images = test.images.narrow(0, 0, n)?;
        let (plain, labels) = (net.accuracy(&images, &test.labels[..n])?, &test.labels[..n]);
        println!("held-out {n}: {:.2} %, folded {:.2} %", plain * 100.0, folded.accuracy(&images, labels)? * 100.0);
    }
    println!("{FILE}: {} bytes", std::fs::metadata(FILE).map_or(0, |file| file.len()));
    Ok(())
}
