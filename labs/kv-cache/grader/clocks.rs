//! Times of the experiment `decode`: prefill over prompts, a token over the cached length, and both under the machine's roofs.

use super::decode::Model;
use crate::grading::{Bench, ROUNDS, Reached, Stop, Timings, Whose, plain, scalar};
use crate::submission::{Block, Observation};
use crate::verdict::{Axis, Chart, Finding, Point, Series};
use lab_sdk::Value;
use lab_sdk::lm::Config;

/// Cached lengths, and prompts.
const LENGTHS: [usize; 4] = [16, 128, 512, 768];
const PROMPTS: [usize; 4] = [16, 64, 256, 512];
/// Times that a prompt is run: a pass over 512 tokens takes half a second, and its bar has room.
const PASSES: usize = 3;
/// Tokens of one timed block.
const TOKENS: usize = 8;
/// How far above the machine's roof a result is refused.
const ABOVE: f64 = 1.5;
/// Seconds that one round over all prompts may take; longer prompts of a large model are left out.
const PATIENCE: f64 = 4.0;

/// Seconds, by the length that stands before them.
type Curve = Vec<(usize, Timings)>;

/// The clocks, their bars and their charts.
pub fn measure(bench: &mut Bench<'_>, model: &Model) -> Result<(), Stop> {
    let trip = bench.round_trip()?;
    let prefill = prefill(bench, model)?;
    let longest = prefill.last().map_or(0, |(p, _)| *p);
    let [yours, solution] = decode(bench, model, longest)?;
    if model.name.is_empty() {
        bars(bench, &prefill, &yours, &solution);
    }
    let micro = plain(trip * 1e6, 3);
    bench.remark(format!(
        "{}one thread; a block is {TOKENS} tokens, the median of {ROUNDS} in turn with the solution's, or one prompt, the \
         median of {PASSES}; an empty block takes {micro} microseconds",
        model.name
    ));
    charts(bench, model, &prefill, &yours)
}

/// Seconds of one pass over P tokens and an empty cache.
fn prefill(bench: &mut Bench<'_>, model: &Model) -> Result<Curve, Stop> {
    let mut curve: Curve = Vec::new();
    for p in PROMPTS.into_iter().filter(|p| *p + PASSES <= model.ids.len()) {
        bench.progress("prompts", 0.15 + 0.2 * p as f64 / 512.0);
        let expected = curve.last().map_or(0.0, |(before, t)| t.median() * p as f64 / *before as f64);
        if expected > PATIENCE {
            break;
        }
        let (lm, cache) = model.begin(bench, Whose::Yours)?;
        let mut timings = Timings::default();
        for round in 0..PASSES {
            // Fresh tokens in each round; the one that begins with the text is held to what is right.
            let shift = (round + bench.seed as usize) % PASSES;
            let ids = model.tokens(shift, shift + p);
            let timed = bench.time(Whose::Yours, &Block { calls: vec![call(&lm, ids, &cache)], keep: 1 })?;
            timings.push(timed.took);
            if let (0, Some(Observation::Value(logits))) = (shift, timed.last.first()) {
                model.same("prefill", logits, p - 1)?;
            }
            bench.call("Cache.truncate", &[cache.clone(), Value::Int(0)])?;
        }
        curve.push((p, timings));
    }
    Ok(curve)
}

/// Seconds of one token over the cached length: the learner's and the solution's, block by block in turn.
fn decode(bench: &mut Bench<'_>, model: &Model, longest: usize) -> Result<[Curve; 2], Stop> {
    let sides = [Whose::Yours, Whose::Baseline];
    let mut curves = [Curve::new(), Curve::new()];
    let mut held = Vec::new();
    for side in sides {
        held.push(model.begin(bench, side)?);
    }
    // Beyond the longest prompt that was affordable, nothing is.
    let affordable = |len: &usize| *len + ROUNDS + TOKENS <= model.ids.len() && *len <= 2 * longest;
    for len in LENGTHS.into_iter().filter(affordable) {
        bench.progress("tokens, with a growing cache", 0.35 + 0.25 * len as f64 / 1024.0);
        let mut timings = [Timings::default(), Timings::default()];
        for (side, (lm, cache)) in sides.into_iter().zip(&held) {
            let has = scalar(&bench.ask(side, "Cache.len", std::slice::from_ref(cache))?) as usize;
            let args = [lm.clone(), model.tokens(has, len), cache.clone()];
            bench.ask(side, "forward_cached", &args)?;
        }
        for round in 0..ROUNDS {
            let shift = (round + bench.seed as usize) % ROUNDS;
            for (at, side) in sides.into_iter().enumerate() {
                let (lm, cache) = &held[at];
                let next = len + shift..len + shift + TOKENS;
                let calls = next.map(|i| call(lm, model.tokens(i, i + 1), cache)).collect();
                let timed = bench.time(side, &Block { calls, keep: 1 })?;
                if let (0, Some(Observation::Value(logits))) = (shift, timed.last.first()) {
                    model.same("decode", logits, len + TOKENS - 1)?;
                }
                timings[at].push_each(timed.took, TOKENS);
                bench.ask(side, "Cache.truncate", &[cache.clone(), Value::Int(len as i128)])?;
            }
        }
        for (curve, timings) in curves.iter_mut().zip(timings) {
            curve.push((len, timings));
        }
    }
    Ok(curves)
}

fn call(lm: &Value, ids: Value, cache: &Value) -> (String, Vec<Value>) {
    ("forward_cached".to_owned(), vec![lm.clone(), ids, cache.clone()])
}

