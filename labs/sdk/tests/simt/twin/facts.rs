//! Published facts and named mistakes in Python, against the numbers of the facts and against the sentences of Rust.

use super::{python, words};
use crate::facts::racing_sum;
use crate::launches::racy;
use crate::{in_order, one_warp, ramp, run, unused, zero};
use lab_sdk::simt::{Cfg, F, FaultKind, G, H2, Order, Report, Warp, launch};
use serde_json::{Value, json};

#[test]
fn facts_and_sentences_are_alike() {
    let Some(facts) = python("facts", b"") else { return };
    assert_eq!(facts["V1"], json!([[4, 1], [5, 2], [4, 2], [8, 2], [32, 8], [32, 32]]));
    assert_eq!(facts["V4 without barriers"], wrong_sum());
    let degrees = [1, 2, 1, 4, 8, 16, 32, 1].map(|degree| [degree, degree]);
    assert_eq!(facts["V5"], json!(degrees));
    let product: Vec<f32> = (0..128).map(|i| (0..16).map(|k| a(i, k) * b(k, i)).sum()).collect();
    assert_eq!(facts["V6"], json!([product, product]));
    assert_eq!(facts["V10"], json!([[4, 50.0, "Registers"], [0, 0.0, "Registers"], [3, 18.75, "SharedMemory"]]));
    let bits = facts["curves"].as_array().expect("a list").iter().map(|bits| bits.as_u64().expect("bits") as u32);
    assert!(bits.zip(curves()).all(|(bits, ours)| bits.abs_diff(ours) <= 2)); // glibc's tanh is two off in places
    assert_eq!(facts["racy"], json!((0..8).map(racy_sums).collect::<Vec<_>>()));
    assert_eq!(facts["refused"], json!(refused().map(refusal)));
    let ours: Vec<Value> = mistakes().into_iter().map(|(kind, message)| json!([kind, words(&message)])).collect();
    let theirs: Vec<Value> = facts["faults"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| json!([fault[0], words(fault[1].as_str().expect("a sentence"))]))
        .filter(|fault| fault[0] != "DivergentBarrier")
        .collect();
    assert_eq!(json!(theirs), json!(ours));
    // What Rust does not compile, Python refuses when it runs.
    let divergent = facts["faults"].as_array().into_iter().flatten().find(|fault| fault[0] == "DivergentBarrier");
    assert_eq!(
        words(divergent.and_then(|fault| fault[1].as_str()).expect("a sentence")),
        "warp 0 comes to a barrier inside the branch of LINE, with lanes 0x0000007f on: a barrier that only some lanes \
         reach hangs a real GPU, so take it out of the branch"
    );
}

/// The matrices of V6.
fn a(i: usize, k: usize) -> f32 {
    ((i / 8 * 16 + k) * 7 % 11) as f32 - 5.0
}

fn b(k: usize, i: usize) -> f32 {
    ((k * 8 + i % 8) * 5 % 9) as f32 - 4.0
}

/// The reduction without barriers: races, and the bits of the sum.
fn wrong_sum() -> Value {
    let (x, out) = (G::new("x", ramp(256)), G::poisoned("out", 1));
    let cfg = Cfg { smem_bytes: 1024, order: Order::ByNumber, ..Cfg::new([1, 1, 1], [256, 1, 1]) };
    let counters = run(cfg, |w| racing_sum(w, x.clone(), out.clone())).counters;
    assert_eq!((counters.hazards_inter, counters.hazards_intra), (352, 31));
    json!([counters.hazards_inter, counters.hazards_intra, out.to_vec()[0].to_bits()])
}

/// What Rust's library gives for the curves of `twin_facts.py`.
fn curves() -> Vec<u32> {
    let curves: [fn(f32) -> f32; 5] = [f32::exp, f32::exp2, f32::ln, f32::log2, f32::tanh];
    let of = |f: fn(f32) -> f32| (0..320).map(move |i| f(i as f32 / 16.0 + 1.0 / 32.0).to_bits());
    curves.into_iter().flat_map(of).collect()
}

