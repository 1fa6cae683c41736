//! The step `forward-streaming`: exact while the text fits, bounded and shifted afterwards.

use super::cached::LOGITS;
use super::models::{Drawn, Size, drawn, stream};
use crate::grading::{Check, Draw, Script, Seen, value_text};
use lab_sdk::Result;

/// The checks of `forward-streaming`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut fitting = Vec::new();
    for _ in 0..4 {
        let (model, sinks, window) = (drawn(draw, Size::Any)?, draw.size(1..=3), draw.size(3..=6));
        fitting.push(text(draw, &model, sinks, window, sinks + window));
    }
    let mut full = Vec::new();
    for _ in 0..8 {
        let (model, sinks, window) = (drawn(draw, Size::Grouped)?, draw.size(1..=3), draw.size(4..=6));
        let n = sinks + window + draw.size(3..=7);
        full.push(text(draw, &model, sinks, window, n));
    }
    let without = drawn(draw, Size::Grouped)?;
    let narrow = drawn(draw, Size::Grouped)?;
    let long = drawn(draw, Size::Grouped)?;
    Ok(vec![
        Check::by("while the text fits, nothing is forgotten", LOGITS, fitting),
        Check::by("logits after tokens have left", LOGITS, full),
        Check::by("a window without sinks", LOGITS, vec![text(draw, &without, 0, 5, 11)]),
        Check::by("a window of one token", LOGITS, vec![text(draw, &narrow, 2, 1, 6)]),
        Check::by("a text longer than the context", LOGITS, vec![text(draw, &long, 2, 4, long.cfg.ctx + 4)]),
        Check::by("what the cache holds", LOGITS, vec![held(draw)?, held(draw)?]),
        Check::refuses("`forward_streaming` refuses an unknown token, and a window that does not fit", refusals(draw)?),
    ])
}

/// `n` tokens, one by one.
fn text(draw: &mut Draw, model: &Drawn, sinks: usize, window: usize, n: usize) -> Script {
    let ids = model.tokens(draw, n);
    ids.iter().fold(model.begin(), |script, &id| stream(script, id, sinks, window))
}

/// The shape of the keys after each token, from the last that fits.
fn held(draw: &mut Draw) -> Result<Script> {
    let (model, sinks, window) = (drawn(draw, Size::Grouped)?, draw.size(1..=2), draw.size(4..=5));
    let mut script = text(draw, &model, sinks, window, sinks + window);
    for id in model.tokens(draw, 3) {
        script = stream(script, id, sinks, window).tell("Cache.shape", 1);
    }
    Ok(script)
}

fn refusals(draw: &mut Draw) -> Result<Vec<Script>> {
    let model = drawn(draw, Size::Grouped)?;
    let (vocab, ctx) = (model.cfg.vocab as u32, model.cfg.ctx);
    Ok(vec![
        stream(model.begin(), 1, 4, 0),
        stream(model.begin(), vocab, 1, 4),
        stream(model.begin(), 1, 4, ctx),
        stream(model.begin(), 1, ctx, 1),
    ])
}

/// Tokens that such a cache holds too few: as many as there are sinks.
pub fn window_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    // The sinks are the fourth argument of every streamed token; the first two calls make the objects.
    seen.argument(2, 3).map(|sinks| ("fewer", value_text(sinks))).into_iter().collect()
}
