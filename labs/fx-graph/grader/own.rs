//! A graph of the learner's own, as `fx_dump.py` writes it: JSON, and the weights beside it.

use super::net::Net;
use crate::grading::Draw;
use crate::reference::fx;
use lab_sdk::candle_core::safetensors;
use lab_sdk::{Device, Error, FxGraph, Opcode, Result, Tensor};
use std::path::Path;

/// Why a file cannot be used.
pub fn look(file: &Path) -> Result<(), String> {
    read(file).map(drop).map_err(|why| why.to_string())
}

/// The graph with its weights, and inputs of the shapes that the example had. It has run once.
pub fn read(file: &Path) -> Result<(Net, Vec<Tensor>)> {
    let text = std::fs::read_to_string(file).map_err(|why| Error::new(why.to_string()))?;
    if text.trim_start().starts_with("graph(") {
        return Err("this is the text of TorchScript; write the module with fx_dump.py".into());
    }
    let g = FxGraph::from_json(&text).map_err(|why| Error::new(format!("it is no FX graph in JSON: {why}")))?;
    fx::check(&g)?;
    let weights = file.with_extension("safetensors");
    let params = match weights.is_file() {
        true => safetensors::load(&weights, &Device::Cpu)?.into_iter().collect(),
        false => Default::default(),
    };
    let mut draw = Draw::new(1, "own");
    let inputs = g.nodes.iter().filter(|node| node.op == Opcode::Placeholder);
    let input = |node: &lab_sdk::FxNode| match &node.meta {
        Some(meta) if meta.dtype == "float32" => draw.tensor(&meta.shape, Draw::normal),
        Some(meta) => Err(Error::new(format!("the input `{}` is {}; only float32 is here", node.name, meta.dtype))),
        None => Err(Error::new(format!("the input `{}` has no shape; give fx_dump.py one with --input", node.name))),
    };
    let ins = inputs.map(input).collect::<Result<Vec<_>>>()?;
    if let Err(why) = fx::outputs(&g, &params, &ins, 1) {
        let name = weights.file_name().unwrap_or_default().display().to_string();
        let beside = if weights.is_file() { String::new() } else { format!(" (there is no {name} beside it)") };
        return Err(format!("{why}{beside}").into());
    }
    Ok((Net { g, params }, ins))
}
