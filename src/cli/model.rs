//! `--model`: a model of the learner's own in place of the shipped one. Which steps take one stands in lab.toml.

use crate::error::{Error, Result};
use crate::grading::{Grader, Lab};
use crate::lab::Step;
use std::path::Path;

/// Refuses a step that has no use for a model, and a file that is not there or cannot be used.
pub fn allowed(lab: &Lab, step: Option<&Step>, file: &Path) -> Result<()> {
    let taking = lab.manifest.steps.iter().find(|step| step.model.is_some());
    match (step.is_some_and(|step| step.model.is_some()), taking) {
        (false, None) => {
            return Err(Error::usage(format!("no step of {} takes a model of your own", lab.slug()))
                .hint(format!("roadmap lab {}", lab.slug())));
        }
        (false, Some(taking)) => {
            let takes = taking.model.as_deref().unwrap_or_default();
            return Err(Error::usage(format!("only `{}` takes a model of your own: {takes}", taking.id))
                .hint(format!("roadmap lab {} --step {} --model {}", lab.slug(), taking.id, file.display())));
        }
        (true, _) => {}
    }
    match std::fs::File::open(file) {
        Ok(_) => looked_at(lab, step, file),
        Err(e) => Err(Error::usage(format!("the model {} cannot be read: {e}", file.display()))
            .hint("--model takes the path of a file")),
    }
}

fn looked_at(lab: &Lab, step: Option<&Step>, file: &Path) -> Result<()> {
    let Some(step) = step else { return Ok(()) };
    let Some(Grader::MeasureModel(look, _)) = lab.grader(&step.id) else { return Ok(()) };
    look(file).map_err(|why| {
        let hint = format!("`{}` takes {}", step.id, step.model.as_deref().unwrap_or_default());
        Error::usage(format!("the model {} cannot be used: {why}", file.display())).hint(hint)
    })
}
