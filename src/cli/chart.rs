//! `roadmap chart`: what measure steps drew, again: on the screen, or as SVG files. Nothing is measured here.

use super::completions;
use super::context::Context;
use super::history::when;
use super::json::SCHEMA;
use crate::error::{Error, Result};
use crate::export::{charts, svg_file};
use crate::grading::Lab;
use crate::progress::Attempt;
use crate::term::{self, Paint};
use crate::verdict::{Chart, Kind};
use clap_complete::ArgValueCompleter;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// `roadmap chart`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The lab, or the beginning of its name [default: this folder's, or all]
    #[arg(add = ArgValueCompleter::new(completions::slugs))]
    pub lab: Option<String>,
    /// Write an SVG file a chart into DIR [default: the current folder]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = ".")]
    pub svg: Option<PathBuf>,
}

/// The charts of one step.
struct Drawn {
    lab: String,
    title: String,
    attempt: usize,
    row: Attempt,
    machine: Option<String>,
    charts: Vec<Chart>,
}

/// Prints or writes the charts of one lab, or of all.
pub fn run(context: &Context, arguments: &Arguments) -> Result<u8> {
    let lab = match &arguments.lab {
        Some(name) => Some(crate::labs::find(&context.labs, name)?),
        None => context.lab_of_folder(),
    };
    let slugs = match lab {
        Some(lab) => vec![lab.slug().to_owned()],
        None => context.store.labs_attempted()?,
    };
    let mut drawn = Vec::new();
    for slug in &slugs {
        drawn.extend(newest(context, slug)?);
    }
    // The sort keeps the steps of a lab in their order.
    drawn.sort_by(|a, b| (&a.title, &a.lab).cmp(&(&b.title, &b.lab)));
    let files = match &arguments.svg {
        Some(folder) => write(folder, &drawn)?,
        None => Vec::new(),
    };
    let code = if drawn.is_empty() { 4 } else { 0 };
    if context.json {
        context.screen.print(&format!("{}\n", object(lab, &drawn, &files)));
    } else if drawn.is_empty() {
        context.screen.print(&nothing(context, lab));
    } else if arguments.svg.is_some() {
        context.screen.print(&files.iter().map(|file| format!("{}\n", file.display())).collect::<String>());
    } else {
        show(context, &drawn);
    }
    Ok(code)
}

/// For each step of a lab, in order, the newest attempt that drew something.
fn newest(context: &Context, slug: &str) -> Result<Vec<Drawn>> {
    let lab = context.labs.iter().find(|lab| lab.slug() == slug);
    let attempts = context.store.attempts(slug)?;
    let mut found: Vec<Drawn> = Vec::new();
    for (at, row) in attempts.into_iter().enumerate().rev() {
        if row.detail.contains("\"chart\"") && !found.iter().any(|known| known.row.step == row.step) {
            let charts = charts(&row.detail);
            if !charts.is_empty() {
                let title = lab.map_or_else(|| slug.to_owned(), |lab| lab.manifest.title.clone());
                found.push(Drawn { lab: slug.to_owned(), title, attempt: at + 1, row, machine: None, charts });
            }
        }
    }
    let steps = |step: &str| lab.and_then(|lab| lab.manifest.steps.iter().position(|known| known.id == step));
    found.sort_by_key(|drawn| (steps(&drawn.row.step).unwrap_or(usize::MAX), drawn.attempt));
    if !found.is_empty() {
        let measurements = context.store.measurements_of(slug)?;
        for drawn in &mut found {
            drawn.machine = measurements.iter().find(|m| m.attempt == drawn.row.id).map(|m| m.machine.clone());
        }
    }
    Ok(found)
}

