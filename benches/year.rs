//! A year of study: 100,000 attempts, 5,000 reviews and 2,000 notes through the store's own interface, then the start of
//! each command that reads them, as whole processes, medians.

use roadmap::grading::Lab;
use roadmap::labs;
use roadmap::progress::{Checked, Entry, Event, Reviewed, Store};
use roadmap::review::Rating;
use roadmap::submission::Language;
use roadmap::verdict::{Asked, Finding, Graded, Named, Predicted, Verdict};
use std::process::{Command, Stdio};
use std::time::Instant;

const ATTEMPTS: usize = 100_000;
const REVIEWS: usize = 5_000;
const NOTES: usize = 2_000;
const ROUNDS: usize = 15;

fn main() {
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let home = tempfile::tempdir().expect("a temporary home");
    // `cargo bench --bench year -- --keep DIR` leaves the database for benches/peers.py.
    let kept = std::env::args().skip_while(|word| word != "--keep").nth(1).map(std::path::PathBuf::from);
    let data = kept.unwrap_or_else(|| home.path().join("data"));
    let started = Instant::now();
    fill(&data.join("progress.db"));
    let size = std::fs::metadata(data.join("progress.db")).expect("the database").len();
    println!(
        "{ATTEMPTS} attempts, {REVIEWS} reviews, {NOTES} notes written in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    println!("database {:.1} MB", size as f64 / 1e6);
    println!("median of {ROUNDS} whole processes [min .. max], ms");
    for words in [&["status"][..], &["next"], &[], &["list"], &["find", "zero", "point"], &["log"]] {
        let mut times: Vec<f64> = (0..=ROUNDS)
            .map(|_| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_roadmap"));
                command.args(words).env("ROADMAP_DATA", &data).env("ROADMAP_WORKSPACE", home.path().join("work"));
                let started = Instant::now();
                let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("the binary runs");
                assert!(status.success(), "roadmap {words:?}: {status}");
                started.elapsed().as_secs_f64() * 1e3
            })
            .skip(1)
            .collect();
        times.sort_by(f64::total_cmp);
        let name = format!("roadmap {}", words.join(" "));
        println!("{name:<26} {:6.1}   [{:.1} .. {:.1}]", times[ROUNDS / 2], times[0], times[ROUNDS - 1]);
    }
}

/// Seeded, so that two runs write the same history.
fn fill(path: &std::path::Path) {
    let labs = labs::all().expect("labs");
    let mut store = Store::open(path).expect("a store");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for number in 0..ATTEMPTS {
        let lab = &labs[draw(labs.len())];
        let graded = attempt(lab, number, draw(lab.manifest.steps.len()), draw(10));
        let answer = format!("fn answer() {{ {} }}", number / 20);
        let (language, content) = (Some(Language::Rust), lab.content());
        let checked = Checked {
            lab: lab.slug(),
            graded: &graded,
            language,
            answer: Some(&answer),
            edited: None,
            content: &content,
            detail: detail(&graded),
        };
        store.record(&checked).expect("recorded");
        if number % 10 == 0 {
            store.happened(lab.slug(), Some(&graded.step), Event::Hint, "1").expect("recorded");
        }
    }
    let entries: Vec<Entry> = (0..200)
        .map(|n| Entry { item: format!("card:{}/{n}", labs[0].slug()), lab: labs[0].slug().to_owned(), step: None })
        .collect();
    store.enrol(&entries).expect("enrolled");
    let day = 86_400_000_i64;
    for number in 0..REVIEWS {
        let rating = if draw(5) == 0 { Rating::Again } else { Rating::Good };
        let at = 1_760_000_000_000 + number as i64 * day / 14;
        store.review(&entries[number % entries.len()].item, &Reviewed { given: "6.02", rating }, at).expect("reviewed");
    }
    for number in 0..NOTES {
        let text = format!("note {number}: the zero point moved by {} in layer {}", draw(100), draw(40));
        store.note(labs[0].slug(), &text, 1_760_000_000_000 + number as i64).expect("noted");
    }
}

fn attempt(lab: &Lab, number: usize, step: usize, luck: usize) -> Graded {
    let step = &lab.manifest.steps[step];
    let mut graded = Graded::nothing(&step.id, step.kind, number as u64, "");
    (graded.passed, graded.total, graded.inputs, graded.seconds) = (20, 27, 98, 0.4);
    graded.verdict = if luck < 3 { Verdict::Pass } else { Verdict::Fail(vec![Finding::default()]) };
    if luck == 9 {
        graded.named = vec![Named { id: "one-scale".to_owned(), says: "one scale".to_owned(), agrees: 1 }];
    }
    if step.kind == roadmap::verdict::Kind::Predict {
        let asked = Asked {
            id: "lost".into(),
            text: "?".into(),
            parameters: Vec::new(),
            unit: Some("dB".into()),
            choices: Vec::new(),
        };
        let (value, right) = (Some(20.0 + luck as f64), luck < 3);
        graded.questions = vec![asked];
        graded.predicted = vec![Predicted { id: "lost".into(), given: "24".into(), value, wanted: Some(25.2), right }];
    }
    graded
}

/// As large as what a check stores.
fn detail(graded: &Graded) -> String {
    serde_json::json!({"step": graded.step, "questions": graded.questions, "findings": graded.verdict.findings(), "seed": "7f31"}).to_string()
}
