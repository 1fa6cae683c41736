//! What accesses cost, against counts by set; and shuffles, against their definition.

use super::{clean, one_warp, run};
use lab_sdk::simt::{Cfg, F, G, U, V, Warp, f16};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

/// An index pattern, and which lanes are on.
fn pattern(random: &mut ChaCha8Rng, len: u32) -> (Vec<u32>, u32) {
    let mut below = |n: u32| random.next_u32() % n;
    let (start, stride, spread) = (below(len), below(40), 1 + below(len));
    let index = match below(5) {
        0 => (0..32).map(|i| (start + i) % len).collect(),
        1 => (0..32).map(|i| (start + i * stride) % len).collect(),
        2 => vec![start; 32],
        3 => (0..32).map(|i| (start + i / 4 * stride) % len).collect(),
        _ => (0..32).map(|_| below(spread)).collect(),
    };
    let mask = match below(3) {
        0 => u32::MAX,
        1 => random.next_u32(),
        _ => 1 << below(32),
    };
    (index, mask)
}

fn on(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |lane| mask >> lane & 1 == 1)
}

/// The condition that holds in the lanes of `mask`.
fn lanes(w: &Warp, mask: u32) -> lab_sdk::simt::P {
    (U::splat(mask) >> w.lane() & 1).eq(1)
}

#[test]
fn sectors_and_lines_are_those_of_a_set() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (len, halves) = (4096, 1000);
    let x = G::new("x", (0..len).collect::<Vec<u32>>());
    let h = G::new("h", (0..halves).map(|i| f16::from_f32(i as f32)).collect::<Vec<_>>());
    let got = G::poisoned("got", 32);
    for _ in 0..2000 {
        let (index, mask) = pattern(&mut random, halves);
        let index_on_device = G::new("index", &index);
        let offset = (random.next_u32() % 64) as usize;
        let (x, h) = (x.offset(offset), h.clone());
        let wide = random.next_u32().is_multiple_of(2);
        let report = one_warp(async |w: Warp| {
            let i = w.ld(&index_on_device, w.lane());
            w.if_(lanes(&w, mask), || match wide {
                true => w.st(&got, w.lane(), w.ld(&x, i)),
                false => w.st(&got, w.lane(), w.ld(&h, i).to_f32().to_u32()),
            });
        });
        clean(&report);
        let bytes = |lane: usize| if wide { 4 * (offset as u32 + index[lane]) } else { 2 * index[lane] };
        let units = |size: u32| on(mask).map(|lane| bytes(lane) / size).collect::<BTreeSet<_>>().len() as u64;
        let c = report.counters;
        assert_eq!(c.gld_sectors, 4 + units(32), "{index:?} {mask:#x}");
        assert_eq!(c.gld_lines, 1 + units(128));
        assert_eq!(c.gld_bytes, 128 + u64::from(mask.count_ones()) * if wide { 4 } else { 2 });
        assert_eq!(c.gst_sectors, on(mask).map(|lane| lane / 8).collect::<BTreeSet<_>>().len() as u64);
        let got = got.to_vec();
        let shift = if wide { offset as u32 } else { 0 };
        assert!(on(mask).all(|lane| got[lane] == index[lane] + shift));
    }
}

#[test]
fn wavefronts_are_the_most_words_in_a_bank() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..2000 {
        let (index, mask) = pattern(&mut random, 500);
        let index_on_device = G::new("index", &index);
        let narrow = random.next_u32().is_multiple_of(2);
        let report = run(Cfg { smem_bytes: 4096, ..Cfg::default() }, async |w: Warp| {
            let i = w.ld(&index_on_device, w.lane());
            // One value everywhere: lanes that meet at a word do not race.
            let one = F::splat(1.0);
            w.if_(lanes(&w, mask), || {
                if narrow {
                    w.sts(w.shared::<f16>("narrow", 2000), i, V::from(f16::from_f32(1.0)));
                } else {
                    w.sts(w.shared::<f32>("wide", 1000), i, one);
                }
            });
        });
        clean(&report);
        let mut banks: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for lane in on(mask) {
            let word = if narrow { index[lane] / 2 } else { index[lane] };
            banks.entry(word % 32).or_default().insert(word);
        }
        let most = banks.values().map(BTreeSet::len).max().unwrap_or(0);
        assert_eq!(report.counters.sst_waves, most as u64, "{index:?} {mask:#x}");
    }
}