fn show(context: &Context, drawn: &[Drawn]) {
    let screen = &context.screen;
    let mut out = String::new();
    let mut last = "";
    for one in drawn {
        if last != one.lab {
            last = &one.lab;
            let lead = if out.is_empty() { "" } else { "\n" };
            let title = screen.wrap("", "  ", &line(&format!("{}: {}", one.lab, one.title)));
            out.push_str(&format!("{lead}{}\n", screen.paint(Paint::Bold, title)));
        }
        let what = format!("{}: {}, attempt {}, {}", one.row.kind, one.row.step, one.attempt, when(one.row.at));
        out.push_str(&format!("{}\n", screen.paint(Paint::Dim, screen.wrap("", "  ", &line(&what)))));
        for chart in &one.charts {
            out.push_str(&format!("\n{}", term::chart(screen, chart)));
        }
    }
    screen.print(&out);
}

/// One file a chart, numbered by step: `SLUG-STEP-1.svg`. A name that ends in .svg is the file of the only chart.
fn write(folder: &Path, drawn: &[Drawn]) -> Result<Vec<PathBuf>> {
    let count: usize = drawn.iter().map(|one| one.charts.len()).sum();
    let named = folder.extension().is_some_and(|end| end == "svg") && !folder.is_dir();
    if named && count > 1 {
        return Err(Error::usage(format!("`{}` is one file, and there are {count} charts", folder.display()))
            .hint("name a folder, or none for this one: roadmap chart --svg"));
    }
    let unwritable = |path: &Path, why: std::io::Error| {
        Error::environment(format!("{} cannot be written: {why}", path.display()))
            .hint("name a folder that you may write to: roadmap chart --svg=DIR")
    };
    let mut files = Vec::new();
    for one in drawn {
        for (at, chart) in one.charts.iter().enumerate() {
            let name = format!("{}-{}-{}.svg", plain(&one.lab), plain(&one.row.step), at + 1);
            let path = match (named, folder == Path::new(".")) {
                (true, _) => folder.to_owned(),
                (_, true) => PathBuf::from(name),
                _ => folder.join(name),
            };
            if let Some(folder) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::create_dir_all(folder).map_err(|why| unwritable(folder, why))?;
            }
            let on = one.machine.as_ref().map(|machine| format!(", on {machine}")).unwrap_or_default();
            let source = format!("{}, {}, attempt {}{on}", one.lab, one.row.step, one.attempt);
            fs::write(&path, svg_file(chart, &source)).map_err(|why| unwritable(&path, why))?;
            files.push(path);
        }
    }
    Ok(files)
}

/// An imported history may say anything.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A part of a file's name.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

fn object(lab: Option<&Lab>, drawn: &[Drawn], files: &[PathBuf]) -> Value {
    let mut files = files.iter();
    let mut rows = Vec::new();
    for one in drawn {
        for chart in &one.charts {
            let mut row = json!({
                "lab": one.lab, "step": one.row.step, "attempt": one.attempt, "at": one.row.at, "chart": chart,
            });
            if let Some(file) = files.next() {
                row["file"] = json!(file);
            }
            rows.push(row);
        }
    }
    json!({"schema": SCHEMA, "lab": lab.map(Lab::slug), "charts": rows})
}

/// Which command draws something.
fn nothing(context: &Context, lab: Option<&Lab>) -> String {
    let screen = &context.screen;
    let name = |command: String| screen.paint(Paint::Name, command);
    let Some(lab) = lab else {
        return format!(
            "there are no charts yet; the measure steps of labs draw them\n  what comes next   {}\n",
            name("roadmap next".to_owned())
        );
    };
    let steps = lab.manifest.steps.iter().filter(|step| step.kind == Kind::Measure);
    let commands: Vec<String> = steps
        .map(|step| format!("  draw some   {}\n", name(format!("roadmap lab {} --step {}", lab.slug(), step.id))))
        .collect();
    match commands.is_empty() {
        true => format!("{} has no measure step, and nothing to draw\n", lab.slug()),
        false => format!("there are no charts of {} yet\n{}", lab.slug(), commands.concat()),
    }
}
