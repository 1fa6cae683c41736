//! The pieces of a forward pass, on a small random model and on the shipped ones.

use super::super::load::check;
use super::super::{CHANNELS, Config, Counters, KEY_PAIR, Lm, layer};
use super::{SMALL, forward, furthest, random, values};
use crate::stories::{Split, TEST_SEED, stories};
use candle_core::{DType, Device, Tensor};

fn small(dtype: DType) -> Lm {
    Lm::new(check(SMALL, random(&SMALL, 1), None).expect("a tensor"), dtype).expect("a tensor")
}

#[test]
fn rows_do_not_depend_on_how_many_are_computed_at_once() {
    let lm = small(DType::F64);
    let ids = [3, 1, 4, 1, 5, 9, 2, 6];
    let all = forward(&lm, &ids);
    let first = forward(&lm, &ids[..5]);
    assert!(furthest(&all.narrow(0, 0, 5).expect("a tensor"), &first) < 1e-12);
    let single = small(DType::F32);
    assert!(furthest(&all, &forward(&single, &ids)) < 1e-4);
}

#[test]
fn rope_keeps_lengths_and_lets_products_depend_on_distance_only() {
    let lm = small(DType::F64);
    let (q, k, _) = lm.qkv_raw(1, &lm.embed(&[7, 8]).expect("a tensor")).expect("a tensor");
    let (q, k) = (q.narrow(0, 0, 1).expect("a tensor"), k.narrow(0, 1, 1).expect("a tensor"));
    let product = |at: usize, from: usize| {
        let (q, k) = (lm.rope(&q, &[at]).expect("a tensor"), lm.rope(&k, &[from]).expect("a tensor"));
        values(&q)[..32].iter().zip(&values(&k)[..32]).map(|(q, k)| q * k).sum::<f64>()
    };
    assert!((product(9, 4) - product(60, 55)).abs() < 1e-9);
    assert!((product(9, 4) - product(9, 5)).abs() > 1e-3);
    let length = |x: &Tensor| values(x).iter().map(|x| x * x).sum::<f64>();
    assert!((length(&q) - length(&lm.rope(&q, &[63]).expect("a tensor"))).abs() < 1e-9);
    assert_eq!(values(&q), values(&lm.rope(&q, &[0]).expect("a tensor")));
    // Pair 3 of a head turns by position * theta^(-3 / 16).
    let turned = values(&lm.rope(&q, &[10]).expect("a tensor"));
    let angle = 10.0 * 500f64.powf(-3.0 / 16.0);
    let expected = values(&q)[3] * angle.cos() - values(&q)[19] * angle.sin();
    assert!((turned[3] - expected).abs() < 1e-12);
}

#[test]
fn counts_what_is_computed() {
    let lm = small(DType::F32);
    let x = lm.embed(&[1, 2, 3]).expect("a tensor");
    assert_eq!(lm.counters(), Counters::default());
    let (q, ..) = lm.qkv(0, &x, &[0, 1, 2]).expect("a tensor");
    lm.qkv_raw(1, &x).expect("a tensor");
    let qkv = 2 * 64 * 32 * (4 + 2 + 2);
    assert_eq!(lm.counters(), Counters { rows: 3, calls: 6, weight_bytes: 2 * qkv });
    lm.reset();
    lm.finish(0, &x, &q).expect("a tensor");
    lm.logits(&x).expect("a tensor");
    assert_eq!(lm.counters(), Counters { rows: 0, calls: 5, weight_bytes: 2 * 64 * (4 * 32 + 3 * 96 + 40) });
}

