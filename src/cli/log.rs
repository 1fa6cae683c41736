//! `roadmap log`: days, labs, hours, from time that tracked itself; corrections are rows beside it, never deletions.

use super::context::Context;
use super::json::SCHEMA;
use super::plan::{parse_day, today};
use super::status::spent;
use crate::error::{Error, Result};
use crate::labs;
use crate::study::logbook::Logbook;
use crate::study::plan::after;
use crate::term::{Column, Paint, bar_text, table};
use clap::Subcommand;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

/// `roadmap log`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// The last N days
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: u32,
    #[command(subcommand)]
    pub change: Option<Change>,
}

/// A correction.
#[derive(Subcommand)]
pub enum Change {
    /// Add minutes that were not tracked
    Add {
        /// The lab, or the beginning of its name
        lab: String,
        /// Minutes to add
        #[arg(value_parser = parse_minutes)]
        minutes: f64,
        /// The day: 2026-06-01, today, yesterday
        #[arg(long, value_name = "DATE", value_parser = parse_day, default_value = "today")]
        day: Date,
    },
    /// Hide what was recorded for a day, or for one lab on it
    Drop {
        /// The day: 2026-06-01, today, yesterday
        #[arg(value_parser = parse_day)]
        day: Date,
        /// Only this lab
        lab: Option<String>,
    },
}

fn parse_minutes(text: &str) -> Result<f64, String> {
    let minutes = text.trim().parse().ok().filter(|minutes| *minutes > 0.0 && *minutes <= 1440.0);
    minutes.ok_or_else(|| "minutes are a number above 0, and at most the 1440 of a day".to_owned())
}

/// Shows the log or corrects it.
pub fn run(context: &mut Context, arguments: &Arguments) -> Result<u8> {
    match &arguments.change {
        None => show(context, arguments.days),
        Some(Change::Add { lab, minutes, day }) => add(context, lab, *minutes, *day),
        Some(Change::Drop { day, lab }) => drop(context, *day, lab.as_deref()),
    }
}

/// The log from a day on.
fn book(context: &Context, first: Date) -> Result<Logbook> {
    let zone = TimeZone::system();
    let since = first.to_zoned(zone.clone()).map_or(0, |moment| moment.timestamp().as_millisecond());
    let (tracked, corrections) = (context.store.tracked(since)?, context.store.corrections(&first.to_string())?);
    Ok(Logbook::new(&tracked, &corrections, &zone).since(first))
}

fn show(context: &Context, count: u32) -> Result<u8> {
    let (screen, today) = (&context.screen, today());
    let book = book(context, after(today, 1 - i64::from(count)))?;
    let planned = context.store.plan()?.map(|(_, hours)| hours);
    if context.json {
        screen.print(&format!("{}\n", object(&book, count, planned)));
        return Ok(0);
    }
    let range = if count == 1 { "today".to_owned() } else { format!("in the last {count} days") };
    if book.entries.is_empty() {
        screen.print(&format!("no time was logged {range}; it tracks itself: roadmap next\n"));
        return Ok(0);
    }
    let days = book.days();
    let longest = days.values().map(|(_, seconds)| *seconds as usize).max().unwrap_or(0);
    let cells = screen.width.saturating_sub(50).clamp(8, 30);
    let rows = days.iter().map(|(day, (labs, seconds))| {
        let bar = screen.paint(Paint::Name, bar_text(*seconds as usize, longest, cells).trim_end_matches('░'));
        vec![day.strftime("%a %Y-%m-%d").to_string(), labs.join(", "), bar, spent(seconds / 60.0)]
    });
    let columns = [Column::Left("day"), Column::Left("labs"), Column::Left(""), Column::Right("time")];
    let mut out = table(screen, &columns, rows.collect());
    let weeks = book.weeks().into_iter().map(|(monday, seconds)| {
        let of = planned.map(|hours| format!("of {hours} h planned")).unwrap_or_default();
        vec![monday.to_string(), spent(seconds / 60.0), of]
    });
    let columns = [Column::Left("week of"), Column::Right("time"), Column::Left("")];
    out.push_str(&format!("\n{}", table(screen, &columns, weeks.collect())));
    let labs = book.labs().into_iter().map(|(lab, seconds)| vec![lab.to_owned(), spent(seconds / 60.0)]);
    out.push_str(&format!("\n{}", table(screen, &[Column::Left("lab"), Column::Right("time")], labs.collect())));
    let (all, on) = (spent(book.total() / 60.0), days.len());
    let total = format!("{all} on {on} day{} {range}", if on == 1 { "" } else { "s" });
    out.push_str(&format!("\n{}\n", screen.paint(Paint::Bold, total)));
    screen.print(&out);
    Ok(0)
}

