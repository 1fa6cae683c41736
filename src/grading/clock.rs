//! Seconds, as an experiment takes them: blocks of calls, several times and in turn, their median and their spread.

use super::measure::{Bench, Stop};
use crate::submission::{Block, Fault, Timed};
use crate::verdict::Clock;
use lab_sdk::Value;
use std::time::Duration;

/// The baseline of a quiet machine spreads less than this; above it, clock bars inform and counts decide.
pub const QUIET: f64 = 0.15;

/// Times each block is run at least.
pub const ROUNDS: usize = 7;

/// Seconds of the same block, run several times.
#[derive(Clone, Debug, Default)]
pub struct Timings(Vec<f64>);

impl Timings {
    /// One more.
    pub fn push(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64());
    }

    /// The one in the middle.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The middle half of them, as a part of the median.
    pub fn spread(&self) -> f64 {
        (self.quantile(0.75) - self.quantile(0.25)) / self.median().max(f64::MIN_POSITIVE)
    }

    fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = part * sorted.len().saturating_sub(1) as f64;
        let (low, high) = (at.floor() as usize, at.ceil() as usize);
        match (sorted.get(low), sorted.get(high)) {
            (Some(a), Some(b)) => a + (b - a) * at.fract(),
            _ => f64::NAN,
        }
    }
}

/// Whose code runs in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The learner's.
    Yours,
    /// The solution's, in the learner's language, in a process beside theirs.
    Baseline,
}

impl Bench<'_> {
    /// Calls a function, or a built-in, of either side.
    pub fn ask(&mut self, whose: Whose, function: &str, args: &[Value]) -> Result<Value, Stop> {
        match whose {
            Whose::Yours => self.call(function, args),
            Whose::Baseline => {
                let seen = self.beside()?.call(function, args);
                match seen {
                    crate::submission::Observation::Value(value) => Ok(value),
                    other => Err(Stop::Ours(format!("the solution's `{function}`: {other:?}"))),
                }
            }
        }
    }

    /// Runs a block of either side once.
    pub fn time(&mut self, whose: Whose, block: &Block) -> Result<Timed, Stop> {
        let ours = |fault: Fault| Stop::Ours(format!("the solution, timed: {fault}"));
        let timed = match whose {
            Whose::Yours => self.answered(|answer| answer.time(block))?,
            Whose::Baseline => self.beside()?.time(block).map_err(ours)?,
        };
        let name = block.calls.last().map_or("", |(name, _)| name.as_str()).to_owned();
        if let Some(last) = timed.last.last().cloned() {
            self.accepted(&name, last)?;
        }
        Ok(timed)
    }

    /// What sending `go` and hearing `done` takes by itself: the error of every other block.
    pub fn round_trip(&mut self) -> Result<f64, Stop> {
        let mut timings = Timings::default();
        for _ in 0..ROUNDS {
            timings.push(self.time(Whose::Yours, &Block::default())?.took);
        }
        Ok(timings.median())
    }

    /// Records a time, a rate or a ratio of times. On a busy machine its bar informs only.
    pub fn clocked(&mut self, name: &str, value: f64, unit: &str, baseline: &Timings) {
        let spread = baseline.spread();
        match spread <= QUIET {
            true => self.measured(name, value, unit, Clock::Clock),
            false => self.informs(name, value, unit, spread),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timings;
    use std::time::Duration;

    #[test]
    fn medians_and_spreads() {
        let mut timings = Timings::default();
        assert!(timings.median().is_nan());
        [4, 1, 2, 3, 100].iter().for_each(|&ms| timings.push(Duration::from_millis(ms)));
        assert_eq!(timings.median(), 0.003);
        assert!((timings.spread() - 2.0 / 3.0).abs() < 1e-12);
    }
}
