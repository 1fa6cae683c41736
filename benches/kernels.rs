//! The reference kernels beside candle's and beside what this machine allows, on one thread, in one run: medians of interleaved
//! rounds, with their spread and the part of the peak or of the memory roof that they reach.

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
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
/// Rows and columns of the matrix-vector products.
const SIDE: usize = 4096;
/// Bytes that are read before the same come again, as the layers of a model: more than caches hold.
const MEMORY: usize = 128 << 20;
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
    measure(products());
    measure(plain());
    for (format, kind) in
        [(Format::Q8_0, GgmlDType::Q8_0), (Format::Q4_0, GgmlDType::Q4_0), (Format::Q4K, GgmlDType::Q4K)]
    {
        measure(packed(format, kind));
    }
    measure(floats_kept());
    measure(codes_kept());
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

/// Layers of so many bytes, as many as `MEMORY` holds. They are used in turn.
struct Layers<T>(Vec<T>, usize);

impl<T> Layers<T> {
    fn new(bytes: usize, layer: impl FnMut() -> T) -> Self {
        Self(std::iter::repeat_with(layer).take(MEMORY.div_ceil(bytes)).collect(), 0)
    }

    fn next(&mut self) -> &T {
        self.1 = (self.1 + 1) % self.0.len();
        &self.0[self.1]
    }
}

fn tensor<const R: usize>(x: &[f32], shape: [usize; R]) -> Tensor {
    Tensor::from_slice(x, &shape[..], &Device::Cpu).expect("a tensor")
}

fn plain<'a>() -> Vec<Row<'a>> {
    let (isa, x, w) = (Isa::best(), floats(SIDE), floats(SIDE * SIDE));
    let bytes = 4 * w.len();
    let mut rows = vec![roof(bytes)];
    let mut layers = Layers::new(bytes, || w.clone());
    let ours = x.clone();
    rows.push(row("f32 by a vector", "GB/s", bytes as f64, Some(0), move || {
        black_box(gemv(isa, layers.next(), &ours)).expect("a product");
    }));
    let mut layers = Layers::new(bytes, || tensor(&w, [SIDE, SIDE]).t().expect("a matrix"));
    let x = tensor(&x, [1, SIDE]);
    rows.push(row("  candle f32", "GB/s", bytes as f64, Some(0), move || {
        black_box(x.matmul(layers.next())).expect("a product");
    }));
    rows
}

fn packed<'a>(format: Format, kind: GgmlDType) -> Vec<Row<'a>> {
    let (isa, x) = (Isa::best(), floats(SIDE));
    let w = QTensor::quantize(&tensor(&floats(SIDE * SIDE), [SIDE, SIDE]), kind).expect("blocks");
    let data = w.data().expect("bytes");
    let blocks = || Blocks::new(format, &data, SIDE, SIDE).expect("blocks");
    // Bytes of the file for both, though ours may read more.
    let (bytes, read) = (data.len() as f64, blocks().bytes());
    let mut rows = vec![roof(read)];
    let (mut layers, ours) = (Layers::new(read, blocks), x.clone());
    rows.push(row(&format!("{format:?} by a vector"), "GB/s", bytes, Some(0), move || {
        black_box(layers.next().gemv(isa, &ours)).expect("a product");
    }));
    let mut layers = Layers::new(read, || {
        let storage = QStorage::from_data(data.clone(), &Device::Cpu, kind).expect("bytes");
        QMatMul::from_qtensor(QTensor::new(storage, (SIDE, SIDE)).expect("blocks")).expect("weights")
    });
    let x = tensor(&x, [1, SIDE]);
    // candle lays weights out anew when they are first used.
    layers.0.iter().for_each(|w| drop(w.forward(&x).expect("a product")));
    rows.push(row(&format!("  candle {format:?}"), "GB/s", bytes, Some(0), move || {
        black_box(layers.next().forward(&x)).expect("a product");
    }));
    rows
}

fn floats_kept<'a>() -> Vec<Row<'a>> {
    let (isa, (t, heads, d)) = (Isa::best(), CACHE);
    let (q, kept) = (floats(heads * d), floats(t * heads * d));
    let bytes = 8 * kept.len();
    let mut rows = vec![roof(bytes)];
    let (mut layers, ours) = (Layers::new(bytes, || (kept.clone(), kept.clone())), q.clone());
    rows.push(row("a token over the cache, f32", "GB/s", bytes as f64, Some(0), move || {
        let (keys, values) = layers.next();
        black_box(decode(isa, &ours, Kept::F32 { keys, values }, heads, heads)).expect("a row");
    }));
    let q = tensor(&q, [heads, 1, d]);
    let mut layers = Layers::new(bytes, || (tensor(&kept, [t, heads, d]), tensor(&kept, [t, heads, d])));
    rows.push(row("  candle f32", "GB/s", bytes as f64, Some(0), move || {
        let (keys, values) = layers.next();
        black_box(attend(&q, keys, values)).expect("a row");
    }));
    rows
}

fn codes_kept<'a>() -> Vec<Row<'a>> {
    let (isa, (t, heads, d)) = (Isa::best(), CACHE);
    let (q, kept, scales) = (floats(heads * d), codes(t, heads * d).data, vec![1.0 / 256.0; heads]);
    let bytes = 2 * kept.len();
    let mut rows = vec![roof(bytes)];
    let mut layers = Layers::new(bytes, || (kept.clone(), kept.clone()));
    rows.push(row("a token over the cache, int8", "GB/s", bytes as f64, Some(0), move || {
        let (keys, values) = layers.next();
        let kept = Kept::I8 { keys, key_scales: &scales, values, value_scales: &scales };
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

/// Reading layers of so many bytes, which is the roof of what follows.
fn roof<'a>(bytes: usize) -> Row<'a> {
    let mut layers = Layers::new(bytes, || vec![1.0_f32; bytes / 4]);
    row(&format!("reading {:.1} MB of memory", bytes as f64 / 1e6), "GB/s", bytes as f64, None, move || {
        black_box(roadmap::machine::read(black_box(layers.next())));
    })
}

fn row<'a>(name: &str, unit: &'static str, amount: f64, of: Option<usize>, run: impl FnMut() + 'a) -> Row<'a> {
    Row { name: name.to_owned(), unit, amount, of, run: Box::new(run), rates: Vec::new() }
}

/// Rounds in turn, so that a busy moment meets everything; the first one warms caches and is dropped.
fn measure(mut rows: Vec<Row<'_>>) {
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
