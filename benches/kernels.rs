//! The reference kernels beside candle's and beside what this machine allows, on one thread, in one run: medians of interleaved
//! rounds, with their spread and the part of the peak or of the memory roof that they reach.

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{D, DType, Device, Module, Tensor};
use lab_sdk::I8;
use roadmap::kernels::{Blocks, Format, Isa, Kept, Packed, decode, gemv, matmul, multiply_add};
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

/// candle reads these once: with them, its products stay on this thread.
const ONE_THREAD: [&str; 2] = ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"];
const ROUNDS: usize = 5;
/// What one timing takes at least.
const TIMING: Duration = Duration::from_millis(20);
/// Rows and columns of the matrix-vector products; one larger than the caches where weights are packed.
const SIDE: usize = 4096;
/// Tokens, heads and values a head of the cache.
const CACHE: (usize, usize, usize) = (4096, 8, 64);

/// Something timed: what one call does, and the row that it is a part of.
struct Row<'a> {
    name: String,
    unit: &'static str,
    amount: f64,
    of: Option<usize>,
    run: Box<dyn FnMut() + 'a>,
    rates: Vec<f64>,
}

fn main() {
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    if ONE_THREAD.iter().any(|name| std::env::var_os(name).is_none()) {
        let again = Command::new(std::env::current_exe().expect("this program"))
            .envs(ONE_THREAD.map(|name| (name, "1")))
            .status()
            .expect("this program starts");
        std::process::exit(again.code().unwrap_or(1));
    }
    println!("one thread, {}, medians of {ROUNDS} rounds", Isa::best().name());
    let mut rows = products();
    measure(&mut rows);
    let mut rows = vectors();
    measure(&mut rows);
}

/// Some values without a pattern: xorshift.
fn draw(count: usize) -> Vec<u32> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..count).map(|_| next()).collect()
}

fn codes(rows: usize, k: usize) -> I8 {
    I8::new([rows, k], draw(rows * k).iter().map(|x| *x as i8).collect()).expect("a matrix")
}

fn floats(count: usize) -> Vec<f32> {
    draw(count).iter().map(|x| (*x as f32) / (u32::MAX as f32) - 0.5).collect()
}

fn products<'a>() -> Vec<Row<'a>> {
    let isa = Isa::best();
    let mut rows = vec![row("int8 peak, registers", "GOP/s", multiply_add(isa, 4096) as f64, None, move || {
        black_box(multiply_add(isa, black_box(4096)));
    })];
    for side in [256, 512, 1024] {
        let (x, w) = (codes(side, side), codes(side, side));
        let packed = Packed::new(isa, &w).expect("a matrix");
        let operations = 2.0 * (side * side * side) as f64;
        let (a, b) = (x.clone(), w.clone());
        rows.push(row(&format!("s8 x s8, {side}"), "GOP/s", operations, Some(0), move || {
            black_box(matmul(isa, &a, &b)).expect("a product");
        }));
        let a = x.clone();
        rows.push(row(&format!("s8 x s8, {side}, w packed before"), "GOP/s", operations, Some(0), move || {
            black_box(packed.matmul(&a)).expect("a product");
        }));
        if side == 512 {
            let (a, b) = (x.clone(), w.clone());
            rows.push(row("  portable kernel, 512", "GOP/s", operations, Some(0), move || {
                black_box(matmul(Isa::Portable, &a, &b)).expect("a product");
            }));
            let (a, b) = (x, w);
            rows.push(row("  three loops, 512", "GOP/s", operations, Some(0), move || {
                black_box(loops(&a, &b));
            }));
        }
        let a = Tensor::from_vec(floats(side * side), (side, side), &Device::Cpu).expect("a matrix");
        rows.push(row(&format!("  candle f32, {side}"), "GOP/s", operations, Some(0), move || {
            black_box(a.matmul(&a)).expect("a product");
        }));
    }
    let w = Tensor::from_vec(floats(512 * 512), (512, 512), &Device::Cpu).expect("a matrix");
    let packed = QMatMul::from_qtensor(QTensor::quantize(&w, GgmlDType::Q8_0).expect("blocks")).expect("weights");
    rows.push(row("  candle Q8_0, 512", "GOP/s", 2.0 * 512_f64.powi(3), Some(0), move || {
        black_box(packed.forward(&w)).expect("a product");
    }));
    rows
}

/// What one writes first.
fn loops(x: &I8, w: &I8) -> Vec<i32> {
    let k = x.shape[1];
    let dot = |x: &[i8], w: &[i8]| x.iter().zip(w).fold(0, |sum, (x, w)| sum + i32::from(*x) * i32::from(*w));
    x.data.chunks_exact(k).flat_map(|x| w.data.chunks_exact(k).map(move |w| dot(x, w))).collect()
}

