//! This program run again as a child that speaks to the same terminal: how `--watch` checks, so that a save can end a check,
//! and how a command comes to an environment of its own.

use crate::error::{Doing, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::process::{Child, Command, Stdio};

/// Runs this program again, with the same words and streams, and returns its exit code. `set` is in its environment: a
/// process cannot change its own without unsafe code.
pub fn once_more(set: (&str, &str)) -> Result<u8> {
    let binary = std::env::current_exe().doing(|| "finding this program".to_owned())?;
    let mut command = Command::new(binary);
    command.args(std::env::args_os().skip(1)).env(set.0, set.1);
    // Ctrl-C goes to both: the copy ends its answers, and this one waits for it.
    super::interrupted();
    let status = command.status().doing(|| "starting this program again".to_owned())?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// A running copy of this program.
pub struct Again(Child);

impl Again {
    /// Starts it with `arguments`, without standard input.
    pub fn start(arguments: &[OsString]) -> Result<Self> {
        let binary = std::env::current_exe().doing(|| "finding this program".to_owned())?;
        let child = Command::new(binary).args(arguments).stdin(Stdio::null()).spawn();
        child.map(Self).doing(|| "starting a check".to_owned())
    }

    /// Ends it as Ctrl-C does: it ends the answer itself.
    pub fn end(&mut self) {
        if let Ok(Some(_)) = self.0.try_wait() {
            return;
        }
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::INT);
        }
        let _ = self.0.wait();
    }
}
