//! What the fuzzer has found or was given, replayed: `cargo test` holds on a stable compiler what `cargo fuzz` searches.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes of the whole corpus: it travels with every checkout.
const MOST: u64 = 200_000;

fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.expect("a file").path()).collect()
}

#[test]
fn every_file_of_the_corpus_is_read_or_refused() {
    let mut bytes = 0;
    for (name, target) in targets::TARGETS {
        let files = files(name);
        assert!(files.len() >= 3, "{name} has {} files", files.len());
        for file in files {
            let data = fs::read(&file).expect("a file of the corpus");
            bytes += data.len() as u64;
            let held = std::panic::catch_unwind(|| target(&data));
            assert!(held.is_ok(), "cargo +nightly fuzz run {name} {}", file.display());
        }
    }
    assert!(bytes <= MOST, "the corpus has {bytes} bytes: cargo +nightly fuzz cmin");
}

/// A file with a few of its bytes flipped, dropped, doubled or taken from another file of the same target.
fn changed(data: &[u8], other: &[u8], draw: &mut StdRng) -> Vec<u8> {
    let mut out = data.to_vec();
    for _ in 0..draw.random_range(1..6) {
        let at = draw.random_range(0..=out.len());
        let end = (at + draw.random_range(0..24)).min(out.len());
        let from = draw.random_range(0..=other.len());
        let piece = &other[from..(from + draw.random_range(0..24)).min(other.len())];
        match draw.random_range(0..7) {
            0 if at < out.len() => out[at] ^= 1 << draw.random_range(0..8),
            1 if at < out.len() => out[at] = [0, 0x7f, 0x80, 0xff, b'9', b'-'][draw.random_range(0..6)],
            2 => drop(out.drain(at..end)),
            3 => drop(out.splice(at..at, out[at..end].to_vec())),
            4 => drop(out.splice(at..end, piece.to_vec())),
            5 => drop(out.splice(at..at, piece.to_vec())),
            _ => out.truncate(at.max(1)),
        }
    }
    out
}

/// Without a fuzzer: some changes of each file. ROADMAP_FUZZ asks for more.
#[test]
fn changed_files_of_the_corpus_are_read_or_refused() {
    let rounds: usize = std::env::var("ROADMAP_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    for (name, target) in targets::TARGETS {
        let mut files = files(name);
        files.sort();
        let all: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("a file of the corpus")).collect();
        let mut draw = StdRng::seed_from_u64(11);
        for round in 0..rounds {
            for data in &all {
                let data = changed(data, &all[draw.random_range(0..all.len())], &mut draw);
                let begun = Instant::now();
                let held = std::panic::catch_unwind(|| target(&data));
                if held.is_err() || begun.elapsed() > Duration::from_secs(10) {
                    let kept = std::env::temp_dir().join(format!("{name}-{round}"));
                    fs::write(&kept, &data).expect("a file");
                    panic!("{name} panics or takes {:.1?} on {}", begun.elapsed(), kept.display());
                }
            }
        }
    }
}

#[test]
fn every_target_can_be_fuzzed() {
    let manifest = include_str!("../fuzz/Cargo.toml");
    for (name, _) in targets::TARGETS {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(&program).unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        assert!(text.contains(&format!("roadmap_fuzz::{name}(data)")), "{}", program.display());
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} stands in fuzz/Cargo.toml");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), targets::TARGETS.len());
}
