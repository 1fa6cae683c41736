//! All labs and the roadmap, as build.rs embeds them. Adding a lab is adding a folder; nothing here names one.

use crate::curriculum::{Problem, Roadmap};
use crate::error::{Error, Result, nearest};
use crate::grading::{Embedded, Files, Lab};
use lab_sdk::Reply;
use std::fs;
use std::path::Path;

/// The modules of the labs' folders.
mod embedded {
    use super::{Embedded, Files, Reply};
    include!(concat!(env!("OUT_DIR"), "/labs.rs"));
}

/// What is embedded, unread.
pub fn embedded() -> &'static [Embedded] {
    embedded::LABS
}

/// Every lab with its manifest, by slug.
pub fn all() -> Result<Vec<Lab>, Problem> {
    embedded::LABS.iter().map(|lab| Lab::read(*lab)).collect()
}

/// The lab called `slug`, or the only one whose slug begins so.
pub fn find<'a>(labs: &'a [Lab], slug: &str) -> Result<&'a Lab> {
    if let Some(lab) = labs.iter().find(|lab| lab.slug() == slug) {
        return Ok(lab);
    }
    let starting: Vec<&Lab> = labs.iter().filter(|lab| !slug.is_empty() && lab.slug().starts_with(slug)).collect();
    match starting[..] {
        [lab] => Ok(lab),
        [] => {
            let error = Error::usage(format!("there is no lab `{slug}`"));
            Err(match nearest(slug, labs.iter().map(Lab::slug)) {
                Some(near) => error.hint(format!("did you mean: roadmap lab {near}")),
                None => error.hint("see what there is: roadmap list"),
            })
        }
        _ => {
            let names: Vec<String> = starting.iter().map(|lab| format!("`{}`", lab.slug())).collect();
            Err(Error::usage(format!("`{slug}` begins several labs: {}", names.join(", ")))
                .hint("type one letter more"))
        }
    }
}

/// The roadmap in `folder`, or the embedded one.
pub fn roadmap(folder: Option<&Path>) -> Result<Roadmap> {
    let Some(folder) = folder else {
        return Ok(Roadmap::parse(embedded::ROADMAP.iter().copied())?);
    };
    let unreadable = |e: std::io::Error| {
        Error::usage(format!("the roadmap in {} cannot be read: {e}", folder.display()))
            .hint("--roadmap takes a folder of TOML files: one a stage, and phases.toml")
    };
    let mut files: Vec<(String, String)> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push((path.display().to_string(), fs::read_to_string(&path).map_err(unreadable)?));
        }
    }
    files.sort();
    Ok(Roadmap::parse(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))?)
}
