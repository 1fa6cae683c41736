//! Forty answers in each language that attack the grader, or just do what no answer should: each has its verdict and its exit
//! code in time, no process stays behind, and progress is as it was.

use crate::learner::{LAB, Learner, Ran, numpy};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// An answer, the exit code of its check, and what the verdict says.
struct Attack {
    name: &'static str,
    body: &'static str,
    code: i32,
    says: &'static str,
}

const fn attack(name: &'static str, body: &'static str, code: i32, says: &'static str) -> Attack {
    Attack { name, body, code, says }
}

/// The limit of a check, what a busy machine may add to it, and the shrinking of a case.
const LONGEST: Duration = Duration::from_secs(60);

#[path = "attacks/memory.rs"]
mod memory;
#[path = "attacks/python.rs"]
mod python;
#[path = "attacks/rust.rs"]
mod rust;
#[path = "attacks/timer.rs"]
mod timer;
#[path = "attacks/walls.rs"]
mod walls;

/// Judges what came of an attack.
fn judge(learner: &Learner, attack: &Attack, run: impl FnOnce() -> Ran) -> Result<(), String> {
    let started = Instant::now();
    let ran = run();
    let (name, took) = (attack.name, started.elapsed());
    let told = format!("{}{}", ran.out, ran.err);
    let wrong = |what: &str| Err(format!("{name}: {what}\nexit {}, {took:.1?}\n{told}", ran.code));
    if ran.code != attack.code {
        return wrong(&format!("exit {} was wanted", attack.code));
    }
    if !told.split_whitespace().collect::<Vec<_>>().join(" ").contains(attack.says) {
        return wrong(&format!("`{}` is not said", attack.says));
    }
    if told.contains("panicked at src/") || told.contains("Traceback") {
        return wrong("our own panic, or a bare trace");
    }
    if took > LONGEST {
        return wrong("too long");
    }
    match left(&learner.path("")) {
        0 => Ok(()),
        n => wrong(&format!("{n} processes are left")),
    }
}

/// Processes whose command line or environment names a learner's home.
fn left(home: &Path) -> usize {
    let home = home.display().to_string();
    let names = |folder: &Path, file: &str| {
        let bytes = fs::read(folder.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(&home)
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|process| ["cmdline", "environ"].iter().any(|file| names(&process.path(), file))).count()
}

/// Runs all of them for one learner; says all that went wrong at once.
fn run_all(learner: &Learner, attacks: &[Attack], mut run: impl FnMut(usize, &Attack) -> Ran) {
    assert!(attacks.len() >= 40, "{} attacks", attacks.len());
    learner.run(&format!("note {LAB} before")).exits(0);
    let all = attacks.iter().enumerate();
    let wrong: Vec<String> = all.filter_map(|(at, attack)| judge(learner, attack, || run(at, attack)).err()).collect();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), attacks.len(), wrong.join("\n\n"));
    learner.run("status").exits(0);
    learner.run("note --list").exits(0).shows("before");
    let db = rusqlite::Connection::open(learner.database()).expect("the database");
    let attempts: i64 = db.query_row("SELECT count(*) FROM attempt", [], |row| row.get(0)).expect("a count");
    assert_eq!(attempts as usize, attacks.len(), "each attack is an attempt, and nothing else is");
}

const STEP: &str = "lab quantize-int8 --step quantize";

#[test]
fn forty_attacks_in_python() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    run_all(&learner, python::ATTACKS, |_, attack| {
        learner.answer("answer.py", &python::answer(attack.body));
        learner.run(&format!("{STEP} --lang python"))
    });
}

#[test]
fn forty_attacks_in_rust() {
    // One program that is compiled once; which attack it is stands in a file beside it.
    let mut learner = Learner::new();
    learner.answer("answer.rs", &rust::answer(&learner.path("attack")));
    learner = learner.with("RUST_BACKTRACE", "0");
    run_all(&learner, rust::ATTACKS, |at, _| {
        fs::write(learner.path("attack"), at.to_string()).expect("a file");
        learner.run(&format!("{STEP} --lang rust"))
    });
}
