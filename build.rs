//! Finds the labs (a lab is a folder of `labs/` with a `lab.toml`) and the roadmap, and writes the registry that
//! `src/labs.rs` includes. Std only.

#[path = "src/lab/kernel.rs"]
mod kernel;
#[path = "src/labs/prints.rs"]
mod prints;

use kernel::Kernel;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const REQUIRED: [&str; 11] = [
    "lab.toml",
    "brief.md",
    "hints.md",
    "starter.rs",
    "starter.py",
    "solution.rs",
    "solution.py",
    "misconceptions.rs",
    "misconceptions.py",
    "grader.rs",
    "oracle",
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=labs");
    println!("cargo::rerun-if-changed=roadmap");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());

    let (registry, missing) = registry(&root)?;
    missing.iter().for_each(|what| println!("cargo::error={what}"));
    fs::write(out.join("labs.rs"), registry)
}

/// The registry of the labs and the roadmap below `root`, as Rust, and what a lab's folder lacks.
pub fn registry(root: &Path) -> io::Result<(String, Vec<String>)> {
    let mut missing = Vec::new();
    let (mut modules, mut table) = (String::new(), String::from("pub static LABS: &[Embedded] = &[\n"));
    for folder in entries(&root.join("labs"))?.iter().filter(|folder| folder.join("lab.toml").is_file()) {
        let slug = stem(folder);
        for required in REQUIRED.iter().filter(|name| !folder.join(name).exists()) {
            missing.push(format!("labs/{slug} has a lab.toml but no {required}"));
        }
        let module = slug.replace('-', "_");
        let path = |name: &str| folder.join(name).display().to_string();
        let file = |name: &str| format!("include_str!({:?})", path(name));
        let (misconceptions, grader) = (whole(folder, "misconceptions")?, whole(folder, "grader")?);
        let _ = writeln!(modules, "pub mod {module} {{");
        for part in ["solution", "misconceptions", "grader"] {
            let _ = writeln!(modules, "    #[path = {:?}]\n    pub mod {part};", path(&format!("{part}.rs")));
        }
        modules.push_str("}\n");
        let _ = writeln!(
            table,
            "    Embedded {{\n        slug: {slug:?},\n        files: Files {{ manifest: {}, brief: {}, hints: {}, starters: [{}, {}], \
             solutions: [{}, {}], misconceptions: {misconceptions}, by_hand: {}, grader: {grader} }},\n        prints: &{:?},",
            file("lab.toml"),
            file("brief.md"),
            file("hints.md"),
            file("starter.rs"),
            file("starter.py"),
            file("solution.rs"),
            file("solution.py"),
            file("misconceptions.py"),
            prints::of(folder)?,
        );
        for part in ["solution", "misconceptions"] {
            let text = fs::read_to_string(folder.join(format!("{part}.rs"))).unwrap_or_default();
            let _ = writeln!(table, "        {part}: &[");
            for (name, arity, kernel) in functions(&text) {
                let args: Vec<String> = (0..arity).map(|i| format!("a.get({i})?")).collect();
                let call = format!("{module}::{part}::{name}");
                let body = match kernel {
                    None => format!("Ok(Reply::reply({call}({})))", args.join(", ")),
                    Some(kernel) => kernel.launch(&call, &args),
                };
                let _ = writeln!(table, "            ({name:?}, |a| lab_sdk::glue(|| {body})),");
            }
            table.push_str("        ],\n");
        }
        for (field, item) in [("graders", "STEPS"), ("facts", "FACTS"), ("oracle", "oracle")] {
            let _ = writeln!(table, "        {field}: {module}::grader::{item},");
        }
        table.push_str("    },\n");
    }
    table.push_str("];\n");

    let mut roadmap = String::from("pub static ROADMAP: &[(&str, &str)] = &[\n");
    for file in entries(&root.join("roadmap"))?.iter().filter(|file| file.extension().is_some_and(|e| e == "toml")) {
        let name = format!("roadmap/{}.toml", stem(file));
        let _ = writeln!(roadmap, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    roadmap.push_str("];\n");
    Ok((format!("{modules}{table}{roadmap}"), missing))
}

/// Name and number of arguments of each `pub fn` and `pub async fn` that begins a line, and what it is a kernel for.
fn functions(text: &str) -> Vec<(String, usize, Option<Kernel>)> {
    let mut found = Vec::new();
    let begins = |word: &str| -> Vec<usize> {
        let all = text.match_indices(word).filter(|(at, _)| *at == 0 || text.as_bytes()[at - 1] == b'\n');
        all.map(|(at, _)| at + word.len()).collect()
    };
    let asynchronous = begins("pub async fn ");
    let mut starts = [begins("pub fn "), asynchronous.clone()].concat();
    starts.sort_unstable();
    for at in starts {
        let signature = &text[at..];
        let Some(open) = signature.find('(') else { continue };
        let (mut depth, mut arity, mut token) = (0, 0, false);
        for c in signature[open..].chars() {
            match c {
                '(' | '[' | '{' | '<' => depth += 1,
                ')' if depth == 1 => break,
                ')' | ']' | '}' | '>' => depth -= 1,
                ',' if depth == 1 => (arity, token) = (arity + 1, false),
                c if !c.is_whitespace() => token = true,
                _ => {}
            }
        }
        let tile = signature[open + 1..].trim_start().starts_with("p: &Prog");
        let kernel = if asynchronous.contains(&at) { Some(Kernel::Simt) } else { tile.then_some(Kernel::Tile) };
        found.push((signature[..open].to_owned(), arity + usize::from(token), kernel));
    }
    found
}

/// `NAME.rs` and, where there is one, all of the folder `NAME`, as one text.
fn whole(folder: &Path, name: &str) -> io::Result<String> {
    let mut parts = vec![folder.join(format!("{name}.rs"))];
    if folder.join(name).is_dir() {
        parts.extend(entries(&folder.join(name))?);
    }
    let texts: Vec<String> =
        parts.iter().map(|part| format!("include_str!({:?})", part.display().to_string())).collect();
    Ok(format!("concat!({})", texts.join(", ")))
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
