//! `roadmap lab --watch`: each save starts a check in a process of its own; a save during a check restarts it.

use super::context::Context;
use super::lab::Arguments;
use crate::error::{Doing, Error, Result};
use crate::grading::Lab;
use crate::lab::Step;
use crate::submission::Again;
use crate::term::Paint;
use crate::verdict::Kind;
use notify::{RecursiveMode, Watcher};
use std::ffi::OsString;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Saves that come within this time are one save.
const DEBOUNCE: Duration = Duration::from_millis(40);

/// Watches `answer` until Ctrl-C.
pub fn run(context: &Context, lab: &Lab, step: &Step, answer: &Path, arguments: &Arguments) -> Result<u8> {
    if step.kind == Kind::Predict && arguments.step.is_none() {
        let error =
            Error::usage(format!("the next step, `{}`, is a prediction: there is nothing to watch yet", step.id));
        return Err(error.hint(format!("roadmap lab {}", lab.slug())));
    }
    let (send, saves) = channel();
    let folder = answer.parent().unwrap_or(Path::new("."));
    let mut watcher = notify::recommended_watcher(send).doing(|| "watching files".to_owned())?;
    watcher.watch(folder, RecursiveMode::NonRecursive).doing(|| format!("watching {}", folder.display()))?;
    let mut check = start(context, lab, arguments)?;
    loop {
        match saves.recv_timeout(Duration::from_millis(200)) {
            Ok(Ok(event)) => {
                let ours = event.paths.iter().any(|path| path.file_name() == answer.file_name());
                if !ours || event.kind.is_access() {
                    continue;
                }
                while saves.recv_timeout(DEBOUNCE).is_ok() {}
                check.end();
                check = start(context, lab, arguments)?;
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        }
    }
}

/// A check as the same command without `--watch`, on a clean screen.
fn start(context: &Context, lab: &Lab, arguments: &Arguments) -> Result<Again> {
    let screen = &context.screen;
    if screen.interactive {
        screen.print("\x1b[2J\x1b[H");
    }
    screen.note(&format!("{}\n\n", screen.paint(Paint::Dim, format!("watching {}; Ctrl-C ends it", lab.slug()))));
    let mut words: Vec<OsString> = vec!["--workspace".into(), context.workspace.root.clone().into()];
    words.extend(["lab".into(), lab.slug().into()]);
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.into(), value.into()]);
        }
    };
    option("--step", arguments.step.clone());
    option("--lang", arguments.lang.map(|language| language.word().to_owned()));
    option("--seed", arguments.seed.map(|seed| seed.to_string()));
    if arguments.all {
        words.push("--all".into());
    }
    Again::start(&words)
}
