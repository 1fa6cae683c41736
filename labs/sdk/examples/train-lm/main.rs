//! Trains `lm` or `lm-draft` on drawn stories and writes FILE, or `labs/sdk/models/<name>.safetensors`: the
//! seeds are those of the shipped weights.
//!
//!     cargo build --workspace --example train-lm && target/debug/examples/train-lm [lm|lm-draft] [FILE]
//!
//! AdamW under a cosine learning rate; each sequence begins with another story. Most hold that one, the last ones
//! fill the context. Prints the figures of `models/<name>.md`. Left out: checkpoints, an early stop, other text.

mod ops;
mod start;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use lab_sdk::lm::{Config, weights};
use lab_sdk::stories::{Split, TEST_SEED, TRAIN_SEED, Text, stories};
use lab_sdk::{Error, Result};
use ops::{CausalSoftmax, CrossEntropy, RmsNorm, Rope, SwiGlu};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Instant;

/// What is trained, from where and for how long.
struct Plan {
    name: &'static str,
    config: Config,
    start: fn(&Config, &mut ChaCha8Rng) -> Result<start::Weights>,
    /// The byte of the drawn text at which it begins: what a draft has read is not read again.
    from: usize,
    steps: usize,
    peak_rate: f64,
    /// Up to this share of the steps, one of two sequences is a piece of a story again and again.
    repeated: f64,
}

const LM: Plan = Plan {
    name: "lm",
    config: Config::LM,
    start: start::grown,
    from: 1_500_000,
    steps: 800,
    peak_rate: 3e-4,
    repeated: 0.0,
};
const DRAFT: Plan = Plan {
    name: "lm-draft",
    config: Config::LM_DRAFT,
    start: start::copying,
    from: 0,
    steps: 1200,
    peak_rate: 2e-3,
    repeated: 0.3,
};

const LONG: f64 = 0.85; // from this share of the steps on, sequences fill the context
const WARM: usize = 100; // steps in which the rate climbs
const MOST: f64 = 1.0; // the gradient's norm is clipped to this

/// Without these, glibc gives every large buffer back to the system and a step takes a third longer.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("MALLOC_MMAP_THRESHOLD_", "4000000000"),
    ("MALLOC_TRIM_THRESHOLD_", "8000000000"),
    ("MALLOC_TOP_PAD_", "268435456"),
    ("RAYON_NUM_THREADS", "1"),
];

type Vars = HashMap<String, Var>;

fn main() -> Result<()> {
    let unset = ENVIRONMENT.iter().filter(|(name, _)| std::env::var_os(name).is_none());
    let unset: Vec<&(&str, &str)> = unset.collect();
    if !unset.is_empty() {
        let program = std::env::current_exe().map_err(|e| Error::new(e.to_string()))?;
        let mut again = std::process::Command::new(program);
        again.args(std::env::args_os().skip(1)).envs(unset.into_iter().copied());
        return Err(again.exec().to_string().into());
    }
    let plan = match std::env::args().nth(1).as_deref() {
        None | Some("lm") => LM,
        Some("lm-draft") => DRAFT,
        Some(other) => return Err(format!("`{other}` is no model: lm or lm-draft").into()),
    };
    let shipped = format!("{}/models/{}.safetensors", env!("CARGO_MANIFEST_DIR"), plan.name);
    let file = std::env::args().nth(2).unwrap_or(shipped);
    let pool = rayon::ThreadPoolBuilder::new().build().map_err(|e| Error::new(e.to_string()))?;
    pool.install(|| train(&plan, file.as_ref()))
}

