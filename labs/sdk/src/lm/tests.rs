//! The claims of `lm`: what several tests need. The pieces of a pass and the files that are read have their own.

mod files;
mod pieces;

use super::{Config, Lm, weights};
use candle_core::{DType, Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Small, with more query heads than key heads and a head that is not dim / heads.
const SMALL: Config = Config {
    vocab: 40,
    dim: 64,
    layers: 2,
    heads: 4,
    kv_heads: 2,
    head_dim: 32,
    ffn: 96,
    ctx: 64,
    theta: 500.0,
    eps: 1e-5,
};

fn random(cfg: &Config, seed: u64) -> HashMap<String, Tensor> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut value = |mean: f32, spread: f32| mean + spread * ((rng.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0);
    let mut found = HashMap::new();
    for (name, shape) in weights(cfg) {
        let (mean, spread) = if shape.len() == 1 { (1.0, 0.3) } else { (0.0, 0.3) };
        let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(|_| value(mean, spread)).collect();
        found.insert(name, Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor"));
    }
    found
}

/// Logits (T, vocab) by candle's plain operations, with the keys of each head read out one by one.
fn forward(lm: &Lm, ids: &[u32]) -> Tensor {
    let pos: Vec<usize> = (0..ids.len()).collect();
    let mut x = lm.embed(ids).expect("a tensor");
    for layer in 0..lm.cfg().layers {
        let (q, k, v) = lm.qkv(layer, &x, &pos).expect("a tensor");
        x = lm.finish(layer, &x, &attention(&q, &k, &v)).expect("a tensor");
    }
    lm.logits(&x).expect("a tensor")
}

fn attention(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
    let (t, h, d) = q.dims3().expect("a tensor");
    let group = h / k.dim(1).expect("a tensor");
    let head = |x: &Tensor, n: usize| {
        x.narrow(1, n, 1).expect("a tensor").squeeze(1).expect("a tensor").contiguous().expect("a tensor")
    };
    let mask: Vec<f64> = (0..t * t).map(|at| if at % t > at / t { f64::NEG_INFINITY } else { 0.0 }).collect();
    let mask = Tensor::from_vec(mask, (t, t), &Device::Cpu).expect("a tensor").to_dtype(q.dtype()).expect("a tensor");
    let heads: Vec<Tensor> = (0..h)
        .map(|n| {
            let scores = (head(q, n).matmul(&head(k, n / group).t().expect("a tensor")).expect("a tensor")
                / (d as f64).sqrt())
            .expect("a tensor");
            let scores = scores.add(&mask).expect("a tensor");
            let raised = scores
                .broadcast_sub(&scores.max_keepdim(1).expect("a tensor"))
                .expect("a tensor")
                .exp()
                .expect("a tensor");
            let shares = raised.broadcast_div(&raised.sum_keepdim(1).expect("a tensor")).expect("a tensor");
            shares.matmul(&head(v, n / group)).expect("a tensor")
        })
        .collect();
    Tensor::stack(&heads, 1).expect("a tensor")
}

fn values(x: &Tensor) -> Vec<f64> {
    x.to_dtype(DType::F64).expect("a tensor").flatten_all().expect("a tensor").to_vec1().expect("a tensor")
}

fn furthest(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
