//! Rust answers: the learner's file is copied with one line appended, glue is written for what is there, and rustc is
//! called directly. What rustc says is shown without our own frames.

use super::glue::{self, MODULE};
use super::{Child, Fault, Limits, Link, Workspace};
use crate::error::{Doing, Result};
use crate::lab::Function;
use crate::verdict::Finding;
use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What came of a compilation.
#[derive(Clone, Debug)]
pub enum Compiled {
    /// The executable.
    Program(PathBuf),
    /// A signature is not the one asked for.
    Signature(Finding),
    /// It does not compile: rustc's own words about the learner's file.
    Broken(String),
}

/// Compiles the learner's `answer` with glue for the `asked` functions that it holds.
pub fn compile(workspace: &Workspace, link: &Link, lab: &str, answer: &Path, asked: &[&Function]) -> Result<Compiled> {
    let source = fs::read_to_string(answer).doing(|| format!("reading {}", answer.display()))?;
    if let Some(finding) = glue::wrong_arity(&source, asked) {
        return Ok(Compiled::Signature(finding));
    }
    let names = glue::present(&source, asked).unwrap_or_default();
    let glue = glue::write(&names, asked);
    let folder = workspace.build(lab);
    fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
    let copy = format!("{source}\n#[path = \"glue.rs\"]\npub mod {MODULE};\n");
    let main = format!("mod answer;\nfn main() {{\n    lab_sdk::serve(answer::{MODULE}::TABLE);\n}}\n");
    let exe = folder.join("answer");
    let recipe = format!("{copy}{}{main}{:?}", glue.text, link);
    let stamp = folder.join("recipe");
    if exe.is_file() && fs::read_to_string(&stamp).is_ok_and(|known| known == recipe) {
        return Ok(Compiled::Program(exe));
    }
    let _ = fs::remove_file(&stamp);
    for (name, text) in [("answer.rs", &copy), ("glue.rs", &glue.text), ("main.rs", &main)] {
        fs::write(folder.join(name), text).doing(|| format!("writing {}", folder.join(name).display()))?;
    }
    let mut rustc = link.command(&folder.join("main.rs"), &exe);
    rustc.arg(format!("--remap-path-prefix={}={}", folder.join("answer.rs").display(), answer.display()));
    let output = rustc.output().doing(|| format!("starting {}", link.rustc.display()))?;
    if output.status.success() {
        fs::write(&stamp, recipe).doing(|| format!("writing {}", stamp.display()))?;
        return Ok(Compiled::Program(exe));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<Json> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Ok(match signature_at_fault(&errors, &glue, asked) {
        Some(function) => Compiled::Signature(glue::wrong_signature(&source, function)),
        None => Compiled::Broken(shown(&errors, &said)),
    })
}

/// Starts a compiled answer in the learner's folder.
pub fn start(workspace: &Workspace, program: &Path, answer: &Path, limits: Limits) -> Result<Child, Fault> {
    let mut command = Command::new(program);
    if let Some(folder) = answer.parent() {
        command.current_dir(folder);
    }
    command.env("RAYON_NUM_THREADS", "1").env("RUST_BACKTRACE", "0");
    Child::start(command, limits, Some(&workspace.walls(answer)))
}

/// The asked function whose glue rustc complains about: then it is the signature that does not fit.
fn signature_at_fault<'a>(errors: &[Json], glue: &glue::Glue, asked: &[&'a Function]) -> Option<&'a Function> {
    let spans = errors
        .iter()
        .filter(|e| e["level"] == "error")
        .flat_map(|e| e["spans"].as_array().cloned().unwrap_or_default());
    let lines = spans
        .filter(|span| {
            span["is_primary"] == true && span["file_name"].as_str().is_some_and(|name| name.ends_with("glue.rs"))
        })
        .filter_map(|span| span["line_start"].as_u64());
    lines
        .filter_map(|line| glue.lines.iter().find(|(_, first, last)| (*first..=*last).contains(&(line as usize))))
        .find_map(|(name, ..)| asked.iter().copied().find(|function| function.name == *name))
}

/// What rustc's E0728 means in a kernel.
const DIVERGENT_BARRIER: &str = "a barrier stands inside `if_`, `if_else` or `while_`, where only\n\
                                 some lanes may come: on a GPU the others wait for ever. Take\n\
                                 `w.sync().await` out, so that every warp reaches it.\n";

/// The first errors as rustc renders them; the rest are counted.
fn shown(errors: &[Json], said: &str) -> String {
    let rendered: Vec<&str> = errors
        .iter()
        .filter(|e| e["level"] == "error" && e["spans"].as_array().is_some_and(|spans| !spans.is_empty()))
        .filter_map(|e| e["rendered"].as_str())
        .collect();
    let barrier = errors.iter().any(|e| e["code"]["code"] == "E0728" && said.contains(".sync()"));
    let why = if barrier { DIVERGENT_BARRIER } else { "" };
    match rendered.len() {
        0 => said.chars().take(2000).collect(),
        1 | 2 => format!("{why}{}", rendered.concat().trim_end()),
        more => format!("{why}{}\n... and {} more errors", rendered[..2].concat().trim_end(), more - 2),
    }
}
