//! `roadmap` and `roadmap next`: where you are, and the one command to type.

use super::context::Context;
use super::{json, status};
use crate::error::Result;
use crate::study::Proposal;
use crate::submission::{Python, find_python, toolchain, version_of};
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
    out.push_str(&due(context)?);
    if !begun {
        let word = |command: &str| screen.paint(Paint::Name, command);
        out.push_str(&format!("\n{}", screen.wrap("here ", "     ", &found(context))));
        let first = proposals.first().map_or("SLUG", |p| p.lab);
        let skip = format!("you know a topic already? pass its lab's last step: roadmap lab {first} --step last");
        out.push_str(&format!("\n{}\n", screen.wrap("skip ", "     ", &skip)));
        out.push_str(&format!(
            "more {}   {}   {}\n",
            word("roadmap list"),
            word("roadmap doctor"),
            word("roadmap --help")
        ));
    }
    screen.print(&out);
    Ok(0)
}

/// A line on what comes back today, if anything does.
fn due(context: &Context) -> Result<String> {
    let count = context.store.due_today(jiff::Timestamp::now().as_millisecond())?;
    Ok(match count {
        0 => String::new(),
        _ => format!(
            "{}\n",
            context.screen.wrap(" and ", "     ", &format!("{count} for review today, a minute each: roadmap review"))
        ),
    })
}

/// What answers can be written in, on this machine.
fn found(context: &Context) -> String {
    let rust = match toolchain().ok().and_then(|rustc| version_of(&rustc)) {
        Some(version) => version.split(" (").next().unwrap_or_default().to_owned(),
        None => "no Rust toolchain".to_owned(),
    };
    let python = match find_python(&context.workspace) {
        Ok(Python { version, numpy: Some(numpy), .. }) => format!("Python {version} with NumPy {numpy}"),
        Ok(Python { version, .. }) => format!("Python {version} without NumPy"),
        Err(_) => "no Python".to_owned(),
    };
    format!("{rust}; {python}. Answers are written in either, and can be switched at any time")
}

/// `roadmap next`.
pub fn next(context: &Context, minutes: Option<u32>) -> Result<u8> {
    let study = context.study()?;
    let proposals = study.next(minutes);
    if context.json {
        context.screen.print(&format!("{}\n", json::next(&proposals)));
    } else {
        context.screen.print(&format!("{}{}", propose(&context.screen, &proposals), due(context)?));
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
