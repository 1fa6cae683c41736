//! A verdict on at most 16 lines: the mistake by name, then rows of evidence, then the smallest failing case.

use super::{Paint, Screen};
use crate::grading::plain;
use crate::verdict::{Clock, Finding, Graded, Kind, Measurement, Smallest, Verdict};
use std::path::Path;

/// What a verdict is shown with.
pub struct Shown<'a> {
    /// The lab.
    pub lab: &'a str,
    /// Which attempt at the step this is; 0 where none is counted.
    pub attempt: u64,
    /// The learner's own model, where one was given.
    pub model: Option<&'a Path>,
    /// How many hints the step has, and the next to read (1 and up).
    pub hints: (usize, usize),
}

const FINDINGS: usize = 4;
/// Lines that a failed verdict keeps to.
const LINES: usize = 16;
/// Lines of what a compiler says.
const BLOCK: usize = 12;

/// The text of a verdict.
pub fn verdict(screen: &Screen, graded: &Graded, shown: &Shown<'_>) -> String {
    let mut out = headline(screen, graded, shown);
    match &graded.verdict {
        Verdict::Nothing(why) => out.push_str(&format!("{}\n", screen.wrap("      ", "      ", why))),
        Verdict::Pass => passed(screen, graded, &mut out),
        Verdict::Fail(findings) | Verdict::Error(findings) => failed(screen, graded, findings, shown, &mut out),
    }
    out
}

/// `0.41 s`.
pub fn seconds(value: f64) -> String {
    if value < 10.0 { format!("{value:.2} s") } else { format!("{value:.0} s") }
}

fn headline(screen: &Screen, graded: &Graded, shown: &Shown<'_>) -> String {
    let (word, paint) = match &graded.verdict {
        Verdict::Pass => ("PASS", Paint::Good),
        Verdict::Fail(_) => ("FAIL", Paint::Bad),
        Verdict::Error(_) => ("STOP", Paint::Bad),
        Verdict::Nothing(_) => ("----", Paint::Dim),
    };
    let mut parts = vec![format!("{}: {}", graded.kind.word(), graded.step)];
    let what = if graded.kind == Kind::Predict { "answers" } else { "checks" };
    if graded.total > 0 {
        parts.push(format!("{} of {} {what}", graded.passed, graded.total));
    }
    if graded.inputs > 0 && graded.kind == Kind::Build {
        parts.push(format!("{} inputs", graded.inputs));
    }
    if graded.seconds > 0.0 && graded.kind != Kind::Predict {
        parts.push(seconds(graded.seconds));
    }
    if shown.attempt > 0 {
        parts.push(format!("attempt {}", shown.attempt));
    }
    let line = cut(&parts.join("    "), screen.width.saturating_sub(6));
    format!("{}  {}\n", screen.paint(paint, word), screen.paint(Paint::Bold, line))
}

fn passed(screen: &Screen, graded: &Graded, out: &mut String) {
    measurements(screen, &graded.measurements, out);
    if let Some(ratio) = graded.floor_ratio {
        out.push_str(&format!("      largest error {ratio:.1} times the rounding floor\n"));
    }
    for remark in &graded.remarks {
        out.push_str(&format!("{}\n", screen.wrap("      ", "      ", remark)));
    }
}

fn failed(screen: &Screen, graded: &Graded, findings: &[Finding], shown: &Shown<'_>, out: &mut String) {
    let build = graded.kind == Kind::Build;
    for named in graded.named.iter().take(2) {
        let lead = match (graded.kind, named.agrees) {
            (Kind::Predict, _) => "a known mistake leads to your number: ".to_owned(),
            (_, 1) => "your output equals a known mistake on the hidden input: ".to_owned(),
            (_, n) => format!("your outputs equal a known mistake on {n} of {n} hidden inputs: "),
        };
        let text = format!("{lead}{} ({})", named.says, named.id);
        out.push_str(&format!(
            "{}{}\n",
            screen.paint(Paint::Bad, " why  "),
            screen.wrap("      ", "      ", &text).trim_start()
        ));
    }
    let crashed = matches!(graded.verdict, Verdict::Error(_));
    if graded.named.is_empty() && build && !crashed {
        out.push_str(&format!(
            "{}no known mistake gives these results; here is where they part\n",
            screen.paint(Paint::Bad, " why  ")
        ));
    }
    let rows = ordered(findings, crashed);
    let below = below(screen, graded, &rows, shown);
    // All answers to questions are shown; of checks as many as a verdict has lines for.
    let (most, room) = match graded.kind {
        Kind::Predict => (rows.len(), usize::MAX),
        _ => (FINDINGS, LINES.saturating_sub(out.lines().count() + below.lines().count())),
    };
    let (mut used, mut told, mut place) = (0, 0, "");
    for finding in rows.iter().take(most) {
        // The questions of a step are often about the same numbers.
        let at = if graded.kind == Kind::Predict && finding.at == place { "" } else { &finding.at };
        let text = row(screen, finding, at);
        let more = usize::from(told + 1 < rows.len());
        if told > 0 && used + text.lines().count() + more > room {
            break;
        }
        used += text.lines().count();
        told += 1;
        place = &finding.at;
        out.push_str(&text);
    }
    if told < rows.len() {
        out.push_str(&format!("      ... and {} more\n", rows.len() - told));
    }
    out.push_str(&below);
}

