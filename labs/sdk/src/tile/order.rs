//! Accesses that miss, that read what is not there yet, or that nothing orders: programs run in any order.

use super::Prog;
use super::access::{Access, Run};
use super::fault::FaultKind;
use super::ptr::Mark;

impl Access<'_> {
    /// `element (3, 5) of a (64, 32) tile`
    fn element(&self, element: usize) -> String {
        let columns = self.shape.sides[1];
        match self.shape.rank {
            0 => "its one element".to_owned(),
            1 => format!("element {element} of a {} tile", self.shape),
            _ => format!("element ({}, {}) of a {} tile", element / columns, element % columns, self.shape),
        }
    }
}

impl Prog {
    #[cold]
    pub(super) fn beyond(&self, index: i64, element: usize, access: Access<'_>) {
        self.machine.counters.borrow_mut().oob += 1;
        let p = access.p;
        let advice = if index < 0 {
            "an offset below 0 lies before the buffer"
        } else {
            "the last block is wider than what is left, so mask every load and store with offs < n"
        };
        self.at_element(FaultKind::OutOfBounds, index, element, access, |program, name, number| {
            let does = access.does.says();
            format!(
                "{program} {does} {name}[{number}] ({}), but {name} has {} elements: {advice}",
                access.element(element),
                p.start + p.len
            )
        });
    }

    /// A load finds elements without a value, and those that another program has stored.
    pub(super) fn check_loads(&self, runs: &[Run], access: Access<'_>) {
        self.check_values(runs, access);
        self.check_marks(runs, access, |mark| !self.machine.atomic.get() && self.is_other(mark));
    }

    /// An atomic may meet other atomics.
    pub(super) fn check_atomics(&self, runs: &[Run], access: Access<'_>) {
        self.check_values(runs, access);
        self.check_marks(runs, access, |mark| mark.store != 0 && self.is_other(mark));
        self.mark(runs, access, 0);
        set(runs, access);
    }

    fn is_other(&self, mark: Mark) -> bool {
        mark.program != 0 && mark.program != self.machine.number() + 1
    }

    fn check_values(&self, runs: &[Run], access: Access<'_>) {
        let p = access.p;
        let unset = p.buffer.unset.borrow();
        if unset.is_empty() {
            return;
        }
        for (element, index) in runs.iter().flat_map(each) {
            if unset[p.start + index] {
                self.at_element(FaultKind::Uninitialised, index as i64, element, access, |program, name, number| {
                    format!(
                        "{program} reads {name}[{number}] ({}) that nothing has written: memory of a GPU begins with \
                         whatever was there before, so write {name} before it is read",
                        access.element(element)
                    )
                });
            }
        }
    }

    fn check_marks(&self, runs: &[Run], access: Access<'_>, races: impl Fn(Mark) -> bool) {
        let p = access.p;
        let seen = p.buffer.seen_by(self.machine.serial);
        if seen.marks.is_empty() {
            return;
        }
        for (element, index) in runs.iter().flat_map(each) {
            let mark = seen.marks[p.start + index];
            if races(mark) {
                let does = access.does.says();
                self.at_element(FaultKind::ReadAfterWrite, index as i64, element, access, |program, name, number| {
                    format!(
                        "{program} {does} {name}[{number}] ({}) that {} stored in this launch: programs run in any \
                         order, so pass values between programs in a second launch",
                        access.element(element),
                        self.named(mark)
                    )
                });
            }
        }
    }

    /// Writes the elements of a store. It must not overwrite with another value what another program stored, nor what
    /// it stored itself.
    pub(super) fn write(&self, runs: &[Run], bits: &[u32], access: Access<'_>) {
        let p = access.p;
        let store = self.machine.next_store();
        let me = Mark { program: self.machine.number() + 1, store };
        let mut seen = p.buffer.seen_by(self.machine.serial);
        let mut words = p.buffer.bits.borrow_mut();
        set(runs, access);
        if seen.marks.is_empty() {
            seen.marks = vec![Mark::default(); words.len()];
        }
        for (element, index) in runs.iter().flat_map(each) {
            let (mark, word) = (&mut seen.marks[p.start + index], &mut words[p.start + index]);
            let before = std::mem::replace(mark, me);
            let changed = std::mem::replace(word, bits[element]) != bits[element];
            if !changed || before.program == 0 {
                continue;
            }
            if before.program != me.program && !self.machine.atomic.get() {
                self.at_element(FaultKind::WriteAfterWrite, index as i64, element, access, |program, name, number| {
                    format!(
                        "{program} writes {name}[{number}] ({}) that {} wrote with another value: programs run in any \
                         order, so give each its own elements (offsets begin at program_id times the block) or add \
                         with atomic_add",
                        access.element(element),
                        self.named(before)
                    )
                });
            } else if before.program == me.program && before.store == store {
                self.at_element(FaultKind::WriteAfterWrite, index as i64, element, access, |program, name, number| {
                    format!(
                        "{program} writes {name}[{number}] ({}) twice in one store, with different values: which one \
                         stays is not defined, so let the offsets of a store differ",
                        access.element(element)
                    )
                });
            }
        }
    }

    fn mark(&self, runs: &[Run], access: Access<'_>, store: u32) {
        let p = access.p;
        let mut seen = p.buffer.seen_by(self.machine.serial);
        if seen.marks.is_empty() {
            seen.marks = vec![Mark::default(); p.buffer.bits.borrow().len()];
        }
        for (_, index) in runs.iter().flat_map(each) {
            seen.marks[p.start + index] = Mark { program: self.machine.number() + 1, store };
        }
    }

    /// The program of a mark, as sentences name it.
    fn named(&self, mark: Mark) -> String {
        let number = mark.program as usize - 1;
        let [x, y, _] = self.num;
        format!("program ({}, {}, {})", number % x, number / x % y, number / x / y)
    }

    /// A fault of one element. `says` is given the program, the buffer and the element's number in the whole of it.
    #[cold]
    fn at_element(
        &self,
        kind: FaultKind,
        index: i64,
        element: usize,
        access: Access<'_>,
        says: impl FnOnce(&str, &str, i64) -> String,
    ) {
        self.machine.fault(kind, access.at, Some(element as u64), |fault, program| {
            let name = &access.p.buffer.name;
            let number = (access.p.start as i64).wrapping_add(index);
            fault.message = says(&program, name, number);
            fault.array = Some(name.clone());
            fault.index = Some(number);
            fault.address = Some(access.p.address(index));
        });
    }
}

/// The elements have a value from now on.
fn set(runs: &[Run], access: Access<'_>) {
    let mut unset = access.p.buffer.unset.borrow_mut();
    if !unset.is_empty() {
        runs.iter().for_each(|run| unset[access.p.start + run.index..][..run.len].fill(false));
    }
}

/// Element of the tile and index in the buffer, one by one.
fn each(run: &Run) -> impl Iterator<Item = (usize, usize)> {
    let Run { element, index, len } = *run;
    (0..len).map(move |k| (element + k, index + k))
}
