//! What a bounded cache costs: bits per byte of a story, streamed with the learner's code, beside longer memories.

use super::decode::{Model, last_row};
use crate::args;
use crate::grading::{Bench, Stop, Whose};
use crate::verdict::{Chart, Clock};
use lab_sdk::Value;
use lab_sdk::stories::Text;

/// Tokens that stay, and those that pass through.
const SINKS: usize = 4;
const WINDOW: usize = 64;
/// Every so many bytes the window is recomputed: it costs a whole pass.
const EVERY: usize = 3;
/// Bytes of the text that are streamed.
const STREAMED: usize = 240;

/// Streams the text with 4 sinks and a window of 64, and holds it to what the solution loses by it. What that is beside
/// recomputing the window, or having no sinks, depends on how the model was trained, and is shown.
pub fn measure(bench: &mut Bench<'_>, model: &Model, text: &Text) -> Result<(), Stop> {
    let ids = &model.ids[..STREAMED.min(model.ids.len())];
    let scored: Vec<usize> = (2 * WINDOW..ids.len() - 1).step_by(EVERY).collect();
    let mean = |bits: &[f64]| bits.iter().sum::<f64>() / bits.len().max(1) as f64;

    let stream = |bench: &mut Bench<'_>, whose: Whose, sinks: usize, window: usize, from: f64| {
        let mut found = Vec::new();
        let (lm, cache) = model.begin(bench, whose)?;
        for at in 0..ids.len() - 1 {
            if at % 64 == 0 {
                bench.progress("a stream, byte by byte", from + 0.1 * at as f64 / ids.len() as f64);
            }
            let id = Value::Int(i128::from(ids[at]));
            let args = args![lm.clone(), id, cache.clone(), sinks, window];
            let logits = bench.ask(whose, "forward_streaming", &args)?;
            if scored.contains(&at) {
                found.push(bits(&last_row(&logits, model.cfg.vocab)?, ids[at + 1]));
            }
        }
        Ok::<Vec<f64>, Stop>(found)
    };
    let streamed = stream(bench, Whose::Yours, SINKS, WINDOW, 0.6)?;
    let theirs = stream(bench, Whose::Baseline, SINKS, WINDOW, 0.7)?;
    let unsunk = stream(bench, Whose::Baseline, 0, SINKS + WINDOW, 0.8)?;
    let mut recomputed = Vec::new();
    let (lm, cache) = model.begin(bench, Whose::Baseline)?;
    for (done, &at) in scored.iter().enumerate() {
        bench.progress("the same window, recomputed", 0.9 + 0.1 * done as f64 / scored.len() as f64);
        let window = model.tokens(at + 1 - (SINKS + WINDOW), at + 1);
        let logits = bench.ask(Whose::Baseline, "forward_cached", &[lm.clone(), window, cache.clone()])?;
        recomputed.push(bits(&last_row(&logits, model.cfg.vocab)?, ids[at + 1]));
        bench.ask(Whose::Baseline, "Cache.truncate", &[cache.clone(), Value::Int(0)])?;
    }
    let whole: Vec<f64> = scored
        .iter()
        .map(|&at| {
            let row = &model.logits[at * model.cfg.vocab..(at + 1) * model.cfg.vocab];
            bits(&row.iter().map(|&v| f64::from(v)).collect::<Vec<_>>(), ids[at + 1])
        })
        .collect();
    let truth: Vec<f64> = scored.iter().map(|&at| f64::from(text.bits[at + 1])).collect();

    let perplexity = |all: &[f64]| mean(all).exp2();
    bench.measured("perplexity, streaming", perplexity(&streamed), "a byte", Clock::Count);
    bench.measured("perplexity, window recomputed", perplexity(&recomputed), "a byte", Clock::Count);
    bench.measured("perplexity, without sinks", perplexity(&unsunk), "a byte", Clock::Count);
    let ratio = perplexity(&streamed) / perplexity(&theirs);
    bench.measured("perplexity, your stream over the solution's", ratio, "times", Clock::Count);
    let rows = [
        ("true entropy", &truth),
        ("all of the text", &whole),
        ("68 bytes, recomputed", &recomputed),
        ("4 sinks + 64, yours", &streamed),
        ("68 without sinks", &unsunk),
    ];
    let title = format!("bits a byte, on {} bytes of a story", scored.len());
    bench.chart(Chart::bars(title, "bit", rows.map(|(name, all)| (name, mean(all)))));
    Ok(())
}

/// Bits that `next` costs under these logits.
fn bits(logits: &[f64], next: u32) -> f64 {
    let peak = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|v| (v - peak).exp()).sum();
    (peak + sum.ln() - logits[next as usize]) / std::f64::consts::LN_2
}
