//! When an item comes back: FSRS with its published parameters, aiming at nine answers in ten being right.

use crate::error::{Doing, Result};
use fsrs::{FSRS, MemoryState};

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// The part of answers that should be right when an item comes back.
const RETENTION: f32 = 0.9;

/// The longest wait, in days: a year in which an item is never met is too long for a plan of half a year.
const LONGEST: u32 = 365;

/// How an answer went. It follows from the answer; nobody grades themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rating {
    /// Wrong.
    Again = 1,
    /// Right, after a hint.
    Hard = 2,
    /// Right, first time.
    Good = 3,
}

impl Rating {
    /// The rating of an answer.
    pub fn of(right: bool, hinted: bool) -> Self {
        match (right, hinted) {
            (false, _) => Rating::Again,
            (true, true) => Rating::Hard,
            (true, false) => Rating::Good,
        }
    }

    /// The rating with this number in the store; 0 is none.
    pub fn numbered(number: i64) -> Option<Self> {
        [Rating::Again, Rating::Hard, Rating::Good].into_iter().find(|rating| *rating as i64 == number)
    }

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Rating::Again => "again",
            Rating::Hard => "hard",
            Rating::Good => "good",
        }
    }
}

/// How well an item is remembered: FSRS's two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    /// Days until nine of ten would still know it.
    pub stability: f32,
    /// 1 to 10.
    pub difficulty: f32,
}

/// The strength after an answer, `days` after the one before, and how many days the item then rests: 1 to 365.
pub fn next(before: Option<Strength>, rating: Rating, days: u32) -> Result<(Strength, u32)> {
    let fsrs = FSRS::new(&[]).doing(|| "starting the review schedule".to_owned())?;
    let known = before.map(|s| MemoryState { stability: s.stability, difficulty: s.difficulty });
    let states = fsrs.next_states(known, RETENTION, days).doing(|| "scheduling a review".to_owned())?;
    let state = match rating {
        Rating::Again => states.again,
        Rating::Hard => states.hard,
        Rating::Good => states.good,
    };
    let strength = Strength { stability: state.memory.stability, difficulty: state.memory.difficulty };
    Ok((strength, (state.interval.round() as u32).clamp(1, LONGEST)))
}

/// Whole days between two times in milliseconds, to the nearest: yesterday evening is a day before this morning.
pub fn days_between(earlier: i64, later: i64) -> u32 {
    u32::try_from((later - earlier).max(0).saturating_add(DAY / 2) / DAY).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{DAY, LONGEST, Rating, Strength, days_between, next};
    use proptest::prelude::*;

    fn step(before: Option<Strength>, rating: Rating, days: u32) -> (Strength, u32) {
        next(before, rating, days).expect("a schedule")
    }

    #[test]
    fn right_answers_wait_longer_each_time() {
        let (mut strength, mut days) = step(None, Rating::Good, 0);
        assert_eq!(days, 2);
        for _ in 0..4 {
            let (stronger, longer) = step(Some(strength), Rating::Good, days);
            assert!(longer > days, "{longer} after {days}");
            (strength, days) = (stronger, longer);
        }
    }

    #[test]
    fn the_first_answer_counts() {
        assert_eq!(step(None, Rating::Again, 0).1, 1);
        assert_eq!(step(None, Rating::Hard, 0).1, 1);
    }

    #[test]
    fn an_evening_is_a_day_before_the_morning() {
        assert_eq!(days_between(0, DAY / 2), 1);
        assert_eq!(days_between(0, DAY / 3), 0);
        assert_eq!(days_between(DAY, 0), 0);
    }

    proptest! {
        #[test]
        fn a_wrong_answer_never_lengthens_an_interval(answers in prop::collection::vec((1i64..=3, 0u32..400), 1..30)) {
            let (mut strength, mut wait) = step(None, Rating::Good, 0);
            for (number, days) in answers {
                let (wrong, after_wrong) = step(Some(strength), Rating::Again, days);
                prop_assert!(after_wrong <= wait, "{} after {} days, {}", after_wrong, days, wait);
                prop_assert!(wrong.stability <= strength.stability);
                let rating = Rating::numbered(number).expect("a rating");
                (strength, wait) = step(Some(strength), rating, days);
                prop_assert!((1..=LONGEST).contains(&wait));
                prop_assert!(after_wrong <= wait);
            }
        }
    }
}
