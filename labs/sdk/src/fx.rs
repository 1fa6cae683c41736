//! FX graphs as data: nodes with the six opcodes of `torch.fx`, the modules that they call, and the values that flow
//! between them. What an operator computes is `fx/call.rs`; reading TorchScript is `fx/ir.rs`. Nothing here runs a graph.
//!
//! In Python a graph is a dict with the same keys, a reference is `{"n": "conv1"}`, and a value is what it is: an array, a
//! number, a list, `None` (`lab_sdk.fx`).

mod call;
mod conv;
mod effect;
mod ir;
mod module;
mod operands;
mod shape;
mod value;

pub use call::{function, method, module};
pub use ir::from_ir;
pub use value::FxValue;

use crate::Result;
use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Parameters and buffers by their path: `layer1.0.conv1.weight`.
pub type Params = BTreeMap<String, Tensor>;

/// A graph: nodes in the order in which they run, and what its call_module nodes call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FxGraph {
    /// The last one is the output.
    pub nodes: Vec<FxNode>,
    /// By path.
    #[serde(default)]
    pub modules: BTreeMap<String, FxModule>,
}

/// One node of an [`FxGraph`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FxNode {
    /// Unique in the graph; its value has this name.
    pub name: String,
    /// What kind of node it is.
    pub op: Opcode,
    /// What is called or read: `torch.relu`, the method `view`, the module or parameter `layer1.0.conv1`.
    pub target: String,
    /// In the order of the call.
    #[serde(default)]
    pub args: Vec<FxArg>,
    /// By name.
    #[serde(default)]
    pub kwargs: BTreeMap<String, FxArg>,
    /// Shape and dtype that an example had here.
    #[serde(default)]
    pub meta: Option<FxMeta>,
    /// The blocks of a `prim::If` or `prim::Loop` of TorchScript; FX has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<FxGraph>,
}

/// The opcodes of `torch.fx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opcode {
    /// An input of the graph; placeholders stand in the order of the call.
    Placeholder,
    /// A parameter or buffer, by its path.
    GetAttr,
    /// A free function of `args` and `kwargs`.
    CallFunction,
    /// A module of `modules`.
    CallModule,
    /// A method of `args[0]`, of the other `args` and `kwargs`.
    CallMethod,
    /// What the graph returns: `args[0]`, a value or a list of them.
    Output,
}

/// An argument: a literal, a reference to a node's value, or a list with such things in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FxArg {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float; infinities are written `{"float": "-inf"}`.
    Float(f64),
    /// A string.
    Str(String),
    /// A list or tuple.
    List(Vec<FxArg>),
    /// `{"n": "x"}`: the value of the node `x`.
    Node {
        /// The node's name.
        n: String,
    },
    /// `{"dtype": "float32"}`.
    Dtype {
        /// torch's name of it.
        dtype: String,
    },
    /// `{"slice": [start, stop, step]}`.
    Slice {
        /// Three numbers, references or nulls.
        slice: Vec<FxArg>,
    },
    /// A float that JSON has no number for.
    Special {
        /// `inf`, `-inf` or `nan`.
        float: String,
    },
}

/// A module that a graph calls: its class, its mode and its settings. Its weights are [`Params`] below its path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FxModule {
    /// The class: `Conv2d`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is in training mode.
    #[serde(default)]
    pub training: bool,
    /// `stride`, `padding`, `groups`, `eps`, ..
    #[serde(flatten)]
    pub settings: BTreeMap<String, FxArg>,
}

/// What an example showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FxMeta {
    /// Extents.
    pub shape: Vec<usize>,
    /// torch's name of it: `float32`.
    pub dtype: String,
}

/// What a compiled function did with one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A graph in the cache accepted the sizes.
    Hit,
    /// A new graph was compiled; it accepts these sizes.
    Compile(Vec<Extent>),
    /// The cache was full: plain Python.
    Eager,
}

/// One size in a guard: a constant, or a symbol (`s0`), which accepts every size from 2 on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extent {
    /// This size alone.
    Fixed(usize),
    /// Any size from 2 on; dimensions with the same symbol have the same size.
    Symbol(String),
}

impl FxGraph {
    /// Reads what `fx_dump.py` writes.
    pub fn from_json(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// The module that a node calls.
    pub fn module(&self, target: &str) -> Result<&FxModule> {
        self.modules.get(target).ok_or_else(|| format!("the graph has no module `{target}`").into())
    }
}

impl FxNode {
    /// Names of the nodes that it reads, each as often as it stands in `args` and `kwargs`.
    pub fn all_input_nodes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.args.iter().chain(self.kwargs.values()).for_each(|arg| arg.names(&mut names));
        names
    }
}

impl FxArg {
    /// A reference to the value of the node called `name`.
    pub fn node(name: impl Into<String>) -> Self {
        Self::Node { n: name.into() }
    }

    fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Node { n } => names.push(n),
            Self::List(items) | Self::Slice { slice: items } => items.iter().for_each(|item| item.names(names)),
            _ => {}
        }
    }

    /// The same argument with each reference replaced by what `to` makes of its name (`torch.fx.node.map_arg`).
    pub fn renamed(&self, to: &mut impl FnMut(&str) -> FxArg) -> Self {
        let mut each = |items: &[FxArg]| items.iter().map(|item| item.renamed(to)).collect();
        match self {
            Self::List(items) => Self::List(each(items)),
            Self::Slice { slice } => Self::Slice { slice: each(slice) },
            Self::Node { n } => to(n),
            other => other.clone(),
        }
    }

    /// The value of the argument; `of` gives that of a node.
    pub fn value(&self, of: &mut impl FnMut(&str) -> Result<FxValue>) -> Result<FxValue> {
        let mut each = |items: &[FxArg]| items.iter().map(|item| item.value(of)).collect::<Result<Vec<_>>>();
        Ok(match self {
            Self::None => FxValue::None,
            Self::Bool(v) => FxValue::Bool(*v),
            Self::Int(v) => FxValue::Int(*v),
            Self::Float(v) => FxValue::Float(*v),
            Self::Str(v) => FxValue::Str(v.clone()),
            Self::List(items) => FxValue::List(each(items)?),
            Self::Slice { slice } => FxValue::Slice(each(slice)?),
            Self::Node { n } => of(n)?,
            Self::Dtype { dtype } => FxValue::Dtype(dtype.clone()),
            Self::Special { float } => {
                FxValue::Float(float.parse().map_err(|_| format!("`{float}` is no float: inf, -inf, nan"))?)
            }
        })
    }
}

#[cfg(test)]
mod tests;
