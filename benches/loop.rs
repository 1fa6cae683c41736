//! The speed that the design promises: from save to verdict for a whole rewrite of the answer, and the start of commands.
//! Prints medians of one run beside a bare `rustc` of an empty program and a bare `python3 -c 'import numpy'`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const LAB: &str = "quantize-int8";
const ROUNDS: usize = 11;

fn main() {
    // `cargo bench` builds this with the same profile as the binary; `cargo test --benches` must not run it.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let home = tempfile::tempdir().expect("a temporary home");
    let answers = home.path().join("work").join(LAB);
    let roadmap = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roadmap"));
        command
            .args(words)
            .env("ROADMAP_WORKSPACE", home.path().join("work"))
            .env("ROADMAP_DATA", home.path().join("data"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let empty = home.path().join("empty.rs");
    fs::write(&empty, "fn main() {}\n").expect("a file");
    let rust = [
        include_str!("../labs/quantize-int8/solution.rs"),
        include_str!("rewrite/tensors.rs"),
        include_str!("rewrite/loops.rs"),
    ];
    let python = [include_str!("../labs/quantize-int8/solution.py"), include_str!("rewrite/broadcast.py")];

    let save_to_verdict = |language: &str, file: &str, texts: &[&str], round: usize| {
        fs::create_dir_all(&answers).expect("a folder");
        fs::write(answers.join(file), texts[round % texts.len()]).expect("an answer");
        let started = Instant::now();
        let status =
            roadmap(&["lab", LAB, "--step", "quantize", "--lang", language]).status().expect("the binary runs");
        let took = started.elapsed().as_secs_f64() * 1e3;
        assert!(status.success(), "{language}, rewrite {}: {status}", round % texts.len());
        took
    };
    let time = |mut command: Command| {
        let started = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it runs");
        assert!(status.success());
        started.elapsed().as_secs_f64() * 1e3
    };
    // The real programs: a rustup proxy costs 30 ms and a pyenv shim 75, which would flatter us.
    let said = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let rustc = Path::new(&said("rustc", &["--print", "sysroot"])).join("bin").join("rustc");
    let interpreter = said("python3", &["-c", "import sys; print(sys.executable)"]);
    let bare_rustc = || {
        let mut command = Command::new(&rustc);
        command.args(["--edition=2024", "-Copt-level=1", "-o"]).arg(home.path().join("empty")).arg(&empty);
        command
    };
    let bare_numpy = || {
        let mut command = Command::new(&interpreter);
        command.args(["-c", "import numpy"]);
        command
    };

    let mut rows: Vec<(&str, Vec<f64>)> = Vec::new();
    let mut add = |name: &'static str, value: f64| match rows.iter_mut().find(|(n, _)| *n == name) {
        Some((_, values)) => values.push(value),
        None => rows.push((name, vec![value])),
    };
    let has_numpy = bare_numpy().stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    for round in 0..=ROUNDS {
        // Interleaved, so that a busy moment meets everything; the first round warms caches and is dropped.
        let mut keep = |name: &'static str, value: f64| {
            if round > 0 {
                add(name, value);
            }
        };
        keep("rust: save to verdict", save_to_verdict("rust", "answer.rs", &rust, round));
        keep("bare rustc of an empty program", time(bare_rustc()));
        if has_numpy {
            keep("python: save to verdict", save_to_verdict("python", "answer.py", &python, round));
            keep("bare python3 -c 'import numpy'", time(bare_numpy()));
        }
        keep("roadmap status", time(roadmap(&["status"])));
        keep("roadmap next", time(roadmap(&["next"])));
        keep("roadmap --help", time(roadmap(&["--help"])));
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        (values[values.len() / 2], values[0], values[values.len() - 1])
    };
    let mut medians = Vec::new();
    println!("median of {ROUNDS} rounds [min .. max], ms, interleaved; {}", machine());
    for (name, values) in &mut rows {
        let (middle, low, high) = median(values);
        println!("{name:<34} {middle:8.1}   [{low:.1} .. {high:.1}]");
        medians.push((*name, middle));
    }
    let of = |name: &str| medians.iter().find(|(n, _)| *n == name).map(|(_, m)| *m);
    for (ours, bare) in [
        ("rust: save to verdict", "bare rustc of an empty program"),
        ("python: save to verdict", "bare python3 -c 'import numpy'"),
    ] {
        if let (Some(ours_ms), Some(bare_ms)) = (of(ours), of(bare)) {
            println!("{ours} / {bare} = {:.2}", ours_ms / bare_ms);
        }
    }
}

fn machine() -> String {
    let cpu = fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{} threads of {}", cores, model.trim_start_matches([' ', '\t', ':']))
}
