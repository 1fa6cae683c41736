//! A broken environment: one clear sentence, the way out, the documented exit code, and progress intact.

use crate::learner::{LAB, Learner, numpy};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn a_broken_roadmap_is_said_with_file_and_line() {
    let learner = Learner::new();
    let folder = learner.path("mine");
    fs::create_dir(&folder).expect("a folder");
    learner.run(&format!("--roadmap {} next", folder.display())).exits(2).one_sentence().says("phases.toml");
    fs::write(folder.join("phases.toml"), "[[phase]]\nnumber = 1\nstage =\n").expect("a file");
    learner.run(&format!("--roadmap {} next", folder.display())).exits(2).one_sentence().says("phases.toml:3");
    learner.run("--roadmap /nowhere next").exits(2).one_sentence().says("cannot be read");
    learner.run("next").exits(0);
}

#[test]
fn a_damaged_database_is_said_and_left_alone() {
    let learner = Learner::new();
    learner.run("status").exits(0);
    let rubbish = b"this is no database, it is a text of more than sixteen bytes".repeat(100);
    fs::write(learner.database(), &rubbish).expect("a file");
    let _ = fs::remove_file(learner.database().with_extension("db-wal"));
    let ran = learner.run("status");
    ran.exits(3).one_sentence().says("damaged").says("mv ");
    assert_eq!(fs::read(learner.database()).expect("still there"), rubbish);
}

#[test]
fn a_database_of_a_newer_roadmap_is_left_alone() {
    let learner = Learner::new();
    learner.run("status").exits(0);
    let db = rusqlite::Connection::open(learner.database()).expect("the database");
    db.pragma_update(None, "user_version", 99).expect("a version");
    drop(db);
    learner.run("status").exits(3).one_sentence().says("newer roadmap");
}

#[test]
fn a_locked_database_is_waited_for_and_then_said() {
    let learner = Learner::new();
    learner.run("status").exits(0);
    let db = rusqlite::Connection::open(learner.database()).expect("the database");
    db.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    learner.run(&format!("hint {LAB}")).exits(3).one_sentence().says("locked by another program");
    db.execute_batch("ROLLBACK").expect("released");
    learner.run(&format!("hint {LAB}")).exits(0);
}

#[test]
fn folders_that_cannot_be_written_are_said() {
    let learner = Learner::new();
    learner.run("status").exits(0);
    let file = learner.path("a-file");
    fs::write(&file, "").expect("a file");
    let under = file.join("below");
    let ran = Learner::new().with("ROADMAP_DATA", &under.display().to_string()).run("status");
    ran.exits(3).one_sentence().says("ROADMAP_DATA");
    let ran = learner.run(&format!("--workspace {} lab {LAB}", under.display()));
    ran.exits(3).says("error:");
}

#[test]
fn without_python_or_rust_the_way_out_is_said() {
    let empty = tempfile::tempdir().expect("a folder");
    let learner = Learner::new().with("PATH", &empty.path().display().to_string());
    learner.answer("answer.py", "def qparams(min, max):\n    return 1.0, 0\n");
    learner
        .run(&format!("lab {LAB} --step quantize --lang python"))
        .exits(3)
        .one_sentence()
        .says("no `python3` on the PATH");
    learner.answer("answer.rs", "fn qparams() {}\n");
    learner
        .run(&format!("lab {LAB} --step quantize --lang rust"))
        .exits(3)
        .one_sentence()
        .says("no `rustc` on the PATH");
    learner.run("doctor").exits(3).shows("rustup.rs");
    learner.run("status").exits(0);
}

#[test]
fn without_numpy_the_command_that_installs_it_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = folder.path().join("python3");
    fs::write(&fake, "#!/bin/sh\necho '[\"/usr/bin/env\", \"3.11.0\", null, null]'\n").expect("a script");
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).expect("executable");
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let learner = Learner::new().with("PATH", &path);
    learner.answer("answer.py", "def qparams(min, max):\n    return 1.0, 0\n");
    let ran = learner.run(&format!("lab {LAB} --step quantize --lang python"));
    ran.exits(3).one_sentence().says("has no NumPy").says("-m pip install numpy");
}

#[test]
fn an_answer_that_is_gone_is_said() {
    if !numpy() {
        return;
    }
    let learner = Learner::new();
    fs::create_dir_all(learner.path(&format!("roadmap/{LAB}/answer.py"))).expect("a folder where the file should be");
    learner.run(&format!("lab {LAB} --step quantize --lang python")).exits(3).one_sentence().says("cannot be read");
}

#[test]
fn errors_are_objects_with_json() {
    let learner = Learner::new();
    let error = learner.json("lab nonsense");
    assert_eq!(error["error"]["code"], "usage");
    assert!(error["error"]["message"].as_str().is_some_and(|m| m.contains("`nonsense`")));
    learner.run("lab nonsense --json").exits(2);
    learner.run("lab --nonsense --json").exits(2);
}

#[test]
fn unknown_words_are_met_with_near_ones() {
    let learner = Learner::new();
    learner.run("lab quantise-int8").exits(2).one_sentence().says("did you mean: roadmap lab quantize-int8");
    learner.run(&format!("lab {LAB} --step quantise")).exits(2).one_sentence().says("--step quantize");
    learner.run("show paged-atention").exits(2).one_sentence().says("paged-attention");
    learner.run("status --phase 9").exits(2).one_sentence();
    learner.run("frobnicate").exits(2).says("frobnicate");
    learner.run("lab quant").exits(4).shows("predict: qparams");
}

#[test]
fn a_closed_pipe_is_no_accident() {
    let learner = Learner::new();
    let binary = env!("CARGO_BIN_EXE_roadmap");
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("{binary} list | head -1")])
        .env("HOME", learner.path(""))
        .output()
        .expect("a shell");
    assert!(String::from_utf8_lossy(&output.stderr).is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(Path::new(binary).is_file());
}

#[test]
fn python_keeps_what_it_compiles_and_not_beside_the_answer() {
    if !numpy() {
        return;
    }
    let learner = Learner::new().with("PYTHONDONTWRITEBYTECODE", "1");
    learner.answer("mine.py", "BOTH = (1.0, 0)\n");
    learner.answer("answer.py", "import mine\n\ndef qparams(min, max):\n    return mine.BOTH\n");
    learner.run(&format!("lab {LAB} --step quantize --lang python"));
    let compiled = |folder: &str| fs::read_dir(learner.path(folder)).is_ok_and(|files| files.count() > 0);
    assert!(compiled("roadmap/lab-sdk/python/lab_sdk/__pycache__"));
    assert!(compiled("roadmap/lab-sdk/pycache"));
    assert!(!learner.path(&format!("roadmap/{LAB}/__pycache__")).exists());
}
