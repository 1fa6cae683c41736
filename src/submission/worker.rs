//! Functions of our own behind the same interface as an answer: the solution in this process, and misconceptions in a
//! worker (this binary, run again), where a stack overflow or an endless loop is an observation and no accident.

use super::{Child, Fault, Limits, Observation, Subject};
use lab_sdk::{Function, Value, guarded};
use std::path::Path;
use std::process::Command;

/// The hidden first argument that turns this binary into a worker.
pub const WORKER: &str = "__worker";

/// A table of functions, called in this process.
pub struct Table(pub &'static [(&'static str, Function)]);

impl Subject for Table {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        match self.0.iter().find(|(name, _)| *name == function) {
            Some((_, function)) => guarded(*function, args).into(),
            None => Observation::NotDone,
        }
    }
}

/// A lab's solution and misconceptions in a child process.
pub struct Worker(Child);

impl Worker {
    /// Starts `binary` as a worker for `lab`.
    pub fn start(binary: &Path, lab: &str, limits: Limits) -> Result<Self, Fault> {
        let mut command = Command::new(binary);
        command.args([WORKER, lab]);
        Child::start(command, limits).map(Self)
    }
}

impl Subject for Worker {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        self.0.call(function, args)
    }
}

/// The worker's side: serves the functions of both tables until stdin ends.
pub fn work(solution: &[(&'static str, Function)], misconceptions: &[(&'static str, Function)]) {
    let all: Vec<(&str, Function)> = solution.iter().chain(misconceptions).copied().collect();
    lab_sdk::serve(&all);
}
