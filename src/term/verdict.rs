//! A verdict on at most 16 lines: the mistake by name, then rows of evidence, then the smallest failing case.

use super::{Paint, Screen};
use crate::grading::plain;
use crate::verdict::{Clock, Finding, Graded, Kind, Measurement, Verdict};

/// What a verdict is shown with.
pub struct Shown<'a> {
    /// The lab.
    pub lab: &'a str,
    /// Which attempt at the step this is; 0 where none is counted.
    pub attempt: u64,
    /// How many hints the step has, and the next to read (1 and up).
    pub hints: (usize, usize),
}

const FINDINGS: usize = 4;
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
    // Violated properties say more than unequal numbers, where no mistake is named.
    let mut rows: Vec<&Finding> = findings.iter().collect();
    if graded.named.is_empty() {
        rows.sort_by_key(|f| !f.wanted.is_empty());
    }
    if crashed {
        // The same crash at each check says nothing new.
        rows.dedup_by(|a, b| a.got == b.got);
    }
    for finding in rows.iter().take(FINDINGS) {
        row(screen, finding, out);
    }
    if rows.len() > FINDINGS {
        out.push_str(&format!("      ... and {} more\n", rows.len() - FINDINGS));
    }
    measurements(screen, &graded.measurements, out);
    if let Some(small) = &graded.smallest {
        let label = if crashed { "      on     " } else { "smallest     " };
        let lines = filled(&small.case, screen.width.saturating_sub(13));
        let lines = lines[..lines.len().min(CASE)].join(&format!("\n{}", " ".repeat(13)));
        out.push_str(&format!("{}{lines}\n", screen.paint(Paint::Bold, label)));
        for (name, text) in [("wanted", &small.wanted), ("yours ", &small.got)] {
            if !text.is_empty() {
                out.push_str(&format!("      {name} {}\n", cut(text, screen.width.saturating_sub(13))));
            }
        }
    }
    if graded.kind == Kind::Predict {
        for remark in &graded.remarks {
            out.push_str(&format!("{}\n", screen.wrap("      ", "      ", remark)));
        }
        return;
    }
    let case = graded.smallest.as_ref().map(|s| format!(":{}", s.number)).unwrap_or_default();
    let again = format!("roadmap lab {} --step {} --seed {:x}{case}", shown.lab, graded.step, graded.seed);
    out.push_str(&format!("{}{}", screen.paint(Paint::Dim, "again "), screen.paint(Paint::Name, again)));
    let (hints, next) = shown.hints;
    if hints > 0 {
        let hint = screen.paint(Paint::Name, format!("roadmap hint {}", shown.lab));
        out.push_str(&format!("\n{}{hint}    ({} of {hints})", screen.paint(Paint::Dim, "hint  "), next.min(hints)));
    }
    out.push('\n');
}

fn row(screen: &Screen, finding: &Finding, out: &mut String) {
    let mark = format!("  {}   ", screen.paint(Paint::Bad, "x"));
    let at = if finding.at.is_empty() { String::new() } else { format!("at {}", finding.at) };
    let fields = [("yours", &finding.got), ("wanted", &finding.wanted)];
    let long = finding.got.contains('\n') || finding.got.chars().count() + finding.wanted.chars().count() > 80;
    if long {
        // Signatures and what a compiler says keep their own lines.
        out.push_str(&format!("{mark}{} {at}\n", finding.check));
        for (name, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
            let name = if text.contains('\n') { "" } else { name };
            for line in text.lines().take(BLOCK) {
                out.push_str(&format!("      {name:<7} {}\n", cut(line, screen.width.saturating_sub(15))));
            }
        }
        return;
    }
    let pair: Vec<String> =
        fields.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}")).collect();
    let allowed = match finding.allowed.as_str() {
        "" | "exact" => String::new(),
        allowed => format!("allowed {allowed}"),
    };
    let parts: Vec<String> =
        [finding.check.clone(), at, pair.join("   "), allowed].into_iter().filter(|part| !part.is_empty()).collect();
    let lines = filled(&parts, screen.width.saturating_sub(8));
    out.push_str(&format!("{mark}{}\n", lines[..lines.len().min(3)].join("\n          ")));
}

/// Lines that the smallest case may take.
const CASE: usize = 4;

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
            (_, true) => screen.paint(Paint::Good, "✓"),
            (_, false) => screen.paint(Paint::Bad, "x"),
        };
        let bar = m.bar.as_ref().map(|bar| format!("    bar: {bar}")).unwrap_or_default();
        let clock = if m.kind == Clock::Clock { "    (timed here)" } else { "" };
        let pad = " ".repeat(name - m.name.chars().count());
        out.push_str(&format!("  {mark}   {}{pad}  {} {}{bar}{clock}\n", m.name, plain(m.value, 6), m.unit));
    }
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
