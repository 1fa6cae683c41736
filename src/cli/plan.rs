//! `roadmap plan`: the calendar by phase, the finish at two paces, and what holds it.

use super::context::Context;
use super::{actual, ics};
use crate::error::{Doing, Error, Result};
use crate::study::Study;
use crate::study::plan::{Course, Intent, Plan, day, days};
use crate::term::{Column, Paint, Screen, table};
use jiff::Zoned;
use jiff::civil::Date;
use std::path::{Path, PathBuf};

const EXAMPLE: &str = "roadmap plan --start monday --hours 8";

/// `roadmap plan`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The first day: 2026-06-01, today, or monday
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub start: Option<Date>,
    /// Hours a week
    #[arg(long, value_name = "H", value_parser = parse_hours)]
    pub hours: Option<f64>,
    /// Write a calendar file with the phases and weekly study sessions
    #[arg(long, value_name = "FILE")]
    pub ics: Option<PathBuf>,
}

/// A day on the command line.
pub fn parse_day(text: &str) -> Result<Date, String> {
    day(text, today()).ok_or_else(|| "a day is written 2026-06-01, `today`, `yesterday` or `monday`".to_owned())
}

fn parse_hours(text: &str) -> Result<f64, String> {
    let hours = text.trim().parse().ok().filter(|hours| (0.5..=100.0).contains(hours));
    hours.ok_or_else(|| "hours a week are a number from 0.5 to 100".to_owned())
}

/// The local date.
pub fn today() -> Date {
    Zoned::now().date()
}

/// Makes a plan or shows the one that was made.
pub fn run(context: &mut Context, arguments: &Arguments) -> Result<u8> {
    let kept = kept(context)?;
    let start = arguments.start.or(kept.map(|intent| intent.start));
    let hours = arguments.hours.or(kept.map(|intent| intent.hours));
    let intent = match (start, hours) {
        (Some(start), Some(hours)) => Intent { start, hours },
        (None, None) => return Err(Error::usage("there is no plan yet").hint(EXAMPLE)),
        (Some(_), None) => return Err(Error::usage("a plan needs the hours a week, too").hint(EXAMPLE)),
        (None, Some(_)) => return Err(Error::usage("a plan needs its first day, too").hint(EXAMPLE)),
    };
    let plan = {
        let study = context.study()?;
        Plan::new(intent, study.loads(), study.total_pace(), today())
    };
    if let Some(file) = &arguments.ics {
        write(file, &ics::calendar(&plan, &context.store.learner()?))?;
    }
    if kept != Some(intent) {
        context.store.keep_plan(&intent.start.to_string(), intent.hours)?;
    }
    if context.json {
        context.screen.print(&format!("{}\n", actual::object(context, &context.study()?, &plan)?));
        return Ok(0);
    }
    context.screen.print(&shown(&context.screen, &context.study()?, &plan));
    if let Some(file) = &arguments.ics {
        context.screen.note(&format!("written: {} (open it with your calendar)\n", file.display()));
    }
    Ok(0)
}

fn write(file: &Path, text: &str) -> Result<()> {
    let written = std::fs::write(file, text).doing(|| format!("writing the calendar {}", file.display()));
    written.map_err(|e| e.hint("name a file in a folder that is there and can be written"))
}

fn kept(context: &Context) -> Result<Option<Intent>> {
    let kept = context.store.plan()?;
    Ok(kept.and_then(|(start, hours)| Some(Intent { start: start.parse().ok()?, hours })))
}

/// The plan that was made, as of today.
pub fn current(context: &Context, study: &Study<'_>) -> Result<Plan> {
    let intent = kept(context)?.ok_or_else(|| Error::usage("there is no plan yet").hint(EXAMPLE))?;
    Ok(Plan::new(intent, study.loads(), study.total_pace(), today()))
}

