//! Published facts that the simulator reproduces, each with its source. Those of whole kernels are in tests/kernels.

use super::{clean, fault, one_warp, ramp, run, zero};
use lab_sdk::simt::{B2, Cfg, F, FaultKind, G, H2, Limit, Order, P, Preset, U, V, Warp, bf16, f16, occupancy};

/// V1. CUDA C++ Best Practices Guide 10.2.1.2 to 10.2.1.4: an aligned warp of floats is 4 sectors, a misaligned one 5, a
/// stride of 2 halves the efficiency (8 sectors), a large stride costs a sector for each lane.
#[test]
fn coalescing() {
    let x = G::new("x", ramp(2048));
    let cost = |offset: u32, stride: u32| {
        let report = one_warp(async |w: Warp| {
            w.ld(&x, w.lane() * stride + offset);
        });
        clean(&report);
        (report.counters.gld_sectors, report.counters.gld_lines)
    };
    assert_eq!(cost(0, 1), (4, 1));
    assert_eq!(cost(1, 1), (5, 2));
    assert_eq!(cost(8, 1), (4, 2));
    assert_eq!(cost(0, 2), (8, 2));
    assert_eq!(cost(0, 8), (32, 8));
    assert_eq!(cost(0, 32), (32, 32));
}

/// The same offset as a view of the buffer: pointers need not divide by 32 (rule R2).
#[test]
fn coalescing_of_a_view() {
    let x = G::new("x", ramp(64)).offset(1);
    let report = one_warp(async |w: Warp| {
        w.ld(&x, w.lane());
    });
    assert_eq!(report.counters.gld_sectors, 5);
}

/// V4. Without its barriers a reduction is wrong, and the report says why. In the order of the warps' numbers: 352 lanes raced
/// with another warp and 31 with another lane of their own (prototype of the curriculum).
#[test]
fn reduction_without_barriers() {
    let x = G::new("x", ramp(256));
    let sum: f32 = x.to_vec().iter().sum();
    assert_eq!(sum, 2040.0);
    let wrong = |order, seed| {
        let out = G::poisoned("out", 1);
        let cfg = Cfg { smem_bytes: 1024, order, seed, ..Cfg::new([1, 1, 1], [256, 1, 1]) };
        let report = run(cfg, |w| racing_sum(w, x.clone(), out.clone()));
        fault(&report, FaultKind::WriteAfterRead);
        assert_ne!(out.to_vec()[0], sum);
        (report.counters.hazards_inter, report.counters.hazards_intra)
    };
    assert_eq!(wrong(Order::ByNumber, 0), (352, 31));
    for seed in 0..20 {
        assert!(wrong(Order::Drawn, seed).0 > 0);
    }
}

/// Harris' third reduction of a block of 256 threads, without its barriers.
pub async fn racing_sum(w: Warp, x: G<f32>, out: G<f32>) {
    let (t, s) = (w.tid(), w.shared::<f32>("s", 256));
    w.sts(s, t, w.ld(&x, t));
    for d in [128, 64, 32, 16, 8, 4, 2, 1] {
        w.if_(t.lt(d), || w.sts(s, t, w.lds(s, t) + w.lds(s, t + d)));
    }
    w.if_(t.eq(0), || w.st(&out, t, w.lds(s, t)));
}

/// V5. Best Practices Guide 10.2.3.1: the degree of a conflict at stride s is gcd(s, 32).
#[test]
fn bank_conflicts() {
    for (stride, degree) in [(1, 1), (2, 2), (3, 1), (4, 4), (8, 8), (16, 16), (32, 32), (33, 1)] {
        let report = run(Cfg { smem_bytes: 8192, ..Cfg::default() }, async |w: Warp| {
            let s = w.shared::<f32>("s", 2048);
            w.sts(s, w.lane() * stride, 1.0);
            w.lds(s, w.lane() * stride);
        });
        clean(&report);
        assert_eq!((report.counters.sst_waves, report.counters.sld_waves), (degree, degree), "stride {stride}");
    }
}

/// Wavefronts of the loads of A's fragments (rows g, words t) from rows of 16, 64, 66, 68 and 72 halves, and with the
/// 16-byte chunks swizzled by the row: 2, 8, 4, 2, 1, 1 (rule R4 on the layout of R11).
#[test]
fn fragments_from_shared_memory() {
    let waves = |words: u32, swizzle: bool| {
        let report = run(Cfg { smem_bytes: 4096, ..Cfg::default() }, async |w: Warp| {
            let s = w.shared::<f16>("s", 2048).pairs();
            let (g, t) = (w.lane() / 4, w.lane() % 4);
            let chunk = if swizzle { g & 7 } else { U::splat(0) };
            w.sts(s, g * words + chunk * 4 + t, H2::pack(zero(), zero()));
        });
        clean(&report);
        report.counters.sst_waves
    };
    let strides = [8, 32, 33, 34, 36].map(|words| waves(words, false));
    assert_eq!((strides, waves(32, true)), ([2, 8, 4, 2, 1], 1));
}

