//! The barrier of a block: `w.sync().await`. A warp that awaits it hands the machine to the next warp.

use super::Warp;
use super::fault::{FaultKind, Place};
use super::machine::Machine;
use super::now;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What `w.sync()` gives: it is done when all warps of the block have come to the barrier.
#[must_use = "a barrier that is not awaited does nothing: w.sync().await"]
pub struct Barrier {
    warp: Warp,
    at: &'static Location<'static>,
    arrived: bool,
}

impl Warp {
    /// Waits until every warp of the block is here; what they wrote before, all may read after. CUDA's `__syncthreads()`.
    #[track_caller]
    pub fn sync(&self) -> Barrier {
        Barrier { warp: self.clone(), at: Location::caller(), arrived: false }
    }
}

impl Future for Barrier {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let me = self.warp.me as usize;
        if !self.arrived {
            self.arrived = true; // first: the budget may end here
            now::issue_at(self.at);
            let machine = &self.warp.machine;
            machine.counters.borrow_mut().barriers += 1;
            machine.warps.borrow_mut()[me].waits = Some(self.at);
            return Poll::Pending;
        }
        let waits = self.warp.machine.warps.borrow()[me].waits.is_some();
        if waits { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        if !self.arrived {
            self.warp.machine.fault(FaultKind::NotAwaited, self.at, None, |fault| {
                fault.message = format!(
                    "warp {} calls w.sync() without .await, which does nothing: write w.sync().await",
                    self.warp.me
                );
            });
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "barrier at {}", Place::of(self.at))
    }
}

impl Machine {
    /// Notes that the running warp gave the machine back: it returned, or it waits.
    pub fn left(&self, warp: u32, returned: bool) {
        let mut warps = self.warps.borrow_mut();
        let state = &mut warps[warp as usize];
        state.returned = returned;
        state.last = Some(now::at());
        if !returned && state.waits.is_none() {
            self.fault(FaultKind::ForeignAwait, now::at(), None, |fault| {
                fault.message = format!(
                    "warp {warp} awaits something that is no barrier, after {}: a kernel awaits w.sync() and nothing else",
                    Place::of(now::at())
                );
            });
            self.stop();
        }
    }

    /// Opens the barrier where the warps of the block wait; false if all have returned.
    pub fn open_barrier(&self) -> bool {
        let mut warps = self.warps.borrow_mut();
        let Some(waiting) = warps.iter().position(|warp| warp.waits.is_some()) else { return false };
        let Some(at) = warps[waiting].waits else { return false };
        if let Some(gone) = warps.iter().position(|warp| warp.returned) {
            let last = warps[gone].last.map(Place::of);
            let waiting: Vec<usize> = (0..warps.len()).filter(|&warp| warps[warp].waits.is_some()).collect();
            self.barrier_left(at, gone, last, &waiting);
        }
        let other = warps.iter().enumerate().find_map(|(id, warp)| {
            let there = warp.waits.filter(|there| (there.line(), there.file()) != (at.line(), at.file()))?;
            Some((id, there))
        });
        if let Some((id, there)) = other {
            self.barrier_split(waiting, at, id, there);
        }
        warps.iter_mut().for_each(|warp| warp.waits = None);
        self.pass_barrier();
        true
    }

    fn barrier_left(&self, at: &Location<'_>, gone: usize, last: Option<Place>, waiting: &[usize]) -> ! {
        self.fault(FaultKind::BarrierLeft, at, None, |fault| {
            let others = match waiting {
                [one] => format!("warp {one} waits"),
                [first, .., last] => format!("{} warps ({first} to {last}) wait", waiting.len()),
                [] => String::new(),
            };
            fault.warp = gone as u32;
            fault.message = format!(
                "warp {gone} has returned while {others} at the barrier of {}: on a GPU the block may hang there. Every warp \
                 comes to every barrier, so let it load zeros and stay instead of returning early",
                Place::of(at)
            );
            fault.other = last;
        });
        self.stop()
    }

    fn barrier_split(&self, one: usize, at: &Location<'_>, other: usize, there: &Location<'_>) {
        self.fault(FaultKind::BarrierSplit, at, None, |fault| {
            fault.warp = one as u32;
            fault.message = format!(
                "warp {one} waits at the barrier of {} and warp {other} at that of {}: a barrier in a branch is defined only \
                 if all warps of the block take the branch, so take it out of the branch",
                Place::of(at),
                Place::of(there)
            );
            fault.other = Some(Place::of(there));
        });
    }
}
