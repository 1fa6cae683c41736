//! The step `choose-launch`: what a launch costs, and a launch that costs little.

use super::super::solution;
use super::{GPUS, spec};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, read, scalar};
use lab_sdk::simt::Preset;
use lab_sdk::{Result, SmSpec, Value, Work};

/// An elementwise kernel of the middle kind.
pub const WORK: Work = Work { setup: 60, each: 10, latency: 10, regs: 28, regs_each: 5 };

/// Launches of a check.
const LAUNCHES: usize = 30;

/// The checks of `choose-launch`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut costs = |n: [f64; 2], per_thread: [i64; 2], whole: bool| -> Vec<Script> {
        let one = || {
            let (work, sm) = (work(draw), spec(*draw.choose(&GPUS)));
            let block = if whole { 32 * draw.int(1..=16) } else { draw.int(33..=500) } as u64;
            let per_thread = draw.int(per_thread[0]..=per_thread[1]) as u64;
            (draw.log_uniform(n[0], n[1]) as u64, work, sm, block, per_thread)
        };
        // Some drawn launches need more registers than there are.
        let fits = |&(n, work, sm, block, per_thread): &(u64, Work, SmSpec, u64, u64)| {
            solution::kernel_cycles(n, &work, &sm, block, per_thread).is_ok()
        };
        let drawn = std::iter::repeat_with(one).filter(fits).take(LAUNCHES);
        drawn.map(|(n, work, sm, block, per_thread)| cost(n, work, sm, block, per_thread)).collect()
    };
    let (many, few) = (costs([3e6, 1e9], [1, 4], true), costs([1.0, 3e5], [1, 4], true));
    let (held, odd) = (costs([3e6, 1e9], [8, 16], true), costs([1e4, 1e8], [1, 16], false));
    let a100 = spec(Preset::A100);
    let refused = |n, block, per_thread| cost(n, WORK, a100, block, per_thread);
    let refusals = [(0, 128, 1), (1000, 128, 0), (1000, 0, 1), (1000, 1056, 1), (1000, 1024, 16)];
    let refusals = refusals.map(|(n, block, per_thread)| refused(n, block, per_thread)).to_vec();
    let sizes = [1_000, 300_000, 1_000_000, 5_000_000, 100_000_000];
    let mut sizes = sizes.map(|n| choice(n, WORK, a100)).to_vec();
    for _ in 0..7 {
        sizes.push(choice(draw.log_uniform(3e5, 1e9) as u64, work(draw), spec(*draw.choose(&GPUS))));
    }
    let over = Rule::at_most(over, 5.0, "% above the best");
    Ok(vec![
        Check::exact("cycles of many waves", many),
        Check::exact("cycles of a grid that fills no wave", few),
        Check::exact("cycles, many elements a thread", held),
        Check::exact("cycles, a last warp that is not full", odd),
        Check::refuses("`kernel_cycles` refuses what is no launch", refusals),
        Check::by("the chosen launch is near the best", over, sizes),
        Check::refuses("`choose_launch` refuses no elements", vec![choice(0, WORK, a100)]),
    ])
}

/// A kernel that can be launched with any block of 256.
pub fn work(draw: &mut Draw) -> Work {
    let mut int = |low, high| draw.int(low..=high) as u64;
    Work { setup: int(20, 80), each: int(6, 16), latency: int(8, 14), regs: int(20, 32), regs_each: int(3, 8) }
}

fn cost(n: u64, work: Work, sm: SmSpec, block: u64, per_thread: u64) -> Script {
    Script::call("kernel_cycles", args![n, work, sm, block, per_thread]).keep(&[2])
}

fn choice(n: u64, work: Work, sm: SmSpec) -> Script {
    Script::call("choose_launch", args![n, work, sm]).keep(&[2])
}

/// How far the chosen launch lies above the best, in percent.
fn over(seen: &Seen<'_>) -> (f64, String) {
    let (Some(work), Some(sm), Some(Value::Tuple(chosen))) =
        (read::<Work>(seen.argument(0, 1)), read::<SmSpec>(seen.argument(0, 2)), seen.result(0))
    else {
        return (f64::NAN, "no launch".to_owned());
    };
    let [Value::Int(block), Value::Int(per_thread)] = chosen[..] else { return (f64::NAN, "no launch".to_owned()) };
    let n = scalar(seen.argument(0, 0));
    let at = format!("n = {n}, {block} threads, {per_thread} elements each");
    (percent(n as u64, &work, &sm, block, per_thread).unwrap_or(f64::NAN), at)
}

/// The same, NaN for what is no launch.
pub fn percent(n: u64, work: &Work, sm: &SmSpec, block: i128, per_thread: i128) -> Result<f64> {
    if block % 32 != 0 || !(32..=1024).contains(&block) || !(1..=16).contains(&per_thread) {
        return Ok(f64::NAN);
    }
    let (best_block, best_per_thread) = solution::choose_launch(n, work, sm)?;
    let best = solution::kernel_cycles(n, work, sm, best_block, best_per_thread)?;
    let chosen = solution::kernel_cycles(n, work, sm, block as u64, per_thread as u64)?;
    Ok(100.0 * (chosen as f64 / best as f64 - 1.0))
}
