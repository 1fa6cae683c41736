//! The step `divergence`: an order is a permutation, keeps kinds apart, and a branchy kernel runs on it without idle
//! lanes.

use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen};
use lab_sdk::simt::{Cfg, F, G, Report, Warp, launch};
use lab_sdk::{Result, Value};

/// Instructions of each side of the branch.
const SIDE: u32 = 24;

/// The checks of `divergence`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut kinds = |n: usize, one_in: u32| draw.many(n, |draw| u8::from(draw.one_in(one_in)));
    let small = [vec![], vec![1], vec![0; 40], vec![1; 64], kinds(33, 2), kinds(100, 3), kinds(256, 2)];
    let large = [kinds(4096, 2), kinds(2048, 4), (0..4096).map(|i| (i % 2) as u8).collect()];
    let cases = |all: &[Vec<u8>]| all.iter().map(|kind| Script::call("plan", args![kind.clone()])).collect::<Vec<_>>();
    let every = [cases(&small), cases(&large)].concat();
    Ok(vec![
        Check::by("each element has one thread", Rule::at_most(misplaced, 0.0, "elements"), every.clone()),
        Check::by("warps that hold both kinds", Rule::at_most(mixed, 1.0, "warps"), every),
        Check::by("idle lanes inside the branch", Rule::at_most(idle, 5.0, "%"), cases(&large)),
    ])
}

/// The kinds that were given, and the order that came back.
fn order_of<'a>(seen: &'a Seen<'_>) -> Option<(&'a [u8], &'a [u32])> {
    match (seen.argument(0, 0)?, seen.result(0)?) {
        (Value::Bytes(kind), Value::U32s(order)) => Some((kind, order)),
        _ => None,
    }
}

/// How often each element stands in the order.
fn times(kind: &[u8], order: &[u32]) -> Vec<usize> {
    let mut times = vec![0; kind.len()];
    for &i in order {
        if let Some(times) = times.get_mut(i as usize) {
            *times += 1;
        }
    }
    times
}

/// Elements that have no thread or several, and threads without an element.
fn misplaced(seen: &Seen<'_>) -> (f64, String) {
    let Some((kind, order)) = order_of(seen) else { return (f64::NAN, String::new()) };
    let times = times(kind, order);
    let beyond = order.iter().filter(|i| **i as usize >= kind.len()).count();
    let first = times.iter().position(|times| *times != 1);
    let at = first.map_or(String::new(), |i| format!("element {i} has {} threads", times[i]));
    ((times.iter().filter(|times| **times != 1).count() + beyond) as f64, at)
}

/// `{index}`: the first element without a thread.
pub fn missing_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let first = order_of(seen).and_then(|(kind, order)| times(kind, order).iter().position(|times| *times == 0));
    first.map(|i| ("index", i.to_string())).into_iter().collect()
}

/// Warps with both kinds.
fn mixed(seen: &Seen<'_>) -> (f64, String) {
    let Some((kind, order)) = order_of(seen) else { return (f64::NAN, String::new()) };
    let of = |i: &u32| kind.get(*i as usize);
    let mixed = |warp: &&[u32]| warp.iter().any(|i| of(i) != warp.first().and_then(of));
    let first = order.chunks(32).position(|warp| mixed(&warp));
    (order.chunks(32).filter(mixed).count() as f64, first.map_or(String::new(), |w| format!("warp {w} is the first")))
}

/// Lanes that are off in the branch of `branchy`, in percent: what two runs differ by whose sides differ in length.
fn idle(seen: &Seen<'_>) -> (f64, String) {
    let Some((kind, order)) = order_of(seen).filter(|_| misplaced(seen).0 == 0.0) else {
        return (f64::NAN, "not each element has one thread".to_owned());
    };
    let run = |side: u32| -> Result<Report> {
        let n = kind.len();
        let kinds: Vec<u32> = kind.iter().map(|&k| k.into()).collect();
        let (order, kind) = (G::new("order", order), G::new("kind", kinds));
        let (x, y) = (G::new("x", vec![1.0; n]), G::poisoned("y", n));
        launch(Cfg::new([(n as u32).div_ceil(128), 1, 1], [128, 1, 1]), |w| {
            branchy(w, order.clone(), kind.clone(), x.clone(), y.clone(), side)
        })
    };
    let (Ok(long), Ok(short)) = (run(SIDE), run(0)) else { return (f64::NAN, String::new()) };
    let slots = 32 * (long.counters.warp_inst - short.counters.warp_inst);
    let used = long.counters.thread_inst - short.counters.thread_inst;
    (100.0 - 100.0 * used as f64 / slots as f64, format!("{} branches part their lanes", long.counters.div_branches))
}

/// y[i] = f(x[i]) or g(x[i]) by the kind of i = order[t]; each side is `side` instructions.
async fn branchy(w: Warp, order: G<u32>, kind: G<u32>, x: G<f32>, y: G<f32>, side: u32) {
    let t = w.tid() + w.bid[0] * w.bdim[0];
    w.if_(t.lt(order.len() as u32), || {
        let i = w.ld(&order, t);
        let v = w.ld(&x, i);
        let work = |by: f32| w.st(&y, i, (0..side).fold(v, |v: F, _| v * by));
        w.if_else(w.ld(&kind, i).eq(1), || work(1.25), || work(0.75));
    });
}
