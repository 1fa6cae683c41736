//! A program in the hands of a kernel: who it is, and where its offsets begin.

use super::I;
use super::fault::FaultKind;
use super::machine::Machine;
use super::now::{At, refuse};
use super::shape::Shape;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

/// One program of the grid: what Triton runs on a thread block. A kernel is `fn kernel(p: &Prog, ..)`.
#[derive(Clone)]
pub struct Prog {
    /// The program's place in the grid.
    pub pid: [usize; 3],
    /// Programs of the grid.
    pub num: [usize; 3],
    pub(super) machine: Rc<Machine>,
}

impl Prog {
    /// The program's place along axis 0, 1 or 2.
    #[track_caller]
    pub fn program_id(&self, axis: usize) -> i64 {
        self.of_grid(&self.pid, axis, Location::caller())
    }

    /// Programs along axis 0, 1 or 2.
    #[track_caller]
    pub fn num_programs(&self, axis: usize) -> i64 {
        self.of_grid(&self.num, axis, Location::caller())
    }

    fn of_grid(&self, sides: &[usize; 3], axis: usize, at: At) -> i64 {
        self.machine.work(1, at);
        match sides.get(axis) {
            Some(side) => *side as i64,
            None => refuse(FaultKind::Rank, at, |program| {
                format!("{program} asks for axis {axis} of the grid, which has the axes 0, 1 and 2")
            }),
        }
    }

    /// 0, 1, .. n - 1, which must be a power of two.
    #[track_caller]
    pub fn arange(&self, n: usize) -> I {
        let at = Location::caller();
        let shape = Shape::from([n]).check(at);
        I::new(shape, (0..n as i64).collect(), at)
    }
}

impl fmt::Debug for Prog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "program {:?} of {:?}", self.pid, self.num)
    }
}
