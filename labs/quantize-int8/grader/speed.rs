//! The experiment `int8-speed`: the learner's `linear_i8` beside the kernels of candle, ours, and the machine, in one run.

use crate::args;
use crate::grading::{Bench, Draw, ROUNDS, Rule, Rung, Stop, Timings, Whose};
use crate::kernels::{Isa, matmul, multiply_add};
use crate::submission::Block;
use crate::verdict::{Chart, Clock};
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::utils::barrier_pool;
use candle_core::Module;
use lab_sdk::{DType, Device, I8, Tensor};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// T, N and K.
const SIDE: usize = 512;
/// Calls in one block of the learner's.
const CALLS: usize = 2;
/// Rounds of the loop over registers, some milliseconds.
const REGISTERS: u64 = 1 << 20;

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let mut draw = Draw::new(bench.seed, "int8-speed");
    let mut codes = |least: i64| (0..SIDE * SIDE).map(|_| draw.int(least..=127) as i8).collect::<Vec<i8>>();
    let (x, w) = (I8::new([SIDE, SIDE], codes(-128))?, I8::new([SIDE, SIDE], codes(-127))?);
    let bias = Tensor::zeros(SIDE, DType::I32, &Device::Cpu)?;
    // Sums reach some 10^5; a factor of 2^-11 spreads them over the codes.
    let values = args![x.clone(), 3, w.clone(), bias, vec![1 << 30; SIDE], vec![-10; SIDE], -5];
    bench.progress("your linear_i8, once", 0.0);
    bench.same("codes of 512 rows", "linear_i8", &values, Rule::Exact)?;
    bench.held();

    let real = |codes: &I8| codes.to_i32().and_then(|x| Ok(x.to_dtype(DType::F32)?));
    let (a, b) = (real(&x)?, real(&w)?);
    let turned = b.t()?;
    let blocks = QMatMul::from_qtensor(QTensor::quantize(&b, GgmlDType::Q8_0)?)?;
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let block = Block { calls: vec![("linear_i8".to_owned(), values); CALLS], keep: 0 };
    let isa = Isa::best();
    let mut yours = Timings::default();
    let [mut float, mut packed, mut ours, mut peak] = [(); 4].map(|()| Timings::default());
    for round in 0..=ROUNDS {
        bench.progress("your linear_i8 and the others, in turn", round as f64 / (ROUNDS + 1) as f64);
        let took = bench.time(Whose::Yours, &block)?.took;
        let theirs = [
            one.install(|| clocked(|| a.matmul(&turned).is_ok())),
            alone(|| blocks.forward(&a).is_ok()),
            clocked(|| matmul(isa, &x, &w).is_ok()),
            clocked(|| multiply_add(isa, black_box(REGISTERS)) > 0),
        ];
        // The first round warms caches and pools.
        if round > 0 {
            yours.push(took / CALLS as u32);
            for (all, took) in [&mut float, &mut packed, &mut ours, &mut peak].into_iter().zip(theirs) {
                all.push(took);
            }
        }
    }
    let operations = 2.0 * (SIDE * SIDE * SIDE) as f64;
    let rate = |timings: &Timings| operations / timings.median() / 1e9;
    let peak = multiply_add(isa, REGISTERS) as f64 / peak.median() / 1e9;
    let rows = [
        ("your linear_i8", rate(&yours)),
        ("candle, f32", rate(&float)),
        ("candle, Q8_0", rate(&packed)),
        ("a tiled int8 product", rate(&ours)),
        ("registers alone", peak),
    ];
    for (name, rate) in rows {
        bench.measured(name, rate, "GOP/s", Clock::Clock);
    }
    let rows = rows.map(|(name, rate)| (name, (10.0 * rate).round() / 10.0));
    bench.chart(Chart::bars(format!("{SIDE} x {SIDE} x {SIDE}, one thread"), "GOP/s", rows));
    let rung = |whose, rate| Rung { whose, rate };
    bench.medal(
        rate(&yours),
        "GOP/s",
        [
            rung("candle's product in f32", rate(&float)),
            rung("candle's product with Q8_0 weights", rate(&packed)),
            rung("nine tenths of what registers allow", 0.9 * peak),
        ],
    );
    Ok(())
}

/// How long one call takes.
fn clocked(run: impl FnOnce() -> bool) -> Duration {
    let started = Instant::now();
    black_box(run());
    started.elapsed()
}

/// The same for what spreads over candle's own pool: a worker of that pool asks no other one for help.
fn alone(run: impl Fn() -> bool + Sync) -> Duration {
    let nanoseconds = AtomicU64::new(0);
    barrier_pool().execute(|worker| {
        if worker == 0 {
            nanoseconds.store(clocked(&run).as_nanos() as u64, Ordering::Relaxed);
        }
    });
    Duration::from_nanos(nanoseconds.into_inner())
}
