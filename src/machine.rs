//! What one thread of this machine can do at best, measured once and kept with a print of the machine: how fast it
//! multiplies, and how fast it moves bytes, by how many of them there are.

mod fingerprint;
mod measure;
mod vectors;

pub use fingerprint::{Cache, Fingerprint};
pub use measure::measure;

use serde::{Deserialize, Serialize};

/// Reads `x` once, with the widest vectors and from four places at once: the way that `Rate::read` was measured. Returns the sum.
pub fn read(x: &[f32]) -> f32 {
    vectors::read(pulp::Arch::new(), x)
}

/// Bytes a second over one working set, three ways of touching it. All bytes are counted that the program names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// The working set: all arrays together.
    pub bytes: u64,
    /// Reads one array.
    pub read: f64,
    /// Reads one array and writes another.
    pub copy: f64,
    /// a = b + s c: reads two arrays and writes a third.
    pub triad: f64,
}

impl Rate {
    /// The fastest way.
    pub fn best(&self) -> f64 {
        self.read.max(self.copy).max(self.triad)
    }

    /// The faster of two, way by way.
    fn raised(&self, other: &Rate) -> Rate {
        Rate {
            bytes: self.bytes,
            read: self.read.max(other.read),
            copy: self.copy.max(other.copy),
            triad: self.triad.max(other.triad),
        }
    }
}

/// The roofs of one thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Roofs {
    /// f32 FLOPs a second: the faster of multiply-adds that stay in registers and of `gemm`.
    pub flops: f64,
    /// f32 FLOPs a second of a blocked matrix product.
    pub gemm: f64,
    /// Multiplications and additions of int8 a second, in registers alone; 0 where an earlier version measured.
    #[serde(default)]
    pub integer: f64,
    /// Bytes a second, from the smallest working set to the largest.
    pub sweep: Vec<Rate>,
    /// By how much of the best round the second best stayed below it, for the roof where that is most.
    #[serde(default)]
    pub apart: f64,
}

impl Roofs {
    /// Bytes a second for a working set of so many: the best that was seen at the power of two below it, or above.
    pub fn near(&self, bytes: u64) -> f64 {
        let largest = self.sweep.last().map_or(0, |rate| rate.bytes);
        let from = (bytes / 2 + 1).min(largest);
        self.sweep.iter().filter(|rate| rate.bytes >= from).map(Rate::best).fold(0.0, f64::max)
    }

    /// Whether every roof is a rate: a file may hold anything.
    pub fn sound(&self) -> bool {
        let rates = self.sweep.iter().flat_map(|rate| [rate.read, rate.copy, rate.triad]);
        let all = rates.chain([self.flops, self.gemm]).all(|rate| rate.is_finite() && rate > 0.0);
        all && self.integer.is_finite() && !self.sweep.is_empty() && self.sweep.is_sorted_by_key(|rate| rate.bytes)
    }

    /// Bytes a second from memory: for more than any cache holds.
    pub fn memory(&self) -> f64 {
        self.sweep.last().map_or(0.0, Rate::best)
    }

    /// FLOPs a second that are left at `intensity` (FLOPs a byte) with a working set of so many bytes.
    pub fn at(&self, intensity: f64, bytes: u64) -> f64 {
        self.flops.min(intensity * self.near(bytes))
    }

    /// The roof under a bandwidth as a line: FLOPs a second at the intensities `from`, at the ridge, and at `to` or beyond
    /// the ridge.
    pub fn line(&self, bandwidth: f64, from: f64, to: f64) -> [(f64, f64); 3] {
        let ridge = self.flops / bandwidth;
        [from, ridge, to.max(2.0 * ridge)].map(|intensity| (intensity, self.flops.min(bandwidth * intensity)))
    }

    /// The higher of two measurements of one machine, roof by roof: what was reached once can be reached.
    pub fn raised(&self, other: &Roofs) -> Roofs {
        Roofs {
            flops: self.flops.max(other.flops),
            gemm: self.gemm.max(other.gemm),
            integer: self.integer.max(other.integer),
            sweep: self.sweep.iter().zip(&other.sweep).map(|(a, b)| a.raised(b)).collect(),
            apart: self.apart.min(other.apart),
        }
    }
}

/// Which roofs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Those that were measured before, if there are any.
    Before,
    /// Measured now, and raised to those: something lay above them.
    Again,
}

/// Roofs, the machine that they were measured on, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The machine.
    pub fingerprint: Fingerprint,
    /// Milliseconds since 1970.
    pub at: i64,
    /// What it reached.
    pub roofs: Roofs,
}

impl Measured {
    /// Reads what was kept as JSON, or says why it cannot be used: a file may hold anything.
    pub fn parse(text: &str) -> Result<Self, String> {
        let measured: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        match measured.roofs.sound() {
            true => Ok(measured),
            false => Err("a roof is no rate".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rate, Roofs, measure};

    fn rate(bytes: u64, read: f64) -> Rate {
        Rate { bytes, read, copy: read / 2.0, triad: read / 3.0 }
    }

    fn roofs() -> Roofs {
        Roofs {
            flops: 100.0,
            gemm: 90.0,
            integer: 200.0,
            sweep: vec![rate(16, 40.0), rate(32, 50.0), rate(64, 20.0), rate(128, 10.0)],
            apart: 0.0,
        }
    }

    #[test]
    fn a_working_set_is_as_fast_as_the_power_of_two_below_it() {
        let near = [1, 16, 17, 32, 33, 63, 64, 65, 128, 10_000].map(|bytes| roofs().near(bytes));
        assert_eq!(near, [50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 20.0, 20.0, 10.0, 10.0]);
        assert_eq!(roofs().memory(), 10.0);
    }

    #[test]
    fn the_lower_roof_counts() {
        assert_eq!(roofs().at(0.5, 128), 5.0);
        assert_eq!(roofs().at(1000.0, 128), 100.0);
    }

    #[test]
    fn roofs_only_rise() {
        let mut busy = roofs();
        (busy.flops, busy.sweep[0].read, busy.sweep[1].read) = (50.0, 60.0, 1.0);
        let raised = roofs().raised(&busy);
        assert_eq!((raised.flops, raised.sweep[0].read, raised.sweep[1].read), (100.0, 60.0, 50.0));
    }

    #[test]
    fn a_file_of_an_earlier_version_has_no_integer_roof() {
        let mut file = serde_json::to_value(roofs()).expect("JSON");
        file.as_object_mut().expect("an object").remove("integer");
        let read: Roofs = serde_json::from_value(file).expect("roofs");
        assert_eq!(read, Roofs { integer: 0.0, ..roofs() });
        assert!(read.sound());
        assert_eq!(read.raised(&roofs()), roofs());
    }

    #[test]
    fn this_machine_has_roofs() {
        let roofs = measure(|_| ()).expect("measured");
        let sizes: Vec<u64> = roofs.sweep.iter().map(|rate| rate.bytes).collect();
        assert_eq!((sizes.first(), sizes.last(), sizes.len()), (Some(&(16 << 10)), Some(&(256 << 20)), 15));
        assert!(roofs.gemm > 1e8 && roofs.flops >= roofs.gemm, "{roofs:?}");
        assert!(roofs.integer > 1e8, "{roofs:?}");
        assert!(roofs.sweep.iter().all(|rate| rate.read > 1e8 && rate.copy > 1e8 && rate.triad > 1e8), "{roofs:?}");
    }
}
