//! Rule R1: what a global access costs; and the two shapes of index that nearly every access has.

use super::W;
use super::banks::packed;

/// Distinct 32-byte sectors and 128-byte lines at these byte offsets, for the lanes of `on`. A buffer begins at a
/// multiple of 256 and no element straddles a sector, so that the offset in the buffer serves as the address.
pub fn sectors(offsets: &[u32; W], on: u32) -> (u32, u32) {
    let (mut packed, count) = packed(offsets, on);
    let packed = &mut packed[..count];
    match distinct(packed) {
        Some(counts) => counts,
        None => {
            packed.sort_unstable();
            distinct(packed).unwrap_or((0, 0))
        }
    }
}

/// Sectors and lines of offsets that do not fall; nothing if they do.
fn distinct(offsets: &[u32]) -> Option<(u32, u32)> {
    let mut last = *offsets.first()?;
    let (mut sectors, mut lines) = (1, 1);
    for &offset in offsets {
        if offset < last {
            return None;
        }
        sectors += u32::from(offset >> 5 != last >> 5);
        lines += u32::from(offset >> 7 != last >> 7);
        last = offset;
    }
    Some((sectors, lines))
}

/// Sectors and lines of the bytes from `first` to `last`.
pub fn span(first: u32, last: u32) -> (u32, u32) {
    ((last >> 5) - (first >> 5) + 1, (last >> 7) - (first >> 7) + 1)
}

/// How the indices of 32 lanes lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// All the same.
    Same,
    /// Each one more than the one before.
    Run,
    /// Any other way.
    Mixed,
}

/// The shape of these indices.
pub fn shape(index: &[u32; W]) -> Shape {
    let first = index[0];
    let (step, shape) = match index[1].wrapping_sub(first) {
        0 => (0, Shape::Same),
        1 if first <= u32::MAX - W as u32 => (1, Shape::Run),
        _ => return Shape::Mixed,
    };
    let mut differs = 0;
    let mut wanted = first;
    for &i in index {
        differs |= i ^ wanted;
        wanted = wanted.wrapping_add(step);
    }
    if differs == 0 { shape } else { Shape::Mixed }
}
