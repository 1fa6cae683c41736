//! The step `offload`: schedules run on a machine with four queues, held to its room, to the fewest loads and to the time.

use super::super::solution;
use super::timeline::{Count, MACHINES, Ran, Task, acts, run};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen};
use lab_sdk::{Result, Value};

/// The checks of `schedule`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let cases = cases(draw);
    let scored = |value, bound, unit| Rule::scored(value, bound, unit).near(1e-6);
    let mut checks = vec![
        Check::by("every pass once, in order", scored(misplaced, 0.0, "acts out of place"), cases.clone()),
        Check::by("layers are on the GPU for their passes", scored(absent, 0.0, "acts without their layer"), cases.clone()),
        Check::by("never more on the GPU than it has room for", scored(over, 0.0, "bytes too many"), cases.clone()),
        Check::by("gradients are saved before layers leave", scored(lost, 0.0, "gradients lost"), cases.clone()),
        Check::by("layers on NVMe are fetched for each load", scored(fetches, 0.0, "fetches wrong"), cases.clone()),
        Check::by("equal layers: no more loads than must be", scored(loads, 0.0, "beyond the fewest"), cases.clone()),
        Check::by("copies run beside the computation", scored(slower, 5.0, "% longer"), cases),
    ];
    let refused = [(vec![], 100, 0), (vec![30, 101, 20], 100, 3), (vec![7], 6, 1)];
    let refused = refused.into_iter().map(|(bytes, gpu, ram)| case(&bytes, gpu, ram));
    checks.push(Check::refuses("`schedule` refuses no layers, and layers that do not fit", refused.collect()));
    Ok(checks)
}

fn case(bytes: &[usize], gpu: usize, ram: usize) -> Script {
    Script::call("schedule", args![bytes.to_vec(), gpu, ram]).keep(&[1, 2])
}

fn cases(draw: &mut Draw) -> Vec<Script> {
    let mut cases = vec![case(&[5], 5, 1)];
    for (room, slow) in [(2, false), (3, false), (4, true), (3, true)] {
        let layers = draw.size(8..=12);
        let bytes = draw.size(4..=9);
        let ram = if slow { draw.size(2..=layers - 4) } else { layers };
        cases.push(case(&vec![bytes; layers], room * bytes, ram));
    }
    for slow in [false, false, true] {
        let layers = draw.size(8..=14);
        let bytes: Vec<usize> = (0..layers).map(|_| draw.size(4..=12)).collect();
        let ram = if slow { draw.size(2..=layers - 4) } else { layers };
        cases.push(case(&bytes, 12 * draw.size(3..=4), ram));
    }
    let bytes: Vec<usize> = (0..6).map(|_| draw.size(4..=12)).collect();
    // All of it fits; and no two layers do.
    cases.push(case(&bytes, bytes.iter().sum(), 6));
    cases.push(case(&[9, 8, 9, 7, 9], 9, 5));
    cases
}

fn task(seen: &Seen<'_>) -> Option<Task> {
    match (seen.argument(0, 0)?, seen.argument(0, 1)?, seen.argument(0, 2)?) {
        (Value::Usizes(bytes), Value::Int(gpu), Value::Int(ram)) => {
            Some(Task { bytes: bytes.clone(), gpu: *gpu as usize, ram: *ram as usize })
        }
        _ => None,
    }
}

/// What the answer's schedule does; `None` where it is none.
fn ran(seen: &Seen<'_>) -> Option<(Task, Ran)> {
    let (task, acts) = (task(seen)?, acts(seen.result(0)?)?);
    let ran = run(&task, &acts, MACHINES[1]);
    Some((task, ran))
}

fn counted(seen: &Seen<'_>, of: impl FnOnce(Ran) -> Count) -> (f64, String) {
    match ran(seen) {
        Some((_, ran)) => {
            let count = of(ran);
            (count.number as f64, count.first)
        }
        None => (f64::INFINITY, "no list of (act, layer)".to_owned()),
    }
}

fn misplaced(seen: &Seen<'_>) -> (f64, String) {
    counted(seen, |ran| ran.misplaced)
}

fn absent(seen: &Seen<'_>) -> (f64, String) {
    counted(seen, |ran| ran.absent)
}

fn over(seen: &Seen<'_>) -> (f64, String) {
    counted(seen, |ran| ran.over)
}

fn lost(seen: &Seen<'_>) -> (f64, String) {
    counted(seen, |ran| ran.lost)
}

fn fetches(seen: &Seen<'_>) -> (f64, String) {
    counted(seen, |ran| ran.fetches)
}

fn best(task: &Task) -> Option<Vec<(String, usize)>> {
    solution::schedule(&task.bytes, task.gpu, task.ram).ok()
}

fn loads(seen: &Seen<'_>) -> (f64, String) {
    let Some((task, ran)) = ran(seen) else { return (f64::INFINITY, String::new()) };
    let Some(best) = best(&task) else { return (f64::INFINITY, String::new()) };
    let must = run(&task, &best, MACHINES[1]).loads;
    // Which of unequal layers to keep is a search of its own; the time is held there.
    if task.bytes.iter().any(|bytes| *bytes != task.bytes[0]) {
        return (0.0, String::new());
    }
    let words = format!("{} loads of {} layers, {must} must be", ran.loads, task.bytes.len());
    (ran.loads as f64 - must as f64, if ran.loads > must { words } else { String::new() })
}

/// The largest excess over the solution's time, in percent, of three machines.
fn slower(seen: &Seen<'_>) -> (f64, String) {
    let parts = task(seen).and_then(|task| Some((best(&task)?, acts(seen.result(0)?)?, task)));
    let Some((best, acts, task)) = parts else { return (f64::INFINITY, String::new()) };
    let excess = |(name, machine)| {
        let (took, must) = (run(&task, &acts, machine).time, run(&task, &best, machine).time);
        (100.0 * (took / must - 1.0), format!("a machine on which copying is {name}"))
    };
    let worst = ["cheap", "even with computing", "dear"].into_iter().zip(MACHINES).map(excess);
    worst.fold((f64::NEG_INFINITY, String::new()), |worst, e| if e.0 > worst.0 { e } else { worst })
}

/// Fills `{loads}` and `{least}`.
pub fn load_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let Some((task, ran)) = ran(seen) else { return Vec::new() };
    let Some(best) = best(&task) else { return Vec::new() };
    vec![("loads", ran.loads.to_string()), ("least", run(&task, &best, MACHINES[1]).loads.to_string())]
}
