//! Models and cases: small random models in which nothing is as it is in the shipped one, and scripts over them.

use crate::args;
use crate::grading::{Argument, Draw, Script};
use lab_sdk::lm::{Config, weights};
use lab_sdk::{Result, Value};
use std::collections::BTreeMap;

/// A model that is drawn: its config.json and its weights.
pub struct Drawn {
    /// The sizes.
    pub cfg: Config,
    weights: Value,
}

/// How many layers and heads a drawn model has at least.
#[derive(Clone, Copy)]
pub enum Size {
    /// Anything, one layer or one group too.
    Any,
    /// Two layers or more, and groups of two or more: where most mistakes show.
    Grouped,
}

/// A small random model. Its activations have the size that a trained one's have.
pub fn drawn(draw: &mut Draw, size: Size) -> Result<Drawn> {
    let least = match size {
        Size::Any => 1,
        Size::Grouped => 2,
    };
    let (kv_heads, head_dim) = (*draw.choose(&[2, 3]), 2 * draw.size(2..=4));
    let heads = kv_heads * draw.size(least..=3);
    let layers = draw.size(least..=3);
    let cfg = Config {
        vocab: draw.size(20..=40),
        dim: 2 * draw.size(6..=12),
        layers,
        heads,
        kv_heads,
        head_dim,
        ffn: draw.size(10..=24),
        ctx: draw.size(24..=32),
        theta: *draw.choose(&[100.0, 1000.0, 10_000.0]),
        eps: 1e-5,
    };
    let mut tensors: BTreeMap<String, Value> = BTreeMap::new();
    for (name, shape) in weights(&cfg) {
        let gain = shape.len() == 1;
        // Wide enough that attention is no average: scores of several units.
        let spread = 1.6 / (*shape.last().unwrap_or(&1) as f64).sqrt();
        let tensor = draw.tensor(&shape, |d| if gain { d.uniform(0.7, 1.3) } else { spread * d.normal() })?;
        tensors.insert(name, Value::Tensor(tensor));
    }
    Ok(Drawn { cfg, weights: Value::Map(tensors) })
}

impl Drawn {
    /// A case that begins with this model (call 0) and an empty cache (call 1).
    pub fn begin(&self) -> Script {
        let Config { layers, heads, kv_heads, head_dim, ctx, .. } = self.cfg;
        let words = format!("layers {layers}, H {heads}, Hkv {kv_heads}, D {head_dim}, ctx {ctx}");
        let model = Script::call("Lm.new", args![self.cfg.to_json(), self.weights.clone()]).keep(&[0, 1]);
        model.words(words).tell("Cache.new", 0)
    }

    /// `n` tokens of its vocabulary.
    pub fn tokens(&self, draw: &mut Draw, n: usize) -> Vec<u32> {
        (0..n).map(|_| draw.size(0..=self.cfg.vocab - 1) as u32).collect()
    }
}

/// The shipped model (call 0) and an empty cache (call 1).
pub fn shipped() -> Script {
    Script::call("Lm.shipped", args!["lm".to_owned(), "f32".to_owned()])
        .keep(&[0, 1])
        .tell("Cache.new", 0)
}

/// One more chunk into the cache that call `cache` made.
pub fn chunk(script: Script, ids: &[u32], cache: usize) -> Script {
    script.then(
        "forward_cached",
        vec![Argument::Result(0), Argument::Value(Value::U32s(ids.to_vec())), Argument::Result(cache)],
    )
}

/// One more streamed token.
pub fn stream(script: Script, id: u32, sinks: usize, window: usize) -> Script {
    let number = |n: usize| Argument::Value(Value::Int(n as i128));
    let id = Argument::Value(Value::Int(i128::from(id)));
    script
        .then("forward_streaming", vec![Argument::Result(0), id, Argument::Result(1), number(sinks), number(window)])
        .keep(&[3, 4])
}

/// The lengths of chunks that make up `n` tokens.
pub fn split(draw: &mut Draw, n: usize) -> Vec<usize> {
    let mut left = n;
    let mut chunks = Vec::new();
    while left > 0 {
        let next = draw.size(1..=left.min(7));
        chunks.push(next);
        left -= next;
    }
    chunks
}
