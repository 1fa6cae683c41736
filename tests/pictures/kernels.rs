//! Kernels with the mistakes that pictures are for, run by the simulator.

use lab_sdk::simt::{Cfg, G, Order, Reg, Report, U, Warp, launch};
use serde_json::Value;

/// Each thread reads the first element of a row of 32.
async fn column(w: Warp, x: G<f32>, y: G<f32>) {
    let i = w.tid();
    let v = w.ld(&x, i * 32);
    w.st(&y, i, v);
}

/// Each thread reads one element, from the second on.
async fn shifted(w: Warp, x: G<f32>, y: G<f32>) {
    let i = w.tid();
    w.st(&y, i, w.ld(&x, i + 1));
}

/// One row of a tile of 32 x `pitch` is written by each warp, and one column is read.
async fn tile(w: Warp, pitch: u32, x: G<f32>, y: G<f32>) {
    let (tile, row) = (w.shared("tile", 32 * pitch), w.id as u32);
    w.sts(tile, w.lane() + row * pitch, w.ld(&x, w.tid()));
    w.sync().await;
    let v = w.lds(tile, w.lane() * pitch + row);
    w.st(&y, w.tid(), v);
}

/// Half of the lanes go one way and half the other.
async fn parted(w: Warp, x: G<f32>, y: G<f32>) {
    let i = w.tid();
    let v = w.ld(&x, i);
    w.if_else(
        i.lt(16),
        || {
            let square = v * v;
            w.st(&y, i, square + 1.0);
        },
        || {
            let half = v * 0.5;
            w.st(&y, i, half - 1.0);
        },
    );
    for k in 0..4 {
        let v = w.ld(&y, i);
        w.st(&y, i, v + k as f32);
    }
}

/// Each lane counts down from its number: the warp stays as long as the last.
async fn uneven(w: Warp, y: G<u32>) {
    let left = Reg::new(w.lane());
    let turns = Reg::new(U::splat(0));
    w.while_(
        || left.get().gt(24),
        || {
            left.set(left.get() - 1);
            turns.set(turns.get() + 1);
        },
    );
    w.st(&y, w.lane(), turns.get());
}

/// Name and trace.
pub fn all() -> Vec<(&'static str, Value)> {
    let floats = |n: usize| G::new("x", vec![1.0_f32; n]);
    let out = || G::poisoned("y", 1024);
    let warp = || Cfg { order: Order::ByNumber, trace: true, ..Cfg::default() };
    let block = |pitch| Cfg { block: [1024, 1, 1], smem_bytes: 32 * pitch as usize * 4, ..warp() };
    let tiled = |pitch| launch(block(pitch), |w| tile(w, pitch, floats(1024), out()));
    vec![
        ("a column of a matrix", trace(launch(warp(), |w| column(w, floats(1024), out())))),
        ("one element further", trace(launch(warp(), |w| shifted(w, floats(64), out())))),
        ("a column of a shared tile", trace(tiled(32))),
        ("a column of a padded tile", trace(tiled(33))),
        ("a column of a tile of 36", trace(tiled(36))),
        ("a branch that parts", trace(launch(warp(), |w| parted(w, floats(64), out())))),
        ("a loop of uneven turns", trace(launch(warp(), |w| uneven(w, G::poisoned("y", 32))))),
    ]
}

/// A line of this file.
pub fn source(_: &str, line: u32) -> Option<String> {
    include_str!("kernels.rs").lines().nth(line as usize - 1).map(str::to_owned)
}

fn trace(report: lab_sdk::Result<Report>) -> Value {
    serde_json::to_value(report.expect("a launch").trace).expect("JSON")
}
