//! The step `checkpoint`: plans held to their formula and to the best one, runs held to gradients, peaks and forwards.

use super::super::solution::{least_budget, segments};
use super::chains::{drawn, run};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen};
use lab_sdk::{Result, Value};

/// Gradients add up over layers, rows and micro-batches.
pub const GRADIENTS: Rule = Rule::Floor(16.0);

/// The checks of `plan` and `run_ckpt`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let plans = plans(draw);
    let scored = |value, unit| Rule::scored(value, 0.0, unit).near(1e-9);
    let mut checks = vec![
        Check::by("a plan rises from layer 0", scored(misplaced, "entries out of place"), plans.clone()),
        Check::by("the peak is within the budget", scored(over_budget, "bytes over it"), plans.clone()),
        Check::by("no more layers run twice than must", scored(layers_more, "beyond the fewest"), plans),
        Check::refuses("`plan` refuses a budget that is too small, and lists that do not fit", unplannable(draw)),
    ];
    let (mut one, mut two, mut peaks, mut forwards, mut after) = (vec![], vec![], vec![], vec![], vec![]);
    for case in 0..5 {
        let layers = draw.size(9..=11);
        let dropout = if case == 4 { 0.0 } else { draw.uniform(0.2, 0.5) };
        let net = drawn(draw, layers, dropout)?;
        let keep = keep(draw, net.layers());
        let rows = draw.size(3..=5);
        let scale = *draw.choose(&[0.25, 3.0, 128.0]);
        let once = run(net.feed(net.begin(), draw, rows)?, &keep, scale);
        peaks.push(once.clone().tell("Chain.peak", 0));
        forwards.push(once.clone().tell("Chain.forwards", 0));
        after.push(once.clone().tell("Chain.held", 0));
        two.push(run(net.feed(once.clone(), draw, rows)?, &keep, scale).tell("Chain.grads", 0));
        one.push(once.tell("Chain.grads", 0));
    }
    one.push(whole(draw)?);
    checks.extend([
        Check::by("gradients are those of a run that saves everything", GRADIENTS, one),
        Check::by("a second step draws masks of its own", GRADIENTS, two),
        Check::by("the peak of a run is the plan's", scored(more, "bytes more"), peaks),
        Check::by("only layers before the last segment run twice", scored(more, "forwards more"), forwards),
        Check::by("nothing stays held", scored(more, "bytes more"), after),
        Check::refuses("`run_ckpt` refuses what is no plan", no_plans(draw)?),
    ]);
    Ok(checks)
}

/// A plan of four segments; the first is the longest, so that everything which is held too long shows.
fn keep(draw: &mut Draw, layers: usize) -> Vec<usize> {
    let (last, short) = (draw.size(1..=2), draw.size(1..=2));
    let ends = layers - last;
    vec![0, ends - 1 - short, ends - short, ends]
}

/// One layer, one segment.
fn whole(draw: &mut Draw) -> Result<Script> {
    let net = drawn(draw, 1, 0.0)?;
    Ok(run(net.feed(net.begin(), draw, 3)?, &[0], 1.0).tell("Chain.grads", 0))
}

fn case(input: &[usize], saved: &[usize], budget: usize) -> Script {
    Script::call("plan", args![input.to_vec(), saved.to_vec(), budget]).keep(&[2])
}

/// Layers of one kind with one large one now and then, as an embedding or a first block is.
fn sizes(draw: &mut Draw, layers: usize) -> (Vec<usize>, Vec<usize>) {
    let input = (0..layers).map(|_| 8 * draw.size(2..=12)).collect();
    let saved = (0..layers).map(|_| 8 * if draw.one_in(4) { draw.size(30..=60) } else { draw.size(4..=30) }).collect();
    (input, saved)
}

fn plans(draw: &mut Draw) -> Vec<Script> {
    let mut cases = vec![case(&[64], &[256], 320), case(&[1; 16], &[1; 16], 8), case(&[1; 64], &[1; 64], 16)];
    for (layers, part) in [(3, 0.3), (5, 0.0), (8, 0.2), (10, 0.4), (12, 0.1), (12, 0.7), (12, 1.0), (48, 0.15), (48, 0.4)] {
        let (input, saved) = sizes(draw, layers);
        let all = input[0] + saved.iter().sum::<usize>();
        let least = least_budget(&input, &saved);
        cases.push(case(&input, &saved, least + (part * (all - least) as f64) as usize));
    }
    cases
}

