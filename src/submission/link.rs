//! What a Rust answer is compiled against: the release rlibs of the checkout that this binary was built in, or the SDK
//! built once in the learner's workspace. Found once, proved by compiling a probe, and remembered.

use super::Workspace;
use super::python::on_path;
use crate::error::{Doing, Error, Result};
use lab_sdk::sources::SOURCES;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// The hidden first argument that builds the SDK in a workspace.
pub const BUILD_SDK: &str = "__build-sdk";

/// A compiler and the libraries that fit it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// The real rustc, behind any proxy.
    pub rustc: PathBuf,
    /// liblab_sdk-*.rlib.
    pub sdk: PathBuf,
    /// When it was built; another time means that it must be proved again.
    sdk_built: SystemTime,
    /// libcandle_core-*.rlib.
    pub candle: PathBuf,
    /// libserde_json-*.rlib, for `json` arguments.
    pub serde_json: Option<PathBuf>,
    /// Where their dependencies lie.
    pub deps: PathBuf,
    /// The sources that the SDK was built from, by content.
    sources: String,
}

/// How far the background build is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is none.
    Idle,
    /// Crates built, of how many.
    Running(usize, usize),
    /// It failed: the last lines that cargo printed.
    Failed(String),
    /// It is done.
    Done,
}

impl Link {
    /// The link of this machine, if everything that it needs is built.
    pub fn find(workspace: &Workspace) -> Option<Self> {
        let memory = workspace.hidden().join("link.json");
        let known = fs::read(&memory).ok().and_then(|bytes| serde_json::from_slice::<Link>(&bytes).ok());
        if let Some(link) = known.filter(Link::holds) {
            return Some(link);
        }
        let link = checkout_folders().iter().find_map(|deps| prove(workspace, deps))?;
        link.remember(workspace);
        Some(link)
    }

    fn holds(&self) -> bool {
        self.rustc.is_file()
            && self.sources == sources()
            && self.candle.is_file()
            && built(&self.sdk) == Some(self.sdk_built)
            && fits_binary(&self.deps)
    }

    fn remember(&self, workspace: &Workspace) {
        if let Ok(bytes) = serde_json::to_vec(self) {
            let _ = fs::write(workspace.hidden().join("link.json"), bytes);
        }
    }

    /// The `rustc` call that compiles `main` to `exe`.
    pub fn command(&self, main: &Path, exe: &Path) -> Command {
        let mut command = Command::new(&self.rustc);
        command.args([
            "--edition=2024",
            "--crate-type=bin",
            "--crate-name=answer",
            "-Copt-level=1",
            // As in a debug build: an overflow is said with its line, and not a wrong number.
            "-Coverflow-checks=yes",
            "-Clto=off",
            "-Cdebuginfo=0",
            // Nor what the rlibs hold: a program of 60 MB takes as long to write as to compile.
            "-Cstrip=debuginfo",
        ]);
        command.args(["--error-format=json", "--cap-lints=warn"]);
        command.arg("--extern").arg(format!("lab_sdk={}", self.sdk.display()));
        command.arg("--extern").arg(format!("candle_core={}", self.candle.display()));
        if let Some(json) = &self.serde_json {
            command.arg("--extern").arg(format!("serde_json={}", json.display()));
        }
        command.arg("-L").arg(format!("dependency={}", self.deps.display())).arg("-o").arg(exe).arg(main);
        command
    }
}

/// The embedded SDK by content: a newer binary needs a newer SDK.
fn sources() -> String {
    // Weights are read when they are asked for; what is compiled does not depend on them.
    let code = SOURCES.iter().filter(|(name, _)| !name.starts_with("models/"));
    let all: Vec<u8> = code.flat_map(|(name, bytes)| [name.as_bytes(), bytes].concat()).collect();
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &all).simple().to_string()
}

/// A checkout's rlibs fit only the binary that was built with them; a workspace's fit any binary of the same SDK.
fn fits_binary(deps: &Path) -> bool {
    let built_here = deps.ends_with("sdk/debug/deps");
    built_here || checkout_folders().iter().any(|folder| folder == deps)
}

/// Folders of rlibs that this binary was built beside.
fn checkout_folders() -> Vec<PathBuf> {
    let exe = std::env::current_exe().and_then(|exe| exe.canonicalize()).unwrap_or_default();
    let Some(folder) = exe.parent() else { return Vec::new() };
    let folders = [folder.join("deps"), folder.to_owned()];
    folders.into_iter().filter(|deps| !rlibs(deps, "lab_sdk").is_empty()).collect()
}

/// The real compiler: rustup's proxy costs 30 ms a call.
pub fn toolchain() -> Result<PathBuf> {
    let missing = || {
        Error::environment("there is no `rustc` on the PATH")
            .hint("install Rust from https://rustup.rs, or answer in Python: --lang python")
    };
    let proxy = on_path("rustc").ok_or_else(missing)?;
    let output =
        Command::new(&proxy).args(["--print", "sysroot"]).stderr(Stdio::null()).output().map_err(|_| missing())?;
    if !output.status.success() {
        return Err(Error::environment(format!("`{}` is on the PATH but does not run", proxy.display()))
            .hint("choose a toolchain: rustup default stable, or answer in Python: --lang python"));
    }
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let real = sysroot.join("bin").join("rustc");
    Ok(if real.is_file() { real } else { proxy })
}

