//! Global accesses that miss: beyond the end, at an address that the hardware does not take, or before anything is there.

use super::W;
use super::Warp;
use super::access::Access;
use super::fault::FaultKind;
use super::global::View;
use super::lanes::lanes_of;
use super::now::ALL;
use super::sectors::{Shape, shape};

impl Warp {
    /// Byte offsets of what the lanes touch, and the lanes that touch the buffer at all.
    pub(super) fn reach(&self, view: &View, index: &[u32; W], on: u32, access: Access) -> ([u32; W], u32) {
        let mut offsets = [0; W];
        let mut inside = on;
        let end = view.len.saturating_sub(access.each - 1);
        let size = access.each * view.bytes;
        if on == ALL
            && shape(index) == Shape::Run
            && index[W - 1] < end
            && view.offset(index[0]).is_multiple_of(size)
            && access.each == 1
        {
            return (index.map(|i| view.offset(i)), on);
        }
        for lane in lanes_of(on) {
            offsets[lane] = view.offset(index[lane]);
            if index[lane] >= end {
                inside &= !(1 << lane);
                self.beyond(view, index[lane], lane, access);
            } else if !offsets[lane].is_multiple_of(size) {
                inside &= !(1 << lane);
                self.misaligned(view, index[lane], lane, access);
            }
        }
        (offsets, inside)
    }

    #[cold]
    pub(super) fn beyond(&self, view: &View, index: u32, lane: usize, access: Access) {
        self.machine.counters.borrow_mut().oob += 1;
        self.machine.fault(FaultKind::OutOfBounds, access.at, Some(lane as u32), |fault| {
            let name = &view.buffer.name;
            let does = if access.store { "writes" } else { "reads" };
            let number = view.number(index);
            let end = view.number(view.len);
            let advice = if index > i32::MAX.cast_unsigned() {
                format!("{index} is {} as a signed number: a subtraction went below 0", index.cast_signed())
            } else {
                "the grid has more threads than there are elements, so guard the access with w.if_(i.lt(n), ..)"
                    .to_owned()
            };
            fault.message = format!(
                "warp {} {does} {name}[{number}] (lane {lane}), but {name} has {end} elements: {advice}",
                self.me
            );
            fault.array = Some(name.clone());
            fault.index = Some(number);
            fault.address = Some(view.address(index));
        });
    }

    #[cold]
    pub(super) fn misaligned(&self, view: &View, index: u32, lane: usize, access: Access) {
        self.machine.fault(FaultKind::Misaligned, access.at, Some(lane as u32), |fault| {
            let name = &view.buffer.name;
            let size = access.each * view.bytes;
            let address = view.address(index);
            fault.message = format!(
                "warp {} touches {size} bytes of {name} at address {address:#x} (lane {lane}), which {size} does not divide: \
                 a GPU stops the kernel there, so make the index a multiple of {}",
                self.me,
                size / view.buffer.bytes
            );
            fault.array = Some(name.clone());
            fault.index = Some(view.number(index));
            fault.address = Some(address);
        });
    }

    /// Loads of elements that have no value: the lanes of `inside` that read poison from a buffer that was made without.
    #[cold]
    pub(super) fn unset(&self, view: &View, index: u32, lane: usize, access: Access) {
        self.machine.counters.borrow_mut().uninit_global += 1;
        self.machine.fault(FaultKind::GlobalUninitialised, access.at, Some(lane as u32), |fault| {
            let name = &view.buffer.name;
            let number = view.number(index);
            fault.message = format!(
                "warp {} reads {name}[{number}] (lane {lane}) that nothing has written: memory of a GPU begins with whatever \
                 was there before, so write {name} before it is read, or add up in a register",
                self.me
            );
            fault.array = Some(name.clone());
            fault.index = Some(number);
            fault.address = Some(view.address(index));
        });
    }
}
