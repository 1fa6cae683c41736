//! What is read out of a profiler's trace: an operator's row, and where the time of a step went. Plain values: nothing here
//! computes. Times are whole nanoseconds, which is what the profiler's clock counts.

use serde::{Deserialize, Serialize};

/// All calls of one operator, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpTime {
    /// How often it was called.
    pub calls: i64,
    /// Its time on the CPU, the operators that it calls included.
    pub cpu_total_ns: i64,
    /// Its time on the CPU without what it calls.
    pub cpu_self_ns: i64,
    /// Time on the GPU of what it launched itself.
    pub gpu_ns: i64,
}

/// One step of a loop: its length, and its parts, each instant in one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTime {
    /// From its begin to its end.
    pub total_ns: i64,
    /// A kernel ran.
    pub kernel_ns: i64,
    /// None of the above, and the GPU copied.
    pub memcpy_ns: i64,
    /// None of the above, and the GPU filled memory.
    pub memset_ns: i64,
    /// None of the above, and GPUs exchanged data.
    pub communication_ns: i64,
    /// None of the above, and the CPU was inside the CUDA runtime or driver.
    pub runtime_ns: i64,
    /// None of the above, and the loop waited for its next batch.
    pub dataloader_ns: i64,
    /// None of the above, and an operator ran on the CPU.
    pub cpu_ns: i64,
    /// None of the above.
    pub other_ns: i64,
}