fn train(plan: &Plan, file: &Path) -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(TRAIN_SEED);
    let mut vars = Vars::new();
    let mut order = Vec::new();
    for (name, value) in (plan.start)(&plan.config, &mut rng)? {
        let var = Var::from_tensor(&value)?;
        order.push(var.clone());
        vars.insert(name, var);
    }
    let params: usize = order.iter().map(|var| var.elem_count()).sum();
    eprintln!("{}: {params} parameters, {} steps", plan.name, plan.steps);
    let decayed = ParamsAdamW { weight_decay: 0.05, beta2: 0.98, ..Default::default() };
    let mut adamw = AdamW::new(order.clone(), decayed)?;

    let text = stories(TRAIN_SEED, Split::Train, plan.from + plan.steps * 1500 + 100_000);
    let starts: Vec<usize> = text.spans().iter().map(|span| span.start).collect();
    let held_out = stories(TEST_SEED, Split::HeldOut, 200_000);
    eprintln!("true entropy: training {:.4}, held-out {:.4}", text.entropy(), held_out.entropy());
    let (started, mut at, mut total) = (Instant::now(), plan.from, 0.0);
    for step in 0..plan.steps {
        let long = step as f64 >= LONG * plan.steps as f64;
        let (batch, length) = if long { (1, plan.config.ctx) } else { (2, 640) };
        let done = step as f64 / plan.steps as f64;
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(batch); // one byte longer: the last one is only predicted
        for row in 0..batch {
            at = starts[starts.partition_point(|&start| start < at)];
            let bytes = &text.bytes[at..=at + length];
            let period = if row == 0 && done < plan.repeated { 60 + rng.next_u32() as usize % 140 } else { length + 1 };
            rows.push((0..=length).map(|i| u32::from(bytes[i % period])).collect());
            at += length.min(period) * 3 / 4; // the next story is the first one that begins after that
        }
        let warm = ((step + 1) as f64 / WARM as f64).min(1.0);
        adamw.set_learning_rate(
            warm * plan.peak_rate * (0.02 + 0.98 * (1.0 + (done * std::f64::consts::PI).cos()) / 2.0),
        );
        let ids =
            |shift: usize| -> Vec<u32> { rows.iter().flat_map(|row| &row[shift..shift + length]).copied().collect() };
        let inputs = Tensor::from_vec(ids(0), (batch, length), &Device::Cpu)?;
        let loss = forward(&plan.config, &vars, &inputs)?.apply_op1(CrossEntropy(ids(1)))?;
        let mut grads = loss.backward()?;
        clip(&order, &mut grads)?;
        adamw.step(&grads)?;
        total += f64::from(loss.to_scalar::<f32>()?) / std::f64::consts::LN_2;
        if (step + 1) % 50 == 0 {
            eprintln!("step {}: training {:.4}, {} s", step + 1, total / 50.0, started.elapsed().as_secs());
            total = 0.0;
        }
        if (step + 1) % 300 == 0 {
            let sample = Text { bytes: held_out.bytes[..20_000].to_vec(), bits: held_out.bits[..20_000].to_vec() };
            report(plan, &vars, &sample)?;
            save(plan, &vars, file)?;
        }
    }
    save(plan, &vars, file)?;
    for var in &order {
        var.set(&var.to_dtype(DType::F16)?.to_dtype(DType::F32)?)?; // as the file holds them
    }
    println!("{params} parameters, {} bytes of text read, {} s", at - plan.from, started.elapsed().as_secs());
    report(plan, &vars, &held_out)
}

