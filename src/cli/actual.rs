//! `roadmap status --plan`: planned against actual weeks by phase, on screen and for scripts.

use super::context::Context;
use super::json;
use super::plan::{current, dated, hours, pace};
use crate::error::Result;
use crate::study::Study;
use crate::study::plan::{Course, Period, Plan, days};
use crate::term::{Column, Paint, table};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// When the labs of each phase were first attempted.
fn activity(context: &Context, study: &Study<'_>) -> Result<BTreeMap<u32, Date>> {
    let mut first: BTreeMap<u32, Date> = BTreeMap::new();
    for (lab, at) in context.store.first_attempts()? {
        let stage = study.labs.iter().find(|l| l.slug() == lab).and_then(|lab| study.stage_of(lab));
        let phase = stage.and_then(|stage| study.roadmap.phase_of(stage.number));
        if let Some((phase, day)) = phase.zip(local(at)) {
            first.entry(phase.number).and_modify(|known| *known = day.min(*known)).or_insert(day);
        }
    }
    Ok(first)
}

fn local(at: i64) -> Option<Date> {
    Some(Timestamp::from_millisecond(at).ok()?.to_zoned(TimeZone::system()).date())
}

/// What has come of a phase: since when, until when, in weeks.
struct Actual {
    from: Date,
    weeks: f64,
    done: bool,
}

fn actual(study: &Study<'_>, plan: &Plan, period: &Period, first: &BTreeMap<u32, Date>) -> Option<Actual> {
    let from = *first.get(&period.load.number)?;
    let done = period.load.minutes > 0.0 && period.load.left <= 0.0;
    let stage = study.roadmap.phases.iter().find(|p| p.number == period.load.number)?.stage;
    let passed = study.labs_of_phase(stage).flat_map(|lab| lab.manifest.steps.iter().map(move |s| (lab, s)));
    let last = passed.filter_map(|(lab, step)| study.summary(lab.slug(), &step.id)?.passed_at).max().and_then(local);
    let to = if done { last.unwrap_or(plan.today) } else { plan.today };
    Some(Actual { from, weeks: (days(from, to) + 1).max(1) as f64 / 7.0, done })
}

/// `roadmap status --plan`: planned against actual weeks.
pub fn status(context: &Context) -> Result<String> {
    let (study, screen) = (context.study()?, &context.screen);
    let (plan, first) = (current(context, &study)?, activity(context, &study)?);
    let rows = plan.periods.iter().map(|period| {
        let actual = actual(&study, &plan, period, &first);
        let weeks = actual.as_ref().map_or(String::new(), |a| {
            format!("{:.1}{} (from {})", a.weeks, if a.done { "" } else { " so far" }, dated(a.from))
        });
        let load = &period.load;
        let labs = match load.minutes {
            all if all > 0.0 => format!("{} of {}", hours((all - load.left) / 60.0), hours(all / 60.0)),
            _ => screen.paint(Paint::Dim, "no lab yet"),
        };
        let word = match state(&plan, period, actual.as_ref()) {
            "done" => screen.paint(Paint::Good, "done"),
            "late" => screen.paint(Paint::Bad, "late"),
            word => word.to_owned(),
        };
        let planned = format!("{} (to {})", period.weeks, dated(period.to));
        vec![load.number.to_string(), load.title.clone(), planned, weeks, labs, word]
    });
    let columns = [
        Column::Right(""),
        Column::Left("phase"),
        Column::Left("planned weeks"),
        Column::Left("actual weeks"),
        Column::Left("labs passed"),
        Column::Left(""),
    ];
    Ok(format!("{}\n{}", table(screen, &columns, rows.collect()), pace(screen, &plan)))
}

/// The plan inside `status --plan --json`.
pub fn status_object(context: &Context) -> Result<Value> {
    let study = context.study()?;
    object(context, &study, &current(context, &study)?)
}

fn state(plan: &Plan, period: &Period, actual: Option<&Actual>) -> &'static str {
    match actual {
        Some(actual) if actual.done => "done",
        _ if plan.today > period.to && period.load.left > 0.0 => "late",
        _ if (period.from..=period.to).contains(&plan.today) => "now",
        Some(_) => "started",
        None => "",
    }
}

/// A plan and what has come of it, for scripts.
pub fn object(context: &Context, study: &Study<'_>, plan: &Plan) -> Result<Value> {
    let first = &activity(context, study)?;
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    let phases = plan.periods.iter().map(|period| {
        let actual = actual(study, plan, period, first);
        json!({
            "id": period.load.number, "title": period.load.title, "range": period.load.weeks, "weeks": period.weeks,
            "from": period.from.to_string(), "to": period.to.to_string(), "hours": tenth(period.load.minutes / 60.0),
            "hours_left": tenth(period.load.left / 60.0), "fits": period.short.is_none(),
            "hours_to_fit": period.short.map(tenth),
            "begun": actual.as_ref().map(|a| a.from.to_string()), "actual_weeks": actual.as_ref().map(|a| tenth(a.weeks)),
            "state": state(plan, period, actual.as_ref()),
        })
    });
    let needed = match plan.course() {
        Course::Hold(hours) => Some(tenth(hours)),
        Course::Done | Course::Over(_) => None,
    };
    Ok(json!({
        "schema": json::SCHEMA, "start": plan.intent.start.to_string(), "hours": plan.intent.hours, "weeks": plan.weeks(),
        "finish": plan.finish().to_string(), "pace": plan.pace, "finish_at_pace": plan.finish_at_pace().map(|d| d.to_string()),
        "hours_left": tenth(plan.hours_left()), "hours_needed": needed, "ahead": tenth(plan.ahead()),
        "phases": phases.collect::<Vec<_>>(),
    }))
}
