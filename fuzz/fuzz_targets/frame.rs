//! Frames of the wire, from an answer and to one.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::frame(data));
