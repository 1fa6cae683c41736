//! The replay of `oracle/`: PyTorch's, NumPy's and ml_dtypes' 16-bit floats and products, and the figures of the brief.

use super::super::solution;
use super::errors;
use super::questions::{BF16, FP16, GPUS, largest, peak, smallest, smallest_normal, standstill, step};
use crate::grading::Printed;
use crate::grading::golden::{list, matrix, of, pairs, read};
use lab_sdk::{DType, Mma, Result, Value, ensure};
use serde_json::Value as Json;

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let (figures, mut brief) = (read(include_bytes!("../oracle/figures.json"))?, Printed::new(&[include_str!("../brief.md")]));
    let figured = peaks(&figures, &mut brief)? + tiles(&figures, &mut brief)?;
    Ok(sweep(&golden)? + limits(&golden)? + products(&golden)? + figured + brief.count())
}

/// Every upper half of an f32 with 32 lower halves: for each sign and exponent a checksum of the codes.
fn sweep(golden: &Json) -> Result<usize> {
    let low: Vec<u32> = of(&golden["low"])?;
    let mut compared = 0;
    for group in 0..512u32 {
        let all = (group << 7..(group + 1) << 7).flat_map(|high| low.iter().map(move |&low| high << 16 | low));
        let values: Vec<f32> = all.map(f32::from_bits).filter(|v| !v.is_nan()).collect();
        for (name, codes) in [("bf16", solution::to_bf16(&values)), ("f16", solution::to_f16(&values))] {
            let terms = (1u64..).zip(&codes).map(|(place, &code)| place.wrapping_mul(code.into()));
            let (got, wanted) = (terms.fold(0, u64::wrapping_add), of::<u64>(&golden["sweep"][name][group as usize])?);
            ensure!(got == wanted, "{name}, sign and exponent {group:#x}: checksum {got}, not {wanted}");
            compared += codes.len();
        }
    }
    ensure!(compared == 2 * of::<usize>(&golden["patterns"])?, "{compared} codes were compared");
    Ok(compared)
}

/// The ends of both formats, and where a sum of ones stands still.
fn limits(golden: &Json) -> Result<usize> {
    for format in [FP16, BF16] {
        let stored = &golden["limits"][format.0];
        for (name, got) in [
            ("largest", largest(format)),
            ("step", step(format)),
            ("smallest", smallest(format)),
            ("smallest_normal", smallest_normal(format)),
        ] {
            ensure!(of::<f64>(&stored[name])? == got, "{}, {name}: {got}, not {}", format.0, stored[name]);
        }
        let ones: f64 = of(&golden["ones"][format.0])?;
        ensure!(ones == standstill(format), "{}: ones stand still at {ones}", format.0);
    }
    Ok(10)
}

/// Products, to within what f32 sums of 200 are off.
fn products(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for (at, product) in list(&golden["products"])?.iter().enumerate() {
        let [a, b] = [matrix(&product["a"])?, matrix(&product["b"])?].map(|t| t.to_dtype(DType::F16));
        let (a, b, wanted) = (a?, b?, matrix(&product["d"])?);
        let got = solution::gemm(&mut Mma::new(), &a, &b)?;
        // The stored product, too, is the one of these matrices.
        for d in [got, wanted] {
            let worst = errors(&a, &b, &Value::Tensor(d))?.into_iter().fold(0.0, f64::max);
            ensure!(worst < 1e-6, "product {at}: off by {worst}");
        }
        compared += a.dim(0)? * b.dim(1)?;
    }
    Ok(compared)
}

/// Peaks of three GPUs, published in whole TFLOP/s, and their rows in the brief.
fn peaks(figures: &Json, brief: &mut Printed) -> Result<usize> {
    for (gpu, row) in pairs(&GPUS, list(&figures["peaks"])?)? {
        let (name, sms, each, ghz) = *gpu;
        let published: f64 = of(&row["tflops"])?;
        ensure!(row["gpu"] == name && (peak(*gpu) - published).abs() < 1.0, "{row}: {}", peak(*gpu));
        brief.says(&format!("{name:<14}{sms:>4}{each:>10}{ghz:>8}{published:>9}"))?;
    }
    Ok(GPUS.len())
}

/// Tiles and waves of products on an A100, and their rows in the brief.
fn tiles(figures: &Json, brief: &mut Printed) -> Result<usize> {
    let rows = list(&figures["tiles"])?;
    for row in rows {
        let (m, n): (u64, u64) = (of(&row["m"])?, of(&row["n"])?);
        let (tiles, waves, tile_util, wave_util) = solution::waves(m, n, 256, 128, 108)?;
        ensure!((tiles, waves) == (of(&row["tiles"])?, of(&row["waves"])?), "{row}: {tiles}, {waves}");
        let size = format!("{m} x {n}");
        brief.says(&format!("{size:<14}{tiles:>5}{waves:>8}{tile_util:>12.3}{wave_util:>12.3}"))?;
    }
    Ok(2 * rows.len())
}
