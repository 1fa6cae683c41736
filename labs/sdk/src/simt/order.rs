//! Stores to global memory that nothing orders: by two blocks, by two warps with no barrier between, by two lanes with no
//! `syncwarp` between. Only what comes after a store is looked at; a load that a later store overtakes is not.

use super::access::Access;
use super::fault::{FaultKind, Place};
use super::global::View;
use super::history::Mark;
use super::lanes::lanes_of;
use super::{W, Warp};

impl Warp {
    /// Whether this launch has stored to the buffer.
    #[inline]
    pub(super) fn stored_to(&self, view: &View) -> bool {
        view.buffer.stores.borrow().launch == self.machine.serial
    }

    /// Loads of elements that this launch has stored.
    pub(super) fn check_loads(&self, view: &View, index: &[u32; W], inside: u32, access: Access) {
        if !self.stored_to(view) {
            return;
        }
        let stores = view.buffer.stores.borrow();
        let native = view.buffer.bytes;
        let elements = (access.each * view.bytes / native) as usize;
        for lane in lanes_of(inside) {
            let first = (view.offset(index[lane]) / native) as usize;
            let marks = &stores.marks[first..first + elements];
            marks.iter().any(|mark| self.races(view, index[lane], lane, *mark, access));
        }
    }

    /// Whether this access of `lane` races with the store of `mark`: nothing orders the two, which the lane itself does, or
    /// `syncwarp`, or a barrier. Between blocks only an atomic does: a block that has done one may have learnt from it that
    /// the other is finished.
    #[inline]
    pub(super) fn races(&self, view: &View, index: u32, lane: usize, mark: Mark, access: Access) -> bool {
        mark.time != 0 && self.races_with(view, index, lane, mark, access)
    }

    fn races_with(&self, view: &View, index: u32, lane: usize, mark: Mark, access: Access) -> bool {
        let times = self.machine.times(self.me);
        let who = if mark.time < times.block {
            if self.machine.atomic_in_block.get() {
                return false;
            }
            let [x, y, z] = self.machine.block_at(mark.time);
            format!("block ({x}, {y}, {z})")
        } else if mark.time >= times.barrier && mark.who.warp() != self.me {
            format!("warp {}", mark.who.warp())
        } else if mark.time >= times.syncwarp && mark.who.warp() == self.me && mark.who.lane() != Some(lane as u32) {
            format!("lane {} of the same warp", mark.who.lane().unwrap_or_default())
        } else {
            return false;
        };
        self.machine.counters.borrow_mut().hazards_global += 1;
        let kind = if access.store { FaultKind::GlobalWriteAfterWrite } else { FaultKind::GlobalReadAfterWrite };
        let between = mark.time < times.block;
        self.machine.fault(kind, access.at, Some(lane as u32), |fault| {
            let name = &view.buffer.name;
            let number = view.number(index);
            let other = Place::of(self.machine.line_of(mark.who.line()));
            let (does, also) = if access.store { ("writes", "also wrote") } else { ("reads", "wrote") };
            let advice = match (between, access.store) {
                (true, false) => "blocks run in any order, so pass values between blocks in a second launch",
                (true, true) => "blocks run in any order, so give each its own elements or add with w.atomic_add",
                (false, false) => "put w.sync().await between the write and the read",
                (false, true) => "which value stays is not defined, so let one thread write it or add with w.atomic_add",
            };
            fault.message = format!(
                "warp {} {does} {name}[{number}] (lane {lane}) that {who} {also} at {other} with nothing to order the two: \
                 {advice}",
                self.me
            );
            fault.array = Some(name.clone());
            fault.index = Some(number);
            fault.address = Some(view.address(index));
            fault.other = Some(other);
        });
        true
    }
}

/// Whether this launch has stored nothing to these bytes.
pub fn untouched(view: &View, first: u32, last: u32) -> bool {
    let native = view.buffer.bytes;
    let stores = view.buffer.stores.borrow();
    stores.marks[(first / native) as usize..=(last / native) as usize].iter().all(|mark| mark.time == 0)
}
