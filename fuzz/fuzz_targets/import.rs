//! What `roadmap import` is given.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::import(data));
