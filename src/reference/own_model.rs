//! A learner's own model as a file that both languages read: safetensors in f32, the configuration in its header.

use lab_sdk::{Lm, Result};
use std::path::{Path, PathBuf};

/// A file that lasts as long as this value.
pub struct Exported(PathBuf);

impl Exported {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes `lm` into the folder for temporary files.
pub fn exported(lm: &Lm) -> Result<Exported> {
    let file = Exported(std::env::temp_dir().join(format!("roadmap-model-{}.safetensors", std::process::id())));
    lm.save(file.path())?;
    Ok(file)
}
