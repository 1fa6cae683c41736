//! The names and shapes of a model's weights, as Hugging Face gives them to LLaMA. All matrices are (out, in).

use super::Config;

pub(super) const EMBED: &str = "model.embed_tokens.weight";
pub(super) const NORM: &str = "model.norm.weight";
pub(super) const HEAD: &str = "lm_head.weight";

/// One layer's weights after `model.layers.{i}.` and before `.weight`.
pub(super) const ATTN_NORM: &str = "input_layernorm";
pub(super) const MLP_NORM: &str = "post_attention_layernorm";

/// `model.layers.{layer}.{part}.weight`.
pub fn layer(layer: usize, part: &str) -> String {
    format!("model.layers.{layer}.{part}.weight")
}

/// Every weight that a model with tied embeddings has, with its shape, in the order in which it is used.
pub fn weights(cfg: &Config) -> Vec<(String, Vec<usize>)> {
    let (q, kv) = (cfg.heads * cfg.head_dim, cfg.kv_heads * cfg.head_dim);
    let parts = [
        (ATTN_NORM, vec![cfg.dim]),
        ("self_attn.q_proj", vec![q, cfg.dim]),
        ("self_attn.k_proj", vec![kv, cfg.dim]),
        ("self_attn.v_proj", vec![kv, cfg.dim]),
        ("self_attn.o_proj", vec![cfg.dim, q]),
        (MLP_NORM, vec![cfg.dim]),
        ("mlp.gate_proj", vec![cfg.ffn, cfg.dim]),
        ("mlp.up_proj", vec![cfg.ffn, cfg.dim]),
        ("mlp.down_proj", vec![cfg.dim, cfg.ffn]),
    ];
    let mut all = vec![(EMBED.to_owned(), vec![cfg.vocab, cfg.dim])];
    for i in 0..cfg.layers {
        all.extend(parts.iter().map(|(part, shape)| (layer(i, part), shape.clone())));
    }
    all.push((NORM.to_owned(), vec![cfg.dim]));
    all
}
