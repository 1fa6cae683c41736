//! What goes wrong outside an answer: one sentence, the way out, and the exit code. A wrong answer is a verdict, not an error.

use std::fmt;

/// Why a command stopped, as the exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Words on the command line, or data, that cannot be used: exit 2.
    Usage,
    /// Something outside is missing, locked or damaged: exit 3.
    Environment,
    /// The learner interrupted: exit 130.
    Interrupted,
}

impl Code {
    /// The process exit code.
    pub fn exit(self) -> u8 {
        match self {
            Code::Usage => 2,
            Code::Environment => 3,
            Code::Interrupted => 130,
        }
    }

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Code::Usage => "usage",
            Code::Environment => "environment",
            Code::Interrupted => "interrupted",
        }
    }
}

/// A sentence (lower case, no final stop, names in backticks) and one line that can be pasted.
#[derive(Clone, Debug)]
pub struct Error {
    /// The exit code.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// Results of everything but grading.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The command or its data is not usable.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: Code::Usage, message: message.into(), hint: None }
    }

    /// The environment is not as it should be.
    pub fn environment(message: impl Into<String>) -> Self {
        Self { code: Code::Environment, message: message.into(), hint: None }
    }

    /// Ctrl-C.
    pub fn interrupted() -> Self {
        Self { code: Code::Interrupted, message: "interrupted".to_owned(), hint: None }
    }

    /// The same error with a way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Adds what was being done to an I/O error: `fs::read(path).doing(|| format!("reading {path}"))`.
pub trait Doing<T> {
    /// The error as an [`Error::environment`] that begins with what was being done.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| Error::environment(format!("{}: {e}", what())))
    }
}

/// The name nearest to `typed`, if it is near enough to have been meant.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