fn unplannable(draw: &mut Draw) -> Vec<Script> {
    let (input, saved) = sizes(draw, 9);
    let (one, largest) = (least_budget(&input, &saved), saved.iter().max().copied().unwrap_or_default());
    vec![
        case(&input, &saved, one - 1),
        case(&input, &saved, largest / 2),
        case(&input, &saved, 0),
        case(&input[..8], &saved, 1 << 20),
        case(&[], &[], 1 << 20),
    ]
}

fn no_plans(draw: &mut Draw) -> Result<Vec<Script>> {
    let net = drawn(draw, 6, 0.3)?;
    let bad: [&[usize]; 5] = [&[], &[1, 3], &[0, 3, 3], &[0, 4, 2], &[0, 6]];
    bad.into_iter().map(|keep| Ok(run(net.feed(net.begin(), draw, 3)?, keep, 1.0))).collect()
}

/// The lists and the budget of a case.
fn asked(seen: &Seen<'_>) -> Option<(Vec<usize>, Vec<usize>, usize)> {
    match (seen.argument(0, 0)?, seen.argument(0, 1)?, seen.argument(0, 2)?) {
        (Value::Usizes(input), Value::Usizes(saved), Value::Int(budget)) => {
            Some((input.clone(), saved.clone(), usize::try_from(*budget).ok()?))
        }
        _ => None,
    }
}

/// The plan that was answered, if it is one.
fn answered(seen: &Seen<'_>, layers: usize) -> Option<Vec<usize>> {
    let Some(Value::Usizes(keep)) = seen.result(0) else { return None };
    let fine = keep.first() == Some(&0) && keep.windows(2).all(|pair| pair[0] < pair[1]);
    (fine && keep.iter().all(|&i| i < layers)).then(|| keep.clone())
}

fn misplaced(seen: &Seen<'_>) -> (f64, String) {
    let (Some((input, ..)), Some(Value::Usizes(keep))) = (asked(seen), seen.result(0)) else {
        return (f64::INFINITY, "no list of layers".to_owned());
    };
    let falls = keep.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    let beyond = keep.iter().filter(|&&i| i >= input.len()).count();
    let wrong = falls + beyond + usize::from(keep.first() != Some(&0));
    (wrong as f64, if wrong > 0 { format!("keep = {keep:?}") } else { String::new() })
}

fn over_budget(seen: &Seen<'_>) -> (f64, String) {
    let Some((input, saved, budget)) = asked(seen) else { return (f64::INFINITY, String::new()) };
    let Some(keep) = answered(seen, input.len()) else { return (f64::INFINITY, "no plan".to_owned()) };
    let (peak, at) = peak(&input, &saved, &keep);
    let words = format!("segment {at} of {}: peak {peak}, budget {budget}", keep.len());
    (peak.saturating_sub(budget) as f64, if peak > budget { words } else { String::new() })
}

fn layers_more(seen: &Seen<'_>) -> (f64, String) {
    let Some((input, saved, budget)) = asked(seen) else { return (f64::INFINITY, String::new()) };
    let Some(keep) = answered(seen, input.len()) else { return (f64::INFINITY, "no plan".to_owned()) };
    let last = |keep: &[usize]| keep.last().copied().unwrap_or_default();
    let Some(best) = segments(&input, &saved, budget) else { return (f64::INFINITY, String::new()) };
    let (twice, must) = (last(&keep), last(&best));
    let words = format!("{twice} of {} layers run twice, {must} must", input.len());
    (twice as f64 - must as f64, if twice > must { words } else { String::new() })
}

/// The peak of a plan, and the segment (from 1) at which it is reached.
pub fn peak(input: &[usize], saved: &[usize], keep: &[usize]) -> (usize, usize) {
    let mut kept = 0;
    let mut worst = (0, 0);
    for (at, &start) in keep.iter().enumerate() {
        kept += input[start];
        let end = keep.get(at + 1).copied().unwrap_or(input.len());
        let held = kept + saved[start..end].iter().sum::<usize>();
        if held > worst.0 {
            worst = (held, at + 1);
        }
    }
    worst
}

/// By how much the number that the last call tells is above the solution's.
pub fn more(seen: &Seen<'_>) -> (f64, String) {
    match (seen.result(seen.last()), seen.right(seen.last())) {
        (Some(Value::Int(got)), Some(Value::Int(wanted))) => {
            let words = format!("{got} where {wanted} do");
            ((got - wanted) as f64, if got > wanted { words } else { String::new() })
        }
        _ => (f64::INFINITY, String::new()),
    }
}
