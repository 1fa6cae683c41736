//! How far off first guesses are, in `status`: two lines at its end, and each guess beside its result for one phase.

use super::context::Context;
use crate::error::Result;
use crate::grading::plain;
use crate::progress::Guess;
use crate::study::Study;
use crate::study::calibration::{Calibration, Line, calibrate, difference, factor, family};
use crate::term::{Column, Paint, Screen, table};
use serde_json::{Value, json};

/// First guesses, put together.
fn calibration(study: &Study<'_>, guesses: &[Guess]) -> Calibration {
    calibrate(guesses, |lab| phase_of(study, lab))
}

fn phase_of(study: &Study<'_>, lab: &str) -> Option<u32> {
    let stage = study.stage_of(study.labs.iter().find(|l| l.slug() == lab)?)?;
    Some(study.roadmap.phase_of(stage.number)?.number)
}

/// The end of `status`: nothing until there is a guess.
pub fn brief(context: &Context, study: &Study<'_>) -> Result<String> {
    let found = calibration(study, &context.store.first_guesses()?);
    Ok(lines(&context.screen, &found))
}

fn lines(screen: &Screen, found: &Calibration) -> String {
    if found.all.tries == 0 {
        return String::new();
    }
    let mut words = format!("Your predictions: {} at first try", share(&found.all));
    let worst = found.units.iter().filter_map(|(unit, line)| Some((unit, line.factor?)));
    let worst = worst.max_by(|(_, a), (_, b)| a.total_cmp(b)).filter(|(_, factor)| *factor > 1.005);
    match (found.all.factor, worst) {
        (Some(off), Some((unit, most))) if found.units.values().filter(|l| l.factor.is_some()).count() > 1 => {
            words.push_str(&format!("; numbers {}, most of all {unit} ({})", by(off), times(most)));
        }
        (Some(off), _) => words.push_str(&format!("; numbers {}", by(off))),
        _ => {}
    }
    for (unit, line) in &found.units {
        if let Some(off) = line.difference {
            words.push_str(&format!("; {unit} off by {}{}", plain(off, 3), points(unit)));
        }
    }
    format!("{}\n", screen.wrap("", "", &format!("{words}.")))
}

/// One phase in full: by unit, then each first guess beside what it was.
pub fn phase(context: &Context, study: &Study<'_>, number: u32) -> Result<String> {
    let mut guesses = context.store.first_guesses()?;
    guesses.retain(|guess| phase_of(study, &guess.lab) == Some(number));
    guesses.sort_by(|a, b| (a.at, &a.lab, &a.step).cmp(&(b.at, &b.lab, &b.step)));
    if guesses.is_empty() {
        return Ok(String::new());
    }
    let (screen, found) = (&context.screen, calibration(study, &guesses));
    let mut out = format!("\n{}\n", screen.paint(Paint::Bold, "Your predictions, first tries"));
    let units = found.units.iter().map(|(unit, line)| vec![unit.clone(), share(line), off(line, unit)]);
    let columns = [Column::Left("unit"), Column::Left("right"), Column::Left("off by")];
    out.push_str(&table(screen, &columns, units.collect()));
    out.push('\n');
    let rows = guesses.iter().map(|guess| {
        let mark = if guess.right { screen.paint(Paint::Good, "✓") } else { screen.paint(Paint::Bad, "x") };
        let unit = guess.unit.as_deref().unwrap_or_default();
        let number =
            |value: Option<f64>| value.map_or(String::new(), |v| format!("{} {unit}", plain(v, 6)).trim().to_owned());
        let (given, wanted) = match guess.unit {
            Some(_) => (number(guess.value), number(guess.wanted)),
            None => (letter(guess.value), letter(guess.wanted)),
        };
        let off = match (factor(guess), difference(guess)) {
            (Some(factor), _) => times(factor),
            (None, Some(difference)) => format!("{} {unit}", plain(difference, 3)),
            (None, None) => String::new(),
        };
        vec![mark, guess.lab.clone(), guess.question.clone(), given, wanted, off]
    });
    let columns = [
        Column::Left(""),
        Column::Left("lab"),
        Column::Left("question"),
        Column::Right("you said"),
        Column::Right("it was"),
        Column::Right("off by"),
    ];
    out.push_str(&table(screen, &columns, rows.collect()));
    Ok(out)
}

/// In `status --json`.
pub fn object(context: &Context, study: &Study<'_>) -> Result<Value> {
    let guesses = context.store.first_guesses()?;
    let found = calibration(study, &guesses);
    let line = |line: &Line| json!({"tries": line.tries, "right": line.right, "factor": line.factor, "difference": line.difference});
    let phases = found.phases.iter().map(|(phase, of)| {
        let mut object = line(of);
        object["id"] = json!(phase);
        object
    });
    let units = found.units.iter().map(|(unit, of)| {
        let mut object = line(of);
        object["unit"] = json!(unit);
        object
    });
    let guesses = guesses.iter().map(|guess| {
        json!({
            "lab": guess.lab, "step": guess.step, "question": guess.question, "unit": guess.unit, "family": family(guess),
            "given": guess.value, "wanted": guess.wanted, "right": guess.right,
        })
    });
    let mut object = line(&found.all);
    object["phases"] = phases.collect();
    object["units"] = units.collect();
    object["guesses"] = guesses.collect();
    Ok(object)
}

/// A choice by its letter.
fn letter(index: Option<f64>) -> String {
    let known = index.filter(|i| i.fract() == 0.0 && (0.0..26.0).contains(i));
    known.map_or(String::new(), |i| format!("{})", char::from(b'a' + i as u8)))
}

fn share(line: &Line) -> String {
    let percent = (100.0 * line.right as f64 / line.tries.max(1) as f64).round();
    format!("{} of {} right ({percent:.0} %)", line.right, line.tries)
}

fn off(line: &Line, unit: &str) -> String {
    match (line.factor, line.difference) {
        (Some(factor), _) => times(factor),
        (None, Some(difference)) => format!("{}{}", plain(difference, 3), points(unit)),
        (None, None) => String::new(),
    }
}

/// The word after a difference in a family of units.
fn points(unit: &str) -> &'static str {
    if unit == "percentages" { " points" } else { "" }
}

fn by(factor: f64) -> String {
    if factor < 1.005 { "exact".to_owned() } else { format!("off by a factor of {}", plain(factor, 3)) }
}

fn times(factor: f64) -> String {
    if factor < 1.005 { "exact".to_owned() } else { format!("x {}", plain(factor, 3)) }
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::study::calibration::{Calibration, Line};
    use crate::term::Screen;

    fn line(tries: usize, right: usize, factor: Option<f64>, difference: Option<f64>) -> Line {
        Line { tries, right, factor, difference }
    }

    #[test]
    fn the_end_of_status_is_at_most_three_lines() {
        let mut found = Calibration { all: line(24, 17, Some(1.31), None), ..Calibration::default() };
        found.units.insert("bytes".to_owned(), line(10, 5, Some(2.104), None));
        found.units.insert("counts".to_owned(), line(10, 9, Some(1.0), None));
        found.units.insert("dB".to_owned(), line(4, 3, None, Some(2.5)));
        let text = lines(&Screen::plain(80), &found);
        assert_eq!(
            text.replace('\n', " ").trim_end(),
            "Your predictions: 17 of 24 right (71 %) at first try; numbers off by a factor of 1.31, most of all bytes \
             (x 2.1); dB off by 2.5."
        );
        assert!(text.lines().count() <= 3);
        assert_eq!(lines(&Screen::plain(80), &Calibration::default()), "", "nothing without data");
    }
}
