//! The step `forward-cached`: any chunking gives the same logits, and the cache holds what it should.

use super::models::{Size, chunk, drawn, shipped, split};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, value_text};
use lab_sdk::stories::{Split, stories};
use lab_sdk::{Result, Value};

/// Sums of f32 in another order, through all layers: 16 times what the solution itself is off.
pub const LOGITS: Rule = Rule::Floor(16.0);

/// The checks of `forward-cached`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut whole = Vec::new();
    for _ in 0..6 {
        let model = drawn(draw, Size::Any)?;
        let n = draw.size(1..=12);
        whole.push(chunk(model.begin(), &model.tokens(draw, n), 1));
    }
    let mut chunks = Vec::new();
    for _ in 0..12 {
        let model = drawn(draw, Size::Grouped)?;
        // Two chunks of two or more: where a mask and a position both matter.
        let mut lengths = vec![draw.size(2..=4), draw.size(2..=4)];
        let n = draw.size(1..=10);
        lengths.extend(split(draw, n));
        chunks.push(lengths.iter().fold(model.begin(), |script, &n| chunk(script, &model.tokens(draw, n), 1)));
    }
    let mut singles = Vec::new();
    for _ in 0..4 {
        let model = drawn(draw, Size::Grouped)?;
        let n = draw.size(4..=10);
        singles.push((0..n).fold(model.begin(), |script, _| chunk(script, &model.tokens(draw, 1), 1)));
    }
    Ok(vec![
        Check::by("logits of a prompt", LOGITS, whole),
        Check::by("logits, chunk after chunk", LOGITS, chunks),
        Check::by("logits, token by token", LOGITS, singles),
        Check::by("a text that fills the context", LOGITS, filled(draw)?),
        Check::by("two caches in turn", LOGITS, vec![in_turn(draw)?, in_turn(draw)?]),
        Check::by("what the cache holds afterwards", LOGITS, vec![held(draw)?, held(draw)?]),
        Check::by("logits, and rows through the linear layers", LOGITS, vec![rows(draw)?, rows(draw)?]),
        Check::by("a story, by the shipped model", LOGITS, vec![story(draw)]),
        Check::by("a refused call leaves the cache as it was", LOGITS, vec![refused_between(draw)?]),
        Check::refuses("`forward_cached` refuses no tokens, unknown ones, too many, and another model's cache", refusals(draw)?),
    ])
}

/// Two texts by one model, their chunks alternating.
fn in_turn(draw: &mut Draw) -> Result<Script> {
    let model = drawn(draw, Size::Grouped)?;
    let mut script = model.begin().tell("Cache.new", 0);
    for turn in 0..6 {
        let n = draw.size(1..=4);
        script = chunk(script, &model.tokens(draw, n), 1 + turn % 2);
    }
    Ok(script)
}

/// A chunk and a token, each time the cache's length and the shape of its keys.
fn held(draw: &mut Draw) -> Result<Script> {
    let model = drawn(draw, Size::Grouped)?;
    let n = draw.size(2..=6);
    let script = chunk(model.begin(), &model.tokens(draw, n), 1);
    let script = script.tell("Cache.len", 1).tell("Cache.shape", 1);
    let script = chunk(script, &model.tokens(draw, 1), 1);
    Ok(script.tell("Cache.len", 1).tell("Cache.shape", 1))
}

/// Chunks, then the rows that went through the linear layers.
fn rows(draw: &mut Draw) -> Result<Script> {
    let model = drawn(draw, Size::Grouped)?;
    let script = [3, 1, 4].iter().fold(model.begin(), |script, &n| chunk(script, &model.tokens(draw, n), 1));
    Ok(script.tell("Lm.rows", 0))
}

/// The beginning of a story, in chunks.
fn story(draw: &mut Draw) -> Script {
    let text = stories(draw.int(0..=1 << 30) as u64, Split::HeldOut, 40).ids();
    let lengths = split(draw, text.len());
    let mut at = 0;
    lengths.iter().fold(shipped(), |script, &n| {
        at += n;
        chunk(script, &text[at - n..at], 1)
    })
}

/// A chunk that does not fit between two that do.
fn refused_between(draw: &mut Draw) -> Result<Script> {
    let model = drawn(draw, Size::Grouped)?;
    let script = chunk(model.begin(), &model.tokens(draw, 4), 1);
    let script = chunk(script, &model.tokens(draw, model.cfg.ctx - 3), 1);
    let script = chunk(script, &[0, model.cfg.vocab as u32], 1);
    let script = script.tell("Cache.len", 1).tell("Cache.shape", 1);
    Ok(chunk(script, &model.tokens(draw, 3), 1))
}

/// A prompt that takes all of the context, and one whose last token does.
fn filled(draw: &mut Draw) -> Result<Vec<Script>> {
    let model = drawn(draw, Size::Grouped)?;
    let ctx = model.cfg.ctx;
    let whole = chunk(model.begin(), &model.tokens(draw, ctx), 1);
    let nearly = chunk(model.begin(), &model.tokens(draw, ctx - 1), 1);
    Ok(vec![whole, chunk(nearly, &model.tokens(draw, 1), 1)])
}

fn refusals(draw: &mut Draw) -> Result<Vec<Script>> {
    let model = drawn(draw, Size::Grouped)?;
    let vocab = model.cfg.vocab as u32;
    let full = chunk(model.begin(), &model.tokens(draw, model.cfg.ctx), 1);
    // The cache of the shipped model, which has four layers where drawn ones have at most three.
    let other = model
        .begin()
        .then_values("Lm.shipped", args!["lm".to_owned(), "f32".to_owned()])
        .keep(&[0, 1]);
    let other = other.tell("Cache.new", 2);
    Ok(vec![
        chunk(model.begin(), &[], 1),
        chunk(model.begin(), &[vocab], 1),
        chunk(model.begin(), &[1, vocab + 40, 2], 1),
        chunk(model.begin(), &model.tokens(draw, model.cfg.ctx + 1), 1),
        chunk(full, &[0], 1),
        chunk(other, &[0, 1], 3),
    ])
}

/// What stands after the call of `name`, in the answer and in the solution.
fn after<'a>(seen: &Seen<'a>, name: &str) -> Option<(&'a Value, &'a Value)> {
    let at = seen.script.calls.iter().position(|call| call.function == name)?;
    Some((seen.result(at)?, seen.right(at)?))
}

/// Heads in the cache.
pub fn heads_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    match after(seen, "Cache.shape") {
        Some((Value::List(got), Value::List(wanted))) if got.len() == 3 && wanted.len() == 3 => {
            vec![("held", value_text(&got[1])), ("wanted", value_text(&wanted[1]))]
        }
        _ => Vec::new(),
    }
}

/// Rows counted.
pub fn rows_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    match after(seen, "Lm.rows") {
        Some((Value::Int(got), Value::Int(wanted))) => {
            vec![("got", got.to_string()), ("wanted", wanted.to_string())]
        }
        _ => Vec::new(),
    }
}
