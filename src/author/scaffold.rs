//! A new lab: the files of `template/` under another name. They are a whole lab, small, that passes its own trials; only
//! the oracle is left to its author, because nobody can make up what a framework answers.

use super::Checkout;
use crate::curriculum::Roadmap;
use crate::error::{Doing, Error, Result, nearest};
use std::fs;
use std::path::PathBuf;

/// What build.rs and the trials want.
const FILES: [(&str, &str); 12] = [
    ("lab.toml", include_str!("template/lab.toml")),
    ("brief.md", include_str!("template/brief.md")),
    ("hints.md", include_str!("template/hints.md")),
    ("starter.rs", include_str!("template/starter.rs")),
    ("starter.py", include_str!("template/starter.py")),
    ("solution.rs", include_str!("template/solution.rs")),
    ("solution.py", include_str!("template/solution.py")),
    ("misconceptions.rs", include_str!("template/misconceptions.rs")),
    ("misconceptions.py", include_str!("template/misconceptions.py")),
    ("grader.rs", include_str!("template/grader.rs")),
    ("oracle/make.py", include_str!("template/oracle/make.py")),
    ("oracle/README.md", include_str!("template/oracle/README.md")),
];

/// A folder's name becomes a Rust module's.
const KEYWORDS: [&str; 18] = [
    "as", "async", "box", "break", "const", "dyn", "enum", "final", "loop", "match", "move", "ref", "static", "super",
    "try", "type", "use", "yield",
];

/// Writes labs/SLUG and returns its folder and the topics that its steps name: those that were asked for, else the topic
/// that is called like the lab, if there is one.
pub fn scaffold(
    checkout: &Checkout,
    roadmap: &Roadmap,
    slug: &str,
    topics: &[String],
) -> Result<(PathBuf, Vec<String>)> {
    let folder = checkout.lab(slug);
    if !is_kebab(slug) {
        let kebab: String =
            slug.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let kebab = kebab.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        let error = Error::usage(format!(
            "`{slug}` cannot name a lab: small letters and digits in words with `-` between them"
        ));
        return Err(if is_kebab(&kebab) {
            error.hint(format!("roadmap author new {kebab}"))
        } else {
            error.hint("roadmap author new int8-matmul")
        });
    }
    if folder.exists() {
        return Err(
            Error::usage(format!("labs/{slug} is there already")).hint(format!("cargo run -- author check {slug}"))
        );
    }
    if let Some(id) = topics.iter().find(|id| roadmap.topic(id).is_none()) {
        let error = Error::usage(format!("there is no topic `{id}`"));
        return Err(match nearest(id, roadmap.topics().map(|(.., topic)| topic.id.as_str())) {
            Some(near) => error.hint(format!("did you mean: roadmap author new {slug} --topic {near}")),
            None => error.hint("see what there is: roadmap list"),
        });
    }
    let own = roadmap.topic(slug).map(|_| slug.to_owned());
    let topics: Vec<String> = if topics.is_empty() { own.into_iter().collect() } else { topics.to_vec() };
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).doing(|| format!("creating {}", folder.display()))?;
        }
        let text = text.replace("[\"TOPIC\"]", &format!("{topics:?}")).replace("`SLUG`", &format!("`{slug}`"));
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
    }
    Ok((folder, topics))
}

fn is_kebab(slug: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    slug.split('-').all(word) && slug.starts_with(|c: char| c.is_ascii_lowercase()) && !KEYWORDS.contains(&slug)
}
