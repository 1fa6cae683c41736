//! Every mistake that the simulator names, in the words that a learner reads.

use super::{clean, count_up, fault, run, run_with};
use lab_sdk::tile::{B, Cfg, Dtype, Fault, FaultKind, I, L2, Prog, Ptr, T, TileReport, launch, launch_tiles};

fn says(report: &TileReport, kind: FaultKind, message: &str) -> Fault {
    let fault = fault(report, kind);
    assert_eq!(fault.message, message);
    fault.clone()
}

/// The one fault of a program that ends the launch.
fn ends(kind: FaultKind, message: &str, kernel: impl Fn(&Prog)) {
    let report = run(1, kernel);
    assert_eq!(says(&report, kind, message).times, 1);
    assert_eq!((report.finished, report.faults.len()), (false, 1));
}

fn copy(p: &Prog, x: &Ptr, y: &Ptr, mask: impl Fn(&I) -> Option<B>) {
    let offs = p.program_id(0) * 256 + p.arange(256);
    let mask = mask(&offs);
    p.store(y, &offs, &p.load(x, &offs, mask.as_ref(), 0.0), mask.as_ref());
}

#[test]
fn beyond_the_end_of_a_buffer() {
    let (x, y) = (count_up("x", 1025), Ptr::f32("y", [7.0; 1025]));
    let report = run(5, |p| copy(p, &x, &y, |_| None));
    let load = says(
        &report,
        FaultKind::OutOfBounds,
        "program (4, 0, 0) reads x[1025] (element 1 of a (256,) tile), but x has 1025 elements: the last block is \
         wider than what is left, so mask every load and store with offs < n",
    );
    assert!(load.to_string().starts_with("faults.rs:"), "{load}");
    assert_eq!((load.program, load.element, load.index), ([4, 0, 0], Some(1), Some(1025)));
    assert_eq!(load.address.map(|address| address % 256), Some(4 * 1025 % 256));
    // 255 elements of the last block are read and then written beyond the end; what they would have written is dropped.
    assert_eq!((report.counters.oob, load.times), (2 * 255, 2 * 255));
    assert_eq!((report.counters.ld_bytes, report.counters.st_bytes), (4 * 1025, 4 * 1025));
    assert_eq!(y.to_vec(), x.to_vec());
    assert!(report.finished);
    // The mask is what is wanted.
    clean(&run(5, |p| copy(p, &x, &y, |offs| Some(offs.lt(1025)))));
}

#[test]
fn an_offset_below_zero() {
    let x = count_up("x", 32).offset(8);
    let y = Ptr::f32("y", [0.0; 32]);
    let report = run(1, |p| {
        let offs = (p.arange(4).col() * 8) + p.arange(8).row();
        p.store(&y, &offs, &p.load(&x, &(&offs - 9), &offs.lt(24), 0.0), None);
    });
    let fault = says(
        &report,
        FaultKind::OutOfBounds,
        "program (0, 0, 0) reads x[-1] (element (0, 0) of a (4, 8) tile), but x has 32 elements: an offset below 0 \
         lies before the buffer",
    );
    // A view ends where its buffer ends, and begins at its offset.
    assert_eq!((fault.index, fault.times), (Some(-1), 9));
    assert!(y.to_vec()[..9].iter().all(|y| y.is_nan()));
    assert_eq!(y.to_vec()[9..11], [8.0, 9.0]);
}

#[test]
fn elements_that_nothing_has_written() {
    let sums = Ptr::poisoned("sums", Dtype::F16, 32);
    let report = run(1, |p| {
        let offs = p.arange(32);
        p.store(&sums, &offs, &T::full([32], 1.0), &offs.ge(3));
        p.store(&sums, &offs, &(p.load(&sums, &offs, None, 0.0) + 1.0), None);
    });
    let fault = says(
        &report,
        FaultKind::Uninitialised,
        "program (0, 0, 0) reads sums[0] (element 0 of a (32,) tile) that nothing has written: memory of a GPU begins \
         with whatever was there before, so write sums before it is read",
    );
    assert_eq!((fault.times, &sums.to_vec()[3..5]), (3, &[2.0, 2.0][..]));
    for dtype in [Dtype::F32, Dtype::BF16, Dtype::I8, Dtype::I32] {
        let counts = Ptr::poisoned("counts", dtype, 4);
        let report = run(1, |p| drop(p.atomic_add(&counts, &p.arange(4), &T::full([4], 1.0), None)));
        assert_eq!(super::fault(&report, FaultKind::Uninitialised).times, 4, "{dtype}");
    }
}

