//! What a trace says of accesses: rectangles, and what is none.

use super::{clean, count_up, run_with};
use lab_sdk::tile::{Cfg, Does, Dtype, Extent, I, Part, Prog, Ptr, T, Touch, Trace, launch};

fn traced(grid: [usize; 3], kernel: impl Fn(&Prog)) -> Trace {
    let report = launch(Cfg { trace: true, ..Cfg::new(grid) }, kernel).expect("the launch is accepted");
    clean(&report);
    report.trace.expect("it is traced")
}

/// The rectangle that one load touches.
fn part(offs: impl Fn(&Prog) -> I) -> Option<Part> {
    let x = count_up("x", 1024);
    let [touch]: [Touch; 1] =
        traced([1, 1, 1], |p| drop(p.load(&x, &offs(p), None, 0.0))).accesses.try_into().expect("one access");
    touch.part
}

#[test]
fn rectangles_and_what_is_none() {
    let of = |first, rows, columns, pitch| Some(Part { first, rows, columns, pitch });
    // A run, a column, one element, one element for all.
    assert_eq!(part(|p| p.arange(8) + 5), of(5, 1, 8, 8));
    assert_eq!(part(|p| p.arange(8) * 32 + 5), of(5, 8, 1, 32));
    assert_eq!(part(|_| I::from(7)), of(7, 1, 1, 1));
    assert_eq!(part(|p| p.arange(8).min(0) + 7), of(7, 1, 1, 1));
    // 4 x 8 of a matrix with rows of 32, as it lies there and transposed, backwards, and the whole of a matrix.
    assert_eq!(part(|p| p.arange(4).col() * 32 + p.arange(8).row() + 100), of(100, 4, 8, 32));
    assert_eq!(part(|p| p.arange(8).col() + p.arange(4).row() * 32 + 100), of(100, 4, 8, 32));
    assert_eq!(part(|p| p.arange(4).col() * -32 + p.arange(8).row() + 196), of(100, 4, 8, 32));
    assert_eq!(part(|p| p.arange(4).col() * 8 + p.arange(8).row()), of(0, 4, 8, 8));
    // Rows that overlap, steps in both directions, a square of numbers.
    assert_eq!(part(|p| p.arange(4).col() + p.arange(8).row()), None);
    assert_eq!(part(|p| p.arange(4).col() * 100 + p.arange(8).row() * 2), None);
    assert_eq!(part(|p| p.arange(8) * p.arange(8)), None);
    // Steps in both directions that are one.
    assert_eq!(part(|p| p.arange(4).col() * 16 + p.arange(8).row() * 2), of(0, 32, 1, 2));
}

/// What a mask leaves of a tile is a rectangle too, or nothing, or a triangle.
#[test]
fn masks_cut() {
    let x = count_up("x", 1024);
    let trace = traced([1, 1, 1], |p| {
        let (rows, columns) = (p.arange(4).col(), p.arange(8).row());
        let offs = &rows * 32 + &columns;
        for mask in [rows.lt(3) & columns.lt(5), rows.lt(0) & columns.lt(5), columns.le(&rows)] {
            p.load(&x, &offs, &mask, 0.0);
        }
    });
    let parts: Vec<Option<Part>> = trace.accesses.iter().map(|touch| touch.part).collect();
    assert_eq!(parts, [Some(Part { first: 0, rows: 3, columns: 5, pitch: 32 }), None]);
}

/// Programs, buffers and what is done to them, in order. A view counts in its buffer; two buffers of one name are two.
#[test]
fn programs_in_order() {
    let (x, y, z) = (count_up("x", 64), count_up("x", 32), Ptr::poisoned("z", Dtype::F32, 64));
    let trace = traced([2, 1, 1], |p| {
        let offs = p.program_id(0) * 16 + p.arange(16);
        p.store(&z, &offs, &p.load(&x.offset(32), &offs, None, 0.0), None);
        p.atomic_add(&y, &I::from(3), &T::full([], 1.0), None);
    });
    let extent = |name: &str, len| Extent { name: name.to_owned(), len };
    assert_eq!(trace.buffers, [extent("x", 64), extent("z", 64), extent("x", 32)]);
    let touch = |program, buffer, does, first, columns| {
        let part = Some(Part { first, rows: 1, columns, pitch: columns });
        Touch { program: [program, 0, 0], buffer, does, part }
    };
    let of = |program, first| {
        [
            touch(program, 0, Does::Read, 32 + first, 16),
            touch(program, 1, Does::Write, first, 16),
            touch(program, 2, Does::Add, 3, 1),
        ]
    };
    assert_eq!(trace.accesses, [of(0, 0), of(1, 16)].concat());
    assert!(!trace.cut);
}

#[test]
fn a_long_launch_is_cut_and_counted_on() {
    let x = count_up("x", 8);
    let kernel = |p: &Prog| drop(p.load(&x, &p.arange(8), None, 0.0));
    let trace = traced([5000, 1, 1], kernel);
    assert_eq!((trace.accesses.len(), trace.cut), (4096, true));
    assert_eq!(run_with([5000, 1, 1], None, kernel).trace, None);
}
