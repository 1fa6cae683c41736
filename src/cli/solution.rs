//! `roadmap solution`: the model answer, after a pass or after giving up, which is recorded.

use super::context::{self, Context};
use crate::error::{Error, Result};
use crate::progress::Event;
use crate::submission::Language;
use crate::verdict::Kind;

/// `roadmap solution`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The lab [default: this folder's, or the last one]
    pub lab: Option<String>,
    /// rust or python [default: the one you last used]
    #[arg(long, value_name = "LANG", value_parser = context::language)]
    pub lang: Option<Language>,
    /// Show it before you passed; this is recorded
    #[arg(long)]
    pub give_up: bool,
}

/// Prints the model answer.
pub fn run(context: &mut Context, arguments: &Arguments) -> Result<u8> {
    let lab = context.lab(arguments.lab.as_deref())?;
    let language = context.language(lab.slug(), arguments.lang)?;
    let study = context.study()?;
    let open =
        lab.manifest.steps.iter().filter(|s| s.kind == Kind::Build && !s.optional && !study.state(&lab, &s.id).done());
    let open: Vec<String> = open.map(|s| format!("`{}`", s.id)).collect();
    if !open.is_empty() && !arguments.give_up {
        return Err(Error::usage(format!("{} is not passed yet: {} still open", lab.slug(), open.join(", ")))
            .hint(format!("roadmap hint {0}, or see it anyway: roadmap solution {0} --give-up", lab.slug())));
    }
    let detail = if open.is_empty() { "passed" } else { "gave up" };
    context.store.happened(lab.slug(), None, Event::Solution, detail)?;
    if context.json {
        let object = serde_json::json!({"schema": 1, "lab": lab.slug(), "language": language.word(), "solution": lab.solution(language)});
        context.screen.print(&format!("{object}\n"));
    } else {
        context.screen.print(lab.solution(language));
    }
    Ok(0)
}
