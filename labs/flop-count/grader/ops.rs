//! The build step `op-costs`: one operation, its work, its learned numbers and its shape.

use super::draw::{Like, Mask, Queries, attention, case, conv};
use super::nest::multiply_adds;
use crate::grading::{Check, Draw, Rule, Script, Seen, read};
use lab_sdk::{Cost, OpSpec, Result, Value};

/// The checks of `op_cost`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = convolutions(draw);
    checks.extend(products(draw));
    checks.extend(attentions(draw));
    checks.extend(large(draw));
    checks.push(by_loops(draw));
    checks.push(whole(draw));
    checks.extend(refused());
    Ok(checks)
}

fn many(draw: &mut Draw, count: usize, like: Like) -> Vec<Script> {
    draw.many(count, |draw| case(conv(draw, like)))
}

fn convolutions(draw: &mut Draw) -> Vec<Check> {
    let plain = Like::PLAIN;
    let still = many(draw, 8, Like { strided: false, padded: false, ..plain });
    let strided = many(draw, 20, plain);
    let biased = many(draw, 8, Like { bias: true, ..plain });
    let tall = many(draw, 16, Like { square: false, ..plain });
    let dilated = many(draw, 12, Like { dilated: true, ..plain });
    let grouped = [2, 3, 4, 8].iter().flat_map(|&groups| many(draw, 6, Like { groups, bias: true, ..plain })).collect();
    let depthwise =
        [1, 2].iter().flat_map(|&n| many(draw, 8, Like { depthwise: Some(n), bias: true, ..plain })).collect();
    let mut even = Vec::new();
    for (k, stride) in [(1, 2), (1, 3), (2, 2), (2, 1), (4, 2)] {
        let OpSpec::Conv2d { n, cin, h, w, cout, groups, bias, .. } = conv(draw, Like { side: 20, ..plain }) else {
            continue;
        };
        let (k, stride, pad) = ([k; 2], [stride; 2], [k / 4; 2]);
        even.push(case(OpSpec::Conv2d { n, cin, h, w, cout, k, stride, pad, dil: [1; 2], groups, bias }));
    }
    // A layer of a large image net: more than 32 bits hold.
    let side = 4 * draw.count(28..=56);
    let vast = case(OpSpec::Conv2d {
        n: 8,
        cin: 256,
        h: side,
        w: side,
        cout: 512,
        k: [3; 2],
        stride: [1; 2],
        pad: [1; 2],
        dil: [1; 2],
        groups: 1,
        bias: false,
    });
    vec![
        Check::exact("a convolution without padding, stride 1", still),
        Check::exact("a convolution of more than 2^32 MACs", vec![vast]),
        Check::exact("stride and padding", strided),
        Check::exact("a bias", biased),
        Check::exact("pairs are (vertical, horizontal)", tall),
        Check::exact("dilation", dilated),
        Check::exact("kernels of 1 at stride 2, even kernels", even),
        Check::exact("groups", grouped),
        Check::exact("depthwise: one or two filters a channel", depthwise),
    ]
}

fn products(draw: &mut Draw) -> Vec<Check> {
    let mut linear = |bias: bool| {
        let mut size = |high: usize| draw.count(1..=high);
        case(OpSpec::Linear { rows: size(60), cin: size(90), cout: size(90), bias })
    };
    let linear = (0..12).map(|at| linear(at % 2 == 1)).collect();
    let mut matmul = || {
        let mut size = |low: usize, high: usize| draw.count(low..=high);
        case(OpSpec::Matmul { batch: size(2, 9), m: size(1, 40), k: size(1, 40), n: size(1, 40) })
    };
    let matmul = (0..8).map(|_| matmul()).collect();
    vec![Check::exact("a linear layer", linear), Check::exact("a product of two matrices", matmul)]
}

