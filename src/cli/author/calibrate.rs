//! `roadmap author calibrate`: ten seeds of each experiment with the solution, the table, and the numbers in lab.toml.

use super::Asked;
use crate::author::{Calibrated, Checkout, Job, Ran, SEEDS, calibrated, run as run_jobs, with_bars};
use crate::cli::json::SCHEMA;
use crate::error::{Doing, Error, Result};
use crate::grading::{Lab, Overridden, number};
use crate::lab::{Bar, Misconception, Step};
use crate::labs;
use crate::submission::Table;
use crate::term::{Column, Paint, bar, table};
use crate::trials::{Tried, measure};
use crate::verdict::{Graded, Kind, Measurement, Verdict};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

/// Sets the bars of one lab or of all.
pub fn run(asked: &Asked<'_>, slug: Option<&str>) -> Result<u8> {
    let checkout = Checkout::of_this_program()?;
    let (mut objects, mut code, mut any) = (Vec::new(), 0, false);
    for lab in asked.labs(slug)? {
        let slug = lab.slug();
        let changes = labs::changes(&lab.embedded, &checkout.root)?;
        if !changes.is_empty() {
            let what = format!("labs/{slug} differs from what this program embeds: {}", changes.join(", "));
            return Err(Error::usage(what).hint(format!("cargo run -- author calibrate {slug}")));
        }
        if lab.manifest.bars.is_empty() {
            continue;
        }
        any = true;
        let bars = measured(asked, &lab)?;
        let new: Vec<(&str, Bar)> =
            bars.iter().filter_map(|c| Some((c.name.as_str(), c.new.as_ref().ok()?.clone()))).collect();
        let path = checkout.lab(slug).join("lab.toml");
        // As it is by now: an experiment takes minutes, and an author goes on writing.
        let text = fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
        let text = with_bars(&text, &new)?;
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
        let passing = if new.is_empty() { Vec::new() } else { passing(asked, &lab, &new)? };
        if !passing.is_empty() || bars.iter().any(|c| c.values.is_empty()) {
            code = 1;
        }
        match asked.json {
            true => objects.push(object(slug, &bars, &passing)),
            false => print(asked, slug, &bars, &passing),
        }
    }
    if asked.json {
        asked.screen.print(&format!("{}\n", json!({"schema": SCHEMA, "labs": objects})));
    }
    Ok(if any { code } else { 4 })
}

/// The measure steps of a lab, run by `jobs` of a lab, a step and a seed.
fn run_steps(asked: &Asked<'_>, what: &str, jobs: Vec<Job<Graded>>) -> Result<Vec<Graded>> {
    let bar = bar(jobs.len() as u64, asked.watched());
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(250));
    let mut results: Vec<Option<Result<Graded, String>>> = jobs.iter().map(|_| None).collect();
    let ran = run_jobs(jobs, |ran: Ran<Graded>| {
        bar.inc(1);
        results[ran.at] = Some(ran.result);
    });
    bar.finish_and_clear();
    ran?;
    let results = results.into_iter().flatten().collect::<Result<Vec<_>, _>>();
    results.map_err(|why| Error::environment(format!("{what}: {why}")))
}

fn steps(lab: &'static Lab) -> impl Iterator<Item = &'static Step> {
    lab.manifest.steps.iter().filter(|step| step.kind == Kind::Measure)
}

/// What the solution reaches, and the bars that follow.
fn measured(asked: &Asked<'_>, lab: &Lab) -> Result<Vec<Calibrated>> {
    let tried = Tried::new(lab.clone());
    // One end too high or too low now must not end the experiment: only what it measures is asked for.
    let job = |step: &'static Step, seed: u64| {
        Box::new(move || measure(tried, step, seed, &mut Table::new(tried.lab.embedded.solution))) as Job<Graded>
    };
    let jobs = steps(tried.lab).flat_map(|step| SEEDS.into_iter().map(move |seed| job(step, seed))).collect();
    let graded = run_steps(asked, lab.slug(), jobs)?;
    if let Some(stopped) = graded.iter().find(|g| g.measurements.is_empty()) {
        let (step, seed) = (&stopped.step, stopped.seed);
        let what = format!("{} of labs/{}, seed {seed:x}: {:?}", step, lab.slug(), stopped.verdict);
        return Err(Error::environment(what).hint(format!("cargo run -- author check {}", lab.slug())));
    }
    let runs: Vec<Vec<Measurement>> = graded.into_iter().map(|g| g.measurements).collect();
    Ok(calibrated(&lab.manifest, &runs))
}

