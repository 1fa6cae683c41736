//! The step `tiled-matmul`: values, races, and traffic that falls with the side of the tile.

use super::counts::{SHARED, at_most, given, values, wavefronts};
use crate::grading::device::{self, Launch};
use crate::grading::{Check, Draw, Seen};
use lab_sdk::simt::Cfg;
use lab_sdk::{Result, Value};

/// M, N and K.
type Sides = [u32; 3];

/// The checks of `tiled-matmul`. Products are small: each race costs Python's simulator some 50 microseconds, and a
/// kernel without a barrier has one in nearly every lane.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut side = |low, high| draw.int(low..=high) as u32;
    let drawn = [side(17, 32), side(9, 16), 16 + side(1, 15)];
    let mut launches = |cases: &[(Sides, u32)]| -> Vec<Launch> {
        cases.iter().map(|&(sides, tile)| launch(draw, sides, tile)).collect()
    };
    let one = launches(&[([16, 16, 16], 16)]);
    let several = launches(&[([16, 32, 32], 16)]);
    let over = launches(&[([20, 25, 16], 16)]);
    let odd = launches(&[([16, 16, 9], 16), (drawn, 16), ([32, 32, 40], 32)]);
    let tiny = launches(&[([1, 1, 1], 16), ([5, 3, 1], 16)]);
    let empty = launches(&[([4, 6, 0], 16), ([0, 6, 4], 16)]);
    let (wide, narrow) = (launches(&[([32, 32, 32], 32)]), launches(&[([16, 16, 64], 16)]));
    Ok(vec![
        Check::exact("one tile", values(&[&one], "c")),
        Check::exact("several tiles, several steps", values(&[&several], "c")),
        Check::exact("rows and columns that fill no tile", values(&[&over], "c")),
        Check::exact("K that is no multiple of the tile", values(&[&odd], "c")),
        Check::exact("a tile larger than the matrix", values(&[&tiny], "c")),
        Check::exact("nothing to add up", values(&[&empty], "c")),
        at_most("no race, nothing read unset or outside", device::faults, 0.0, "faults", &[&several, &over, &odd[..2]]),
        at_most("sectors loaded, tiles of 32 x 32", loaded, 1.0, "times 2 M N K / 32 floats", &[&wide]),
        at_most("sectors loaded, tiles of 16 x 16", loaded, 1.0, "times 2 M N K / 16 floats", &[&narrow]),
        at_most("sectors stored", stored, 1.0, "times the least", &[&narrow]),
        at_most("wavefronts a shared access", wavefronts, 1.0, "wavefronts", &[&narrow]),
    ])
}

/// Small integers: a sum of their products is exact in f32, in any order.
fn launch(draw: &mut Draw, [m, n, k]: Sides, tile: u32) -> Launch {
    let mut values = |length: u32| draw.many(length as usize, |draw| draw.int(-8..=8) as f32);
    let (a, b) = (values(m * k), values(k * n));
    let grid = [n.div_ceil(tile).max(1), m.div_ceil(tile).max(1), 1];
    let seed = draw.int(0..=1 << 30) as u64;
    let cfg = Cfg { smem_bytes: SHARED, seed, ..Cfg::new(grid, [tile, tile, 1]) };
    let launch = Launch::new("matmul", cfg).buffer("a", &a).buffer("b", &b);
    launch.blank("c", "f32", (m * n) as usize).arg(m).arg(n).arg(k)
}

/// The launch is call 3, after the three buffers: its arguments are the Cfg, the buffers, then M, N and K.
fn sides(seen: &Seen<'_>) -> [f64; 3] {
    [4, 5, 6].map(|at| given(seen, 3, at))
}

fn loaded(seen: &Seen<'_>) -> (f64, String) {
    let [m, n, k] = sides(seen);
    let tile = match seen.argument(3, 0) {
        Some(Value::Json(cfg)) => cfg["block"][0].as_f64().unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    over(device::counter(seen, "gld_sectors"), 2.0 * m * n * k / tile / 8.0)
}

fn stored(seen: &Seen<'_>) -> (f64, String) {
    let [m, n, _] = sides(seen);
    over(device::counter(seen, "gst_sectors"), m * n / 8.0)
}

fn over(sectors: f64, allowed: f64) -> (f64, String) {
    (sectors / allowed, format!("{sectors} sectors of {allowed}"))
}