#[test]
fn a_program_reads_what_another_stored() {
    let y = count_up("y", 96);
    let report = run(3, |p| {
        let offs = p.program_id(0) * 32 + p.arange(32);
        let before = I::where_(&offs.gt(0), &offs - 1, &offs);
        p.store(&y, &offs, &(p.load(&y, &before, None, 0.0) + 1.0), None);
    });
    let fault = says(
        &report,
        FaultKind::ReadAfterWrite,
        "program (1, 0, 0) reads y[31] (element 0 of a (32,) tile) that program (0, 0, 0) stored in this launch: \
         programs run in any order, so pass values between programs in a second launch",
    );
    assert_eq!(fault.times, 2);
}

#[test]
fn programs_write_one_element() {
    let y = Ptr::f32("y", [0.0; 64]);
    let report = run_with([2, 2, 1], None, |p| {
        let value = (p.arange(16) + p.program_id(1) * 100).to_f32();
        p.store(&y, &p.arange(16), &value, None);
    });
    let fault = says(
        &report,
        FaultKind::WriteAfterWrite,
        "program (0, 1, 0) writes y[0] (element 0 of a (16,) tile) that program (1, 0, 0) wrote with another value: \
         programs run in any order, so give each its own elements (offsets begin at program_id times the block) or add \
         with atomic_add",
    );
    assert_eq!(fault.times, 16);
    let report = run(1, |p| p.store(&y, &(p.arange(8) / 2), &p.arange(8), None));
    says(
        &report,
        FaultKind::WriteAfterWrite,
        "program (0, 0, 0) writes y[0] (element 1 of a (8,) tile) twice in one store, with different values: which one \
         stays is not defined, so let the offsets of a store differ",
    );
}

/// Equal values are no race, nor are one's own stores, atomics among each other, and what an atomic ordered.
#[test]
fn what_is_no_race() {
    let (y, sum, done) = (Ptr::f32("y", [0.0; 8]), Ptr::f32("sum", [0.0]), Ptr::i32("done", [0]));
    let number = I::from(0);
    clean(&run(4, |p| {
        p.store(&y, &p.arange(8), &T::full([8], 2.0), None);
        p.load(&y, &(p.arange(8) + 8), &p.arange(8).lt(0), 0.0);
        p.atomic_add(&sum, &number, &T::full([], 1.0), None);
    }));
    let part = Ptr::poisoned("part", Dtype::F32, 4);
    clean(&run(4, |p| {
        let me = I::from(p.program_id(0));
        p.store(&part, &me, &me, None);
        p.store(&part, &me, &(&me + 1), None);
        let before = p.atomic_add(&done, &number, &T::full([], 1.0), None);
        let last = before.eq(3.0);
        let all = p.load(&part, &p.arange(4), &last, 0.0).sum(0);
        p.store(&sum, &number, &all, &last);
    }));
    assert_eq!((sum.to_vec(), done.to_ints()), (vec![10.0], vec![4]));
}

#[test]
fn a_division_by_zero() {
    let y = Ptr::i32("y", [7; 4]);
    let report = run(1, |p| p.store(&y, &p.arange(4), &(p.arange(4) / (p.arange(4) - 1)), None));
    let fault = says(
        &report,
        FaultKind::DivisionByZero,
        "program (0, 0, 0) divides integers by zero: a GPU does not stop there, it goes on with any number",
    );
    assert_eq!((fault.element, y.to_ints()), (Some(1), vec![0, 0, 2, 1]));
}

#[test]
fn a_side_that_is_no_power_of_two() {
    ends(
        FaultKind::NotPowerOfTwo,
        "program (0, 0, 0) asks for a tile with a side of 781, which is not a power of two: Triton compiles no other; \
         take 1024 and mask what is too much",
        |p| drop(p.arange(781)),
    );
    for side in [0, 3, usize::MAX] {
        assert!(run(1, |_| drop(T::zeros([4, side]))).fault(FaultKind::NotPowerOfTwo).is_some());
    }
}