fn bars(bench: &mut Bench<'_>, prefill: &Curve, yours: &Curve, solution: &Curve) {
    let baseline = &Timings::widest(solution.iter().map(|(_, timings)| timings));
    let at = |curve: &Curve, len| curve.iter().find(|(l, _)| *l == len).map_or(f64::NAN, |(_, t)| t.median());
    bench.clocked("time to first token, 256 tokens", at(prefill, 256) * 1e3, "ms", baseline);
    bench.clocked("time per token, 512 cached", at(yours, 512) * 1e3, "ms", baseline);
    bench.clocked("tokens a second, 512 cached", 1.0 / at(yours, 512), "tokens/s", baseline);
    bench.clocked("tokens a second, 512 recomputed", 1.0 / at(prefill, 512), "tokens/s", baseline);
    bench.clocked("with the cache, at 512", at(prefill, 512) / at(yours, 512), "times", baseline);
    let ratio = slope(yours) / slope(solution);
    bench.clocked("cost of a cached token, yours over the solution's", ratio, "times", baseline);
}

/// Seconds that one more cached token costs a step: least squares over all lengths.
fn slope(curve: &Curve) -> f64 {
    let points: Vec<(f64, f64)> = curve.iter().map(|(len, t)| (*len as f64, t.median())).collect();
    let n = points.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let cov: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    cov / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// Weights that a step reads; the embedding is the head as well.
fn parameters(cfg: &Config) -> usize {
    let kv = cfg.kv_heads * cfg.head_dim;
    let layer = 2 * cfg.dim * (cfg.heads * cfg.head_dim + kv) + 3 * cfg.dim * cfg.ffn;
    cfg.layers * layer + cfg.dim * cfg.vocab
}

/// FLOPs of a pass over `rows` tokens after `len` cached ones: linear layers, scores and values, two for a multiply-add.
fn flops(cfg: &Config, rows: usize, len: usize) -> f64 {
    let seen = rows * len + rows * (rows + 1) / 2;
    2.0 * (rows * parameters(cfg)) as f64 + 4.0 * (cfg.layers * cfg.heads * cfg.head_dim * seen) as f64
}

/// Bytes of f32 that it reads: weights, and the keys and values.
fn bytes(cfg: &Config, rows: usize, len: usize) -> f64 {
    let cache = 2 * cfg.layers * cfg.kv_heads * cfg.head_dim * (len + rows);
    4.0 * (parameters(cfg) + cache) as f64
}

fn charts(bench: &mut Bench<'_>, model: &Model, prefill: &Curve, yours: &Curve) -> Result<(), Stop> {
    let cfg = &model.cfg;
    let rates = |curve: &Curve| -> Vec<(f64, f64)> {
        curve.iter().map(|(len, t)| (*len as f64, 1.0 / t.median())).collect()
    };
    // The counts fix the shape of a curve; one measured point fixes its height.
    let shaped = |curve: &Curve, cost: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        let Some((first, t)) = curve.first() else { return Vec::new() };
        let unit = t.median() / cost(*first);
        curve.iter().map(|(len, _)| (*len as f64, 1.0 / (unit * cost(*len)))).collect()
    };
    let series = [
        Series::line("with a cache", rates(yours)),
        Series::theory("bytes read, counted", shaped(yours, &|len| bytes(cfg, 1, len))),
        Series::line("without", rates(prefill)),
        Series::theory("FLOPs, counted", shaped(prefill, &|p| flops(cfg, p, 0))),
    ];
    let (x, y) = (Axis::new("context", "tokens").log(), Axis::new("speed", "tokens/s").log());
    bench.chart(Chart::plane(format!("{}tokens a second over the context", model.name), x, y, series));
    let at = |curve: &Curve, wanted: usize| curve.iter().rfind(|(len, _)| *len <= wanted).map(|(len, t)| (*len, t.median()));
    let mut dots = Vec::new();
    for (label, point, cost) in [
        ("prefill", at(prefill, 256), at(prefill, 256).map(|(p, _)| (flops(cfg, p, 0), bytes(cfg, p, 0)))),
        ("decode", at(yours, 512), at(yours, 512).map(|(len, _)| (flops(cfg, 1, len), bytes(cfg, 1, len)))),
    ] {
        let (Some((len, seconds)), Some((flops, bytes))) = (point, cost) else { continue };
        // However near its weights are, it cannot multiply faster than the machine does.
        let reached = Reached { what: label.to_owned(), rate: flops / seconds, intensity: f64::INFINITY, bytes: 0 };
        let roofs = bench.roofs_over(std::slice::from_ref(&reached), ABOVE)?;
        if reached.over(&roofs) > ABOVE {
            return Err(Stop::Differs(Finding {
                check: format!("{label} stays under the machine's roof"),
                at: format!("{len} tokens"),
                got: format!("{} FLOP/s", plain(reached.rate, 3)),
                wanted: String::new(),
                allowed: format!("{} FLOP/s, the roof of this machine: something was not computed", plain(roofs.flops, 3)),
            }));
        }
        dots.push(Point::from((flops / bytes, reached.rate)).named(format!("{label}, {len}")));
    }
    let (roofs, weights) = (bench.roofs()?, 4 * parameters(cfg) as u64);
    let roof = |bandwidth: f64| roofs.line(bandwidth, 0.125, 512.0);
    let series = [
        Series::dots("yours", dots),
        Series::theory("roof, weights in cache", roof(roofs.near(weights))),
        Series::theory("roof, weights in memory", roof(roofs.memory())),
    ];
    let (x, y) = (Axis::new("intensity", "FLOP/B").log(), Axis::new("speed", "FLOP/s").log());
    bench.chart(Chart::plane(format!("{}roofline of one thread", model.name), x, y, series));
    Ok(())
}
