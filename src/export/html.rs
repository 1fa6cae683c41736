//! One page that holds everything it needs: no script, no font, no picture from elsewhere. All text is escaped.

use super::{Book, Chapter, colors, lines, mistake, parameters, spent, svg, wanted};
use crate::grading::plain;
use crate::progress::Attempt;
use crate::study::Count;

const STYLE: &str = include_str!("page.css");

/// Rows of a table before the earlier ones are only counted.
const ROWS: usize = 40;

/// The whole page.
pub fn html(book: &Book<'_>) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>roadmap, {}</title>\n<style>\n{}{}{STYLE}</style>\n</head>\n<body>\n<main>\n",
        book.today,
        colors::variables(),
        svg::STYLE
    );
    out.push_str(&head(book));
    out.push_str(&phases(book));
    out.push_str(&calendar(book));
    out.push_str(&calibration(book));
    for chapter in &book.chapters {
        out.push_str(&lab(book, chapter));
    }
    out.push_str(
        "<footer>Written by <code>roadmap export --html</code>. Nothing here is loaded from elsewhere.</footer>\n",
    );
    out + "</main>\n</body>\n</html>\n"
}

fn head(book: &Book<'_>) -> String {
    let ((steps, labs), predicted) = (book.totals(), book.calibration().all);
    let of = |count: Count| format!("{} <small>of {}</small>", count.passed, count.total);
    let share = match predicted.tries {
        0 => "–".to_owned(),
        tries => format!("{} % <small>of {tries}</small>", (100 * predicted.right + tries / 2) / tries),
    };
    let tiles = [
        (of(steps), "steps passed"),
        (of(labs), "labs finished"),
        (spent(book.minutes()), "of work"),
        (share, "first guesses right"),
    ];
    let tiles: Vec<String> = tiles
        .iter()
        .map(|(value, name)| format!("<div class=\"tile\"><b>{value}</b><span>{name}</span></div>"))
        .collect();
    let machines: Vec<String> = book.machines().into_iter().map(escape).collect();
    let machines = if machines.is_empty() { String::new() } else { format!(" · measured on {}", machines.join("; ")) };
    format!(
        "<header>\n<h1>From FLOPs to serving</h1>\n<p class=\"dim\">{}{machines}</p>\n</header>\n<div class=\"tiles\">{}</div>\n",
        book.today.strftime("%-d %B %Y"),
        tiles.join("")
    )
}

fn phases(book: &Book<'_>) -> String {
    let mut out = "<section id=\"phases\">\n<h2>Progress by phase</h2>\n".to_owned();
    for (phase, standing) in book.study.phases() {
        let share = 100.0 * standing.steps.passed as f64 / standing.steps.total.max(1) as f64;
        let class = if standing.steps.total > 0 && share == 100.0 { " class=\"done\"" } else { "" };
        let steps = match standing.steps.total {
            0 => "no lab yet".to_owned(),
            total => format!("{} of {total}", standing.steps.passed),
        };
        let time = if standing.minutes > 0.0 { spent(standing.minutes) } else { String::new() };
        out.push_str(&format!(
            "<div class=\"phase\"><span class=\"n\">{}</span><span>{}</span><div class=\"track\"><i{class} style=\"width:{share:.1}%\"></i></div>\
             <span class=\"r\">{steps}</span><span class=\"r time\">{time}</span></div>\n",
            phase.number,
            escape(&phase.title)
        ));
    }
    out + "</section>\n"
}

fn calendar(book: &Book<'_>) -> String {
    let legend: String = (0..5)
        .map(|n| {
            format!(
                "<svg width=\"13\" height=\"13\"><rect class=\"heat{n}\" width=\"13\" height=\"13\" rx=\"3\"/></svg>"
            )
        })
        .collect();
    let days = book.days.values().filter(|minutes| **minutes > 0.0).count();
    format!(
        "<section id=\"calendar\">\n<h2>Days</h2>\n<p class=\"dim\">{} on {days} {}</p>\n<div class=\"scroll latest\">{}</div>\n\
         <div class=\"legend\">0 min {legend} over 90 min</div>\n</section>\n",
        spent(book.minutes()),
        if days == 1 { "day" } else { "days" },
        svg::calendar(&book.days, book.today)
    )
}

fn calibration(book: &Book<'_>) -> String {
    let lines = lines(&book.calibration(), book.study);
    if lines.is_empty() {
        return String::new();
    }
    let row = |[name, right, off]: [String; 3]| vec![Cell::Text(name), Cell::Number(right), Cell::Number(off)];
    let rows: Vec<Vec<Cell>> = lines.into_iter().map(row).collect();
    format!(
        "<section id=\"calibration\">\n<h2>Calibration</h2>\n<p class=\"dim\">Your first guess at each question over what was \
         right. The table has the average.</p>\n<div class=\"scroll\">{}</div>\n{}</section>\n",
        svg::dots(&book.guesses),
        table(&["", "#right", "#off by"], &rows)
    )
}

