//! The build step `backward`: tapes from one path to 50,000 nodes. Everything is exact: the Jacobians hold 1 and -1.

use super::tapes::Recorded;
use crate::grading::{Check, Draw, Rule, Script, Seen, floats};
use lab_sdk::{Result, TapeNode};

/// Nodes of the long chain. The smallest frames of a recursion take about 100 bytes, and an answer's stack has 2 MiB.
const CHAIN: usize = 50_000;

/// The checks of `backward`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let drawn = (0..10).map(|_| random(draw)).collect::<Result<Vec<_>>>()?;
    let mut counted = vec![twice(draw)?, skip(draw, 1, true)?];
    counted.extend(drawn.iter().take(3).cloned());
    let counted = counted.into_iter().map(|script| script.tell("Vjp.calls", 0)).collect();
    let once = Rule::at_most(most_calls, 1.0, "calls").near(0.1);
    Ok(vec![
        Check::exact("one path", vec![path(draw, 1)?, path(draw, 4)?]),
        Check::exact("a value read twice", vec![twice(draw)?, diamond(draw)?]),
        Check::exact("paths of unequal length", vec![
            skip(draw, 1, true)?,
            skip(draw, 1, false)?,
            skip(draw, 3, true)?,
            skip(draw, 3, false)?,
        ]),
        Check::exact("a residual stream", vec![residual(draw, 1)?, residual(draw, 3)?]),
        Check::exact("what does not feed the loss gets None", vec![unread(draw)?, after(draw)?]),
        Check::exact("what requires no gradient gets None", vec![data(draw)?, detached(draw)?]),
        Check::exact("the loss is not the last node", vec![middle(draw)?]),
        Check::exact("a NaN reaches only what it feeds", vec![nan(draw)?]),
        Check::exact("drawn tapes", drawn),
        Check::exact("x = x + x, forty times", vec![doublings(draw)?]),
        Check::by("each node's vjp is called at most once", once, counted),
        Check::refuses("`backward` refuses what is no tape, and no loss", refusals(draw)?),
        Check::exact("a chain of 50,000 nodes", vec![chain(draw)?]),
    ])
}

fn path(draw: &mut Draw, nodes: usize) -> Result<Script> {
    let mut tape = Recorded::default();
    let mut at = tape.leaf(2);
    for _ in 1..nodes {
        let n = draw.size(1..=2);
        at = tape.node(draw, &[at], n);
    }
    let loss = tape.node(draw, &[at], 1);
    tape.script(loss)
}

/// x + x, then on.
fn twice(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let x = tape.leaf(2);
    let y = tape.sum(draw, &[x, x]);
    let loss = tape.node(draw, &[y], 1);
    tape.script(loss)
}

/// h is read by two nodes, which meet in the loss.
fn diamond(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let x = tape.leaf(2);
    let h = tape.node(draw, &[x], 2);
    let (a, b) = (tape.node(draw, &[h], 1), tape.node(draw, &[h], 2));
    let loss = tape.node(draw, &[a, b], 1);
    tape.script(loss)
}

/// h reaches the loss directly and through `between` nodes.
fn skip(draw: &mut Draw, between: usize, short_first: bool) -> Result<Script> {
    let mut tape = Recorded::default();
    let x = tape.leaf(2);
    let h = tape.node(draw, &[x], 2);
    let long = (0..between).fold(h, |at, _| tape.node(draw, &[at], 2));
    let ins = if short_first { [h, long] } else { [long, h] };
    let loss = tape.node(draw, &ins, 1);
    tape.script(loss)
}

/// h = h + f(h), `blocks` times.
fn residual(draw: &mut Draw, blocks: usize) -> Result<Script> {
    let mut tape = Recorded::default();
    let x = tape.leaf(2);
    let mut h = tape.node(draw, &[x], 2);
    for _ in 0..blocks {
        let f = tape.node(draw, &[h], 2);
        h = tape.sum(draw, &[h, f]);
    }
    let loss = tape.node(draw, &[h], 1);
    tape.script(loss)
}

/// A parameter that nothing reads, and a branch that ends before the loss.
fn unread(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let (x, _) = (tape.leaf(2), tape.leaf(3));
    let h = tape.node(draw, &[x], 2);
    let dead = tape.node(draw, &[h], 2);
    tape.node(draw, &[dead], 1);
    let loss = tape.node(draw, &[h], 1);
    tape.script(loss)
}