/// What `program -V` prints.
pub fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("-V").output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The newest libraries in `deps` that compile together, if any do.
fn prove(workspace: &Workspace, deps: &Path) -> Option<Link> {
    let rustc = toolchain().ok()?;
    let folder = workspace.hidden().join("build");
    fs::create_dir_all(&folder).ok()?;
    let (main, exe) = (folder.join("probe.rs"), folder.join("probe"));
    let probe =
        "fn main() { let _: fn(&candle_core::Tensor) -> lab_sdk::Result<lab_sdk::Tensor> = lab_sdk::instantiate; }\n";
    fs::write(&main, probe).ok()?;
    let jsons = rlibs(deps, "serde_json");
    for sdk in rlibs(deps, "lab_sdk") {
        for candle in rlibs(deps, "candle_core") {
            let sdk_built = built(&sdk)?;
            let mut link = Link {
                rustc: rustc.clone(),
                sdk: sdk.clone(),
                sdk_built,
                candle,
                serde_json: None,
                deps: deps.to_owned(),
                sources: sources(),
            };
            let compiles = |link: &Link| link.command(&main, &exe).output().is_ok_and(|o| o.status.success());
            if compiles(&link) {
                link.serde_json = jsons.first().cloned();
                if !compiles(&link) {
                    link.serde_json = None;
                }
                return Some(link);
            }
        }
    }
    None
}

/// `lib<name>-*.rlib` in `folder`, newest first.
fn rlibs(folder: &Path, name: &str) -> Vec<PathBuf> {
    let prefix = format!("lib{name}-");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "rlib"))
        .filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&prefix)))
        .collect();
    found.sort_by_key(|path| std::cmp::Reverse(built(path)));
    found
}

fn built(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|m| m.modified()).ok()
}

/// Starts the one build of the SDK, unless it runs already. `binary` is this program.
pub fn build_sdk_in_background(workspace: &Workspace, binary: &Path) -> Result<()> {
    use std::os::unix::process::CommandExt;
    if on_path("cargo").is_none() {
        return Err(Error::environment("there is no `cargo` on the PATH")
            .hint("install Rust from https://rustup.rs, or answer in Python: --lang python"));
    }
    if matches!(sdk_progress(workspace), Progress::Running(..)) {
        return Ok(());
    }
    workspace.write_sdk()?;
    workspace.write_members()?;
    let folder = workspace.hidden();
    let log = folder.join("sdk-build.jsonl");
    let out = File::create(&log).doing(|| format!("writing {}", log.display()))?;
    let errors = File::create(folder.join("sdk-build.log")).doing(|| format!("writing {}", folder.display()))?;
    let mut command = Command::new(binary);
    command.arg(BUILD_SDK).arg(&workspace.root).stdin(Stdio::null()).stdout(out).stderr(errors).process_group(0);
    let child = command.spawn().doing(|| "starting the build of the lab SDK".to_owned())?;
    fs::write(folder.join("sdk-build.pid"), child.id().to_string()).doing(|| format!("writing {}", folder.display()))
}

/// The background process itself: cargo without the network first, then with it; then the proof.
pub fn build_sdk(workspace: &Workspace) -> i32 {
    for network in [&["--offline"][..], &[]] {
        println!("{{\"reason\":\"started\"}}");
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&workspace.root).args(["build", "-p", "lab-sdk", "--message-format=json", "--target-dir"]);
        cargo.arg(sdk_target(workspace)).args(network).env_remove("CARGO_TARGET_DIR");
        if cargo.status().is_ok_and(|status| status.success()) {
            let deps = sdk_target(workspace).join("debug").join("deps");
            if let Some(link) = prove(workspace, &deps) {
                link.remember(workspace);
                println!("{{\"reason\":\"ready\"}}");
                return 0;
            }
        }
    }
    println!("{{\"reason\":\"failed\"}}");
    1
}

fn sdk_target(workspace: &Workspace) -> PathBuf {
    workspace.root.join("target").join("sdk")
}

/// How far the background build is.
pub fn sdk_progress(workspace: &Workspace) -> Progress {
    let folder = workspace.hidden();
    let log = fs::read_to_string(folder.join("sdk-build.jsonl")).unwrap_or_default();
    if log.contains("\"reason\":\"ready\"") {
        return Progress::Done;
    }
    let pid = fs::read_to_string(folder.join("sdk-build.pid")).ok().and_then(|pid| pid.parse().ok());
    let alive = pid.and_then(rustix::process::Pid::from_raw).is_some_and(|pid| {
        let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
        rustix::process::test_kill_process(pid).is_ok()
    });
    if alive {
        let run = log.rsplit("\"reason\":\"started\"").next().unwrap_or_default();
        let crates: std::collections::BTreeSet<&str> = run
            .lines()
            .filter(|line| line.contains("\"reason\":\"compiler-artifact\""))
            .filter_map(|line| line.split("\"package_id\":\"").nth(1)?.split('"').next())
            .collect();
        return Progress::Running(crates.len(), crates_of_sdk(workspace).max(crates.len()));
    }
    if log.is_empty() {
        return Progress::Idle;
    }
    let errors = fs::read_to_string(folder.join("sdk-build.log")).unwrap_or_default();
    let from = errors.find("error").unwrap_or_else(|| errors.len().saturating_sub(400));
    Progress::Failed(errors.get(from..).unwrap_or_default().chars().take(600).collect::<String>().trim().to_owned())
}

/// How many crates the build has, asked of cargo once.
fn crates_of_sdk(workspace: &Workspace) -> usize {
    let memory = workspace.hidden().join("sdk-crates");
    if let Some(count) = fs::read_to_string(&memory).ok().and_then(|text| text.parse().ok()) {
        return count;
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&workspace.root).args([
        "tree",
        "--offline",
        "-p",
        "lab-sdk",
        "--prefix",
        "none",
        "-e",
        "normal,build",
    ]);
    let Ok(output) = cargo.stderr(Stdio::null()).output() else { return 0 };
    let text = String::from_utf8_lossy(&output.stdout);
    let names: std::collections::BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    if !names.is_empty() {
        let _ = fs::write(&memory, names.len().to_string());
    }
    names.len()
}
