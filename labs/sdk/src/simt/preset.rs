//! Four GPUs by their numbers. All other parts of a chip (caches, schedulers, clocks) are left out.

use serde::{Deserialize, Serialize};

/// The GPU that a launch is checked against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// Data centre, 2020: compute capability 8.0.
    #[default]
    A100,
    /// Data centre, 2022: compute capability 9.0.
    H100,
    /// Desktop, 2020: compute capability 8.6.
    RTX3090,
    /// Desktop, 2022: compute capability 8.9.
    RTX4090,
}

/// What one streaming multiprocessor holds, and what the whole chip does.
///
/// Sources: CUDA C++ Programming Guide, table "Technical Specifications per Compute Capability" (warps, blocks, registers,
/// shared memory); the Ampere, Ada and Hopper tuning guides (1 KiB of shared memory is reserved for each block); NVIDIA's
/// architecture papers for A100 (40 GB), H100 (SXM5), GA102 (RTX 3090) and Ada (RTX 4090) for SMs, bandwidth and peaks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sm {
    /// The card's name.
    pub name: &'static str,
    /// Compute capability.
    pub compute: (u32, u32),
    /// SMs of the chip.
    pub sms: u32,
    /// Warps that may be resident at once.
    pub warps: u32,
    /// Blocks that may be resident at once.
    pub blocks: u32,
    /// 32-bit registers, in four equal parts.
    pub registers: u32,
    /// Bytes of shared memory of an SM.
    pub shared: u32,
    /// Bytes of shared memory that one block may ask for.
    pub shared_per_block: u32,
    /// Bytes a second of the chip's memory.
    pub bandwidth: f64,
    /// Operations a second in f32 (a multiply-add is two).
    pub f32_peak: f64,
    /// Operations a second of the tensor cores, f16 in, f32 accumulate, no sparsity.
    pub tensor_peak: f64,
}

impl Preset {
    /// The numbers.
    pub const fn sm(self) -> Sm {
        const KIB: u32 = 1024;
        match self {
            Self::A100 => Sm {
                name: "A100",
                compute: (8, 0),
                sms: 108,
                warps: 64,
                blocks: 32,
                registers: 65_536,
                shared: 164 * KIB,
                shared_per_block: 163 * KIB,
                bandwidth: 1555e9,
                f32_peak: 19.5e12,
                tensor_peak: 312e12,
            },
            Self::H100 => Sm {
                name: "H100",
                compute: (9, 0),
                sms: 132,
                warps: 64,
                blocks: 32,
                registers: 65_536,
                shared: 228 * KIB,
                shared_per_block: 227 * KIB,
                bandwidth: 3350e9,
                f32_peak: 67e12,
                tensor_peak: 989e12,
            },
            Self::RTX3090 => Sm {
                name: "RTX 3090",
                compute: (8, 6),
                sms: 82,
                warps: 48,
                blocks: 16,
                registers: 65_536,
                shared: 100 * KIB,
                shared_per_block: 99 * KIB,
                bandwidth: 936e9,
                f32_peak: 35.6e12,
                tensor_peak: 71e12,
            },
            Self::RTX4090 => Sm {
                name: "RTX 4090",
                compute: (8, 9),
                sms: 128,
                warps: 48,
                blocks: 24,
                registers: 65_536,
                shared: 100 * KIB,
                shared_per_block: 99 * KIB,
                bandwidth: 1008e9,
                f32_peak: 82.6e12,
                tensor_peak: 165.2e12,
            },
        }
    }
}

impl Sm {
    /// Seconds that no kernel can beat which moves `bytes` through the chip's memory and does `f32_ops` and `tensor_ops`
    /// operations: the slowest of the three alone (the roofline). A lower bound, not a prediction.
    pub fn roof(&self, bytes: f64, f32_ops: f64, tensor_ops: f64) -> f64 {
        (bytes / self.bandwidth).max(f32_ops / self.f32_peak).max(tensor_ops / self.tensor_peak)
    }
}
