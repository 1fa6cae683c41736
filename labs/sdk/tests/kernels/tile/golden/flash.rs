//! What FlashAttention costs (V11). 512 queries and keys of 64 elements: q, k, v and o are 131,072 bytes each, 4,096 sectors.

use crate::tile::{Case, flash, flash::Cut};
use crate::{near, softmax, uneven, wide};
use lab_sdk::tile::{Cfg, Counters, Preset};

const N: usize = 512;
const D: usize = 64;

fn inputs() -> [Vec<f32>; 3] {
    [997, 991, 983].map(|modulus| uneven(N * D, modulus).iter().map(|x| x / 4.0).collect())
}

fn case([q, k, v]: &[Vec<f32>; 3], cut: Cut, preset: Preset) -> Case {
    let cfg = Cfg { preset, ..Cfg::new([N / cut.bm, 1, 1]) };
    let case = Case::new("flash.flash", cfg).input("q", q).input("k", k).input("v", v).output("o", N * D);
    let case = case.number(N).number(1.0 / (D as f64).sqrt()).number(D).number(cut.bm).number(cut.bn);
    case.number(cut.causal)
}

fn check(cut: Cut, preset: Preset, counters: Counters) {
    let inputs = inputs();
    let [q, k, v] = &inputs;
    let right = |o: &[f32]| {
        let row = |i: usize| {
            let seen = if cut.causal { i + 1 } else { N };
            let of_q = &q[i * D..][..D];
            let score = |of_k: &[f32]| wide(of_q).zip(wide(of_k)).map(|(q, k)| q * k).sum::<f64>() / (D as f64).sqrt();
            let weights = softmax(k.chunks(D).take(seen).map(score));
            let of = |c: usize| weights.iter().zip(v.chunks(D)).map(|(w, v)| w * f64::from(v[c])).sum();
            (0..D).map(of).collect::<Vec<f64>>()
        };
        near(o, (0..N).flat_map(row), 1e-6);
    };
    case(&inputs, cut, preset).check(|p, buffers: [_; 4]| flash::flash(p, buffers, cut), &counters, right);
}

/// 8 programs of 64 queries, 8 steps of 64 keys. A tile is 64 x 64 x 4 = 16,384 bytes, all of it side by side in memory:
/// sectors are bytes / 32. A vector of 64 rows is 256 bytes.
///
/// * A program loads its q, and 8 blocks of k and of v: 17 loads. q is read once and k and v 8 times: 17 x 131,072 =
///   2,228,224 bytes.
/// * A step is two dots, 2 x 2 x 64³ = 1,048,576: 64 steps.
/// * Live, at its fullest at the second dot: q, the weights, v, the sum so far and the new one, 5 tiles, with the largest
///   score and the sum of weights of each row, 2 vectors: 5 x 16,384 + 2 x 256 = 82,432. (When the scores are scaled or
///   shifted there are 4 tiles: q, the sum, the scores before and after.)
#[test]
fn square() {
    let cut = Cut { n: N, d: D, bm: 64, bn: 64, causal: false };
    let counters = Counters {
        launches: 1,
        programs: 8,
        loads: 8 * 17,
        stores: 8,
        ld_bytes: 2_228_224,
        st_bytes: 131_072,
        ld_sectors: 69_632,
        st_sectors: 4096,
        unique_sectors: 4 * 4096,
        dot_flops: 64 * 1_048_576,
        peak_live_bytes: 82_432,
        ..Counters::default()
    };
    check(cut, Preset::A100, counters);
}

/// Program i needs the keys of i + 1 blocks: 1 + 2 + .. + 8 = 36 steps and not 64.
///
/// * Loads: 8 + 2 x 36 = 80 of 16,384 bytes: 1,310,720 bytes, 40,960 sectors.
/// * Live as before: what is masked makes no tile more than what is scaled.
#[test]
fn causal() {
    let cut = Cut { n: N, d: D, bm: 64, bn: 64, causal: true };
    let counters = Counters {
        launches: 1,
        programs: 8,
        loads: 80,
        stores: 8,
        ld_bytes: 1_310_720,
        st_bytes: 131_072,
        ld_sectors: 40_960,
        st_sectors: 4096,
        unique_sectors: 4 * 4096,
        dot_flops: 36 * 1_048_576,
        peak_live_bytes: 82_432,
        ..Counters::default()
    };
    check(cut, Preset::A100, counters);
}

/// 4 programs of 128 queries, 4 steps of 128 keys. q, k, v and the sums are tiles of 128 x 64 x 4 = 32,768 bytes, the
/// scores 128 x 128 x 4 = 65,536, a vector 512.
///
/// * k and v are read 4 times and not 8: 9 x 131,072 bytes. Loads: 4 x (1 + 2 x 4). As many multiply-adds.
/// * Live, at its fullest when the scores are shifted and raised: q and the sum so far, the scores before and after, and
///   of each row the largest, the sum, and what both shrink by: 2 x 32,768 + 2 x 65,536 + 3 x 512 = 198,144. (At the
///   second dot: 4 x 32,768 + 65,536 + 2 x 512 = 197,632.)
#[test]
fn larger_blocks() {
    let cut = Cut { n: N, d: D, bm: 128, bn: 128, causal: false };
    let counters = Counters {
        launches: 1,
        programs: 4,
        loads: 36,
        stores: 4,
        ld_bytes: 1_179_648,
        st_bytes: 131_072,
        ld_sectors: 36_864,
        st_sectors: 4096,
        unique_sectors: 4 * 4096,
        dot_flops: 64 * 1_048_576,
        peak_live_bytes: 198_144,
        ..Counters::default()
    };
    check(cut, Preset::H100, counters);
    // An A100 has 163 KiB for a block.
    for done in case(&inputs(), cut, Preset::A100).launched(|p, buffers: [_; 4]| flash::flash(p, buffers, cut)) {
        assert_eq!(
            done.faults,
            ["program (0, 0, 0) does not fit: at its fullest, here, it holds tiles of 198,144 bytes, and A100 gives \
                 a block at most 166,912 (163 KiB); make the tiles smaller"]
        );
        assert!(!done.finished);
        assert_eq!((done.counters.programs, done.counters.peak_live_bytes), (1, 198_144), "{}", done.language);
    }
}
