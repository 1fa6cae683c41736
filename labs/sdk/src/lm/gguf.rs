//! Reads a LLaMA-style model from a GGUF file, dequantized to f32. Left out: the tokenizer and every other architecture.

use super::Config;
use super::load::{Found, check, vocabulary};
use super::names::{EMBED, HEAD, NORM, layer};
use crate::{Error, Result, ensure, models};
use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;

/// What llama.cpp calls the parts of a layer, and what Hugging Face does.
const PARTS: [(&str, &str); 9] = [
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

pub(super) fn open(path: &Path) -> Result<Found> {
    let bytes = models::map(path)?;
    check_alignment(&bytes)?;
    let mut reader = Cursor::new(&bytes[..]);
    let content = Content::read(&mut reader).map_err(in_words)?;
    let embedding = content.tensor_infos.get("token_embd.weight").map(|info| info.shape.dims());
    let cfg = config(&content.metadata, vocabulary(embedding)?)?;
    let mut found = HashMap::new();
    for (theirs, info) in &content.tensor_infos {
        let Some(ours) = name(theirs) else {
            ensure!(theirs == "rope_freqs.weight", "`{theirs}` is no weight of a plain LLaMA-style model");
            return Err("the file scales RoPE (rope_freqs.weight); only plain RoPE is supported".into());
        };
        let size = info.shape.dims().iter().try_fold(1usize, |size, &dim| size.checked_mul(dim));
        ensure!(size.is_some_and(|size| size <= 1 << 34), "`{theirs}` has the shape {:?}", info.shape.dims());
        let weight = content.tensor(&mut reader, theirs, &Device::Cpu).map_err(in_words)?.dequantize(&Device::Cpu)?;
        let weight = match theirs {
            theirs if theirs.ends_with("attn_q.weight") => halves(&weight, cfg.heads)?,
            theirs if theirs.ends_with("attn_k.weight") => halves(&weight, cfg.kv_heads)?,
            _ => weight,
        };
        found.insert(ours, weight);
    }
    check(cfg, found, None)
}

/// What the standard library says of a read past the end is no help to who has the file.
fn in_words(error: candle_core::Error) -> Error {
    match error.to_string() {
        why if why.contains("failed to fill whole buffer") => Error::new("the file is cut short"),
        why => Error::new(why),
    }
}

/// candle divides by it.
fn check_alignment(bytes: &[u8]) -> Result<()> {
    let key = b"general.alignment";
    let at = bytes.windows(key.len()).take(1 << 20).position(|window| window == key);
    let value = at.and_then(|at| bytes.get(at + key.len() + 4..at + key.len() + 5));
    ensure!(value.is_none_or(|low| low[0] != 0), "general.alignment is no multiple of 8 above zero");
    Ok(())
}

fn config(metadata: &HashMap<String, Value>, vocab: usize) -> Result<Config> {
    let text = |key: &str| metadata.get(key).and_then(|value| value.to_string().ok()).map(String::as_str);
    let architecture = text("general.architecture").unwrap_or("without a name");
    ensure!(architecture == "llama", "the architecture is {architecture}; only llama is supported in GGUF");
    let scaling = text("llama.rope.scaling.type").unwrap_or("none");
    ensure!(scaling == "none", "the file scales RoPE ({scaling}); only plain RoPE is supported");
    ensure!(!metadata.contains_key("llama.expert_count"), "the model has experts, which are not supported");
    let integer = |key: &str| match metadata.get(key) {
        Some(value) => value
            .to_u64()
            .or_else(|_| value.to_i64().map(|n| n.max(0) as u64))
            .map(|n| Some(n as usize))
            .map_err(|_| Error::new(format!("{key} is no count"))),
        None => Ok(None),
    };
    let needed = |key: &str| integer(key)?.ok_or_else(|| Error::new(format!("the file has no {key}")));
    let real = |key: &str, default: f64| match metadata.get(key) {
        Some(Value::F32(value)) => Ok(shortest(*value)),
        Some(Value::F64(value)) => Ok(*value),
        Some(_) => Err(Error::new(format!("{key} is no number"))),
        None => Ok(default),
    };
    let (dim, heads) = (needed("llama.embedding_length")?, needed("llama.attention.head_count")?);
    let head_dim = match integer("llama.attention.key_length")? {
        Some(d) => d,
        None => dim / heads.max(1),
    };
    let turned = integer("llama.rope.dimension_count")?.unwrap_or(head_dim);
    ensure!(turned == head_dim, "RoPE turns {turned} of {head_dim} values of a head; only all of them are supported");
    let cfg = Config {
        vocab,
        dim,
        layers: needed("llama.block_count")?,
        heads,
        kv_heads: integer("llama.attention.head_count_kv")?.unwrap_or(heads),
        head_dim,
        ffn: needed("llama.feed_forward_length")?,
        ctx: needed("llama.context_length")?,
        theta: real("llama.rope.freq_base", 10_000.0)?,
        eps: real("llama.attention.layer_norm_rms_epsilon", 1e-5)?,
    };
    cfg.check()?;
    Ok(cfg)
}

/// 1e-5 as an f32 is not the f64 that the same digits name.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

fn name(theirs: &str) -> Option<String> {
    match theirs {
        "token_embd.weight" => return Some(EMBED.into()),
        "output_norm.weight" => return Some(NORM.into()),
        "output.weight" => return Some(HEAD.into()),
        _ => {}
    }
    let (block, part) = theirs.strip_prefix("blk.")?.split_once('.')?;
    let block: usize = block.parse().ok()?;
    let part = part.strip_suffix(".weight")?;
    PARTS.iter().find(|(theirs, _)| *theirs == part).map(|(_, ours)| layer(block, ours))
}

/// Rows of queries and keys back from pairs side by side, as llama.cpp turns them, to pairs of halves.
fn halves(weight: &Tensor, heads: usize) -> Result<Tensor> {
    let (rows, columns) = weight.dims2()?;
    ensure!(rows % (2 * heads) == 0, "{rows} rows do not divide among {heads} heads in pairs");
    let pairs = weight.reshape((heads, rows / heads / 2, 2, columns))?;
    Ok(pairs.transpose(1, 2)?.contiguous()?.reshape((rows, columns))?)
}
