//! Values that cross between the grader and an answer, and their conversion to and from Rust arguments.

use crate::{I8, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;

/// One argument or result. Lists of numbers are kept flat, so that a slice can be lent.
#[derive(Clone, Debug)]
pub enum Value {
    /// `()` or `None`.
    None,
    /// `bool`.
    Bool(bool),
    /// Any integer type up to 64 bits.
    Int(i128),
    /// `f32` or `f64`; an f32 is held exactly.
    Float(f64),
    /// `str`.
    Str(String),
    /// `bytes`.
    Bytes(Vec<u8>),
    /// A tensor of any dtype that candle has.
    Tensor(Tensor),
    /// An INT8 tensor.
    I8(I8),
    /// `[f32]`.
    F32s(Vec<f32>),
    /// `[f64]`.
    F64s(Vec<f64>),
    /// `[i32]`.
    I32s(Vec<i32>),
    /// `[i64]`.
    I64s(Vec<i64>),
    /// `[u32]`.
    U32s(Vec<u32>),
    /// `[usize]`.
    Usizes(Vec<usize>),
    /// A list of anything else.
    List(Vec<Value>),
    /// `(T, U, ..)`.
    Tuple(Vec<Value>),
    /// `{str: T}`.
    Map(BTreeMap<String, Value>),
    /// `json`.
    Json(serde_json::Value),
}

impl Value {
    /// The type in words, for messages: `f32 tensor of shape [2, 3]`.
    pub fn kind(&self) -> String {
        match self {
            Value::None => "nothing".into(),
            Value::Bool(_) => "bool".into(),
            Value::Int(_) => "integer".into(),
            Value::Float(_) => "float".into(),
            Value::Str(_) => "str".into(),
            Value::Bytes(b) => format!("{} bytes", b.len()),
            Value::Tensor(t) => format!("{} tensor of shape {:?}", t.dtype().as_str(), t.dims()),
            Value::I8(t) => format!("i8 tensor of shape {:?}", t.shape),
            Value::F32s(v) => format!("list of {} f32", v.len()),
            Value::F64s(v) => format!("list of {} f64", v.len()),
            Value::I32s(v) => format!("list of {} i32", v.len()),
            Value::I64s(v) => format!("list of {} i64", v.len()),
            Value::U32s(v) => format!("list of {} u32", v.len()),
            Value::Usizes(v) => format!("list of {} usize", v.len()),
            Value::List(v) => format!("list of {}", v.len()),
            Value::Tuple(v) => format!("tuple of {}", v.len()),
            Value::Map(v) => format!("map of {}", v.len()),
            Value::Json(_) => "json".into(),
        }
    }
}

/// A Rust argument type that a [`Value`] can be lent or converted to.
pub trait FromArg<'a>: Sized {
    /// The argument, or a sentence that says what was there instead.
    fn from_arg(value: &'a Value) -> Result<Self>;
}

fn mismatch<T>(wanted: &str, value: &Value) -> Result<T> {
    Err(format!("the glue expected {wanted}, the frame holds {}", value.kind()).into())
}

macro_rules! borrowed {
    ($($ty:ty, $variant:ident, $name:literal;)*) => {$(
        impl<'a> FromArg<'a> for &'a $ty {
            fn from_arg(value: &'a Value) -> Result<Self> {
                match value {
                    Value::$variant(inner) => Ok(inner),
                    other => mismatch($name, other),
                }
            }
        }
    )*};
}

borrowed! {
    Tensor, Tensor, "a tensor"; I8, I8, "an i8 tensor"; str, Str, "str"; [u8], Bytes, "bytes";
    [f32], F32s, "[f32]"; [f64], F64s, "[f64]"; [i32], I32s, "[i32]"; [i64], I64s, "[i64]";
    [u32], U32s, "[u32]"; [usize], Usizes, "[usize]"; serde_json::Value, Json, "json";
    BTreeMap<String, Value>, Map, "a map";
}

