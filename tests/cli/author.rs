//! Writing labs: where that is possible, what a new lab looks like, and that its trials, run by themselves, see what is
//! missing or wrong in it. The trials of the labs that are here are tests/labs.rs.

#[path = "../../build.rs"]
#[expect(dead_code, reason = "only its registry is asked for")]
mod build;
#[path = "author/compiled.rs"]
mod compiled;

use crate::learner::Learner;
use compiled::Compiled;
use roadmap::labs;
use std::fs;
use std::path::{Path, PathBuf};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// A folder that looks like a checkout, without labs.
fn checkout(learner: &Learner) -> PathBuf {
    let root = learner.path("checkout");
    copy(&Path::new(HERE).join("roadmap"), &root.join("roadmap"));
    fs::create_dir(root.join("labs")).expect("a folder");
    fs::copy(Path::new(HERE).join("Cargo.toml"), root.join("Cargo.toml")).expect("a manifest");
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => fs::copy(entry.path(), to.join(entry.file_name())).map(|_| ()).expect("a file"),
        }
    }
}

/// Changes a file of a lab; the text must be there once.
fn edit(lab: &Path, file: &str, from: &str, to: &str) {
    let path = lab.join(file);
    let text = fs::read_to_string(&path).expect(file);
    assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}:\n{text}");
    fs::write(path, text.replace(from, to)).expect(file);
}

#[test]
fn outside_of_a_checkout_it_says_so() {
    let learner = Learner::new();
    for words in ["author check", "author new some-lab", "author calibrate"] {
        learner.run(words).exits(3).one_sentence().says("works in a checkout").says(&format!("cd {HERE}"));
    }
    assert_eq!(learner.json("author check")["error"]["code"], "environment");
    assert!(!learner.database().exists(), "nothing is stored");
}

#[test]
fn in_another_checkout_labs_are_begun_and_not_checked() {
    let learner = Learner::new();
    let root = checkout(&learner);
    for words in ["author check", "author calibrate"] {
        learner.run_in(&root, words).exits(3).one_sentence().says("is another checkout").says("cargo run -- author");
    }
    let ran = learner.run_in(&root.join("labs"), "author new rmsnorm-fused --topic layer-normalisation");
    ran.exits(2).one_sentence().says("there is no topic `layer-normalisation`");
    let ran = learner.run_in(&root, "author new rmsnorm-fused --topic pagd-attention");
    ran.exits(2).one_sentence().says("did you mean: roadmap author new rmsnorm-fused --topic paged-attention");
    learner.run_in(&root, "author new RMS_Norm").exits(2).one_sentence().says("hint: roadmap author new rms-norm");
    learner.run_in(&root, "author new loop").exits(2).one_sentence().says("cannot name a lab");
    assert_eq!(fs::read_dir(root.join("labs")).expect("a folder").count(), 0, "nothing was written");

    let ran = learner.run_in(&root, "author new rmsnorm-fused --topic paged-attention --topic ptq");
    ran.exits(0).shows("cargo run -- author check rmsnorm-fused").shows("oracle");
    let text = fs::read_to_string(root.join("labs/rmsnorm-fused/lab.toml")).expect("a manifest");
    assert_eq!(text.matches("topics = [\"paged-attention\", \"ptq\"]").count(), 3, "{text}");
    learner.run_in(&root, "author new rmsnorm-fused").exits(2).one_sentence().says("is there already");
    learner.run_in(&root, "author new nameless").exits(0).shows("which topics each step exercises");
    let made = learner.run_in(&root, "author new paged-attention --json").exits(0).out.clone();
    let made: serde_json::Value = serde_json::from_str(&made).expect("one object");
    assert_eq!(made["topics"], serde_json::json!(["paged-attention"]), "the topic of that name");
}

#[test]
fn a_folder_that_changed_since_the_build_is_seen() {
    let learner = Learner::new();
    let root = checkout(&learner);
    let lab = labs::embedded().first().expect("a lab");
    let there = root.join("labs").join(lab.slug);
    copy(&Path::new(HERE).join("labs").join(lab.slug), &there);
    assert_eq!(labs::changes(lab, &root).expect("readable"), Vec::<String>::new());
    fs::write(there.join("brief.md"), "another idea").expect("a file");
    fs::remove_file(there.join("oracle/make.py")).expect("a file");
    fs::write(there.join("grader/new.rs"), "").expect("a file");
    fs::create_dir_all(there.join("oracle/__pycache__")).expect("a folder");
    fs::write(there.join("oracle/__pycache__/make.pyc"), "").expect("a file");
    let changes = labs::changes(lab, &root).expect("readable");
    assert_eq!(changes, ["brief.md changed", "oracle/make.py is gone", "grader/new.rs is new"]);
    assert_eq!(labs::on_disk(&root).expect("readable"), [lab.slug]);
}

