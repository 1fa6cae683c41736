//! What answers and labs stand on: tensors on the wire, INT8 tensors, drawn data and shipped models.
//!
//! An answer is a file of plain functions over [`Tensor`], [`I8`], numbers, lists, options and tuples. Nothing that a
//! build step asks for is in this crate: its source lies in the learner's workspace.

pub mod cnn;
mod error;
pub mod glyphs;
mod i8;
mod serve;
mod share;
pub mod sources;
mod value;
pub mod wire;

pub use candle_core::{self, D, DType, Device, Tensor};
pub use error::{Error, Result};
pub use i8::I8;
pub use serve::{Args, Function, Outcome, Reply, glue, guarded, serve};
pub use share::instantiate;
pub use value::{FromArg, IntoValue, Value};
