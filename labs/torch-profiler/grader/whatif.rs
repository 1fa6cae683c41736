//! The build step `what-if`: Amdahl's law on a trace.

use super::draw::{BACKWARD, MAIN, Maker, training};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script};
use lab_sdk::Result;

/// The operator that becomes faster.
const OP: &str = "aten::conv2d";

/// The checks of `what_if`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let rule = Rule::Ulps(4);
    let factors = [2.0, 4.0, 0.5, 10.0];
    let mut asks = |make: fn(&mut Draw) -> Maker| -> Vec<Script> {
        let one = |factor: f64| {
            let text = make(draw).bare();
            Script::call("what_if", args![text, OP.to_owned(), factor]).keep(&[1, 2])
        };
        factors.map(one).to_vec()
    };
    let checks = vec![
        Check::by("one call in one step", rule, asks(single)),
        Check::by("several calls in several steps", rule, asks(several)),
        Check::by("calls with children", rule, asks(children)),
        Check::by("a call inside a call", rule, asks(nested)),
        Check::by("calls on another thread", rule, asks(beside)),
        Check::by("calls outside of the steps", rule, asks(outside)),
    ];
    let call = |text: &str, op: &str, factor: f64| {
        Script::call("what_if", args![text.to_owned(), op.to_owned(), factor]).keep(&[1, 2])
    };
    let (good, cut) = (single(draw).bare(), training(draw, 1).text());
    let mut bare = Maker::new();
    bare.op(OP, MAIN, (0, 80));
    let refused = vec![
        call(&good, OP, 0.0),
        call(&good, OP, -2.0),
        call(&good, OP, f64::NAN),
        call(&good, "aten::bmm", 2.0),
        call(&bare.bare(), OP, 2.0),
        call(&cut[..cut.len() / 2], OP, 2.0),
    ];
    let names = "`what_if` refuses a factor of 0, an operator that is not there, a trace without a step";
    Ok([checks, vec![Check::refuses(names, refused)]].concat())
}

fn single(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.step(3, (0, 8 * draw.int(30..=40)));
    maker.op(OP, MAIN, (16, 8 * draw.int(8..=20)));
    maker.op("aten::relu", MAIN, (168, 200));
    maker
}

fn several(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let mut at = 0;
    for number in 0..3 {
        let end = at + 8 * draw.int(40..=50);
        maker.step(number, (at, end));
        maker.op(OP, MAIN, (at + 8, at + 8 * draw.int(5..=12)));
        maker.op("aten::relu", MAIN, (at + 112, at + 120));
        maker.op(OP, MAIN, (at + 128, at + 8 * draw.int(20..=38)));
        at = end;
    }
    maker
}

fn children(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(20..=40);
    maker.step(3, (0, end + 80));
    maker.op(OP, MAIN, (16, end));
    maker.op("aten::convolution", MAIN, (24, end - 16));
    maker
}

fn nested(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(20..=40);
    maker.step(3, (0, end + 80));
    maker.op(OP, MAIN, (16, end));
    maker.op(OP, MAIN, (32, end - 16));
    maker
}

fn beside(draw: &mut Draw) -> Maker {
    let mut maker = single(draw);
    maker.op(OP, BACKWARD, (8, 8 * draw.int(22..=28)));
    maker
}

fn outside(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.op(OP, MAIN, (0, 8 * draw.int(10..=20)));
    maker.step(3, (400, 720));
    maker.op(OP, MAIN, (416, 416 + 8 * draw.int(10..=20)));
    maker.op(OP, MAIN, (800, 800 + 8 * draw.int(5..=20)));
    maker
}
