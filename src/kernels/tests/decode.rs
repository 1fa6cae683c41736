//! Attention over a cache, held to softmax in f64.

use super::Draw;
use crate::kernels::eight::{Eight, Kernel, run};
use crate::kernels::{Isa, Kept, decode};

/// softmax(q k^T / sqrt(D)) v, in f64.
fn plain(q: &[f32], keys: &[f64], values: &[f64], heads: usize, kv_heads: usize) -> Vec<f64> {
    let d = q.len() / heads;
    let head = |head: usize| {
        let row = |all: &[f64], t: usize| all[(t * kv_heads + head * kv_heads / heads) * d..][..d].to_vec();
        let tokens = 0..keys.len() / (kv_heads * d);
        let score = |t| q[head * d..].iter().zip(row(keys, t)).map(|(q, k)| f64::from(*q) * k).sum::<f64>();
        let weights: Vec<f64> = tokens.map(|t| (score(t) / (d as f64).sqrt()).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let mut y = vec![0.0; d];
        for (t, weight) in weights.iter().enumerate() {
            y.iter_mut().zip(row(values, t)).for_each(|(y, v)| *y += weight / sum * v);
        }
        y
    };
    (0..heads).flat_map(head).collect()
}

const SHAPES: [(usize, usize, usize, usize); 7] =
    [(7, 4, 2, 128), (1, 1, 1, 8), (3, 2, 2, 16), (17, 4, 2, 40), (64, 8, 8, 64), (100, 6, 3, 32), (259, 2, 1, 72)];

#[test]
fn a_token_attends_as_in_f64() {
    for (t, heads, kv_heads, d) in SHAPES {
        let mut draw = Draw::new(t as u64);
        let q: Vec<f32> = draw.floats(heads * d).iter().map(|q| 4.0 * q).collect();
        let (keys, values) = (draw.floats(t * kv_heads * d), draw.floats(t * kv_heads * d));
        let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        let wanted = plain(&q, &wide(&keys), &wide(&values), heads, kv_heads);
        for isa in Isa::all() {
            let y = decode(isa, &q, Kept::F32 { keys: &keys, values: &values }, heads, kv_heads).expect("a row");
            assert_eq!(y.len(), wanted.len());
            // Values lie in -1 to 1, and so does their mean.
            let off = y.iter().zip(&wanted).map(|(y, wanted)| (f64::from(*y) - wanted).abs()).fold(0.0, f64::max);
            assert!(off <= 2e-6, "{}, ({t}, {heads}, {kv_heads}, {d}): {off}", isa.name());
        }
    }
}

#[test]
fn codes_attend_as_what_they_stand_for() {
    for (t, heads, kv_heads, d) in SHAPES {
        let mut draw = Draw::new(t as u64 + 1);
        let q: Vec<f32> = draw.floats(heads * d).iter().map(|q| 4.0 * q).collect();
        let (keys, values) = (draw.codes(t * kv_heads * d), draw.codes(t * kv_heads * d));
        let mut scales = || draw.floats(kv_heads).iter().map(|s| (s.abs() + 0.1) / 128.0).collect::<Vec<f32>>();
        let (key_scales, value_scales) = (scales(), scales());
        let real = |codes: &[i8], scales: &[f32]| {
            let scale = |at: usize| f64::from(scales[at / d % kv_heads]);
            codes.iter().enumerate().map(|(at, code)| f64::from(*code) * scale(at)).collect::<Vec<f64>>()
        };
        let wanted = plain(&q, &real(&keys, &key_scales), &real(&values, &value_scales), heads, kv_heads);
        let kept = Kept::I8 { keys: &keys, key_scales: &key_scales, values: &values, value_scales: &value_scales };
        for isa in Isa::all() {
            let y = decode(isa, &q, kept, heads, kv_heads).expect("a row");
            let off = y.iter().zip(&wanted).map(|(y, wanted)| (f64::from(*y) - wanted).abs()).fold(0.0, f64::max);
            assert!(off <= 4e-6, "{}, ({t}, {heads}, {kv_heads}, {d}): {off}", isa.name());
        }
    }
}

#[test]
fn what_decoding_refuses() {
    let kept = |keys, values| Kept::F32 { keys, values };
    let row = [1.0; 16];
    for (q, kept, heads, kv_heads) in [
        (&row[..], kept(&[], &[]), 2, 2),
        (&row[..], kept(&row, &row[..8]), 2, 2),
        (&row[..], kept(&row[..8], &row[..8]), 2, 2),
        (&row[..], kept(&row, &row), 2, 0),
        (&row[..], kept(&row, &row), 0, 1),
        (&row[..12], kept(&row[..12], &row[..12]), 1, 1),
        (&row[..], kept(&row, &row), 1, 2),
    ] {
        assert!(decode(Isa::best(), q, kept, heads, kv_heads).is_err(), "{heads} heads, {kv_heads}, {kept:?}");
    }
    let codes = Kept::I8 { keys: &[1; 16], key_scales: &[1.0], values: &[1; 16], value_scales: &[1.0; 2] };
    assert!(decode(Isa::best(), &row, codes, 2, 2).is_err());
}

struct Exp<'a>(&'a [f32; 8]);

impl Kernel for Exp<'_> {
    type Output = [f32; 8];

    #[inline(always)]
    fn on<E: Eight>(self, e: E) -> [f32; 8] {
        e.array(e.exp(e.load(self.0)))
    }
}

#[test]
fn powers_of_e_are_right_to_their_last_bits() {
    for isa in Isa::all() {
        for from in 0..11_000 {
            let x = std::array::from_fn(|at| -((8 * from + at) as f32) / 1000.0);
            for (x, y) in x.iter().zip(run(isa, Exp(&x))) {
                let wanted = if *x < -87.0 { 0.0 } else { f64::from(*x).exp() };
                assert!((f64::from(y) - wanted).abs() <= 2e-7 * wanted, "{}: e^{x} = {y}", isa.name());
            }
        }
    }
}
