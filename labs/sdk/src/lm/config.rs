//! The sizes of a model, from and to the `config.json` of Hugging Face. Left out: the weights.

use crate::{Error, Result, ensure};
use serde_json::{Value, json};

/// Sizes and constants of a LLaMA-style model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Token ids: 0 to vocab - 1.
    pub vocab: usize,
    /// Values of a token's row between layers.
    pub dim: usize,
    /// Blocks of attention and feed-forward.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Values of one head.
    pub head_dim: usize,
    /// Inner width of the feed-forward.
    pub ffn: usize,
    /// Positions: 0 to ctx - 1.
    pub ctx: usize,
    /// Base of the RoPE angles.
    pub theta: f64,
    /// Keeps the root of RMSNorm away from zero.
    pub eps: f64,
}

impl Config {
    /// `lm`: 3.2 million parameters over bytes.
    pub const LM: Config = Config {
        vocab: 256,
        dim: 256,
        layers: 4,
        heads: 8,
        kv_heads: 4,
        head_dim: 32,
        ffn: 768,
        ctx: 1024,
        theta: 500_000.0,
        eps: 1e-5,
    };

    /// `lm-draft`: 0.4 million parameters, to guess what `lm` will say.
    pub const LM_DRAFT: Config = Config { dim: 128, layers: 2, heads: 4, kv_heads: 2, ffn: 384, ..Config::LM };

    /// Query heads that read one key head.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// As a `config.json` with tied embeddings.
    pub fn to_json(&self) -> Value {
        json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.vocab,
            "hidden_size": self.dim,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "intermediate_size": self.ffn,
            "max_position_embeddings": self.ctx,
            "rope_theta": self.theta,
            "rms_norm_eps": self.eps,
            "hidden_act": "silu",
            "attention_bias": false,
            "mlp_bias": false,
            "tie_word_embeddings": true,
        })
    }

    /// From a `config.json`; whatever this model code does not compute is refused by name.
    pub fn from_json(json: &Value) -> Result<Config> {
        ensure!(json.is_object(), "the config is no JSON object");
        supported(json)?;
        let dim = number(json, "hidden_size", None)?;
        let heads = number(json, "num_attention_heads", None)?;
        let config = Config {
            vocab: number(json, "vocab_size", None)?,
            dim,
            layers: number(json, "num_hidden_layers", None)?,
            heads,
            kv_heads: number(json, "num_key_value_heads", Some(heads))?,
            head_dim: number(json, "head_dim", Some(dim / heads.max(1)))?,
            ffn: number(json, "intermediate_size", None)?,
            ctx: number(json, "max_position_embeddings", Some(2048))?,
            theta: real(
                json.get("rope_theta").or(json.pointer("/rope_parameters/rope_theta")),
                "rope_theta",
                10_000.0,
            )?,
            eps: real(json.get("rms_norm_eps"), "rms_norm_eps", 1e-6)?,
        };
        config.check()?;
        Ok(config)
    }

    /// Refuses sizes that no model has, before anything is allocated by them.
    pub(super) fn check(&self) -> Result<()> {
        let &Config { vocab, dim, layers, heads, kv_heads, head_dim, ffn, ctx, theta, eps } = self;
        for (name, n, most) in [
            ("vocabulary", vocab, 1 << 20),
            ("dim", dim, 1 << 16),
            ("layers", layers, 1 << 10),
            ("heads", heads, 1 << 10),
            ("key heads", kv_heads, 1 << 10),
            ("head dim", head_dim, 1 << 12),
            ("feed-forward width", ffn, 1 << 18),
            ("context", ctx, 1 << 24),
        ] {
            ensure!((1..=most).contains(&n), "the config has {name} {n}; 1 to {most} are supported");
        }
        ensure!(heads % kv_heads == 0, "{heads} heads do not divide among {kv_heads} key heads");
        ensure!(head_dim % 2 == 0, "RoPE turns pairs, and a head of {head_dim} values has a single one left");
        ensure!(theta.is_finite() && theta > 0.0, "rope_theta {theta} is no positive number");
        ensure!(eps.is_finite() && eps >= 0.0, "rms_norm_eps {eps} is no positive number");
        Ok(())
    }
}

/// Only what LLaMA itself computes.
fn supported(json: &Value) -> Result<()> {
    let only = "only LLaMA-style models are supported (LlamaForCausalLM)";
    if let Some(names) = json.get("architectures").and_then(Value::as_array) {
        let odd = names.iter().find(|name| name.as_str() != Some("LlamaForCausalLM"));
        ensure!(odd.is_none(), "the model is {}; {only}", odd.unwrap_or(&Value::Null));
    } else if let Some(kind) = json.get("model_type") {
        ensure!(kind == "llama", "the model is of type {kind}; {only}");
    } else {
        return Err(format!("the config names no architecture; {only}").into());
    }
    for bias in ["attention_bias", "mlp_bias"] {
        ensure!(
            json.get(bias) != Some(&Value::Bool(true)),
            "the config has {bias}; projections with biases are not supported"
        );
    }
    let scaling = json.get("rope_scaling").or(json.get("rope_parameters")).filter(|scaling| !scaling.is_null());
    let kind = scaling.and_then(|scaling| scaling.get("rope_type").or(scaling.get("type")));
    if scaling.is_some() && kind != Some(&json!("default")) {
        let kind = kind.unwrap_or(&Value::Null);
        return Err(format!("the config scales RoPE ({kind}); only plain RoPE is supported").into());
    }
    match json.get("hidden_act") {
        Some(act) if act != "silu" => Err(format!("the feed-forward uses {act}; only silu is supported").into()),
        _ => Ok(()),
    }
}

fn number(json: &Value, name: &str, default: Option<usize>) -> Result<usize> {
    match (json.get(name).filter(|value| !value.is_null()), default) {
        (None, Some(default)) => Ok(default),
        (None, None) => Err(format!("the config has no {name}").into()),
        (Some(value), _) => value
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| Error::new(format!("the config has {name} {value} where a count is wanted"))),
    }
}

fn real(value: Option<&Value>, name: &str, default: f64) -> Result<f64> {
    match value.filter(|value| !value.is_null()) {
        None => Ok(default),
        Some(value) => {
            value.as_f64().ok_or_else(|| Error::new(format!("the config has {name} {value} where a number is wanted")))
        }
    }
}
