//! All labs and the roadmap, as build.rs embeds them. Adding a lab is adding a folder; nothing here names one.

pub mod prints;

use crate::curriculum::{Problem, Roadmap};
use crate::error::{Doing, Error, Result, nearest};
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

/// The labs in the folder `labs` of a checkout, by slug: they may be others than the embedded ones.
pub fn on_disk(checkout: &Path) -> Result<Vec<String>> {
    let folder = checkout.join("labs");
    let entries = fs::read_dir(&folder).doing(|| format!("reading {}", folder.display()))?;
    let labs = entries.flatten().filter(|entry| entry.path().join("lab.toml").is_file());
    let mut slugs: Vec<String> = labs.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    slugs.sort();
    Ok(slugs)
}

/// What differs between a lab's folder in a checkout and what is embedded: `brief.md changed`, `grader/new.rs is new`.
pub fn changes(lab: &Embedded, checkout: &Path) -> Result<Vec<String>> {
    let folder = checkout.join("labs").join(lab.slug);
    let there = prints::of(&folder).doing(|| format!("reading {}", folder.display()))?;
    let print = |name: &str| there.iter().find(|(known, _)| known == name).map(|(_, print)| *print);
    let mut changes: Vec<String> = Vec::new();
    for (name, embedded) in lab.prints {
        match print(name) {
            Some(print) if print == *embedded => {}
            Some(_) => changes.push(format!("{name} changed")),
            None => changes.push(format!("{name} is gone")),
        }
    }
    let new = there.iter().filter(|(name, _)| lab.prints.iter().all(|(known, _)| known != name));
    changes.extend(new.map(|(name, _)| format!("{name} is new")));
    Ok(changes)
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
