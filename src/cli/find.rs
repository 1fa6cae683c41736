//! `roadmap find`: words in topics, labs, briefs, cards and notes. Hints are left out: they are read when they are needed.

use super::context::Context;
use super::json;
use crate::curriculum::Roadmap;
use crate::error::{Error, Result};
use crate::grading::Lab;
use crate::progress::{Document, Found, Match};
use crate::term::{Paint, Screen};
use serde_json::json;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

/// Prints where all the words occur, or, if they nowhere do together, where some do.
pub fn run(context: &mut Context, words: &[String]) -> Result<u8> {
    if !words.iter().any(|word| word.chars().any(char::is_alphanumeric)) {
        return Err(Error::usage("there is no word to look for").hint("roadmap find \"zero point\""));
    }
    let (roadmap, labs) = (&context.roadmap, &context.labs);
    context.store.index(&content(roadmap, labs), || documents(roadmap, labs))?;
    let (mut found, mut some) = (Vec::new(), false);
    for matching in [Match::All, Match::Begun, Match::Any] {
        if found.is_empty() && (matching != Match::Any || words.len() > 1) {
            found = context.store.find(words, matching)?;
            some = matching == Match::Any;
        }
    }
    if context.json {
        let results: Vec<_> = found.iter().map(object).collect();
        let object = json!({"schema": json::SCHEMA, "words": words, "all": !some, "results": results});
        context.screen.print(&format!("{object}\n"));
        return Ok(0);
    }
    let screen = &context.screen;
    let mut out = String::new();
    if found.is_empty() {
        out.push_str(&format!("nothing says `{}`\n", words.join(" ")));
    } else if some {
        out.push_str("nothing has all of these words; some of them are here\n");
    }
    for one in &found {
        let place = if one.place.is_empty() { String::new() } else { format!(", {}", one.place) };
        out.push_str(&format!("{}  {}{place}\n", one.kind, screen.paint(Paint::Name, &one.name)));
        out.push_str(&format!("{}\n", snippet(screen, one)));
    }
    screen.print(&out);
    Ok(0)
}

/// The snippet with its matches in bold, or in brackets where nothing is bold.
fn snippet(screen: &Screen, found: &Found) -> String {
    let (open, close) = if screen.color { ("\u{2}", "\u{3}") } else { ("[", "]") };
    let text: String = found
        .snippet
        .iter()
        .map(|(piece, matched)| if *matched { format!("{open}{piece}{close}") } else { piece.clone() })
        .collect();
    let wrapped = screen.wrap("    ", "    ", &text);
    if !screen.color {
        return wrapped;
    }
    let parts = wrapped.split(['\u{2}', '\u{3}']).enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { screen.paint(Paint::Bold, part) } else { part.to_owned() }).collect()
}

fn object(found: &Found) -> serde_json::Value {
    let snippet: String = found.snippet.iter().map(|(piece, _)| piece.as_str()).collect();
    let matched: Vec<&str> = found.snippet.iter().filter(|(_, m)| *m).map(|(piece, _)| piece.as_str()).collect();
    let place = Some(&found.place).filter(|place| !place.is_empty());
    json!({"kind": found.kind, "name": found.name, "place": place, "snippet": snippet, "matches": matched})
}

/// What the index has to be made from again when it changes: a fast hash, taken at each search.
fn content(roadmap: &Roadmap, labs: &[Lab]) -> String {
    let mut hash = DefaultHasher::new();
    let mut add = |text: &str| {
        hash.write(text.as_bytes());
        hash.write_u8(0xff);
    };
    for (.., topic) in roadmap.topics() {
        [&topic.id, &topic.title, &topic.what, &topic.why].into_iter().for_each(|text| add(text));
        topic.covers.iter().for_each(|text| add(text));
    }
    for lab in labs {
        [lab.slug(), lab.embedded.files.manifest, lab.embedded.files.brief].into_iter().for_each(&mut add);
    }
    // The form of the documents; raise it when `documents` changes.
    add("2");
    format!("{:016x}", hash.finish())
}

fn documents(roadmap: &Roadmap, labs: &[Lab]) -> Vec<Document> {
    let document = |kind, name: &str, place: &str, body: String| Document {
        kind,
        name: name.to_owned(),
        place: place.to_owned(),
        body,
    };
    let mut out: Vec<Document> = roadmap
        .topics()
        .map(|(.., t)| {
            let body = format!("{}. {} {} {}", t.title, t.what, t.why, t.covers.join("; "));
            document("topic", &t.id, "", body)
        })
        .collect();
    for lab in labs {
        let (manifest, words) = (&lab.manifest, lab.words());
        out.push(document("lab", lab.slug(), "", format!("{}. {}", manifest.title, manifest.about)));
        out.push(document("brief", lab.slug(), "", plain(words.idea())));
        for step in &manifest.steps {
            let body = format!("{}. {}", step.title, plain(words.step(&step.id)));
            out.push(document("brief", lab.slug(), &step.id, body));
        }
        for card in &manifest.cards {
            out.push(document("card", lab.slug(), "", format!("{} {}", card.question, card.answer)));
        }
    }
    out
}

/// Markdown without its marks.
fn plain(markdown: &str) -> String {
    let lines = markdown.lines().map(|line| line.trim_start().trim_start_matches('#').trim_start());
    let text: Vec<char> = lines.collect::<Vec<_>>().join("\n").replace("**", "").replace('`', "").chars().collect();
    let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|c| c.is_alphanumeric());
    // A star between a blank and a letter is emphasis; any other is a product.
    let emphasis = |at: usize| text[at] == '*' && letter(at.checked_sub(1)) != letter(Some(at + 1));
    (0..text.len()).filter(|&at| !emphasis(at)).map(|at| text[at]).collect()
}
