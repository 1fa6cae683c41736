//! Labs outside of this program, compiled against it: the registry that build.rs writes for them and a `main` that runs their
//! trials, by one call of rustc against the libraries that the tests were linked with.

use super::build;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const MAIN: &str = r#"
pub use roadmap::{args, grading, reference, submission, verdict};
mod embedded {
    use crate::grading::{Embedded, Files};
    use lab_sdk::Reply;
    include!("registry.rs");
}
use roadmap::trials::{Outcome, Tried, of};
fn main() {
    let _ = embedded::ROADMAP;
    for lab in embedded::LABS {
        let lab = grading::Lab::read(*lab).expect("a manifest");
        let folder = std::env::current_dir().expect("a checkout").join("labs").join(lab.slug());
        for trial in of(Tried::new(lab), &folder) {
            let name = trial.name.clone();
            match trial.run() {
                Ok(Outcome::Holds(_)) => println!("held\t{name}"),
                Ok(Outcome::Ignored(why)) => println!("ignored\t{name}\t{why}"),
                Err(why) => println!("failed\t{name}\t{}", why.replace('\n', " ")),
            }
        }
    }
}
"#;

/// A program that runs the trials of the labs of a checkout.
pub struct Compiled {
    root: PathBuf,
    program: PathBuf,
}

/// What it printed: state, trial, why.
#[derive(Debug)]
pub struct Ran(Vec<(String, String, String)>);

impl Compiled {
    /// Compiles the labs of `root`; what build.rs misses in them fails the test.
    pub fn new(root: &Path) -> Self {
        let (registry, missing) = build::registry(root).expect("a registry");
        assert_eq!(missing, Vec::<String>::new());
        let folder = root.join("target");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("registry.rs"), registry).expect("the registry");
        fs::write(folder.join("main.rs"), MAIN).expect("a program");
        // Answers are compiled against the libraries beside the program.
        let deps = Path::new(env!("CARGO_BIN_EXE_roadmap")).parent().expect("a folder").join("deps");
        symlink(&deps, folder.join("deps")).expect("a link");
        let program = folder.join("trials");
        let mut said = format!("there are no libraries in {}", deps.display());
        for library in newest(&deps, "libroadmap-") {
            for sdk in newest(&deps, "liblab_sdk-") {
                let mut rustc = Command::new("rustc");
                rustc.args(["--edition=2024", "-Cdebuginfo=0", "-Copt-level=0"]).current_dir(&folder);
                rustc.arg("--extern").arg(format!("roadmap={}", library.display()));
                rustc.arg("--extern").arg(format!("lab_sdk={}", sdk.display()));
                rustc.arg("-L").arg(format!("dependency={}", deps.display())).arg("-o").arg(&program).arg("main.rs");
                let output = rustc.output().expect("rustc");
                if output.status.success() {
                    return Self { root: root.to_owned(), program };
                }
                said = String::from_utf8_lossy(&output.stderr).into_owned();
            }
        }
        panic!("the labs do not compile: {said}");
    }

    /// Runs all trials.
    pub fn run(&self) -> Ran {
        let output = Command::new(&self.program).current_dir(&self.root).output().expect("the trials");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = |line: &str| {
            let mut words = line.splitn(3, '\t').map(str::to_owned);
            let mut word = || words.next().unwrap_or_default();
            (word(), word(), word())
        };
        Ran(String::from_utf8_lossy(&output.stdout).lines().map(line).collect())
    }
}

impl Ran {
    /// How many trials of a lab held.
    pub fn held(&self, slug: &str) -> usize {
        self.of(slug, "held").len()
    }

    /// Those that failed, without the lab's name, and why.
    pub fn failed(&self, slug: &str) -> Vec<(&str, &str)> {
        self.of(slug, "failed")
    }

    /// Asserts that a trial failed with these words.
    #[track_caller]
    pub fn says(&self, slug: &str, trial: &str, words: &str) {
        let failed = self.failed(slug);
        let said = failed.iter().any(|(name, why)| *name == trial && why.contains(words));
        assert!(said, "{slug}: {trial} does not say `{words}`: {failed:#?}");
    }

    fn of(&self, slug: &str, state: &str) -> Vec<(&str, &str)> {
        let prefix = format!("{slug}/");
        let rows = self.0.iter().filter(|row| row.0 == state);
        rows.filter_map(|row| Some((row.1.strip_prefix(&prefix)?, row.2.as_str()))).collect()
    }
}

/// Libraries whose names begin so, the newest first.
fn newest(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("libraries").flatten().map(|entry| entry.path());
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "rlib") && named(path)).collect();
    let built = |path: &PathBuf| fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    found.sort_by_key(|path| std::cmp::Reverse(built(path)));
    found
}
