//! The claims of the reference pass: attention by its formula, f32 beside f64, and the scores of the model cards.

use super::{attention, bits_per_byte, forward};
use lab_sdk::lm::Lm;
use lab_sdk::stories::{Split, TEST_SEED, stories};
use lab_sdk::{DType, Device, Tensor};

fn drawn(shape: [usize; 3], start: f64) -> Tensor {
    let values: Vec<f64> = (0..shape.iter().product()).map(|i: usize| (start + i as f64 * 1.7).sin()).collect();
    Tensor::from_vec(values, &shape, &Device::Cpu).expect("a tensor")
}

#[test]
fn attention_is_a_weighted_mean_of_earlier_rows() {
    let (t, h, kv, d) = (5, 6, 2, 4);
    let (q, k, v) = (drawn([t, h, d], 0.0), drawn([t, kv, d], 1.0), drawn([t, kv, d], 2.0));
    let found = attention(&q, &k, &v).expect("attention").to_vec3::<f64>().expect("f64");
    let [q, k, v] = [q, k, v].map(|x| x.to_vec3::<f64>().expect("f64"));
    for (row, head, i) in (0..t * h * d).map(|n| (n / (h * d), n / d % h, n % d)) {
        let of = head / (h / kv);
        let score = |at: usize| (0..d).map(|j| q[row][head][j] * k[at][of][j]).sum::<f64>() / (d as f64).sqrt();
        let shares: Vec<f64> = (0..=row).map(|at| score(at).exp()).collect();
        let mean = (0..=row).map(|at| shares[at] * v[at][of][i]).sum::<f64>() / shares.iter().sum::<f64>();
        assert!((mean - found[row][head][i]).abs() < 1e-12);
    }
}

#[test]
fn a_pass_in_f32_differs_from_one_in_f64_by_rounding() {
    let ids = stories(TEST_SEED, Split::HeldOut, 300).ids();
    let [narrow, wide] = [DType::F32, DType::F64].map(|dtype| {
        let logits = forward(&Lm::shipped("lm-draft", dtype).expect("a model"), &ids).expect("logits");
        logits.to_dtype(DType::F64).and_then(|logits| logits.to_vec2::<f64>()).expect("f64")
    });
    let off = narrow.iter().flatten().zip(wide.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off > 0.0 && off < 1e-3, "{off}");
}

/// The figures of a model card's first table, in bits per byte: what the model pays and what the text truly costs.
fn card(text: &str) -> (f64, f64) {
    let row = text.lines().find(|line| line.starts_with("| held-out bits per byte")).expect("the row");
    let numbers = row.split(' ').filter_map(|word| word.trim_end_matches(',').parse::<f64>().ok());
    let numbers: Vec<f64> = numbers.filter(|n| n.fract() != 0.0).collect();
    (numbers[0], numbers[1])
}

#[test]
fn shipped_models_score_what_their_cards_say() {
    let text = stories(TEST_SEED, Split::HeldOut, 12_000);
    for (name, text_of_card) in [
        ("lm", include_str!("../../../labs/sdk/models/lm.md")),
        ("lm-draft", include_str!("../../../labs/sdk/models/lm-draft.md")),
    ] {
        let (bits, entropy) = card(text_of_card);
        let score = bits_per_byte(&Lm::shipped(name, DType::F32).expect("a model"), &text, 1024).expect("a score");
        assert!(score.bytes > 10_000);
        assert!(score.bits > score.entropy, "{name}: {score:?} beats the text");
        let (found, told) = (score.bits - score.entropy, bits - entropy);
        assert!((found / told - 1.0).abs() < 0.3, "{name}: {found} above the entropy, {told} by the card");
    }
}

#[test]
fn windows_that_cannot_be_scored_are_refused() {
    let lm = Lm::shipped("lm-draft", DType::F32).expect("a model");
    let text = stories(TEST_SEED, Split::HeldOut, 2000);
    for (length, window, sentence) in [(2000, 1, "2 to 1024"), (2000, 1025, "2 to 1024"), (400, 256, "no whole story")]
    {
        let cut = stories(TEST_SEED, Split::HeldOut, length);
        let error = bits_per_byte(&lm, &cut, window).expect_err("nothing to score").to_string();
        assert!(error.contains(sentence), "{error}");
    }
    let score = bits_per_byte(&lm, &text, 100).expect("a score");
    assert_eq!(score.bytes % 99, 0);
}
