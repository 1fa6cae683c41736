//! The build step `step-breakdown`: where a step's time went, and how well the GPU was used.

use super::draw::{Launch, MAIN, Maker, shape, shuffled, training};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen};
use lab_sdk::{Result, Value};
use serde_json::{Value as Json, json};

/// The checks of `step_breakdown` and `gpu_metrics`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let asks = |maker: Maker| Script::call("step_breakdown", args![maker.bare()]);
    let loops = |draw: &mut Draw| -> Vec<Script> {
        let mut all = Vec::new();
        for steps in [1, 3, 5] {
            let maker = training(draw, steps);
            let maker = if steps == 3 { shuffled(draw, maker) } else { maker };
            all.push(Script::call("step_breakdown", args![maker.text()]));
        }
        all
    };
    let whole = Rule::at_most(apart, 0.0, "ns");
    let cut = training(draw, 1).text();
    let no_trace =
        |function| [cut[..cut.len() / 3].to_owned(), "{}".to_owned()].map(|text| Script::call(function, args![text]));
    let mut checks = vec![
        Check::exact("one step on the CPU, an annotation in it", vec![asks(cpu_only(draw))]),
        Check::exact("a launch under its kernel", vec![asks(hidden(draw))]),
        Check::exact("streams that overlap", vec![asks(overlap(draw))]),
        Check::exact("a kernel across the edge of two steps", vec![asks(across(draw))]),
        Check::exact("kernels that run a step later", vec![asks(later(draw))]),
        Check::exact("copies, memory set, collectives", vec![asks(kinds(draw))]),
        Check::exact("the wait for a batch", vec![asks(loader(draw))]),
        Check::exact("a step's copy on the GPU's row", vec![asks(on_the_gpu(draw))]),
        Check::exact("whole loops", loops(draw)),
        Check::exact("no step at all", vec![asks(no_step()), asks(Maker::new())]),
        Check::by("the parts of a step add up to it", whole, loops(draw)),
        Check::refuses("`step_breakdown` refuses what is no trace", no_trace("step_breakdown").to_vec()),
    ];
    checks.extend(metrics(draw, no_trace("gpu_metrics")));
    Ok(checks)
}

fn metrics(draw: &mut Draw, no_trace: [Script; 2]) -> Vec<Check> {
    let asks = |maker: Maker| Script::call("gpu_metrics", args![maker.bare()]);
    let rule = Rule::Ulps(4);
    let mut loops = Vec::new();
    for steps in [1, 4] {
        loops.push(asks(training(draw, steps)));
    }
    vec![
        Check::by("one kernel in one step", rule, vec![asks(half(draw, 54)), asks(half(draw, 864))]),
        Check::by("two kernels at once", rule, vec![asks(overlap(draw))]),
        Check::by("kernels of unlike occupancy", rule, vec![asks(unlike(draw))]),
        Check::by("kernels and copies", rule, vec![asks(kinds(draw))]),
        Check::by("kernels outside of the steps", rule, vec![asks(across(draw)), asks(warm_up(draw))]),
        Check::by("utilization of whole loops", rule, loops),
        Check::by("a step without a kernel", rule, vec![asks(cpu_only(draw))]),
        Check::refuses("`gpu_metrics` refuses a trace without a step", vec![asks(no_step()), asks(Maker::new())]),
        Check::refuses("`gpu_metrics` refuses what is no trace", no_trace.to_vec()),
    ]
}

/// How far the parts of a step are from its length.
fn apart(seen: &Seen<'_>) -> (f64, String) {
    let Some(Value::Map(steps)) = seen.result(0) else { return (0.0, String::new()) };
    let off = |json: &Json| {
        let part = |(name, value): (&String, &Json)| if name == "total_ns" { 0 } else { value.as_i64().unwrap_or(0) };
        let sum: i64 = json.as_object().into_iter().flatten().map(part).sum();
        (sum - json["total_ns"].as_i64().unwrap_or(0)).abs() as f64
    };
    let offs = steps.iter().filter_map(|(name, step)| match step {
        Value::Json(json) => Some((off(json), name.clone())),
        _ => None,
    });
    offs.fold((0.0, String::new()), |worst, one| if one.0 > worst.0 { one } else { worst })
}

fn launch(at: i64, stream: i64, begins: i64, lasts: i64) -> Launch {
    Launch { thread: MAIN, at, long: 16, stream, begins, lasts }
}

/// Two operators, one inside the other, and gaps.
fn cpu_only(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(20..=30);
    maker.step(4, (0, end));
    maker.op("aten::linear", MAIN, (16, end - 40));
    maker.op("aten::addmm", MAIN, (32, end - 64));
    maker.cpu("user_annotation", "Optimizer.step#SGD.step", MAIN, (end - 32, end - 8));
    maker
}

/// A kernel that begins while its launch still runs.
fn hidden(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.step(2, (0, 240));
    maker.op("aten::mm", MAIN, (16, 80));
    maker.launch(launch(32, 7, 40, 8 * draw.int(10..=20)), "kernel", "gemm", &shape(draw));
    maker
}

