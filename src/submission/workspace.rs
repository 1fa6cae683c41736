//! The learner's workspace: one folder a lab with both answers in it, and what an editor and cargo need around them.
//! Answers are never overwritten.

use super::Walls;
use crate::error::{Doing, Error, Result};
use lab_sdk::sources::SOURCES;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The language of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// candle tensors.
    Rust,
    /// NumPy arrays.
    Python,
}

impl Language {
    /// Both.
    pub const ALL: [Language; 2] = [Language::Rust, Language::Python];

    /// The word on the command line, in the store and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Python => "python",
        }
    }

    /// The language that `word` names.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.word() == word)
    }

    /// The file that holds an answer.
    pub fn file(self) -> &'static str {
        match self {
            Language::Rust => "answer.rs",
            Language::Python => "answer.py",
        }
    }
}

/// Where answers live.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder.
    pub root: PathBuf,
}

impl Workspace {
    /// The learner's file for `lab`.
    pub fn answer(&self, lab: &str, language: Language) -> PathBuf {
        self.root.join(lab).join(language.file())
    }

    /// What is built and remembered; may be deleted at any time.
    pub fn hidden(&self) -> PathBuf {
        self.root.join(".roadmap")
    }

    /// Where the answer to `lab` is built.
    pub fn build(&self, lab: &str) -> PathBuf {
        self.hidden().join("build").join(lab)
    }

    /// Where the weights of shipped models lie.
    pub fn models(&self) -> PathBuf {
        self.root.join("lab-sdk").join("models")
    }

    /// The solution of `lab` as a file: what times are held against.
    pub fn solution(&self, lab: &str, language: Language, text: &str) -> Result<PathBuf> {
        let folder = self.build(&beside(lab));
        fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
        let path = folder.join(if language == Language::Rust { "solution.rs" } else { "solution.py" });
        write_if_different(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Where the process of `answer` may write: beside it, where Python keeps what it compiled, and for a while.
    pub fn walls(&self, answer: &Path) -> Walls {
        let compiled = [self.root.join("lab-sdk").join("pycache"), self.python_sdk().join("__pycache__")];
        for folder in &compiled {
            // The walls let through what is there.
            let _ = fs::create_dir_all(folder);
        }
        let beside = answer.parent().map(Path::to_owned);
        Walls { write: beside.into_iter().chain(compiled).collect(), scratch: self.hidden().join("tmp") }
    }

    /// The Python twin of the SDK: a package that runs as a program.
    pub fn python_sdk(&self) -> PathBuf {
        self.root.join("lab-sdk").join("python").join("lab_sdk")
    }

    /// Writes what is missing for `lab` and returns the learner's file, with whether it is new.
    pub fn prepare(&self, lab: &str, language: Language, starter: &str, brief: &str) -> Result<(PathBuf, bool)> {
        let folder = self.root.join(lab);
        for dir in [&folder, &self.hidden()] {
            fs::create_dir_all(dir).doing(|| format!("creating {}", dir.display()))?;
        }
        self.write_sdk()?;
        write_if_different(&folder.join("brief.md"), brief.as_bytes())?;
        let crate_name = lab.replace('-', "_");
        let manifest = format!(
            "# Written by roadmap, so that an editor understands answer.rs; checks do not need it.\n[package]\nname = \"{crate_name}\"\n\
             version = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"answer.rs\"\n\n[dependencies]\nlab-sdk = {{ path = \"../lab-sdk\" }}\n\
             candle-core.workspace = true\n\n[lints.rust]\ndead_code = \"allow\"\n"
        );
        if language == Language::Rust {
            write_if_different(&folder.join("Cargo.toml"), manifest.as_bytes())?;
            self.write_members()?;
        }
        let answer = self.answer(lab, language);
        let new = !answer.exists();
        if new {
            fs::write(&answer, starter).doing(|| format!("writing {}", answer.display()))?;
        }
        Ok((answer, new))
    }

    /// Takes the lab's lock; `waiting` is called once if another terminal holds it.
    pub fn lock(&self, lab: &str, waiting: impl FnOnce()) -> Result<File> {
        let path = self.hidden().join(format!("{lab}.lock"));
        fs::create_dir_all(self.hidden()).doing(|| format!("creating {}", self.hidden().display()))?;
        let file = File::create(&path).doing(|| format!("opening {}", path.display()))?;
        if file.try_lock().is_err() {
            waiting();
            file.lock().doing(|| format!("locking {}", path.display()))?;
        }
        Ok(file)
    }

    /// The embedded SDK, for cargo and for Python. Replaced where it differs from the binary's.
    pub fn write_sdk(&self) -> Result<()> {
        let sdk = self.root.join("lab-sdk");
        for (name, bytes) in SOURCES {
            let path = sdk.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).doing(|| format!("creating {}", folder.display()))?;
            }
            write_if_different(&path, bytes)?;
        }
        Ok(())
    }

    /// The workspace manifest: the SDK and each lab that has a Cargo.toml.
    pub fn write_members(&self) -> Result<()> {
        let entries = fs::read_dir(&self.root).doing(|| format!("reading {}", self.root.display()))?;
        let mut members: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.path().join("Cargo.toml").is_file() && entry.file_name() != "lab-sdk")
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        members.sort();
        members.insert(0, "lab-sdk".to_owned());
        write_if_different(&self.root.join("Cargo.toml"), manifest(&members)?.as_bytes())?;
        let lock = self.root.join("Cargo.lock");
        if lock.exists() { Ok(()) } else { write_if_different(&lock, include_bytes!("../../Cargo.lock")) }
    }
}

/// The name under which the solution of `lab` is built.
pub fn beside(lab: &str) -> String {
    format!("{lab}.solution")
}

/// The manifest of the workspace: our own dependency versions, the SDK built as it is in our profiles.
fn manifest(members: &[String]) -> Result<String> {
    let ours: toml::Table = include_str!("../../Cargo.toml").parse().doing(|| "reading our own manifest".to_owned())?;
    let mut workspace = ours.get("workspace").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    workspace.remove("default-members");
    workspace.insert("members".to_owned(), members.to_vec().into());
    let mut profile = toml::Table::new();
    if let Some(dev) = ours.get("profile").and_then(|p| p.get("dev")).and_then(toml::Value::as_table) {
        let mut dev = dev.clone();
        let sdk = dev.get("package").and_then(|p| p.get("lab-sdk")).cloned();
        dev.insert("package".to_owned(), toml::Table::from_iter(sdk.map(|sdk| ("lab-sdk".to_owned(), sdk))).into());
        dev.insert("debug".to_owned(), false.into());
        profile.insert("dev".to_owned(), dev.into());
    }
    let table =
        toml::Table::from_iter([("workspace".to_owned(), workspace.into()), ("profile".to_owned(), profile.into())]);
    let text = toml::to_string(&table).doing(|| "writing the workspace manifest".to_owned())?;
    Ok(format!("# Written by roadmap: one cargo workspace over all Rust answers.\n{text}"))
}

fn write_if_different(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).map_err(|e| {
        Error::environment(format!("writing {}: {e}", path.display()))
            .hint("name a folder that can be written: roadmap --workspace DIR lab, or set ROADMAP_WORKSPACE")
    })
}
