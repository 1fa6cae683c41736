//! The build step `key-averages`: small traces that can be read first, one idea each, then whole loops.

use super::draw::{BACKWARD, Launch, MAIN, Maker, shuffled, training};
use crate::args;
use crate::grading::{Check, Draw, Script, Seen, plain};
use lab_sdk::{Result, Value};
use serde_json::json;

/// The checks of `key_averages`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let asks = |maker: Maker| Script::call("key_averages", args![maker.bare()]);
    let whole = |maker: Maker| Script::call("key_averages", args![maker.text()]);
    let mut trees = Vec::new();
    for _ in 0..3 {
        let mut maker = Maker::new();
        for begin in [8, 400] {
            let end = begin + draw.int(60..=200);
            maker.tree(draw, MAIN, (begin, end), 3);
        }
        trees.push(asks(maker));
    }
    let mut loops = vec![whole(training(draw, 1)), whole(training(draw, 3))];
    let loose = training(draw, 2);
    loops.push(whole(shuffled(draw, loose)));
    let cut = training(draw, 1).text();
    let refused = [
        cut[..cut.len() / 2].to_owned(),
        String::new(),
        "{\"nodes\": []}".to_owned(),
        "[]".to_owned(),
        "{\"traceEvents\": 3}".to_owned(),
    ];
    Ok(vec![
        Check::exact("an operator and its children", vec![asks(family(draw)), asks(cousins(draw))]),
        Check::exact("an operator inside itself", vec![asks(recursion(draw))]),
        Check::exact("trees of operators", trees),
        Check::exact("two threads at once", vec![asks(two_threads(draw)), asks(backward(draw))]),
        Check::exact("equal begins: the longer one is the parent", vec![asks(equal_begins(draw))]),
        Check::exact("events in any order", vec![asks(disorder(draw))]),
        Check::exact("calls of the runtime and the driver", vec![asks(calls(draw))]),
        Check::exact("annotations among operators", vec![asks(annotations(draw))]),
        Check::exact("the operator that launched a kernel", vec![asks(launches(draw)), asks(late_kernels(draw))]),
        Check::exact("GPU work that no operator launched", vec![asks(unlinked(draw)), asks(uncorrelated(draw))]),
        Check::exact("events without length", vec![asks(zero_length(draw))]),
        Check::exact("1.001 us are 1001 ns", vec![asks(decimals(draw))]),
        Check::exact("ends that agree to the nanosecond", nanoseconds(draw).into_iter().map(asks).collect()),
        Check::exact("names with quotes and line breaks", vec![asks(odd_names(draw))]),
        Check::exact("whole loops", loops),
        Check::exact("a trace without events", vec![asks(Maker::new())]),
        Check::refuses(
            "`key_averages` refuses what is no trace",
            refused.map(|text| Script::call("key_averages", args![text])).to_vec(),
        ),
    ])
}

/// A parent, two children, a grandchild.
fn family(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let (a, b) = (8 * draw.int(2..=6), 8 * draw.int(2..=6));
    maker.op("aten::linear", MAIN, (0, a + b + 40));
    maker.op("aten::t", MAIN, (8, 8 + a));
    maker.op("aten::transpose", MAIN, (16, a));
    maker.op("aten::addmm", MAIN, (24 + a, 24 + a + b));
    maker
}

/// Two calls of each of two operators, one of them three levels deep.
fn cousins(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    for begin in [0, 400] {
        let end = begin + 8 * draw.int(20..=30);
        maker.op("aten::conv2d", MAIN, (begin, end));
        maker.op("aten::convolution", MAIN, (begin + 8, end - 8));
        maker.op("aten::_convolution", MAIN, (begin + 16, end - 24));
        maker.op("aten::mkldnn_convolution", MAIN, (begin + 24, end - 40));
    }
    maker
}

/// An operator that calls itself: both calls count, and its own time stays its own.
fn recursion(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let inner = 8 * draw.int(2..=9);
    maker.op("aten::to", MAIN, (0, inner + 32));
    maker.op("aten::to", MAIN, (8, 8 + inner));
    maker.op("aten::copy_", MAIN, (12, 4 + inner));
    maker
}

/// One operator on each of two threads, one within the time of the other.
fn two_threads(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(10..=20);
    maker.op("aten::add", MAIN, (0, end));
    maker.op("aten::mul", BACKWARD, (16, end - 16));
    maker
}

/// A tree on each of two threads.
fn backward(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.tree(draw, MAIN, (0, 160), 2);
    maker.tree(draw, BACKWARD, (30, 150), 2);
    maker
}

/// A parent and a child that begin together; the file has the child first.
fn equal_begins(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let (inner, outer) = (8 * draw.int(2..=5), 8 * draw.int(8..=12));
    maker.op("aten::addmm", MAIN, (16, 16 + inner));
    maker.op("aten::linear", MAIN, (16, 16 + outer));
    maker
}

/// A tree whose events stand in the file from the last to the first.
fn disorder(draw: &mut Draw) -> Maker {
    let mut maker = family(draw);
    maker.op("aten::relu", MAIN, (800, 840));
    maker.op("aten::clamp_min", MAIN, (808, 832));
    maker.trace.events.reverse();
    maker
}