/// Two kernels side by side for a part of their time.
fn overlap(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.step(2, (0, 400));
    maker.op("aten::mm", MAIN, (8, 104));
    let long = 8 * draw.int(20..=30);
    maker.launch(launch(16, 7, 64, long), "kernel", "gemm", &shape(draw));
    maker.launch(launch(48, 20, 64 + long / 16 * 8, 8 * draw.int(14..=17)), "kernel", "relu", &shape(draw));
    maker
}

/// A kernel that the first step launches and that runs into the second.
fn across(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.step(2, (0, 160));
    maker.step(3, (160, 320));
    maker.op("aten::mm", MAIN, (40, 120));
    let begins = 8 * draw.int(12..=17);
    maker.launch(launch(64, 7, begins, 8 * draw.int(10..=16)), "kernel", "gemm", &shape(draw));
    maker
}

/// Kernels that wait in the queue until the next step.
fn later(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    for number in 0..3 {
        let at = 160 * number;
        maker.step(number as usize + 5, (at, at + 160));
        maker.op("aten::mm", MAIN, (at + 8, at + 48));
        maker.launch(launch(at + 16, 7, at + 176, 8 * draw.int(4..=14)), "kernel", "gemm", &shape(draw));
    }
    maker
}

/// One of each, partly at the same time.
fn kinds(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.step(2, (0, 640));
    maker.op("aten::copy_", MAIN, (16, 64));
    maker.launch(launch(32, 7, 80, 8 * draw.int(6..=9)), "gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", &[]);
    maker.op("aten::zero_", MAIN, (80, 112));
    maker.launch(launch(88, 20, 120, 8 * draw.int(4..=6)), "gpu_memset", "Memset (Device)", &[]);
    maker.op("aten::mm", MAIN, (120, 160));
    maker.launch(launch(128, 7, 208, 8 * draw.int(9..=12)), "kernel", "triton_per_fused_mm_1", &shape(draw));
    maker.op("c10d::allreduce_", MAIN, (200, 240));
    let long = 8 * draw.int(16..=24);
    maker.launch(launch(208, 24, 264, long), "kernel", "ncclDevKernel_AllReduce_Sum_f32_RING_LL", &shape(draw));
    maker
}

/// The loader, with operators inside, while the GPU still works on the last batch.
fn loader(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(20..=30);
    maker.step(2, (0, end + 80));
    let name = "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__";
    maker.cpu("user_annotation", name, MAIN, (8, end));
    maker.op("aten::stack", MAIN, (24, end - 24));
    maker.gpu("kernel", "gemm", 7, (0, 8 * draw.int(4..=8)), &shape(draw));
    maker.op("aten::mm", MAIN, (end + 16, end + 64));
    maker
}

/// Profilers draw a step a second time where its GPU work lies.
fn on_the_gpu(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    let end = 8 * draw.int(20..=30);
    maker.step(2, (0, end));
    maker.op("aten::mm", MAIN, (16, 56));
    maker.launch(launch(24, 7, 64, 8 * draw.int(20..=30)), "kernel", "gemm", &shape(draw));
    maker.gpu("gpu_user_annotation", "ProfilerStep#2", 7, (64, 320), &[]);
    maker
}

/// Operators that run before any step.
fn no_step() -> Maker {
    let mut maker = Maker::new();
    maker.op("aten::mm", MAIN, (0, 40));
    maker
}

/// A kernel of so many blocks that fills a part of its step.
fn half(draw: &mut Draw, blocks: i64) -> Maker {
    let mut maker = Maker::new();
    maker.step(2, (0, 8 * draw.int(30..=40)));
    let shape: [(&str, Json); 2] =
        [("blocks per SM", json!(blocks as f64 / 108.0)), ("est. achieved occupancy %", json!(draw.int(10..=90)))];
    maker.gpu("kernel", "gemm", 7, (8, 8 * draw.int(6..=20)), &shape);
    maker
}

/// A long kernel of high occupancy and short ones of low.
fn unlike(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.step(2, (0, 800));
    let shape = |blocks: i64, occupancy: i64| {
        [("blocks per SM", json!(blocks as f64 / 108.0)), ("est. achieved occupancy %", json!(occupancy))]
    };
    maker.gpu("kernel", "gemm", 7, (8, 8 * draw.int(40..=60)), &shape(216, draw.int(70..=95)));
    maker.gpu("kernel", "relu", 7, (520, 528), &shape(27, draw.int(2..=10)));
    maker.gpu("kernel", "relu", 7, (560, 576), &shape(27, draw.int(2..=10)));
    maker
}

/// A kernel before the first step, one in it, one after it.
fn warm_up(draw: &mut Draw) -> Maker {
    let mut maker = Maker::new();
    maker.step(2, (400, 800));
    for at in [8, 480, 880] {
        maker.gpu("kernel", "gemm", 7, (at, at + 8 * draw.int(20..=30)), &shape(draw));
    }
    maker
}
