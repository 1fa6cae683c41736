//! The roofs of this machine: `machine.json` in the data folder, with a print of the machine that they belong to.

use super::context::{Context, data_folder};
use crate::error::{Doing, Error, Result};
use crate::machine::{self, Fingerprint, Measured, Roofs, When};
use crate::term;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn file() -> Result<PathBuf> {
    Ok(data_folder()?.join("machine.json"))
}

/// The roofs that are kept, of whichever machine; `None` before they were ever measured.
pub fn read() -> Result<Option<Measured>> {
    let path = file()?;
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::environment(format!("reading {}: {e}", path.display()))),
    };
    let damaged = |why: String| {
        Error::environment(format!("{} cannot be read: {why}", path.display())).hint("roadmap doctor --measure")
    };
    Measured::parse(&text).map(Some).map_err(damaged)
}

/// Measures the roofs and keeps them, in place of those that are kept.
pub fn measure(context: &Context) -> Result<Measured> {
    let roofs = watched(context)?;
    keep(roofs)
}

/// The roofs for an experiment: those that are kept, if they are of this machine; measured and kept otherwise.
pub fn roofs(context: &Context, when: When) -> Result<Roofs> {
    let here = Fingerprint::here();
    let kept = match read() {
        Ok(kept) => kept,
        Err(error) => {
            context.screen.note(&format!("{}; this machine is measured again\n", error.message));
            None
        }
    };
    let (ours, others) = match kept {
        Some(kept) if kept.fingerprint == here => (Some(kept.roofs), None),
        other => (None, other),
    };
    if let Some(other) = others {
        let apart = here.differences(&other.fingerprint).join("; ");
        context
            .screen
            .note(&format!("the roofs that were kept are of another machine (this one: {apart}); measuring again\n"));
    }
    match (ours, when) {
        (Some(roofs), When::Before) => Ok(roofs),
        (Some(roofs), When::Again) => Ok(keep(roofs.raised(&watched(context)?))?.roofs),
        (None, _) => Ok(keep(watched(context)?)?.roofs),
    }
}

/// Measures behind a spinner.
fn watched(context: &Context) -> Result<Roofs> {
    let spinner = term::spinner(context.screen.interactive && !context.json);
    spinner.enable_steady_tick(Duration::from_millis(120));
    let measured =
        machine::measure(|done| spinner.set_message(format!("{:>3.0} %  the machine's roofs", done * 100.0)));
    spinner.finish_and_clear();
    measured.doing(|| "measuring this machine".to_owned())
}

fn keep(roofs: Roofs) -> Result<Measured> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let measured = Measured { fingerprint: Fingerprint::here(), at: i64::try_from(now).unwrap_or_default(), roofs };
    let path = file()?;
    let text = serde_json::to_string_pretty(&measured).doing(|| "writing the roofs as JSON".to_owned())?;
    // Whole or not at all: another terminal may be reading.
    let new = path.with_extension("json.new");
    fs::write(&new, text + "\n")
        .and_then(|()| fs::rename(&new, &path))
        .doing(|| format!("writing {}", path.display()))?;
    Ok(measured)
}