fn vectors<'a>() -> Vec<Row<'a>> {
    let isa = Isa::best();
    let mut rows = Vec::new();
    let w = Tensor::from_vec(floats(SIDE * SIDE), (SIDE, SIDE), &Device::Cpu).expect("a matrix");
    let x = floats(SIDE);
    let row_of_x = Tensor::from_vec(x.clone(), (1, SIDE), &Device::Cpu).expect("a row");
    let all: Vec<f32> = w.flatten_all().and_then(|w| w.to_vec1()).expect("f32");
    let roof = roof(&mut rows, 4 * all.len());
    let (bytes, ours) = (4.0 * all.len() as f64, x.clone());
    rows.push(row("f32 by a vector", "GB/s", bytes, Some(roof), move || {
        black_box(gemv(isa, &all, &ours)).expect("a product");
    }));
    let (theirs, turned) = (row_of_x.clone(), w.t().expect("a matrix"));
    rows.push(row("  candle f32", "GB/s", bytes, Some(roof), move || {
        black_box(theirs.matmul(&turned)).expect("a product");
    }));
    for (format, kind) in
        [(Format::Q8_0, GgmlDType::Q8_0), (Format::Q4_0, GgmlDType::Q4_0), (Format::Q4K, GgmlDType::Q4K)]
    {
        let packed = QTensor::quantize(&w, kind).expect("blocks");
        let blocks = Blocks::new(format, &packed.data().expect("bytes"), SIDE, SIDE).expect("blocks");
        // Bytes of the file for both, though ours may read more.
        let bytes = (SIDE * SIDE / format.values() * format.bytes()) as f64;
        let roof = self::roof(&mut rows, blocks.bytes());
        let ours = x.clone();
        rows.push(row(&format!("{format:?} by a vector"), "GB/s", bytes, Some(roof), move || {
            black_box(blocks.gemv(isa, &ours)).expect("a product");
        }));
        let (theirs, x) = (QMatMul::from_qtensor(packed).expect("weights"), row_of_x.clone());
        rows.push(row(&format!("  candle {format:?}"), "GB/s", bytes, Some(roof), move || {
            black_box(theirs.forward(&x)).expect("a product");
        }));
    }
    let (t, heads, d) = CACHE;
    let count = t * heads * d;
    let (q, keys, values) = (floats(heads * d), floats(count), floats(count));
    let tensor = |x: &[f32], shape| Tensor::from_slice(x, shape, &Device::Cpu).expect("a tensor");
    let (tq, tk) = (tensor(&q, (heads, 1, d)), tensor(&keys, (t, heads, d)));
    let tv = tensor(&values, (t, heads, d));
    let roof = self::roof(&mut rows, 8 * count);
    let query = q.clone();
    rows.push(row("a token over the cache, f32", "GB/s", 8.0 * count as f64, Some(roof), move || {
        black_box(decode(isa, &query, Kept::F32 { keys: &keys, values: &values }, heads, heads)).expect("a row");
    }));
    rows.push(row("  candle f32", "GB/s", 8.0 * count as f64, Some(roof), move || {
        black_box(attend(&tq, &tk, &tv)).expect("a row");
    }));
    let (keys, values, scales) = (codes(t, heads * d), codes(t, heads * d), vec![1.0 / 256.0; heads]);
    let roof = self::roof(&mut rows, 2 * count);
    rows.push(row("a token over the cache, int8", "GB/s", 2.0 * count as f64, Some(roof), move || {
        let kept = Kept::I8 { keys: &keys.data, key_scales: &scales, values: &values.data, value_scales: &scales };
        black_box(decode(isa, &q, kept, heads, heads)).expect("a row");
    }));
    rows
}

/// The same with candle's operations.
fn attend(q: &Tensor, keys: &Tensor, values: &Tensor) -> candle_core::Result<Tensor> {
    let (keys, values) = (keys.transpose(0, 1)?.contiguous()?, values.transpose(0, 1)?.contiguous()?);
    let scores = (q.matmul(&keys.t()?)? / (keys.dim(D::Minus1)? as f64).sqrt())?;
    let powers = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?.to_dtype(DType::F32)?.matmul(&values)
}

/// Adds reading so many bytes, which is the roof of what follows.
fn roof<'a>(rows: &mut Vec<Row<'a>>, bytes: usize) -> usize {
    let x = vec![1.0_f32; bytes / 4];
    let name = format!("reading {:.1} MB", bytes as f64 / 1e6);
    rows.push(row(&name, "GB/s", bytes as f64, None, move || {
        black_box(roadmap::machine::read(black_box(&x)));
    }));
    rows.len() - 1
}

fn row<'a>(name: &str, unit: &'static str, amount: f64, of: Option<usize>, run: impl FnMut() + 'a) -> Row<'a> {
    Row { name: name.to_owned(), unit, amount, of, run: Box::new(run), rates: Vec::new() }
}

/// Rounds in turn, so that a busy moment meets everything; the first one warms caches and is dropped.
fn measure(rows: &mut [Row<'_>]) {
    for round in 0..=ROUNDS {
        for row in rows.iter_mut() {
            let (started, mut calls) = (Instant::now(), 0.0);
            while started.elapsed() < TIMING {
                (row.run)();
                calls += 1.0;
            }
            if round > 0 {
                row.rates.push(calls * row.amount / started.elapsed().as_secs_f64() / 1e9);
            }
        }
    }
    for row in rows.iter_mut() {
        row.rates.sort_by(f64::total_cmp);
    }
    println!();
    for row in rows.iter() {
        let median = |row: &Row<'_>| row.rates[ROUNDS / 2];
        let part = row.of.map_or(String::new(), |of| format!("{:5.0} %", 100.0 * median(row) / median(&rows[of])));
        let (low, high) = (row.rates[0], row.rates[ROUNDS - 1]);
        println!("{:<34}{:>8.1} {} {part:>8}   {low:.1} to {high:.1}", row.name, median(row), row.unit);
    }
}
