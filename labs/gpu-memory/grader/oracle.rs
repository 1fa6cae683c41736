//! The replay of `oracle/`: PyTorch's values, Triton's values and bytes, and the figures of guides, through the
//! solution on the simulators.

use super::super::solution;
use super::counts::SHARED;
use crate::grading::golden::{list, of, read};
use crate::grading::{Printed, grouped};
use lab_sdk::simt::{Cfg, Counters, G, Warp, launch};
use lab_sdk::tile::{Dtype, Ptr, launch_tiles};
use lab_sdk::{Result, ensure};
use serde_json::Value as Json;

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let figures = read(include_bytes!("../oracle/figures.json"))?;
    Ok(transposes(&golden)? + products(&golden)? + fused(&golden)? + accesses(&figures)? + printed(&figures)?)
}

fn transposes(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for case in list(&golden["transpose"])? {
        let (rows, cols): (u32, u32) = (of(&case["rows"])?, of(&case["cols"])?);
        let (x, y) = (G::new("x", floats(&case["x"])?), G::poisoned("y", (rows * cols) as usize));
        let cfg = Cfg { smem_bytes: SHARED, ..Cfg::new([cols.div_ceil(32), rows.div_ceil(32), 1], [32, 8, 1]) };
        launch(cfg, |w| solution::transpose(w, x.clone(), y.clone(), rows, cols))?;
        compared += same(&y.to_vec(), &case["y"], &format!("transpose {rows} x {cols}"))?;
    }
    Ok(compared)
}

fn products(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for case in list(&golden["matmul"])? {
        let sides = [of(&case["m"])?, of(&case["n"])?, of(&case["k"])?];
        for tile in [16, 32] {
            let (c, _) = product(sides, tile, &floats(&case["a"])?, &floats(&case["b"])?)?;
            compared += same(&c, &case["c"], &format!("matmul {sides:?}"))?;
        }
    }
    Ok(compared)
}

fn product([m, n, k]: [u32; 3], tile: u32, a: &[f32], b: &[f32]) -> Result<(Vec<f32>, Counters)> {
    let (a, b, c) = (G::new("a", a), G::new("b", b), G::poisoned("c", (m * n) as usize));
    let cfg = Cfg { smem_bytes: SHARED, ..Cfg::new([n.div_ceil(tile), m.div_ceil(tile), 1], [tile, tile, 1]) };
    let report = launch(cfg, |w| solution::matmul(w, a.clone(), b.clone(), c.clone(), m, n, k))?;
    Ok((c.to_vec(), report.counters))
}

/// Values, and the bytes that Triton's interpreter moved for the Python twin of the kernel.
fn fused(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for case in list(&golden["fused"])? {
        let (m, n): (u32, u32) = (of(&case["m"])?, of(&case["n"])?);
        let all = [floats(&case["x"])?, floats(&case["w"])?, floats(&case["b"])?, floats(&case["r"])?];
        let [x, w, b, r] = all.each_ref().map(|values| Ptr::f32("input", values));
        let y = Ptr::poisoned("y", Dtype::F32, (m * n) as usize);
        let copies = || [&x, &w, &b, &r, &y].map(Ptr::clone);
        let report = launch_tiles([m.div_ceil(32) as usize, 1, 1], None, |p| {
            let [x, w, b, r, y] = copies();
            solution::fused(p, x, w, b, r, y, m.into(), n.into());
        })?;
        let what = format!("fused {m} x {n}");
        compared += same(&y.to_vec(), &case["y"], &what)?;
        let [x, w, b, r] = &all;
        compared += same(&solution::fused_cpu(x, w, b, r), &case["y"], "fused_cpu")?;
        let moved = [report.counters.ld_bytes, report.counters.st_bytes];
        let triton: [u64; 2] = [of(&case["triton_loads_bytes"])?, of(&case["triton_stores_bytes"])?];
        ensure!(moved == triton, "{what}: {moved:?} bytes, Triton moved {triton:?}");
        compared += 2;
    }
    Ok(compared)
}

/// Sectors of strided loads, and wavefronts of a column, as the guide has them.
fn accesses(figures: &Json) -> Result<usize> {
    let (sectors, banks) = (list(&figures["sectors"])?, list(&figures["banks"])?);
    for row in sectors {
        let (stride, offset): (u32, u32) = (of(&row["stride"])?, of(&row["offset"])?);
        let x = G::new("x", vec![0.0; 1100]);
        let report = launch(Cfg::default(), async |w: Warp| {
            w.ld(&x, w.lane() * stride + offset);
        })?;
        ensure!(report.counters.gld_sectors == of::<u64>(&row["sectors"])?, "{row}: {:?}", report.counters);
    }
    for row in banks {
        let pitch: u32 = of(&row["pitch"])?;
        let report = launch(Cfg { smem_bytes: SHARED, ..Cfg::default() }, async |w: Warp| {
            w.sts(w.shared("tile", 32 * pitch), w.lane() * pitch, 0.0);
        })?;
        ensure!(report.counters.sst_waves == of::<u64>(&row["wavefronts"])?, "{row}: {:?}", report.counters);
    }
    Ok(sectors.len() + banks.len())
}

/// The product's traffic, counted; and that the brief prints it.
fn printed(figures: &Json) -> Result<usize> {
    let figure = &figures["product"];
    let (side, tile): (u32, u32) = (of(&figure["side"])?, of(&figure["tile"])?);
    let ones = vec![1.0; (side * side) as usize];
    let (_, counters) = product([side, side, side], tile, &ones, &ones)?;
    ensure!(counters.gld_sectors == of::<u64>(&figure["tiled"])?, "{side}: {} sectors", counters.gld_sectors);
    // For itself a warp of one row reads one float of A, a sector, and 32 of B, four, for each k.
    let apart = u64::from(side).pow(3) / 32 * 5;
    ensure!(apart == of::<u64>(&figure["apart"])?, "{side}: {apart} sectors without tiles");
    let mut printed = Printed::new(&[include_str!("../brief.md")]);
    printed.says(&format!("{} sectors", grouped(apart)))?;
    let (tiled, times) = (counters.gld_sectors, apart / counters.gld_sectors);
    printed.says(&format!("{} sectors      {times} times fewer", grouped(tiled)))?;
    let softmax = &figures["softmax"];
    let all = |name: &str| -> Result<u64> { Ok(of::<u64>(&softmax["reads"][name])? + of::<u64>(&softmax["writes"][name])?) };
    let sums: [u64; 2] = [all("MN")?, all("M")?];
    ensure!(sums == [8, 4], "the questions count 8 M N + 4 M, the tutorial {sums:?}");
    Ok(4 + printed.count())
}

fn same(got: &[f32], wanted: &Json, what: &str) -> Result<usize> {
    let wanted = floats(wanted)?;
    ensure!(got == wanted, "{what}: {got:?}, wanted {wanted:?}");
    Ok(wanted.len())
}

/// Whole numbers, so that sums are exact in any order.
fn floats(json: &Json) -> Result<Vec<f32>> {
    list(json)?.iter().map(|v| Ok(f32::from(of::<i16>(v)?))).collect()
}