macro_rules! integer {
    ($($ty:ty, $plural:ident;)*) => {$(
        impl FromArg<'_> for $ty {
            fn from_arg(value: &Value) -> Result<Self> {
                match value {
                    Value::Int(v) => <$ty>::try_from(*v).map_err(|_| format!("{v} is outside {}", stringify!($ty)).into()),
                    other => mismatch(stringify!($ty), other),
                }
            }
        }
        impl IntoValue for $ty {
            fn into_value(self) -> Value {
                Value::Int(self as i128)
            }
            fn list(items: Vec<Self>) -> Value {
                Value::$plural(items)
            }
        }
    )*};
}

integer! { i32, I32s; i64, I64s; u32, U32s; usize, Usizes; }

impl FromArg<'_> for u64 {
    fn from_arg(value: &Value) -> Result<Self> {
        match value {
            Value::Int(v) => u64::try_from(*v).map_err(|_| format!("{v} is outside u64").into()),
            other => mismatch("u64", other),
        }
    }
}

impl FromArg<'_> for f32 {
    fn from_arg(value: &Value) -> Result<Self> {
        match value {
            Value::Float(v) => Ok(*v as f32),
            other => mismatch("f32", other),
        }
    }
}

impl FromArg<'_> for f64 {
    fn from_arg(value: &Value) -> Result<Self> {
        match value {
            Value::Float(v) => Ok(*v),
            other => mismatch("f64", other),
        }
    }
}

impl FromArg<'_> for bool {
    fn from_arg(value: &Value) -> Result<Self> {
        match value {
            Value::Bool(v) => Ok(*v),
            other => mismatch("bool", other),
        }
    }
}

impl<'a, T: FromArg<'a>> FromArg<'a> for Option<T> {
    fn from_arg(value: &'a Value) -> Result<Self> {
        match value {
            Value::None => Ok(None),
            some => T::from_arg(some).map(Some),
        }
    }
}

/// A Rust result type that becomes a [`Value`].
pub trait IntoValue: Sized {
    /// The value to send.
    fn into_value(self) -> Value;

    /// A list of such values; flat for numbers.
    fn list(items: Vec<Self>) -> Value {
        Value::List(items.into_iter().map(IntoValue::into_value).collect())
    }
}

macro_rules! wrapped {
    ($($ty:ty, $variant:ident;)*) => {$(
        impl IntoValue for $ty {
            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
    )*};
}

wrapped! {
    Tensor, Tensor; I8, I8; bool, Bool; String, Str; serde_json::Value, Json; BTreeMap<String, Value>, Map;
}

impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl IntoValue for () {
    fn into_value(self) -> Value {
        Value::None
    }
}

impl IntoValue for u64 {
    fn into_value(self) -> Value {
        Value::Int(i128::from(self))
    }
}

impl IntoValue for u8 {
    fn into_value(self) -> Value {
        Value::Int(i128::from(self))
    }
    fn list(items: Vec<Self>) -> Value {
        Value::Bytes(items)
    }
}

impl IntoValue for f32 {
    fn into_value(self) -> Value {
        Value::Float(f64::from(self))
    }
    fn list(items: Vec<Self>) -> Value {
        Value::F32s(items)
    }
}

impl IntoValue for f64 {
    fn into_value(self) -> Value {
        Value::Float(self)
    }
    fn list(items: Vec<Self>) -> Value {
        Value::F64s(items)
    }
}

impl<T: IntoValue> IntoValue for Vec<T> {
    fn into_value(self) -> Value {
        T::list(self)
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::None, IntoValue::into_value)
    }
}

macro_rules! tuple {
    ($($name:ident)+) => {
        impl<$($name: IntoValue),+> IntoValue for ($($name,)+) {
            fn into_value(self) -> Value {
                #[expect(non_snake_case, reason = "the type parameters name the fields")]
                let ($($name,)+) = self;
                Value::Tuple(vec![$($name.into_value()),+])
            }
        }
    };
}

tuple!(A B);
tuple!(A B C);
tuple!(A B C E);
tuple!(A B C E F);
