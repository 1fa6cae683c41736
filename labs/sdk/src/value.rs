//! Values that cross between the grader and an answer, and what a Rust function may return as one.
//! How arguments are lent is `lend.rs`.

use crate::I8;
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
    /// `json`, and every data type with a name.
    Json(serde_json::Value),
    /// An object that lives beside the functions, by its number on their desk.
    Object(u64),
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
            Value::Object(_) => "object".into(),
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

macro_rules! integer {
    ($($ty:ty, $plural:ident;)*) => {$(
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

wrapped! {
    Tensor, Tensor; I8, I8; bool, Bool; String, Str; serde_json::Value, Json;
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

/// Entries become values, each of its own.
impl<T: IntoValue> IntoValue for BTreeMap<String, T> {
    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, item)| (key, item.into_value())).collect())
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