#[test]
fn a_new_lab_passes_its_trials_but_for_the_oracle_and_broken_ones_do_not() {
    let learner = Learner::new();
    let root = checkout(&learner);
    for slug in ["as-it-is", "loose", "wordless"] {
        learner.run_in(&root, &format!("author new {slug} --topic paged-attention")).exits(0);
    }
    break_tolerances(&root.join("labs/loose"));
    break_words(&root.join("labs/wordless"));

    let ran = Compiled::new(&root).run();
    let failed = |slug: &str| -> Vec<&str> { ran.failed(slug).into_iter().map(|(name, _)| name).collect() };
    assert!(ran.held("as-it-is") > 15, "{ran:?}");
    assert_eq!(failed("as-it-is"), ["oracle", "oracle says where it comes from"], "{ran:?}");
    ran.says("as-it-is", "oracle", "nothing was compared");

    ran.says("loose", "grader.rs normalize has room between right and wrong", "`subtracts-mean`");
    ran.says("loose", "misconceptions.rs subtracts-mean", "not rejected");
    ran.says("loose", "misconceptions.rs of normalize are told apart", "`centres` and `subtracts-mean`");

    ran.says("wordless", "brief.md tells every step", "`## size`");
    ran.says("wordless", "hints.md has three for every step", "`## rms` has 2 hints");
    ran.says("wordless", "starters say what each function does", "no docstring in starter.py");
    ran.says("wordless", "misconceptions all have their words", "`subtracts-mean` says nothing");
    ran.says("wordless", "misconceptions all have their words", "lab.toml has no `left-over`");
    ran.says("wordless", "lab.toml names what is there", "no [[card]]");
    ran.says("wordless", "solution.py has room in its floors", "uses over half of the k");
    ran.says("wordless", "misconceptions.py has two or more", "1 misconceptions are written");
}

/// A tolerance that lets a mistake pass, and a mistake under two names.
fn break_tolerances(lab: &Path) {
    edit(lab, "grader.rs", "Rule::Floor(4.0)", "Rule::Floor(1e8)");
    let twin = "[[misconception]]\nid = \"centres\"\nfunction = \"normalize\"\nsays = \"the mean went.\"\n\n[[card]]";
    edit(lab, "lab.toml", "[[card]]", twin);
    let code = "\n/// The same again.\npub fn centres(x: &Tensor) -> Result<Tensor> {\n    subtracts_mean(x)\n}\n";
    let path = lab.join("misconceptions.rs");
    let text = fs::read_to_string(&path).expect("misconceptions") + code;
    fs::write(path, text).expect("misconceptions");
}

/// Words missing everywhere, and a Python solution that is off by most of the tolerance.
fn break_words(lab: &Path) {
    edit(lab, "grader.rs", "Rule::Floor(4.0)", "Rule::Floor(64.0)");
    edit(lab, "solution.py", "return x / rms", "return x / rms * np.float32(1 + 5e-6)");
    edit(lab, "brief.md", "## size", "## sizes");
    edit(lab, "hints.md", "3. sqrt((a² + b²) / 2).\n", "");
    edit(lab, "starter.py", "    \"\"\"x divided by", "    x.sum()\n    \"\"\"x divided by");
    edit(lab, "misconceptions.py", "def subtracts_mean(", "def removes_mean(");
    let manifest = fs::read_to_string(lab.join("lab.toml")).expect("a manifest");
    let (before, _) = manifest.split_once("[[card]]").expect("cards");
    fs::write(lab.join("lab.toml"), before).expect("a manifest");
    edit(
        lab,
        "lab.toml",
        "says = \"the mean was subtracted first, as LayerNorm does. RMS normalization leaves it in: that is what makes it \
         cheaper.\"",
        "says = \"\"",
    );
    let code = "\n/// Forgotten.\npub fn left_over(x: &Tensor) -> Result<Tensor> {\n    solution::normalize(x)\n}\n";
    let path = lab.join("misconceptions.rs");
    let text = fs::read_to_string(&path).expect("misconceptions") + code;
    fs::write(path, text).expect("misconceptions");
}