/// V6. PTX ISA 9.7.14.5.8: where mma.m16n8k16 wants its elements. A wrong layout gives a wrong product.
#[test]
fn fragments_of_mma() {
    fn product<T: lab_sdk::simt::Half>(of: impl Fn(f32) -> T) {
        let a: Vec<f32> = (0..256).map(|v| ((v * 7) % 11) as f32 - 5.0).collect();
        let b: Vec<f32> = (0..128).map(|v| ((v * 5) % 9) as f32 - 4.0).collect();
        let ga = G::new("a", a.iter().map(|&x| of(x)).collect::<Vec<_>>());
        let gb = G::new("b", b.iter().map(|&x| of(x)).collect::<Vec<_>>());
        let d = G::poisoned("d", 128);
        let report = one_warp(|w| multiply(w, ga.clone(), gb.clone(), d.clone()));
        clean(&report);
        assert_eq!(report.counters.mma, 1);
        let dot = |i: usize| (0..16).map(|k| a[i / 8 * 16 + k] * b[k * 8 + i % 8]).sum();
        assert_eq!(d.to_vec(), (0..128).map(dot).collect::<Vec<f32>>());
    }
    product(f16::from_f32);
    product(bf16::from_f32);
}

async fn multiply<T: lab_sdk::simt::Half>(w: Warp, a: G<T>, b: G<T>, d: G<f32>) {
    let (g, t) = (w.lane() / 4, w.lane() % 4 * 2);
    let at_a = |row: u32, column: u32| w.ld(&a.pairs(), ((g + row) * 16 + t + column) / 2);
    let at_b = |row: u32| {
        let half = |i: u32| w.ld(&b, (t + (row + i)) * 8 + g);
        V::join(half(0), half(1))
    };
    let fragments = [at_a(0, 0), at_a(8, 0), at_a(0, 8), at_a(8, 8)];
    let out = w.mma_m16n8k16(fragments, [at_b(0), at_b(8)], [zero(); 4]);
    for (i, out) in (0..).zip(out) {
        w.st(&d, (g + i / 2 * 8) * 8 + t + i % 2, out);
    }
}

/// V9. IEEE 754 binary16 has 11 bits of significand and bfloat16 has 8: integers step by 2 above 2048 and above 256, so
/// that a running sum of ones stops there.
#[test]
fn running_sums_stop() {
    let sums = G::poisoned("sums", 2);
    let report = one_warp(async |w: Warp| {
        let one = F::splat(1.0);
        let (mut h, mut b) = (H2::pack(zero(), zero()), B2::pack(zero(), zero()));
        for _ in 0..4096 {
            h = h + H2::pack(one, one);
            b = b + B2::pack(one, one);
        }
        let leader: P = w.lane().eq(0);
        w.if_(leader, || {
            w.st(&sums, 0, h.low().to_f32());
            w.st(&sums, 1, b.high().to_f32());
        });
    });
    clean(&report);
    assert_eq!(sums.to_vec(), [2048.0, 256.0]);
}

/// V10. Occupancy on an A100 (CUDA occupancy calculator), and kernels of two recorded A100 traces with the "est. achieved
/// occupancy" that Kineto wrote for them (test data of HolisticTraceAnalysis, MIT).
#[test]
fn occupancy_of_a100() {
    let sm = Preset::A100.sm();
    let of = |threads, registers, shared| {
        let o = occupancy(&sm, threads, registers, shared);
        (o.blocks, (o.fraction * 10_000.0).round() / 100.0, o.limit)
    };
    assert_eq!(of(256, 64, 0), (4, 50.0, Limit::Registers));
    assert_eq!(of(1024, 65, 0), (0, 0.0, Limit::Registers));
    assert_eq!(of(128, 64, 48 * 1024), (3, 18.75, Limit::SharedMemory));
    assert_eq!(of(256, 32, 0), (8, 100.0, Limit::Warps));
    assert_eq!(of(32, 16, 0), (32, 50.0, Limit::Blocks));
    // The traces.
    assert_eq!(of(128, 160, 16_384), (3, 18.75, Limit::Registers));
    assert_eq!(of(128, 86, 32_768), (4, 25.0, Limit::SharedMemory));
    assert_eq!(of(256, 27, 0), (8, 100.0, Limit::Warps));
    assert_eq!(of(1024, 64, 0), (1, 50.0, Limit::Registers));
}

/// The other presets hold 48 warps an SM (8.6, 8.9) or 64 (9.0), and 16, 24 and 32 blocks (Programming Guide).
#[test]
fn occupancy_of_the_others() {
    let of = |preset: Preset, threads, shared| occupancy(&preset.sm(), threads, 32, shared).blocks;
    assert_eq!([Preset::RTX3090, Preset::RTX4090, Preset::H100].map(|p| of(p, 32, 0)), [16, 24, 32]);
    assert_eq!([Preset::RTX3090, Preset::RTX4090, Preset::H100].map(|p| of(p, 1024, 0)), [1, 1, 2]);
    assert_eq!(of(Preset::H100, 256, 227 * 1024), 1);
    assert_eq!(of(Preset::RTX3090, 256, 100 * 1024), 0);
}
