//! The architecture, held: arrows point down, one owner for each outside crate, small files, one vocabulary.

use std::fs;
use std::path::{Path, PathBuf};

/// What a module of `src` may use of its siblings. `error` is everywhere.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("verdict", &[]),
    ("curriculum", &[]),
    ("lab", &["curriculum", "verdict"]),
    ("submission", &["lab", "verdict"]),
    ("reference", &[]),
    ("kernels", &[]),
    ("machine", &["kernels"]),
    ("grading", &["machine", "submission", "lab", "verdict", "curriculum"]),
    ("labs", &["grading", "curriculum"]),
    ("trials", &["grading", "lab", "machine", "submission", "verdict"]),
    ("author", &["curriculum", "grading", "lab", "submission", "verdict"]),
    ("chart", &["verdict"]),
    ("picture", &[]),
    ("review", &["grading", "lab", "verdict"]),
    ("progress", &["review", "submission", "verdict"]),
    ("study", &["grading", "lab", "progress", "curriculum", "verdict"]),
    ("export", &["chart", "curriculum", "grading", "picture", "progress", "study", "verdict"]),
    ("term", &["chart", "grading", "picture", "verdict"]),
    (
        "cli",
        &[
            "author",
            "curriculum",
            "export",
            "grading",
            "lab",
            "labs",
            "machine",
            "picture",
            "progress",
            "review",
            "study",
            "submission",
            "term",
            "trials",
            "verdict",
        ],
    ),
];

/// Who owns a crate or a thing of the standard library: nobody else names it.
const OWNERS: &[(&str, &[&str])] = &[
    ("rusqlite", &["progress"]),
    ("process::Command", &["submission"]),
    ("Command::new", &["submission"]),
    ("clap::", &["cli"]),
    ("indicatif", &["term"]),
    ("comfy_table", &["term"]),
    ("inquire", &["term"]),
    ("ratatui", &["term"]),
    ("textwrap", &["term"]),
    ("notify::", &["cli"]),
    ("signal_hook", &["submission"]),
    ("syn::", &["submission"]),
    ("landlock::", &["submission"]),
    ("fsrs::", &["review"]),
    ("pulp::", &["kernels", "machine"]),
];

/// Modules of plain values: no files, no processes, no printing.
const PURE: &[&str] = &["chart", "curriculum", "lab", "picture", "review", "verdict", "study", "export"];

/// Words of other products (design: one word, one thing).
const FOREIGN: &[&str] = &["quiz", "homework", "manager", "helper", "utils"];

#[test]
fn arrows_point_down() {
    for (module, path, text) in sources() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            assert!(
                ["main", "lib"].contains(&module.as_str()),
                "{}: `{module}` has no place in MAY_USE",
                path.display()
            );
            continue;
        };
        for used in text.match_indices("crate::").map(|(at, _)| word(&text[at + 7..])) {
            let known = used == module || used == "error" || used == "args" || allowed.contains(&used.as_str());
            assert!(known, "{} uses crate::{used}, which does not lie below `{module}`", path.display());
        }
    }
}

#[test]
fn outside_crates_have_one_owner() {
    for (module, path, text) in sources() {
        for (name, owners) in OWNERS {
            let named = code(&text).any(|line| line.contains(name) && !line.contains(&format!("`{name}`")));
            assert!(
                !named || owners.contains(&module.as_str()),
                "{} names {name}, which belongs to {owners:?}",
                path.display()
            );
        }
    }
}

#[test]
fn plain_values_do_no_io() {
    for (module, path, text) in sources().into_iter().filter(|(module, ..)| PURE.contains(&module.as_str())) {
        for thing in ["std::fs", "std::process", "std::net", "std::env", "println!", "eprintln!", "std::io"] {
            assert!(!text.contains(thing), "{} ({module}) uses {thing}", path.display());
        }
    }
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    for path in files(&["src", "labs", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"], &["rs", "py"])
        .into_iter()
        .chain([root().join("build.rs")])
    {
        let text = read(&path);
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
        let first = text.lines().next().unwrap_or_default();
        let answer = path.file_stem().is_some_and(|stem| stem == "starter" || stem == "solution");
        let says = first.starts_with("//! ") || first.starts_with("\"\"\"") || answer && first.starts_with("//");
        assert!(says, "{} does not begin by saying what it is for: {first}", path.display());
        assert!(path.file_name().is_some_and(|name| name != "mod.rs"), "{}: use foo.rs beside foo/", path.display());
    }
}

#[test]
fn nothing_is_left_unfinished() {
    for path in files(&["src", "labs", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"], &["rs", "py"]) {
        if path.file_stem().is_some_and(|stem| stem == "starter" || stem == "tidy") {
            continue;
        }
        let text = read(&path);
        let left = ["todo!(", "unimplemented!(", concat!("TO", "DO"), concat!("FIX", "ME"), "#[ignore"];
        for mark in left {
            let named = code(&text).any(|line| line.contains(mark) && !line.contains('`') && !line.contains('"'));
            assert!(!named, "{} has {mark}", path.display());
        }
    }
}

#[test]
fn one_word_for_one_thing() {
    for path in files(&["src", "labs", "roadmap", "docs"], &["rs", "py", "md", "toml"])
        .into_iter()
        .chain([root().join("README.md")])
    {
        // Modules of other projects keep their names.
        let text = read(&path)
            .to_lowercase()
            .replace("onnx.helper", "")
            .replace("torch.utils", "")
            .replace("torch.nn.utils", "")
            .replace("candle_core::utils", "");
        for foreign in FOREIGN {
            let found =
                text.split(|c: char| !c.is_alphabetic()).any(|word| word == *foreign || word == format!("{foreign}s"));
            assert!(!found, "{} says `{foreign}`", path.display());
        }
    }
}

#[test]
fn no_source_names_a_lab() {
    let labs: Vec<String> = fs::read_dir(root().join("labs"))
        .expect("labs/")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|slug| root().join("labs").join(slug).join("lab.toml").is_file())
        .collect();
    for (_, path, text) in sources() {
        for slug in &labs {
            let quoted = format!("\"{slug}\"");
            assert!(!text.contains(&quoted), "{} names the lab {slug}", path.display());
        }
    }
}

/// The files that may hold an `unsafe` block: one instruction that no crate wraps, and a mapping of weights.
const UNSAFE: &[&str] = &["labs/sdk/src/models.rs", "src/kernels/vnni.rs"];

#[test]
fn unsafe_code_has_its_place() {
    let mut found = Vec::new();
    for path in files(&["src", "labs", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"], &["rs"])
        .into_iter()
        .chain([root().join("build.rs")])
    {
        // Hostile answers in tests, and the rules of pages, are texts in quotes.
        let text = read(&path);
        let mut lines = code(&text).map(|line| line.split('"').step_by(2).collect::<String>());
        if lines.any(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")) {
            found.push(path.strip_prefix(root()).expect("a file of ours").to_path_buf());
        }
    }
    assert!(found.iter().eq(UNSAFE.iter().map(Path::new)), "files with unsafe code: {found:?}");
}

/// `(module, path, text)` of each file of `src`.
fn sources() -> Vec<(String, PathBuf, String)> {
    files(&["src"], &["rs"])
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(root().join("src")).expect("a file of src");
            let module = inside.components().next().expect("a name").as_os_str().to_string_lossy().replace(".rs", "");
            let text = read(&path);
            (module, path, text)
        })
        .collect()
}

/// Lines that are no comment.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn files(folders: &[&str], extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> =
        folders.iter().map(|folder| root().join(folder)).filter(|folder| folder.is_dir()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| extensions.iter().any(|known| e == *known)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
