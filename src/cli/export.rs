//! `roadmap export` and `roadmap import`: the whole history as JSON and back, a notebook, a page.

use super::context::Context;
use super::json::SCHEMA;
use crate::error::{Doing, Error, Result};
use crate::export::{Answer, Book, Chapter, html, markdown};
use crate::grading::Lab;
use crate::progress::Exported;
use crate::study::Study;
use crate::study::logbook::Logbook;
use crate::submission::Language;
use crate::term::{Screen, chart};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use std::fs;
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// `roadmap export`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A lab notebook in Markdown
    #[arg(long, conflicts_with = "html")]
    pub md: bool,
    /// One page for a browser, with nothing from elsewhere
    #[arg(long)]
    pub html: bool,
    /// Where to write it [default: stdout]
    pub file: Option<PathBuf>,
}

/// Writes everything, in the form that was asked for; JSON is the one that `import` reads.
pub fn run(context: &Context, arguments: &Arguments) -> Result<u8> {
    if context.json && (arguments.md || arguments.html) {
        let other = if arguments.md { "--md" } else { "--html" };
        return Err(Error::usage(format!("`--json` and `{other}` are two forms; an export has one"))
            .hint(format!("roadmap export {other}")));
    }
    let text = if arguments.md {
        markdown(&book(context, &context.study()?, true)?, &|one| chart(&Screen::plain(80), one))
    } else if arguments.html {
        html(&book(context, &context.study()?, false)?)
    } else {
        serde_json::to_string(&context.store.export()?).doing(|| "writing JSON".to_owned())? + "\n"
    };
    let file = arguments.file.as_deref().filter(|file| *file != Path::new("-"));
    match file {
        None => to_stdout(&text)?,
        Some(file) => {
            fs::write(file, &text).map_err(|e| {
                Error::environment(format!("{} cannot be written: {e}", file.display()))
                    .hint("name a file in a folder that is there and that you may write to")
            })?;
            let size = text.len().div_ceil(1024);
            match context.json {
                true => {
                    context.screen.print(&format!("{}\n", json!({"schema": SCHEMA, "file": file, "bytes": text.len()})))
                }
                false => context.screen.print(&format!("{} is written, {size} KiB\n", file.display())),
            }
        }
    }
    Ok(0)
}

/// An export is a file on its way: UTF-8 whatever the terminal is, and a full disk is an error.
fn to_stdout(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::environment(format!("stdout cannot be written: {e}")).hint("free some space and run it again"))
        }
        _ => Ok(()),
    }
}

/// `roadmap import`.
pub fn import(context: &mut Context, file: Option<&Path>) -> Result<u8> {
    let file = file.filter(|file| *file != Path::new("-"));
    let mut bytes = Vec::new();
    let name = match file {
        Some(file) => {
            bytes = fs::read(file).map_err(|e| {
                Error::usage(format!("{} cannot be read: {e}", file.display()))
                    .hint("write one where your progress is: roadmap export > all.json")
            })?;
            format!("`{}`", file.display())
        }
        None if std::io::stdin().is_terminal() => {
            return Err(Error::usage("there is nothing to import").hint("name the file: roadmap import all.json"));
        }
        None => {
            std::io::stdin().lock().read_to_end(&mut bytes).doing(|| "reading stdin".to_owned())?;
            "stdin".to_owned()
        }
    };
    let other = Exported::parse(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes), &name)?;
    let merged = context.store.merge(&other, &name)?;
    if context.json {
        let object = json!({"schema": SCHEMA, "added": merged.added, "known": merged.known, "learner_taken": merged.learner_taken});
        context.screen.print(&format!("{object}\n"));
        return Ok(0);
    }
    let mut added: Vec<String> =
        merged.added.iter().filter(|(_, rows)| **rows > 0).map(|(table, rows)| format!("{rows} {table}")).collect();
    if added.is_empty() {
        added.push("nothing".to_owned());
    }
    let known = if merged.known > 0 { format!("; {} rows were here already", merged.known) } else { String::new() };
    context.screen.print(&context.screen.wrap("", "", &format!("added: {}{known}", added.join(", "))));
    context.screen.print("\n");
    Ok(0)
}

/// Everything that a document shows; the texts of answers only where they are asked for.
fn book<'a>(context: &'a Context, study: &'a Study<'a>, answers: bool) -> Result<Book<'a>> {
    let store = &context.store;
    let mut slugs = store.labs_attempted()?;
    let order: Vec<&str> = study.labs_in_order().iter().map(|lab| lab.slug()).collect();
    slugs.sort_by_key(|slug| order.iter().position(|known| known == slug).unwrap_or(usize::MAX));
    let chapters = slugs.into_iter().map(|slug| chapter(context, slug, answers)).collect::<Result<_>>()?;
    let zone = TimeZone::system();
    let log = Logbook::new(&store.tracked(0)?, &store.corrections("")?, &zone);
    let days = log.days().into_iter().map(|(day, (_, seconds))| (day, seconds / 60.0)).collect();
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    Ok(Book { study, chapters, guesses: store.first_guesses()?, days, today, zone })
}

fn chapter(context: &Context, slug: String, answers: bool) -> Result<Chapter<'_>> {
    let store = &context.store;
    let lab = context.labs.iter().find(|lab| lab.slug() == slug);
    let attempts = store.attempts(&slug)?;
    let mut texts = Vec::new();
    for (at, attempt) in attempts.iter().enumerate().filter(|_| answers) {
        if let Some(hash) = &attempt.snapshot
            && let Some((language, text)) = store.snapshot_text(hash)?
        {
            texts.push(Answer { attempt: at + 1, language, text });
        }
    }
    let starter = |lab: &Lab| {
        [Language::Rust, Language::Python]
            .map(|l| (l.word().to_owned(), lab.starter(l).to_owned()))
            .into_iter()
            .collect()
    };
    Ok(Chapter {
        lab,
        attempts,
        predictions: store.predictions_of(&slug)?,
        measurements: store.measurements_of(&slug)?,
        answers: texts,
        notes: store.notes(Some(&slug))?,
        starters: lab.map(starter).unwrap_or_default(),
        slug,
    })
}
