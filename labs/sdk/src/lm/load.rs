//! Reads a model's configuration and weights from safetensors files, and tells what it cannot read. GGUF is in `gguf.rs`.

use super::names::{EMBED, HEAD, weights};
use super::{Config, gguf};
use crate::{Error, Result, ensure, models};
use candle_core::safetensors::Load;
use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// A model as its file holds it, checked: every weight is there in its shape, by its Hugging Face name.
pub(super) struct Found {
    pub cfg: Config,
    /// With `lm_head.weight` only where the head is not the embedding.
    pub weights: HashMap<String, Tensor>,
}

/// A `.safetensors` or `.gguf` file, the `.index.json` of a sharded model, or a folder with one of them.
pub(super) fn open(path: &Path) -> Result<Found> {
    if path.is_dir() {
        let names = ["model.safetensors", "model.safetensors.index.json"];
        let inside = names.iter().map(|name| path.join(name)).find(|file| file.is_file());
        let inside = inside.ok_or("the folder has no model.safetensors and no model.safetensors.index.json")?;
        return open(&inside);
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gguf") => gguf::open(path),
        Some("safetensors") => plain(&[path.to_owned()]),
        Some("json") => plain(&shards(path)?),
        _ => Err("a model is a .safetensors file, a .safetensors.index.json or a .gguf file".into()),
    }
}

/// Safetensors files of one model, the config beside them or in the header of the first.
fn plain(files: &[PathBuf]) -> Result<Found> {
    let mut found = HashMap::new();
    let mut config = None;
    for file in files {
        let bytes = models::map(file)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| unreadable(&e))?;
        let own = header.metadata().as_ref().and_then(|metadata| metadata.get("config"));
        if let (None, Some(text)) = (&config, own) {
            config = Some(json("the config in its header", text)?);
        }
        for (name, view) in SafeTensors::deserialize(&bytes).map_err(|e| unreadable(&e))?.iter() {
            let weight = match view.dtype() {
                Dtype::F16 => Tensor::from_vec(widened(view.data()), view.shape(), &Device::Cpu)?,
                Dtype::F32 | Dtype::BF16 => view.load(&Device::Cpu)?,
                other => return Err(format!("`{name}` is {other:?}; F32, F16 and BF16 are supported").into()),
            };
            found.insert(name.to_owned(), weight);
        }
    }
    let beside = files.first().and_then(|file| file.parent()).map(|folder| folder.join("config.json"));
    let config = match (beside.filter(|file| file.is_file()), config) {
        (Some(file), None) => json("the config.json beside it", &read(&file)?)?,
        (_, Some(config)) => config,
        (None, None) => return Err("there is no config.json beside it and no config in its header".into()),
    };
    let tied = config.get("tie_word_embeddings").and_then(Value::as_bool);
    check(Config::from_json(&config)?, found, tied)
}

/// What is wrong with a safetensors file, for someone who does not know its format.
fn unreadable(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::HeaderTooSmall | SafeTensorError::MetadataIncompleteBuffer => {
            "the file is cut short: its header promises more bytes than it has".to_owned()
        }
        other => format!("this is no safetensors file: {other}"),
    }
}

/// `text`, which is called `what`.
fn json(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|e| format!("{what} is no JSON: {e}").into())
}

/// The files that an index names, all in its folder.
fn shards(index: &Path) -> Result<Vec<PathBuf>> {
    let index_json = json("the index", &read(index)?)?;
    let map = index_json.get("weight_map").and_then(Value::as_object).ok_or_else(|| {
        let name = index.file_name().unwrap_or_default().to_string_lossy();
        format!("{name} is no index of safetensors files (it has no weight_map): name the .safetensors file itself")
    })?;
    let names: Option<BTreeSet<&str>> = map.values().map(Value::as_str).collect();
    let names = names.filter(|names| !names.is_empty()).ok_or("the weight_map names no files")?;
    let folder = index.parent().unwrap_or(Path::new(""));
    let inside = |name: &&str| Path::new(name).components().count() == 1 && !name.starts_with('.');
    match names.iter().find(|name| !inside(name)) {
        Some(name) => Err(format!("the weight_map names {name:?}, which is no file beside it").into()),
        None => Ok(names.iter().map(|name| folder.join(name)).collect()),
    }
}

/// Every weight in its shape and no other; `tied` says whether the head is the embedding, where the config says it.
pub(super) fn check(cfg: Config, mut found: HashMap<String, Tensor>, tied: Option<bool>) -> Result<Found> {
    found.retain(|name, _| !name.ends_with("rotary_emb.inv_freq")); // files of 2023 hold what theta says
    if tied == Some(true) {
        found.remove(HEAD);
    }
    ensure!(
        tied != Some(false) || found.contains_key(HEAD),
        "there is no `{HEAD}`, and the config says that the head is not the embedding"
    );
    let mut wanted: HashMap<String, Vec<usize>> = weights(&cfg).into_iter().collect();
    if found.contains_key(HEAD) {
        wanted.insert(HEAD.into(), vec![cfg.vocab, cfg.dim]);
    }
    let mut names: Vec<&String> = found.keys().collect();
    names.sort();
    for name in names {
        let bias = if name.ends_with(".bias") { "; projections with biases are not supported" } else { "" };
        let Some(shape) = wanted.remove(name) else {
            return Err(format!("`{name}` is no weight of a LLaMA-style model of {} layers{bias}", cfg.layers).into());
        };
        let dims = found[name].dims();
        ensure!(dims == shape, "`{name}` is {dims:?} where the config asks for {shape:?}");
    }
    match wanted.keys().min() {
        Some(name) if wanted.len() == 1 => Err(format!("there is no `{name}`").into()),
        Some(name) => Err(format!("there is no `{name}`, and {} more weights are missing", wanted.len() - 1).into()),
        None => Ok(Found { cfg, weights: found }),
    }
}

/// The size of the vocabulary, where only the embedding tells.
pub(super) fn vocabulary(dims: Option<&[usize]>) -> Result<usize> {
    dims.and_then(|dims| dims.first().copied()).ok_or_else(|| Error::new(format!("there is no `{EMBED}`")))
}

/// Half precision to f32, exactly; candle takes three times as long. The exponents differ by 112 in their bias.
pub(super) fn widened(bytes: &[u8]) -> Vec<f32> {
    let widen = |two: &[u8]| {
        let half = u32::from(u16::from_le_bytes([two[0], two[1]]));
        let size = f32::from_bits((half & 0x7fff) << 13) * f32::from_bits((112 + 127) << 23);
        let special = if half & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 }; // infinite or no number
        f32::from_bits(size.to_bits() | special | (half & 0x8000) << 16)
    };
    bytes.chunks_exact(2).map(widen).collect()
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()).into())
}
