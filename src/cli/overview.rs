//! `roadmap` and `roadmap next`: where you are, and the one command to type.

use super::context::Context;
use super::{json, status};
use crate::error::Result;
use crate::study::Proposal;
use crate::term::{Paint, Screen};

/// `roadmap` without a command.
pub fn run(context: &mut Context) -> Result<u8> {
    let study = context.study()?;
    if context.json {
        context.screen.print(&format!("{}\n", json::next(&study.next(None))));
        return Ok(0);
    }
    let screen = &context.screen;
    let begun = !context.store.summaries()?.is_empty();
    let mut out = String::new();
    if begun {
        out.push_str(&status::phases(screen, &study));
        out.push('\n');
    } else {
        let title = "The way from FLOPs to serving, one lab at a time: predict, build, measure.";
        out.push_str(&format!("{}\n\n", screen.paint(Paint::Bold, title)));
        let (topics, labs) = (study.roadmap.topics().count(), context.labs.len());
        let words = format!(
            "{} stages, {topics} topics, {} scheduled phases; {labs} lab{} so far. Your answers will lie in {}, your progress in {}.",
            study.roadmap.stages.len(),
            study.roadmap.phases.len(),
            if labs == 1 { "" } else { "s" },
            context.workspace.root.display(),
            context.store.path().display(),
        );
        out.push_str(&format!("{}\n\n", screen.wrap("", "", &words)));
    }
    let proposals = study.next(None);
    out.push_str(&propose(screen, &proposals));
    if !begun {
        let word = |command: &str| screen.paint(Paint::Name, command);
        out.push_str(&format!("\n  {}   what was found on this machine\n", word("roadmap doctor")));
        out.push_str(&format!("  {}     all topics\n", word("roadmap list")));
        out.push_str("  You know a topic already? Pass the lab's last step first: --step last\n");
    }
    screen.print(&out);
    Ok(0)
}

/// `roadmap next`.
pub fn next(context: &Context, minutes: Option<u32>) -> Result<u8> {
    let study = context.study()?;
    let proposals = study.next(minutes);
    if context.json {
        context.screen.print(&format!("{}\n", json::next(&proposals)));
    } else {
        context.screen.print(&propose(&context.screen, &proposals));
    }
    Ok(0)
}

fn propose(screen: &Screen, proposals: &[Proposal]) -> String {
    let Some(first) = proposals.first() else {
        return "no lab is open; `roadmap list` shows the topics that have none yet\n".to_owned();
    };
    let line = |lead: &str, lab: &str, rest: &str| {
        let command = format!("roadmap lab {lab}");
        let line = screen.wrap("", "     ", &format!("{lead} {command}    {rest}"));
        format!("{}\n", line.replacen(&command, &screen.paint(Paint::Name, &command), 1))
    };
    let mut out = line("next", first.lab, &format!("step {}, about {} min left", first.step, first.minutes));
    out.push_str(&format!("{}\n", screen.wrap(" why ", "     ", &first.why)));
    for other in proposals.iter().skip(1) {
        out.push_str(&line("  or", other.lab, &format!("{} min    {}", other.minutes, other.why)));
    }
    if proposals.len() == 1 {
        out.push_str(&format!("{}\n", screen.wrap("  or ", "     ", "nothing else: no other lab is open")));
    }
    out
}
