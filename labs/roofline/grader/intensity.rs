//! The build step `intensity`: every kind of kernel under the roofs of three GPUs.

use super::GPUS;
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, plain, read, value_text};
use crate::reference::kernels::kernel;
use lab_sdk::{Kernel, Machine, Norm, Op, Point, Pool, Result};

/// FLOPs and bytes are integers and exact; what is divided rounds once or twice.
pub const POINT: Rule = Rule::Ulps(2);

/// The checks of `roofline`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = vec![products(draw, "a linear layer, one row and many", linear)?];
    checks.push(Check::by("the four kernels of NVIDIA's guide", POINT, printed()?));
    checks.push(products(draw, "a bias is a weight too", |draw| {
        let (rows, cin, cout) = (draw.count(1..=64), size(draw), size(draw));
        kernel(Op::Linear { cout, bias: true }, &[&[rows, cin]])
    })?);
    checks.push(products(draw, "convolutions, dense and grouped", conv)?);
    checks.push(products(draw, "two inputs and no weights", matmul)?);
    checks.push(products(draw, "attention: three inputs, shared heads", attention)?);
    checks.push(products(draw, "ReLU and add: one operation an element", elementwise)?);
    checks.push(products(draw, "a pool looks at its whole window", pool)?);
    checks.push(products(draw, "a layer norm: five operations an element", norm)?);
    checks.push(products(draw, "a lookup moves the rows that it returns", lookup)?);
    checks.push(Check::by("elements of 1, 2, 4 and 8 bytes", POINT, widths(draw)?));
    checks.push(Check::by("on both sides of the ridge", POINT, sides(draw)?));
    checks.push(Check::by("launches long and short", POINT, launches(draw)?));
    checks.push(Check::by("more than 2^53 FLOPs", POINT, large(draw)?));
    checks.push(Check::refuses("`roofline` refuses what is no machine, and other operations", refused()?));
    Ok(checks)
}

/// A case. Its sizes depend on each other, so a smaller one keeps them.
fn case(k: Kernel, bytes_per_elem: u32, m: Machine) -> Script {
    Script::call("roofline", args![k, bytes_per_elem, m]).keep(&[0, 1, 2])
}

fn gpu(draw: &mut Draw) -> Machine {
    let launch = draw.int(4..=32) as f64 / 4.0;
    draw.choose(&GPUS).machine(launch)
}

/// Six kernels of one kind, in fp16.
fn products(draw: &mut Draw, name: &'static str, mut one: impl FnMut(&mut Draw) -> Result<Kernel>) -> Result<Check> {
    let cases = (0..6).map(|_| Ok(case(one(draw)?, 2, gpu(draw)))).collect::<Result<_>>()?;
    Ok(Check::by(name, POINT, cases))
}

fn size(draw: &mut Draw) -> u64 {
    64 * draw.count(2..=64)
}

fn linear(draw: &mut Draw) -> Result<Kernel> {
    let rows = if draw.one_in(3) { 1 } else { draw.count(2..=1024) };
    let (cin, cout) = (size(draw), size(draw));
    kernel(Op::Linear { cout, bias: false }, &[&[rows, cin]])
}

/// The rows of NVIDIA's table, on an A100.
fn printed() -> Result<Vec<Script>> {
    let a100 = GPUS[1].machine(0.0);
    Ok(table()?.map(|k| case(k, 2, a100)).to_vec())
}

/// Linear layers at batch 512 and 1, a 3x3 max pool with stride 1, a ReLU.
pub fn table() -> Result<[Kernel; 4]> {
    let linear = |rows| kernel(Op::Linear { cout: 4096, bias: false }, &[&[rows, 1024]]);
    let pool = Op::Pool { kind: Pool::Max, k: [3; 2], stride: [1; 2], pad: [1; 2], ceil: false };
    let image: &[u64] = &[16, 64, 56, 56];
    Ok([linear(512)?, linear(1)?, kernel(pool, &[image])?, kernel(relu(), &[image])?])
}

fn relu() -> Op {
    Op::Act { kind: "relu".to_owned() }
}

fn conv(draw: &mut Draw) -> Result<Kernel> {
    let (groups, n, side) = (*draw.choose(&[1, 1, 2, 4, 32]), draw.count(1..=16), draw.count(7..=56));
    let (cin, cout) = (32 * draw.count(1..=8), 32 * draw.count(1..=8));
    let (k, stride) = (*draw.choose(&[1, 3, 5]), *draw.choose(&[1, 2]));
    let (cout, groups) = if groups == 32 { (cin, cin) } else { (cout, groups) };
    let op = Op::Conv2d { cout, k: [k; 2], stride: [stride; 2], pad: [k / 2; 2], dil: [1; 2], groups, bias: false };
    kernel(op, &[&[n, cin, side, side]])
}

fn matmul(draw: &mut Draw) -> Result<Kernel> {
    let (b, m, k, n) = (draw.count(1..=32), size(draw), size(draw), size(draw));
    kernel(Op::Matmul {}, &[&[b, m, k], &[b, k, n]])
}

