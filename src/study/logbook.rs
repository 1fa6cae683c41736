//! The log by day and lab: tracked time and corrections put together. The time zone comes in.

use super::plan::monday_of;
use crate::progress::{Correction, Tracked};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;

/// Seconds by day and lab; nothing that is zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logbook {
    /// Day and lab, in order.
    pub entries: BTreeMap<(Date, String), f64>,
}

impl Logbook {
    /// Puts rows together. `tracked` is in order of time. A drop hides what was recorded before it, and only that: time
    /// tracked or added later counts.
    pub fn new(tracked: &[Tracked], corrections: &[Correction], zone: &TimeZone) -> Self {
        let mut drops: BTreeMap<(Date, &str), i64> = BTreeMap::new();
        let day = |correction: &Correction| correction.day.parse::<Date>().ok();
        for drop in corrections.iter().filter(|c| c.dropped) {
            if let Some(day) = day(drop) {
                let last = drops.entry((day, drop.lab.as_str())).or_insert(drop.at);
                *last = drop.at.max(*last);
            }
        }
        let hidden = |day: Date, lab: &str, at: i64| {
            let until = |lab: &str| drops.get(&(day, lab)).is_some_and(|last| at <= *last);
            !drops.is_empty() && (until("") || until(lab))
        };
        let mut entries: BTreeMap<(Date, String), f64> = BTreeMap::new();
        let mut add = |day: Date, lab: &str, at: i64, seconds: f64| {
            if !hidden(day, lab, at) && seconds > 0.0 {
                *entries.entry((day, lab.to_owned())).or_default() += seconds;
            }
        };
        let mut days = Days { zone, known: None };
        for row in tracked {
            if let Some(day) = days.of(row.at) {
                add(day, &row.lab, row.at, row.seconds);
            }
        }
        for correction in corrections.iter().filter(|c| !c.dropped) {
            if let Some(day) = day(correction) {
                add(day, &correction.lab, correction.at, correction.minutes * 60.0);
            }
        }
        Self { entries }
    }

    /// Days from `first` on only.
    pub fn since(mut self, first: Date) -> Self {
        self.entries.retain(|(day, _), _| *day >= first);
        self
    }

    /// Seconds in all.
    pub fn total(&self) -> f64 {
        self.entries.values().sum()
    }

    /// Each day with its labs and seconds.
    pub fn days(&self) -> BTreeMap<Date, (Vec<&str>, f64)> {
        let mut days: BTreeMap<Date, (Vec<&str>, f64)> = BTreeMap::new();
        for ((day, lab), seconds) in &self.entries {
            let (labs, sum) = days.entry(*day).or_default();
            labs.push(lab);
            *sum += seconds;
        }
        days
    }

    /// Seconds by lab.
    pub fn labs(&self) -> BTreeMap<&str, f64> {
        let mut labs = BTreeMap::new();
        self.entries.iter().for_each(|((_, lab), seconds)| *labs.entry(lab.as_str()).or_default() += seconds);
        labs
    }

    /// Seconds by week, under its Monday.
    pub fn weeks(&self) -> BTreeMap<Date, f64> {
        let mut weeks = BTreeMap::new();
        self.entries.iter().for_each(|((day, _), seconds)| *weeks.entry(monday_of(*day)).or_default() += seconds);
        weeks
    }
}

/// Local days of moments. Rows come in order, so that the bounds of one day serve many of them.
struct Days<'a> {
    zone: &'a TimeZone,
    known: Option<(i64, i64, Date)>,
}

impl Days<'_> {
    fn of(&mut self, at: i64) -> Option<Date> {
        if let Some((from, to, day)) = self.known
            && (from..to).contains(&at)
        {
            return Some(day);
        }
        let moment = Timestamp::from_millisecond(at).ok()?.to_zoned(self.zone.clone());
        let from = moment.start_of_day().ok()?;
        let to = from.checked_add(1.day()).ok()?;
        let day = moment.date();
        self.known = Some((from.timestamp().as_millisecond(), to.timestamp().as_millisecond(), day));
        Some(day)
    }
}

#[cfg(test)]
mod tests {
    use super::Logbook;
    use crate::progress::{Correction, Tracked};
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    /// Milliseconds of an hour of June 2026, UTC.
    fn at(day: i8, hour: i8, minute: i8) -> i64 {
        let moment = date(2026, 6, day).at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).expect("a moment");
        moment.timestamp().as_millisecond()
    }

    fn tracked(at: i64, lab: &str, minutes: f64) -> Tracked {
        Tracked { at, lab: lab.to_owned(), seconds: minutes * 60.0 }
    }

    fn correction(at: i64, day: &str, lab: &str, minutes: f64, dropped: bool) -> Correction {
        Correction { at, day: day.to_owned(), lab: lab.to_owned(), minutes, dropped }
    }

    #[test]
    fn days_are_local() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let rows = [tracked(at(1, 21, 59), "a", 5.0), tracked(at(1, 22, 1), "a", 7.0), tracked(at(2, 21, 0), "a", 1.0)];
        let book = Logbook::new(&rows, &[], &zone);
        assert_eq!(book.entries[&(date(2026, 6, 1), "a".to_owned())], 300.0);
        assert_eq!(book.entries[&(date(2026, 6, 2), "a".to_owned())], 480.0);
    }

    #[test]
    fn a_day_that_clocks_change_is_one_day() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        // 2026-10-25 has 25 hours in central Europe: its last ends at 23:00 UTC.
        let hour = |h: i8| date(2026, 10, 25).at(h, 30, 0, 0).to_zoned(TimeZone::UTC).expect("a moment");
        let rows = [0, 22, 23].map(|h| tracked(hour(h).timestamp().as_millisecond(), "a", 1.0));
        let book = Logbook::new(&rows, &[], &zone);
        assert_eq!(book.days()[&date(2026, 10, 25)].1, 120.0);
        assert_eq!(book.days()[&date(2026, 10, 26)].1, 60.0);
    }

    #[test]
    fn corrections_add_and_drop_and_what_comes_later_counts() {
        let rows = [
            tracked(at(1, 10, 0), "a", 30.0),
            tracked(at(1, 11, 0), "b", 20.0),
            tracked(at(1, 20, 0), "a", 5.0),
            tracked(at(2, 9, 0), "b", 10.0),
        ];
        let (first, second) = ("2026-06-01", "2026-06-02");
        let one = [correction(at(1, 12, 0), first, "a", 0.0, true)];
        let book = Logbook::new(&rows, &one, &TimeZone::UTC);
        assert_eq!(book.labs()["a"], 300.0, "the later 5 minutes of that day stay");
        assert_eq!(book.labs()["b"], 1800.0);
        let all = [
            correction(at(3, 0, 0), first, "a", 45.0, false),
            correction(at(3, 0, 1), first, "", 0.0, true),
            correction(at(3, 0, 2), first, "c", 15.0, false),
            correction(at(3, 0, 3), second, "b", 0.0, true),
        ];
        let book = Logbook::new(&rows, &all, &TimeZone::UTC);
        assert_eq!(book.entries.into_iter().collect::<Vec<_>>(), [((date(2026, 6, 1), "c".to_owned()), 900.0)]);
    }

    #[test]
    fn weeks_begin_on_monday() {
        let rows = [tracked(at(7, 12, 0), "a", 1.0), tracked(at(8, 12, 0), "a", 2.0)];
        let weeks = Logbook::new(&rows, &[], &TimeZone::UTC).weeks();
        assert_eq!(weeks.into_iter().collect::<Vec<_>>(), [(date(2026, 6, 1), 60.0), (date(2026, 6, 8), 120.0)]);
    }
}
