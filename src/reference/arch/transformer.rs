//! Layers of transformers. Each reads (b, s, d), the last node of the net, and returns that shape.

use super::net::Net;
use lab_sdk::{Norm, Op, Result};

/// Heads, and what they see.
#[derive(Clone, Copy)]
pub struct Heads {
    pub hq: u64,
    pub hkv: u64,
    pub causal: bool,
    pub window: Option<u64>,
}

/// BERT (norms after the sums) and GPT-2 (before the parts), biased everywhere.
pub fn encoder(net: &mut Net, name: &str, heads: Heads, ff: u64, pre_norm: bool) -> Result<()> {
    let d = net.features()?;
    let read = net.last.clone();
    let norm = Op::Norm { kind: Norm::Layer };
    if pre_norm {
        net.then(&format!("{name}.norm1"), norm.clone())?;
    }
    let x = net.last.clone();
    attend(net, name, [&x, &x, &x], (d, d, d), heads, true)?;
    sum(net, &format!("{name}.add1"), &read)?;
    let middle = if pre_norm { net.last.clone() } else { format!("{name}.norm1") };
    net.then(&format!("{name}.norm{}", if pre_norm { 2 } else { 1 }), norm.clone())?;
    feed_forward(net, &format!("{name}.ff"), ff, "gelu")?;
    sum(net, &format!("{name}.add2"), &middle)?;
    if pre_norm { Ok(()) } else { net.then(&format!("{name}.norm2"), norm) }
}

/// LLaMA: RMS norms before the parts, shared key and value heads, a gated feed-forward, no biases.
pub fn llama(net: &mut Net, name: &str, heads: Heads, ff: u64, bias: bool) -> Result<()> {
    let (d, read, norm) = (net.features()?, net.last.clone(), Op::Norm { kind: Norm::Rms });
    net.then(&format!("{name}.norm1"), norm.clone())?;
    let x = net.last.clone();
    let shared = d / heads.hq.max(1) * heads.hkv;
    attend_with(net, name, [&x, &x, &x], (d, shared, d), heads, (bias, false))?;
    sum(net, &format!("{name}.add1"), &read)?;
    let middle = net.last.clone();
    net.then(&format!("{name}.norm2"), norm)?;
    let x = net.last.clone();
    net.linear(&format!("{name}.gate"), ff, false)?;
    net.then(&format!("{name}.gate.act"), Op::Act { kind: "silu".to_owned() })?;
    net.add(&format!("{name}.up"), Op::Linear { cout: ff, bias: false }, &[&x])?;
    net.add(&format!("{name}.gated"), Op::Mul {}, &[&format!("{name}.gate.act"), &format!("{name}.up")])?;
    net.linear(&format!("{name}.down"), d, false)?;
    sum(net, &format!("{name}.add2"), &middle)
}

/// MobileBERT: thin (`inner`) between a bottleneck in and one out, with several feed-forwards; norms scale and shift only.
pub fn mobilebert(net: &mut Net, name: &str, inner: u64, heads: Heads, ff: u64, ffns: u64) -> Result<()> {
    let (d, wide) = (net.features()?, net.last.clone());
    // One bottleneck for the layer's own input, one for queries and keys; values read the wide stream.
    for part in ["thin", "shared"] {
        net.add(&format!("{name}.{part}"), Op::Linear { cout: inner, bias: true }, &[&wide])?;
        net.dressed(&format!("{name}.{part}"), Some(Norm::Affine), None)?;
    }
    let (thin, shared) = (format!("{name}.thin.norm"), format!("{name}.shared.norm"));
    attend(net, name, [&shared, &shared, &wide], (inner, inner, inner), heads, true)?;
    sum(net, &format!("{name}.add1"), &thin)?;
    net.then(&format!("{name}.norm1"), Op::Norm { kind: Norm::Affine })?;
    for i in 0..ffns {
        let read = net.last.clone();
        feed_forward(net, &format!("{name}.ff{i}"), ff, "relu")?;
        sum(net, &format!("{name}.ff{i}.add"), &read)?;
        net.then(&format!("{name}.ff{i}.norm"), Op::Norm { kind: Norm::Affine })?;
    }
    net.linear(&format!("{name}.wide"), d, true)?;
    sum(net, &format!("{name}.add2"), &wide)?;
    net.then(&format!("{name}.norm2"), Op::Norm { kind: Norm::Affine })
}

/// Queries, keys and values, attention, and the product that mixes the heads. Sizes: of q, of k and v, of the result.
fn attend(net: &mut Net, name: &str, read: [&str; 3], sizes: (u64, u64, u64), heads: Heads, bias: bool) -> Result<()> {
    attend_with(net, name, read, sizes, heads, (bias, bias))
}

/// As [`attend`], with one bias for q, k, v and one for the last product.
fn attend_with(
    net: &mut Net,
    name: &str,
    read: [&str; 3],
    (q, kv, out): (u64, u64, u64),
    heads: Heads,
    (bias, out_bias): (bool, bool),
) -> Result<()> {
    for (part, (input, cout)) in ["q", "k", "v"].iter().zip(read.iter().zip([q, kv, kv])) {
        net.add(&format!("{name}.{part}"), Op::Linear { cout, bias }, &[input])?;
    }
    let Heads { hq, hkv, causal, window } = heads;
    let parts = [format!("{name}.q"), format!("{name}.k"), format!("{name}.v")];
    let attention = Op::Attention { hq, hkv, causal, window };
    net.add(&format!("{name}.attention"), attention, &[&parts[0], &parts[1], &parts[2]])?;
    net.linear(&format!("{name}.o"), out, out_bias)
}

/// Wide, activation, back.
fn feed_forward(net: &mut Net, name: &str, ff: u64, act: &str) -> Result<()> {
    let d = net.features()?;
    net.linear(&format!("{name}.up"), ff, true)?;
    net.dressed(&format!("{name}.up"), None, Some(act))?;
    net.linear(&format!("{name}.down"), d, true)
}

/// The last node plus `read`.
fn sum(net: &mut Net, name: &str, read: &str) -> Result<()> {
    let own = net.last.clone();
    net.add(name, Op::Add {}, &[read, &own])
}
