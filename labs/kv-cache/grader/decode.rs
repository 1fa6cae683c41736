//! The experiment `decode`: the learner's passes in the shipped model, counted and timed, beside the solution's.

use super::{clocks, quality};
use crate::grading::{Bench, Stop, Whose, numbers, plain};
use crate::reference::lm::forward;
use crate::reference::own_model::exported;
use crate::verdict::{Clock, Finding};
use lab_sdk::lm::{Config, Lm};
use lab_sdk::stories::{Split, Text, stories};
use lab_sdk::{DType, IntoValue, Tensor, Value};
use std::path::Path;

/// Prompt and new tokens of the counted run.
const PROMPT: usize = 64;
const NEW: usize = 128;
/// Bytes of story that are run in all, and how many of them in f64 too: rounding is alike along the text.
const TEXT: usize = 800;
const WIDE: usize = 256;
/// Times the solution's own rounding that a result may be off.
const FLOOR: f64 = 16.0;

/// A model on both sides, and what it has to say about one text.
pub struct Model {
    /// In the names of what is measured; empty for the shipped model.
    pub name: &'static str,
    /// The sizes.
    pub cfg: Config,
    /// How the SDK makes it.
    make: (&'static str, String),
    /// The text, as token ids.
    pub ids: Vec<u32>,
    /// Row i: logits after token i, by the reference in f32.
    pub logits: Vec<f32>,
    /// The most that a right logit may be off.
    pub allowed: f64,
}

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    bench.progress("loading the model", 0.0);
    let file = bench.model().map(Path::to_owned);
    let text = stories(bench.seed, Split::HeldOut, TEXT);
    let shipped =
        Model::new("", ("Lm.shipped", "lm".to_owned()), |precision| Lm::shipped("lm", precision), text.ids())?;
    count(bench, &shipped)?;
    clocks::measure(bench, &shipped)?;
    quality::measure(bench, &shipped, &text)?;
    if let Some(file) = file {
        bench.progress("loading your model", 0.9);
        own(bench, &Lm::load(&file, DType::F32)?, &text)?;
    }
    Ok(())
}

/// Why a model of the learner's own cannot be run.
pub fn look(file: &Path) -> Result<(), String> {
    // The learner knows the file, and what stands below the first line is where in our program it was noticed.
    let why = |e: lab_sdk::Error| {
        let (all, path) = (e.to_string(), format!("{}: ", file.display()));
        let first = all.lines().next().unwrap_or_default();
        first.strip_prefix(&path).unwrap_or(first).to_owned()
    };
    let lm = Lm::load(file, DType::F32).map_err(why)?;
    match lm.cfg().ctx {
        ctx if ctx <= PROMPT => return Err(format!("a context of {ctx} tokens; the prompt alone has {PROMPT}")),
        _ => {}
    }
    let logits = forward(&lm, &[0]).and_then(|logits| numbers(&logits)).map_err(why)?;
    match logits.iter().all(|v| v.is_finite()) {
        true => Ok(()),
        false => Err("its logits are NaN or infinite".to_owned()),
    }
}

/// The same counts and clocks for it, without bars.
fn own(bench: &mut Bench<'_>, lm: &Lm, text: &Text) -> Result<(), Stop> {
    let (vocab, ctx) = (lm.cfg().vocab as u32, lm.cfg().ctx);
    let ids: Vec<u32> = text.ids().iter().map(|&byte| byte % vocab).take(ctx).collect();
    // Python reads safetensors only, so both languages get the same file.
    let copy = exported(lm)?;
    let make = ("Lm.load", copy.path().display().to_string());
    let model = Model::new("your model: ", make, |precision| Lm::load(copy.path(), precision), ids)?;
    count(bench, &model)?;
    clocks::measure(bench, &model)
}

