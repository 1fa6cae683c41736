//! Trials of a lab's oracle: it compares something, all of it agrees, and its folder says where the numbers come from.

use super::Tried;
use std::fs;
use std::path::Path;

pub fn agrees(tried: Tried) -> Result<Vec<String>, String> {
    match (tried.lab.embedded.oracle)() {
        Ok(0) => {
            Err("nothing was compared; let `oracle` in grader.rs replay golden data and count its values".to_owned())
        }
        Ok(compared) => Ok(vec![format!("{compared} values")]),
        Err(difference) => Err(difference.to_string()),
    }
}

/// A script, data that it wrote, and the versions that it ran with.
pub fn is_whole(folder: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}; write an oracle", folder.display()))?;
    let names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let any = |end: &str| names.iter().any(|name| name.ends_with(end));
    if !any(".py") {
        return Err("oracle/ has no script; add the make.py that writes the golden data".to_owned());
    }
    if !names.iter().any(|name| ![".py", ".md"].iter().any(|end| name.ends_with(end)) && name.contains('.')) {
        return Err("oracle/ holds no data; run its script, and keep what it writes (golden.json)".to_owned());
    }
    let readme = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    if readme.is_empty() {
        return Err("oracle/ has no README.md; say in it what wrote the data, with which versions".to_owned());
    }
    match readme.split_whitespace().any(is_version) {
        true => Ok(Vec::new()),
        false => {
            Err("oracle/README.md names no version; say which framework wrote the data, as `torch 2.15.0`".to_owned())
        }
    }
}

/// `2.15.0`, also in `torch==2.15.0,`.
fn is_version(word: &str) -> bool {
    let bare = word.rsplit('=').next().unwrap_or_default().trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let parts: Vec<&str> = bare.split('.').collect();
    parts.len() >= 3 && parts.iter().take(2).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}
