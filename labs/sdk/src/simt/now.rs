//! What the warp that runs now is about: its mask, the instructions so far, the source line. It lies in a thread-local
//! place because an operator such as `a + b` has no warp in its hands.

use super::machine::Machine;
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

/// All 32 lanes.
pub const ALL: u32 = u32::MAX;

type At = &'static Location<'static>;

/// The running warp.
#[derive(Clone)]
struct Now {
    /// Lanes that are on, and how many they are.
    mask: Cell<u32>,
    active: Cell<u32>,
    /// Instructions of this launch, by warp and by lane.
    warp_inst: Cell<u64>,
    thread_inst: Cell<u64>,
    /// Beyond so many warp instructions, `look` is called at each.
    look_from: Cell<u64>,
    /// The line of the last instruction.
    at: Cell<At>,
    /// The warp's number in its block.
    warp: Cell<u32>,
    /// Where the innermost `while_` begins.
    inside: Cell<Option<At>>,
}

thread_local! {
    static NOW: Now = const {
        Now {
            mask: Cell::new(ALL),
            active: Cell::new(32),
            warp_inst: Cell::new(0),
            thread_inst: Cell::new(0),
            look_from: Cell::new(u64::MAX),
            at: Cell::new(Location::caller()),
            warp: Cell::new(0),
            inside: Cell::new(None),
        }
    };
    static MACHINE: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
}

/// Issues one instruction of the running warp at the caller's line, and returns the lanes that are on.
#[inline]
#[track_caller]
pub fn issue() -> u32 {
    issue_at(Location::caller())
}

/// Issues one instruction of the running warp at this line.
#[inline]
pub fn issue_at(at: At) -> u32 {
    NOW.with(|now| {
        let count = now.warp_inst.get().wrapping_add(1);
        now.warp_inst.set(count);
        now.thread_inst.set(now.thread_inst.get().wrapping_add(u64::from(now.active.get())));
        now.at.set(at);
        if count > now.look_from.get() {
            look(at, count);
        }
        now.mask.get()
    })
}

/// The rare look: a trace is wanted, or the budget is spent.
#[cold]
#[inline(never)]
fn look(at: At, count: u64) {
    if let Some(machine) = machine() {
        machine.look(at, count);
    }
}

/// Lanes that are on.
#[inline]
pub fn mask() -> u32 {
    NOW.with(|now| now.mask.get())
}

/// Switches lanes on and off.
#[inline]
pub fn set_mask(mask: u32) {
    NOW.with(|now| {
        now.mask.set(mask);
        now.active.set(mask.count_ones());
    });
}

/// Puts `warp` on, with these lanes.
pub fn run_warp(warp: u32, mask: u32) {
    set_mask(mask);
    NOW.with(|now| {
        now.warp.set(warp);
        now.inside.set(None);
    });
}

/// The running warp's number in its block.
pub fn warp() -> u32 {
    NOW.with(|now| now.warp.get())
}

/// The line of the last instruction.
pub fn at() -> At {
    NOW.with(|now| now.at.get())
}

/// Warp and thread instructions of this launch.
pub fn instructions() -> (u64, u64) {
    NOW.with(|now| (now.warp_inst.get(), now.thread_inst.get()))
}

/// Enters or leaves a `while_`; returns the one around it.
pub fn set_inside(inside: Option<At>) -> Option<At> {
    NOW.with(|now| now.inside.replace(inside))
}

/// Where the innermost `while_` begins.
pub fn inside() -> Option<At> {
    NOW.with(|now| now.inside.get())
}

/// The machine that runs now; none outside of a launch.
pub fn machine() -> Option<Rc<Machine>> {
    MACHINE.with(|machine| machine.borrow().clone())
}

/// Begins a launch on this thread; what was there comes back when the guard falls, also by a panic.
pub fn begin(machine: &Rc<Machine>, look_from: u64) -> Outer {
    let outer = Outer { now: NOW.with(Clone::clone), machine: MACHINE.with(|m| m.replace(Some(Rc::clone(machine)))) };
    NOW.with(|now| {
        now.warp_inst.set(0);
        now.thread_inst.set(0);
        now.look_from.set(look_from);
    });
    outer
}

/// What ran before the launch: nothing, or the kernel that launched it.
pub struct Outer {
    now: Now,
    machine: Option<Rc<Machine>>,
}

impl Drop for Outer {
    fn drop(&mut self) {
        NOW.with(|now| {
            set_mask(self.now.mask.get());
            now.warp_inst.set(self.now.warp_inst.get());
            now.thread_inst.set(self.now.thread_inst.get());
            now.look_from.set(self.now.look_from.get());
            now.at.set(self.now.at.get());
            now.warp.set(self.now.warp.get());
            now.inside.set(self.now.inside.get());
        });
        MACHINE.with(|m| *m.borrow_mut() = self.machine.take());
    }
}
