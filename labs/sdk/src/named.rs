//! The types that have a name in `lab.toml`, each declared here once: data, which is JSON on the wire and a dict in Python,
//! and objects, which live on the desk.

use crate::lend::{Item, Named, Object, Place, borrow, read, structure};
use crate::{IntoValue, Result, Value};

macro_rules! data {
    ($($name:ident)*) => {
        /// The names of data types.
        pub const DATA: &[&str] = &[$(stringify!($name)),*];
        $(
            impl Named for crate::$name {
                fn lend<'a>(value: &'a Value, place: Place<'a>) -> Result<&'a Self> {
                    read(value, place)
                }
            }
            impl Item for crate::$name {
                fn item(value: &Value) -> Result<Self> {
                    structure(value)
                }
            }
            impl IntoValue for crate::$name {
                fn into_value(self) -> Value {
                    // What cannot be JSON (a map with keys that are no strings) is no data type of ours.
                    Value::Json(serde_json::to_value(self).unwrap_or_default())
                }
            }
        )*
    };
}

macro_rules! objects {
    ($($name:ident)*) => {
        /// The names of objects.
        pub const OBJECTS: &[&str] = &[$(stringify!($name)),*];
        $(
            impl Object for crate::$name {}
            impl Named for crate::$name {
                fn lend<'a>(value: &'a Value, place: Place<'a>) -> Result<&'a Self> {
                    borrow(value, place)
                }
            }
        )*
    };
}

data! { Arch Convention Cost Event FxGraph Kernel KernelRes LayerOpt Machine Occ OpSpec OpTime Point Report SmSpec StepTime TapeNode TapeOp Work }
objects! { Amp Cache Chain Lm Mem Mma Ready Vjp }