fn lab(book: &Book<'_>, chapter: &Chapter<'_>) -> String {
    let mut out = format!(
        "<section class=\"lab\">\n<h2>{}</h2>\n<p class=\"dim\"><code>{}</code></p>\n",
        escape(chapter.title()),
        escape(&chapter.slug)
    );
    if let Some(lab) = chapter.lab {
        let steps = lab.manifest.steps.iter().map(|step| {
            let done = book.study.state(lab, &step.id).done();
            let (class, mark) = if done { (" class=\"done\"", "✓ ") } else { ("", "") };
            format!("<li{class}>{mark}{}: {}</li>", step.kind.word(), escape(&step.id))
        });
        out.push_str(&format!("<ul class=\"steps\">{}</ul>\n", steps.collect::<String>()));
    }
    let charts: Vec<String> = chapter
        .charts()
        .iter()
        .flat_map(|(number, attempt, charts)| charts.iter().map(move |chart| (number, attempt, chart)))
        .map(|(number, attempt, chart)| {
            let (title, step) = (escape(chart.title()), escape(&attempt.step));
            let caption = format!("<h3>{title}</h3>{step}, attempt {number}");
            format!("<figure><figcaption>{caption}</figcaption>{}</figure>", svg::chart(chart))
        })
        .collect();
    if !charts.is_empty() {
        out.push_str(&format!("<div class=\"charts\">{}</div>\n", charts.join("")));
    }
    out.push_str(&folded("measurement", &["#attempt", "what", "#value", "bar", ""], measurements(chapter)));
    out.push_str(&folded(
        "prediction",
        &["#attempt", "question", "with", "#given", "#wanted", ""],
        predictions(chapter),
    ));
    out.push_str(&folded("attempt", &["#", "when", "step", "verdict", "#checks", "mistake"], attempts(book, chapter)));
    let notes = chapter.notes.iter().map(|note| vec![Cell::Line(book.when(note.at)), text(&note.text)]).collect();
    out.push_str(&folded("note", &["when", ""], notes));
    out + "</section>\n"
}

fn measurements(chapter: &Chapter<'_>) -> Vec<Vec<Cell>> {
    let numbers = chapter.numbers();
    let row = |m: &crate::progress::MeasurementRow| {
        vec![
            number(numbers.get(m.attempt.as_str()).copied()),
            text(&m.name),
            Cell::Number(format!("{} {}", plain(m.value, 6), m.unit)),
            text(m.bar.as_deref().unwrap_or_default()),
            if m.bar.is_some() { Cell::Held(m.pass) } else { text("") },
        ]
    };
    chapter.measurements.iter().map(row).collect()
}

fn predictions(chapter: &Chapter<'_>) -> Vec<Vec<Cell>> {
    let (questions, numbers) = (chapter.questions(), chapter.numbers());
    let row = |p: &crate::progress::PredictionRow| {
        let question = questions.get(&(p.attempt.as_str(), p.question.clone()));
        let unit = question.and_then(|q| q.unit.as_deref()).unwrap_or_default();
        vec![
            number(numbers.get(p.attempt.as_str()).copied()),
            text(question.map_or(p.question.as_str(), |q| q.text.as_str())),
            text(&parameters(p)),
            Cell::Number(p.given.clone()),
            Cell::Number(wanted(p, unit)),
            Cell::Held(p.right),
        ]
    };
    chapter.predictions.iter().map(row).collect()
}

fn attempts(book: &Book<'_>, chapter: &Chapter<'_>) -> Vec<Vec<Cell>> {
    let row = |(at, a): (usize, &Attempt)| {
        let step = match &a.language {
            Some(language) => format!("{}: {} ({language})", a.kind, a.step),
            None => format!("{}: {}", a.kind, a.step),
        };
        vec![
            number(Some(at + 1)),
            Cell::Line(book.when(a.at)),
            text(&step),
            Cell::Verdict(a.verdict.clone()),
            Cell::Number(format!("{} of {}", a.passed, a.total)),
            text(&mistake(a).map_or_else(String::new, |(id, says)| format!("{id}: {says}"))),
        ]
    };
    chapter.attempts.iter().enumerate().map(row).collect()
}

enum Cell {
    Text(String),
    Line(String),
    Number(String),
    Held(bool),
    Verdict(String),
}

fn text(words: &str) -> Cell {
    Cell::Text(words.to_owned())
}

fn number(value: Option<usize>) -> Cell {
    Cell::Number(value.map_or_else(String::new, |n| n.to_string()))
}

/// A table behind a line that opens it; of a long one the last rows.
fn folded(noun: &str, columns: &[&str], mut rows: Vec<Vec<Cell>>) -> String {
    let total = rows.len();
    if total == 0 {
        return String::new();
    }
    let plural = if total == 1 { "" } else { "s" };
    let last = if total > ROWS { format!(", the last {ROWS}") } else { String::new() };
    rows.drain(..total.saturating_sub(ROWS));
    format!(
        "<details><summary>{total} {noun}{plural}{last}</summary><div class=\"scroll\">{}</div></details>\n",
        table(columns, &rows)
    )
}

/// A column whose name begins with `#` holds numbers.
fn table(columns: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut out = "<table><thead><tr>".to_owned();
    for column in columns {
        out.push_str(&match column.strip_prefix('#') {
            Some(name) => format!("<th class=\"num\">{name}</th>"),
            None => format!("<th>{column}</th>"),
        });
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str(&match cell {
                Cell::Text(words) => format!("<td>{}</td>", escape(words)),
                Cell::Line(words) => format!("<td class=\"nowrap\">{}</td>", escape(words)),
                Cell::Number(words) => format!("<td class=\"num\">{}</td>", escape(words.trim_end())),
                Cell::Held(true) => "<td class=\"good\">✓</td>".to_owned(),
                Cell::Held(false) => "<td class=\"bad\">✗</td>".to_owned(),
                Cell::Verdict(word) => {
                    let class = if word == "pass" { "good" } else { "bad" };
                    format!("<td class=\"{class}\">{}</td>", escape(word))
                }
            });
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody></table>\n"
}

/// Text that a browser shows as it was written, in content and in attributes alike.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No XML may hold these.
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
