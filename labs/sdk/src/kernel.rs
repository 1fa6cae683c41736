//! What a kernel computes and moves, what a machine can do, and where the one stands under the roofs of the other. Plain
//! values: nothing here computes.

use crate::arch::Op;
use serde::{Deserialize, Serialize};

/// One operation on inputs of known shapes, with what counting it gives. In Python a dict: `{"op": "linear", "attrs": {"cout":
/// 4096, "bias": False}, "inputs": [[512, 1024]], "out": [512, 4096], "macs": 2147483648, "params": 4194304}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// What it does.
    #[serde(flatten)]
    pub op: Op,
    /// Shapes of what it reads besides its weights.
    pub inputs: Vec<Vec<u64>>,
    /// Shape of the result.
    pub out: Vec<u64>,
    /// Multiply-adds of its products; 0 where it has none.
    pub macs: u64,
    /// Learned numbers.
    pub params: u64,
}

/// One way to build a layer: kernels that run one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerOpt {
    /// What it is called: `depthwise`, `low-rank`.
    pub name: String,
    /// Images, or sequences, that it works on at once.
    pub batch: u64,
    /// In the order in which they run.
    pub kernels: Vec<Kernel>,
}

/// What a machine can do at best.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// FLOPs a second.
    pub peak_flops: f64,
    /// Bytes a second, between memory and the processor.
    pub bw: f64,
    /// Microseconds that starting a kernel takes, whatever it does.
    pub launch_us: f64,
}

/// Where a kernel stands under the roofs of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Floating point operations.
    pub flops: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Arithmetic intensity, FLOPs a byte.
    pub ai: f64,
    /// The intensity at which both roofs of the machine meet, FLOPs a byte.
    pub ridge: f64,
    /// What it waits for.
    pub bound: Bound,
    /// Predicted time, microseconds.
    pub t_us: f64,
}

/// What a kernel waits for; in Python `"compute"`, `"memory"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Bytes.
    Memory,
}
