//! Every other mistake that the simulator names, in the words that a learner reads.

use super::{clean, fault, in_order, one_warp, ramp, run, unused, zero};
use lab_sdk::simt::{Cfg, F, Fault, FaultKind, G, H2, Order, Reg, Report, U, Warp, f16, launch};
use std::cell::Cell;

fn says(report: &Report, kind: FaultKind, message: &str) -> Fault {
    let fault = fault(report, kind);
    assert_eq!(fault.message, message);
    fault.clone()
}

#[test]
fn beyond_the_end_of_a_buffer() {
    let (x, y) = (G::new("x", ramp(1025)), G::new("y", vec![7.0; 1025]));
    let report = run(Cfg { order: Order::ByNumber, ..Cfg::new([5, 1, 1], [256, 1, 1]) }, async |w: Warp| {
        let i = w.tid() + w.bid[0] * 256;
        w.st(&y, i, w.ld(&x, i));
    });
    let line = line!() - 2;
    let load = says(
        &report,
        FaultKind::OutOfBounds,
        "warp 0 reads x[1025] (lane 1), but x has 1025 elements: the grid has more threads than there are elements, so guard \
         the access with w.if_(i.lt(n), ..)",
    );
    assert_eq!(load.to_string().split(": ").next(), Some(&*format!("faults.rs:{line}, block (4, 0, 0)")));
    assert_eq!((load.lane, load.index, load.array.as_deref()), (Some(1), Some(1025), Some("x")));
    assert_eq!(load.address.map(|address| address % 256), Some(4 * 1025 % 256));
    // 255 lanes of the last block read and then write beyond the end; what they would have written is dropped.
    assert_eq!(report.counters.oob, 2 * 255);
    assert_eq!(y.to_vec(), x.to_vec());
    assert!(report.finished);
}

#[test]
fn an_index_below_zero() {
    let x = G::new("x", ramp(32)).offset(8);
    let y = G::poisoned("y", 32);
    let report = one_warp(async |w: Warp| w.st(&y, w.lane(), w.ld(&x, w.lane() - 1)));
    let fault = says(
        &report,
        FaultKind::OutOfBounds,
        "warp 0 reads x[4294967303] (lane 0), but x has 32 elements: 4294967295 is -1 as a signed number: a subtraction went \
         below 0",
    );
    assert_eq!(fault.lane, Some(0));
    assert!(y.to_vec()[0].is_nan());
    assert_eq!(y.to_vec()[1], 8.0);
}

#[test]
fn beyond_the_end_of_a_shared_array() {
    let report = run(in_order(1, 64), async |w: Warp| {
        let s = w.shared::<f32>("tile", 30);
        w.shared::<f32>("next", 34);
        w.sts(s, w.lane(), 1.0);
    });
    let fault = says(
        &report,
        FaultKind::SharedOutOfBounds,
        "warp 0 writes tile[30] (lane 30), but tile has 30 elements: on a GPU this silently touches the next array",
    );
    assert_eq!((fault.address, fault.times), (Some(120), 2));
    let report = run(in_order(1, 64), async |w: Warp| {
        w.lds(w.shared::<f32>("tile", 64).part(8, 16), w.lane());
    });
    says(
        &report,
        FaultKind::SharedOutOfBounds,
        "warp 0 reads tile[24] (lane 16), but this part of tile is elements 8 to 24, the last one not included: on a GPU this \
         silently touches the next array",
    );
}

#[test]
fn addresses_that_the_size_does_not_divide() {
    let x = G::new("x", ramp(256));
    let report = one_warp(async |w: Warp| {
        w.ld4(&x, w.lane() * 4 + 2);
    });
    let fault = fault(&report, FaultKind::Misaligned);
    let address = fault.address.expect("an address");
    assert_eq!(
        fault.message,
        format!(
            "warp 0 touches 16 bytes of x at address {address:#x} (lane 0), which 16 does not divide: a GPU stops the kernel \
             there, so make the index a multiple of 4"
        )
    );
    assert_eq!((address % 16, fault.times), (8, 32));
    let h = G::new("h", vec![f16::from_f32(1.0); 9]).offset(1).pairs();
    let report = one_warp(async |w: Warp| {
        w.ld(&h, 0);
    });
    assert!(report.fault(FaultKind::Misaligned).is_some());
    let report = run(in_order(1, 64), async |w: Warp| {
        let s = w.shared::<f16>("s", 128).part(1, 64).pairs();
        w.sts(s, w.lane(), H2::pack(zero(), zero()));
    });
    let fault = says(
        &report,
        FaultKind::Misaligned,
        "warp 0 touches 4 bytes of s at address 0x2 (lane 0), which 4 does not divide: a GPU stops the kernel there, so make \
         the index a multiple of 2",
    );
    assert_eq!((fault.times, report.counters.sst_waves), (32, 0));
}

