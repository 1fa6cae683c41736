//! The checkout that an author works in. This program knows one: the folder that it was built in.

use crate::error::{Doing, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with this package's manifest and its labs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The folder.
    pub root: PathBuf,
}

impl Checkout {
    /// The checkout that the current folder lies in.
    pub fn here() -> Result<Self> {
        let here = std::env::current_dir().doing(|| "finding the current folder".to_owned())?;
        if let Some(root) = here.ancestors().find(|folder| is_checkout(folder)) {
            return Ok(Self { root: root.to_owned() });
        }
        let error = Error::environment(format!(
            "`roadmap author` works in a checkout of roadmap, and {} lies in none",
            here.display()
        ));
        Err(match is_checkout(built_in()) {
            true => error.hint(format!("cd {}", built_in().display())),
            false => error.hint("clone the repository of roadmap, and there: cargo run -- author check"),
        })
    }

    /// The same, where this program was built in it: what it embeds are the labs that lie there.
    pub fn of_this_program() -> Result<Self> {
        let here = Self::here()?;
        let same = |a: &Path, b: &Path| a.canonicalize().ok().is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b));
        match same(&here.root, built_in()) {
            true => Ok(here),
            false => Err(Error::environment(format!(
                "this program was built in {}, and {} is another checkout",
                built_in().display(),
                here.root.display()
            ))
            .hint("cargo run -- author check")),
        }
    }

    /// The folder of a lab.
    pub fn lab(&self, slug: &str) -> PathBuf {
        self.root.join("labs").join(slug)
    }
}

fn built_in() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_checkout(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let table: toml::Table = manifest.parse().unwrap_or_default();
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    name == Some("roadmap") && folder.join("labs").is_dir()
}
