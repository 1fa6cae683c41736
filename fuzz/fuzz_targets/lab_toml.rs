//! `lab.toml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::lab_toml(data));
