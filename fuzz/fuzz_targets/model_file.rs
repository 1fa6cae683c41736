//! Models that are counted: TOML, JSON, ONNX, the header of safetensors.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadmap_fuzz::model_file(data));
