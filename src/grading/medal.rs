//! Medals: what a kernel of the learner's is worth beside known ones that were timed in the same run. They decide nothing.

use super::measure::Bench;
use super::units::plain;

/// What was reached, from below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Medal {
    /// Above what a library does in floats.
    Bronze,
    /// Above what a library does for this very format.
    Silver,
    /// Near what the machine allows.
    Gold,
}

impl Medal {
    /// All, from below.
    pub const ALL: [Medal; 3] = [Medal::Bronze, Medal::Silver, Medal::Gold];

    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Medal::Bronze => "bronze",
            Medal::Silver => "silver",
            Medal::Gold => "gold",
        }
    }
}

/// What a medal takes: a rate, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Rung<'a> {
    /// `candle's product in f32`.
    pub whose: &'a str,
    /// In the unit of the rate that is held against it.
    pub rate: f64,
}

impl Bench<'_> {
    /// The medal for `rate` beside what bronze, silver and gold take, all of one run, and a line that says so and what the next
    /// one takes. A medal needs those below it too.
    pub fn medal(&mut self, rate: f64, unit: &str, rungs: [Rung<'_>; 3]) -> Option<Medal> {
        let (medal, line) = award(rate, unit, rungs);
        self.remark(line);
        medal
    }
}

fn award(rate: f64, unit: &str, rungs: [Rung<'_>; 3]) -> (Option<Medal>, String) {
    let ladder: Vec<(Medal, Rung<'_>)> = Medal::ALL.into_iter().zip(rungs).collect();
    let reached = ladder.iter().take_while(|(_, rung)| rate >= rung.rate).count();
    let number = |rate: f64| format!("{} {unit}", plain(rate, 3));
    let next = ladder.get(reached).map_or(String::new(), |(medal, rung)| {
        format!("; {} takes {}, {}", medal.word(), number(rung.rate), rung.whose)
    });
    match ladder[..reached].last() {
        None => (None, format!("no medal at {}{next}", number(rate))),
        Some((medal, rung)) => {
            let over = format!("above {} ({})", rung.whose, number(rung.rate));
            (Some(*medal), format!("{} medal: {}, {over}{next}", medal.word(), number(rate)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Medal, Rung, award};

    #[test]
    fn a_medal_says_what_the_next_one_takes() {
        let rungs = |rates: [f64; 3]| {
            let [bronze, silver, gold] = rates;
            let rung = |whose, rate| Rung { whose, rate };
            [rung("f32", bronze), rung("Q8_0", silver), rung("nine tenths of the peak", gold)]
        };
        let award = |rate, rates| award(rate, "GOP/s", rungs(rates));
        let climbing = [80.0, 100.0, 150.0];
        assert_eq!(award(3.25, climbing), (None, "no medal at 3.25 GOP/s; bronze takes 80 GOP/s, f32".to_owned()));
        let bronze = "bronze medal: 80 GOP/s, above f32 (80 GOP/s); silver takes 100 GOP/s, Q8_0".to_owned();
        assert_eq!(award(80.0, climbing), (Some(Medal::Bronze), bronze));
        let gold = "gold medal: 151 GOP/s, above nine tenths of the peak (150 GOP/s)".to_owned();
        assert_eq!(award(151.0, climbing), (Some(Medal::Gold), gold));
        // Where the floats are the faster ones, silver takes more than they do.
        assert_eq!(award(70.0, [80.0, 60.0, 150.0]).0, None);
        assert_eq!(award(90.0, [80.0, 60.0, 150.0]).0, Some(Medal::Silver));
    }
}
