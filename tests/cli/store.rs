//! Progress that outlives kills, crowds, full disks, damaged pages and migrations: what was acknowledged is still there.

use crate::learner::{LAB, Learner, numpy};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The texts of all notes; each may be there once.
fn notes(learner: &Learner) -> BTreeSet<String> {
    let listed = learner.json("note --list");
    let texts: Vec<String> = listed["notes"]
        .as_array()
        .expect("notes")
        .iter()
        .map(|note| note["text"].as_str().expect("a text").to_owned())
        .collect();
    let once: BTreeSet<String> = texts.iter().cloned().collect();
    assert_eq!(once.len(), texts.len(), "a note is there twice");
    once
}

/// What SQLite itself says of the file.
fn whole(learner: &Learner) {
    let db = rusqlite::Connection::open(learner.database()).expect("the database");
    let said: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(said, "ok");
}

/// How often a writer is killed; ROADMAP_KILLS asks for more.
fn kills() -> usize {
    std::env::var("ROADMAP_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let learner = Learner::new();
    let begun = Instant::now();
    learner.run(&format!("note {LAB} first")).exits(0);
    let first = begun.elapsed();
    let begun = Instant::now();
    learner.run(&format!("note {LAB} second")).exits(0);
    let usual = begun.elapsed().min(first).as_secs_f64();
    let mut draw = StdRng::seed_from_u64(7);
    let (mut acknowledged, mut killed) = (BTreeSet::from(["first".to_owned(), "second".to_owned()]), 0);
    for at in 0..kills() {
        let text = format!("n{at}");
        let mut child = learner.command(&["note", LAB, &text]).stdout(Stdio::null()).spawn().expect("it runs");
        thread::sleep(Duration::from_secs_f64(usual * draw.random_range(0.2..1.3)));
        child.kill().expect("killed, or gone already");
        if child.wait().expect("its end").success() {
            acknowledged.insert(text);
        } else {
            killed += 1;
        }
    }
    let found = notes(&learner);
    assert!(killed > 0, "nothing was killed in time");
    assert_eq!(acknowledged.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new());
    whole(&learner);
}

#[test]
fn eight_writers_at_once_all_arrive() {
    let learner = Learner::new();
    thread::scope(|all| {
        for writer in 0..8 {
            let learner = &learner;
            all.spawn(move || {
                for at in 0..6 {
                    learner.run(&format!("note {LAB} w{writer}-{at}")).exits(0);
                }
            });
        }
    });
    assert_eq!(notes(&learner).len(), 48);
    whole(&learner);
}

/// What a script wrote that may mount disks, to stdout and to stderr; none where nobody may.
fn with_disks(learner: &Learner, script: &str) -> Option<(String, String)> {
    let mounts = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    if !mounts.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no disk can be mounted here");
        return None;
    }
    let mut shell = Command::new("unshare");
    shell.args(["-rm", "sh", "-c", script]);
    for (name, value) in learner.command(&[]).get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let output = shell.output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr)))
}

#[test]
fn a_full_disk_is_said_and_takes_nothing_along() {
    let learner = Learner::new();
    let disk = learner.path("disk");
    fs::create_dir_all(&disk).expect("a folder");
    // A disk of 2 MB that is filled up but for what the first notes need; then room is made again.
    let script = format!(
        "mount -t tmpfs -o size=2m none {disk} && {roadmap} note {LAB} kept >/dev/null && \
         dd if=/dev/zero of={disk}/filler bs=1k 2>/dev/null; \
         {roadmap} note {LAB} \"$(head -c 20000 /dev/zero | tr '\\0' x)\"; echo \"code $?\"; rm {disk}/filler; \
         {roadmap} note {LAB} later >/dev/null && {roadmap} note --list",
        disk = disk.display(),
        roadmap = env!("CARGO_BIN_EXE_roadmap"),
    );
    let learner = learner.with("ROADMAP_DATA", &disk.display().to_string());
    let Some((out, err)) = with_disks(&learner, &script) else { return };
    assert!(out.contains("code 3"), "{out}\n{err}");
    assert!(err.contains("is full or failing") && err.contains("free some space"), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    assert!(out.contains("kept") && out.contains("later"), "{out}\n{err}");
}

#[test]
fn a_disk_that_cannot_be_written_is_said() {
    let learner = Learner::new();
    learner.run(&format!("note {LAB} kept")).exits(0);
    let script = format!(
        "mount --bind {data} {data} && mount -o remount,ro,bind {data} && \
         {roadmap} note {LAB} lost; echo \"code $?\"; {roadmap} status; echo \"code $?\"",
        data = learner.path(".local/share/roadmap").display(),
        roadmap = env!("CARGO_BIN_EXE_roadmap"),
    );
    let Some((out, err)) = with_disks(&learner, &script) else { return };
    assert_eq!(out, "code 3\ncode 3\n", "{err}");
    assert_eq!(err.matches("cannot be written").count(), 2, "{err}");
    assert!(err.contains("ROADMAP_DATA") && !err.contains("panicked"), "{err}");
    learner.run("note --list").exits(0).shows("kept");
}

#[test]
fn damaged_pages_are_said_or_do_no_harm() {
    let learner = Learner::new();
    for at in 0..20 {
        learner.run(&format!("note {LAB} n{at}")).exits(0);
    }
    let db = rusqlite::Connection::open(learner.database()).expect("the database");
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all in one file");
    drop(db);
    let good = fs::read(learner.database()).expect("the file");
    let mut draw = StdRng::seed_from_u64(11);
    let mut said = 0;
    for _ in 0..40 {
        let mut bytes = good.clone();
        let page = draw.random_range(0..bytes.len() / 4096) * 4096;
        for _ in 0..64 {
            let at = page + draw.random_range(0..4096);
            bytes[at] = draw.random();
        }
        for beside in ["db-wal", "db-shm"] {
            let _ = fs::remove_file(learner.database().with_extension(beside));
        }
        fs::write(learner.database(), &bytes).expect("a file");
        for words in ["status", "note --list", "export"] {
            let ran = learner.run(words);
            assert!(matches!(ran.code, 0 | 3), "{words}: {}\n{}", ran.code, ran.err);
            assert!(!ran.err.contains("panicked"), "{words}: {}", ran.err);
            if ran.code == 3 {
                said += 1;
                ran.one_sentence();
            }
        }
    }
    assert!(said > 0, "no damage was met");
}

#[test]
fn the_backup_of_a_migration_restores() {
    let learner = Learner::new();
    learner.run(&format!("hint {LAB}")).exits(0);
    // Schema 1 is what is left without the tables and indexes that schema 2 brought.
    let db = rusqlite::Connection::open(learner.database()).expect("the database");
    db.execute_batch(
        "DROP TABLE review; DROP TABLE memory; DROP TABLE note; DROP TABLE correction; DROP TABLE text;
         DROP INDEX attempt_time; DROP INDEX event_time; DROP INDEX prediction_question; PRAGMA user_version = 1;",
    )
    .expect("schema 1");
    let events = |db: &rusqlite::Connection| -> i64 {
        db.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).expect("a count")
    };
    let before = events(&db);
    drop(db);
    learner.run("status").exits(0);
    let backup = learner.database().with_extension("v1.backup");
    assert!(backup.is_file(), "no backup");
    for beside in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(learner.database().with_extension(beside));
    }
    fs::copy(&backup, learner.database()).expect("restored");
    learner.run("status").exits(0);
    assert_eq!(events(&rusqlite::Connection::open(learner.database()).expect("the database")), before);
    assert!(
        backup.is_file() && learner.database().with_extension("v1.2.backup").is_file(),
        "a backup was written over"
    );
}