fn attention(draw: &mut Draw) -> Result<Kernel> {
    let (b, hkv, share, d) = (draw.count(1..=8), draw.count(1..=8), *draw.choose(&[1, 4, 8]), *draw.choose(&[64, 128]));
    let sk = size(draw);
    let sq = if draw.one_in(2) { 1 } else { sk };
    let op = Op::Attention { hq: hkv * share, hkv, causal: draw.one_in(2), window: None };
    kernel(op, &[&[b, sq, hkv * share * d], &[b, sk, hkv * d], &[b, sk, hkv * d]])
}

fn image(draw: &mut Draw) -> [u64; 4] {
    let side = draw.count(7..=56);
    [draw.count(1..=32), 8 * draw.count(1..=32), side, side]
}

fn elementwise(draw: &mut Draw) -> Result<Kernel> {
    let shape = image(draw);
    if draw.one_in(2) { kernel(relu(), &[&shape]) } else { kernel(Op::Add {}, &[&shape, &shape]) }
}

fn pool(draw: &mut Draw) -> Result<Kernel> {
    let (k, stride) = (draw.count(2..=3), draw.count(1..=2));
    let kind = if draw.one_in(2) { Pool::Max } else { Pool::Avg };
    kernel(Op::Pool { kind, k: [k; 2], stride: [stride; 2], pad: [0; 2], ceil: false }, &[&image(draw)])
}

fn norm(draw: &mut Draw) -> Result<Kernel> {
    let (rows, dim) = (draw.count(1..=2048), size(draw));
    kernel(Op::Norm { kind: Norm::Layer }, &[&[rows, dim]])
}

fn lookup(draw: &mut Draw) -> Result<Kernel> {
    let (b, s) = (draw.count(1..=8), draw.count(1..=512));
    let (rows, dim) = (1000 * draw.count(8..=128), size(draw));
    kernel(Op::Embedding { rows, dim }, &[&[b, s]])
}

fn widths(draw: &mut Draw) -> Result<Vec<Script>> {
    let mut cases = Vec::new();
    for width in [1, 2, 4, 8] {
        cases.push(case(linear(draw)?, width, gpu(draw)));
        cases.push(case(elementwise(draw)?, width, gpu(draw)));
    }
    Ok(cases)
}

/// Square products whose intensity, n / 3, lies somewhat below and above the ridge.
fn sides(draw: &mut Draw) -> Result<Vec<Script>> {
    let mut cases = Vec::new();
    for factor in [0.5, 0.8, 0.95, 1.05, 1.25, 2.0] {
        let m = gpu(draw);
        let n = (3.0 * factor * m.peak_flops / m.bw) as u64;
        cases.push(case(kernel(Op::Matmul {}, &[&[1, n, n], &[1, n, n]])?, 2, m));
    }
    Ok(cases)
}

/// From nothing to far more than the work itself.
fn launches(draw: &mut Draw) -> Result<Vec<Script>> {
    let mut cases = Vec::new();
    for launch_us in [0.0, 0.5, 20.0, 1000.0] {
        let m = Machine { launch_us, ..gpu(draw) };
        cases.push(case(elementwise(draw)?, 2, m));
        cases.push(case(matmul(draw)?, 2, m));
    }
    Ok(cases)
}

fn large(draw: &mut Draw) -> Result<Vec<Script>> {
    let mut odd = |power: u32| (2 * draw.int(1 << (power - 2)..=1 << (power - 1)) + 1) as u64;
    // Products of odd numbers have an odd last bit, which a float does not hold.
    let op = |cout| Op::Linear { cout, bias: false };
    let shapes = [(odd(22), odd(18), odd(18)), (odd(21), odd(19), odd(17))];
    shapes.into_iter().map(|(rows, cin, cout)| Ok(case(kernel(op(cout), &[&[rows, cin]])?, 2, GPUS[2].machine(2.0)))).collect()
}

fn refused() -> Result<Vec<Script>> {
    let right = GPUS[1].machine(4.0);
    let k = || kernel(Op::Linear { cout: 8, bias: false }, &[&[4, 8]]);
    let machines = [
        Machine { peak_flops: 0.0, ..right },
        Machine { peak_flops: -1e12, ..right },
        Machine { bw: 0.0, ..right },
        Machine { bw: -1e9, ..right },
        Machine { launch_us: -1.0, ..right },
    ];
    let mut cases = machines.into_iter().map(|m| Ok(case(k()?, 2, m))).collect::<Result<Vec<_>>>()?;
    cases.push(case(k()?, 0, right));
    cases.push(case(kernel(Op::Shuffle { groups: 2 }, &[&[1, 4, 2, 2]])?, 2, right));
    cases.push(case(kernel(Op::Concat { axis: 0 }, &[&[2], &[3]])?, 2, right));
    Ok(cases)
}

/// Fills `{got}` and `{wanted}` with intensities, and `{width}`, `{launch}`, `{ridge}` of the case.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let intensity = |point: Option<Point>| point.map(|p| plain(p.ai, 4)).unwrap_or_default();
    let width = seen.argument(0, 1).map(value_text).unwrap_or_default();
    let machine: Option<Machine> = read(seen.argument(0, 2));
    let ridge = machine.map(|m| plain(m.peak_flops / m.bw, 4)).unwrap_or_default();
    let launch = machine.map(|m| m.launch_us.to_string()).unwrap_or_default();
    vec![
        ("got", intensity(read(seen.result(0)))),
        ("wanted", intensity(read(seen.right(0)))),
        ("width", width),
        ("ridge", ridge),
        ("launch", launch),
    ]
}