impl Model {
    fn new(
        name: &'static str,
        make: (&'static str, String),
        load: impl Fn(DType) -> lab_sdk::Result<Lm>,
        ids: Vec<u32>,
    ) -> Result<Self, Stop> {
        let lm = load(DType::F32)?;
        let narrow = numbers(&forward(&lm, &ids)?)?;
        let wide = numbers(&forward(&load(DType::F64)?, &ids[..ids.len().min(WIDE)])?)?;
        let peak = wide.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let floor = narrow.iter().zip(&wide).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
        let allowed = FLOOR * floor + peak * 2.0_f64.powi(-22);
        let logits = narrow.into_iter().map(|v| v as f32).collect();
        Ok(Self { name, cfg: lm.cfg().clone(), make, ids, logits, allowed })
    }

    /// The model and an empty cache on one side.
    pub fn begin(&self, bench: &mut Bench<'_>, whose: Whose) -> Result<(Value, Value), Stop> {
        let lm = bench.ask(whose, self.make.0, &[self.make.1.clone().into_value(), "f32".to_owned().into_value()])?;
        let cache = bench.ask(whose, "Cache.new", std::slice::from_ref(&lm))?;
        Ok((lm, cache))
    }

    /// Tokens `from..to` of the text, as an argument.
    pub fn tokens(&self, from: usize, to: usize) -> Value {
        Value::U32s(self.ids[from..to].to_vec())
    }

    /// Holds the last row of `logits` to what the solution says after token `at`.
    pub fn same(&self, what: &str, logits: &Value, at: usize) -> Result<(), Stop> {
        let vocab = self.cfg.vocab;
        let wanted = &self.logits[at * vocab..(at + 1) * vocab];
        let got = last_row(logits, vocab)?;
        let off = got.iter().zip(wanted).map(|(g, w)| (g - f64::from(*w)).abs()).fold(0.0, f64::max);
        match off <= self.allowed {
            true => Ok(()),
            false => Err(Stop::Differs(Finding {
                check: format!("{what}: the right logits"),
                at: format!("token {at}"),
                got: format!("{} off", plain(off, 3)),
                allowed: format!("{}, {FLOOR} times the rounding floor", plain(self.allowed, 2)),
                ..Finding::default()
            })),
        }
    }
}

/// The last `vocab` numbers of logits (T, vocab).
pub fn last_row(logits: &Value, vocab: usize) -> Result<Vec<f64>, Stop> {
    let tensor: &Tensor = match logits {
        Value::Tensor(t) if t.elem_count() >= vocab && t.dims().last() == Some(&vocab) => t,
        other => {
            let wanted = format!("f32 tensor of shape [T, {vocab}]");
            return Err(Stop::differs("logits of a pass", other.kind(), wanted));
        }
    };
    let all = numbers(tensor)?;
    Ok(all[all.len() - vocab..].to_vec())
}

/// The likeliest token after the last row.
fn likeliest(logits: &Value, vocab: usize) -> Result<u32, Stop> {
    let row = last_row(logits, vocab)?;
    let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    Ok(best.map_or(0, |(token, _)| token as u32))
}

/// A prompt and its continuation: rows through the linear layers, bytes of the cache, and the same text as the solution's.
fn count(bench: &mut Bench<'_>, model: &Model) -> Result<(), Stop> {
    let vocab = model.cfg.vocab;
    let new = NEW.min(model.cfg.ctx.saturating_sub(PROMPT));
    let mut said: Vec<Vec<u32>> = Vec::new();
    for yours in [true, false] {
        bench.progress("a prompt and 128 new tokens", 0.05);
        let (lm, cache) = match yours {
            true => model.begin(bench, Whose::Yours)?,
            false => model.begin(bench, Whose::Baseline)?,
        };
        let whose = if yours { Whose::Yours } else { Whose::Baseline };
        let mut tokens = Vec::new();
        let mut logits = bench.ask(whose, "forward_cached", &[lm.clone(), model.tokens(0, PROMPT), cache.clone()])?;
        for at in 0..new {
            let next = likeliest(&logits, vocab)?;
            tokens.push(next);
            if at + 1 < new {
                logits = bench.ask(whose, "forward_cached", &[lm.clone(), Value::U32s(vec![next]), cache.clone()])?;
            }
        }
        said.push(tokens);
        if yours {
            let rows = bench.number("Lm.rows", &[lm])?;
            let bytes = bench.number("Cache.bytes", std::slice::from_ref(&cache))?;
            let len = bench.number("Cache.len", &[cache])?;
            let name = |what: &str| format!("{}{what}", model.name);
            bench.measured(&name("rows through the linear layers"), rows, "rows", Clock::Count);
            bench.measured(&name("rows without a cache"), (new * PROMPT + new * (new - 1) / 2) as f64, "rows", Clock::Count);
            bench.measured(&name("cache, a token"), bytes / len.max(1.0), "B", Clock::Count);
        }
    }
    if let Some(at) = said[0].iter().zip(&said[1]).position(|(a, b)| a != b) {
        let check = format!("{}the likeliest continuation", model.name);
        let differs = Stop::differs(check, said[0][at].to_string(), said[1][at].to_string());
        return Err(differs.at(format!("new token {at}")));
    }
    bench.held();
    if vocab == 256 && model.name.is_empty() {
        let text: Vec<u8> = said[0].iter().map(|&id| id as u8).collect();
        let text = String::from_utf8_lossy(&text).replace('\n', " ");
        let text: String = text.chars().take(72).collect();
        bench.remark(format!("your pass goes on with \"{text}\", as the solution's does"));
    }
    Ok(())
}
