//! `roadmap author`: what is typed, and which labs are meant. The work is `author`'s and `trials`'.

mod calibrate;
mod check;

use super::{Global, completions, json};
use crate::author::{Checkout, ONE_THREAD, scaffold};
use crate::error::Result;
use crate::grading::Lab;
use crate::labs;
use crate::submission::once_more;
use crate::term::{Paint, Screen};
use clap_complete::ArgValueCompleter;
use serde_json::json;

/// `roadmap author`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Begin a lab: a small whole one, to be written over
    New {
        /// Its name: small letters, digits and `-`
        slug: String,
        /// A topic that its steps exercise; may be repeated [default: the topic of that name]
        #[arg(long = "topic", value_name = "ID", add = ArgValueCompleter::new(completions::topics))]
        topics: Vec<String>,
    },
    /// Run a lab's trials: solutions pass, every mistake is rejected and named, no words are missing
    Check {
        /// The lab [default: all]
        #[arg(add = ArgValueCompleter::new(completions::slugs))]
        slug: Option<String>,
    },
    /// Set a lab's bars from ten seeds of its solution, in lab.toml
    Calibrate {
        /// The lab [default: all]
        #[arg(add = ArgValueCompleter::new(completions::slugs))]
        slug: Option<String>,
    },
}

/// Does one of them.
pub fn run(global: &Global, screen: &Screen, command: &Command) -> Result<u8> {
    let asked = Asked { screen, json: global.json };
    if !matches!(command, Command::New { .. }) && std::env::var_os(ONE_THREAD.0).is_none() {
        return once_more(ONE_THREAD);
    }
    match command {
        Command::New { slug, topics } => asked.new_lab(slug, topics),
        Command::Check { slug } => check::run(&asked, slug.as_deref()),
        Command::Calibrate { slug } => calibrate::run(&asked, slug.as_deref()),
    }
}

/// Where the words go.
struct Asked<'a> {
    screen: &'a Screen,
    json: bool,
}

impl Asked<'_> {
    fn new_lab(&self, slug: &str, topics: &[String]) -> Result<u8> {
        let checkout = Checkout::here()?;
        let roadmap = labs::roadmap(Some(&checkout.root.join("roadmap")))?;
        let (folder, topics) = scaffold(&checkout, &roadmap, slug, topics)?;
        if self.json {
            let object = json!({"schema": json::SCHEMA, "lab": slug, "folder": folder, "topics": topics});
            self.screen.print(&format!("{object}\n"));
            return Ok(0);
        }
        let name = |text: String| self.screen.paint(Paint::Name, text);
        let mut out = format!("labs/{slug} is a small lab that works; write over it, file by file\n");
        if topics.is_empty() {
            out.push_str("topics       say in lab.toml which topics each step exercises\n");
        }
        out.push_str("oracle       is left to you: golden data of a real framework, and `oracle` in grader.rs\n");
        out.push_str("words        docs/writing-a-lab.md\n");
        out.push_str(&format!("its trials   {}\n", name(format!("cargo run -- author check {slug}"))));
        self.screen.print(&out);
        Ok(0)
    }

    /// The lab that is meant, or all.
    fn labs(&self, slug: Option<&str>) -> Result<Vec<Lab>> {
        let all = labs::all()?;
        Ok(match slug {
            Some(slug) => vec![labs::find(&all, slug)?.clone()],
            None => all,
        })
    }

    /// Whether someone watches.
    fn watched(&self) -> bool {
        self.screen.interactive && !self.json
    }
}