#[test]
fn elements_that_nothing_has_written() {
    let sums = G::poisoned("sums", 32);
    let report = one_warp(async |w: Warp| {
        w.if_(w.lane().ge(3), || w.st(&sums, w.lane(), 1.0));
        w.st(&sums, w.lane(), w.ld(&sums, w.lane()) + 1.0);
    });
    let fault = says(
        &report,
        FaultKind::GlobalUninitialised,
        "warp 0 reads sums[0] (lane 0) that nothing has written: memory of a GPU begins with whatever was there before, so \
         write sums before it is read, or add up in a register",
    );
    assert_eq!((fault.times, report.counters.uninit_global), (3, 3));
    assert_eq!(sums.to_vec()[3..5], [2.0, 2.0]);
    let count = G::<u32>::poisoned("count", 1);
    let report = one_warp(async |w: Warp| unused(w.atomic_add(&count, 0, 1)));
    assert_eq!(super::fault(&report, FaultKind::GlobalUninitialised).times, 1);
    let four = G::poisoned("four", 128);
    let report = one_warp(async |w: Warp| unused(w.ld4(&four, w.lane() * 4)));
    assert_eq!(report.counters.uninit_global, 128);
}

#[test]
fn beyond_the_end_of_a_counter() {
    let count = G::<u32>::new("count", [0; 4]);
    let report = one_warp(async |w: Warp| unused(w.atomic_add(&count, w.lane(), 1)));
    assert_eq!((fault(&report, FaultKind::OutOfBounds).times, count.to_vec()), (28, vec![1; 4]));
}

const POISONED: &str = "that it never made: it was switched off when the value was made. `=` inside if_ replaces a Rust \
                        variable in all 32 lanes; keep it in a Reg, whose set() writes the lanes that are on";

#[test]
fn a_rust_assignment_inside_a_branch() {
    let (x, y) = (G::new("x", ramp(32)), G::poisoned("y", 32));
    let report = one_warp(async |w: Warp| {
        let mut v = zero();
        w.if_(w.lane().lt(5), || v = w.ld(&x, w.lane()));
        w.st(&y, w.lane(), v * 2.0);
    });
    let fault = says(&report, FaultKind::Poison, &format!("lane 5 of warp 0 writes a value {POISONED}"));
    assert_eq!((fault.lane, report.counters.poison), (Some(5), 27));
    let y = y.to_vec();
    assert_eq!(y[..5], [0.0, 2.0, 4.0, 6.0, 8.0]);
    assert!(y[5..].iter().all(|y| y.is_nan()));
    // A register is what is wanted.
    let report = one_warp(async |w: Warp| {
        let v = Reg::new(zero());
        w.if_(w.lane().lt(5), || v.set(w.ld(&x, w.lane())));
        w.st(&x, w.lane(), v.get());
    });
    clean(&report);
    assert_eq!(x.to_vec()[3..7], [3.0, 4.0, 0.0, 0.0]);
}

#[test]
fn values_that_were_never_made_are_not_used() {
    let x = G::new("x", ramp(32));
    let of = |f: &dyn Fn(&Warp, U)| {
        let report = run(in_order(1, 32), async |w: Warp| {
            let mut i = w.lane();
            w.if_(w.lane().ne(9), || i = w.lane() + 1 - 1);
            f(&w, i);
        });
        says(&report, FaultKind::Poison, &fault(&report, FaultKind::Poison).message);
        let f = fault(&report, FaultKind::Poison);
        assert_eq!((f.lane, f.times), (Some(9), 1));
        f.message.replace(POISONED, "..")
    };
    assert_eq!(of(&|w, i| unused(w.ld(&x, i))), "lane 9 of warp 0 reads at an index ..");
    assert_eq!(of(&|w, i| w.st(&x, i, 1.0)), "lane 9 of warp 0 writes at an index ..");
    assert_eq!(of(&|w, i| w.if_(i.lt(3), || ())), "lane 9 of warp 0 branches on a condition ..");
    assert_eq!(of(&|w, i| unused(w.ballot(!i.lt(3) | i.gt(3)))), "lane 9 of warp 0 votes with a condition ..");
    assert_eq!(of(&|w, i| unused(w.shfl(w.lane(), i))), "lane 9 of warp 0 shuffles from a lane number ..");
    assert_eq!(of(&|w, i| w.sts(w.shared::<u32>("s", 32), w.lane(), i)), "lane 9 of warp 0 writes a value ..");
    assert_eq!(of(&|w, i| unused(w.lds(w.shared::<u32>("s", 32), i))), "lane 9 of warp 0 reads at an index ..");
    let n = G::new("n", [0]);
    assert_eq!(of(&|w, i| unused(w.atomic_add(&n, 0, i))), "lane 9 of warp 0 adds a value ..");
    // Shuffles and arithmetic pass it on: lane 8 gets lane 9's.
    let report = one_warp(async |w: Warp| {
        let mut v = F::splat(1.0);
        w.if_(w.lane().ne(9), || v = F::splat(2.0));
        w.st(&x, w.lane(), w.shfl_down(v, 1).fma(2.0, 1.0));
    });
    assert_eq!(fault(&report, FaultKind::Poison).lane, Some(8));
}

