//! `roadmap author check`: the trials of labs on all cores, a line for each that fails, a line a lab.

use super::Asked;
use crate::author::{Checkout, Job, Ran, run as run_jobs};
use crate::cli::json::SCHEMA;
use crate::error::{Error, Result};
use crate::labs;
use crate::submission::toolchain;
use crate::term::{Paint, bar, seconds};
use crate::trials::{self, Outcome, Trial, Tried};
use serde_json::{Value, json};
use std::time::Duration;

/// What came of one lab.
struct Report {
    slug: String,
    trials: usize,
    done: usize,
    ignored: usize,
    failed: Vec<(String, String)>,
    /// From the beginning of its first trial to the end of its last.
    span: Option<(Duration, Duration)>,
}

/// Runs the trials of one lab or of all.
pub fn run(asked: &Asked<'_>, slug: Option<&str>) -> Result<u8> {
    let checkout = Checkout::of_this_program()?;
    let (mut reports, mut trials) = (Vec::new(), Vec::new());
    for slug in missing(&checkout, slug)? {
        reports.push(Report::refused(&slug, "is on disk and not in this program".to_owned()));
    }
    let lone = slug.is_some() && !reports.is_empty();
    for lab in if lone { Vec::new() } else { asked.labs(slug)? } {
        let changes = match checkout.lab(lab.slug()).is_dir() {
            true => labs::changes(&lab.embedded, &checkout.root)?,
            false => vec!["the folder is gone".to_owned()],
        };
        if !changes.is_empty() {
            let why = format!("differs from what this program embeds: {}", changes.join(", "));
            reports.push(Report::refused(lab.slug(), why));
            continue;
        }
        let folder = checkout.lab(lab.slug());
        let of_lab = trials::of(Tried::new(lab), &folder);
        trials.extend(of_lab.into_iter().map(|trial| (reports.len(), trial)));
        let slug = folder.file_name().unwrap_or_default().to_string_lossy();
        let count = trials.iter().filter(|(at, _)| *at == reports.len()).count();
        reports.push(Report { trials: count, ..Report::new(&slug) });
    }
    if !trials.is_empty() {
        toolchain()?;
    }
    if !trials.is_empty() && !trials::has_link().map_err(Error::environment)? {
        return Err(Error::environment(
            "Rust answers cannot be compiled: the lab SDK is not built beside this program",
        )
        .hint("cargo run -- author check"));
    }
    let refused: Vec<&Report> = reports.iter().filter(|report| report.trials == 0).collect();
    let stale = refused.first().map(|_| match slug {
        Some(_) => format!("cargo run -- author check {}", refused[0].slug),
        None => "cargo run -- author check".to_owned(),
    });
    if !asked.json {
        refused.iter().for_each(|report| report.print(asked));
    }
    run_all(asked, &mut reports, trials)?;
    if asked.json {
        let labs: Vec<Value> = reports.iter().map(Report::object).collect();
        asked.screen.print(&format!("{}\n", json!({"schema": SCHEMA, "labs": labs})));
    } else if let Some(hint) = stale {
        asked.screen.note(&format!(" {} {hint}\n", asked.screen.paint(Paint::Name, "hint:")));
    }
    let (held, failed) = reports.iter().fold((0, 0), |(h, f), r| (h + r.held(), f + r.failed.len()));
    Ok(match (held, failed) {
        (0, 0) => 4,
        (_, 0) => 0,
        _ => 1,
    })
}

/// Labs of the checkout that are not embedded.
fn missing(checkout: &Checkout, slug: Option<&str>) -> Result<Vec<String>> {
    let embedded = |slug: &str| labs::embedded().iter().any(|lab| lab.slug == slug);
    let all = labs::on_disk(&checkout.root)?.into_iter();
    Ok(all.filter(|there| !embedded(there) && slug.is_none_or(|slug| slug == there)).collect())
}

fn run_all(asked: &Asked<'_>, reports: &mut [Report], trials: Vec<(usize, Trial)>) -> Result<()> {
    let bar = bar(trials.len() as u64, asked.watched());
    bar.enable_steady_tick(Duration::from_millis(250));
    let names: Vec<(usize, String)> = trials.iter().map(|(at, trial)| (*at, trial.name.clone())).collect();
    let jobs = trials.into_iter().map(|(_, trial)| Box::new(move || trial.run()) as Job<Outcome>).collect();
    let ran = run_jobs(jobs, |ran: Ran<Outcome>| {
        let (at, name) = &names[ran.at];
        bar.inc(1);
        bar.set_message(name.clone());
        let report = &mut reports[*at];
        report.take(name, ran);
        if report.done == report.trials && !asked.json {
            bar.suspend(|| report.print(asked));
        }
    });
    bar.finish_and_clear();
    ran
}

impl Report {
    fn new(slug: &str) -> Self {
        Self { slug: slug.to_owned(), trials: 0, done: 0, ignored: 0, failed: Vec::new(), span: None }
    }

    /// A lab whose trials would be about something else than its folder.
    fn refused(slug: &str, why: String) -> Self {
        Self { failed: vec![(format!("labs/{slug}"), why)], ..Self::new(slug) }
    }

    fn take(&mut self, name: &str, ran: Ran<Outcome>) {
        self.done += 1;
        match ran.result {
            Ok(Outcome::Holds(_)) => {}
            Ok(Outcome::Ignored(_)) => self.ignored += 1,
            Err(why) => self.failed.push((name.to_owned(), why)),
        }
        let (from, to) = self.span.unwrap_or(ran.span);
        self.span = Some((from.min(ran.span.0), to.max(ran.span.1)));
    }

    fn held(&self) -> usize {
        self.done - self.ignored - self.failed.len().min(self.done)
    }

    fn seconds(&self) -> f64 {
        self.span.map_or(0.0, |(from, to)| (to - from).as_secs_f64())
    }

    fn print(&self, asked: &Asked<'_>) {
        let screen = asked.screen;
        let mut out = String::new();
        for (trial, why) in &self.failed {
            let mark = screen.paint(Paint::Bad, "FAIL");
            out.push_str(&screen.wrap("", "      ", &format!("FAIL  {trial}: {why}")).replacen("FAIL", &mark, 1));
            out.push('\n');
        }
        if self.trials > 0 {
            let parts = [(self.failed.len(), "failed"), (self.ignored, "ignored")];
            let parts: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}")).collect();
            let (trials, took) = (self.trials, seconds(self.seconds()));
            out.push_str(&format!("{:<24} {trials} trials{parts}    {took}\n", self.slug));
        }
        screen.print(&out);
    }

    fn object(&self) -> Value {
        let failed = self.failed.iter().map(|(trial, why)| json!({"trial": trial, "why": why}));
        json!({
            "lab": self.slug, "trials": self.trials, "held": self.held(), "ignored": self.ignored,
            "failed": failed.collect::<Vec<_>>(), "seconds": (self.seconds() * 100.0).round() / 100.0,
        })
    }
}
