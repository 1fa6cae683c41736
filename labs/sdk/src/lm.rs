//! Small LLaMA-style language models over bytes, in pieces that labs put together: `lm`, `lm-draft`, or a learner's own.
//!
//! Letters: T rows (tokens), H query heads, Hkv key and value heads, D values of a head. Between the pieces lies what
//! labs ask for, and so it is left out: attention, a cache, sampling. A forward pass is [`Lm::embed`], for each layer
//! [`Lm::qkv`], attention and [`Lm::finish`], then [`Lm::logits`]. What the shipped ones score stands in `models/lm.md`.

mod config;
mod gguf;
mod load;
mod names;
mod outlier;
mod rope;
mod rows;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use names::{layer, weights};
pub use outlier::{CHANNELS, KEY_PAIR};

use crate::{Result, ensure, models};
use candle_core::{DType, Tensor};
use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;

/// A model with its weights in f32 or f64.
#[derive(Clone, Debug)]
pub struct Lm {
    cfg: Config,
    dtype: DType,
    weights: HashMap<String, Tensor>,
    layers: Vec<Layer>,
    embed: Tensor,
    norm: Tensor,
    head: Tensor,
    angles: rope::Angles,
    counters: Cell<Counters>,
}

#[derive(Clone, Debug)]
struct Layer {
    attn_norm: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    o: Tensor,
    mlp_norm: Tensor,
    gate: Tensor,
    up: Tensor,
    down: Tensor,
}

/// What a model did since it was loaded or since [`Lm::reset`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Rows that went through the first layer: one for each token that was computed, again or for the first time.
    pub rows: usize,
    /// Matrix products: three in [`Lm::qkv`], four in [`Lm::finish`], one in [`Lm::logits`].
    pub calls: usize,
    /// Bytes of weights that those calls read, two a weight, once a call however many rows it has.
    pub weight_bytes: usize,
}

impl Lm {
    /// A model of this project: `lm`, `lm-draft`, or one of the two that compute what `lm` computes with outliers inside,
    /// `lm-outlier` (in activations) and `lm-kvoutlier` (in keys).
    pub fn shipped(name: &str, dtype: DType) -> Result<Lm> {
        let file = match name {
            "lm" | "lm-outlier" | "lm-kvoutlier" => "lm.safetensors",
            "lm-draft" => "lm-draft.safetensors",
            _ => return Err(format!("no model `{name}`: lm, lm-draft, lm-outlier, lm-kvoutlier").into()),
        };
        let plain = load::open(&models::folder().join(file))?;
        Lm::new(
            match name {
                "lm-outlier" => outlier::in_activations(plain)?,
                "lm-kvoutlier" => outlier::in_keys(plain)?,
                _ => plain,
            },
            dtype,
        )
    }

    /// Any LLaMA-style model: a `.safetensors` file with its `config.json` beside it or its config in the header, a
    /// sharded one by its `.index.json`, a folder with either, or a `.gguf` file.
    pub fn load(path: &Path, dtype: DType) -> Result<Lm> {
        load::open(path).and_then(|found| Lm::new(found, dtype)).map_err(|e| format!("{}: {e}", path.display()).into())
    }

    /// A model from its parts, in the dtype of its embedding.
    pub fn of(cfg: Config, weights: impl IntoIterator<Item = (String, Tensor)>) -> Result<Lm> {
        cfg.check()?;
        let weights: HashMap<String, Tensor> = weights.into_iter().collect();
        let dtype = weights.get(names::EMBED).map_or(DType::F32, Tensor::dtype);
        for (name, shape) in names::weights(&cfg) {
            let tensor = weights.get(&name).ok_or_else(|| format!("no weight `{name}`"))?;
            ensure!(tensor.dims() == shape, "`{name}` has shape {:?}, not {shape:?}", tensor.dims());
        }
        Lm::new(load::Found { cfg, weights }, dtype)
    }

