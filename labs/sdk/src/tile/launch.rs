//! Runs a kernel: program after program.

use super::machine::{Machine, Stop};
use super::{Cfg, Counters, Fault, FaultKind, L2, Prog, Trace, now};
use crate::Result;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// What a launch did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TileReport {
    /// What it cost.
    pub counters: Counters,
    /// The first fault of each kind, in the order in which they happened.
    pub faults: Vec<Fault>,
    /// Whether every program has returned. A launch that was stopped has the faults and counts up to there.
    pub finished: bool,
    /// With [`Cfg::trace`].
    pub trace: Option<Trace>,
}

impl TileReport {
    /// The first fault of this kind.
    pub fn fault(&self, kind: FaultKind) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.kind == kind)
    }
}

/// Launches `kernel` for every program of the grid, one after the other, x fastest. The rest is as in [`Cfg::default`].
///
/// What the kernel does wrong is in [`TileReport::faults`]; it goes on where that is possible. A grid that no GPU takes
/// is an error. A panic of the kernel goes through.
pub fn launch_tiles(grid: [usize; 3], l2: Option<L2>, kernel: impl Fn(&Prog)) -> Result<TileReport> {
    launch(Cfg { l2, ..Cfg::new(grid) }, kernel)
}

/// [`launch_tiles`] with a preset and a budget.
pub fn launch(cfg: Cfg, kernel: impl Fn(&Prog)) -> Result<TileReport> {
    cfg.check()?;
    let machine = Machine::new(cfg);
    let outer = now::begin(&machine);
    let ended = catch_unwind(AssertUnwindSafe(|| run(&machine, kernel)));
    drop(outer);
    match ended {
        Err(panic) if !panic.is::<Stop>() => resume_unwind(panic),
        ended => Ok(TileReport {
            counters: *machine.counters.borrow(),
            faults: machine.faults.take(),
            finished: ended.is_ok(),
            trace: machine.cfg.trace.then(|| machine.trace.take().done()),
        }),
    }
}

fn run(machine: &Rc<Machine>, kernel: impl Fn(&Prog)) {
    let num = machine.cfg.grid;
    machine.counters.borrow_mut().launches = u64::from(machine.cfg.programs() > 0);
    for number in 0..machine.cfg.programs() as usize {
        let pid = [number % num[0], number / num[0] % num[1], number / num[0] / num[1]];
        machine.begin(pid, number as u32);
        kernel(&Prog { pid, num, machine: Rc::clone(machine) });
        machine.end();
    }
}
