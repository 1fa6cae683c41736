//! Traces of torch.profiler, gzip or not.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::trace(data));