/// A parameter that is read after the loss alone.
fn after(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let (x, late) = (tape.leaf(1), tape.leaf(2));
    let loss = tape.node(draw, &[x], 1);
    tape.node(draw, &[late, loss], 1);
    tape.script(loss)
}

/// Data that a gradient would exist for, and indices that have none.
fn data(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let (x, w, labels) = (tape.data(3), tape.leaf(2), tape.indices(2));
    let h = tape.node(draw, &[x, w], 2);
    let loss = tape.node(draw, &[h, labels], 1);
    tape.script(loss)
}

/// h reaches the loss through a detached value and directly.
fn detached(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let x = tape.leaf(2);
    let h = tape.node(draw, &[x], 2);
    let copy = tape.detached(draw, &[h], 2);
    let loss = tape.node(draw, &[copy, h], 1);
    tape.script(loss)
}

/// A second loss is recorded after the first.
fn middle(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let (x, y) = (tape.leaf(2), tape.leaf(2));
    let h = tape.node(draw, &[x, y], 2);
    let loss = tape.node(draw, &[h], 1);
    tape.node(draw, &[h, y], 1);
    tape.script(loss)
}

/// One branch of the loss has a Jacobian of NaN, and so has one that does not feed it.
fn nan(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let (x, y) = (tape.leaf(2), tape.leaf(2));
    let (bad, good) = (tape.nan(draw, &[x], 1), tape.node(draw, &[y], 2));
    tape.nan(draw, &[y], 1);
    let loss = tape.node(draw, &[bad, good], 1);
    tape.script(loss)
}

/// Some leaves, up to nine nodes of one to three inputs, and whatever a tape may hold.
fn random(draw: &mut Draw) -> Result<Script> {
    loop {
        let mut tape = Recorded::default();
        for _ in 0..draw.size(1..=3) {
            let n = draw.size(1..=2);
            tape.leaf(n);
        }
        let n = draw.size(1..=2);
        if draw.one_in(2) { tape.data(n) } else { tape.indices(n) };
        for _ in 0..draw.size(4..=9) {
            let last = tape.nodes().len() - 1;
            let ins: Vec<usize> = (0..draw.size(1..=3)).map(|_| draw.size(last.saturating_sub(4)..=last)).collect();
            let n = draw.size(1..=2);
            if draw.one_in(8) { tape.detached(draw, &ins, n) } else { tape.node(draw, &ins, n) };
        }
        let last = tape.nodes().len() - 1;
        let loss = tape.node(draw, &[last, last - 2, last - 1], 1);
        if draw.one_in(2) {
            tape.node(draw, &[last, loss], 1);
        }
        if tape.wants(loss) {
            return tape.script(loss);
        }
    }
}

fn doublings(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let x = tape.leaf(1);
    let loss = (0..40).fold(x, |at, _| tape.sum(draw, &[at, at]));
    tape.script(loss)
}

fn chain(draw: &mut Draw) -> Result<Script> {
    let mut tape = Recorded::default();
    let x = tape.leaf(1);
    let loss = (0..CHAIN).fold(x, |at, _| tape.node(draw, &[at], 1));
    tape.script(loss)
}

fn refusals(draw: &mut Draw) -> Result<Vec<Script>> {
    let mut tape = Recorded::default();
    let (x, data) = (tape.leaf(2), tape.data(1));
    let h = tape.node(draw, &[x], 2);
    let wide = tape.node(draw, &[h], 2);
    let loss = tape.node(draw, &[wide], 1);
    let idle = tape.node(draw, &[data], 1);
    let other = |node: usize, ins: &[usize]| -> Vec<TapeNode> {
        let mut tape = tape.nodes().to_vec();
        tape[node].ins = ins.to_vec();
        tape
    };
    Ok(vec![
        tape.script(wide)?,
        tape.script(idle)?,
        tape.script(data)?,
        tape.script(tape.nodes().len())?,
        tape.passed(loss, &other(h, &[wide]))?,
        tape.passed(loss, &other(h, &[h]))?,
    ])
}

/// The most calls of one node's product.
fn most_calls(seen: &Seen<'_>) -> (f64, String) {
    let calls = seen.result(2).map_or(vec![f64::NAN], floats);
    let most = calls.iter().copied().enumerate().fold((0, 0.0), |most, next| if next.1 > most.1 { next } else { most });
    (most.1, if most.1 > 1.0 { format!("node {}", most.0) } else { String::new() })
}
