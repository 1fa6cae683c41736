//! `roadmap history` and `roadmap reset`: attempts, what changed between them, and the way back. Nothing is lost.

use super::context::Context;
use crate::error::{Doing, Error, Result};
use crate::grading::Lab;
use crate::progress::{Attempt, Event};
use crate::submission::Language;
use crate::term::{Column, Paint, seconds, table};
use serde_json::json;
use similar::{ChangeTag, TextDiff};
use std::fs;

/// `roadmap history`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The lab [default: this folder's, or the last one]
    pub lab: Option<String>,
    /// Show what attempt N changed in the answer
    #[arg(long, value_name = "N", conflicts_with = "restore")]
    pub diff: Option<usize>,
    /// Put the answer of attempt N back; what is there now is kept
    #[arg(long, value_name = "N")]
    pub restore: Option<usize>,
}

/// Lists attempts, or shows or restores one.
pub fn run(context: &mut Context, arguments: &Arguments) -> Result<u8> {
    let lab = context.lab(arguments.lab.as_deref())?;
    let attempts = context.store.attempts(lab.slug())?;
    if let Some(number) = arguments.diff {
        return diff(context, &lab, &attempts, number);
    }
    if let Some(number) = arguments.restore {
        return restore(context, &lab, &attempts, number);
    }
    if context.json {
        let rows: Vec<_> = attempts.iter().enumerate().map(|(at, a)| row_object(at + 1, a)).collect();
        context.screen.print(&format!("{}\n", json!({"schema": 1, "lab": lab.slug(), "attempts": rows})));
        return Ok(0);
    }
    if attempts.is_empty() {
        context.screen.print(&format!("no attempts at {} yet\n", lab.slug()));
        return Ok(0);
    }
    let screen = &context.screen;
    let rows = attempts.iter().enumerate().map(|(at, a)| {
        let verdict = match a.verdict.as_str() {
            "pass" => screen.paint(Paint::Good, "pass"),
            other => screen.paint(Paint::Bad, other),
        };
        let misconception = a.misconception.clone().unwrap_or_default();
        vec![
            (at + 1).to_string(),
            when(a.at),
            format!("{}: {}", a.kind, a.step),
            a.language.clone().unwrap_or_default(),
            verdict,
            if a.total == 0 { "by the last step".to_owned() } else { format!("{}/{}", a.passed, a.total) },
            seconds(a.seconds),
            misconception,
        ]
    });
    let columns = [
        Column::Right("#"),
        Column::Left("when"),
        Column::Left("step"),
        Column::Left(""),
        Column::Left("verdict"),
        Column::Right("checks"),
        Column::Right("time"),
        Column::Left("mistake"),
    ];
    screen.print(&table(screen, &columns, rows.collect()));
    let name = |option: &str| screen.paint(Paint::Name, format!("roadmap history {} {option:<11}", lab.slug()));
    screen.print(&format!(
        "\n{}  what attempt N changed\n{}  put its answer back\n",
        name("--diff N"),
        name("--restore N")
    ));
    Ok(0)
}

fn row_object(number: usize, a: &Attempt) -> serde_json::Value {
    json!({
        "number": number, "id": a.id, "at": a.at, "step": a.step, "kind": a.kind, "language": a.language, "seed": a.seed,
        "verdict": a.verdict, "checks": {"passed": a.passed, "total": a.total}, "seconds": a.seconds,
        "misconception": a.misconception,
    })
}

/// Local date and time.
pub fn when(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map(|t| t.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// The answer's text at an attempt.
fn text_of(context: &Context, lab: &Lab, attempts: &[Attempt], number: usize) -> Result<(Language, String)> {
    let none = || {
        let error = Error::usage(format!("attempt {number} of {} has no answer", lab.slug()));
        error.hint(format!("see the attempts: roadmap history {}", lab.slug()))
    };
    let hash =
        number.checked_sub(1).and_then(|at| attempts.get(at)).and_then(|a| a.snapshot.clone()).ok_or_else(none)?;
    let (language, text) = context.store.snapshot_text(&hash)?.ok_or_else(none)?;
    Ok((Language::of(&language).ok_or_else(none)?, text))
}

fn diff(context: &Context, lab: &Lab, attempts: &[Attempt], number: usize) -> Result<u8> {
    let (language, text) = text_of(context, lab, attempts, number)?;
    let before = (1..number).rev().find_map(|n| match text_of(context, lab, attempts, n) {
        Ok((l, text)) if l == language => Some((format!("attempt {n}"), text)),
        _ => None,
    });
    let (name, before) = before.unwrap_or_else(|| ("the starter".to_owned(), lab.starter(language).to_owned()));
    let screen = &context.screen;
    let mut out =
        format!("{}\n", screen.paint(Paint::Bold, format!("{name} -> attempt {number} ({})", language.file())));
    let diff = TextDiff::from_lines(&before, &text);
    for group in diff.grouped_ops(2) {
        for op in group {
            for change in diff.iter_changes(&op) {
                let line = change.value().trim_end_matches('\n');
                out.push_str(&match change.tag() {
                    ChangeTag::Delete => format!("{}\n", screen.paint(Paint::Bad, format!("- {line}"))),
                    ChangeTag::Insert => format!("{}\n", screen.paint(Paint::Good, format!("+ {line}"))),
                    ChangeTag::Equal => format!("  {line}\n"),
                });
            }
        }
        out.push('\n');
    }
    if before == text {
        out.push_str("no change\n");
    }
    screen.print(&out);
    Ok(0)
}

fn restore(context: &mut Context, lab: &Lab, attempts: &[Attempt], number: usize) -> Result<u8> {
    let (language, text) = text_of(context, lab, attempts, number)?;
    replace(context, lab, language, &text, Event::Restored, &number.to_string())?;
    context
        .screen
        .print(&format!("{} is attempt {number} again\n", context.workspace.answer(lab.slug(), language).display()));
    Ok(0)
}

/// `roadmap reset`.
pub fn reset(context: &mut Context, lab: Option<&str>, language: Option<Language>) -> Result<u8> {
    let lab = context.lab(lab)?;
    let language = context.language(lab.slug(), language)?;
    context.workspace.prepare(lab.slug(), language, lab.starter(language), lab.words().brief)?;
    replace(context, &lab, language, lab.starter(language), Event::Reset, language.word())?;
    let path = context.workspace.answer(lab.slug(), language);
    context.screen.print(&format!("{} is the starter again; what was there is kept in the store\n", path.display()));
    Ok(0)
}

/// Writes `text` as the answer, after keeping what is there as an attempt's snapshot.
fn replace(context: &mut Context, lab: &Lab, language: Language, text: &str, event: Event, detail: &str) -> Result<()> {
    let path = context.workspace.answer(lab.slug(), language);
    let mut detail = detail.to_owned();
    if let Ok(now) = fs::read_to_string(&path) {
        detail = format!("{detail} {}", context.store.snapshot(lab.slug(), language, &now)?);
    }
    context.store.happened(lab.slug(), None, event, &detail)?;
    fs::write(&path, text).doing(|| format!("writing {}", path.display()))
}
