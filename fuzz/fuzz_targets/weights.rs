//! Models that are run: safetensors and GGUF.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::weights(data));
