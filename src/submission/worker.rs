//! Functions of our own behind the same interface as an answer: the solution in this process, and misconceptions in a
//! worker (this binary, run again), where a stack overflow or an endless loop is an observation and no accident.

use super::{Block, Child, Fault, Limits, Observation, Subject, Timed};
use lab_sdk::{Desk, Function, Value};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The hidden first argument that turns this binary into a worker.
pub const WORKER: &str = "__worker";

/// A table of functions, called in this process.
pub struct Table(Desk<'static>);

impl Table {
    /// `functions`, on a desk of their own.
    pub fn new(functions: &'static [(&'static str, Function)]) -> Self {
        Self(Desk::new(functions))
    }
}

impl Subject for Table {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        self.0.call(function, args).into()
    }

    fn time(&mut self, block: &Block) -> Result<Timed, Fault> {
        let started = Instant::now();
        let mut last = Vec::new();
        for (at, (name, args)) in block.calls.iter().enumerate() {
            let observation = self.call(name, args);
            let fine = matches!(observation, Observation::Value(_));
            if at + block.keep >= block.calls.len() || !fine {
                last.push(observation);
            }
            if !fine {
                break;
            }
        }
        Ok(Timed { took: started.elapsed(), last })
    }
}

/// A lab's solution and misconceptions in a child process.
pub struct Worker(Child);

impl Worker {
    /// Starts `binary` as a worker for `lab`.
    pub fn start(binary: &Path, lab: &str, limits: Limits) -> Result<Self, Fault> {
        let mut command = Command::new(binary);
        command.args([WORKER, lab]);
        Child::start(command, limits, None).map(Self)
    }
}

impl Subject for Worker {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        self.0.call(function, args)
    }

    fn time(&mut self, block: &Block) -> Result<Timed, Fault> {
        self.0.time(block)
    }
}

/// The worker's side: serves the functions of both tables until stdin ends.
pub fn work(solution: &[(&'static str, Function)], misconceptions: &[(&'static str, Function)]) {
    let all: Vec<(&str, Function)> = solution.iter().chain(misconceptions).copied().collect();
    lab_sdk::serve(&all);
}
