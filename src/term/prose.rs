//! The Markdown of briefs and hints, as far as they use it: headings, code, emphasis, lists; pictures stay as they are.

use super::{Paint, Screen};

/// `markdown` for the screen.
pub fn prose(screen: &Screen, markdown: &str) -> String {
    let mut out = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut fenced = false;
    for line in markdown.lines() {
        let text = line.trim_start();
        let fence = text.starts_with("```");
        let verbatim = fenced || line.starts_with("    ") || text.starts_with('|');
        let starts_item = text.starts_with("- ") || text.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok());
        if fence || verbatim || text.is_empty() || text.starts_with('#') || starts_item {
            flush(screen, &mut paragraph, &mut out);
        }
        if fence {
            fenced = !fenced;
        } else if verbatim {
            let indent = if fenced { "    " } else { "" };
            out.push_str(&format!("{indent}{}\n", line.trim_end()));
        } else if text.is_empty() {
            if !out.ends_with("\n\n") && !out.is_empty() {
                out.push('\n');
            }
        } else if let Some(heading) = text.strip_prefix('#') {
            out.push_str(&format!("{}\n", screen.paint(Paint::Bold, heading.trim_start_matches('#').trim())));
        } else {
            paragraph.push(text);
        }
    }
    flush(screen, &mut paragraph, &mut out);
    out
}

fn flush(screen: &Screen, paragraph: &mut Vec<&str>, out: &mut String) {
    if paragraph.is_empty() {
        return;
    }
    let text = paragraph.join(" ");
    paragraph.clear();
    let indent = match text.split_once(' ') {
        Some(("-", _)) => "  ",
        Some((number, _)) if number.ends_with('.') && number[..number.len() - 1].parse::<u8>().is_ok() => "   ",
        _ => "",
    };
    let wrapped = screen.wrap("", indent, &text);
    out.push_str(&inline(screen, &wrapped));
    out.push('\n');
}

/// `code` and **strong** in a paragraph.
fn inline(screen: &Screen, text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            out.push_str(&if screen.color { screen.paint(Paint::Name, part) } else { format!("`{part}`") });
            continue;
        }
        // **strong** and *emphasis* look the same; a lone star is a star.
        let part = part.replace("**", "*");
        let starred = part.matches('*').count() % 2 == 0;
        for (at, piece) in part.split('*').enumerate() {
            let strong = starred && at % 2 == 1;
            let star = if !starred && at > 0 { "*" } else { "" };
            out.push_str(&if strong { screen.paint(Paint::Bold, piece) } else { format!("{star}{piece}") });
        }
    }
    out
}
