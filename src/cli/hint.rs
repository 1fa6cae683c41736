//! `roadmap hint`: one level more each time.

use super::context::Context;
use crate::error::{Error, Result};
use crate::progress::Event;
use crate::term::{Paint, prose};

/// Shows the next hint of a step, and those before it.
pub fn run(context: &mut Context, lab: Option<&str>, step: Option<&str>) -> Result<u8> {
    let lab = context.lab(lab)?;
    let step = match step {
        Some(id) => lab.manifest.step(id).cloned(),
        None => context.study()?.first_open(&lab).or(lab.manifest.steps.last()).cloned(),
    };
    let Some(step) = step else {
        let ids: Vec<&str> = lab.manifest.steps.iter().map(|s| s.id.as_str()).collect();
        return Err(
            Error::usage(format!("{} has no such step", lab.slug())).hint(format!("its steps are {}", ids.join(", ")))
        );
    };
    let hints = lab.words().hints(&step.id);
    if hints.is_empty() {
        return Err(Error::usage(format!("step `{}` has no hints", step.id)));
    }
    let read = context.store.count_events(lab.slug(), &step.id, Event::Hint.word())? as usize;
    let level = (read + 1).min(hints.len());
    context.store.happened(lab.slug(), Some(&step.id), Event::Hint, &level.to_string())?;
    if context.json {
        let object = serde_json::json!({"schema": 1, "lab": lab.slug(), "step": step.id, "level": level, "hints": &hints[..level]});
        context.screen.print(&format!("{object}\n"));
        return Ok(0);
    }
    let screen = &context.screen;
    let mut out = String::new();
    for (at, hint) in hints.iter().enumerate().take(level) {
        let title = format!("{}: hint {} of {}", step.id, at + 1, hints.len());
        out.push_str(&format!("{}\n{}", screen.paint(Paint::Bold, title), prose(screen, hint)));
        out.push_str(if at + 1 < level { "\n" } else { "" });
    }
    if read >= hints.len() {
        let slug = lab.slug();
        let more = format!("There is no further hint. The model answer: roadmap solution {slug} --give-up");
        out.push_str(&format!("\n{}\n", screen.wrap("", "", &more)));
    }
    screen.print(&out);
    Ok(0)
}
