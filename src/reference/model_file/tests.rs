//! Files of the learner's own: the kinds that are read, and files that are not what they say.

use super::read;
use crate::reference::flops::count;
use lab_sdk::Convention;
use std::fs;

fn said(name: &str, content: &[u8]) -> Result<(u64, u64, Vec<String>), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file");
    let own = read(&path).map_err(|e| e.to_string())?;
    let macs = own.arch.map_or(0, |net| count(&net, &Convention::default()).expect("it runs").macs);
    Ok((macs, own.params, own.remarks))
}

#[test]
fn a_configuration_is_the_net_that_it_describes() {
    let bert = br#"{"model_type": "bert", "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072,
        "num_hidden_layers": 12, "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2}"#;
    assert_eq!(said("config.json", bert).map(|(macs, params, _)| (macs, params)), Ok((11_174_215_680, 109_482_240)));
    let llama = br#"{"model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
        "intermediate_size": 14336, "num_hidden_layers": 32, "vocab_size": 128256}"#;
    assert_eq!(said("config.json", llama).map(|(_, params, _)| params), Ok(8_030_261_248));
    let gpt2 = br#"{"model_type": "gpt2", "n_embd": 1600, "n_head": 25, "n_layer": 48, "vocab_size": 50257}"#;
    assert_eq!(said("config.json", gpt2).map(|(_, params, _)| params), Ok(1_557_611_200));
}

#[test]
fn a_header_of_weights_is_counted_without_a_graph() {
    let header = br#"{"a.0.w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}   "#;
    let file = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 12]].concat();
    let (macs, params, remarks) = said("model.safetensors", &file).expect("it reads");
    assert_eq!((macs, params), (0, 6));
    assert!(remarks[0].contains("no graph"));
}

#[test]
fn files_that_are_something_else_are_refused_in_a_sentence() {
    let long = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let short = [&60_u64.to_le_bytes()[..], b"{}"].concat();
    let header = br#"{"w":{"dtype":"F32","shape":[99999999999,9999999999],"data_offsets":[0,4]}}"#;
    let sizes = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    let dtype = br#"{"w":{"dtype":"X9","shape":[1],"data_offsets":[0,4]}}"#;
    let dtype = [&(dtype.len() as u64).to_le_bytes()[..], dtype].concat();
    let kind = br#"{"model_type": "gemma3"}"#;
    let heads = br#"{"model_type": "gpt2", "n_embd": 10, "n_head": 0, "n_layer": 1, "vocab_size": 5}"#;
    let deep = br#"{"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 4000000, "vocab_size": 5}"#;
    let cycle = br#"{"name": "c", "nodes": [{"name": "a", "op": "act", "inputs": ["b"], "attrs": {"kind": "relu"}},
        {"name": "b", "op": "act", "inputs": ["a"], "attrs": {"kind": "relu"}}]}"#;
    let many = format!("{{\"nodes\": [{}]}}", vec!["1"; 1_000_000].join(","));
    let cases: Vec<(&str, &[u8], &str)> = vec![
        ("a.safetensors", b"abc", "`a.safetensors` is cut short"),
        ("a.safetensors", &long, "the format allows 100000000"),
        ("a.safetensors", &short, "a header of 60 bytes in a file of 10"),
        ("a.safetensors", &sizes, "does not fit bytes 0..4"),
        ("a.safetensors", &dtype, "unknown dtype `X9`"),
        ("config.json", b"\xff\xfe", "is no UTF-8 text"),
        ("config.json", b"{", "is no JSON"),
        ("config.json", b"\xef\xbb\xbf{}", "has neither `nodes` nor a `model_type`"),
        ("config.json", kind, "describes a `gemma3`; known are llama"),
        ("config.json", heads, "a size of 0"),
        ("config.json", deep, "more than 20000 nodes"),
        ("net.json", cycle, "cannot run: `a`: no node before it is called `b`"),
        ("net.json", many.as_bytes(), "has 1000000 nodes; at most 20000 are counted"),
        ("net.toml", b"input = [1]", "missing field `node`"),
        ("net.toml", b"input = [1, 0]\nnode = []", "a size of 0"),
        ("net.bin", b"", "is none of .onnx, .json, .safetensors, .toml"),
        ("m.onnx", b"", "has no graph"),
        ("m.onnx", b"hello world", "m.onnx"),
        ("m.onnx", &[0x3a, 0xff, 0xff, 0xff, 0x7f], "is cut short"),
        ("m.onnx", &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a number without an end"),
        ("m.onnx", &[0x3a, 0x04, 0x0a, 0x7f, 0x00, 0x00], "is cut short"),
    ];
    for (name, content, wanted) in cases {
        let got = said(name, content).expect_err(wanted);
        assert!(got.contains(wanted) && !got.contains('\n'), "{name}: {got}");
    }
}

#[test]
fn any_bytes_are_read_or_refused_but_never_crash() {
    // Every file that is cut short somewhere, or has one byte changed.
    let header = br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let weights = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat();
    for (name, whole) in [("m.onnx", ONNX), ("m.safetensors", &weights)] {
        for at in 0..whole.len() {
            let _ = said(name, &whole[..at]);
            let mut changed = whole.to_vec();
            changed[at] ^= 0xff;
            let _ = said(name, &changed);
        }
    }
}

#[test]
fn a_small_onnx_file_is_counted() {
    // 1 x 3 x 8 x 8, a 3x3 convolution to 4 channels, flattened, to 5 features with a bias.
    assert_eq!(
        said("m.onnx", ONNX).map(|(macs, params, _)| (macs, params)),
        Ok((4 * 27 * 36 + 144 * 5, 4 * 27 + 144 * 5 + 5))
    );
}

const ONNX: &[u8] = include_bytes!("tests/small.onnx");
