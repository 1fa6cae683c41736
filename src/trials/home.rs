//! A workspace for one trial, and an answer in it that can be started as often as needed. Gone when the trial ends.

use crate::grading::Lab;
use crate::submission::{
    Child, Compiled, Language, Limits, Link, Python, Workspace, compile, find_python, start_program,
};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A workspace of its own for each trial.
pub struct Home {
    workspace: Workspace,
}

/// An answer that can be started as often as needed.
pub struct Prepared<'a> {
    workspace: &'a Workspace,
    file: PathBuf,
    /// The compiled program, or the interpreter.
    program: Result<PathBuf, Python>,
}

/// Whether this program lies beside libraries that Rust answers can be compiled against.
pub fn has_link() -> Result<bool, String> {
    Ok(Link::find(&Home::new()?.workspace).is_some())
}

impl Home {
    /// An empty one.
    pub fn new() -> Result<Self, String> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("roadmap-trial-{}-{number}", std::process::id()));
        let workspace = Workspace { root };
        fs::create_dir_all(workspace.hidden()).map_err(|e| format!("{}: {e}", workspace.root.display()))?;
        Ok(Self { workspace })
    }

    /// The interpreter, where there is one with NumPy.
    pub fn python(&self) -> Option<Python> {
        find_python(&self.workspace).ok().filter(|python| python.numpy.is_some())
    }

    /// Writes `text` as an answer to `lab` and compiles it, if it has to be.
    pub fn prepare(&self, lab: &Lab, language: Language, text: &str) -> Result<Prepared<'_>, String> {
        let (file, _) = self.workspace.prepare(lab.slug(), language, text, "").map_err(|e| e.to_string())?;
        let program = match language {
            Language::Python => Err(self.python().ok_or("no numpy")?),
            Language::Rust => {
                let link = Link::find(&self.workspace).ok_or("no rlibs beside this program: cargo build")?;
                let all: Vec<_> = lab.manifest.functions.iter().collect();
                match compile(&self.workspace, &link, lab.slug(), &file, &all).map_err(|e| e.to_string())? {
                    Compiled::Program(program) => Ok(program),
                    other => return Err(format!("{other:?}")),
                }
            }
        };
        Ok(Prepared { workspace: &self.workspace, file, program })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.workspace.root);
    }
}

impl Prepared<'_> {
    /// A fresh process.
    pub fn start(&self, lab: &Lab, limits: Limits) -> Result<Child, String> {
        let functions: Vec<_> = lab.manifest.functions.iter().collect();
        let child = match &self.program {
            Ok(program) => start_program(self.workspace, program, &self.file, limits),
            Err(python) => python.start(self.workspace, &self.file, &functions, limits).map(|mut child| {
                child.coerce(functions.iter().map(|f| (f.name.clone(), f.returns.clone())).collect());
                child
            }),
        };
        child.map_err(|fault| fault.to_string())
    }
}