#[test]
fn more_elements_than_a_tile_has() {
    ends(
        FaultKind::TooLarge,
        "program (0, 0, 0) makes a tile of (4096, 4096) = 16,777,216 elements, and Triton's largest has 1,048,576: let \
         each program do less, and more programs the rest",
        |p| drop(p.arange(4096).col() * 4096 + p.arange(4096).row()),
    );
    ends(
        FaultKind::TooLarge,
        "program (0, 0, 0) makes a tile of (2097152,) = 2,097,152 elements, and Triton's largest has 1,048,576: let \
         each program do less, and more programs the rest",
        |p| drop(p.arange(1 << 21)),
    );
}

#[test]
fn shapes_that_do_not_broadcast() {
    ends(
        FaultKind::Shape,
        "program (0, 0, 0) joins tiles of (64,) and (32,), which do not broadcast: from the right, sides must be equal \
         or 1; x[:, None] makes a column, x[None, :] a row",
        |p| drop(p.arange(64) + p.arange(32)),
    );
    let x = count_up("x", 64);
    ends(
        FaultKind::Shape,
        "program (0, 0, 0) gives a mask of (64, 1) for offsets of (64,), to which it does not broadcast",
        |p| drop(p.load(&x, &p.arange(64), &p.arange(64).col().lt(3), 0.0)),
    );
    ends(
        FaultKind::Shape,
        "program (0, 0, 0) gives a tile of (64,) for offsets of (32,), to which it does not broadcast",
        |p| p.store(&x, &p.arange(32), &T::zeros([64]), None),
    );
    ends(
        FaultKind::Shape,
        "program (0, 0, 0) multiplies tiles of (16, 32) and (16, 32): (m, k) and (k, n) make (m, n)",
        |_| drop(T::zeros([16, 32]).dot(&T::zeros([16, 32]), None)),
    );
    ends(
        FaultKind::Shape,
        "program (0, 0, 0) multiplies tiles of (16, 32) and (32, 8) into (8, 16): (m, k) and (k, n) make (m, n)",
        |_| drop(T::zeros([16, 32]).dot(&T::zeros([32, 8]), &T::zeros([8, 16]))),
    );
}

#[test]
fn axes_that_are_not_there() {
    ends(FaultKind::Rank, "program (0, 0, 0) sums a tile of (64,) along axis 1, which it has not", |_| {
        drop(T::zeros([64]).sum(1))
    });
    ends(
        FaultKind::Rank,
        "program (0, 0, 0) makes a column of a tile of (8, 8): only a tile of one axis becomes one",
        |_| drop(T::zeros([8, 8]).col()),
    );
    ends(
        FaultKind::Rank,
        "program (0, 0, 0) transposes a tile of (8,), which has not two axes; x[:, None] and x[None, :] add one",
        |_| drop(T::zeros([8]).t()),
    );
    ends(FaultKind::Rank, "program (0, 0, 0) asks for axis 3 of the grid, which has the axes 0, 1 and 2", |p| {
        drop(I::from(p.program_id(3)))
    });
}

#[test]
fn types_that_an_operation_does_not_take() {
    ends(
        FaultKind::Dtype,
        "program (0, 0, 0) multiplies tiles of f16 and f32: a dot takes two of f32, two of f16 or two of bf16",
        |_| drop(T::zeros([8, 8]).to(Dtype::F16).dot(&T::zeros([8, 8]), None)),
    );
    ends(
        FaultKind::Dtype,
        "program (0, 0, 0) takes exp of a tile of f16: Triton has it for f32 only, so convert the tile first",
        |_| drop(T::zeros([8]).to(Dtype::F16).exp()),
    );
    let x = count_up("x", 8);
    ends(FaultKind::Dtype, "program (0, 0, 0) loads integers from x, which holds f32", |p| {
        drop(p.load_int(&x, &p.arange(8), None, 0))
    });
}

