//! Where the shipped models lie and how a file becomes memory. Left out: what is in the files.

use crate::{Error, Result};
use memmap2::Mmap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Says once for the whole process where the shipped models lie; refused when they were already looked for elsewhere.
pub fn set_folder(path: impl Into<PathBuf>) -> Result<()> {
    let path = path.into();
    match FOLDER.get_or_init(|| path.clone()) {
        chosen if *chosen == path => Ok(()),
        chosen => Err(format!("models are already read from {}", chosen.display()).into()),
    }
}

/// The folder of the shipped models: what [`set_folder`] said, else `LAB_SDK_MODELS`, else the one in this crate.
pub fn folder() -> &'static Path {
    FOLDER.get_or_init(|| match std::env::var_os("LAB_SDK_MODELS") {
        Some(path) if !path.is_empty() => path.into(),
        _ => concat!(env!("CARGO_MANIFEST_DIR"), "/models").into(),
    })
}

/// The bytes of a file, read as they are touched.
pub(crate) fn map(path: &Path) -> Result<Mmap> {
    let failed = |error: std::io::Error| Error::new(format!("{}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    map_file(&file).map_err(failed)
}

#[expect(unsafe_code, reason = "a mapping changes when another program writes the file, which nobody does to weights")]
fn map_file(file: &std::fs::File) -> std::io::Result<Mmap> {
    // SAFETY: the mapping is read-only, and it is unmapped before the load that asked for it returns.
    unsafe { Mmap::map(file) }
}
