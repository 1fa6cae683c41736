//! The tensor core's instruction: a 16 x 16 matrix times a 16 x 8 matrix, spread over the registers of a warp.

use super::fault::FaultKind;
use super::lanes::lanes;
use super::now::{ALL, issue_at};
use super::{F, Half, V, W, Warp};
use std::panic::Location;

impl Warp {
    /// D = A B + C with A (16 x 16) and B (16 x 8) in `f16` or `bf16` and C, D (16 x 8) in `f32`, by all 32 lanes at once.
    ///
    /// With g = lane / 4 and t = lane mod 4, a lane holds (R11, PTX ISA, mma.m16n8k16):
    /// A: rows g and g + 8, columns 2t, 2t+1 and 2t+8, 2t+9, as `[g: 2t.., g+8: 2t.., g: 2t+8.., g+8: 2t+8..]`;
    /// B: column g, rows 2t, 2t+1 and 2t+8, 2t+9, as `[2t.., 2t+8..]`;
    /// C and D: columns 2t, 2t+1 of row g, then of row g + 8.
    ///
    /// Products are exact. They are added to C one after the other, each sum rounded to f32; NVIDIA does not say in which
    /// order its tensor cores add, nor how they round.
    #[track_caller]
    pub fn mma_m16n8k16<T: Half>(&self, a: [V<[T; 2]>; 4], b: [V<[T; 2]>; 2], c: [F; 4]) -> [F; 4] {
        let at = Location::caller();
        let mask = issue_at(at);
        self.machine.counters.borrow_mut().mma += 1;
        if mask != ALL {
            self.partial(mask, at);
        }
        let (a_made, b_made) = (a.iter().fold(mask, |m, v| m & v.made), b.iter().fold(mask, |m, v| m & v.made));
        if a_made & b_made != ALL {
            // A missing element of A spoils a row of D, one of B a column: all of D is poison, and its use a fault.
            return [V::new([0; W], 0); 4];
        }
        multiply(&widen(&a), &widen(&b), &c)
    }

    #[cold]
    fn partial(&self, mask: u32, at: &'static Location<'static>) {
        self.machine.fault(FaultKind::PartialMma, at, None, |fault| {
            fault.message = format!(
                "mma_m16n8k16 of warp {} runs with {} of 32 lanes: the matrices lie in the registers of all of them, so take it \
                 out of if_",
                self.me,
                mask.count_ones()
            );
        });
    }
}

/// The halves of `N` registers as floats: `[register][half][lane]`.
fn widen<T: Half, const N: usize>(v: &[V<[T; 2]>; N]) -> [[[f32; W]; 2]; N] {
    let mut out = [[[0.0; W]; 2]; N];
    for (out, v) in out.iter_mut().zip(v) {
        for lane in lanes() {
            out[0][lane] = T::of(v.bits[lane] & 0xFFFF).wide();
            out[1][lane] = T::of(v.bits[lane] >> 16).wide();
        }
    }
    out
}

fn multiply(a: &[[[f32; W]; 2]; 4], b: &[[[f32; W]; 2]; 2], c: &[F; 4]) -> [F; 4] {
    let mut rows = [[0.0; 16]; 16]; // A by row
    let mut columns = [[0.0; 16]; 8]; // B by column
    for lane in lanes() {
        let (g, t) = (lane / 4, lane % 4);
        for half in 0..2 {
            for (i, register) in a.iter().enumerate() {
                rows[g + i % 2 * 8][2 * t + half + i / 2 * 8] = register[half][lane];
            }
            for (i, register) in b.iter().enumerate() {
                columns[g][2 * t + half + i * 8] = register[half][lane];
            }
        }
    }
    let mut d = *c;
    for (i, d) in d.iter_mut().enumerate() {
        for lane in lanes() {
            let (row, column) = (&rows[lane / 4 + i / 2 * 8], &columns[lane % 4 * 2 + i % 2]);
            let products = row.iter().zip(column).map(|(x, y)| x * y);
            d.bits[lane] = products.fold(f32::from_bits(d.bits[lane]), |sum, x| sum + x).to_bits();
        }
        *d = V::new(d.bits, d.made);
    }
    d
}
