//! The step `indexing`: a kernel over a pitched array; its values, its faults and its sectors.

use crate::grading::device::{self, Launch};
use crate::grading::{Check, Draw, Rule, Seen};
use lab_sdk::Result;
use lab_sdk::simt::Cfg;

/// Rows, columns, and elements from one row to the next.
type Array = [u32; 3];

/// The checks of `indexing`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    // Small arrays: a thread that walks along a row in Python has to end in time, too.
    let (pitch, rows, cols) = (draw.int(0..=40) as u32, draw.int(9..=30) as u32, draw.int(40..=90) as u32);
    let fits = [([8, 64, 64], [32, 4]), ([16, 96, 96], [16, 8])];
    let hangs_over =
        [([3, 5, 5], [8, 4]), ([33, 31, 31], [16, 16]), ([6, 130, 130], [64, 2]), ([rows, cols, cols], [32, 8])];
    let padded = [([4, 6, 8], [8, 4]), ([33, 31, 40], [32, 4]), ([rows, cols, cols + 1 + pitch], [64, 4])];
    let straight = [([32, 32, 32], [32, 4]), ([16, 64, 72], [64, 2]), ([6, 128, 128], [128, 1])];
    let crooked = [([32, 32, 33], [32, 4]), ([16, 64, 64 + 1 + pitch % 7], [64, 2])];

    let mut launches = |cases: &[(Array, [u32; 2])]| -> Vec<Launch> {
        cases.iter().map(|&(array, block)| launch(draw, array, covering(array, block), block)).collect()
    };
    let one = launches(&[([1, 1, 1], [32, 1]), ([4, 8, 8], [8, 4]), ([8, 32, 32], [32, 8])]);
    let (fits, hangs_over, padded) = (launches(&fits), launches(&hangs_over), launches(&padded));
    let (straight, crooked) = (launches(&straight), launches(&crooked));
    let empty = vec![launch(draw, [2, 0, 8], [1, 1], [8, 4]), launch(draw, [0, 8, 8], [1, 1], [8, 4])];
    let vast = vec![launch(draw, [5, 7, 9], [4, 3], [16, 8])];

    let values = |launches: &[Launch]| launches.iter().map(|launch| launch.values("y")).collect();
    let reports = |launches: &[&[Launch]]| launches.concat().iter().map(Launch::report).collect();
    let most = |value, bound, unit| Rule::at_most(value, bound, unit).near(0.1);
    Ok(vec![
        Check::exact("one block", values(&one)),
        Check::exact("a grid that fits", values(&fits)),
        Check::exact("a grid that hangs over the edge", values(&hangs_over)),
        Check::exact("padding stays as it was", values(&padded)),
        Check::exact("a grid far larger than the array", values(&vast)),
        Check::exact("no row, no column", values(&empty)),
        Check::by(
            "nothing outside x and y is touched",
            most(device::faults, 0.0, "faults"),
            reports(&[&one, &hangs_over, &padded]),
        ),
        Check::by(
            "sectors an access, rows that begin with a sector",
            most(sectors, 4.0, "sectors"),
            reports(&[&straight]),
        ),
        Check::by("sectors an access, rows that do not", most(sectors, 5.0, "sectors"), reports(&[&crooked])),
    ])
}

/// Blocks in x and y that cover the array.
fn covering([rows, cols, _]: Array, [x, y]: [u32; 2]) -> [u32; 2] {
    [cols.div_ceil(x), rows.div_ceil(y)]
}

/// Small integers and a factor in quarters: exact in f32, with a fused multiply-add or without.
fn launch(draw: &mut Draw, [rows, cols, pitch]: Array, [gx, gy]: [u32; 2], [bx, by]: [u32; 2]) -> Launch {
    let length = rows.max(1) * pitch;
    let mut values = || draw.many(length as usize, |draw| draw.int(1..=200) as f32);
    let (x, y) = (values(), values());
    let a = draw.int(1..=12) as f32 / 4.0;
    let cfg = Cfg { seed: draw.int(0..=1 << 30) as u64, ..Cfg::new([gx, gy, 1], [bx, by, 1]) };
    Launch::new("saxpy2d", cfg).buffer("x", &x).buffer("y", &y).arg(a).arg(rows).arg(cols).arg(pitch)
}

/// Sectors of a global access, loads and stores together.
fn sectors(seen: &Seen<'_>) -> (f64, String) {
    let [loads, load, stores, store] =
        ["gld_req", "gld_sectors", "gst_req", "gst_sectors"].map(|name| device::counter(seen, name));
    ((load + store) / (loads + stores), format!("{} requests", loads + stores))
}
