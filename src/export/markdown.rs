//! The lab notebook: for each lab what was predicted, tried, named and measured, and how the answer changed.

mod points;

use super::{Book, Chapter, lines, mistake, parameters, spent, wanted};
use crate::grading::plain;
use crate::verdict::Chart;
use similar::TextDiff;
use std::collections::BTreeMap;

/// The whole notebook; `draw` makes a chart of plain text. Braille does not line up in every font: planes become tables.
pub fn markdown(book: &Book<'_>, draw: &dyn Fn(&Chart) -> String) -> String {
    let (steps, labs) = book.totals();
    let mut out = format!(
        "# Lab notebook\n\n{}. {} of {} steps passed, {} of {} labs finished, {} of work.\n",
        book.today,
        steps.passed,
        steps.total,
        labs.passed,
        labs.total,
        spent(book.minutes())
    );
    out.push_str(&phases(book));
    out.push_str(&calibration(book));
    if book.chapters.is_empty() {
        out.push_str("\nNothing was tried yet.\n");
    }
    for chapter in &book.chapters {
        out.push_str(&format!("\n## {}: {}\n", escape(&chapter.slug), escape(chapter.title())));
        out.push_str(&predictions(chapter));
        out.push_str(&verdicts(book, chapter));
        out.push_str(&measurements(chapter));
        for (number, attempt, charts) in chapter.charts() {
            out.push_str(&format!("\n### Charts of {}, attempt {number}\n", escape(&attempt.step)));
            for chart in &charts {
                out.push_str(&match chart {
                    Chart::Plane { title, x, y, series } => points::table(title, x, y, series),
                    Chart::Bars { .. } | Chart::Histogram { .. } | Chart::Spans { .. } => fenced("text", &draw(chart)),
                });
            }
        }
        out.push_str(&answers(chapter));
        out.push_str(&notes(book, chapter));
    }
    out
}

fn phases(book: &Book<'_>) -> String {
    let mut rows = Vec::new();
    for (phase, standing) in book.study.phases() {
        let name = format!("{}. {}", phase.number, phase.title);
        let of = |count: crate::study::Count| format!("{} of {}", count.passed, count.total);
        rows.push(vec![name, of(standing.steps), of(standing.labs), of(standing.topics), spent(standing.minutes)]);
    }
    table(&["phase", "steps", "labs", "topics", "spent"], &rows)
}

fn calibration(book: &Book<'_>) -> String {
    let rows: Vec<Vec<String>> = lines(&book.calibration(), book.study).into_iter().map(Vec::from).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("\n## Calibration\n\nFirst guesses.\n{}", table(&["", "right", "off by, typically"], &rows))
}

fn predictions(chapter: &Chapter<'_>) -> String {
    if chapter.predictions.is_empty() {
        return String::new();
    }
    let (questions, numbers) = (chapter.questions(), chapter.numbers());
    let row = |p: &crate::progress::PredictionRow| {
        let question = questions.get(&(p.attempt.as_str(), p.question.clone()));
        let unit = question.and_then(|q| q.unit.as_deref()).unwrap_or_default();
        vec![
            numbers.get(p.attempt.as_str()).map_or_else(String::new, |n| n.to_string()),
            question.map_or_else(|| p.question.clone(), |q| q.text.clone()),
            parameters(p),
            p.given.clone(),
            wanted(p, unit),
            if p.right { "yes" } else { "no" }.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = chapter.predictions.iter().map(row).collect();
    format!("\n### Predictions\n{}", table(&["attempt", "question", "with", "given", "wanted", "right"], &rows))
}

fn verdicts(book: &Book<'_>, chapter: &Chapter<'_>) -> String {
    let mut out = "\n### Verdicts\n\n".to_owned();
    for (at, a) in chapter.attempts.iter().enumerate() {
        let language = a.language.as_ref().map_or_else(String::new, |l| format!(" in {l}"));
        let named = mistake(a).map_or_else(String::new, |(id, says)| format!(": {says} ({id})"));
        let checks = match a.total {
            0 => "tested out by the lab's last step".to_owned(),
            total => format!("{} of {total} checks, {} s, seed {}", a.passed, plain(a.seconds, 3), escape(&a.seed)),
        };
        out.push_str(&format!(
            "{}. {} **{}** {}: {}{}, {checks}{}\n",
            at + 1,
            book.when(a.at),
            escape(&a.verdict),
            escape(&a.kind),
            escape(&a.step),
            escape(&language),
            escape(&named)
        ));
    }
    out
}

fn measurements(chapter: &Chapter<'_>) -> String {
    if chapter.measurements.is_empty() {
        return String::new();
    }
    let numbers = chapter.numbers();
    let row = |m: &crate::progress::MeasurementRow| {
        let held = match (&m.bar, m.pass) {
            (None, _) => "",
            (_, true) => "yes",
            (_, false) => "no",
        };
        vec![
            numbers.get(m.attempt.as_str()).map_or_else(String::new, |n| n.to_string()),
            m.name.clone(),
            format!("{} {}", plain(m.value, 6), m.unit),
            m.bar.clone().unwrap_or_default(),
            held.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = chapter.measurements.iter().map(row).collect();
    let machines: Vec<String> = chapter.machines().into_iter().map(escape).collect();
    let table = table(&["attempt", "what", "value", "bar", "held"], &rows);
    format!("\n### Measurements\n\nOn {}.\n{table}", machines.join("; "))
}

/// What each attempt changed in the answer, language by language, from the starter on.
fn answers(chapter: &Chapter<'_>) -> String {
    let mut out = String::new();
    let mut before: BTreeMap<&str, (String, &str)> = BTreeMap::new();
    for (language, text) in &chapter.starters {
        before.insert(language, ("the starter".to_owned(), text));
    }
    for answer in &chapter.answers {
        let name = format!("attempt {}", answer.attempt);
        let last = before.insert(&answer.language, (name.clone(), &answer.text));
        let (last_name, last_text) = last.unwrap_or_else(|| ("nothing".to_owned(), ""));
        if last_text != answer.text {
            let diff = TextDiff::from_lines(last_text, answer.text.as_str());
            let text = diff.unified_diff().context_radius(2).header(&last_name, &name).to_string();
            out.push_str(&format!(
                "\n{last_name} -> {name}, in {}:\n{}",
                escape(&answer.language),
                fenced("diff", &text)
            ));
        }
    }
    if out.is_empty() { out } else { format!("\n### Answers\n{out}") }
}

fn notes(book: &Book<'_>, chapter: &Chapter<'_>) -> String {
    let notes = chapter.notes.iter().map(|note| format!("\n{}:\n{}", book.when(note.at), fenced("text", &note.text)));
    if chapter.notes.is_empty() { String::new() } else { format!("\n### Notes\n{}", notes.collect::<String>()) }
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!("\n| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out
}

/// Text that nothing in it ends: the fence is longer than any run of backticks inside.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("\n{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Text as it was written, on one line, whatever Markdown would make of it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escape, fenced};

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("a|b\n<script>`*_"), "a\\|b \\<script\\>\\`\\*\\_");
        assert_eq!(fenced("diff", "a ```` b\n"), "\n`````diff\na ```` b\n`````\n");
    }
}
