//! `--model`: a model of the learner's own in place of the shipped one. Which steps take one stands in lab.toml.

use crate::error::{Error, Result};
use crate::grading::Lab;
use crate::lab::Step;
use std::path::Path;

/// Refuses a file that is not there, and a step that has no use for one.
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
        Ok(_) => Ok(()),
        Err(e) => Err(Error::usage(format!("the model {} cannot be read: {e}", file.display()))
            .hint("--model takes the path of a file")),
    }
}
