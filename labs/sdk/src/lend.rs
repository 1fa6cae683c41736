//! How the arguments of a call are lent to a Rust function: slices and tensors as they lie in the frame, data types read
//! into a place of their own, objects from the desk.

use crate::{I8, Result, Value};
use candle_core::Tensor;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;

/// Room for what is read from an argument.
pub type Room = OnceCell<Box<dyn Any>>;

/// An object that waits to be lent, once.
pub type Waiting<'a> = Cell<Option<&'a mut (dyn Any + 'static)>>;

/// The arguments of one call.
pub struct Args<'a> {
    values: &'a [Value],
    rooms: &'a [Room],
    objects: &'a [Waiting<'a>],
}

/// What stands behind one argument besides its value.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    room: &'a Room,
    object: &'a Waiting<'a>,
}

impl<'a> Args<'a> {
    /// `values`, with a room and an object, or none, for each.
    pub fn new(values: &'a [Value], rooms: &'a [Room], objects: &'a [Waiting<'a>]) -> Self {
        Self { values, rooms, objects }
    }

    /// Argument `index` as the type that the function asks for.
    pub fn get<T: FromArg<'a>>(&self, index: usize) -> Result<T> {
        let parts = (self.values.get(index), self.rooms.get(index), self.objects.get(index));
        let (Some(value), Some(room), Some(object)) = parts else {
            return Err(format!("there is no argument {index}").into());
        };
        T::from_arg(value, Place { room, object }).map_err(|e| format!("argument {index}: {e}").into())
    }
}

impl<'a> Place<'a> {
    /// What `read` makes, kept for as long as the call lasts.
    fn keep<T: 'static>(self, read: impl FnOnce() -> Result<T>) -> Result<&'a T> {
        if self.room.get().is_none() {
            let _ = self.room.set(Box::new(read()?));
        }
        let kept = self.room.get().and_then(|kept| kept.downcast_ref());
        kept.ok_or_else(|| "one argument is asked for as two types".into())
    }

    /// The object that waits here.
    pub fn object<T: 'static>(self, value: &Value) -> Result<&'a mut T> {
        let Value::Object(number) = value else { return mismatch("an object", value) };
        let object = self.object.take().ok_or_else(|| format!("object {number} is gone, or lent twice"))?;
        object.downcast_mut().ok_or_else(|| format!("object {number} is of another type").into())
    }
}

/// A Rust argument type that a [`Value`] can be lent or converted to.
pub trait FromArg<'a>: Sized {
    /// The argument, or a sentence that says what was there instead.
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self>;
}

/// A type with a name in `lab.toml`, lent as `&Name`: data that is read from JSON, or an object of the desk.
pub trait Named: Sized + 'static {
    /// A reference that lasts as long as the call.
    fn lend<'a>(value: &'a Value, place: Place<'a>) -> Result<&'a Self>;
}

/// A type whose values live on the desk, lent as `&Name` or `&mut Name`.
pub trait Object: 'static {}

/// Data that is read from JSON into its place.
pub fn read<'a, T: DeserializeOwned + 'static>(value: &'a Value, place: Place<'a>) -> Result<&'a T> {
    place.keep(|| structure(value))
}

/// Data that is read from JSON.
pub fn structure<T: DeserializeOwned>(value: &Value) -> Result<T> {
    match value {
        Value::Json(json) => Ok(serde::Deserialize::deserialize(json)?),
        other => mismatch("json", other),
    }
}

/// An object of the desk.
pub fn borrow<'a, T: Object>(value: &'a Value, place: Place<'a>) -> Result<&'a T> {
    place.object(value).map(|object: &'a mut T| &*object)
}

impl<'a, T: Named> FromArg<'a> for &'a T {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        T::lend(value, place)
    }
}

impl<'a, T: Object> FromArg<'a> for &'a mut T {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        place.object(value)
    }
}

fn mismatch<T>(wanted: &str, value: &Value) -> Result<T> {
    Err(format!("the glue expected {wanted}, the frame holds {}", value.kind()).into())
}

macro_rules! borrowed {
    ($($ty:ty, $variant:ident, $name:literal;)*) => {$(
        impl<'a> FromArg<'a> for &'a $ty {
            fn from_arg(value: &'a Value, _: Place<'a>) -> Result<Self> {
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
}

/// What stands in a list that is gathered item by item: tensors, pairs of them, data types with a name.
pub trait Item: Sized + 'static {
    /// One item, or a sentence that says what was there instead.
    fn item(value: &Value) -> Result<Self>;
}

impl Item for Tensor {
    fn item(value: &Value) -> Result<Self> {
        tensor(value)
    }
}

impl<A: Item, B: Item> Item for (A, B) {
    fn item(value: &Value) -> Result<Self> {
        match value {
            Value::Tuple(parts) if parts.len() == 2 => Ok((A::item(&parts[0])?, B::item(&parts[1])?)),
            other => mismatch("a pair", other),
        }
    }
}

/// Lists and maps are gathered into a place of their own.
impl<'a, T: Item> FromArg<'a> for &'a [T] {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        let Value::List(items) = value else { return mismatch("a list", value) };
        place.keep(|| items.iter().map(T::item).collect::<Result<Vec<T>>>()).map(Vec::as_slice)
    }
}

/// Lists of lists of sizes: shapes.
impl<'a> FromArg<'a> for &'a [Vec<usize>] {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        let Value::List(items) = value else { return mismatch("a list of lists", value) };
        let sizes = |item: &Value| match item {
            Value::Usizes(sizes) => Ok(sizes.clone()),
            other => mismatch("a list of usize", other),
        };
        place.keep(|| items.iter().map(sizes).collect::<Result<Vec<_>>>()).map(Vec::as_slice)
    }
}

impl<'a> FromArg<'a> for &'a BTreeMap<String, Tensor> {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        let Value::Map(items) = value else { return mismatch("a map of tensors", value) };
        place.keep(|| items.iter().map(|(key, item)| Ok((key.clone(), tensor(item)?))).collect())
    }
}

fn tensor(value: &Value) -> Result<Tensor> {
    match value {
        Value::Tensor(t) => Ok(t.clone()),
        other => mismatch("a tensor", other),
    }
}

macro_rules! integer {
    ($($ty:ty),*) => {$(
        impl FromArg<'_> for $ty {
            fn from_arg(value: &Value, _: Place<'_>) -> Result<Self> {
                match value {
                    Value::Int(v) => <$ty>::try_from(*v).map_err(|_| format!("{v} is outside {}", stringify!($ty)).into()),
                    other => mismatch(stringify!($ty), other),
                }
            }
        }
    )*};
}

integer! { i32, i64, u32, u64, usize }

impl FromArg<'_> for f32 {
    fn from_arg(value: &Value, _: Place<'_>) -> Result<Self> {
        match value {
            Value::Float(v) => Ok(*v as f32),
            other => mismatch("f32", other),
        }
    }
}

impl FromArg<'_> for f64 {
    fn from_arg(value: &Value, _: Place<'_>) -> Result<Self> {
        match value {
            Value::Float(v) => Ok(*v),
            other => mismatch("f64", other),
        }
    }
}

impl FromArg<'_> for bool {
    fn from_arg(value: &Value, _: Place<'_>) -> Result<Self> {
        match value {
            Value::Bool(v) => Ok(*v),
            other => mismatch("bool", other),
        }
    }
}

impl<'a, T: FromArg<'a>> FromArg<'a> for Option<T> {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        match value {
            Value::None => Ok(None),
            some => T::from_arg(some, place).map(Some),
        }
    }
}
