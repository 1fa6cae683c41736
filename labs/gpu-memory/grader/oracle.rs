//! The replay of `oracle/`: PyTorch's values, Triton's values and bytes, and the figures of guides, through the
//! solution on the simulators.

use super::super::solution;
use super::counts::SHARED;
use lab_sdk::simt::{Cfg, Counters, G, Warp, launch};
use lab_sdk::tile::{Dtype, Ptr, launch_tiles};
use lab_sdk::{Result, ensure};
use serde_json::Value as Json;

/// How many numbers agree; the first that does not is an error.
pub fn oracle() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
    let figures: Json = serde_json::from_slice(include_bytes!("../oracle/figures.json"))?;
    Ok(transposes(&golden)? + products(&golden)? + fused(&golden)? + accesses(&figures)? + printed(&figures)?)
}

fn transposes(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for case in list(&golden["transpose"]) {
        let (rows, cols) = (number(&case["rows"])?, number(&case["cols"])?);
        let (x, y) = (G::new("x", floats(&case["x"])), G::poisoned("y", (rows * cols) as usize));
        let cfg = Cfg { smem_bytes: SHARED, ..Cfg::new([cols.div_ceil(32), rows.div_ceil(32), 1], [32, 8, 1]) };
        launch(cfg, |w| solution::transpose(w, x.clone(), y.clone(), rows, cols))?;
        compared += same(&y.to_vec(), &case["y"], &format!("transpose {rows} x {cols}"))?;
    }
    Ok(compared)
}

fn products(golden: &Json) -> Result<usize> {
    let mut compared = 0;
    for case in list(&golden["matmul"]) {
        let sides = [number(&case["m"])?, number(&case["n"])?, number(&case["k"])?];
        for tile in [16, 32] {
            let (c, _) = product(sides, tile, &floats(&case["a"]), &floats(&case["b"]))?;
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
    for case in list(&golden["fused"]) {
        let (m, n) = (number(&case["m"])?, number(&case["n"])?);
        let all = ["x", "w", "b", "r"].map(|name| floats(&case[name]));
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
        let triton = [&case["triton_loads_bytes"], &case["triton_stores_bytes"]].map(Json::as_u64);
        ensure!(moved.map(Some) == triton, "{what}: {moved:?} bytes, Triton moved {triton:?}");
        compared += 2;
    }
    Ok(compared)
}

/// Sectors of strided loads, and wavefronts of a column, as the guide has them.
fn accesses(figures: &Json) -> Result<usize> {
    for row in list(&figures["sectors"]) {
        let (stride, offset) = (number(&row["stride"])?, number(&row["offset"])?);
        let x = G::new("x", vec![0.0; 1100]);
        let report = launch(Cfg::default(), async |w: Warp| {
            w.ld(&x, w.lane() * stride + offset);
        })?;
        ensure!(Some(report.counters.gld_sectors) == row["sectors"].as_u64(), "{row}: {:?}", report.counters);
    }
    for row in list(&figures["banks"]) {
        let pitch = number(&row["pitch"])?;
        let report = launch(Cfg { smem_bytes: SHARED, ..Cfg::default() }, async |w: Warp| {
            w.sts(w.shared("tile", 32 * pitch), w.lane() * pitch, 0.0);
        })?;
        ensure!(Some(report.counters.sst_waves) == row["wavefronts"].as_u64(), "{row}: {:?}", report.counters);
    }
    Ok(list(&figures["sectors"]).len() + list(&figures["banks"]).len())
}

/// The product's traffic, counted; and that the brief prints it.
fn printed(figures: &Json) -> Result<usize> {
    let figure = &figures["product"];
    let (side, tile) = (number(&figure["side"])?, number(&figure["tile"])?);
    let ones = vec![1.0; (side * side) as usize];
    let (_, counters) = product([side, side, side], tile, &ones, &ones)?;
    ensure!(Some(counters.gld_sectors) == figure["tiled"].as_u64(), "{side}: {} sectors", counters.gld_sectors);
    // For itself a warp of one row reads one float of A, a sector, and 32 of B, four, for each k.
    let apart = u64::from(side).pow(3) / 32 * 5;
    ensure!(Some(apart) == figure["apart"].as_u64(), "{side}: {apart} sectors without tiles");
    let brief = include_str!("../brief.md");
    for printed in ["2,621,440 sectors", "131,072 sectors      20 times fewer"] {
        ensure!(brief.contains(printed), "the brief does not print `{printed}`");
    }
    let softmax = &figures["softmax"];
    let all = |of: &str| [&softmax["reads"][of], &softmax["writes"][of]].into_iter().filter_map(Json::as_u64).sum();
    let sums: [u64; 2] = [all("MN"), all("M")];
    ensure!(sums == [8, 4], "the questions count 8 M N + 4 M, the tutorial {sums:?}");
    Ok(4)
}

fn same(got: &[f32], wanted: &Json, what: &str) -> Result<usize> {
    let wanted = floats(wanted);
    ensure!(got == wanted, "{what}: {got:?}, wanted {wanted:?}");
    Ok(wanted.len())
}

fn floats(json: &Json) -> Vec<f32> {
    list(json).iter().filter_map(Json::as_i64).map(|v| v as f32).collect()
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn number(json: &Json) -> Result<u32> {
    let number = json.as_u64().and_then(|n| u32::try_from(n).ok());
    number.ok_or_else(|| format!("{json} is no count").into())
}