#[test]
fn a_clock_that_goes_back_loses_nothing() {
    // What was done while the clock was ten days ahead: a step failed and passed, a hint, a question answered.
    let ahead = jiff::Timestamp::now().as_millisecond() + 10 * 86_400_000;
    let attempt = |id: &str, at: i64, verdict: &str| {
        json!({"id": id, "at": at, "lab": LAB, "step": "quantize", "kind": "build", "language": "python", "seed": "7",
            "verdict": verdict, "passed": 1, "total": 1, "inputs": 1, "seconds": 0.1, "spent": 60.0,
            "misconception": null, "snapshot": null, "content": "c", "detail": "{}"})
    };
    let (first, second) = (format!("{:032x}", u128::MAX - 1), format!("{:032x}", u128::MAX));
    let export = json!({"schema": 1, "store": 2, "learner": "abc", "tables": {
        "attempt": [attempt(&first, ahead, "fail"), attempt(&second, ahead + 60_000, "pass")],
        "event": [{"id": "e1", "at": ahead, "lab": LAB, "step": "quantize", "kind": "hint", "detail": "1", "spent": 30.0}],
        "review": [{"id": "r1", "at": ahead, "item": format!("{LAB}/quantize"), "lab": LAB, "step": "quantize",
            "given": "1", "right": 1, "rating": 3, "stability": 2.5, "difficulty": 5.0, "due": ahead + 86_400_000}],
    }});
    let learner = Learner::new();
    fs::write(learner.path("ahead.json"), export.to_string()).expect("a file");
    learner.run("import ahead.json").exits(0);
    // Now the clock is right: each of these rows lies before those.
    learner.run(&format!("note {LAB} later")).exits(0);
    learner.run(&format!("hint {LAB} --step requant")).exits(0);
    learner.answer("answer.py", "def qparams(min, max):\n    return 1.0, 0\n");
    if numpy() {
        learner.run(&format!("lab {LAB} --step quantize --lang python")).exits(1);
        let listed = learner.json(&format!("history {LAB}"));
        let attempts = listed["attempts"].as_array().expect("attempts");
        let verdicts: BTreeSet<&str> = attempts.iter().filter_map(|a| a["verdict"].as_str()).collect();
        assert_eq!((attempts.len(), verdicts), (3, BTreeSet::from(["fail", "pass"])), "{listed}");
    }
    learner.run("plan --start monday --hours 8").exits(0);
    for words in ["", "status", "next", "list", "plan", "log", "review", "history quantize-int8", "note --list"] {
        let ran = learner.run(words);
        assert!(
            matches!(ran.code, 0 | 4) && !ran.err.contains("panicked"),
            "{words}: {}\n{}{}",
            ran.code,
            ran.out,
            ran.err
        );
    }
    // A pass is a pass, before and after everything is worked out again from the rows.
    let passed = |learner: &Learner| {
        let db = rusqlite::Connection::open(learner.database()).expect("the database");
        let sql = "SELECT passed_at, attempts, last_at FROM summary WHERE lab = ?1 AND step = 'quantize'";
        db.query_row(sql, [LAB], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
            .expect("a summary")
    };
    let before = passed(&learner);
    assert_eq!(before.0, ahead + 60_000);
    let out = learner.run("export");
    fs::write(learner.path("all.json"), &out.exits(0).out).expect("a file");
    let other = Learner::new();
    fs::copy(learner.path("all.json"), other.path("all.json")).expect("a file");
    other.run("import all.json").exits(0);
    let after = passed(&other);
    assert_eq!((before.0, before.1), (after.0, after.1));
    assert_eq!(other.run("export").out, out.out, "all rows came along");
    whole(&learner);
}
