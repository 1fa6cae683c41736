//! A model of the learner's own, read for counting: an architecture (.toml, .json), a Hugging Face config.json, an ONNX
//! file, the header of a safetensors file. Files may be anything: each refusal is one sentence, and nothing is allocated
//! because a file says so.

mod config;
mod onnx;
mod onnx_arch;
mod protobuf;
mod shapes;
mod sizes;
#[cfg(test)]
mod tests;
mod weights;

use super::{arch, flops};
use lab_sdk::{Arch, Convention, Result, ensure};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a text file that are read.
const TEXT: u64 = 16 << 20;

/// What a file says of its model.
#[derive(Debug)]
pub struct Own {
    /// The net, where the file has one.
    pub arch: Option<Arch>,
    /// Numbers in its weights.
    pub params: u64,
    /// What was assumed, and what is not counted.
    pub remarks: Vec<String>,
}

/// Reads the model in `path`.
pub fn read(path: &Path) -> Result<Own> {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let own = read_as(path, &name).map_err(|why| said(&name, &why.to_string()))?;
    if let Some(net) = &own.arch {
        flops::count(net, &Convention::default()).map_err(|why| format!("`{name}` cannot run: {why}"))?;
    }
    Ok(own)
}

/// `cut.onnx` is cut short; `net.toml`: line 3 ..
fn said(name: &str, why: &str) -> String {
    let verb = ["is ", "has "].iter().any(|verb| why.starts_with(verb));
    format!("`{name}`{} {why}", if verb { "" } else { ":" })
}

fn read_as(path: &Path, name: &str) -> Result<Own> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let length = file.metadata().map_err(|e| e.to_string())?;
    ensure!(length.is_file(), "is not a file; name a file, such as the config.json in a folder");
    let ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
    match () {
        () if ends(".onnx") => onnx_arch::read(file, length.len()),
        () if ends(".safetensors") => weights::read(file, length.len()),
        () if ends(".json") => json(&text(file, length.len())?),
        () if ends(".toml") => from_toml(&text(file, length.len())?),
        () => Err("is none of .onnx, .json, .safetensors, .toml".into()),
    }
}

/// A text file without a byte-order mark.
fn text(mut file: File, length: u64) -> Result<String> {
    ensure!(length <= TEXT, "has {length} bytes; at most {TEXT} are read of a text");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "is no UTF-8 text")?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// A flat list of nodes, or a configuration of transformers.
fn json(text: &str) -> Result<Own> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| format!("is no JSON: {e}"))?;
    if value.get("nodes").is_some() {
        let nodes = value["nodes"].as_array().map_or(0, Vec::len);
        ensure!(nodes <= arch::MOST_NODES, "has {nodes} nodes; at most {} are counted", arch::MOST_NODES);
        let net: Arch = serde_json::from_value(value).map_err(|e| format!("is no architecture: {e}"))?;
        return Ok(of(net, Vec::new()));
    }
    config::read(&value)
}

fn from_toml(text: &str) -> Result<Own> {
    let mut nets = arch::parse(text)?;
    let (count, remark) = (nets.len(), |name: &str| format!("the file has several nets; `{name}` was counted"));
    ensure!(count > 0, "has no net");
    let net = nets.swap_remove(0);
    let remarks = if count > 1 { vec![remark(&net.name)] } else { Vec::new() };
    Ok(of(net, remarks))
}

/// A model whose weights are those that its nodes learn.
fn of(net: Arch, remarks: Vec<String>) -> Own {
    let params = flops::count(&net, &Convention::default()).map_or(0, |report| report.params);
    Own { arch: Some(net), params, remarks }
}
