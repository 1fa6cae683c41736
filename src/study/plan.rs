//! The calendar of the phases: the weeks that their labs fit into, the finish at two paces, and what holds it.
//! The date of today comes in: there is no clock here.

use jiff::Span;
use jiff::civil::{Date, Weekday};

/// A lifetime: more weeks than this are no schedule, whatever a roadmap says.
const MOST_WEEKS: u32 = 5200;

/// What the learner means to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intent {
    /// The first day.
    pub start: Date,
    /// Hours a week.
    pub hours: f64,
}

/// What a phase asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// The phase.
    pub number: u32,
    /// Its title.
    pub title: String,
    /// Least and most weeks.
    pub weeks: [u32; 2],
    /// Minutes of its labs, as planned.
    pub minutes: f64,
    /// Of these, minutes of steps that are not passed.
    pub left: f64,
}

/// A phase in the calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// What it asks for.
    pub load: Load,
    /// Weeks that it gets.
    pub weeks: u32,
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// Hours a week that fit its labs into its most weeks, where the planned hours do not.
    pub short: Option<f64>,
}

/// All phases, one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was meant.
    pub intent: Intent,
    /// The day it is looked at.
    pub today: Date,
    /// Minutes spent for each planned minute, over passed steps.
    pub pace: Option<f64>,
    /// The phases.
    pub periods: Vec<Period>,
}

/// What holds the finish date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Course {
    /// All labs are done.
    Done,
    /// The finish date has passed with these hours left.
    Over(f64),
    /// These hours a week, from today on.
    Hold(f64),
}

impl Plan {
    /// Lays the phases out. A phase gets the fewest weeks that its labs fit into, within its range.
    pub fn new(intent: Intent, loads: Vec<Load>, pace: Option<f64>, today: Date) -> Self {
        let mut from = intent.start;
        let mut periods = Vec::new();
        for load in loads {
            let [least, most] = load.weeks.map(|w| w.min(MOST_WEEKS));
            let hours = load.minutes / 60.0;
            // A part of a minute is no reason for another week.
            let needed = (hours / intent.hours - 1e-9).ceil().clamp(0.0, f64::from(MOST_WEEKS)) as u32;
            let weeks = needed.clamp(least, most.max(least));
            let short = (needed > weeks).then(|| hours / f64::from(weeks.max(1)));
            let next = after(from, i64::from(weeks) * 7);
            let to = if weeks == 0 { from } else { after(next, -1) };
            periods.push(Period { load, weeks, from, to, short });
            from = next;
        }
        Self { intent, today, pace, periods }
    }

    /// The last day at the planned pace.
    pub fn finish(&self) -> Date {
        self.periods.last().map_or(self.intent.start, |p| p.to)
    }

    /// Weeks in all.
    pub fn weeks(&self) -> u32 {
        self.periods.iter().map(|p| p.weeks).sum()
    }

    /// The last day if what is left takes as long as what was passed did; `None` until a step has been passed.
    /// A phase never takes less than its least weeks; one without labs takes its planned ones.
    pub fn finish_at_pace(&self) -> Option<Date> {
        let pace = self.pace?;
        let first = self.today.max(self.intent.start);
        let weeks: f64 = self.periods.iter().map(|period| self.weeks_left(period, pace, first)).sum();
        let days = (weeks * 7.0 - 1e-9).ceil().clamp(0.0, f64::from(MOST_WEEKS) * 7.0) as i64;
        Some(after(first, (days - 1).max(0)))
    }

    fn weeks_left(&self, period: &Period, pace: f64, first: Date) -> f64 {
        let load = &period.load;
        if load.minutes <= 0.0 {
            return days(first.max(period.from), period.to).saturating_add(1).max(0) as f64 / 7.0;
        }
        let least = f64::from(load.weeks[0].min(MOST_WEEKS)) * load.left / load.minutes;
        least.max(load.left * pace / 60.0 / self.intent.hours)
    }

    /// Hours of labs that are left, at the learner's own pace where it is known.
    pub fn hours_left(&self) -> f64 {
        self.periods.iter().map(|p| p.load.left).sum::<f64>() * self.pace.unwrap_or(1.0) / 60.0
    }

    /// What to do to hold the finish date.
    pub fn course(&self) -> Course {
        let left = self.hours_left();
        if left <= 0.0 && self.periods.iter().any(|p| p.load.minutes > 0.0) {
            return Course::Done;
        }
        match days(self.today.max(self.intent.start), self.finish()) + 1 {
            days if days > 0 => Course::Hold(left / (days as f64 / 7.0).max(1.0 / 7.0)),
            _ => Course::Over(left),
        }
    }

    /// Planned hours of labs that are passed, less those that are due by today: negative is behind.
    pub fn ahead(&self) -> f64 {
        let minutes = |period: &Period| {
            let all = days(period.from, period.to) + 1;
            let gone = days(period.from, self.today).clamp(0, all);
            let due = period.load.minutes * gone as f64 / all.max(1) as f64;
            period.load.minutes - period.load.left - due
        };
        self.periods.iter().map(minutes).sum::<f64>() / 60.0
    }
}

