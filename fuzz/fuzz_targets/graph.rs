//! Graphs of FX in JSON, and TorchScript's text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::graph(data));
