//! What answers and labs stand on: tensors on the wire, INT8 tensors, drawn data and shipped models.
//!
//! An answer is a file of plain functions over [`Tensor`], [`I8`], numbers, lists, options and tuples. Nothing that a
//! build step asks for is in this crate: its source lies in the learner's workspace.

mod arch;
mod built_in;
mod cache;
pub mod cnn;
mod desk;
pub mod device;
mod error;
pub mod glyphs;
mod i8;
pub mod lend;
pub mod lm;
pub mod models;
pub mod named;
mod profile;
mod serve;
mod share;
pub mod simt;
mod sm;
pub mod sources;
pub mod stories;
pub mod tile;
mod value;
pub mod wire;

pub use arch::{Arch, Convention, Cost, Node, Norm, Op, OpSpec, Pool, Report, Row};
pub use cache::Cache;
pub use candle_core::{self, D, DType, Device, Tensor};
pub use desk::{Desk, FORGET};
pub use error::{Error, Result};
pub use i8::I8;
pub use lend::{Args, FromArg};
pub use lm::Lm;
pub use profile::{OpTime, StepTime};
pub use serde_json;
pub use serve::{Function, Outcome, Reply, glue, serve};
pub use share::instantiate;
pub use sm::{KernelRes, Limiter, Occ, SmSpec, Work};
pub use value::{IntoValue, Value};