/// The rows of a verdict: crashes first where the answer crashed, once for each line of it that does.
fn ordered(findings: &[Finding], crashed: bool) -> Vec<&Finding> {
    let mut rows: Vec<&Finding> = Vec::new();
    for finding in findings {
        let same = |other: &&Finding| match place(&other.got) {
            Some(at) => place(&finding.got) == Some(at),
            None => crashed && other.got == finding.got && other.at == finding.at,
        };
        if !rows.iter().any(same) {
            rows.push(finding);
        }
    }
    // A crash allows nothing. Violated properties say more than unequal numbers.
    let property = |f: &Finding| f.wanted.is_empty();
    rows.sort_by_key(|f| (crashed && !f.allowed.is_empty(), !property(f)));
    rows
}

/// The line of the answer at which it stopped: `answer.py:23`.
fn place(got: &str) -> Option<&str> {
    let word = got.split_whitespace().find(|word| word.contains("answer."))?;
    word.contains(':').then(|| word.trim_end_matches(':'))
}

/// What stands below the rows: what was measured, the smallest case, how to repeat it.
fn below(screen: &Screen, graded: &Graded, rows: &[&Finding], shown: &Shown<'_>) -> String {
    let mut out = String::new();
    measurements(screen, &graded.measurements, &mut out);
    if let Some(small) = &graded.smallest {
        smallest(screen, small, rows, &mut out);
    }
    if graded.kind == Kind::Predict {
        for remark in &graded.remarks {
            out.push_str(&format!("{}\n", screen.wrap("      ", "      ", remark)));
        }
        return out;
    }
    let case = graded.smallest.as_ref().map(|s| format!(":{}", s.number)).unwrap_or_default();
    let model = shown.model.map(|file| format!(" --model {}", file.display())).unwrap_or_default();
    let again = format!("roadmap lab {} --step {} --seed {:x}{case}{model}", shown.lab, graded.step, graded.seed);
    out.push_str(&format!("{}{}", screen.paint(Paint::Dim, "again "), screen.paint(Paint::Name, again)));
    let (hints, next) = shown.hints;
    if hints > 0 {
        let hint = screen.paint(Paint::Name, format!("roadmap hint {} --step {}", shown.lab, graded.step));
        out.push_str(&format!("\n{}{hint}    ({} of {hints})", screen.paint(Paint::Dim, "hint  "), next.min(hints)));
    }
    out.push('\n');
    out
}

fn smallest(screen: &Screen, small: &Smallest, rows: &[&Finding], out: &mut String) {
    let width = screen.width.saturating_sub(13);
    let lines = filled(&small.case, width);
    let lines = lines[..lines.len().min(CASE)].join(&format!("\n{}", " ".repeat(13)));
    let told = rows.iter().any(|f| f.got == small.got && f.wanted == small.wanted);
    let label = if told { "      on     " } else { "smallest     " };
    out.push_str(&format!("{}{lines}\n", screen.paint(Paint::Bold, label)));
    if told {
        return;
    }
    if small.wanted == small.got {
        out.push_str(&format!("      wanted {}\n", cut(&small.wanted, width)));
        out.push_str("      yours  prints the same; a row above says what differs\n");
        return;
    }
    for (name, text) in [("wanted", &small.wanted), ("yours ", &small.got)] {
        for (at, line) in limited(text, width, 2).iter().enumerate() {
            out.push_str(&format!("      {} {line}\n", if at == 0 { name } else { "      " }));
        }
    }
}