fn attentions(draw: &mut Draw) -> Vec<Check> {
    let mut some = |count: usize, masks: &[Mask]| -> Vec<Script> {
        let all = (0..count).flat_map(|_| masks);
        all.map(|&mask| case(attention(draw, mask))).collect()
    };
    let none = Mask::NONE;
    let causal = Mask { causal: true, ..none };
    let window = Mask { window: true, ..none };
    let plain = some(6, &[none, Mask { queries: Queries::Some, ..none }, Mask { queries: Queries::More, ..none }]);
    let values = some(6, &[Mask { same: false, ..none }]);
    let shared = some(3, &[Mask { share: 2, ..none }, Mask { share: 4, ..causal }]);
    let squares = some(8, &[causal]);
    let decode = some(6, &[Mask { queries: Queries::One, ..causal }, Mask { queries: Queries::Some, ..causal }]);
    let back = some(6, &[Mask { causal: true, ..window }, Mask { causal: true, queries: Queries::One, ..window }]);
    let both = some(5, &[window, Mask { queries: Queries::Some, ..window }]);
    let wide = [1, 1000].into_iter().flat_map(|w| [(true, w), (false, w)]);
    let wide = wide.map(|(causal, w)| {
        case(OpSpec::Attention { b: 1, hq: 2, hkv: 2, sq: 12, sk: 12, dh: 8, dv: 8, causal, window: Some(w) })
    });
    vec![
        Check::exact("attention: every query, every key", plain),
        Check::exact("values longer than keys", values),
        Check::exact("heads that share k and v", shared),
        Check::exact("a causal mask", squares),
        Check::exact("fewer queries than keys stand at the end", decode),
        Check::exact("a window that looks back", back),
        Check::exact("a window to both sides", both),
        Check::exact("a window of 1, and one wider than the keys", wide.collect()),
    ]
}

fn large(draw: &mut Draw) -> Vec<Check> {
    let mut odd = |low: i64, high: i64| (2 * draw.int(low / 2..=high / 2) + 1) as u64;
    // Products of odd numbers above 2^53 have an odd last bit, which f64 does not hold.
    let mut past = Vec::new();
    for _ in 0..4 {
        let (rows, cin, cout) = (odd(1 << 21, 1 << 22), odd(1 << 17, 1 << 18), odd(1 << 17, 1 << 18));
        past.push(case(OpSpec::Linear { rows, cin, cout, bias: false }));
        let (batch, m, k, n) = (odd(100, 999), odd(1 << 16, 1 << 17), odd(1 << 16, 1 << 17), odd(1 << 16, 1 << 17));
        past.push(case(OpSpec::Matmul { batch, m, k, n }));
    }
    // LLaMA-65B's heads at a million tokens.
    let long = |causal: bool, window: Option<u64>| {
        let s = 1 << 20;
        case(OpSpec::Attention { b: 1, hq: 64, hkv: 64, sq: s, sk: s, dh: 128, dv: 128, causal, window })
    };
    let long = vec![long(false, None), long(true, None), long(true, Some(4096)), long(false, Some(257))];
    vec![
        Check::exact("counts above 2^53 are exact", past),
        Check::exact("a million tokens, without a loop over all pairs", long),
    ]
}

fn by_loops(draw: &mut Draw) -> Check {
    let mut ops = Vec::new();
    for at in 0..40 {
        let tiny = Like { side: 9, ..Like::PLAIN };
        ops.push(match at % 8 {
            0 => conv(draw, Like { groups: 1, ..tiny }),
            1 => conv(draw, Like { groups: 2, ..tiny }),
            2 => conv(draw, Like { depthwise: Some(2), ..tiny }),
            3 => conv(draw, Like { dilated: true, square: false, ..tiny }),
            4 => {
                let mut size = || draw.count(1..=9);
                OpSpec::Matmul { batch: size(), m: size(), k: size(), n: size() }
            }
            5 => attention(draw, Mask { causal: true, queries: Queries::Some, ..Mask::NONE }),
            6 => attention(draw, Mask { window: true, causal: at % 3 == 0, share: 2, ..Mask::NONE }),
            _ => attention(draw, Mask { queries: Queries::More, same: false, ..Mask::NONE }),
        });
    }
    let rule = Rule::at_most(beside_the_loops, 0.0, "off");
    Check::by("MACs are what loops with a counter count", rule, ops.into_iter().map(case).collect())
}

fn whole(draw: &mut Draw) -> Check {
    let conv = conv(draw, Like { groups: 2, bias: true, ..Like::PLAIN });
    let ops = vec![conv, attention(draw, Mask { causal: true, share: 2, ..Mask::NONE })];
    let rule = Rule::at_most(floats, 0.0, "floats");
    Check::by("counts and sizes are integers", rule, ops.into_iter().map(|op| case(op).keep(&[0])).collect())
}

/// How many numbers of the answer are floats: / in Python gives one, also where nothing is left over.
fn floats(seen: &Seen<'_>) -> (f64, String) {
    let Some(Value::Json(cost)) = seen.result(0) else { return (0.0, String::new()) };
    let sides = cost["out"].as_array().into_iter().flatten().map(|side| ("out", side));
    let all = [("macs", &cost["macs"]), ("params", &cost["params"])].into_iter().chain(sides);
    let found: Vec<String> = all.filter(|(_, v)| v.is_f64()).map(|(name, v)| format!("{name} = {v}")).collect();
    (found.len() as f64, found.join(", "))
}