/// A day as it is typed: `2026-06-01`, `today`, `yesterday`, `monday` (today, if it is one).
pub fn day(text: &str, today: Date) -> Option<Date> {
    match text.trim().to_lowercase().as_str() {
        "today" => Some(today),
        "yesterday" => Some(after(today, -1)),
        "monday" => Some(after(today, i64::from((7 - today.weekday().to_monday_zero_offset()) % 7))),
        text => text.parse().ok(),
    }
}

/// The Monday of a day's week.
pub fn monday_of(date: Date) -> Date {
    after(date, -i64::from(date.weekday().since(Weekday::Monday)))
}

/// `date` and so many days.
pub fn after(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().try_days(days).unwrap_or_default())
}

/// Days from `a` to `b`.
pub fn days(a: Date, b: Date) -> i64 {
    a.duration_until(b).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use super::{Course, Intent, Load, Plan, day, monday_of};
    use jiff::civil::{Date, date};

    fn load(number: u32, weeks: [u32; 2], hours: f64, left: f64) -> Load {
        Load { number, title: format!("phase {number}"), weeks, minutes: hours * 60.0, left: left * 60.0 }
    }

    fn plan(loads: Vec<Load>, pace: Option<f64>, today: Date) -> Plan {
        Plan::new(Intent { start: date(2026, 6, 1), hours: 8.0 }, loads, pace, today)
    }

    #[test]
    fn a_phase_gets_the_fewest_weeks_that_fit_within_its_range() {
        let loads = vec![
            load(1, [2, 4], 3.0, 3.0),
            load(2, [2, 4], 24.0, 24.0),
            load(3, [1, 3], 40.0, 40.0),
            load(4, [1, 2], 0.0, 0.0),
        ];
        let plan = plan(loads, None, date(2026, 6, 1));
        let weeks: Vec<u32> = plan.periods.iter().map(|p| p.weeks).collect();
        assert_eq!(weeks, [2, 3, 3, 1]);
        assert_eq!((plan.periods[0].from, plan.periods[0].to), (date(2026, 6, 1), date(2026, 6, 14)));
        assert_eq!(plan.periods[1].from, date(2026, 6, 15));
        assert_eq!(plan.finish(), date(2026, 8, 2));
        assert_eq!(plan.periods[1].short, None);
        let short = plan.periods[2].short.expect("40 h do not fit 3 weeks of 8");
        assert!((short - 40.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn the_finish_at_the_learners_pace_is_unknown_until_there_is_one() {
        let loads = || vec![load(1, [1, 4], 16.0, 8.0)];
        assert_eq!(plan(loads(), None, date(2026, 6, 8)).finish_at_pace(), None);
        // 8 h left at twice the planned time are 2 weeks of 8 h, from today.
        assert_eq!(plan(loads(), Some(2.0), date(2026, 6, 8)).finish_at_pace(), Some(date(2026, 6, 21)));
        // Half the time, but half of the phase's least week stays.
        assert_eq!(plan(loads(), Some(0.1), date(2026, 6, 8)).finish_at_pace(), Some(date(2026, 6, 11)));
    }

    #[test]
    fn a_phase_without_labs_takes_its_planned_weeks() {
        let loads = vec![load(1, [2, 2], 0.0, 0.0), load(2, [1, 2], 8.0, 8.0)];
        let plan = plan(loads, Some(1.0), date(2026, 6, 8));
        assert_eq!(plan.finish_at_pace(), Some(date(2026, 6, 21)));
    }

    #[test]
    fn what_holds_the_finish_date() {
        let loads = || vec![load(1, [2, 2], 16.0, 12.0)];
        let half = plan(loads(), None, date(2026, 6, 8));
        assert_eq!(half.course(), Course::Hold(12.0));
        assert!((half.ahead() - (4.0 - 8.0)).abs() < 1e-9, "8 h were due, 4 h are done");
        assert_eq!(plan(loads(), None, date(2026, 6, 15)).course(), Course::Over(12.0));
        assert_eq!(plan(vec![load(1, [2, 2], 16.0, 0.0)], None, date(2026, 6, 8)).course(), Course::Done);
        assert_eq!(
            plan(loads(), None, date(2026, 5, 1)).course(),
            Course::Hold(6.0),
            "before the start all weeks count"
        );
    }

    #[test]
    fn days_as_they_are_typed() {
        let wednesday = date(2026, 6, 3);
        assert_eq!(day("monday", wednesday), Some(date(2026, 6, 8)));
        assert_eq!(day("Monday", date(2026, 6, 8)), Some(date(2026, 6, 8)));
        assert_eq!(day("today", wednesday), Some(wednesday));
        assert_eq!(day("yesterday", wednesday), Some(date(2026, 6, 2)));
        assert_eq!(day("2026-02-30", wednesday), None);
        assert_eq!(monday_of(wednesday), date(2026, 6, 1));
    }

    #[test]
    fn absurd_ranges_do_not_overflow() {
        let plan = plan(vec![load(1, [u32::MAX, u32::MAX], 1e300, 1e300)], Some(1e300), date(2026, 6, 8));
        assert!(plan.finish() > date(2100, 1, 1));
        assert!(plan.finish_at_pace().is_some());
    }
}
