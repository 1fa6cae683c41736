//! Completions that know the labs, topics and steps, and the manual page.

use super::Arguments;
use crate::error::{Doing, Error, Result};
use crate::labs;
use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::Shells;
use std::ffi::OsStr;

/// The variable by which a shell asks this binary for candidates.
const VARIABLE: &str = "COMPLETE";

/// Answers a shell that asks for candidates, and ends; otherwise returns at once.
pub fn answer_shell() {
    CompleteEnv::with_factory(Arguments::command).var(VARIABLE).complete();
}

/// What a shell has to read (`source <(roadmap completions bash)`), or the manual page.
pub fn text(what: &str) -> Result<String> {
    let mut bytes = Vec::new();
    if what == "man" {
        clap_mangen::Man::new(Arguments::command())
            .render(&mut bytes)
            .doing(|| "writing the manual page".to_owned())?;
    } else {
        let shells = Shells::builtins();
        let shell = shells.completer(what).ok_or_else(|| {
            let names = shells.names().collect::<Vec<_>>().join(", ");
            Error::usage(format!("there are no completions for `{what}`")).hint(format!("one of {names}, or man"))
        })?;
        shell
            .write_registration(VARIABLE, "roadmap", "roadmap", "roadmap", &mut bytes)
            .doing(|| format!("writing completions for {what}"))?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Labs that begin with what is typed.
pub fn slugs(typed: &OsStr) -> Vec<CompletionCandidate> {
    let labs = labs::all().unwrap_or_default();
    matching(typed, labs.iter().map(|lab| (lab.slug().to_owned(), lab.manifest.title.clone())))
}

/// Labs and topics that begin with what is typed.
pub fn names(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut all = slugs(typed);
    all.extend(topics(typed));
    all
}

/// Topics that begin with what is typed.
pub fn topics(typed: &OsStr) -> Vec<CompletionCandidate> {
    let roadmap = labs::roadmap(None).ok();
    matching(typed, roadmap.iter().flat_map(|r| r.topics()).map(|(.., t)| (t.id.clone(), t.title.clone())))
}

/// Steps of any lab: the shell does not say which lab stands before.
pub fn steps(typed: &OsStr) -> Vec<CompletionCandidate> {
    let labs = labs::all().unwrap_or_default();
    let steps = labs.iter().flat_map(|lab| lab.manifest.steps.iter().map(|s| (s.id.clone(), s.title.clone())));
    matching(typed, steps.chain([("last".to_owned(), "the last step that counts".to_owned())]))
}

fn matching(typed: &OsStr, all: impl Iterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    all.filter(|(name, _)| name.starts_with(&*typed))
        .map(|(name, help)| CompletionCandidate::new(name).help(Some(help.into())))
        .collect()
}