/// 4096 ones, one at a time: the accumulator stops at 2048, and the launch goes on.
#[test]
fn an_accumulator_of_halves() {
    let y = Ptr::f32("y", [0.0]);
    let report = run(1, |p| {
        let one = T::full([1, 1], 1.0).to(Dtype::F16);
        let acc = (0..4096).fold(T::zeros([1, 1]).to(Dtype::F16), |acc, _| one.dot(&one, &acc));
        p.store(&y, &p.arange(1).row(), &acc, None);
    });
    let fault = says(
        &report,
        FaultKind::Accumulator,
        "program (0, 0, 0) adds up a dot in f16: a long sum of small terms stands still there (in f16, 2048 + 1 is \
         2048), so accumulate in f32 and round once, at the end",
    );
    assert_eq!((y.to_vec(), fault.times, report.finished), (vec![2048.0], 4096, true));
}

#[test]
fn a_program_that_does_not_fit() {
    // The first program runs to its end, so that the number is that of the whole program.
    let report = run(8, |_| drop((T::zeros([128, 128]), T::zeros([128, 128]), T::zeros([128, 128]))));
    let fault = says(
        &report,
        FaultKind::DoesNotFit,
        "program (0, 0, 0) does not fit: at its fullest, here, it holds tiles of 196,608 bytes, and A100 gives a block \
         at most 166,912 (163 KiB); make the tiles smaller",
    );
    assert!(fault.at.file.ends_with("faults.rs"));
    assert_eq!((report.counters.programs, report.finished), (1, false));
    // A program that fills the host's memory does not run to its end.
    let tiles = std::cell::RefCell::new(Vec::new());
    let report = run(1, |_| {
        loop {
            tiles.borrow_mut().push(T::zeros([1024, 128]));
        }
    });
    assert!(report.fault(FaultKind::DoesNotFit).is_some());
    assert!(tiles.borrow().len() < 10);
}

#[test]
fn a_loop_that_does_not_end() {
    let cfg = Cfg { budget: 50_000_000, ..Cfg::default() };
    let report = launch(cfg.clone(), |_| {
        let mut x = T::full([4], 1.0);
        loop {
            x = x * 0.5;
        }
    });
    let report = report.expect("the launch is accepted");
    says(
        &report,
        FaultKind::Endless,
        "program (0, 0, 0) was last here when the launch had done work of 50,000,000 (an operation is 1,000 and its \
         elements): if no loop is endless, the launch does too much",
    );
    let waits = launch(cfg, |p| while p.num_programs(0) == 1 {}).expect("the launch is accepted");
    assert!(waits.fault(FaultKind::Endless).is_some());
}

#[test]
fn launches_that_are_refused() {
    let refusal = |cfg: Cfg| launch(cfg, |_| panic!("it runs")).expect_err("it is refused").to_string();
    assert_eq!(
        refusal(Cfg::new([1, 70_000, 1])),
        "a grid of 1 x 70000 x 1 programs is refused: the most are 2,147,483,647 in x and 65,535 in y and z"
    );
    assert_eq!(
        refusal(Cfg::new([1 << 22, 1, 1])),
        "4,194,304 programs are refused: this simulator runs at most 2,097,152 a launch; give each a larger block"
    );
    assert_eq!(
        refusal(Cfg { l2: Some(L2 { bytes: 4096, line: 48 }), ..Cfg::default() }),
        "an L2 with lines of 48 bytes is refused: a line is a power of two, and at least a sector of 32 bytes"
    );
    assert_eq!(
        refusal(Cfg { budget: 1_000_000_000_000, ..Cfg::default() }),
        "a budget of 1,000,000,000,000 is refused: the most is 100,000,000,000"
    );
    // An empty grid is no launch.
    let nothing = launch_tiles([0, 1, 1], None, |_| panic!("it runs")).expect("the launch is accepted");
    assert_eq!((nothing.finished, nothing.counters.launches, nothing.counters.programs), (true, 0, 0));
}

/// A panic of the kernel's own goes through, and the next launch is none the worse.
#[test]
fn a_panic_of_the_kernel() {
    let panics = std::panic::catch_unwind(|| run(1, |p| assert_eq!(p.program_id(0), 1)));
    assert!(panics.is_err());
    clean(&run(1, |p| drop(p.arange(4))));
}
