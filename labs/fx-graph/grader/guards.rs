//! The build step `guards`: hits, compilations and their guards, call by call.

use crate::args;
use crate::grading::{Check, Draw, Script};
use lab_sdk::{Result, Value};

/// torch.compile's own limit.
const LIMIT: usize = 8;

/// The calls of the brief.
pub const WORKED: [[usize; 2]; 9] = [[8, 16], [8, 16], [9, 16], [10, 16], [1, 16], [1, 16], [7, 16], [7, 7], [6, 5]];

/// The checks of `simulate`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let worked: Vec<Vec<usize>> = WORKED.iter().map(|sizes| sizes.to_vec()).collect();
    let mut checks = vec![
        Check::exact("equal sizes hit", vec![auto(&[&[4, 3], &[4, 3], &[4, 3]], LIMIT)]),
        Check::exact("a size that changed becomes a symbol", repeated(draw, changed)),
        Check::exact("only what changed becomes a symbol", repeated(draw, half_changed)),
        Check::exact("0 and 1 are constants", repeated(draw, small)),
        Check::exact("another number of dimensions", repeated(draw, ranks)),
        Check::exact("what changed has a symbol of its own, equal sizes or not", repeated(draw, equal)),
        Check::exact("the cache is full", repeated(draw, full)),
        Check::exact("the calls of the brief", vec![case(worked, None, LIMIT)]),
        Check::exact("dynamic = False: a graph for each size", repeated(draw, never)),
        Check::exact("dynamic = True: equal sizes share a symbol at first", repeated(draw, always)),
        Check::exact("dynamic = True: compilations are compared, hits are not", repeated(draw, hit_between)),
    ];
    let drawn = (0..12).map(|at| {
        let dynamic = [None, Some(true), Some(false), None][at % 4];
        sequence(draw, dynamic)
    });
    checks.push(Check::exact("drawn calls", drawn.collect()));
    Ok(checks)
}

fn case(calls: Vec<Vec<usize>>, dynamic: Option<bool>, limit: usize) -> Script {
    let calls = Value::List(calls.into_iter().map(Value::Usizes).collect());
    Script::call("simulate", args![calls, dynamic, limit]).keep(&[1, 2])
}

fn auto(calls: &[&[usize]], limit: usize) -> Script {
    case(calls.iter().map(|sizes| sizes.to_vec()).collect(), None, limit)
}

fn repeated(draw: &mut Draw, build: fn(&mut Draw) -> Script) -> Vec<Script> {
    draw.many(3, build)
}

fn changed(draw: &mut Draw) -> Script {
    let n = draw.size(3..=20);
    auto(&[&[n], &[n + 1], &[n + 2], &[n], &[n + 5]], LIMIT)
}

fn half_changed(draw: &mut Draw) -> Script {
    let (n, c) = (draw.size(3..=9), draw.size(20..=40));
    auto(&[&[n, c], &[n + 1, c], &[n + 2, c], &[n + 2, c + 1], &[n + 7, c + 3], &[n, c]], LIMIT)
}

fn small(draw: &mut Draw) -> Script {
    let (n, c, few) = (draw.size(3..=9), draw.size(20..=40), draw.size(0..=1));
    auto(&[&[n, c], &[n + 1, c], &[few, c], &[few, c], &[1 - few, c], &[n + 4, c], &[n + 4, 1], &[n, 1]], LIMIT)
}

fn ranks(draw: &mut Draw) -> Script {
    let (n, c) = (draw.size(3..=9), draw.size(20..=40));
    auto(&[&[n], &[n, c], &[n + 1, c + 1], &[n], &[n + 1], &[n, c, c], &[n, c]], LIMIT)
}

fn equal(draw: &mut Draw) -> Script {
    let n = draw.size(4..=9);
    auto(&[&[n, n + 1], &[n + 2, n + 2], &[n + 3, n + 3], &[n + 4, n], &[n, n + 1]], LIMIT)
}

/// Each rank is a new graph; those that are in the cache still hit when it is full.
fn full(draw: &mut Draw) -> Script {
    let (n, limit) = (draw.size(3..=5), draw.size(2..=4));
    let mut calls: Vec<Vec<usize>> = (1..=limit + 1).map(|rank| vec![n; rank]).collect();
    calls.extend([vec![n], vec![n; limit + 2], vec![n; limit], vec![1; limit]]);
    case(calls, None, limit)
}

fn never(draw: &mut Draw) -> Script {
    let n = draw.size(3..=9);
    let calls = vec![vec![n, 4], vec![n + 1, 4], vec![n + 2, 4], vec![n, 4], vec![n + 3, 4]];
    case(calls, Some(false), draw.size(3..=8))
}

fn always(draw: &mut Draw) -> Script {
    let n = draw.size(3..=9);
    let calls = vec![vec![n, n, 1], vec![n + 1, n + 1, 1], vec![n, n + 1, 1], vec![n + 5, n + 2, 1], vec![n, n, n]];
    case(calls, Some(true), LIMIT)
}

/// Between two compilations with equal sizes, others hit.
fn hit_between(draw: &mut Draw) -> Script {
    let (n, c) = (draw.size(3..=9), draw.size(20..=40));
    let calls = vec![vec![n, n, c], vec![n + 1, n + 1, c], vec![n, n, 1], vec![n + 2, n + 2, 1], vec![n, n + 1, 1]];
    case(calls, Some(true), LIMIT)
}

/// Calls of one or two numbers of dimensions over few sizes.
pub fn sequence(draw: &mut Draw, dynamic: Option<bool>) -> Script {
    let ranks = *draw.choose(&[[2, 2], [2, 2], [1, 1], [3, 3], [1, 2], [2, 3]]);
    let few: [&[usize]; 4] = [&[0, 1, 2, 3, 4], &[2, 3, 4, 5], &[1, 5, 6, 7], &[4, 5, 6, 7, 8, 9]];
    let sizes = *draw.choose(&few);
    let calls = (0..draw.size(4..=12)).map(|_| {
        let rank = *draw.choose(&ranks);
        (0..rank).map(|_| *draw.choose(sizes)).collect()
    });
    let calls = calls.collect();
    case(calls, dynamic, *draw.choose(&[8, 8, 4, 3]))
}
