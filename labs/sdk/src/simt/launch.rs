//! Runs a kernel: block after block, and in a block warp after warp from barrier to barrier.

use super::machine::{Machine, Stop};
use super::trace::Trace;
use super::{Cfg, Counters, Fault, FaultKind, Occupancy, Warp, now};
use crate::Result;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

/// What a launch did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What it cost.
    pub counters: Counters,
    /// The first fault of each kind, in the order in which they happened.
    pub faults: Vec<Fault>,
    /// Whether every warp has returned. A launch that was stopped has the faults and counts up to there.
    pub finished: bool,
    /// How many blocks an SM of the preset would hold at once.
    pub occupancy: Occupancy,
    /// With [`Cfg::trace`].
    pub trace: Option<Trace>,
}

impl Report {
    /// The first fault of this kind.
    pub fn fault(&self, kind: FaultKind) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.kind == kind)
    }
}

/// Launches `kernel` for every warp of the grid and waits until all have returned.
///
/// What the kernel does wrong is in [`Report::faults`]; it goes on where that is possible. A launch that the preset would
/// refuse is an error. A panic of the kernel goes through.
pub fn launch<K, Fu>(cfg: Cfg, kernel: K) -> Result<Report>
where
    K: Fn(Warp) -> Fu,
    Fu: Future<Output = ()>,
{
    let occupancy = cfg.check()?;
    let machine = Machine::new(cfg);
    let outer = now::begin(&machine, machine.look_from());
    let ended = catch_unwind(AssertUnwindSafe(|| run(&machine, kernel)));
    let (warp_inst, thread_inst) = now::instructions();
    drop(outer);
    match ended {
        Err(panic) if !panic.is::<Stop>() => resume_unwind(panic),
        ended => Ok(report(&machine, occupancy, ended.is_ok(), warp_inst, thread_inst)),
    }
}

fn run<K, Fu>(machine: &Rc<Machine>, kernel: K)
where
    K: Fn(Warp) -> Fu,
    Fu: Future<Output = ()>,
{
    let mut context = Context::from_waker(Waker::noop());
    let mut order = Vec::new();
    let mut warps: Vec<Pin<Box<Fu>>> = Vec::new();
    for block in machine.blocks() {
        machine.begin(block);
        warps.clear();
        for id in 0..machine.cfg.warps() {
            machine.enter(id);
            warps.push(Box::pin(kernel(machine.warp(id))));
        }
        loop {
            machine.order(&mut order);
            for &id in &order {
                machine.enter(id);
                let returned = warps[id as usize].as_mut().poll(&mut context).is_ready();
                machine.left(id, returned);
            }
            if !machine.open_barrier() {
                break;
            }
        }
    }
}

fn report(machine: &Machine, occupancy: Occupancy, finished: bool, warp_inst: u64, thread_inst: u64) -> Report {
    let mut counters = machine.counters.take();
    counters.warp_inst = warp_inst;
    counters.thread_inst = thread_inst;
    Report {
        counters,
        faults: machine.faults.take(),
        finished,
        occupancy,
        trace: machine.cfg.trace.then(|| machine.trace.take()),
    }
}