/// The misconceptions that pass an experiment under its new bars although they change what is held against them.
fn passing(asked: &Asked<'_>, lab: &Lab, new: &[(&str, Bar)]) -> Result<Vec<String>> {
    let mut lab = lab.clone();
    for (name, bar) in new {
        lab.manifest.bars.insert((*name).to_owned(), bar.clone());
    }
    let tried = Tried::new(lab);
    let known = |step: &'static Step| {
        let all = tried.lab.manifest.misconceptions.iter().map(Some);
        let of_step = all.filter(|m| m.is_some_and(|m| step.functions.contains(&m.function)));
        [None].into_iter().chain(of_step).map(move |known| (step, known))
    };
    let asked_for: Vec<(&'static Step, Option<&'static Misconception>)> = steps(tried.lab).flat_map(known).collect();
    let job = |(step, known): (&'static Step, Option<&'static Misconception>)| {
        Box::new(move || {
            let mut table = Table::new(tried.all);
            match known {
                Some(known) => measure(tried, step, SEEDS[0], &mut Overridden::new(&mut table, known)),
                None => measure(tried, step, SEEDS[0], &mut table),
            }
        }) as Job<Graded>
    };
    let graded = run_steps(
        asked,
        &format!("{}: known mistakes", tried.lab.slug()),
        asked_for.iter().copied().map(job).collect(),
    )?;
    let numbers = |graded: &Graded| -> Vec<f64> {
        let held = graded.measurements.iter().filter(|m| new.iter().any(|(name, _)| *name == m.name));
        held.map(|m| m.value).collect()
    };
    let mut passing = Vec::new();
    let mut right = Vec::new();
    for ((_, known), graded) in asked_for.iter().zip(&graded) {
        match known {
            None => right = numbers(graded),
            Some(known) if graded.verdict == Verdict::Pass && numbers(graded) != right => {
                passing.push(known.id.clone())
            }
            Some(_) => {}
        }
    }
    Ok(passing)
}

fn print(asked: &Asked<'_>, slug: &str, bars: &[Calibrated], passing: &[String]) {
    let screen = asked.screen;
    let seeds: Vec<String> = SEEDS.iter().map(|seed| format!("{seed:x}")).collect();
    let mut out = format!("{}    seeds {}\n", screen.paint(Paint::Bold, slug), seeds.join(" "));
    let columns = ["bar", "least", "mean", "most", "sigma", "was", "is"].map(|name| match name {
        "bar" | "was" | "is" => Column::Left(name),
        name => Column::Right(name),
    });
    let row = |c: &Calibrated| {
        let least = c.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = c.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let numbers = match c.values.is_empty() {
            true => vec![String::new(); 4],
            false => [least, c.mean, most, c.sigma].map(|v| number(rounded(v))).to_vec(),
        };
        let new = c.new.as_ref().map_or_else(|_| "stays".to_owned(), Bar::words);
        [vec![c.name.clone()], numbers, vec![c.old.words(), new]].concat()
    };
    out.push_str(&table(screen, &columns, bars.iter().map(row).collect()));
    for (c, why) in bars.iter().filter_map(|c| Some((c, c.new.as_ref().err()?))) {
        out.push_str(&format!("{}\n", screen.wrap("stays  ", "       ", &format!("{}: {why}", c.name))));
    }
    match passing {
        [] if bars.iter().any(|c| c.new.is_ok()) => out.push_str("no known mistake passes these bars\n"),
        [] => {}
        passing => {
            let what =
                format!("passes, and should not: {}; measure something that it changes more", passing.join(", "));
            let mark = screen.paint(Paint::Bad, "FAIL");
            out.push_str(&format!(
                "{}\n",
                screen.wrap("", "      ", &format!("FAIL  {what}")).replacen("FAIL", &mark, 1)
            ));
        }
    }
    if bars.iter().any(|c| c.new.is_ok()) {
        out.push_str(&format!(
            "written {}    git diff labs/{slug}\n",
            screen.paint(Paint::Name, format!("labs/{slug}/lab.toml"))
        ));
    }
    screen.print(&out);
}

/// Four digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn object(slug: &str, bars: &[Calibrated], passing: &[String]) -> Value {
    let ends = |bar: &Bar| json!({"at_most": bar.at_most, "at_least": bar.at_least});
    let bars = bars.iter().map(|c| {
        json!({
            "name": c.name, "values": c.values, "mean": c.mean, "sigma": c.sigma, "was": ends(&c.old),
            "is": c.new.as_ref().ok().map(ends), "stays": c.new.as_ref().err(),
        })
    });
    let seeds: Vec<String> = SEEDS.iter().map(|seed| format!("{seed:x}")).collect();
    json!({"lab": slug, "seeds": seeds, "bars": bars.collect::<Vec<_>>(), "passing": passing})
}
