//! This program run again as a child that speaks to the same terminal: how `--watch` checks, so that a save can end a check.

use crate::error::{Doing, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::process::{Child, Command, Stdio};

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