fn racy_sums(seed: u64) -> Vec<u32> {
    let y = G::poisoned("y", 4 * 128);
    run(Cfg { seed, smem_bytes: 128, ..Cfg::new([4, 1, 1], [128, 1, 1]) }, |w| racy(w, y.clone()));
    y.to_vec().iter().map(|y| y.to_bits()).collect()
}

fn refusal(cfg: Cfg) -> String {
    launch(cfg, async |_: Warp| ()).expect_err("it is refused").to_string()
}

fn refused() -> [Cfg; 8] {
    [
        Cfg::new([1, 1, 1], [33, 32, 1]),
        Cfg::new([1_000_000, 1, 1], [1000, 1, 1]),
        Cfg::new([1, 70_000, 1], [32, 1, 1]),
        Cfg::new([0, 1, 1], [256, 1, 1]),
        Cfg { smem_bytes: 200_000, ..Cfg::default() },
        Cfg { regs_per_thread: 65, ..Cfg::new([1, 1, 1], [1024, 1, 1]) },
        Cfg { regs_per_thread: 256, ..Cfg::default() },
        Cfg { budget: 1_000_000_000_000, ..Cfg::default() },
    ]
}

/// The mistakes of `twin_facts.py`, in its order.
fn mistakes() -> Vec<(FaultKind, String)> {
    let of = |report: Report, kind: FaultKind| (kind, crate::fault(&report, kind).message.clone());
    let left = run(in_order(4, 0), async |w: Warp| {
        if w.id != 2 {
            w.sync().await;
        }
    });
    let split = run(in_order(2, 0), async |w: Warp| {
        if w.id == 0 {
            return w.sync().await;
        }
        w.sync().await;
    });
    let not_awaited = run(in_order(1, 0), async |w: Warp| unused(w.sync()));
    let foreign = run(in_order(2, 0), async |w: Warp| {
        let _ = w.lane() + 1;
        std::future::pending::<()>().await;
    });
    let too_small = run(in_order(1, 1024), async |w: Warp| {
        w.shared::<f32>("left", 1000);
        w.shared::<f32>("right", 1000);
    });
    let differs = run(in_order(2, 1024), async |w: Warp| {
        w.shared::<f32>(if w.id == 0 { "left" } else { "right" }, 100 - w.id as u32);
    });
    let endless_while = run(Cfg { budget: 1_000_000, ..in_order(2, 32) }, async |w: Warp| {
        let i = w.lane();
        w.while_(|| i.lt(7), || unused(i + 1));
    });
    let endless_loop = run(Cfg { budget: 3200, ..in_order(1, 32) }, async |w: Warp| {
        loop {
            w.sync().await;
        }
    });
    let partial = one_warp(async |w: Warp| {
        let h = H2::pack(zero(), zero());
        w.if_(w.lane().lt(8), || unused(w.mma_m16n8k16([h; 4], [h; 2], [zero(); 4])));
    });
    let y = G::poisoned("y", 32);
    let assigned = one_warp(async |w: Warp| {
        let mut v = zero();
        w.if_(w.lane().lt(5), || v = F::splat(1.0));
        w.st(&y, w.lane(), v * 2.0);
    });
    let x = G::new("x", ramp(32)).offset(8);
    let below_zero = run(Cfg::default(), async |w: Warp| unused(w.ld(&x, w.lane() - 1)));
    vec![
        of(left, FaultKind::BarrierLeft),
        of(split, FaultKind::BarrierSplit),
        of(not_awaited, FaultKind::NotAwaited),
        of(foreign, FaultKind::ForeignAwait),
        of(too_small, FaultKind::SharedTooSmall),
        of(differs, FaultKind::SharedDiffers),
        of(endless_while, FaultKind::Endless),
        of(endless_loop, FaultKind::Endless),
        of(partial, FaultKind::PartialMma),
        of(assigned, FaultKind::Poison),
        of(below_zero, FaultKind::OutOfBounds),
    ]
}
