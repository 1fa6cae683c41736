//! `roadmap lab --watch`: each save starts a check in a process of its own; a save during a check restarts it.

use super::context::Context;
use crate::error::{Doing, Result};
use crate::grading::Lab;
use crate::submission::Again;
use crate::term::Paint;
use notify::{RecursiveMode, Watcher};
use std::ffi::OsString;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Saves that come within this time are one save.
const DEBOUNCE: Duration = Duration::from_millis(40);

/// Runs `roadmap WORDS` now and at each save of `answer`, until Ctrl-C.
pub fn run(context: &Context, lab: &Lab, answer: &Path, words: &[String]) -> Result<u8> {
    let (send, saves) = channel();
    let folder = answer.parent().unwrap_or(Path::new("."));
    let mut watcher = notify::recommended_watcher(send).doing(|| "watching files".to_owned())?;
    watcher.watch(folder, RecursiveMode::NonRecursive).doing(|| format!("watching {}", folder.display()))?;
    let mut check = start(context, lab, words)?;
    loop {
        match saves.recv_timeout(Duration::from_millis(200)) {
            Ok(Ok(event)) => {
                let ours = event.paths.iter().any(|path| path.file_name() == answer.file_name());
                if !ours || event.kind.is_access() {
                    continue;
                }
                while saves.recv_timeout(DEBOUNCE).is_ok() {}
                check.end();
                check = start(context, lab, words)?;
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        }
    }
}

/// A check as the same command without `--watch`, on a clean screen.
fn start(context: &Context, lab: &Lab, words: &[String]) -> Result<Again> {
    let screen = &context.screen;
    if screen.interactive {
        screen.print("\x1b[2J\x1b[H");
    }
    screen.note(&format!("{}\n\n", screen.paint(Paint::Dim, format!("watching {}; Ctrl-C ends it", lab.slug()))));
    let mut all: Vec<OsString> = vec!["--workspace".into(), context.workspace.root.clone().into()];
    all.extend(words.iter().map(OsString::from));
    Again::start(&all)
}
