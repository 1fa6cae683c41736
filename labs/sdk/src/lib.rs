//! What answers and labs stand on: tensors on the wire, INT8 tensors, drawn data and shipped models.
//!
//! An answer is a file of plain functions over [`Tensor`], [`I8`], numbers, lists, options and tuples. Nothing that a
//! build step asks for is in this crate: its source lies in the learner's workspace.

mod amp;
mod arch;
mod built_in;
mod cache;
mod chain;
pub mod cnn;
mod desk;
pub mod device;
mod error;
pub mod fx;
pub mod glyphs;
mod i8;
mod kernel;
pub mod lend;
pub mod lm;
mod mem;
mod meter;
mod mma_meter;
pub mod models;
pub mod named;
mod profile;
mod ready;
mod serve;
mod share;
pub mod simt;
mod sm;
pub mod sources;
pub mod stories;
mod tape;
pub mod tile;
mod value;
mod vjp;
pub mod wire;

pub use amp::Amp;
pub use arch::{Arch, Convention, Cost, Node, Norm, Op, OpSpec, Pool, Report, Row};
pub use cache::Cache;
pub use candle_core::{self, D, DType, Device, Tensor};
pub use chain::Chain;
pub use desk::{Desk, FORGET};
pub use error::{Error, Result};
pub use fx::{Event, Extent, FxArg, FxGraph, FxModule, FxNode, FxValue, Opcode};
pub use i8::I8;
pub use kernel::{Bound, Kernel, LayerOpt, Machine, Point};
pub use lend::{Args, FromArg};
pub use lm::Lm;
pub use mem::Mem;
pub use meter::Meter;
pub use mma_meter::Mma;
pub use profile::{OpTime, StepTime};
pub use ready::Ready;
pub use serde_json;
pub use serve::{Function, Outcome, Reply, glue, serve};
pub use share::instantiate;
pub use sm::{KernelRes, Limiter, Occ, SmSpec, Work};
pub use tape::{TapeNode, TapeOp};
pub use value::{IntoValue, Value};
pub use vjp::Vjp;