#[test]
fn refuses_what_is_out_of_range_in_a_sentence() {
    let lm = small(DType::F32);
    let x = lm.embed(&[1, 2]).expect("a tensor");
    let said = |result: crate::Result<Tensor>| result.expect_err("a refusal").to_string();
    assert_eq!(said(lm.embed(&[1, 40])), "id 40: the vocabulary ends at 40");
    let position = lm.qkv(0, &x, &[0, 64]).expect_err("a refusal").to_string();
    assert_eq!(position, "position 64: the context ends at 64");
    assert_eq!(lm.counters(), Counters::default());
    assert_eq!(lm.qkv(0, &x, &[0]).expect_err("a refusal").to_string(), "2 rows and 1 positions");
    assert_eq!(lm.qkv_raw(2, &x).expect_err("a refusal").to_string(), "layer 2: the model has 2");
    let attn = Tensor::zeros((2, 2, 32), DType::F32, &Device::Cpu).expect("a tensor");
    assert_eq!(said(lm.finish(0, &x, &attn)), "attention gave [2, 2, 32] where [2, 4, 32] is wanted");
    assert_eq!(said(lm.logits(&x.to_dtype(DType::F64).expect("a tensor"))), "rows are f64, the model f32");
    assert!(said(lm.rope(&attn, &[0, 64])).contains("context ends at 64"));
    assert!(said(lm.rope(&x, &[0, 1])).contains("rank"));
    assert!(said(lm.embed(&[])).contains("no ids"));
    assert!(Lm::shipped("gpt", DType::F32).expect_err("a refusal").to_string().starts_with("no model `gpt`"));
    assert!(Lm::shipped("lm", DType::F16).is_err());
}

#[test]
fn shipped_models_have_the_promised_sizes() {
    for (name, config, params) in [("lm", Config::LM, 3_213_568), ("lm-draft", Config::LM_DRAFT, 426_624)] {
        let lm = Lm::shipped(name, DType::F32).expect("a tensor");
        assert_eq!(*lm.cfg(), config, "{name}");
        let names = lm.weight_names();
        let sizes = names.iter().map(|name| lm.weight(name).expect("a tensor").elem_count());
        assert_eq!(sizes.sum::<usize>(), params, "{name}");
    }
}

#[test]
fn outliers_change_no_bit_of_the_logits() {
    let ids = &stories(TEST_SEED, Split::HeldOut, 60).ids();
    let plain = Lm::shipped("lm", DType::F32).expect("a tensor");
    let bits = |lm: &Lm| -> Vec<u32> {
        let logits = forward(lm, ids).flatten_all().expect("a tensor").to_vec1::<f32>().expect("a tensor");
        logits.iter().map(|x| x.to_bits()).collect()
    };
    let wanted = bits(&plain);
    let (wide, keys) = (
        Lm::shipped("lm-outlier", DType::F32).expect("a tensor"),
        Lm::shipped("lm-kvoutlier", DType::F32).expect("a tensor"),
    );
    assert!(bits(&wide) == wanted);
    assert!(bits(&keys) == wanted);

    let ratio = |lm: &Lm, name: &str, at: usize| {
        let both = [lm, &plain].map(|lm| values(lm.weight(name).expect("a tensor"))[at]);
        both[0] / both[1]
    };
    assert_eq!(ratio(&wide, &layer(3, "input_layernorm"), CHANNELS[1]), 32.0);
    assert_eq!(ratio(&wide, &layer(0, "mlp.up_proj"), 5 * 256 + CHANNELS[2]), 1.0 / 32.0);
    assert_eq!(ratio(&wide, &layer(0, "mlp.up_proj"), 5 * 256 + CHANNELS[2] + 1), 1.0);
    for row in [KEY_PAIR, KEY_PAIR + 16, 32 + KEY_PAIR] {
        assert_eq!(ratio(&keys, &layer(2, "self_attn.k_proj"), row * 256), 16.0, "{row}");
        assert_eq!(ratio(&keys, &layer(2, "self_attn.q_proj"), row * 256), 1.0 / 16.0, "{row}");
    }
    assert_eq!(ratio(&keys, &layer(2, "self_attn.k_proj"), (KEY_PAIR + 1) * 256), 1.0);
}
