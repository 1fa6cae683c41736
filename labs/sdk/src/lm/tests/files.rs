//! Files of models that learners bring: what is read, and the sentence for what is not.

use super::super::load::widened;
use super::super::names::HEAD;
use super::super::{Config, Lm, layer};
use super::{SMALL, forward, furthest, random};
use candle_core::quantized::gguf_file::{Value as Gguf, write};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A folder of its own that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("lab-sdk-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a file");
        Folder(path)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    fn save(&self, name: &str, weights: &HashMap<String, Tensor>) -> PathBuf {
        self.file(name, safetensors::serialize(weights.iter(), None).expect("a file"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const IDS: [u32; 6] = [3, 1, 4, 1, 5, 39];

fn said(path: &Path) -> String {
    Lm::load(path, DType::F32).expect_err("a refusal").to_string()
}

fn config(change: impl FnOnce(&mut Value)) -> String {
    let mut json = SMALL.to_json();
    change(&mut json);
    json.to_string()
}

/// In the order and with the names of llama.cpp: rows 2 i and 2 i + 1 of a head are its pair (i, i + D / 2).
fn gguf(folder: &Folder, weights: &HashMap<String, Tensor>, extra: &[(&str, Gguf)], dtype: GgmlDType) -> PathBuf {
    let mut tensors = Vec::new();
    for (ours, weight) in weights {
        let dims = weight.dims().to_vec();
        let interleave = |heads: usize| {
            let halves = weight.reshape((heads, 2, dims[0] / heads / 2, dims[1])).expect("a file");
            halves
                .transpose(1, 2)
                .expect("a file")
                .contiguous()
                .expect("a file")
                .reshape(dims.as_slice())
                .expect("a file")
        };
        let theirs = ours
            .replace("model.embed_tokens", "token_embd")
            .replace("model.norm", "output_norm")
            .replace("lm_head", "output")
            .replace("model.layers", "blk")
            .replace("input_layernorm", "attn_norm")
            .replace("post_attention_layernorm", "ffn_norm")
            .replace("self_attn.o_proj", "attn_output")
            .replace("self_attn.", "attn_")
            .replace("mlp.", "ffn_")
            .replace("_proj", "");
        let weight = match &theirs {
            theirs if theirs.ends_with("attn_q.weight") => interleave(SMALL.heads),
            theirs if theirs.ends_with("attn_k.weight") => interleave(SMALL.kv_heads),
            _ => weight.clone(),
        };
        let dtype = if dims.len() == 1 { GgmlDType::F32 } else { dtype };
        tensors.push((theirs, QTensor::quantize(&weight, dtype).expect("a file")));
    }
    let size = |n: usize| Gguf::U32(n as u32);
    let mut metadata = vec![
        ("general.architecture", Gguf::String("llama".into())),
        ("llama.embedding_length", size(SMALL.dim)),
        ("llama.block_count", size(SMALL.layers)),
        ("llama.attention.head_count", size(SMALL.heads)),
        ("llama.attention.head_count_kv", size(SMALL.kv_heads)),
        ("llama.attention.key_length", size(SMALL.head_dim)),
        ("llama.feed_forward_length", size(SMALL.ffn)),
        ("llama.context_length", size(SMALL.ctx)),
        ("llama.rope.freq_base", Gguf::F32(SMALL.theta as f32)),
        ("llama.attention.layer_norm_rms_epsilon", Gguf::F32(SMALL.eps as f32)),
    ];
    metadata.retain(|(key, _)| extra.iter().all(|(other, _)| other != key));
    metadata.extend_from_slice(extra);
    let metadata: Vec<(&str, &Gguf)> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut file = std::io::Cursor::new(Vec::new());
    write(&mut file, &metadata, &tensors).expect("a file");
    folder.file("model.gguf", file.into_inner())
}

#[test]
fn one_model_from_every_kind_of_file() {
    let folder = Folder::new("kinds");
    let mut weights = random(&SMALL, 2);
    for untied in [false, true] {
        if untied {
            weights.insert(HEAD.into(), random(&SMALL, 3)["model.embed_tokens.weight"].clone());
        }
        let plain = folder.save("model.safetensors", &weights);
        folder.file("config.json", config(|json| json["tie_word_embeddings"] = (!untied).into()));
        let lm = Lm::load(&plain, DType::F32).expect("a file");
        let wanted = forward(&lm, &IDS);
        assert_eq!(furthest(&wanted, &forward(&Lm::load(&folder.0, DType::F32).expect("a file"), &IDS)), 0.0);

        let other = Folder::new("copy");
        let copy = other.0.join("copy.safetensors");
        lm.save(&copy).expect("a file");
        assert_eq!(furthest(&wanted, &forward(&Lm::load(&copy, DType::F32).expect("a file"), &IDS)), 0.0);

        let llama = Lm::load(&gguf(&folder, &weights, &[], GgmlDType::F32), DType::F32).expect("a file");
        assert_eq!(*llama.cfg(), SMALL);
        assert_eq!(furthest(&wanted, &forward(&llama, &IDS)), 0.0);
        let quantized = Lm::load(&gguf(&folder, &weights, &[], GgmlDType::Q8_0), DType::F32).expect("a file");
        let off = furthest(&wanted, &forward(&quantized, &IDS));
        assert!(off > 0.0 && off < 1.0, "{off}");
    }
    // Two shards, in half precision.
    let (first, second): (HashMap<_, _>, HashMap<_, _>) = weights
        .iter()
        .map(|(name, w)| (name.clone(), w.to_dtype(DType::BF16).expect("a file")))
        .partition(|(n, _)| n.len() % 2 == 0);
    let map = |part: &HashMap<String, Tensor>, file: &str| -> Vec<(String, Value)> {
        part.keys().map(|name| (name.clone(), file.into())).collect()
    };
    let names: serde_json::Map<String, Value> =
        map(&first, "a.safetensors").into_iter().chain(map(&second, "b.safetensors")).collect();
    folder.save("a.safetensors", &first);
    folder.save("b.safetensors", &second);
    let index = folder.file("x.safetensors.index.json", json!({ "weight_map": names }).to_string());
    let half = Lm::load(&index, DType::F32).expect("a file");
    let rounded: HashMap<String, Tensor> = weights
        .iter()
        .map(|(name, w)| (name.clone(), w.to_dtype(DType::BF16).expect("a file").to_dtype(DType::F32).expect("a file")))
        .collect();
    let single = Lm::load(&folder.save("model.safetensors", &rounded), DType::F32).expect("a file");
    assert_eq!(furthest(&forward(&half, &IDS), &forward(&single, &IDS)), 0.0);
}

#[test]
fn half_precision_widens_as_candle_widens_it() {
    let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F16, vec![1 << 16], &bytes).expect("a file");
    let tensor = candle_core::safetensors::Load::load(&view, &Device::Cpu).expect("a file");
    let wanted: Vec<f32> = tensor.to_dtype(DType::F32).expect("a file").to_vec1().expect("a file");
    for (half, (found, wanted)) in widened(&bytes).into_iter().zip(wanted).enumerate() {
        assert!(
            found.to_bits() == wanted.to_bits() || found.is_nan() && wanted.is_nan(),
            "{half:04x}: {found} {wanted}"
        );
    }
}

#[test]
fn other_models_are_refused_by_name() {
    let folder = Folder::new("others");
    let weights = random(&SMALL, 4);
    let file = folder.save("model.safetensors", &weights);
    assert!(said(&file).ends_with("there is no config.json beside it and no config in its header"), "{}", said(&file));
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 9] = [
        (
            |c| c["architectures"] = json!(["GPT2LMHeadModel"]),
            "the model is \"GPT2LMHeadModel\"; only LLaMA-style models are supported (LlamaForCausalLM)",
        ),
        (
            |c| c["attention_bias"] = true.into(),
            "the config has attention_bias; projections with biases are not supported",
        ),
        (
            |c| c["rope_scaling"] = json!({"rope_type": "llama3", "factor": 8.0}),
            "the config scales RoPE (\"llama3\"); only plain RoPE is supported",
        ),
        (|c| c["hidden_act"] = "gelu".into(), "the feed-forward uses \"gelu\"; only silu is supported"),
        (|c| c["hidden_size"] = "wide".into(), "the config has hidden_size \"wide\" where a count is wanted"),
        (|c| c["num_key_value_heads"] = 3.into(), "4 heads do not divide among 3 key heads"),
        (|c| c["head_dim"] = 31.into(), "RoPE turns pairs, and a head of 31 values has a single one left"),
        (|c| c["vocab_size"] = 41.into(), "`model.embed_tokens.weight` is [40, 64] where the config asks for [41, 64]"),
        (
            |c| c["tie_word_embeddings"] = false.into(),
            "there is no `lm_head.weight`, and the config says that the head is not the embedding",
        ),
    ];
    for (change, sentence) in cases {
        folder.file("config.json", config(change));
        assert_eq!(said(&file), format!("{}: {sentence}", file.display()));
    }
    folder.file("config.json", config(|_| {}));
    for (name, sentence) in [
        ("model.layers.0.self_attn.q_proj.bias", "projections with biases are not supported"),
        ("model.layers.2.input_layernorm.weight", "is no weight of a LLaMA-style model of 2 layers"),
    ] {
        let mut more = weights.clone();
        more.insert(name.into(), Tensor::zeros(64, DType::F32, &Device::Cpu).expect("a file"));
        let said = said(&folder.save("model.safetensors", &more));
        assert!(said.contains(name) && said.ends_with(sentence), "{said}");
    }
    let mut fewer = weights.clone();
    fewer.remove(&layer(1, "mlp.up_proj"));
    assert!(said(&folder.save("model.safetensors", &fewer)).contains("no `model.layers.1.mlp.up_proj.weight`"));
    let mut codes = weights.clone();
    codes.insert(layer(1, "mlp.up_proj"), Tensor::zeros((96, 64), DType::U8, &Device::Cpu).expect("a file"));
    assert!(said(&folder.save("model.safetensors", &codes)).ends_with("is U8; F32, F16 and BF16 are supported"));

    let text = |text: &str| Gguf::String(text.into());
    for (key, value, sentence) in [
        ("general.architecture", text("qwen2"), "the architecture is qwen2; only llama is supported in GGUF"),
        ("llama.rope.scaling.type", text("yarn"), "the file scales RoPE (yarn); only plain RoPE is supported"),
        ("llama.expert_count", Gguf::U32(8), "the model has experts, which are not supported"),
        (
            "llama.rope.dimension_count",
            Gguf::U32(16),
            "RoPE turns 16 of 32 values of a head; only all of them are supported",
        ),
        ("llama.block_count", text("two"), "llama.block_count is no count"),
        ("general.alignment", Gguf::U32(0), "general.alignment is no multiple of 8 above zero"),
    ] {
        let said = said(&gguf(&folder, &weights, &[(key, value)], GgmlDType::F32));
        assert!(said.ends_with(sentence), "{said}");
    }
}

#[test]
fn broken_files_give_a_sentence_and_no_panic() {
    let folder = Folder::new("broken");
    let weights = random(&SMALL, 5);
    folder.file("config.json", config(|_| {}));
    let whole = std::fs::read(folder.save("model.safetensors", &weights)).expect("a file");
    let llama = std::fs::read(gguf(&folder, &weights, &[], GgmlDType::F32)).expect("a file");
    for (name, whole) in [("cut.safetensors", &whole), ("cut.gguf", &llama)] {
        for keep in [0, 3, 8, 20, 200, 1000, whole.len() / 2, whole.len() - 64] {
            let path = folder.file(name, &whole[..keep]);
            assert!(!said(&path).is_empty());
        }
        // One byte of the header at a time turned around.
        for at in 0..400 {
            let mut turned = whole.clone();
            turned[at] ^= 0xff;
            let path = folder.file(name, &turned);
            if let Ok(lm) = Lm::load(&path, DType::F32) {
                assert_eq!(lm.cfg().dim, SMALL.dim);
            }
        }
    }
    assert!(said(&folder.file("cut.safetensors", &whole[..whole.len() / 2])).contains("is cut short"));
    let empty = folder.0.join("empty");
    std::fs::create_dir_all(&empty).expect("a file");
    assert!(said(&empty).contains("the folder has no model.safetensors"));
    assert!(said(&folder.0.join("none.gguf")).contains("none.gguf"));
    assert!(said(&folder.file("model.bin", "x")).contains("a model is a .safetensors file"));
    folder.file("config.json", "{");
    assert!(said(&folder.0.join("model.safetensors")).contains("the config.json beside it is no JSON"));
    for map in [json!({}), json!({"a": "../up.safetensors"}), json!({"a": 1})] {
        let index = folder.file("model.safetensors.index.json", json!({ "weight_map": map }).to_string());
        assert!(said(&index).contains("weight_map"), "{}", said(&index));
    }
    assert!(Config::from_json(&json!([])).is_err() && Config::from_json(&json!({})).is_err());
}
