//! Answers that no step may accept, derived from the type of what is returned.

use super::compare::{Rule, compare};
use super::replay::replay;
use super::{Argument, Script};
use crate::lab::{Function, Type};
use crate::submission::{Block, Fault, Observation, Subject, Timed};
use lab_sdk::{DType, I8, Tensor, Value};
use serde_json::Value as Json;

/// A way of answering without having done the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degenerate {
    /// All zeros (or false, or nothing).
    Zeros,
    /// All ones (or true).
    Ones,
    /// An argument of the result's shape, as it came.
    Input,
    /// NaN everywhere.
    Nan,
    /// The right matrix, transposed.
    Transposed,
    /// What the previous call should have returned.
    Previous,
    /// The second part of a tuple in place of the first, or a part missing.
    Short,
    /// A kernel that is not launched at all.
    Idle,
}

impl Degenerate {
    /// All of them.
    pub const ALL: [Degenerate; 8] = [
        Degenerate::Zeros,
        Degenerate::Ones,
        Degenerate::Input,
        Degenerate::Nan,
        Degenerate::Transposed,
        Degenerate::Previous,
        Degenerate::Short,
        Degenerate::Idle,
    ];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Degenerate::Zeros => "zeros",
            Degenerate::Ones => "ones",
            Degenerate::Input => "an input returned",
            Degenerate::Nan => "NaN",
            Degenerate::Transposed => "transposed",
            Degenerate::Previous => "the previous output",
            Degenerate::Short => "a tuple too short",
            Degenerate::Idle => "nothing done",
        }
    }

    /// Whether a function of this type can be answered so.
    fn applies(self, function: &Function) -> bool {
        let tensor_dtype = |ty: &Type| match ty {
            Type::Tensor { dtype, .. } => Some(dtype.clone()),
            _ => None,
        };
        if function.kernel().is_some() {
            return self == Degenerate::Idle;
        }
        let returned = tensor_dtype(&function.returns);
        match self {
            Degenerate::Zeros | Degenerate::Ones | Degenerate::Previous => true,
            Degenerate::Input => returned.is_some() && function.args.iter().any(|a| tensor_dtype(&a.ty).is_some()),
            Degenerate::Nan => has_float(&function.returns),
            Degenerate::Transposed => returned.is_some(),
            Degenerate::Short => matches!(function.returns, Type::Tuple(_)),
            Degenerate::Idle => false,
        }
    }
}

fn has_float(ty: &Type) -> bool {
    match ty {
        Type::Tensor { dtype, .. } => dtype.starts_with('f') || dtype == "bf16",
        Type::Scalar(name) => name.starts_with('f'),
        Type::List(inner) | Type::Option(inner) | Type::Map(inner) => has_float(inner),
        Type::Tuple(items) => items.iter().any(has_float),
        Type::Data(_) | Type::Object { .. } | Type::Gpu(_) => false,
    }
}

/// The degenerate answers that apply to `function`.
pub fn degenerates(function: &Function) -> Vec<Degenerate> {
    Degenerate::ALL.into_iter().filter(|d| d.applies(function)).collect()
}

/// The solution with one function answered degenerately; everything that the solution refuses is still refused.
pub struct Lazy<'a> {
    inner: &'a mut dyn Subject,
    function: &'a str,
    how: Degenerate,
    previous: Option<Value>,
}

impl<'a> Lazy<'a> {
    /// `inner` with `function` answered by `how`.
    pub fn new(inner: &'a mut dyn Subject, function: &'a str, how: Degenerate) -> Self {
        Self { inner, function, how, previous: None }
    }
}

impl Subject for Lazy<'_> {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        if function == self.function && self.how == Degenerate::Idle {
            return Observation::Value(Value::None);
        }
        let right = self.inner.call(function, args);
        let Observation::Value(right) = right else { return right };
        if function != self.function {
            return Observation::Value(right);
        }
        let lazy = match self.how {
            Degenerate::Zeros => filled(&right, 0.0),
            Degenerate::Ones => filled(&right, 1.0),
            Degenerate::Nan => filled(&right, f64::NAN),
            Degenerate::Input => input(args, &right),
            Degenerate::Transposed => transposed(&right),
            Degenerate::Previous => self.previous.replace(right.clone()).or_else(|| filled(&right, 0.0)),
            Degenerate::Short => match &right {
                Value::Tuple(items) => Some(Value::Tuple(items[1..].to_vec())),
                _ => None,
            },
            Degenerate::Idle => Some(Value::None),
        };
        Observation::Value(lazy.unwrap_or(right))
    }

    fn time(&mut self, block: &Block) -> Result<Timed, Fault> {
        self.inner.time(block)
    }
}