/// Logits (B T, vocab) of ids (B, T), differentiable in the weights.
fn forward(cfg: &Config, vars: &Vars, ids: &Tensor) -> Result<Tensor> {
    let (b, t) = ids.dims2()?;
    let (h, kv, d) = (cfg.heads, cfg.kv_heads, cfg.head_dim);
    let embed = vars["model.embed_tokens.weight"].as_tensor();
    let norm = |x: &Tensor, name: &str| x.apply_op2(&vars[name], RmsNorm(cfg.eps as f32));
    let linear = |x: &Tensor, name: &str| x.matmul(&vars[name].t()?);
    let rope = Rope { theta: cfg.theta, backwards: false };
    let mut x = embed.index_select(&ids.flatten_all()?, 0)?; // (B T, dim)
    for i in 0..cfg.layers {
        let name = |part: &str| format!("model.layers.{i}.{part}.weight");
        let y = norm(&x, &name("input_layernorm"))?;
        let heads = |part: &str, n: usize| linear(&y, &name(part))?.reshape((b, t, n, d));
        let q = heads("self_attn.q_proj", h)?.apply_op1(rope.clone())?;
        let k = heads("self_attn.k_proj", kv)?.apply_op1(rope.clone())?;
        let v = heads("self_attn.v_proj", kv)?.transpose(1, 2)?.contiguous()?; // (B, Hkv, T, D)
        let q = q.transpose(1, 2)?.contiguous()?.reshape((b, kv, h / kv * t, d))?;
        let k = k.transpose(1, 2)?.contiguous()?;
        let scores = q.matmul(&k.t()?)?.apply_op1(CausalSoftmax((d as f32).powf(-0.5)))?; // (B, Hkv, G T, T)
        let y = scores.matmul(&v)?.reshape((b, h, t, d))?.transpose(1, 2)?.contiguous()?.reshape((b * t, h * d))?;
        x = (x + linear(&y, &name("self_attn.o_proj"))?)?;
        let y = norm(&x, &name("post_attention_layernorm"))?;
        let y = linear(&y, &name("mlp.gate_proj"))?.apply_op2(&linear(&y, &name("mlp.up_proj"))?, SwiGlu)?;
        x = (x + linear(&y, &name("mlp.down_proj"))?)?;
    }
    Ok(norm(&x, "model.norm.weight")?.matmul(&embed.t()?)?)
}

/// Scales all gradients so that their joint norm is at most [`MOST`].
fn clip(vars: &[Var], grads: &mut candle_core::backprop::GradStore) -> Result<()> {
    let mut squares = 0.0;
    for var in vars {
        if let Some(grad) = grads.get(var) {
            squares += f64::from(grad.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
    }
    let scale = MOST / squares.sqrt();
    for var in vars.iter().filter(|_| scale < 1.0) {
        if let Some(grad) = grads.remove(var) {
            grads.insert(var, (grad * scale)?);
        }
    }
    Ok(())
}

/// Bits per byte of held-out text beside its true entropy, a window from the start of a story at a time. The first byte
/// of a window has nothing to be predicted from and counts for neither.
fn report(plan: &Plan, vars: &Vars, text: &Text) -> Result<()> {
    let (mut found, mut truth, mut bytes, mut at) = (0.0, 0.0, 0, 0);
    let starts: Vec<usize> = text.spans().iter().map(|span| span.start).collect();
    while at + plan.config.ctx < text.bytes.len() {
        let window = &text.bytes[at..at + plan.config.ctx];
        // The story that the window cuts is left to the next one.
        let next = starts[starts.partition_point(|&start| start <= at + window.len()) - 1];
        let ids: Vec<u32> = text.bytes[at..next].iter().map(|&byte| u32::from(byte)).collect();
        let n = ids.len() - 1;
        let inputs = Tensor::from_slice(&ids[..n], (1, n), &Device::Cpu)?;
        let loss = forward(&plan.config, vars, &inputs)?.apply_op1(CrossEntropy(ids[1..].to_vec()))?;
        found += f64::from(loss.to_scalar::<f32>()?) / std::f64::consts::LN_2 * n as f64;
        truth += text.bits[at + 1..next].iter().map(|&bits| f64::from(bits)).sum::<f64>();
        bytes += n;
        at = next;
    }
    let (found, truth) = (found / bytes as f64, truth / bytes as f64);
    let more = (found / truth - 1.0) * 100.0;
    println!("held-out, {bytes} bytes: {found:.4} bits per byte, true entropy {truth:.4}: {more:.2} % more");
    Ok(())
}

/// f16 weights with the configuration in the header.
fn save(plan: &Plan, vars: &Vars, file: &Path) -> Result<()> {
    let mut tensors = Vec::new();
    for (name, _) in weights(&plan.config) {
        let tensor = vars[&name].to_dtype(DType::F16)?;
        tensors.push((name, tensor));
    }
    let metadata = HashMap::from([("config".to_owned(), plan.config.to_json().to_string())]);
    Ok(safetensors::serialize_to_file(tensors, Some(metadata), file)?)
}