/// Operators with one launch each, by the runtime and by the driver: the call is a child.
fn calls(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let long = 8 * draw.int(2..=6);
    maker.op("aten::mm", MAIN, (0, long + 40));
    let launch = Launch { thread: MAIN, at: 16, long, stream: 7, begins: long + 80, lasts: 64 };
    maker.launch(launch, "kernel", "gemm", &[]);
    maker.op("CompiledFunction", MAIN, (long + 48, long + 88));
    let launch = Launch { thread: MAIN, at: long + 56, long: 16, stream: 7, begins: long + 144, lasts: 24 };
    maker.launch(launch, "kernel", "triton_poi_fused_add_0", &[]);
    maker
}

/// An annotation inside an operator, with an operator in it: it nests, and has no row.
fn annotations(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(20..=30);
    maker.cpu("user_annotation", "train", MAIN, (0, end + 16));
    maker.op("MyFunctionBackward", MAIN, (8, end));
    maker.cpu("user_annotation", "my block", MAIN, (16, end - 16));
    maker.op("aten::mm", MAIN, (24, end - 40));
    maker
}

/// Two launches inside nested operators.
fn launches(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.op("aten::linear", MAIN, (0, 200));
    maker.op("aten::t", MAIN, (8, 40));
    maker.op("aten::addmm", MAIN, (48, 184));
    let lasts = 8 * draw.int(4..=9);
    let at = |at, begins, lasts| Launch { thread: MAIN, at, long: 16, stream: 7, begins, lasts };
    maker.launch(at(64, 80, lasts), "kernel", "gemm", &[]);
    maker.launch(at(96, 80 + lasts, 24), "gpu_memset", "Memset (Device)", &[]);
    maker
}

/// Kernels that run when the CPU is two operators further.
fn late_kernels(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let mut begins = 200;
    for (n, name) in ["aten::conv2d", "aten::relu", "aten::linear"].into_iter().enumerate() {
        let start = 96 * n as i64;
        maker.op(name, MAIN, (start, start + 80));
        let lasts = 8 * draw.int(3..=9);
        maker.launch(Launch { thread: MAIN, at: start + 16, long: 24, stream: 7, begins, lasts }, "kernel", "k", &[]);
        begins += lasts;
    }
    maker.op("aten::item", MAIN, (288, begins + 8));
    maker
}

/// A launch outside of all operators.
fn unlinked(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.op("aten::relu", MAIN, (0, 64));
    let lasts = 8 * draw.int(2..=9);
    maker.launch(Launch { thread: MAIN, at: 80, long: 8, stream: 7, begins: 96, lasts }, "kernel", "k", &[]);
    maker
}

/// A kernel whose call was not recorded, and one without any number, as the first ones of a trace are.
fn uncorrelated(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.op("aten::relu", MAIN, (0, 160));
    let (a, b) = (8 * draw.int(2..=5), 8 * draw.int(2..=5));
    maker.gpu("kernel", "begun before", 7, (8, 8 + a), &[("correlation", json!(3))]);
    maker.gpu("gpu_memcpy", "Memcpy DtoD", 7, (80, 80 + b), &[]);
    maker
}

/// Calls without length at the begin and at the end of their operator; the second is the next one's.
fn zero_length(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let (edge, end) = (8 * draw.int(4..=8), 8 * draw.int(12..=16));
    let at = |at, begins| Launch { thread: MAIN, at, long: 0, stream: 7, begins, lasts: 24 };
    maker.launch(at(0, 160), "kernel", "first", &[]);
    maker.launch(at(edge, 200), "kernel", "second", &[]);
    maker.op("aten::add", MAIN, (0, edge));
    maker.op("aten::mul", MAIN, (edge, end));
    maker.op("aten::empty", MAIN, (edge + 8, edge + 8));
    maker
}

/// Lengths that come back from microseconds a little short: 1.001 times 1000 is 1000.9999999999999.
fn decimals(draw: &mut Draw) -> Maker {
    let short = |ns: &i64| ((*ns as f64 / 1000.0) * 1000.0) < *ns as f64;
    let lengths: Vec<i64> = (1001..20_000).filter(short).collect();
    let mut maker = Maker::late(1_000_000);
    for n in 0..4 {
        maker.op("aten::add", MAIN, (20_000 * n, 20_000 * n + draw.choose(&lengths)));
    }
    maker
}

/// Children that end with their parents, at times as a long run has them: sums of decimals are rounded.
fn nanoseconds(draw: &mut Draw) -> Vec<Maker> {
    draw.many(2, |draw| {
        let mut maker = Maker::late(5_188_011_000_000_000 + draw.int(0..=999_999_999));
        let mut at = 0;
        for _ in 0..20 {
            let (outer, inner) = (draw.int(2001..=9999), draw.int(101..=1999));
            maker.op("aten::linear", MAIN, (at, at + outer));
            maker.op("aten::addmm", MAIN, (at + outer - inner, at + outer));
            at += outer;
        }
        maker
    })
}

/// Names as templates and annotations have them.
fn odd_names(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(10..=20);
    maker.op("my op: \"quoted\",\nsecond line", MAIN, (0, end));
    maker.op("C:\\temp\\{x}[0] \u{00e9}", MAIN, (8, end - 16));
    maker
}

/// What the column of own times sums to, and what it should.
pub fn sums(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let column = |value: Option<&Value>| {
        let Some(Value::Map(rows)) = value else { return String::new() };
        let row = |row: &Value| if let Value::Json(row) = row { row["cpu_self_ns"].as_i64() } else { None };
        plain(rows.values().filter_map(row).sum::<i64>() as f64 / 1000.0, 6)
    };
    vec![("sum", column(seen.result(0))), ("whole", column(seen.right(0)))]
}
