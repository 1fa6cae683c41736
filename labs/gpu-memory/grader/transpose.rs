//! The step `transpose`: values, faults, sectors on both sides, and wavefronts in between.

use super::counts::{SHARED, at_most, given, sectors, values, wavefronts};
use crate::grading::device::{self, Launch};
use crate::grading::{Check, Draw, Seen};
use lab_sdk::Result;
use lab_sdk::simt::Cfg;

/// The checks of `transpose`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let drawn = [draw.int(33..=90) as u32, draw.int(97..=130) as u32];
    // Rows and columns of x, and rows of a block.
    let mut launches = |cases: &[([u32; 2], u32)]| -> Vec<Launch> {
        cases.iter().map(|&(sides, high)| launch(draw, sides, high)).collect()
    };
    let one = launches(&[([32, 32], 8), ([32, 32], 32)]);
    let square = launches(&[([64, 64], 8)]);
    let whole = launches(&[([32, 96], 8), ([128, 64], 32)]);
    let over = launches(&[([1, 1], 8), ([5, 3], 8), ([33, 31], 32), ([60, 100], 16), (drawn, 8)]);
    let thin = launches(&[([1, 40], 8), ([70, 1], 8)]);
    let empty = launches(&[([0, 5], 8), ([5, 0], 8)]);
    Ok(vec![
        Check::exact("one tile", values(&[&one], "y")),
        Check::exact("a square of tiles", values(&[&square], "y")),
        Check::exact("whole tiles, more one way than the other", values(&[&whole], "y")),
        Check::exact("tiles that hang over the edge", values(&[&over], "y")),
        Check::exact("one row, one column", values(&[&thin], "y")),
        Check::exact("nothing to transpose", values(&[&empty], "y")),
        at_most("no race, nothing read unset or outside", device::faults, 0.0, "faults", &[&one, &whole, &over]),
        at_most("sectors loaded, whole tiles", loaded, 1.0, "times the least", &[&one, &square, &whole]),
        at_most("sectors stored, whole tiles", stored, 1.0, "times the least", &[&one, &square, &whole]),
        at_most("sectors an access, at the edges", sectors, 5.0, "sectors", &[&over[2..]]),
        at_most("wavefronts a shared access", wavefronts, 1.0, "wavefronts", &[&one, &whole, &over]),
    ])
}

/// Elements that all differ, so that each is known where it lands.
fn launch(draw: &mut Draw, [rows, cols]: [u32; 2], high: u32) -> Launch {
    let first = draw.int(1..=1000) as f32;
    let x: Vec<f32> = (0..rows * cols).map(|i| first + i as f32).collect();
    let grid = [cols.div_ceil(32).max(1), rows.div_ceil(32).max(1), 1];
    let seed = draw.int(0..=1 << 30) as u64;
    let cfg = Cfg { smem_bytes: SHARED, seed, ..Cfg::new(grid, [32, high, 1]) };
    Launch::new("transpose", cfg).buffer("x", &x).blank("y", "f32", x.len()).arg(rows).arg(cols)
}

/// Sectors over the fewest that hold x: the launch is call 2, after the two buffers; rows and columns are its
/// arguments 3 and 4.
fn over_least(seen: &Seen<'_>, counter: &str) -> (f64, String) {
    let (rows, cols, sectors) = (given(seen, 2, 3), given(seen, 2, 4), device::counter(seen, counter));
    let least = rows * cols / 8.0;
    (sectors / least, format!("{rows} x {cols}: {sectors} sectors, the least are {least}"))
}

fn loaded(seen: &Seen<'_>) -> (f64, String) {
    over_least(seen, "gld_sectors")
}

fn stored(seen: &Seen<'_>) -> (f64, String) {
    over_least(seen, "gst_sectors")
}