#[test]
fn a_shuffle_from_a_lane_that_is_off() {
    let report = one_warp(async |w: Warp| {
        w.if_(w.lane().lt(16), || unused(w.shfl_down(w.lane(), 13)));
    });
    says(
        &report,
        FaultKind::ShuffleInactive,
        "lane 3 of warp 0 reads lane 16 in a shuffle, but lane 16 is switched off: what it gets is not defined, so shuffle \
         first and branch after",
    );
    assert_eq!(report.counters.shfl_inactive, 13);
}

#[test]
fn an_mma_inside_a_branch() {
    let report = one_warp(async |w: Warp| {
        let h = H2::pack(zero(), zero());
        w.if_(w.lane().lt(8), || unused(w.mma_m16n8k16([h; 4], [h; 2], [zero(); 4])));
    });
    says(
        &report,
        FaultKind::PartialMma,
        "mma_m16n8k16 of warp 0 runs with 8 of 32 lanes: the matrices lie in the registers of all of them, so take it out of \
         if_",
    );
}

#[test]
fn a_division_by_zero() {
    let report = one_warp(async |w: Warp| {
        let _ = w.lane() % (w.lane() / 8);
        w.if_(w.lane().ge(8), || unused(w.lane() / (w.lane() / 8)));
    });
    let message = "lane 0 of warp 0 divides an integer by zero: a GPU does not stop there, it goes on with any number";
    assert_eq!(says(&report, FaultKind::DivisionByZero, message).times, 1);
}

#[test]
fn a_warp_that_leaves() {
    let line = Cell::new(0);
    let report = run(in_order(4, 0), async |w: Warp| {
        if w.id == 2 {
            return;
        }
        line.set(line!() + 1);
        w.sync().await;
    });
    let message = format!(
        "warp 2 has returned while 3 warps (0 to 3) wait at the barrier of faults.rs:{}: on a GPU the block may hang there. \
         Every warp comes to every barrier, so let it load zeros and stay instead of returning early",
        line.get()
    );
    assert_eq!(says(&report, FaultKind::BarrierLeft, &message).warp, 2);
    assert!(!report.finished);
}

#[test]
fn warps_at_different_barriers() {
    let y = G::poisoned("y", 64);
    let report = run(in_order(2, 0), async |w: Warp| {
        if w.id == 0 {
            w.sync().await;
            return w.st(&y, w.tid(), 1.0);
        }
        w.sync().await;
        w.st(&y, w.tid(), 1.0);
    });
    let line = line!() - 6;
    says(
        &report,
        FaultKind::BarrierSplit,
        &format!(
            "warp 0 waits at the barrier of faults.rs:{line} and warp 1 at that of faults.rs:{}: a barrier in a branch is \
             defined only if all warps of the block take the branch, so take it out of the branch",
            line + 3
        ),
    );
    assert_eq!(y.to_vec(), [1.0; 64]); // it goes on
}

#[test]
fn a_barrier_that_is_not_awaited() {
    let report = run(in_order(1, 0), async |w: Warp| {
        unused(w.sync());
    });
    says(
        &report,
        FaultKind::NotAwaited,
        "warp 0 calls w.sync() without .await, which does nothing: write w.sync().await",
    );
    assert_eq!(report.counters.barriers, 0);
}

