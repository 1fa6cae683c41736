//! Random programs, as data, in both languages: equal counts, faults and traces, and bits of buffers that are equal.

mod draw;

use super::noise;
use draw::program;
use lab_sdk::tile::{B, Cfg, Dtype, I, L2, Prog, Ptr, T, TileReport, launch};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Without NumPy the comparison is left out, unless this is set: then it fails.
const REQUIRED: &str = "ROADMAP_REQUIRE_NUMPY";

#[test]
fn the_same_in_python() {
    let programs: Vec<Value> = (1..400).map(program).collect();
    let Some(python) = in_python(&programs) else { return };
    assert_eq!(python.len(), programs.len());
    let mut faults = 0;
    for (seed, (program, python)) in programs.iter().zip(python).enumerate() {
        let (report, buffers) = in_rust(program);
        faults += report.faults.len();
        let ours = serde_json::to_value(&report).expect("a report is JSON");
        let seed = seed + 1;
        assert_eq!(ours["counters"], python["report"]["counters"], "seed {seed}: {}", program["code"]);
        assert_eq!(faults_of(&ours), faults_of(&python["report"]), "seed {seed}: {}", program["code"]);
        assert_eq!(ours["finished"], python["report"]["finished"], "seed {seed}");
        assert_eq!(ours["trace"], python["report"]["trace"], "seed {seed}: {}", program["code"]);
        for (number, ours) in buffers.into_iter().enumerate() {
            let spec = &program["buffers"][number];
            let wide = spec["dtype"].as_str().is_some_and(|name| !name.starts_with('i'));
            let theirs: Vec<i64> = serde_json::from_value(python["buffers"][number].clone()).expect("a list of bits");
            let nan = |x: i64| wide && f32::from_bits(x as u32).is_nan();
            let same = ours.iter().zip(&theirs).all(|(&a, &b)| a == b || nan(a) && nan(b));
            assert!(
                same && ours.len() == theirs.len(),
                "seed {seed}, x{number}: {ours:?} {theirs:?} {}",
                program["code"]
            );
        }
    }
    assert!(faults > 100, "the programs are too tame: {faults} faults");
}

/// Facts, lines of kernels and the ends of tiles, as Python has them.
#[test]
fn facts_in_python() {
    let Some(mut command) = script("twin_facts.py") else { return };
    assert!(command.status().expect("python3 runs").success(), "twin_facts.py failed");
}

/// All of a fault but its line, and its address up to where the buffer begins.
fn faults_of(report: &Value) -> Vec<Value> {
    let mut faults = report["faults"].as_array().cloned().unwrap_or_default();
    for fault in &mut faults {
        fault["at"] = Value::Null;
        fault["address"] = fault["address"].as_u64().map(|address| address % 256).into();
    }
    faults
}

