//! Python answers: finding an interpreter with NumPy, and starting the runner on the learner's file.

use super::{Child, Fault, Limits, Workspace};
use crate::error::{Error, Result};
use crate::lab::Function;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An interpreter, found once and remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Python {
    /// The real interpreter behind any shim.
    pub path: PathBuf,
    /// `3.11.7`.
    pub version: String,
    /// NumPy's version, if it is there.
    pub numpy: Option<String>,
    /// A file of NumPy's: gone when it was uninstalled.
    pub numpy_file: Option<PathBuf>,
    /// The command on the PATH that led here.
    pub found_as: PathBuf,
}

const ASK: &str = "import sys, json\ntry:\n    import numpy; v, f = numpy.__version__, numpy.__file__\nexcept Exception:\n    \
                   v = f = None\nprint(json.dumps([sys.executable, sys.version.split()[0], v, f]))";

impl Python {
    /// Starts the runner for `answer`; it greets with the functions that are there.
    pub fn start(
        &self,
        workspace: &Workspace,
        answer: &Path,
        asked: &[&Function],
        limits: Limits,
    ) -> Result<Child, Fault> {
        let mut command = Command::new(&self.path);
        command.arg(workspace.python_sdk()).arg(answer).args(asked.iter().map(|f| f.served()));
        if let Some(folder) = answer.parent() {
            command.current_dir(folder);
        }
        // What is compiled is kept: by Python beside NumPy and the runner, by the runner for what the answer brings (`serve`).
        command.env_remove("PYTHONDONTWRITEBYTECODE").env_remove("PYTHONPYCACHEPREFIX");
        command.env("PYTHONIOENCODING", "utf-8:replace");
        for threads in ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(threads, "1");
        }
        Child::start(command, limits, Some(&workspace.walls(answer)))
    }
}

/// The interpreter on the PATH, remembered in `workspace` as long as it stays where it is.
pub fn find_python(workspace: &Workspace) -> Result<Python> {
    let missing = || {
        Error::environment("there is no `python3` on the PATH")
            .hint("install Python 3.9 or later, or answer in Rust: --lang rust")
    };
    let found_as = on_path("python3").ok_or_else(missing)?;
    let memory = workspace.hidden().join("python.json");
    let remembered = std::fs::read(&memory).ok().and_then(|bytes| serde_json::from_slice::<Python>(&bytes).ok());
    if let Some(python) = remembered {
        let numpy_there = python.numpy_file.as_ref().is_some_and(|file| file.is_file());
        if python.found_as == found_as && python.path.is_file() && numpy_there {
            return Ok(python);
        }
    }
    let output = Command::new(&found_as).args(["-c", ASK]).output().map_err(|_| missing())?;
    let (path, version, numpy, numpy_file): (PathBuf, String, Option<String>, Option<PathBuf>) =
        serde_json::from_slice(&output.stdout).map_err(|_| {
            Error::environment(format!(
                "`{}` does not run: {}",
                found_as.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            ))
            .hint("mend the Python on the PATH, or answer in Rust: --lang rust")
        })?;
    let python = Python { path, version, numpy, numpy_file, found_as };
    if let Ok(bytes) = serde_json::to_vec(&python) {
        let _ = std::fs::write(&memory, bytes);
    }
    Ok(python)
}

/// The first executable called `name` on the PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}
