//! What the kernel keeps an answer from, where it offers it (landlock, on Linux): writing outside of its folders, TCP, and
//! signals to other programs. Reading is open, for an interpreter reads from everywhere; UDP is open too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;

/// Where an answer may write.
#[derive(Clone, Debug)]
pub struct Walls {
    /// Folders that are there already.
    pub write: Vec<PathBuf>,
    /// Below it each run has a temporary folder of its own.
    pub scratch: PathBuf,
}

/// What of it this kernel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// All that this version of landlock knows: writing from 1, TCP from 4, signals from 6.
    Landlock(i32),
}

impl Held {
    /// What answers cannot do, and by whose doing.
    pub fn words(self) -> String {
        match self {
            Held::Nothing => {
                "this kernel offers no landlock: what answers write, and whom they call, is not held".to_owned()
            }
            Held::Landlock(abi) => {
                let tcp = if abi >= 4 { ", no TCP" } else { "; TCP is open, for that takes ABI 4" };
                let signals = if abi >= 6 { ", no signals to other programs" } else { "" };
                format!("answers write only in their own folder and a temporary one{tcp}{signals}: landlock ABI {abi}")
            }
        }
    }
}

/// The temporary folder of one run, gone with this value.
pub struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Walls {
    /// Starts `command` within the walls. Its name `mark` is that of its temporary folder.
    pub fn start(&self, command: &mut Command, mark: &str) -> io::Result<(Child, Scratch)> {
        self.sweep();
        let scratch = Scratch(self.scratch.join(mark));
        fs::create_dir_all(&scratch.0)?;
        command.env("TMPDIR", &scratch.0);
        let write: Vec<&Path> = self.write.iter().map(PathBuf::as_path).chain([scratch.0.as_path()]).collect();
        let child = apart(|| {
            hold(&write);
            command.spawn()
        })??;
        Ok((child, scratch))
    }

    /// Removes what runs of programs that are gone have left. A mark begins with the program's id.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.scratch).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.split('-').next()?.parse().ok());
            let program = id.and_then(rustix::process::Pid::from_raw);
            if program.is_none_or(|program| rustix::process::test_kill_process(program).is_err()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// What this kernel holds.
pub fn held() -> Held {
    apart(|| hold(&[])).unwrap_or(Held::Nothing)
}

/// Does something in a thread of its own. Walls are a thread's and of all that it starts; this process keeps none.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| scope.spawn(work).join()).map_err(|_| io::Error::other("a thread panicked"))
}

/// Puts walls around this thread, for good.
#[cfg(target_os = "linux")]
fn hold(write: &[&Path]) -> Held {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
        Scope, path_beneath_rules,
    };
    // An older kernel holds what it knows of this.
    let abi = ABI::V7;
    let writing = AccessFs::from_write(abi);
    let walled = || -> Result<_, RulesetError> {
        Ruleset::default()
            .handle_access(writing)?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(write, writing))?
            .add_rules(path_beneath_rules(devices(), writing))?
            .restrict_self()
    };
    match walled().map(|status| status.landlock) {
        Ok(LandlockStatus::Available { effective_abi, kernel_abi }) => {
            Held::Landlock(kernel_abi.unwrap_or(effective_abi as i32))
        }
        _ => Held::Nothing,
    }
}

#[cfg(not(target_os = "linux"))]
fn hold(_write: &[&Path]) -> Held {
    Held::Nothing
}

/// What is written without a trace, shared memory, and GPUs: a learner's PyTorch may use one.
#[cfg(target_os = "linux")]
fn devices() -> Vec<PathBuf> {
    let gpu = |name: &str| name.starts_with("nvidia") || ["dri", "kfd"].contains(&name);
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten().map(|entry| entry.path());
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| gpu(&name.to_string_lossy()));
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/shm"]
        .into_iter()
        .map(PathBuf::from)
        .chain(entries.filter(named))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Held, held};

    #[test]
    fn what_is_held_is_said() {
        let words = |abi| Held::Landlock(abi).words();
        assert!(words(1).contains("TCP is open") && !words(1).contains("signals"));
        assert!(words(5).contains(", no TCP: landlock ABI 5"));
        assert!(words(7).contains("no TCP, no signals to other programs: landlock ABI 7"));
        assert!(Held::Nothing.words().contains("no landlock"));
    }

    #[test]
    fn this_thread_stays_free() {
        held();
        let file = std::env::temp_dir().join(format!("roadmap-walls-{}", std::process::id()));
        std::fs::write(&file, "free").expect("this thread writes where it likes");
        std::fs::remove_file(&file).expect("the file");
    }
}