/// A script of this folder, with the twin in its path; nothing where there is no Python with NumPy.
fn script(name: &str) -> Option<Command> {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = || {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", sdk.join("python")).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let numpy = python().args(["-c", "import numpy"]).stderr(Stdio::null()).status();
    if numpy.is_ok_and(|status| status.success()) {
        let mut command = python();
        command.arg(sdk.join("tests/tile").join(name));
        return Some(command);
    }
    assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, and there is no python3 with numpy");
    eprintln!("skipped: there is no python3 with numpy to compare with (set {REQUIRED}=1 to fail here)");
    None
}

/// What the Python twin makes of the programs; nothing where there is none.
fn in_python(programs: &[Value]) -> Option<Vec<Value>> {
    let child = script("twin.py")?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("python3 runs");
    let input = serde_json::to_vec(programs).expect("programs are JSON");
    child.stdin.take().expect("a pipe").write_all(&input).expect("python3 reads");
    let output = child.wait_with_output().expect("python3 ends");
    assert!(output.status.success(), "twin.py failed");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    Some(lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect())
}

/// A value of a program.
#[derive(Clone)]
enum Any {
    Ints(I),
    Floats(T),
    Mask(B),
    None,
}

fn in_rust(program: &Value) -> (TileReport, Vec<Vec<i64>>) {
    let of = |value: &Value| serde_json::from_value::<Dtype>(value.clone()).expect("a type");
    let buffer = |(number, spec): (usize, &Value)| {
        let (name, dtype) = (format!("x{number}"), of(&spec["dtype"]));
        match serde_json::from_value::<Option<Vec<f32>>>(spec["data"].clone()).expect("numbers") {
            None => Ptr::poisoned(&name, dtype, size(&spec["len"])),
            Some(data) => Ptr::new(&name, dtype, data),
        }
    };
    let specs = program["buffers"].as_array().expect("a list");
    let whole: Vec<Ptr> = specs.iter().enumerate().map(buffer).collect();
    let parts: Vec<Ptr> = whole.iter().zip(specs).map(|(p, spec)| p.offset(size(&spec["offset"]))).collect();
    let grid = serde_json::from_value(program["grid"].clone()).expect("a grid");
    let cfg = Cfg { l2: program["l2"].as_u64().map(L2::new), trace: true, ..Cfg::new(grid) };
    let report = launch(cfg, |p| {
        let mut values: Vec<Any> = Vec::new();
        for op in program["code"].as_array().expect("a list") {
            let value = step(p, &parts, &mut values, op);
            values.push(value);
        }
    });
    let bits = |p: &Ptr| {
        let floats = || p.to_vec().iter().map(|x| i64::from(x.to_bits())).collect();
        if p.dtype().is_float() { floats() } else { p.to_ints() }
    };
    (report.expect("the launch is accepted"), whole.iter().map(bits).collect())
}

fn size(value: &Value) -> usize {
    value.as_u64().expect("a size") as usize
}

fn step(p: &Prog, buffers: &[Ptr], values: &mut [Any], op: &Value) -> Any {
    let name = op[0].as_str().expect("a name");
    let any = |k: usize| op[k]["v"].as_u64().map_or(Any::None, |at| values[at as usize].clone());
    let floats = |k: usize| match any(k) {
        Any::Floats(tile) => tile,
        _ => panic!("{op}: no floats"),
    };
    let ints = |k: usize| match any(k) {
        Any::Ints(tile) => tile,
        _ => panic!("{op}: no integers"),
    };
    let mask = |k: usize| match any(k) {
        Any::Mask(tile) => Some(tile),
        _ => None,
    };
    let on = |k: usize| mask(k).expect("a mask");
    let number = |k: usize| op[k].as_f64().expect("a number") as f32;
    match name {
        "pid" => Any::Ints(I::from(p.program_id(size(&op[1])))),
        "arange" => Any::Ints(p.arange(size(&op[1]))),
        "full" => {
            let sides: Vec<usize> = serde_json::from_value(op[1].clone()).expect("a shape");
            Any::Floats(match sides[..] {
                [] => T::full([], number(2)),
                [n] => T::full([n], number(2)),
                [m, n, ..] => T::full([m, n], number(2)),
            })
        }
        "load" => {
            let tile = p.load(&buffers[size(&op[1])], &ints(2), mask(3).as_ref(), number(4));
            Any::Floats(if tile.dtype().is_float() { tile } else { tile.to(Dtype::F32) })
        }
        "load_int" => {
            let other = op[4].as_i64().expect("an integer");
            Any::Ints(p.load_int(&buffers[size(&op[1])], &ints(2), mask(3).as_ref(), other))
        }
        "store" => {
            let (x, offs, mask) = (&buffers[size(&op[1])], ints(2), mask(4));
            match any(3) {
                Any::Ints(tile) => p.store(x, &offs, &tile, mask.as_ref()),
                _ => p.store(x, &offs, &floats(3), mask.as_ref()),
            }
            Any::None
        }
        "atomic_add" => {
            let before = p.atomic_add(&buffers[size(&op[1])], &ints(2), &floats(3), mask(4).as_ref());
            Any::Floats(if before.dtype().is_float() { before } else { before.to(Dtype::F32) })
        }
        "where" => match any(2) {
            Any::Ints(a) => Any::Ints(I::where_(&on(1), &a, ints(3))),
            _ => Any::Floats(match op[3].as_f64() {
                Some(number) => T::where_(&on(1), floats(2), number as f32),
                None => T::where_(&on(1), floats(2), floats(3)),
            }),
        },
        "dot" => Any::Floats(match any(3) {
            Any::Floats(acc) => floats(1).dot(&floats(2), &acc),
            _ => floats(1).dot(&floats(2), None),
        }),
        "to" => Any::Floats(floats(1).to(serde_json::from_value(op[2].clone()).expect("a type"))),
        "sum" => Any::Floats(floats(1).sum(size(&op[2]))),
        "max_red" => Any::Floats(floats(1).max_red(size(&op[2]))),
        "min_red" => Any::Floats(floats(1).min_red(size(&op[2]))),
        "float" => Any::Floats(ints(1).to_f32()),
        "not" => Any::Mask(!on(1)),
        "and" => Any::Mask(on(1) & on(2)),
        "or" => Any::Mask(on(1) | on(2)),
        "xor" => Any::Mask(on(1) ^ on(2)),
        "drop" => {
            values[size(&op[1]["v"])] = Any::None;
            Any::None
        }
        "col" | "row" => {
            let column = name == "col";
            match any(1) {
                Any::Ints(x) => Any::Ints(if column { x.col() } else { x.row() }),
                Any::Mask(x) => Any::Mask(if column { x.col() } else { x.row() }),
                _ => Any::Floats(if column { floats(1).col() } else { floats(1).row() }),
            }
        }
        _ => match any(1) {
            Any::Ints(a) => of_ints(name, &a, &op[2].as_i64().map_or_else(|| ints(2), I::from)),
            _ if op.as_array().is_some_and(|op| op.len() == 2) => Any::Floats(function(name, &floats(1))),
            _ => match op[2].as_f64() {
                Some(number) => of_number(name, &floats(1), number as f32),
                None => of_floats(name, &floats(1), &floats(2)),
            },
        },
    }
}

fn of_ints(name: &str, a: &I, b: &I) -> Any {
    Any::Ints(match name {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "idiv" => a / b,
        "irem" => a % b,
        "max" => a.max(b),
        "min" => a.min(b),
        "lt" => return Any::Mask(a.lt(b)),
        "le" => return Any::Mask(a.le(b)),
        "gt" => return Any::Mask(a.gt(b)),
        "ge" => return Any::Mask(a.ge(b)),
        "eq" => return Any::Mask(a.eq(b)),
        _ => return Any::Mask(a.ne(b)),
    })
}

fn of_floats(name: &str, a: &T, b: &T) -> Any {
    Any::Floats(match name {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        "max" => a.max(b),
        "min" => a.min(b),
        "lt" => return Any::Mask(a.lt(b)),
        "le" => return Any::Mask(a.le(b)),
        "gt" => return Any::Mask(a.gt(b)),
        "ge" => return Any::Mask(a.ge(b)),
        "eq" => return Any::Mask(a.eq(b)),
        _ => return Any::Mask(a.ne(b)),
    })
}

fn of_number(name: &str, a: &T, b: f32) -> Any {
    Any::Floats(match name {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        "max" => a.max(b),
        "min" => a.min(b),
        "lt" => return Any::Mask(a.lt(b)),
        _ => return Any::Mask(a.ge(b)),
    })
}

fn function(name: &str, x: &T) -> T {
    match name {
        "exp" => x.exp(),
        "log" => x.log(),
        "sqrt" => x.sqrt(),
        "rsqrt" => x.rsqrt(),
        "tanh" => x.tanh(),
        "erf" => x.erf(),
        "abs" => x.abs(),
        "neg" => -x,
        "t" => x.t(),
        _ => panic!("no function {name}"),
    }
}
