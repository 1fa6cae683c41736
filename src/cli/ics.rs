//! A plan as an iCalendar: one event a phase, and the study sessions of its weeks. The same plan gives the same text.

use crate::study::plan::{Period, Plan, after};
use icalendar::{Calendar, Component, Event, Property};
use jiff::civil::Date;

/// No session is planned to be longer than this, as far as seven days a week allow.
const SESSION_HOURS: f64 = 2.0;

/// The text of a calendar file. `learner` makes its ids unique; they are the same for every version of the plan.
pub fn calendar(plan: &Plan, learner: &str) -> String {
    let mut calendar = Calendar::empty();
    for (key, value) in [("VERSION", "2.0"), ("PRODID", "-//roadmap//plan//EN"), ("CALSCALE", "GREGORIAN")] {
        calendar.append_property(Property::new(key, value));
    }
    calendar.name("roadmap");
    let stamp = format!("{}T000000Z", digits(plan.intent.start));
    let sessions = ((plan.intent.hours / SESSION_HOURS).ceil() as i64).clamp(1, 7);
    for period in plan.periods.iter().filter(|p| p.weeks > 0) {
        calendar.push(phase(period, &stamp, learner));
        for session in 0..sessions {
            calendar.push(study(period, plan.intent.hours, (session, sessions), &stamp, learner));
        }
    }
    calendar.to_string()
}

fn phase(period: &Period, stamp: &str, learner: &str) -> Event {
    let load = &period.load;
    let mut event = Event::with_uid(&format!("phase-{}@{learner}.roadmap", load.number));
    event.add_property("DTSTAMP", stamp).summary(&title(period));
    event.append_property(day("DTSTART", period.from)).append_property(day("DTEND", after(period.to, 1)));
    event.add_property("TRANSP", "TRANSPARENT");
    let labs = match load.minutes {
        minutes if minutes > 0.0 => format!(", {:.1} hours of labs", minutes / 60.0),
        _ => String::new(),
    };
    event
        .description(&format!("{} weeks{labs}. Where you stand: roadmap status --phase {}", period.weeks, load.number));
    event.done()
}

/// One of the sessions of a week, in every week of the phase. Times are local wherever the calendar is read.
fn study(period: &Period, hours: f64, (session, sessions): (i64, i64), stamp: &str, learner: &str) -> Event {
    let minutes = (hours * 60.0 / sessions as f64).round().max(1.0) as i64;
    let first = after(period.from, (session * 7 + 3) / sessions);
    let hour = if minutes <= 180 { "190000" } else { "090000" };
    let mut event = Event::with_uid(&format!("study-{}-{}@{learner}.roadmap", period.load.number, session + 1));
    event.add_property("DTSTAMP", stamp).summary(&format!("Study: {}", title(period)));
    event.add_property("DTSTART", format!("{}T{hour}", digits(first)));
    event.add_property("DURATION", format!("PT{}H{}M", minutes / 60, minutes % 60));
    event.add_property("RRULE", format!("FREQ=WEEKLY;COUNT={}", period.weeks));
    event.description("What to do now: roadmap next");
    event.done()
}

fn title(period: &Period) -> String {
    format!("Phase {}: {}", period.load.number, period.load.title)
}

fn day(key: &str, date: Date) -> Property {
    let mut property = Property::new(key, digits(date));
    property.add_parameter("VALUE", "DATE");
    property.done()
}

fn digits(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::calendar;
    use crate::study::plan::{Intent, Load, Plan};
    use jiff::civil::date;

    #[test]
    fn a_phase_is_a_day_long_event_and_its_weeks_have_sessions() {
        let load = |number: u32, title: &str| Load {
            number,
            title: title.to_owned(),
            weeks: [2, 3],
            minutes: 90.0,
            left: 90.0,
        };
        let loads = vec![load(1, "One, and more; of it"), load(2, "Two")];
        let intent = Intent { start: date(2026, 6, 1), hours: 5.0 };
        let plan = Plan::new(intent, loads, None, date(2026, 6, 1));
        let text = calendar(&plan, "abc");
        assert_eq!(text, calendar(&plan, "abc"));
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"), "{text}");
        let unfolded = text.replace("\r\n ", "");
        for line in [
            "UID:phase-1@abc.roadmap",
            "DTSTART;VALUE=DATE:20260601",
            "DTEND;VALUE=DATE:20260615",
            "DTSTAMP:20260601T000000Z",
            "SUMMARY:Phase 1: One\\, and more\\; of it",
            "UID:study-2-3@abc.roadmap",
            "RRULE:FREQ=WEEKLY;COUNT=2",
            "DURATION:PT1H40M",
            "DTSTART:20260602T190000",
        ] {
            assert!(unfolded.lines().any(|l| l == line), "no {line} in\n{unfolded}");
        }
        let count = |word: &str| unfolded.lines().filter(|l| *l == word).count();
        assert_eq!((count("BEGIN:VEVENT"), count("END:VEVENT")), (8, 8));
        let mut ids: Vec<&str> = unfolded.lines().filter(|l| l.starts_with("UID:")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 8);
    }
}
