//! `roadmap lab --show`: what a kernel of the answer did in one launch, drawn in the terminal and as SVG beside the answer.

use super::check::{Asked, Starter};
use super::context::Context;
use crate::error::{Doing, Error, Result};
use crate::export::picture_file;
use crate::grading::{Lab, Seed, device};
use crate::lab::Step;
use crate::picture::pictures;
use crate::submission::Limits;
use crate::term::{self, Paint};
use std::fs;
use std::path::Path;

/// Launches the answer's kernel once more, traced: the case of `--seed`, or the largest.
pub fn run(context: &Context, lab: &Lab, step: &Step, ask: &Asked<'_>, answer: &Path) -> Result<u8> {
    let seed = ask.seed.unwrap_or_else(|| Seed::new(1));
    let fault = |e: lab_sdk::Error| Error::environment(format!("a fault of the lab, not of your answer: {e}"));
    let Some(script) = device::traced(lab, step, seed).map_err(fault)? else {
        let kernels = lab.manifest.steps.iter().filter(|step| {
            step.functions.iter().any(|name| lab.manifest.function(name).is_some_and(|f| f.kernel().is_some()))
        });
        let hint = kernels.map(|step| format!("roadmap lab {} --step {} --show", lab.slug(), step.id)).next();
        let error = Error::usage(format!("`{}` launches no kernel that could be shown", step.id));
        return Err(hint.into_iter().fold(error, Error::hint));
    };
    let mut start = match Starter::new(context, lab, step, ask.language, answer, lab.slug())? {
        Ok(start) => start,
        Err(finding) => return Err(Error::usage(format!("{}: {}", finding.check, finding.got))),
    };
    let limits = Limits::seconds(lab.manifest.limit_of(step));
    let mut child = start.start(limits).map_err(|fault| Error::usage(format!("your file does not start: {fault}")))?;
    let Some(trace) = device::trace(&script, &mut child) else {
        let why = child.fault().map_or_else(|| "it refused or crashed".to_owned(), ToString::to_string);
        let hint = format!("roadmap lab {} --step {}", lab.slug(), step.id);
        return Err(Error::usage(format!("the launch gave no trace: {why}")).hint(hint));
    };
    let text = fs::read_to_string(answer).doing(|| format!("reading {}", answer.display()))?;
    let line = |path: &str, line: u32| -> Option<String> {
        let name = answer.file_name()?.to_str()?;
        path.ends_with(name).then(|| text.lines().nth(line.checked_sub(1)? as usize).map(str::to_owned))?
    };
    let drawn = pictures(&trace, &line);
    let screen = &context.screen;
    if drawn.is_empty() {
        screen.print("all lanes were on at each instruction, and no access cost more than it must\n");
        return Ok(0);
    }
    for (picture, number) in drawn.iter().zip(1..) {
        screen.print(&format!("{}\n", term::picture(screen, picture)));
        let file = answer.with_file_name(format!("{}-{number}.svg", step.id));
        fs::write(&file, picture_file(picture, &format!("roadmap lab {} --step {}", lab.slug(), step.id)))
            .doing(|| format!("writing {}", file.display()))?;
        screen.print(&format!("{} {}\n\n", screen.paint(Paint::Dim, "as SVG"), file.display()));
    }
    Ok(0)
}
