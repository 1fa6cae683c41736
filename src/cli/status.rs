//! `roadmap status`: completion by phase and stage; one phase topic by topic.

use super::context::Context;
use super::{actual, calibration, json};
use crate::error::{Error, Result};
use crate::study::{Count, Standing, Study};
use crate::term::{Column, Paint, Screen, bar_text, table};

/// Columns from which on the table has all of its columns.
const WIDE: usize = 90;

/// `roadmap status`.
pub fn run(context: &Context, phase: Option<u32>, planned: bool) -> Result<u8> {
    let study = context.study()?;
    if let Some(number) = phase
        && study.roadmap.phases.iter().all(|p| p.number != number)
    {
        let known: Vec<String> = study.roadmap.phases.iter().map(|p| p.number.to_string()).collect();
        return Err(
            Error::usage(format!("there is no phase {number}")).hint(format!("the phases are {}", known.join(", ")))
        );
    }
    if context.json {
        let mut object = json::status(&study);
        // Scripts read exactly the contract's keys unless they ask for more.
        if planned || phase.is_some() {
            object["calibration"] = calibration::object(context, &study)?;
        }
        if planned {
            object["plan"] = actual::status_object(context)?;
        }
        context.screen.print(&format!("{object}\n"));
        return Ok(0);
    }
    let out = match phase {
        Some(number) => {
            format!("{}{}", one_phase(&context.screen, &study, number), calibration::phase(context, &study, number)?)
        }
        None if planned => actual::status(context)?,
        None => {
            let legend = context.screen.wrap("", "", legend(&context.screen, &study).trim_end());
            let guesses = calibration::brief(context, &study)?;
            format!("{}\n{legend}\n{guesses}", phases(&context.screen, &study))
        }
    };
    context.screen.print(&out);
    Ok(0)
}

/// The table of phases, then what has no phase.
pub fn phases(screen: &Screen, study: &Study<'_>) -> String {
    if screen.width < 70 {
        return narrow(screen, study);
    }
    let wide = screen.width >= WIDE;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut all = Standing::default();
    for (phase, standing) in study.phases() {
        rows.push(row(screen, &phase.number.to_string(), &phase.title, &weeks(phase.weeks), &standing, wide));
        sum(&mut all, &standing);
    }
    for stage in study.roadmap.stages.iter().filter(|s| study.roadmap.phase_of(s.number).is_none()) {
        let standing = study.standing(stage);
        rows.push(row(screen, "", &stage.title, "", &standing, wide));
        sum(&mut all, &standing);
    }
    let mut total = row(screen, "", "all", "", &all, wide);
    for cell in &mut total {
        *cell = screen.paint(Paint::Bold, &*cell);
    }
    rows.push(total);
    let mut columns =
        vec![Column::Right(""), Column::Left(""), Column::Right("weeks"), Column::Left("steps"), Column::Left("")];
    if wide {
        columns.push(Column::Left("by kind"));
    }
    columns.extend([Column::Left("labs"), Column::Left("topics"), Column::Right("spent")]);
    table(screen, &columns, rows)
}

/// The same without a table, for a screen that has no room for one.
fn narrow(screen: &Screen, study: &Study<'_>) -> String {
    let mut out = String::new();
    for stage in &study.roadmap.stages {
        let standing = study.standing(stage);
        let phase = study.roadmap.phase_of(stage.number);
        let title = phase.map_or_else(|| stage.title.clone(), |p| format!("{} {}", p.number, p.title));
        let steps = match standing.steps.total {
            0 => "no lab yet".to_owned(),
            total => format!("{} {}/{total}", bar_text(standing.steps.passed, total, 8), standing.steps.passed),
        };
        out.push_str(&format!("{}\n{}\n", screen.wrap("", "  ", &title), screen.wrap("  ", "  ", &steps)));
    }
    out
}

