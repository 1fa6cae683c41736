//! What is in a lab's folder, file by file, as short prints. build.rs and the program read this same file, so that a folder
//! that changed since the build is seen. Std only; it does not say what changed inside a file.

use std::path::Path;
use std::{fs, io};

/// Each file below `folder`: its path from there with `/`, and a print of its bytes (FNV-1a). What Python caches and hidden
/// files are left out.
pub fn of(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    walk(folder, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, before: &str, found: &mut Vec<(String, u64)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "__pycache__" {
            continue;
        }
        let name = format!("{before}{name}");
        match path.is_dir() {
            true => walk(&path, &format!("{name}/"), found)?,
            false => found.push((name, print(&fs::read(&path)?))),
        }
    }
    Ok(())
}

fn print(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}