fn shown(screen: &Screen, study: &Study<'_>, plan: &Plan) -> String {
    let title = format!("Your plan: {} hours a week from {}", number(plan.intent.hours), dated(plan.intent.start));
    let mut out = format!("{}\n\n", screen.wrap("", "", &screen.paint(Paint::Bold, title)));
    let rows = plan.periods.iter().map(|period| {
        let load = &period.load;
        vec![
            load.number.to_string(),
            load.title.clone(),
            period.weeks.to_string(),
            format!("{} - {}", dated(period.from), dated(period.to)),
            if load.minutes > 0.0 { hours(load.minutes / 60.0) } else { screen.paint(Paint::Dim, "no lab yet") },
        ]
    });
    let columns = [
        Column::Right(""),
        Column::Left("phase"),
        Column::Right("weeks"),
        Column::Left("dates"),
        Column::Right("labs"),
    ];
    out.push_str(&table(screen, &columns, rows.collect()));
    for period in &plan.periods {
        if let Some(needed) = period.short {
            let words = format!(
                "phase {}: its labs do not fit {} weeks of {}; they would at {} a week",
                period.load.number,
                period.weeks,
                hours(plan.intent.hours),
                hours(needed)
            );
            out.push_str(&format!("{}\n", screen.wrap("  !  ", "     ", &words)));
        }
    }
    out.push('\n');
    out.push_str(&pace(screen, plan));
    let (topics, with_lab) = covered(study);
    if with_lab < topics {
        let words = format!(
            "Weeks follow the ranges of the phases; the hours are those of labs, and {with_lab} of {topics} topics have one."
        );
        out.push_str(&format!("\n{}\n", screen.wrap("", "", &words)));
    }
    out
}

fn covered(study: &Study<'_>) -> (usize, usize) {
    let stage = |number: u32| study.roadmap.stages.iter().find(move |s| s.number == number);
    let topics = study.roadmap.phases.iter().filter_map(|p| stage(p.stage)).flat_map(|s| s.topics());
    topics.fold((0, 0), |(all, with), topic| (all + 1, with + usize::from(!study.labs_of(&topic.id).is_empty())))
}

/// The finish at both paces, and what to do about it.
pub fn pace(screen: &Screen, plan: &Plan) -> String {
    let mut lines = vec![
        ("finish", format!("{} as planned, after {} weeks", dated(plan.finish()), plan.weeks())),
        (
            "  pace",
            match plan.finish_at_pace().zip(plan.pace) {
                Some((finish, pace)) => {
                    format!("{} at yours: {} of the planned time a step", dated(finish), times(pace))
                }
                None => "not known yet: pass a step, and this says when you finish at your own".to_owned(),
            },
        ),
    ];
    let ahead = plan.ahead();
    let stand = match ahead {
        _ if plan.today < plan.intent.start => format!("begins in {} days", days(plan.today, plan.intent.start)),
        ahead if ahead <= -0.1 => format!("{} behind the plan", hours(-ahead)),
        ahead if ahead >= 0.1 => format!("{} ahead of the plan", hours(ahead)),
        _ => "as planned".to_owned(),
    };
    lines.push((" today", stand));
    lines.push(("    do", course(plan)));
    lines.iter().map(|(lead, words)| format!("{}\n", screen.wrap(&format!("{lead}  "), "        ", words))).collect()
}

fn course(plan: &Plan) -> String {
    let left = hours(plan.hours_left());
    match plan.course() {
        Course::Done => "nothing: every lab is done".to_owned(),
        Course::Over(_) => {
            let again = format!("roadmap plan --start today --hours {}", number(plan.intent.hours));
            format!("the finish date has passed with {left} of labs left; a new plan: {again}")
        }
        Course::Hold(needed) if needed <= plan.intent.hours => {
            format!(
                "{} a week hold the finish date ({left} of labs left, {} planned)",
                hours(needed),
                hours(plan.intent.hours)
            )
        }
        Course::Hold(needed) => format!(
            "{} a week from today hold the finish date, {} more than planned ({left} of labs left)",
            hours(needed),
            hours(needed - plan.intent.hours)
        ),
    }
}

/// `2026-06-01`.
pub fn dated(date: Date) -> String {
    date.to_string()
}

/// `1.9 h`.
pub fn hours(hours: f64) -> String {
    format!("{} h", number(hours))
}

/// At most one decimal.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn times(pace: f64) -> String {
    if pace < 10.0 { format!("{pace:.2} times") } else { format!("{pace:.0} times") }
}