#[test]
fn a_kernel_that_awaits_something_else() {
    let line = line!() + 2;
    let report = run(in_order(2, 0), async |w: Warp| {
        let _ = w.lane() + 1;
        std::future::pending::<()>().await;
    });
    let message = format!(
        "warp 0 awaits something that is no barrier, after faults.rs:{line}: a kernel awaits w.sync() and nothing else"
    );
    says(&report, FaultKind::ForeignAwait, &message);
    assert!(!report.finished);
}

#[test]
fn shared_arrays_that_do_not_fit() {
    let report = run(in_order(1, 1024), async |w: Warp| {
        w.shared::<f32>("left", 1000);
        w.shared::<f32>("right", 1000);
    });
    says(
        &report,
        FaultKind::SharedTooSmall,
        "with right[1000] the kernel has declared 8000 bytes of shared memory, but the launch gives a block 4096: raise \
         smem_bytes, or declare less",
    );
    assert!(!report.finished);
}

#[test]
fn shared_arrays_that_warps_declare_differently() {
    let line = Cell::new(0);
    let report = run(in_order(2, 1024), async |w: Warp| {
        line.set(line!() + 1);
        w.shared::<f32>(if w.id == 0 { "left" } else { "right" }, 100 - w.id as u32);
    });
    let message = format!(
        "warp 1 declares right[99] where another warp of the block declared left[100] at faults.rs:{}: shared arrays belong \
         to the block, so all warps declare the same ones in the same order",
        line.get()
    );
    says(&report, FaultKind::SharedDiffers, &message);
}

fn small(budget: u64) -> Cfg {
    Cfg { budget, ..in_order(2, 32) }
}

#[test]
fn a_while_that_never_empties() {
    let line = line!() + 3;
    let report = run(small(1_000_000), async |w: Warp| {
        let i = w.lane();
        w.while_(
            || i.lt(7),
            || {
                let _ = i + 1;
            },
        );
    });
    let fault = says(
        &report,
        FaultKind::Endless,
        &format!(
            "the launch has issued 1,000,000 thread-instructions and does not end: warp 0 is in the w.while_ of \
             faults.rs:{line}, whose condition still holds in lanes 0x0000007f; a Reg that the condition reads must change \
             in the body"
        ),
    );
    assert!((line..line + 5).contains(&fault.at.line));
    assert_eq!(report.counters.warp_inst, 1_000_000 / 32 + 1);
    assert!(!report.finished);
}

#[test]
fn loops_that_never_end() {
    let endless = |report: Report, line: u32| {
        let message = format!(
            "the launch has issued 3,200 thread-instructions and does not end: warp 0 was last at faults.rs:{line}; if no loop \
             there is endless, the launch does too much"
        );
        says(&report, FaultKind::Endless, &message);
        assert!(report.fault(FaultKind::NotAwaited).is_none());
    };
    let report = run(small(3200), async |w: Warp| {
        loop {
            let _ = w.lane() * 2;
        }
    });
    endless(report, line!() - 3);
    let report = run(Cfg { block: [32, 1, 1], ..small(3200) }, async |w: Warp| {
        loop {
            w.sync().await;
        }
    });
    endless(report, line!() - 3);
    let report = run(small(3200), async |w: Warp| {
        let s = w.shared::<u32>("s", 32);
        while !w.any(w.lds(s, 0).eq(1)) {}
    });
    endless(report, line!() - 2);
}

/// A condition that does not even look: only the branch is counted.
#[test]
fn an_endless_loop_of_the_default_budget_ends() {
    let report = one_warp(async |w: Warp| {
        let c = w.lane().eq(0);
        w.while_(|| c, || ());
    });
    assert_eq!(report.counters.thread_inst, 32 + 32 + (report.counters.warp_inst - 2));
    fault(&report, FaultKind::Endless);
}

/// A panic goes through, as that of any other function of an answer; the thread is as it was before.
#[test]
fn a_panic_goes_through() {
    let panicked = std::panic::catch_unwind(|| {
        launch(Cfg::default(), async |w: Warp| {
            w.if_(w.lane().lt(3), || panic!("in the kernel"));
        })
    });
    assert_eq!(panicked.expect_err("it panics").downcast_ref::<&str>(), Some(&"in the kernel"));
    let report = one_warp(async |w: Warp| assert_eq!(w.active(), u32::MAX));
    clean(&report);
    let x = G::new("x", ramp(4));
    assert_eq!(x.to_vec(), ramp(4));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| one_warp(async |_| drop(x.to_vec()))));
    let message = panicked.expect_err("it panics").downcast_ref::<String>().cloned();
    assert_eq!(message.as_deref(), Some("`x` lies on the device: a kernel reads it with w.ld(&x, i)"));
}
