//! The launch that runs now. It lies in a thread-local place because an operator such as `a + b` has no program in its
//! hands.

use super::fault::FaultKind;
use super::machine::{Live, Machine};
use super::shape::Shape;
use crate::simt::Place;
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

pub type At = &'static Location<'static>;

thread_local! {
    static MACHINE: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
}

/// The machine that runs now; none outside of a launch.
pub fn machine() -> Option<Rc<Machine>> {
    MACHINE.with(|machine| machine.borrow().clone())
}

/// One operation that makes a tile of this shape, without data that counts: offsets and masks.
pub fn made(shape: Shape, at: At) {
    MACHINE.with(|machine| {
        if let Some(machine) = &*machine.borrow() {
            machine.work(shape.elements(), at);
        }
    });
}

/// One operation that makes a tile of data. The bytes live until the value falls.
pub fn made_data(shape: Shape, bytes: usize, at: At) -> Option<Live> {
    let machine = machine()?;
    machine.work(shape.elements(), at);
    Some(Live::new(machine, (shape.elements() * bytes) as u64, at))
}

/// Ends the launch with a fault; the sentence begins with the program. Outside of a launch it is a panic.
#[cold]
pub fn refuse(kind: FaultKind, at: At, says: impl FnOnce(String) -> String) -> ! {
    let Some(machine) = machine() else {
        panic!("{}: {}", Place::of(at), says("a tile outside of a launch".to_owned()));
    };
    machine.fault(kind, at, None, |fault, program| fault.message = says(program));
    machine.stop()
}

/// Records a fault, and goes on.
#[cold]
pub fn fault(kind: FaultKind, at: At, element: usize, says: impl FnOnce(String) -> String) {
    if let Some(machine) = machine() {
        machine.fault(kind, at, Some(element as u64), |fault, program| fault.message = says(program));
    }
}

/// Begins a launch on this thread; what was there comes back when the guard falls, also by a panic.
pub fn begin(machine: &Rc<Machine>) -> Outer {
    Outer(MACHINE.with(|m| m.replace(Some(Rc::clone(machine)))))
}

/// What ran before the launch: nothing, or the program that launched it.
pub struct Outer(Option<Rc<Machine>>);

impl Drop for Outer {
    fn drop(&mut self) {
        MACHINE.with(|m| *m.borrow_mut() = self.0.take());
    }
}
