//! Calls that the SDK answers itself: they make the objects that a case works on, and tell what state those are in.
//! A name has the object's type before the dot.

use crate::amp::Amp;
use crate::cache::Cache;
use crate::chain::Chain;
use crate::device::{self, Buffer};
use crate::lend::Args;
use crate::lm::{Config, Lm};
use crate::mem::Mem;
use crate::mma_meter::Mma;
use crate::ready::Ready;
use crate::serve::Function;
use crate::{DType, IntoValue, Result, Tensor, Value, Vjp};
use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;

/// What a built-in does.
pub enum BuiltIn {
    /// Makes an object.
    Make(fn(&Args<'_>) -> Result<Box<dyn Any>>),
    /// Makes an object that calls a function of the answer's, by its name.
    Call(&'static str, fn(&Args<'_>, Function) -> Result<Box<dyn Any>>),
    /// Answers with a value.
    Ask(fn(&Args<'_>) -> Result<Value>),
}

use BuiltIn::{Ask, Call, Make};

type Weights = BTreeMap<String, Tensor>;

/// All of them, by name; Python's `lab_sdk` has the same.
pub const BUILT_IN: &[(&str, BuiltIn)] = &[
    // (name, "f32" or "f64")
    ("Lm.shipped", Make(|a| Ok(Box::new(Lm::shipped(a.get(0)?, precision(a.get(1)?)?)?)))),
    // (path, "f32" or "f64")
    ("Lm.load", Make(|a| Ok(Box::new(Lm::load(Path::new(a.get::<&str>(0)?), precision(a.get(1)?)?)?)))),
    // (config.json, weights by name)
    ("Lm.new", Make(|a| Ok(Box::new(Lm::of(Config::from_json(a.get(0)?)?, a.get::<&Weights>(1)?.clone())?)))),
    ("Lm.rows", Ask(|a| Ok(a.get::<&Lm>(0)?.counters().rows.into_value()))),
    ("Lm.weight_bytes", Ask(|a| Ok(a.get::<&Lm>(0)?.counters().weight_bytes.into_value()))),
    ("Lm.reset", Ask(|a| a.get::<&Lm>(0).map(Lm::reset).map(nothing))),
    ("Cache.new", Make(|a| Ok(Box::new(Cache::new(a.get(0)?))))),
    ("Cache.fork", Make(|a| Ok(Box::new(a.get::<&Cache>(0)?.fork())))),
    ("Cache.truncate", Ask(|a| a.get::<&mut Cache>(0)?.truncate(a.get(1)?).map(nothing))),
    ("Cache.len", Ask(|a| Ok(a.get::<&Cache>(0)?.len.into_value()))),
    ("Cache.bytes", Ask(|a| Ok(a.get::<&Cache>(0)?.bytes().into_value()))),
    ("Cache.shape", Ask(|a| Ok(extents(a.get::<&Cache>(0)?.shape())))),
    ("Mma.new", Make(|_| Ok(Box::new(Mma::new())))),
    // Sums in f16.
    ("Mma.narrow", Make(|_| Ok(Box::new(Mma::narrow())))),
    ("Mma.calls", Ask(|a| Ok(a.get::<&Mma>(0)?.calls().into_value()))),
    // (kernel)
    ("Ready.new", Make(|a| Ok(Box::new(Ready::new(a.get(0)?)?)))),
    ("Ready.run", Ask(|a| a.get::<&Ready>(0)?.run().map(nothing))),
    ("Ready.output", Ask(|a| Ok(a.get::<&Ready>(0)?.output()?.into_value()))),
    ("Mem.new", Make(|_| Ok(Box::new(Mem::new())))),
    ("Mem.live", Ask(|a| Ok(a.get::<&Mem>(0)?.live().into_value()))),
    ("Mem.peak", Ask(|a| Ok(a.get::<&Mem>(0)?.peak().into_value()))),
    // (name, elements)
    ("G.new", Make(|a| Ok(Box::new(Buffer::new(a.get(0)?, a.get(1)?)?)))),
    // (name, dtype, length)
    ("G.blank", Make(|a| Ok(Box::new(Buffer::blank(a.get(0)?, a.get(1)?, a.get(2)?)?)))),
    ("G.read", Ask(|a| Ok(a.get::<&mut Buffer>(0)?.read()?.into_value()))),
    // (name, elements)
    ("Ptr.new", Make(|a| Ok(Box::new(device::pointer(a.get(0)?, a.get(1)?)?)))),
    // (name, dtype, length)
    ("Ptr.blank", Make(|a| Ok(Box::new(device::blank_pointer(a.get(0)?, a.get(1)?, a.get(2)?)?)))),
    ("Ptr.read", Ask(|a| Ok(device::read(&a.get(0)?)?.into_value()))),
    // (tape, Jacobians one after the other, nodes that hold indices)
    ("Vjp.new", Make(|a| Ok(Box::new(Vjp::drawn(a.get(0)?, a.get(1)?, a.get(2)?)?)))),
    // (tape, operations of the nodes that are no leaves, values)
    ("Vjp.yours", Call("vjp", |a, vjp| Ok(Box::new(Vjp::yours(vjp, a.get(0)?, a.get(1)?, a.get(2)?)?)))),
    ("Vjp.calls", Ask(|a| Ok(extents(&a.get::<&Vjp>(0)?.calls())))),
    // (weights, dropout, seed)
    ("Chain.new", Make(|a| Ok(Box::new(Chain::new(a.get(0)?, a.get(1)?, a.get(2)?)?)))),
    // (chain, rows, labels)
    ("Chain.feed", Ask(|a| a.get::<&mut Chain>(0)?.feed(a.get(1)?, a.get(2)?).map(nothing))),
    // (chain, "full" or "bf16")
    ("Chain.store", Ask(|a| a.get::<&mut Chain>(0)?.store(a.get(1)?).map(nothing))),
    ("Chain.grads", Ask(|a| Ok(a.get::<&Chain>(0)?.grads().to_vec().into_value()))),
    ("Chain.rng", Ask(|a| Ok(a.get::<&Chain>(0)?.rng().into_value()))),
    ("Chain.held", Ask(|a| Ok(a.get::<&mut Chain>(0)?.meter().held().into_value()))),
    ("Chain.peak", Ask(|a| Ok(a.get::<&mut Chain>(0)?.meter().peak().into_value()))),
    ("Chain.history", Ask(|a| Ok(a.get::<&mut Chain>(0)?.meter().history().to_vec().into_value()))),
    ("Chain.fixed_bytes", Ask(|a| Ok(a.get::<&Chain>(0)?.fixed_bytes().into_value()))),
    ("Chain.forwards", Ask(|a| Ok(a.get::<&Chain>(0)?.forwards().into_value()))),
    ("Chain.reset", Ask(|a| a.get::<&mut Chain>(0).map(|chain| chain.meter().reset()).map(nothing))),
    // (chain, learning rate)
    ("Chain.update", Ask(|a| a.get::<&mut Chain>(0)?.update(a.get(1)?).map(nothing))),
    // (weights, settings)
    ("Amp.new", Make(|a| Ok(Box::new(Amp::new(a.get(0)?, a.get(1)?)?)))),
    ("Amp.master", Ask(|a| Ok(a.get::<&Amp>(0)?.master.clone().into_value()))),
    ("Amp.scale", Ask(|a| Ok(a.get::<&Amp>(0)?.scale.into_value()))),
    ("Amp.clean", Ask(|a| Ok(a.get::<&Amp>(0)?.clean.into_value()))),
    ("Launch.report", Ask(|_| Ok(device::report().into_value()))),
];

/// Python's `None`.
fn nothing((): ()) -> Value {
    Value::None
}

/// A list of integers, as Python sends one.
fn extents(shape: &[usize]) -> Value {
    Value::List(shape.iter().map(|&n| n.into_value()).collect())
}

fn precision(word: &str) -> Result<DType> {
    match word {
        "f32" => Ok(DType::F32),
        "f64" => Ok(DType::F64),
        other => Err(format!("`{other}` is no precision of a model (f32, f64)").into()),
    }
}