fn filled(value: &Value, with: f64) -> Option<Value> {
    Some(match value {
        Value::Tensor(t) => Value::Tensor(Tensor::full(with, t.dims(), t.device()).ok()?.to_dtype(t.dtype()).ok()?),
        Value::I8(t) => Value::I8(I8 { shape: t.shape.clone(), data: vec![with as i8; t.data.len()] }),
        Value::Float(_) => Value::Float(with),
        Value::Int(_) => Value::Int(with as i128),
        Value::Bool(_) => Value::Bool(with == 1.0),
        Value::F32s(v) => Value::F32s(vec![with as f32; v.len()]),
        Value::F64s(v) => Value::F64s(vec![with; v.len()]),
        Value::I32s(v) => Value::I32s(vec![with as i32; v.len()]),
        Value::I64s(v) => Value::I64s(vec![with as i64; v.len()]),
        Value::U32s(v) => Value::U32s(vec![with as u32; v.len()]),
        Value::Usizes(v) => Value::Usizes(vec![with as usize; v.len()]),
        Value::Tuple(v) => Value::Tuple(v.iter().map(|v| filled(v, with).unwrap_or(Value::None)).collect()),
        Value::List(v) => Value::List(v.iter().map(|v| filled(v, with).unwrap_or(Value::None)).collect()),
        Value::Map(v) => {
            Value::Map(v.iter().map(|(k, v)| (k.clone(), filled(v, with).unwrap_or(Value::None))).collect())
        }
        Value::Json(v) => Value::Json(filled_json(v, with)),
        _ => Value::None,
    })
}

/// The same structure with one number everywhere.
fn filled_json(json: &Json, with: f64) -> Json {
    match json {
        Json::Number(_) => Json::from(with as u64),
        Json::Bool(_) => Json::from(with == 1.0),
        Json::Array(items) => items.iter().map(|item| filled_json(item, with)).collect(),
        Json::Object(items) => items.iter().map(|(k, item)| (k.clone(), filled_json(item, with))).collect(),
        Json::Null | Json::String(_) => json.clone(),
    }
}

/// An argument with as many values as the result, in the result's type.
fn input(args: &[Value], right: &Value) -> Option<Value> {
    args.iter().find_map(|arg| match (arg, right) {
        (Value::Tensor(a), Value::Tensor(r)) if a.dims() == r.dims() => a.to_dtype(r.dtype()).ok().map(Value::Tensor),
        (Value::I8(a), Value::I8(r)) if a.shape == r.shape => Some(Value::I8(a.clone())),
        (Value::I8(a), Value::Tensor(r)) if a.shape == r.dims() => {
            a.to_i32().ok()?.to_dtype(r.dtype()).ok().map(Value::Tensor)
        }
        (Value::Tensor(a), Value::I8(r)) if a.dims() == r.shape => {
            let wide = a.flatten_all().ok()?.to_dtype(DType::F64).ok()?.to_vec1::<f64>().ok()?;
            Some(Value::I8(I8 { shape: r.shape.clone(), data: wide.iter().map(|&v| v as i8).collect() }))
        }
        _ => None,
    })
}

fn transposed(value: &Value) -> Option<Value> {
    let over = |t: &Tensor| -> Option<Tensor> {
        let rank = t.rank();
        (rank >= 2).then(|| t.transpose(rank - 2, rank - 1).and_then(|t| t.contiguous()).ok())?
    };
    match value {
        Value::Tensor(t) => over(t).map(Value::Tensor),
        Value::I8(t) => {
            let wide = over(&t.to_i32().ok()?)?;
            let data: Vec<i32> = wide.flatten_all().ok()?.to_vec1().ok()?;
            Some(Value::I8(I8 { shape: wide.dims().to_vec(), data: data.iter().map(|&v| v as i8).collect() }))
        }
        _ => None,
    }
}

/// Whether the degenerate answer differs from the right one on any case: a transposed vector is no wrong answer.
pub fn differs(scripts: &[&Script], function: &str, how: Degenerate, solution: &mut dyn Subject) -> bool {
    scripts.iter().any(|script| {
        let right = replay(script, solution);
        let lazy = replay(script, &mut Lazy::new(solution, function, how));
        right.iter().zip(&lazy).any(|(right, lazy)| !alike(right, lazy))
            && script.calls.iter().any(|call| call.args.iter().any(|a| matches!(a, Argument::Value(_))))
    })
}

/// Whether two observations are equal. Tensors do not print their values.
fn alike(a: &Observation, b: &Observation) -> bool {
    match (a, b) {
        (Observation::Value(a), Observation::Value(b)) => compare(Rule::Exact, a, b, 0.0).is_none(),
        _ => format!("{a:?}") == format!("{b:?}"),
    }
}
