//! The learner's own editor on a text, in their terminal.

use crate::error::{Doing, Error, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Opens `$VISUAL`, else `$EDITOR`, on `path`, waits for it to end, and returns the text that was saved. The file is
/// made empty before and is gone afterwards; it stays where the editor fails, so that nothing typed is lost.
pub fn edit(path: &Path) -> Result<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
        let error = Error::environment("no editor is known: neither `VISUAL` nor `EDITOR` is set");
        return Err(error.hint("give the words on the command line, or: export EDITOR=nano"));
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).doing(|| format!("making {}", folder.display()))?;
    }
    fs::write(path, "").doing(|| format!("writing {}", path.display()))?;
    // As git does: the variable may hold arguments and quotes.
    let status = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path).status();
    let status = status.doing(|| format!("starting the editor `{editor}`"))?;
    if !status.success() {
        let error = Error::environment(format!("the editor `{editor}` ended with {status}; nothing was noted"));
        return Err(error.hint(format!("what you typed may be in {}", path.display())));
    }
    let text = fs::read_to_string(path).doing(|| format!("reading {}", path.display()))?;
    let _ = fs::remove_file(path);
    Ok(text)
}
