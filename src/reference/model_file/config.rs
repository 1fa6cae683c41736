//! A Hugging Face config.json: the sizes of a known kind of transformer. Other kinds are refused by name.

use super::{Own, of};
use crate::reference::arch;
use lab_sdk::{Result, ensure};
use serde_json::Value;

/// Tokens that are counted.
const TOKENS: u64 = 128;

/// Kinds that are known.
const KINDS: &str = "llama, mistral, qwen2, bert, roberta, distilbert, gpt2";

/// The net that a configuration describes.
pub fn read(config: &Value) -> Result<Own> {
    let kind = config["model_type"].as_str().ok_or("has neither `nodes` nor a `model_type`")?;
    let (text, what) = match kind {
        "llama" | "mistral" | "qwen2" => (llama(config, kind)?, "with its head"),
        "bert" | "roberta" => (bert(config)?, "with its pooler, without a head"),
        "distilbert" => (distilbert(config)?, "without a head"),
        "gpt2" => (gpt2(config)?, "with its head, which shares the embedding"),
        _ => return Err(format!("describes a `{kind}`; known are {KINDS}").into()),
    };
    let net = arch::parse(&text)?.swap_remove(0);
    let remark = format!("counted at {TOKENS} tokens, {what}; every query and every key, as PyTorch's counter does");
    Ok(of(net, vec![remark]))
}

/// A whole number of the configuration.
fn size(config: &Value, key: &str) -> Result<u64> {
    match &config[key] {
        Value::Null => Err(format!("has no `{key}`").into()),
        value => value.as_u64().ok_or_else(|| format!("`{key}` is {value}, not a count").into()),
    }
}

fn size_or(config: &Value, key: &str, otherwise: u64) -> Result<u64> {
    if config[key].is_null() { Ok(otherwise) } else { size(config, key) }
}

fn flag(config: &Value, key: &str) -> bool {
    config[key].as_bool().unwrap_or(false)
}

/// An architecture file with these lines.
fn file(kind: &str, lines: &[String]) -> String {
    format!("name = {kind:?}\ninput = [1, {TOKENS}]\nnode = [\n{}\n]\n", lines.join(",\n"))
}

fn embedding(name: &str, rows: u64, dim: u64) -> String {
    format!("{{ op = \"embedding\", name = {name:?}, from = \"input\", rows = {rows}, dim = {dim} }}")
}

fn sum(names: &[&str]) -> String {
    format!("{{ op = \"add\", name = \"sum\", from = {names:?} }}")
}

fn norm(of: &str) -> String {
    format!("{{ op = \"norm\", of = {of:?} }}")
}

fn llama(c: &Value, kind: &str) -> Result<String> {
    let (d, heads, vocab) = (size(c, "hidden_size")?, size(c, "num_attention_heads")?, size(c, "vocab_size")?);
    ensure!(heads > 0 && d % heads == 0, "{d} features in {heads} heads");
    let head = size_or(c, "head_dim", d / heads)?;
    ensure!(head == d / heads, "has heads of {head}, not of {d} / {heads}: not counted here");
    ensure!(
        !flag(c, "mlp_bias") && !flag(c, "attention_bias"),
        "has biases that the plain `{kind}` has not: not counted here"
    );
    let (kv, ff, n) =
        (size_or(c, "num_key_value_heads", heads)?, size(c, "intermediate_size")?, size(c, "num_hidden_layers")?);
    let bias = kind == "qwen2";
    let tie = if flag(c, "tie_word_embeddings") { ", tie = \"words\"" } else { "" };
    Ok(file(
        kind,
        &[
            embedding("words", vocab, d),
            format!(
                "{{ block = \"llama_layer\", name = \"layer\", heads = {heads}, kv_heads = {kv}, ff = {ff}, n = {n}, qkv_bias = {bias} }}"
            ),
            norm("rms"),
            format!("{{ op = \"linear\", name = \"head\", out = {vocab}, bias = false{tie} }}"),
        ],
    ))
}

fn bert(c: &Value) -> Result<String> {
    let (d, heads, ff) = (size(c, "hidden_size")?, size(c, "num_attention_heads")?, size(c, "intermediate_size")?);
    Ok(file(
        "bert",
        &[
            embedding("words", size(c, "vocab_size")?, d),
            embedding("positions", size(c, "max_position_embeddings")?, d),
            embedding("types", size(c, "type_vocab_size")?, d),
            sum(&["words", "positions", "types"]),
            norm("layer"),
            encoder(heads, ff, size(c, "num_hidden_layers")?, false),
            "{ op = \"slice\", name = \"first\", axis = 1, start = 0, end = 1 }".to_owned(),
            format!("{{ op = \"linear\", name = \"pooler\", out = {d}, act = \"tanh\" }}"),
        ],
    ))
}

fn distilbert(c: &Value) -> Result<String> {
    let d = size(c, "dim")?;
    Ok(file(
        "distilbert",
        &[
            embedding("words", size(c, "vocab_size")?, d),
            embedding("positions", size(c, "max_position_embeddings")?, d),
            sum(&["words", "positions"]),
            norm("layer"),
            encoder(size(c, "n_heads")?, size(c, "hidden_dim")?, size(c, "n_layers")?, false),
        ],
    ))
}

fn gpt2(c: &Value) -> Result<String> {
    let (d, vocab) = (size(c, "n_embd")?, size(c, "vocab_size")?);
    let ff = size_or(c, "n_inner", d.saturating_mul(4))?;
    Ok(file(
        "gpt2",
        &[
            embedding("words", vocab, d),
            embedding("positions", size_or(c, "n_positions", 1024)?, d),
            sum(&["words", "positions"]),
            encoder(size(c, "n_head")?, ff, size(c, "n_layer")?, true),
            norm("layer"),
            format!("{{ op = \"linear\", name = \"head\", out = {vocab}, bias = false, tie = \"words\" }}"),
        ],
    ))
}

fn encoder(heads: u64, ff: u64, n: u64, pre_norm: bool) -> String {
    format!(
        "{{ block = \"encoder_layer\", name = \"layer\", heads = {heads}, ff = {ff}, n = {n}, pre_norm = {pre_norm} }}"
    )
}