/// How far the answer's MACs are from those that the loops carry out.
fn beside_the_loops(seen: &Seen<'_>) -> (f64, String) {
    let Some(op) = read::<OpSpec>(seen.argument(0, 0)) else { return (f64::NAN, "an unknown operation".to_owned()) };
    let kind = match op {
        OpSpec::Conv2d { .. } => "conv2d",
        OpSpec::Linear { .. } => "linear",
        OpSpec::Matmul { .. } => "matmul",
        OpSpec::Attention { .. } => "attention",
    };
    let counted = multiply_adds(&op);
    // Whether it is a float is another check's business.
    let macs = match seen.result(0) {
        Some(Value::Json(cost)) => cost["macs"].as_f64(),
        _ => None,
    };
    match macs {
        Some(macs) => ((macs - counted as f64).abs(), format!("{kind}: {counted} by loops, {macs} by you")),
        None => (f64::NAN, format!("{kind}: a result without `macs`")),
    }
}

fn refused() -> Vec<Check> {
    let conv = |cin, cout, groups, k: u64, h: u64| OpSpec::Conv2d {
        n: 1,
        cin,
        h,
        w: 9,
        cout,
        k: [k; 2],
        stride: [1; 2],
        pad: [0; 2],
        dil: [1; 2],
        groups,
        bias: false,
    };
    let heads =
        |hq, hkv, sq, sk, causal, window| OpSpec::Attention { b: 1, hq, hkv, sq, sk, dh: 8, dv: 8, causal, window };
    let zero = |at: usize| {
        let mut s = [2_u64; 6];
        s[at] = 0;
        OpSpec::Conv2d {
            n: s[0],
            cin: s[1],
            h: 8,
            w: 8,
            cout: s[2],
            k: [s[3]; 2],
            stride: [s[4]; 2],
            pad: [0; 2],
            dil: [1; 2],
            groups: s[5],
            bias: false,
        }
    };
    let mut zeros: Vec<OpSpec> = (0..6).map(zero).collect();
    zeros.push(OpSpec::Linear { rows: 3, cin: 0, cout: 4, bias: true });
    zeros.push(OpSpec::Matmul { batch: 1, m: 2, k: 0, n: 4 });
    zeros.push(heads(0, 1, 4, 4, false, None));
    zeros.push(heads(2, 0, 4, 4, false, None));
    // They are small as they stand, and half of a pair is no smaller case.
    let cases = |ops: Vec<OpSpec>| ops.into_iter().map(|op| case(op).keep(&[0])).collect();
    vec![
        Check::refuses("`op_cost` refuses channels that do not divide", cases(vec![conv(5, 4, 2, 3, 9), conv(4, 5, 2, 3, 9)])),
        Check::refuses("`op_cost` refuses heads that do not divide", cases(vec![heads(6, 4, 5, 5, false, None)])),
        Check::refuses("`op_cost` refuses a result without an element", cases(vec![conv(3, 4, 1, 5, 4), conv(3, 4, 1, 9, 8)])),
        Check::refuses(
            "`op_cost` refuses a mask with more queries than keys",
            cases(vec![heads(2, 2, 6, 5, true, None), heads(2, 2, 6, 5, false, Some(3))]),
        ),
        Check::refuses("`op_cost` refuses sizes of 0", cases(zeros)),
    ]
}

/// Fills `{groups}`, `{got}`, `{wanted}` and what else the sentences name.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let Some(op) = read::<OpSpec>(seen.argument(0, 0)) else { return Vec::new() };
    let macs = |value: Option<&Value>| read::<Cost>(value).map_or_else(String::new, |cost| cost.macs.to_string());
    let mut facts = vec![("got", macs(seen.result(0))), ("wanted", macs(seen.right(0)))];
    match op {
        OpSpec::Conv2d { groups, stride, .. } => {
            facts.push(("groups", groups.to_string()));
            let [down, across] = stride;
            let stride = if down == across { down.to_string() } else { format!("{down} x {across}") };
            facts.push(("stride", stride));
        }
        OpSpec::Attention { hq, hkv, sq, .. } => {
            facts.extend([("heads", hq.to_string()), ("share", (hq / hkv.max(1)).to_string()), ("s", sq.to_string())]);
        }
        _ => {}
    }
    facts
}
