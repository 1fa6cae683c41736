//! Global memory between blocks, warps and lanes: stores that nothing orders.

use super::{clean, count_up, fault, run};
use lab_sdk::simt::{Cfg, FaultKind, G, Order, U, Warp};

fn blocks(blocks: u32, warps: u32) -> Cfg {
    Cfg { order: Order::ByNumber, ..Cfg::new([blocks, 1, 1], [32 * warps, 1, 1]) }
}

#[test]
fn a_block_reads_what_another_wrote() {
    let y = count_up("y", 96);
    let report = run(blocks(3, 1), async |w: Warp| {
        let i = w.lane() + w.bid[0] * 32;
        let before = w.sel(i.gt(0), i - 1, i);
        w.st(&y, i, w.ld(&y, before) + 1.0);
    });
    let line = line!() - 2;
    let f = fault(&report, FaultKind::GlobalReadAfterWrite);
    assert_eq!(
        f.to_string(),
        format!(
            "global.rs:{line}, block (1, 0, 0): warp 0 reads y[31] (lane 0) that block (0, 0, 0) wrote at global.rs:{line} \
             with nothing to order the two: blocks run in any order, so pass values between blocks in a second launch"
        )
    );
    assert_eq!(report.counters.hazards_global, 2);
}

#[test]
fn blocks_write_one_element() {
    let out = G::poisoned("out", 1);
    let report = run(blocks(3, 1), async |w: Warp| {
        w.if_(w.lane().eq(5), || w.st(&out, 0, w.lane() + w.bid[0]));
    });
    let line = line!() - 2;
    assert_eq!(
        fault(&report, FaultKind::GlobalWriteAfterWrite).message,
        format!(
            "warp 0 writes out[0] (lane 5) that block (0, 0, 0) also wrote at global.rs:{line} with nothing to order the two: \
             blocks run in any order, so give each its own elements or add with w.atomic_add"
        )
    );
}

#[test]
fn warps_and_lanes_write_one_element() {
    let out = G::poisoned("out", 1);
    let report = run(blocks(1, 2), async |w: Warp| {
        w.if_(w.lane().eq(0), || w.st(&out, 0, w.tid()));
    });
    let line = line!() - 2;
    assert_eq!(
        fault(&report, FaultKind::GlobalWriteAfterWrite).message,
        format!(
            "warp 1 writes out[0] (lane 0) that warp 0 also wrote at global.rs:{line} with nothing to order the two: which \
             value stays is not defined, so let one thread write it or add with w.atomic_add"
        )
    );
    let report = run(blocks(1, 1), async |w: Warp| w.st(&out, 0, w.tid()));
    let line = line!() - 1;
    assert_eq!(
        fault(&report, FaultKind::GlobalWriteAfterWrite).message,
        format!(
            "warp 0 writes out[0] (lane 1) that lane 0 of the same warp also wrote at global.rs:{line} with nothing to order \
             the two: which value stays is not defined, so let one thread write it or add with w.atomic_add"
        )
    );
    assert_eq!(report.counters.hazards_global, 31);
}

/// A barrier orders a block, `syncwarp` a warp, a launch everything; equal values are no race; nor is one's own store.
#[test]
fn what_is_ordered_is_no_race() {
    let y = G::poisoned("y", 64);
    let kernel = async |w: Warp| {
        w.st(&y, w.tid(), w.tid());
        w.syncwarp();
        w.ld(&y, w.tid() ^ 1);
        w.sync().await;
        w.ld(&y, w.tid() ^ 32);
        w.sync().await;
        w.st(&y, w.tid() ^ 33, U::splat(7));
        w.st(&y, w.tid() ^ 33, U::splat(8));
        w.ld(&y, w.tid() ^ 33);
        w.sync().await;
        w.st(&y, 0, U::splat(9));
    };
    clean(&run(blocks(1, 2), kernel));
    clean(&run(blocks(1, 2), kernel));
}

/// The last block to finish adds up what the others have left: an atomic told it that they are done (CUDA sample
/// threadFenceReduction).
#[test]
fn an_atomic_orders_blocks() {
    let (part, done, sum) = (G::poisoned("part", 4), G::new("done", [0u32]), G::poisoned("sum", 1));
    for seed in 0..5 {
        let (part, done, sum) = (part.clone(), G::new("done", done.to_vec()), sum.clone());
        let report = run(Cfg { seed, ..Cfg::new([4, 1, 1], [32, 1, 1]) }, async |w: Warp| {
            let leader = w.lane().eq(0);
            w.if_(leader, || {
                w.st(&part, w.bid[0], w.lane() + (w.bid[0] + 1));
                let last = w.atomic_add(&done, 0, 1).eq(3);
                w.if_(last, || {
                    let all = (0..4).fold(U::splat(0), |all, block| all + w.ld(&part, block));
                    w.st(&sum, 0, all);
                });
            });
        });
        clean(&report);
        assert_eq!(sum.to_vec(), [10]);
    }
}