    fn new(found: load::Found, dtype: DType) -> Result<Lm> {
        ensure!(matches!(dtype, DType::F32 | DType::F64), "a model runs in f32 or f64, not in {}", dtype.as_str());
        let mut weights = HashMap::new();
        for (name, tensor) in &found.weights {
            weights.insert(name.clone(), tensor.to_dtype(dtype)?);
        }
        let take = |name: &str| match weights.get(name) {
            Some(tensor) => Ok(tensor.clone()),
            None => Err(crate::Error::new(format!("no weight `{name}`"))),
        };
        let part = |i: usize, part: &str| take(&layer(i, part));
        let layers = (0..found.cfg.layers).map(|i| {
            Ok(Layer {
                attn_norm: part(i, names::ATTN_NORM)?,
                q: part(i, "self_attn.q_proj")?,
                k: part(i, "self_attn.k_proj")?,
                v: part(i, "self_attn.v_proj")?,
                o: part(i, "self_attn.o_proj")?,
                mlp_norm: part(i, names::MLP_NORM)?,
                gate: part(i, "mlp.gate_proj")?,
                up: part(i, "mlp.up_proj")?,
                down: part(i, "mlp.down_proj")?,
            })
        });
        let embed = take(names::EMBED)?;
        Ok(Lm {
            layers: layers.collect::<Result<_>>()?,
            norm: take(names::NORM)?,
            head: take(names::HEAD).unwrap_or_else(|_| embed.clone()),
            embed,
            angles: rope::Angles::new(&found.cfg),
            cfg: found.cfg,
            dtype,
            weights,
            counters: Cell::default(),
        })
    }

