//! What the kernels of several steps are held to: the bytes of a block, and numbers read from a launch's report.

use crate::grading::device::{self, Launch};
use crate::grading::{Check, Rule, Script, Seen, scalar};

/// Shared memory that a block may declare: what any GPU gives without being asked for more.
pub const SHARED: usize = 48 * 1024;

/// Cases that compare what `buffer` holds afterwards.
pub fn values(launches: &[&[Launch]], buffer: &str) -> Vec<Script> {
    launches.concat().iter().map(|launch| launch.values(buffer)).collect()
}

/// A check of a number that each launch's report leads to.
pub fn at_most(
    name: &'static str,
    value: fn(&Seen<'_>) -> (f64, String),
    bound: f64,
    unit: &'static str,
    launches: &[&[Launch]],
) -> Check {
    let rule = Rule::at_most(value, bound, unit).near(0.1);
    Check::by(name, rule, launches.concat().iter().map(Launch::report).collect())
}

/// An integer that the kernel was given: its place among the arguments of call `call`.
pub fn given(seen: &Seen<'_>, call: usize, at: usize) -> f64 {
    scalar(seen.argument(call, at))
}

/// Wavefronts of a shared access: of loads or of stores, whichever conflict more. A kernel without any has none.
pub fn wavefronts(seen: &Seen<'_>) -> (f64, String) {
    let [loads, load, stores, store] =
        ["sld_req", "sld_waves", "sst_req", "sst_waves"].map(|name| device::counter(seen, name));
    let (load, store) = (load / loads.max(1.0), store / stores.max(1.0));
    (load.max(store), format!("{} a load, {} a store", rounded(load), rounded(store)))
}

/// Sectors of a global access: of loads or of stores, whichever are wider.
pub fn sectors(seen: &Seen<'_>) -> (f64, String) {
    let [loads, load, stores, store] =
        ["gld_req", "gld_sectors", "gst_req", "gst_sectors"].map(|name| device::counter(seen, name));
    let (load, store) = (load / loads, store / stores);
    (load.max(store), format!("{} a load, {} a store", rounded(load), rounded(store)))
}

fn rounded(x: f64) -> f64 {
    (100.0 * x).round() / 100.0
}