fn row(screen: &Screen, finding: &Finding, at: &str) -> String {
    let mark = format!("  {}   ", screen.paint(Paint::Bad, "x"));
    let at = if at.is_empty() { String::new() } else { format!("at {at}") };
    let fields = [("yours", &finding.got), ("wanted", &finding.wanted)];
    let long = finding.got.contains('\n') || finding.got.chars().count() + finding.wanted.chars().count() > 80;
    if long {
        // Signatures and what a compiler says keep their own lines.
        let mut out = format!("{mark}{}\n", format!("{} {at}", finding.check).trim_end());
        let width = screen.width.saturating_sub(14);
        for (name, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
            let lines = match text.contains('\n') {
                true => text.lines().take(BLOCK).map(|line| cut(line, width)).collect(),
                // Of a message the end counts as well, of a large result the beginning will do.
                false => limited(text, width, if place(text).is_some() { 3 } else { 1 }),
            };
            for (at, line) in lines.iter().enumerate() {
                let name = if at == 0 && !text.contains('\n') { name } else { "" };
                out.push_str(&format!("      {name:<7} {line}\n"));
            }
        }
        return out;
    }
    let pair: Vec<String> =
        fields.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}")).collect();
    let allowed = match finding.allowed.as_str() {
        "" | "exact" => String::new(),
        allowed => format!("allowed {allowed}"),
    };
    let width = screen.width.saturating_sub(10);
    let mut parts = vec![finding.check.clone(), at];
    match pair.join("   ") {
        together if together.chars().count() <= width => parts.push(together),
        _ => parts.extend(pair),
    }
    parts.push(allowed);
    parts.retain(|part| !part.is_empty());
    let lines = filled(&parts, width);
    format!("{mark}{}\n", lines[..lines.len().min(4)].join("\n          "))
}

/// Lines that the smallest case may take.
const CASE: usize = 5;

/// `parts` on as few lines as they need, none broken inside unless it is wider than a line.
fn filled(parts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + part.chars().count() <= width => {
                line.push_str(&format!("   {part}"))
            }
            _ => lines.extend(textwrap::wrap(part, width.max(10)).into_iter().map(|line| line.into_owned())),
        }
    }
    lines
}

fn measurements(screen: &Screen, measurements: &[Measurement], out: &mut String) {
    let name = measurements.iter().map(|m| m.name.chars().count()).max().unwrap_or(0);
    for m in measurements {
        let mark = match (&m.bar, m.pass) {
            (None, _) => " ".to_owned(),
            _ if m.undecided => screen.paint(Paint::Dim, "~"),
            (_, true) => screen.paint(Paint::Good, "✓"),
            (_, false) => screen.paint(Paint::Bad, "x"),
        };
        let pad = " ".repeat(name - m.name.chars().count());
        // No clock is truer than to four digits.
        let value = amount(m.value, &m.unit, if m.kind == Clock::Clock { 4 } else { 6 });
        let mut parts = vec![format!("{}{pad}  {value}", m.name)];
        parts.extend(m.bar.as_ref().map(|bar| format!(" bar: {bar}")));
        parts.extend((m.kind == Clock::Clock).then(|| " (timed here)".to_owned()));
        let lines = filled(&parts, screen.width.saturating_sub(6)).join(&format!("\n        {}", " ".repeat(name)));
        out.push_str(&format!("  {mark}   {lines}\n"));
    }
}

/// A number with its unit; large amounts of bytes, FLOPs and such take a prefix: `3.363 GB/s`.
fn amount(value: f64, unit: &str, digits: usize) -> String {
    let base = ["B", "B/s", "FLOP", "FLOP/s", "tokens/s", "MACs"].contains(&unit);
    let prefix = [(1e12, "T"), (1e9, "G"), (1e6, "M")].into_iter().find(|(factor, _)| base && value.abs() >= *factor);
    match prefix {
        Some((factor, prefix)) if value.is_finite() && value % 1.0 != 0.0 => {
            format!("{} {prefix}{unit}", plain(value / factor, digits))
        }
        _ => format!("{} {unit}", plain(value, digits)).trim_end().to_owned(),
    }
}

/// `text` on at most `most` lines of `width` columns.
fn limited(text: &str, width: usize, most: usize) -> Vec<String> {
    if most <= 1 {
        return vec![cut(text, width)];
    }
    let lines = textwrap::wrap(text.split('\n').next().unwrap_or_default(), width.max(10));
    let rest = lines.iter().skip(most - 1).map(|line| line.as_ref()).collect::<Vec<&str>>().join(" ");
    let first = lines.iter().take(most - 1).map(|line| line.clone().into_owned());
    first.chain((lines.len() >= most).then(|| cut(&rest, width))).collect()
}

/// `text` on one line of at most `width` columns.
fn cut(text: &str, width: usize) -> String {
    let line: String = text.split('\n').next().unwrap_or_default().to_owned();
    if line.chars().count() <= width {
        return line;
    }
    let kept: String = line.chars().take(width.saturating_sub(3)).collect();
    format!("{kept}...")
}