fn row(screen: &Screen, number: &str, title: &str, weeks: &str, standing: &Standing, wide: bool) -> Vec<String> {
    let of = |count: Count| format!("{}/{}", count.passed, count.total);
    let dash = |count: Count| if count.total == 0 { String::from("-") } else { of(count) };
    let bar = bar_text(standing.steps.passed, standing.steps.total, 10);
    let done = standing.steps.total > 0 && standing.steps.passed == standing.steps.total;
    let bar = match (standing.steps.total, done) {
        (0, _) => screen.paint(Paint::Dim, "no lab yet"),
        (_, true) => screen.paint(Paint::Good, bar),
        _ => bar,
    };
    let mut cells = vec![number.to_owned(), title.to_owned(), weeks.to_owned(), bar, dash(standing.steps)];
    if wide {
        cells.push(if standing.steps.total == 0 { String::from("-") } else { standing.kinds.map(dash).join(" ") });
    }
    cells.extend([dash(standing.labs), of(standing.topics), spent(standing.minutes)]);
    cells
}

fn sum(all: &mut Standing, one: &Standing) {
    let add = |a: &mut Count, b: Count| {
        a.passed += b.passed;
        a.total += b.total;
    };
    add(&mut all.steps, one.steps);
    add(&mut all.topics, one.topics);
    add(&mut all.labs, one.labs);
    all.kinds.iter_mut().zip(one.kinds).for_each(|(a, b)| add(a, b));
    all.minutes += one.minutes;
}

/// `1 h 20 min`.
pub fn spent(minutes: f64) -> String {
    match minutes.round() as u64 {
        0 if minutes > 0.0 => "<1 min".to_owned(),
        0 => "-".to_owned(),
        m if m < 60 => format!("{m} min"),
        m => format!("{} h {:02} min", m / 60, m % 60),
    }
}

fn legend(screen: &Screen, study: &Study<'_>) -> String {
    let with_lab: usize = study.roadmap.stages.iter().map(|s| study.standing(s).with_lab).sum();
    let topics = study.roadmap.topics().count();
    let kinds = if screen.width >= WIDE { "By kind: predict, build, measure. " } else { "" };
    match with_lab == topics {
        true => kinds.to_owned(),
        false => format!("{kinds}{with_lab} of {topics} topics have a lab; the others never count as done."),
    }
}

/// `2-4`, or `3`.
fn weeks(weeks: [u32; 2]) -> String {
    if weeks[0] == weeks[1] { weeks[0].to_string() } else { format!("{}-{}", weeks[0], weeks[1]) }
}

fn one_phase(screen: &Screen, study: &Study<'_>, number: u32) -> String {
    let Some(phase) = study.roadmap.phases.iter().find(|p| p.number == number) else { return String::new() };
    let title = screen.paint(Paint::Bold, format!("Phase {number}: {}", phase.title));
    let mut out = format!("{title}    {} weeks\n", weeks(phase.weeks));
    out.push_str(&format!("{}\n\n", screen.wrap("", "", &phase.line)));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for id in &phase.order {
        let labs = study.labs_of(id);
        let steps: Vec<bool> =
            labs.iter().flat_map(|(lab, steps)| steps.iter().map(|s| study.state(lab, &s.id).done())).collect();
        let state = study.topic_state(id);
        let mark = match state {
            "done" => screen.paint(Paint::Good, "✓"),
            "started" => "~".to_owned(),
            _ => " ".to_owned(),
        };
        let names: Vec<&str> = labs.iter().map(|(lab, _)| lab.slug()).collect();
        let names = if names.is_empty() { screen.paint(Paint::Dim, "no lab yet") } else { names.join(", ") };
        let title = study.roadmap.topic(id).map_or("", |t| t.title.as_str());
        let count = if steps.is_empty() {
            String::new()
        } else {
            format!("{}/{}", steps.iter().filter(|d| **d).count(), steps.len())
        };
        rows.push(vec![mark, id.clone(), title.to_owned(), names, count]);
    }
    let columns =
        [Column::Left(""), Column::Left("topic"), Column::Left(""), Column::Left("labs"), Column::Left("steps")];
    out.push_str(&table(screen, &columns, rows));
    out
}
