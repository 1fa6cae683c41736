//! One line of an architecture file: an operation with short words, or a block, and what it adds to the net.

use super::blocks::{self, Inverted, Squeeze};
use super::net::Net;
use super::transformer::{self, Heads};
use super::{Table, Value, filled};
use lab_sdk::{Norm, Op, Pool, Result, ensure};
use serde::Deserialize;

/// A line, with the words that every line may have.
pub struct Line {
    kind: String,
    name: Option<String>,
    from: Option<Vec<String>>,
    tie: Option<String>,
    what: What,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum What {
    Conv2d(ConvLine),
    Linear(LinearLine),
    Embedding {
        rows: u64,
        dim: u64,
    },
    Attention(HeadsLine),
    Norm {
        of: Norm,
    },
    Act {
        of: String,
    },
    Matmul,
    Add,
    Mul,
    Concat {
        axis: usize,
    },
    Slice {
        axis: usize,
        start: u64,
        end: u64,
    },
    Pool(PoolLine),
    GlobalPool,
    Reshape {
        shape: Vec<u64>,
    },
    Shuffle {
        g: u64,
    },
    Separable {
        out: u64,
        k: u64,
        s: u64,
        n: u64,
        act: String,
    },
    Mbconv(MbconvLine),
    Bottleneck {
        mid: u64,
        out: u64,
        s: u64,
        n: u64,
        stride_on: StrideOn,
    },
    Basic {
        out: u64,
        s: u64,
        n: u64,
    },
    Fire {
        squeeze: u64,
        e1: u64,
        e3: u64,
    },
    ShuffleUnit {
        out: u64,
        n: u64,
        g: u64,
        #[serde(default)]
        dense_first: bool,
    },
    ShuffleUnitV2 {
        out: u64,
        n: u64,
    },
    EncoderLayer {
        heads: u64,
        ff: u64,
        n: u64,
        #[serde(default)]
        pre_norm: bool,
    },
    MobilebertLayer {
        inner: u64,
        heads: u64,
        ff: u64,
        ffns: u64,
        n: u64,
    },
    LlamaLayer(LlamaLine),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConvLine {
    out: u64,
    k: Side,
    s: Option<Side>,
    p: Option<Side>,
    d: Option<Side>,
    g: Option<u64>,
    #[serde(default)]
    bias: bool,
    #[serde(default)]
    bn: bool,
    act: Option<String>,
    /// Not scaled by the net's width.
    #[serde(default)]
    fixed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinearLine {
    out: u64,
    #[serde(default = "yes")]
    bias: bool,
    act: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadsLine {
    heads: u64,
    kv_heads: Option<u64>,
    #[serde(default)]
    causal: bool,
    window: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolLine {
    of: Pool,
    k: Side,
    s: Option<Side>,
    p: Option<Side>,
    #[serde(default)]
    ceil: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MbconvLine {
    /// Hidden channels as a multiple of those read, or as such.
    t: Option<u64>,
    hidden: Option<u64>,
    out: u64,
    k: u64,
    s: u64,
    #[serde(default = "one")]
    n: u64,
    /// `in/4`, `hidden/4`.
    se: Option<String>,
    act: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LlamaLine {
    heads: u64,
    kv_heads: u64,
    ff: u64,
    n: u64,
    #[serde(default)]
    causal: bool,
    window: Option<u64>,
    #[serde(default)]
    qkv_bias: bool,
}

/// A number for both directions, or one for each: (vertical, horizontal).
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Side {
    Both(u64),
    Each([u64; 2]),
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
enum StrideOn {
    #[serde(rename = "1x1")]
    First,
    #[serde(rename = "3x3")]
    Middle,
}

fn yes() -> bool {
    true
}

fn one() -> u64 {
    1
}

impl Side {
    fn pair(self) -> [u64; 2] {
        match self {
            Side::Both(n) => [n; 2],
            Side::Each(pair) => pair,
        }
    }
}

impl Line {
    /// Reads a line, with the net's values for the words that begin with `$`.
    pub fn read(line: &Table, words: &Table) -> Result<Self> {
        let mut table = Table::new();
        for (key, value) in line {
            table.insert(key.clone(), filled(value, words)?);
        }
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            other => Err(format!("`{other}` is not a name")),
        };
        let kind = match (table.remove("op"), table.remove("block")) {
            (Some(kind), None) | (None, Some(kind)) => text(kind)?,
            _ => return Err("wanted either `op` or `block`".into()),
        };
        let name = table.remove("name").map(text).transpose()?;
        let tie = table.remove("tie").map(text).transpose()?;
        let from = match table.remove("from") {
            Some(Value::Array(names)) => Some(names.into_iter().map(text).collect::<Result<_, _>>()?),
            Some(one) => Some(vec![text(one)?]),
            None => None,
        };
        table.insert("kind".to_owned(), Value::String(kind.clone()));
        let what = Value::Table(table).try_into().map_err(|e: toml::de::Error| format!("{kind}: {}", e.message()))?;
        Ok(Self { kind, name, from, tie, what })
    }

    /// Adds the nodes of this line.
    pub fn add(self, net: &mut Net) -> Result<()> {
        let name = self.name.clone().unwrap_or_else(|| net.name_for(&self.kind));
        if let Some([read]) = self.from.as_deref() {
            net.shape(read)?;
            net.last = read.clone();
        }
        let inputs = self.from.unwrap_or_else(|| vec![net.last.clone()]);
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let mut plain = |op: Op| net.add_tied(&name, op, &inputs, self.tie.clone());
        match self.what {
            What::Embedding { rows, dim } => plain(Op::Embedding { rows, dim }),
            What::Attention(HeadsLine { heads, kv_heads, causal, window }) => {
                plain(Op::Attention { hq: heads, hkv: kv_heads.unwrap_or(heads), causal, window })
            }
            What::Norm { of } => plain(Op::Norm { kind: of }),
            What::Act { of } => plain(Op::Act { kind: of }),
            What::Matmul => plain(Op::Matmul {}),
            What::Add => plain(Op::Add {}),
            What::Mul => plain(Op::Mul {}),
            What::Concat { axis } => plain(Op::Concat { axis }),
            What::Slice { axis, start, end } => plain(Op::Slice { axis, start, end }),
            What::Pool(PoolLine { of, k, s, p, ceil }) => {
                let (k, pad) = (k.pair(), p.map_or([0; 2], Side::pair));
                plain(Op::Pool { kind: of, k, stride: s.map_or(k, Side::pair), pad, ceil })
            }
            What::GlobalPool => plain(Op::GlobalPool {}),
            What::Reshape { shape } => plain(Op::Reshape { shape }),
            What::Shuffle { g } => plain(Op::Shuffle { groups: g }),
            What::Conv2d(line) => convolution(net, &name, &line, &inputs, self.tie),
            What::Linear(LinearLine { out, bias, act }) => {
                flat(net, &name)?;
                let read = net.last.clone();
                net.add_tied(&name, Op::Linear { cout: out, bias }, &[&read], self.tie)?;
                net.dressed(&name, None, act.as_deref())
            }
            block => add_block(net, &name, &block),
        }
    }
}

fn convolution(net: &mut Net, name: &str, line: &ConvLine, inputs: &[&str], tie: Option<String>) -> Result<()> {
    let one = Side::Both(1);
    let (k, dil) = (line.k.pair(), line.d.unwrap_or(one).pair());
    let same = |i: usize| dil[i].saturating_mul(k[i].saturating_sub(1)) / 2;
    let op = Op::Conv2d {
        cout: if line.fixed { line.out } else { net.scaled(line.out) },
        k,
        stride: line.s.unwrap_or(one).pair(),
        pad: line.p.map_or([same(0), same(1)], Side::pair),
        dil,
        groups: line.g.unwrap_or(1),
        bias: line.bias,
    };
    net.add_tied(name, op, inputs, tie)?;
    net.dressed(name, line.bn.then_some(Norm::Batch), line.act.as_deref())
}

/// An image becomes (n, c h w) before a linear layer.
fn flat(net: &mut Net, name: &str) -> Result<()> {
    if let &[n, c, h, w] = net.shape(&net.last)? {
        net.then(&format!("{name}.flat"), Op::Reshape { shape: vec![n, c * h * w] })?;
    }
    Ok(())
}

fn add_block(net: &mut Net, name: &str, block: &What) -> Result<()> {
    let unit = |i: u64| format!("{name}.{i}");
    // The stride belongs to the first.
    let stride = |i: u64, s: u64| if i == 0 { s } else { 1 };
    match *block {
        What::Separable { out, k, s, n, ref act } => {
            let out = net.scaled(out);
            (0..n).try_for_each(|i| blocks::separable(net, &unit(i), (out, k, stride(i, s)), act))
        }
        What::Mbconv(ref line) => mbconv(net, name, line),
        What::Bottleneck { mid, out, s, n, stride_on } => (0..n).try_for_each(|i| {
            blocks::bottleneck(net, &unit(i), (mid, out), stride(i, s), stride_on == StrideOn::Middle)
        }),
        What::Basic { out, s, n } => (0..n).try_for_each(|i| blocks::basic(net, &unit(i), out, stride(i, s))),
        What::Fire { squeeze, e1, e3 } => blocks::fire(net, name, squeeze, e1, e3),
        What::ShuffleUnit { out, n, g, dense_first } => (0..n).try_for_each(|i| {
            let groups = (if i == 0 && dense_first { 1 } else { g }, g);
            blocks::shuffle_unit(net, &unit(i), out, stride(i, 2), groups)
        }),
        What::ShuffleUnitV2 { out, n } => {
            (0..n).try_for_each(|i| blocks::shuffle_unit_v2(net, &unit(i), out, stride(i, 2)))
        }
        What::EncoderLayer { heads, ff, n, pre_norm } => {
            let heads = Heads { hq: heads, hkv: heads, causal: false, window: None };
            (0..n).try_for_each(|i| transformer::encoder(net, &unit(i), heads, ff, pre_norm))
        }
        What::MobilebertLayer { inner, heads, ff, ffns, n } => {
            let heads = Heads { hq: heads, hkv: heads, causal: false, window: None };
            (0..n).try_for_each(|i| transformer::mobilebert(net, &unit(i), inner, heads, ff, ffns))
        }
        What::LlamaLayer(LlamaLine { heads, kv_heads, ff, n, causal, window, qkv_bias }) => {
            let heads = Heads { hq: heads, hkv: kv_heads, causal, window };
            (0..n).try_for_each(|i| transformer::llama(net, &unit(i), heads, ff, qkv_bias))
        }
        _ => Err("is no block".into()),
    }
}

fn mbconv(net: &mut Net, name: &str, line: &MbconvLine) -> Result<()> {
    let squeeze = match line.se.as_deref().map(|se| se.split_once('/').unwrap_or((se, "1"))) {
        None => None,
        Some((of, part)) => {
            let part = part.parse().map_err(|_| format!("`{part}` is no part"))?;
            ensure!(["in", "hidden"].contains(&of), "`se` is a part of `in` or `hidden`, not of `{of}`");
            Some(if of == "in" { Squeeze::Input(part) } else { Squeeze::Hidden(part) })
        }
    };
    let cout = net.scaled(line.out);
    for i in 0..net.repeats(line.n) {
        let hidden = match (line.t, line.hidden) {
            (Some(t), None) => net.channels()?.checked_mul(t).ok_or("`t` is too large")?,
            (None, Some(hidden)) => hidden,
            _ => return Err("mbconv: wanted either `t` or `hidden`".into()),
        };
        let stride = if i == 0 { line.s } else { 1 };
        let block = Inverted { hidden, cout, k: line.k, stride, squeeze, act: &line.act };
        blocks::inverted(net, &format!("{name}.{i}"), &block)?;
    }
    Ok(())
}
