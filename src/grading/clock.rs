//! Seconds, as an experiment takes them: blocks of calls, several times and in turn, their median and their spread.

use super::measure::{Bench, Stop};
use crate::lab::Bar;
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

    /// One more, of a block of `calls` equal calls: the seconds of one of them.
    pub fn push_each(&mut self, took: Duration, calls: usize) {
        self.0.push(took.as_secs_f64() / calls as f64);
    }

    /// Of several, those that spread most: they tell whether the machine is busy.
    pub fn widest<'a>(all: impl IntoIterator<Item = &'a Timings>) -> Timings {
        all.into_iter().max_by(|a, b| a.spread().total_cmp(&b.spread())).cloned().unwrap_or_default()
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

/// How many calls make a block of `seconds`, where one takes `once`: one at least, `most` at most.
pub fn repeats(once: f64, seconds: f64, most: usize) -> usize {
    (seconds / once.max(1e-9)).ceil().clamp(1.0, most as f64) as usize
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

    /// Records a time, a rate or a ratio of times. On a busy machine its bar informs only, unless it is reached by more than the
    /// spread: what is late on a busy machine may not be late, and what is in time is.
    pub fn clocked(&mut self, name: &str, value: f64, unit: &str, baseline: &Timings) {
        let spread = baseline.spread();
        match decides(self.bar(name), value, spread) {
            true => self.measured(name, value, unit, Clock::Clock),
            false => self.informs(name, value, unit, spread),
        }
    }
}

/// Whether a bar decides about a clocked value while the baseline spreads so much.
fn decides(bar: Option<&Bar>, value: f64, spread: f64) -> bool {
    let reached = |bar: &Bar| bar.holds(value * (1.0 + spread)) && bar.holds(value / (1.0 + spread));
    spread <= QUIET || bar.is_some_and(reached)
}

#[cfg(test)]
mod tests {
    use super::{Timings, decides, repeats};
    use crate::lab::Bar;
    use std::time::Duration;

    #[test]
    fn medians_and_spreads() {
        let mut timings = Timings::default();
        assert!(timings.median().is_nan());
        [4, 1, 2, 3, 100].iter().for_each(|&ms| timings.push(Duration::from_millis(ms)));
        assert_eq!(timings.median(), 0.003);
        assert!((timings.spread() - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn blocks_are_long_enough_and_a_busy_machine_is_seen() {
        assert_eq!([repeats(0.01, 0.06, 50), repeats(1.0, 0.06, 50), repeats(0.0, 0.06, 50)], [6, 1, 50]);
        let (mut quiet, mut busy) = (Timings::default(), Timings::default());
        for calls in [1, 2, 4] {
            quiet.push_each(Duration::from_millis(4 * calls), calls as usize);
            busy.push(Duration::from_millis(calls));
        }
        assert_eq!((quiet.median(), quiet.spread()), (0.004, 0.0));
        assert_eq!(Timings::widest([&quiet, &busy]).median(), busy.median());
        assert!(Timings::widest([]).median().is_nan());
    }

    #[test]
    fn on_a_busy_machine_a_bar_decides_only_when_it_is_clearly_reached() {
        let bar = Bar { at_most: Some(1.0), at_least: None, fixed: None };
        assert!([(0.9, 0.1), (1.1, 0.1), (0.5, 0.5)].iter().all(|&(value, spread)| decides(Some(&bar), value, spread)));
        assert!([(0.9, 0.2), (1.3, 0.2), (5.0, 0.2)].iter().all(|&(value, spread)| !decides(
            Some(&bar),
            value,
            spread
        )));
        assert!(!decides(None, 0.5, 0.5));
        assert!(!decides(Some(&bar), 0.5, f64::NAN));
    }
}