fn object(book: &Logbook, count: u32, planned: Option<f64>) -> serde_json::Value {
    let minutes = |seconds: f64| (seconds / 6.0).round() / 10.0;
    let days = book.days();
    let days = days.iter().map(|(day, (_, seconds))| {
        let labs = book.entries.range((*day, String::new())..).take_while(|((at, _), _)| at == day);
        let labs: Vec<_> = labs.map(|((_, lab), s)| json!({"lab": lab, "minutes": minutes(*s)})).collect();
        json!({"day": day.to_string(), "minutes": minutes(*seconds), "labs": labs})
    });
    let weeks = book.weeks();
    let weeks = weeks.iter().map(|(monday, s)| json!({"monday": monday.to_string(), "minutes": minutes(*s)}));
    let labs = book.labs();
    let labs = labs.iter().map(|(lab, s)| json!({"lab": lab, "minutes": minutes(*s)}));
    json!({
        "schema": SCHEMA, "last_days": count, "minutes": minutes(book.total()), "planned_hours": planned,
        "days": days.collect::<Vec<_>>(), "weeks": weeks.collect::<Vec<_>>(), "labs": labs.collect::<Vec<_>>(),
    })
}

fn add(context: &mut Context, lab: &str, minutes: f64, day: Date) -> Result<u8> {
    let lab = labs::find(&context.labs, lab)?.slug();
    if day > today() {
        return Err(Error::usage(format!("{day} is not over yet; only past time can be logged"))
            .hint(format!("roadmap log add {lab} {minutes}")));
    }
    context.store.add_time(&day.to_string(), lab, minutes)?;
    done(context, day, lab, &format!("added {} to {lab} on {day}", spent(minutes)))
}

fn drop(context: &mut Context, day: Date, lab: Option<&str>) -> Result<u8> {
    let book = book(context, day)?;
    let known: Vec<&str> = book.entries.keys().filter(|(at, _)| *at == day).map(|(_, lab)| lab.as_str()).collect();
    let lab = match lab {
        // A lab that is no longer there can still be in the log.
        Some(name) if known.contains(&name) => name,
        Some(name) => labs::find(&context.labs, name)?.slug(),
        None => "",
    };
    if known.iter().all(|name| !lab.is_empty() && *name != lab) {
        let of = if lab.is_empty() { String::new() } else { format!(" of {lab}") };
        return Err(Error::usage(format!("no time{of} is logged on {day}")).hint("see the days: roadmap log"));
    }
    let hidden = book.entries.iter().filter(|((at, name), _)| *at == day && (lab.is_empty() || name == lab));
    let minutes = hidden.map(|(_, seconds)| seconds / 60.0).sum::<f64>();
    let back = if lab.is_empty() { "LAB" } else { lab };
    let words = format!(
        "dropped {} of {day}; put time back: roadmap log add {back} {:.0} --day {day}",
        spent(minutes),
        minutes.max(1.0)
    );
    let lab = lab.to_owned();
    context.store.drop_time(&day.to_string(), &lab)?;
    done(context, day, &lab, &words)
}

fn done(context: &Context, day: Date, lab: &str, words: &str) -> Result<u8> {
    if context.json {
        let of_day = book(context, day)?.entries.into_iter().filter(|((at, _), _)| *at == day);
        let minutes = of_day.map(|(_, seconds)| seconds / 60.0).sum::<f64>();
        let lab = (!lab.is_empty()).then_some(lab);
        let object =
            json!({"schema": SCHEMA, "day": day.to_string(), "lab": lab, "minutes": (minutes * 10.0).round() / 10.0});
        context.screen.print(&format!("{object}\n"));
    } else {
        context.screen.print(&format!("{}\n", context.screen.wrap("", "", words)));
    }
    Ok(0)
}
