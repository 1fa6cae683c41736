//! The architectures of the published tables, as short TOML files, and their expansion into flat lists of nodes.
//!
//! A file has an `input` shape, a list of `node`s, and a list of `net`s that are made from them: each net has a name, and
//! may have its own `input`, a `width` that scales channels, a `depth` that scales repetitions, and values for the words
//! that begin with `$`. `round_to` is the multiple that scaled channels go to; without it they are cut off.
//!
//! A node is an operation (`op`) or a block of several (`block`), reads the node before it unless `from` names others, and
//! becomes nodes of [`lab_sdk::Op`] only. Counting is `flops`'s business.

mod blocks;
mod line;
mod net;
mod transformer;

use lab_sdk::{Arch, Result};
use line::Line;
use net::Net;
use serde::Deserialize;
use toml::{Table, Value};

/// Most nodes that a file may expand to.
pub const MOST_NODES: usize = 20_000;

const FILES: &[&str] = &[
    include_str!("arch/alexnet.toml"),
    include_str!("arch/alexnet_bvlc.toml"),
    include_str!("arch/bert.toml"),
    include_str!("arch/distilbert.toml"),
    include_str!("arch/efficientnet.toml"),
    include_str!("arch/gpt2.toml"),
    include_str!("arch/llama.toml"),
    include_str!("arch/longformer.toml"),
    include_str!("arch/mobilebert.toml"),
    include_str!("arch/mobilenet_v1.toml"),
    include_str!("arch/mobilenet_v1_dense.toml"),
    include_str!("arch/mobilenet_v2.toml"),
    include_str!("arch/mobilenet_v3_large.toml"),
    include_str!("arch/mobilenet_v3_small.toml"),
    include_str!("arch/resnet34.toml"),
    include_str!("arch/resnet50.toml"),
    include_str!("arch/shufflenet_v1.toml"),
    include_str!("arch/shufflenet_v2.toml"),
    include_str!("arch/squeezenet_1_0.toml"),
    include_str!("arch/squeezenet_1_1.toml"),
];

/// Every architecture that ships, family by family.
pub fn all() -> Result<Vec<Arch>> {
    let nets = FILES.iter().map(|text| parse(text));
    Ok(nets.collect::<Result<Vec<_>>>()?.concat())
}

/// The architecture called `name`.
pub fn load(name: &str) -> Result<Arch> {
    for text in FILES.iter().filter(|text| text.contains(&format!("{name:?}"))) {
        let file = read(text)?;
        if let Some(net) = file.net.iter().find(|net| net.name == name) {
            return expand(&file, net);
        }
    }
    Err(format!("there is no architecture `{name}`").into())
}

/// The nets of one file.
pub fn parse(text: &str) -> Result<Vec<Arch>> {
    let file = read(text)?;
    file.net.iter().map(|net| expand(&file, net)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    input: Vec<u64>,
    round_to: Option<u64>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    net: Vec<Variant>,
    node: Vec<Table>,
}

/// One net of a file.
#[derive(Deserialize)]
struct Variant {
    name: String,
    input: Option<Vec<u64>>,
    width: Option<f64>,
    depth: Option<f64>,
    /// Values for words that begin with `$`.
    #[serde(flatten)]
    words: Table,
}

fn read(text: &str) -> Result<File> {
    // Some editors begin a file with a byte-order mark, which TOML allows and its readers stumble over.
    let mut file: File = toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| e.message().to_owned())?;
    if file.net.is_empty() {
        let name = file.name.take().unwrap_or_else(|| "net".to_owned());
        file.net.push(Variant { name, input: None, width: None, depth: None, words: Table::new() });
    }
    Ok(file)
}

fn expand(file: &File, variant: &Variant) -> Result<Arch> {
    let width = variant.width.map(|width| (width, file.round_to));
    let mut net = Net::new(variant.input.as_ref().unwrap_or(&file.input), width, variant.depth)?;
    for (at, node) in file.node.iter().enumerate() {
        let line = Line::read(node, &variant.words).and_then(|line| line.add(&mut net));
        line.map_err(|e| format!("{}, node {}: {e}", variant.name, at + 1))?;
    }
    Ok(Arch { name: variant.name.clone(), nodes: net.nodes })
}

/// `value` with each string `$word` replaced by the net's value for it.
fn filled(value: &Value, words: &Table) -> Result<Value> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(word) => words.get(word).cloned().ok_or_else(|| format!("the net has no `{word}`"))?,
            None => value.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(|item| filled(item, words)).collect::<Result<_>>()?),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests;
