//! An answer that can be called: a child process under limits, in Rust or Python, or a table of functions of our own.
//! Nothing here knows what is right.

mod again;
mod child;
mod coerce;
mod editor;
mod glue;
mod interrupt;
mod link;
mod python;
mod rust;
mod sweep;
mod walls;
mod worker;
mod workspace;

pub use again::{Again, once_more};
pub use child::{Child, Limits};
pub use coerce::coerce;
pub use editor::edit;
pub use interrupt::interrupted;
pub use link::{BUILD_SDK, Link, Progress, build_sdk, build_sdk_in_background, sdk_progress, toolchain, version_of};
pub use python::{Python, find_python, on_path};
pub use rust::{Compiled, compile, start as start_program};
pub use sweep::machine_memory;
pub use walls::{Held, Walls, held};
pub use worker::{Table, WORKER, Worker, work};
pub use workspace::{Language, Workspace, beside};

use lab_sdk::{Outcome, Value};
use std::fmt;
use std::time::Duration;

/// Something whose functions can be called with values.
pub trait Subject {
    /// What one call did.
    fn call(&mut self, function: &str, args: &[Value]) -> Observation;

    /// How long a block of calls takes, sending and receiving left out.
    fn time(&mut self, block: &Block) -> Result<Timed, Fault>;
}

/// Calls that are timed together. They have come to the child before the clock starts, and nothing is sent before it stops.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Function and arguments, in order; the first that gives no value ends the block.
    pub calls: Vec<(String, Vec<Value>)>,
    /// Of how many of the last calls the results are wanted.
    pub keep: usize,
}

/// What a block did.
#[derive(Clone, Debug)]
pub struct Timed {
    /// From `go` to `done`.
    pub took: Duration,
    /// Of the last calls; one that gave no value stands at the end.
    pub last: Vec<Observation>,
}

/// What one call did, seen from outside.
#[derive(Clone, Debug)]
pub enum Observation {
    /// It returned this.
    Value(Value),
    /// It refused, in these words.
    Refused(String),
    /// It panicked or raised; the process lives on.
    Crashed(String),
    /// It is not written yet.
    NotDone,
    /// The process is gone, or had to be ended.
    Lost(Fault),
    /// An earlier call of the same case gave nothing to go on with.
    Skipped,
}

impl From<Outcome> for Observation {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Value(value) => Observation::Value(value),
            Outcome::Refused(message) => Observation::Refused(message),
            Outcome::Crashed(message) => Observation::Crashed(message),
            Outcome::NotDone => Observation::NotDone,
        }
    }
}

/// Why a process is gone.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// It did not answer within the wall-clock limit of a check.
    TimedOut(Duration),
    /// It printed without end.
    Flooded(u64),
    /// It allocated more than it may.
    Memory(u64),
    /// It ended by itself, in these words.
    Ended(String),
    /// What it wrote is not a reply.
    Garbled(String),
    /// Ctrl-C.
    Interrupted,
    /// It could not be started.
    Unstarted(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::TimedOut(limit) => write!(f, "no answer within {} s; ended", limit.as_secs_f64()),
            Fault::Flooded(bytes) => write!(f, "printed more than {} MB; ended", bytes >> 20),
            Fault::Memory(bytes) => write!(f, "asked for more than the {} GB that an answer may use", bytes >> 30),
            Fault::Ended(how) => f.write_str(how),
            Fault::Garbled(what) => write!(f, "its reply cannot be read: {what}"),
            Fault::Interrupted => f.write_str("interrupted"),
            Fault::Unstarted(why) => f.write_str(why),
        }
    }
}
