//! `torch-profiler`: write the functions below. `serde_json` reads JSON: `lab_sdk::serde_json::from_str::<Value>(trace)?`.
//! A refusal is any `Err`: `lab_sdk::ensure!(total > 0, "no time")`.

use lab_sdk::{OpTime, Result, StepTime};
use std::collections::BTreeMap;

/// The operator table of a trace: a row for each name of cat `cpu_op`.
///
/// OpTime { calls, cpu_total_ns, cpu_self_ns, gpu_ns }. Times are whole nanoseconds: `ts` and `dur` of the file are
/// microseconds with up to three decimals. Only events with ph "X" last; others (M, i, s, f) are passed over.
///   nesting       within one thread (pid and tid), among cpu_op, user_annotation, cuda_runtime, cuda_driver: an event lies
///                 in the innermost one that begins no later, ends no earlier, and has not ended when it begins. Of equal
///                 begins the longer one is the parent; of equal spans the first in the file
///   cpu_total_ns  the sum of durations
///   cpu_self_ns   the same without direct children
///   gpu_ns        of kernel, gpu_memcpy, gpu_memset: those whose launch (the runtime or driver call with the same
///                 args.correlation) lies in this operator and in none further in
///   `[none]`      a row for GPU time that finds no operator, its other numbers 0; only if there is such time
/// Refuse: what is not JSON; JSON without a list traceEvents.
pub fn key_averages(trace: &str) -> Result<BTreeMap<String, OpTime>> {
    todo!()
}

/// Where the time of each step went, by the step's name: a `user_annotation` that begins with `ProfilerStep#`.
///
/// StepTime { total_ns, kernel_ns, memcpy_ns, memset_ns, communication_ns, runtime_ns, dataloader_ns, cpu_ns, other_ns }.
/// Each instant of a step counts once, for the first category that has it, on whatever thread or stream:
///   kernel         cat kernel                            communication  cat kernel, name begins with `nccl`
///   memcpy         cat gpu_memcpy                        runtime        cat cuda_runtime, cuda_driver
///   memset         cat gpu_memset                        dataloader     cat cpu_op, user_annotation, name begins with
///   cpu            cat cpu_op, user_annotation,                         `enumerate(DataLoader)`
///                  but for steps and loaders             other          what is left
/// in the order of the fields. An event counts when it runs, in each step with its part. Events of other cats count for
/// nothing. Refuse: what is not JSON; JSON without a list traceEvents.
pub fn step_breakdown(trace: &str) -> Result<BTreeMap<String, StepTime>> {
    todo!()
}

/// (utilization, SM efficiency, occupancy) of one GPU during the steps, each as a share (0.25, not 25).
///
/// Of cat kernel, each with its part inside of steps:
///   utilization    time in which at least one kernel runs / time of all steps
///   SM efficiency  sum of duration x min(args["blocks per SM"], 1) / time of all steps
///   occupancy      mean of args["est. achieved occupancy %"] / 100, weighted by duration; 0 where no kernel ran
/// Refuse: what `step_breakdown` refuses; a trace without a step.
pub fn gpu_metrics(trace: &str) -> Result<(f64, f64, f64)> {
    todo!()
}

/// The checksum of TFRecord files: CRC-32C (polynomial 0x82f63b78, bits reversed; begins with all bits set, inverted at
/// the end), rotated right by 15 bits, plus 0xa282ead8, modulo 2^32.
pub fn masked_crc(data: &[u8]) -> u32 {
    todo!()
}

/// The scalars of an event file in their order: (wall clock in seconds, step, tag, value).
///
/// Records follow each other: length (u64), masked_crc(length's 8 bytes) (u32), data, masked_crc(data) (u32), all
/// little-endian. Data are a protobuf message:
///   Event    1 wall_time (fixed64, a double)   2 step (varint, an int64)   5 summary (Summary)
///   Summary  1 value (Value), any number of them
///   Value    1 tag (bytes, UTF-8)              2 simple_value (fixed32, a float)
/// A field that is 0 may be missing; fields with other numbers are passed over, and so are values without field 2. A
/// record that is not all there ends the file. Refuse: a wrong checksum.
pub fn read_scalars(file: &[u8]) -> Result<Vec<(f64, i64, String, f32)>> {
    todo!()
}

/// The time of all steps, in nanoseconds, if `op` were `factor` times faster and everything else stayed.
///
/// The time of `op`: the time in which a call of it (cat cpu_op) runs, with what it calls, on the thread of the steps and
/// inside of steps; a call inside a call counts once.
/// Refuse: a factor that is not positive, NaN or infinite; an op that the trace does not have; a trace without a step;
/// what `step_breakdown` refuses.
pub fn what_if(trace: &str, op: &str, factor: f64) -> Result<f64> {
    todo!()
}
