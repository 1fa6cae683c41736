//! A roadmap's TOML.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::roadmap_toml(data));
