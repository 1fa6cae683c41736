//! How far off first guesses are: by phase, and by the unit that was asked for. Later tries have seen the answer.

use crate::progress::Guess;
use std::collections::BTreeMap;

/// Guesses put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// First tries.
    pub tries: usize,
    /// Of these, right.
    pub right: usize,
    /// exp(median |ln(given / wanted)|), where both are positive: 1 is exact, 2 is twice or half. One absurd guess moves no median.
    pub factor: Option<f64>,
    /// Median |given - wanted|, for units that are compared by difference.
    pub difference: Option<f64>,
}

/// How far off the learner's guesses are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// All of them. The factor leaves out units that are compared by difference.
    pub all: Line,
    /// By phase.
    pub phases: BTreeMap<u32, Line>,
    /// By family of units.
    pub units: BTreeMap<String, Line>,
}

#[derive(Default)]
struct Sum {
    tries: usize,
    right: usize,
    logs: Vec<f64>,
    differences: Vec<f64>,
}

/// Puts first guesses together. `phase_of` says to which phase a lab belongs.
pub fn calibrate(guesses: &[Guess], phase_of: impl Fn(&str) -> Option<u32>) -> Calibration {
    let mut all = Sum::default();
    let mut phases: BTreeMap<u32, Sum> = BTreeMap::new();
    let mut units: BTreeMap<String, Sum> = BTreeMap::new();
    for guess in guesses {
        all.add(guess, false);
        units.entry(family(guess)).or_default().add(guess, true);
        if let Some(phase) = phase_of(&guess.lab) {
            phases.entry(phase).or_default().add(guess, false);
        }
    }
    Calibration {
        all: all.line(),
        phases: phases.into_iter().map(|(phase, sum)| (phase, sum.line())).collect(),
        units: units.into_iter().map(|(unit, sum)| (unit, sum.line())).collect(),
    }
}

/// What a guess is compared with others under: `bytes`, `FLOPs`, `latency`, `counts`, `choices`, `percentages`, or the unit itself.
pub fn family(guess: &Guess) -> String {
    let Some(unit) = &guess.unit else { return "choices".to_owned() };
    match unit.as_str() {
        "" => "counts".to_owned(),
        "B" | "KiB" | "MiB" | "GiB" | "bytes" => "bytes".to_owned(),
        "%" => "percentages".to_owned(),
        "s" | "ms" | "us" | "µs" | "ns" => "latency".to_owned(),
        unit if unit.starts_with("FLOP") || unit.starts_with("MAC") => "FLOPs".to_owned(),
        unit => unit.to_owned(),
    }
}

/// The factor that a guess is off by, at least 1; `None` where a factor says nothing.
pub fn factor(guess: &Guess) -> Option<f64> {
    log(guess).map(f64::exp)
}

/// How much a guess is off, for units that are compared by difference.
pub fn difference(guess: &Guess) -> Option<f64> {
    let apart = matches!(guess.unit.as_deref(), Some("dB" | "%"));
    let off = (guess.value? - guess.wanted?).abs();
    (apart && off.is_finite()).then_some(off)
}

fn log(guess: &Guess) -> Option<f64> {
    let unit = guess.unit.as_deref()?;
    let (given, wanted) = (guess.value?, guess.wanted?);
    let off = (given.ln() - wanted.ln()).abs();
    (!matches!(unit, "dB" | "%") && given > 0.0 && wanted > 0.0 && off.is_finite()).then_some(off)
}

impl Sum {
    fn add(&mut self, guess: &Guess, one_unit: bool) {
        self.tries += 1;
        self.right += usize::from(guess.right);
        self.logs.extend(log(guess));
        if one_unit {
            self.differences.extend(difference(guess));
        }
    }

    fn line(self) -> Line {
        Line {
            tries: self.tries,
            right: self.right,
            factor: median(self.logs).map(f64::exp),
            difference: median(self.differences),
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().saturating_sub(1) / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::{calibrate, difference, factor};
    use crate::progress::Guess;

    fn guess(lab: &str, unit: Option<&str>, value: f64, wanted: f64) -> Guess {
        Guess {
            at: 0,
            lab: lab.to_owned(),
            step: "s".to_owned(),
            question: "q".to_owned(),
            unit: unit.map(str::to_owned),
            given: value.to_string(),
            value: Some(value),
            wanted: Some(wanted),
            right: value == wanted,
        }
    }

    #[test]
    fn twice_and_half_are_off_by_the_same_factor() {
        let guesses =
            [guess("a", Some("B"), 8.0, 4.0), guess("a", Some("B"), 2.0, 4.0), guess("b", Some(""), 7.0, 7.0)];
        let found = calibrate(&guesses, |lab| (lab == "a").then_some(4));
        let bytes = &found.units["bytes"];
        assert!((bytes.factor.expect("a factor") - 2.0).abs() < 1e-12);
        assert_eq!((bytes.tries, bytes.right), (2, 0));
        assert_eq!(found.units["counts"].factor, Some(1.0));
        assert_eq!((found.all.tries, found.all.right), (3, 1));
        assert_eq!(found.phases.keys().collect::<Vec<_>>(), [&4]);
        assert_eq!(found.phases[&4].tries, 2);
    }

    #[test]
    fn decibels_and_percents_are_compared_by_difference() {
        let guesses = [guess("a", Some("dB"), 20.0, 24.0), guess("a", Some("dB"), -2.0, 0.0)];
        let found = calibrate(&guesses, |_| None);
        assert_eq!(found.units["dB"].difference, Some(3.0));
        assert_eq!((found.units["dB"].factor, found.all.factor), (None, None));
    }

    #[test]
    fn one_absurd_guess_is_not_the_learner() {
        let guesses = [97.0, 96.0, 1e9].map(|value| guess("a", Some("%"), value, 95.0));
        assert_eq!(calibrate(&guesses, |_| None).units["percentages"].difference, Some(2.0));
    }

    #[test]
    fn what_has_no_factor_counts_only_as_right_or_wrong() {
        for odd in [
            guess("a", None, 1.0, 2.0),
            guess("a", Some(""), 0.0, 2.0),
            guess("a", Some(""), -128.0, -127.0),
            guess("a", Some(""), f64::INFINITY, 1.0),
        ] {
            assert_eq!((factor(&odd), difference(&odd)), (None, None), "{odd:?}");
            assert_eq!(calibrate(&[odd], |_| None).all.tries, 1);
        }
    }
}