/// What is written comes back, in all widths and whoever reads it.
#[test]
fn shared_memory_holds_what_was_written() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for seed in 0..100 {
        let words: Vec<u32> = (0..64).map(|_| random.next_u32()).collect();
        let (from, to) = (G::new("from", &words), G::poisoned("to", 64));
        let cfg = Cfg { smem_bytes: 4 * 64 + 128, seed, ..Cfg::new([1, 1, 1], [64, 1, 1]) };
        let report = run(cfg, async |w: Warp| {
            let (pad, s) = (w.shared::<f16>("pad", 64), w.shared::<u32>("s", 64));
            w.sts(pad, w.tid(), V::from(f16::from_f32(1.0)));
            w.sts(s.part(32, 32), w.lane(), 0);
            w.sync().await;
            w.sts(s, w.tid(), w.ld(&from, w.tid()));
            w.sync().await;
            w.st(&to, w.tid(), w.lds(s, (w.tid() * 5 + 7) % 64) + w.lds(pad, w.tid()).to_f32().to_u32());
        });
        assert!(report.faults.iter().all(|f| f.message.contains("s[")), "{:?}", report.faults);
        let wanted: Vec<u32> = (0..64).map(|t| words[(t * 5 + 7) % 64].wrapping_add(1)).collect();
        assert_eq!(to.to_vec(), wanted);
    }
}

/// CUDA C++ Programming Guide, Warp Shuffle Functions: a lane without a source keeps its own value.
#[test]
fn shuffles_move_lanes() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..300 {
        let v: Vec<u32> = (0..32).map(|_| random.next_u32()).collect();
        let src: Vec<u32> = (0..32).map(|_| random.next_u32() % 64).collect();
        let d = (random.next_u32() % 32) as usize;
        let (gv, gs, out) = (G::new("v", &v), G::new("src", &src), G::poisoned("out", 128));
        let report = one_warp(async |w: Warp| {
            let (v, src) = (w.ld(&gv, w.lane()), w.ld(&gs, w.lane()));
            w.st(&out, w.lane(), w.shfl(v, src));
            w.st(&out, w.lane() + 32, w.shfl_xor(v, d));
            w.st(&out, w.lane() + 64, w.shfl_down(v, d));
            w.st(&out, w.lane() + 96, w.shfl_up(v, d));
        });
        clean(&report);
        assert_eq!(report.counters.shfl, 4);
        let out = out.to_vec();
        for lane in 0..32 {
            assert_eq!(out[lane], v[src[lane] as usize % 32]);
            assert_eq!(out[32 + lane], v[lane ^ d]);
            assert_eq!(out[64 + lane], if lane + d < 32 { v[lane + d] } else { v[lane] });
            assert_eq!(out[96 + lane], if lane >= d { v[lane - d] } else { v[lane] });
        }
    }
}

/// Four floats a lane in one instruction (rule R5): 128 floats are 16 sectors.
#[test]
fn wide_loads() {
    let x = super::count_up("x", 128);
    let y = G::poisoned("y", 128);
    let report = one_warp(async |w: Warp| {
        let four = w.ld4(&x, w.lane() * 4);
        for (k, v) in (0..).zip(four) {
            w.st(&y, w.lane() * 4 + k, v);
        }
    });
    clean(&report);
    assert_eq!(y.to_vec(), x.to_vec());
    let c = report.counters;
    assert_eq!((c.gld_req, c.gld_sectors, c.gld_lines, c.gld_bytes), (1, 16, 4, 512));
    assert_eq!(c.sectors_per_store(), 16.0);
}

/// Sums are the same whoever comes first; what lanes got before are all the partial sums, in some order.
#[test]
fn atomics_take_turns() {
    let mut orders = BTreeSet::new();
    for seed in 0..10 {
        let (counter, old) = (G::new("counter", [0]), G::poisoned("old", 256));
        let cfg = Cfg { seed, ..Cfg::new([4, 1, 1], [64, 1, 1]) };
        let report = run(cfg, async |w: Warp| {
            let i = w.tid() + w.bid[0] * 64;
            w.st(&old, i, w.atomic_add(&counter, 0, 1));
        });
        clean(&report);
        assert_eq!(report.counters.atomics, 256);
        assert_eq!(counter.to_vec(), [256]);
        orders.insert(old.to_vec());
        let mut old = old.to_vec();
        old.sort_unstable();
        assert_eq!(old, (0..256).collect::<Vec<u32>>());
    }
    assert!(orders.len() > 1, "the order is drawn from the seed");
    let sum = G::new("sum", [0.5, 0.0]);
    run(Cfg::default(), async |w: Warp| {
        w.atomic_add(&sum, w.lane() & 1, 2.0);
    });
    assert_eq!(sum.to_vec(), [32.5, 32.0]);
}