    /// Writes the weights as safetensors, with the config in the header.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut config = self.cfg.to_json();
        config["tie_word_embeddings"] = (!self.weights.contains_key(names::HEAD)).into();
        let metadata = HashMap::from([("config".to_owned(), config.to_string())]);
        safetensors::serialize_to_file(&self.weights, Some(metadata), path)
            .map_err(|e| format!("the model cannot be written to {}: {e}", path.display()).into())
    }

    /// Sizes and constants.
    pub fn cfg(&self) -> &Config {
        &self.cfg
    }

    /// What weights and rows are in.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// A weight by its Hugging Face name, such as `model.layers.0.self_attn.q_proj.weight`; matrices are (out, in).
    pub fn weight(&self, name: &str) -> Result<&Tensor> {
        self.weights.get(name).ok_or_else(|| format!("the model has no weight `{name}`").into())
    }

    /// The names of all weights, sorted.
    pub fn weight_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.weights.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The rows of `ids`, (T, dim).
    pub fn embed(&self, ids: &[u32]) -> Result<Tensor> {
        if let Some(id) = ids.iter().find(|&&id| id as usize >= self.cfg.vocab) {
            return Err(format!("id {id}: the vocabulary ends at {}", self.cfg.vocab).into());
        }
        ensure!(!ids.is_empty(), "no ids");
        Ok(self.embed.index_select(&Tensor::new(ids, self.embed.device())?, 0)?)
    }

    /// Queries (T, H, D), keys and values (T, Hkv, D) of rows `x` (T, dim) that stand at positions `pos`: RMSNorm,
    /// projections, RoPE on queries and keys.
    pub fn qkv(&self, layer: usize, x: &Tensor, pos: &[usize]) -> Result<(Tensor, Tensor, Tensor)> {
        self.check_positions(pos)?; // before any work is counted
        ensure!(x.dim(0)? == pos.len(), "{} rows and {} positions", x.dim(0)?, pos.len());
        let (q, k, v) = self.qkv_raw(layer, x)?;
        Ok((self.rope(&q, pos)?, self.rope(&k, pos)?, v))
    }

    /// [`Lm::qkv`] before RoPE, for whoever turns keys later.
    pub fn qkv_raw(&self, layer: usize, x: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
        let weights = self.layer(layer)?;
        let rows = self.check_rows(x)?;
        if layer == 0 {
            self.count(|c| c.rows += rows);
        }
        let y = self.rms_norm(x, &weights.attn_norm)?;
        let heads =
            |w: &Tensor, n: usize| Ok::<_, crate::Error>(self.linear(&y, w)?.reshape((rows, n, self.cfg.head_dim))?);
        let Config { heads: h, kv_heads: kv, .. } = self.cfg;
        Ok((heads(&weights.q, h)?, heads(&weights.k, kv)?, heads(&weights.v, kv)?))
    }

    /// Turns each pair (i, i + D / 2) of every head of `x` (T, heads, D) by its row's position.
    pub fn rope(&self, x: &Tensor, pos: &[usize]) -> Result<Tensor> {
        self.check_positions(pos)?;
        let (rows, _, d) = x.dims3()?;
        ensure!(
            (rows, d) == (pos.len(), self.cfg.head_dim) && x.dtype() == self.dtype,
            "RoPE of a {} tensor {:?} at {} positions",
            x.dtype().as_str(),
            x.dims(),
            pos.len()
        );
        match self.dtype {
            DType::F64 => rows::map::<f64>(x, |row, values| self.angles.turn(pos[row], values)),
            _ => rows::map::<f32>(x, |row, values| self.angles.turn(pos[row], values)),
        }
    }

    /// The rest of a layer, (T, dim): output projection of `attn` (T, H, D) added to `x`, RMSNorm, SwiGLU, added again.
    pub fn finish(&self, layer: usize, x: &Tensor, attn: &Tensor) -> Result<Tensor> {
        let weights = self.layer(layer)?;
        let rows = self.check_rows(x)?;
        let wanted = [rows, self.cfg.heads, self.cfg.head_dim];
        ensure!(attn.dims() == wanted, "attention gave {:?} where {wanted:?} is wanted", attn.dims());
        ensure!(
            attn.dtype() == self.dtype,
            "attention is {}, the model {}",
            attn.dtype().as_str(),
            self.dtype.as_str()
        );
        let y = self.linear(&attn.reshape((rows, wanted[1] * wanted[2]))?, &weights.o)?;
        let x = self.zip(x, &y, |x, y| x + y, |x, y| x + y)?;
        let y = self.rms_norm(&x, &weights.mlp_norm)?;
        let (gate, up) = (self.linear(&y, &weights.gate)?, self.linear(&y, &weights.up)?);
        let y = self.zip(&gate, &up, |g, u| g / (1.0 + (-g).exp()) * u, |g, u| g / (1.0 + (-g).exp()) * u)?;
        let y = self.linear(&y, &weights.down)?;
        self.zip(&x, &y, |x, y| x + y, |x, y| x + y)
    }

    /// What follows each row, (T, vocab): the last RMSNorm and the head.
    pub fn logits(&self, x: &Tensor) -> Result<Tensor> {
        self.check_rows(x)?;
        self.linear(&self.rms_norm(x, &self.norm)?, &self.head)
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        self.counters.get()
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        self.counters.set(Counters::default());
    }

    fn layer(&self, layer: usize) -> Result<&Layer> {
        self.layers.get(layer).ok_or_else(|| format!("layer {layer}: the model has {}", self.cfg.layers).into())
    }

    fn check_rows(&self, x: &Tensor) -> Result<usize> {
        let (rows, dim) = x.dims2()?;
        ensure!(rows > 0 && dim == self.cfg.dim, "rows {:?} where (T, {}) is wanted", x.dims(), self.cfg.dim);
        ensure!(x.dtype() == self.dtype, "rows are {}, the model {}", x.dtype().as_str(), self.dtype.as_str());
        Ok(rows)
    }

    fn check_positions(&self, pos: &[usize]) -> Result<()> {
        match pos.iter().find(|&&pos| pos >= self.cfg.ctx) {
            Some(pos) => Err(format!("position {pos}: the context ends at {}", self.cfg.ctx).into()),
            None => Ok(()),
        }
    }

    /// `x w^T`, (T, out).
    fn linear(&self, x: &Tensor, w: &Tensor) -> Result<Tensor> {
        self.count(|c| {
            c.calls += 1;
            c.weight_bytes += 2 * w.elem_count();
        });
        Ok(x.matmul(&w.t()?)?)
    }

    fn rms_norm(&self, x: &Tensor, gain: &Tensor) -> Result<Tensor> {
        match self.dtype {
            DType::F64 => rows::rms_norm::<f64>(x, gain, self.cfg.eps),
            _ => rows::rms_norm::<f32>(x, gain, self.cfg.eps),
        }
    }

    fn zip(&self, a: &Tensor, b: &Tensor, narrow: fn(f32, f32) -> f32, wide: fn(f64, f64) -> f64) -> Result<Tensor> {
        match self.dtype {
            DType::F64 => rows::zip(a, b, wide),
            _ => rows::zip(a, b, narrow),
        }
    }

    fn count(&self, change: impl FnOnce(&mut Counters)) {
        let mut counters = self.counters.get();
        change(&mut counters);
        self.counters.set(counters);
    }
}
