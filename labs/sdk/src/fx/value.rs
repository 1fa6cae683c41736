//! What flows between the nodes of a graph.

use super::FxArg;
use crate::{Error, Result};
use candle_core::Tensor;

/// The value of a node or of an argument.
#[derive(Clone, Debug)]
pub enum FxValue {
    /// `None`.
    None,
    /// A bool.
    Bool(bool),
    /// An integer: a size, a dimension.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(String),
    /// A list or tuple.
    List(Vec<FxValue>),
    /// A tensor; a clone shares its numbers.
    Tensor(Tensor),
    /// torch's name of a dtype.
    Dtype(String),
    /// Start, stop, step.
    Slice(Vec<FxValue>),
}

impl FxValue {
    /// Bytes of the tensors in it.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Tensor(t) => t.elem_count() * t.dtype().size_in_bytes(),
            Self::List(items) => items.iter().map(Self::bytes).sum(),
            _ => 0,
        }
    }

    /// What it is, for messages: `f32 tensor of shape [2, 3]`.
    pub fn kind(&self) -> String {
        match self {
            Self::None => "None".into(),
            Self::Bool(v) => v.to_string(),
            Self::Int(v) => v.to_string(),
            Self::Float(v) => v.to_string(),
            Self::Str(v) => format!("{v:?}"),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Tensor(t) => format!("a {} tensor of shape {:?}", t.dtype().as_str(), t.dims()),
            Self::Dtype(name) => name.clone(),
            Self::Slice(_) => "a slice".into(),
        }
    }

    /// The tensors in it, in order; refused where it holds anything else. What an output node returns.
    pub fn tensors(&self) -> Result<Vec<Tensor>> {
        match self {
            Self::Tensor(t) => Ok(vec![t.clone()]),
            Self::List(items) => Ok(items.iter().map(Self::tensors).collect::<Result<Vec<_>>>()?.concat()),
            other => Err(Error::new(format!("the graph returns {}, which is no tensor", other.kind()))),
        }
    }

    /// The same value as a literal argument; a value with a tensor in it has none.
    pub fn literal(&self) -> Option<FxArg> {
        let each = |items: &[FxValue]| items.iter().map(Self::literal).collect::<Option<Vec<_>>>();
        Some(match self {
            Self::None => FxArg::None,
            Self::Bool(v) => FxArg::Bool(*v),
            Self::Int(v) => FxArg::Int(*v),
            Self::Float(v) if v.is_finite() => FxArg::Float(*v),
            Self::Float(v) => FxArg::Special { float: v.to_string().to_lowercase() },
            Self::Str(v) => FxArg::Str(v.clone()),
            Self::List(items) => FxArg::List(each(items)?),
            Self::Slice(items) => FxArg::Slice { slice: each(items)? },
            Self::Dtype(name) => FxArg::Dtype { dtype: name.clone() },
            Self::Tensor(_) => return None,
        })
    }
}

impl From<Tensor> for FxValue {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}
