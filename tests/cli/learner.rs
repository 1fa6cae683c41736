//! A learner in a home of their own: runs the real binary, edits their answer, reads the screen.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The lab that these transcripts are about.
pub const LAB: &str = "quantize-int8";

/// Python trials run only with NumPy; where it must be there, its absence fails.
pub fn numpy() -> bool {
    let there =
        Command::new("python3").args(["-c", "import numpy"]).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    assert!(
        there || std::env::var_os("ROADMAP_REQUIRE_NUMPY").is_none(),
        "ROADMAP_REQUIRE_NUMPY is set and there is no NumPy"
    );
    if !there {
        eprintln!("skipped: no numpy");
    }
    there
}

/// A home, empty at first.
pub struct Learner {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// What one command did.
pub struct Ran {
    /// stdout.
    pub out: String,
    /// stderr.
    pub err: String,
    /// The exit code.
    pub code: i32,
}

impl Learner {
    /// A newcomer.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a temporary home"), variables: Vec::new() }
    }

    /// The same learner with an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in their home.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.home.path().join(inside)
    }

    /// Their progress.
    pub fn database(&self) -> PathBuf {
        self.path(".local/share/roadmap/progress.db")
    }

    /// The command, ready to run.
    pub fn command(&self, words: &[&str]) -> Command {
        let real = std::env::var("HOME").unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_roadmap"));
        command.args(words).current_dir(self.home.path()).stdin(Stdio::null());
        for name in
            ["ROADMAP_WORKSPACE", "ROADMAP_DATA", "XDG_DATA_HOME", "NO_COLOR", "COLUMNS", "LC_ALL", "ROADMAP_ANSWER"]
        {
            command.env_remove(name);
        }
        command.env("HOME", self.home.path()).env("LANG", "C.UTF-8").env("TERM", "xterm");
        // rustup's proxies look into the home folder.
        for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo"), ("PYENV_ROOT", ".pyenv")] {
            if std::env::var_os(name).is_none() {
                command.env(name, format!("{real}/{folder}"));
            }
        }
        command.envs(self.variables.iter().cloned());
        command
    }

    /// Runs `roadmap WORDS`.
    pub fn run(&self, words: &str) -> Ran {
        self.run_in(self.home.path(), words)
    }

    /// Runs `roadmap WORDS` in a folder.
    pub fn run_in(&self, folder: &Path, words: &str) -> Ran {
        let words: Vec<&str> = words.split_whitespace().collect();
        let output = self.command(&words).current_dir(folder).output();
        let Output { stdout, stderr, status } = output.expect("the binary runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ran { out: text(stdout), err: text(stderr), code: status.code().unwrap_or(-1) }
    }

    /// Runs a command and reads its one JSON object.
    pub fn json(&self, words: &str) -> Value {
        let ran = self.run(&format!("{words} --json"));
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{words}: {e}\n{}\n{}", ran.out, ran.err))
    }

    /// Writes their answer.
    pub fn answer(&self, file: &str, text: &str) {
        let path = self.path(&format!("roadmap/{LAB}/{file}"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of the lab");
        fs::write(path, text).expect("the answer");
    }

    /// Answers the predict step that is open, rightly.
    pub fn predict_rightly(&self, step: &str) -> Ran {
        let asked = self.json(&format!("lab {LAB} --step {step}"));
        let answers: Vec<String> = asked["checked"][0]["questions"]
            .as_array()
            .expect("questions")
            .iter()
            .map(|q| format!("--answer {}={}", q["id"].as_str().expect("an id"), right(q)))
            .collect();
        self.run(&format!("lab {LAB} --step {step} {}", answers.join(" ")))
    }
}

/// The right answer to a question of the lab, worked out from its parameters as the brief says.
pub fn right(question: &Value) -> String {
    let parameter = |name: &str| -> f64 {
        let pair = question["parameters"].as_array().expect("parameters").iter().find(|p| p[0] == name);
        let text = pair.and_then(|p| p[1].as_str()).expect(name);
        text.split(' ').next().expect("a word").parse().expect("a number")
    };
    match question["id"].as_str().expect("an id") {
        "scale" => format!("{}", (parameter("max").max(0.0) - parameter("min").min(0.0)) / 255.0),
        "zero-point" => {
            let (min, max) = (parameter("min").min(0.0), parameter("max").max(0.0));
            format!("{}", (-128.0 - min / ((max - min) / 255.0)).round())
        }
        "lost" => {
            let levels = |bits: f64| 2f64.powf(bits - 1.0) - 1.0;
            format!("{}", 20.0 * (levels(parameter("from")) / levels(parameter("to"))).log10())
        }
        other => panic!("a question that this test does not know: {other}"),
    }
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Asserts that stdout holds a text.
    #[track_caller]
    pub fn shows(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "no `{text}` on stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Asserts that stderr holds a text.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "no `{text}` on stderr:\n{}\nstdout:\n{}", self.err, self.out);
        self
    }

    /// Asserts that stderr is one `error:` and at most one `hint:`.
    #[track_caller]
    pub fn one_sentence(&self) -> &Self {
        let errors = self.err.lines().filter(|line| line.starts_with("error:")).count();
        let hints = self.err.lines().filter(|line| line.starts_with(" hint:")).count();
        assert!(errors == 1 && hints == 1, "wanted one error and one hint:\n{}", self.err);
        self
    }
}
