//! The sentences about races and words that were never written.

use super::fault::{Fault, FaultKind, Place};
use super::history::{Clash, Hazard};

/// An access of one lane to one element of a shared array.
pub struct Touch<'a> {
    pub array: &'a str,
    pub index: u64,
    pub address: u64,
    pub warp: u32,
    pub lane: u32,
}

/// The kind of fault that a clash is.
pub fn kind(clash: &Clash) -> FaultKind {
    match clash {
        Clash::Unset => FaultKind::Uninitialised,
        Clash::Between(Hazard::ReadAfterWrite, _) => FaultKind::ReadAfterWrite,
        Clash::Between(Hazard::WriteAfterRead, _) => FaultKind::WriteAfterRead,
        Clash::Between(Hazard::WriteAfterWrite, _) => FaultKind::WriteAfterWrite,
        Clash::Within(Hazard::ReadAfterWrite, _) => FaultKind::LaneReadAfterWrite,
        Clash::Within(Hazard::WriteAfterRead, _) => FaultKind::LaneWriteAfterRead,
        Clash::Within(Hazard::WriteAfterWrite, _) => FaultKind::LaneWriteAfterWrite,
    }
}

/// Writes the sentence; `place` is the other side's line.
pub fn tell(fault: &mut Fault, touch: &Touch<'_>, clash: &Clash, place: Option<Place>) {
    let element = format!("{}[{}]", touch.array, touch.index);
    let (warp, lane) = (touch.warp, touch.lane);
    let line = place.as_ref().map(Place::to_string).unwrap_or_default();
    fault.message = match clash {
        Clash::Unset => format!(
            "warp {warp} reads {element} (lane {lane}) that no thread of this block has written: shared memory begins \
             with whatever the last block left there, so write it first, with zeros where there is no data"
        ),
        Clash::Between(hazard, other) => between(*hazard, &element, warp, lane, other.who.warp(), &line),
        Clash::Within(hazard, other) => within(*hazard, &element, warp, lane, other.who.lane(), &line),
    };
    fault.array = Some(touch.array.to_owned());
    fault.index = Some(touch.index);
    fault.address = Some(touch.address);
    fault.other = place;
}

fn between(hazard: Hazard, element: &str, warp: u32, lane: u32, other: u32, line: &str) -> String {
    match hazard {
        Hazard::ReadAfterWrite => format!(
            "warp {warp} reads {element} (lane {lane}) that warp {other} wrote at {line} with no barrier between: put \
             w.sync().await between the write and the read"
        ),
        Hazard::WriteAfterRead => format!(
            "warp {warp} writes {element} (lane {lane}) that warp {other} read at {line} with no barrier between: warp \
             {other} may still need the old value, so put w.sync().await between the read and the write"
        ),
        Hazard::WriteAfterWrite => format!(
            "warp {warp} writes {element} (lane {lane}) that warp {other} wrote at {line} with no barrier between: which \
             value stays depends on who comes last, so give each its own element or put w.sync().await between"
        ),
    }
}

fn within(hazard: Hazard, element: &str, warp: u32, lane: u32, other: Option<u32>, line: &str) -> String {
    let other = other.map_or_else(|| "other lanes".to_owned(), |lane| format!("lane {lane}"));
    match hazard {
        Hazard::ReadAfterWrite => format!(
            "lane {lane} of warp {warp} reads {element} that {other} wrote at {line} with no w.syncwarp() between: since \
             Volta the lanes of a warp need not run in step, so put w.syncwarp() between the write and the read"
        ),
        Hazard::WriteAfterRead => format!(
            "lane {lane} of warp {warp} writes {element} that {other} read at {line} with no w.syncwarp() between: since \
             Volta the lanes of a warp need not run in step, so put w.syncwarp() between the read and the write"
        ),
        Hazard::WriteAfterWrite => format!(
            "lane {lane} of warp {warp} writes {element} that {other} wrote at {line} with no w.syncwarp() between: which \
             of the two values stays is not defined, so give each lane its own element"
        ),
    }
}
