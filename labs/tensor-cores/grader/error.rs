//! The experiment `error`: the learner's product over K, on a tensor core that adds in FP32 and on one that adds in
//! FP16.

use super::errors;
use super::mma::random;
use crate::grading::{Bench, Draw, Stop, plain};
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::Value;

/// Two tiles by two, so that 512 sums stand behind each point.
const SIZE: [usize; 2] = [32, 16];
/// From 64 to 16384.
const DOUBLINGS: u32 = 9;

/// Errors over K, and the two curves.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let mut draw = Draw::new(bench.seed, "error");
    let (mut fp32, mut fp16) = (Vec::<(f64, f64)>::new(), Vec::<(f64, f64)>::new());
    let mut instructions = 0.0;
    for doubling in 0..DOUBLINGS {
        let k = 64_usize << doubling;
        bench.progress(&format!("K = {k}"), f64::from(1 << doubling) / f64::from(1 << DOUBLINGS));
        let (a, b) = random(&mut draw, [SIZE[0], SIZE[1], k])?;
        for (sums, curve) in [("Mma.new", &mut fp32), ("Mma.narrow", &mut fp16)] {
            let core = bench.call(sums, &[])?;
            let d = bench.call("gemm", &[core.clone(), Value::Tensor(a.clone()), Value::Tensor(b.clone())])?;
            instructions += bench.number("Mma.calls", &[core])?;
            // The root of the mean square: the worst of 512 would say more about luck.
            let all = match &d {
                Value::Tensor(t) if t.dims() == SIZE => errors(&a, &b, &d)?,
                other => return Err(Stop::other_kind("gemm", other, format!("f32 tensor of shape {SIZE:?}"))),
            };
            let typical = (all.iter().map(|e| e * e).sum::<f64>() / all.len() as f64).sqrt();
            curve.push((k as f64, typical));
        }
    }
    let at = |curve: &[(f64, f64)], i: usize| curve.get(i).map_or(f64::NAN, |p| p.1);
    let last = DOUBLINGS as usize - 1;
    let larger = |m: f64, p: &(f64, f64)| if p.1 > m || p.1.is_nan() { p.1 } else { m };
    bench.measured("typical error of FP32 sums, worst K", fp32.iter().fold(0.0, larger), "", Clock::Count);
    bench.measured("typical error of FP16 sums, K = 64", at(&fp16, 0), "", Clock::Count);
    bench.measured("typical error of FP16 sums, K = 16384", at(&fp16, last), "", Clock::Count);
    let growth = at(&fp16, last) / at(&fp16, 0);
    bench.measured("FP16 sums: error at K = 16384 over that at 64", growth, "times", Clock::Count);
    bench.measured("instructions", instructions, "", Clock::Count);
    bench.remark(format!(
        "at K = 16384 a sum in FP16 is off by {} %, {} times as much as one in FP32: the inputs are the same 16 bits",
        plain(100.0 * at(&fp16, last), 2),
        plain(at(&fp16, last) / at(&fp32, last), 2)
    ));
    let half_a_step = |bits: i32| [64.0, 16384.0].map(|k| (k, 2f64.powi(-bits)));
    let series = [
        Series::line("sums in FP16", fp16),
        Series::line("sums in FP32", fp32),
        Series::theory("half a step of FP16", half_a_step(11)),
        Series::theory("half a step of FP32", half_a_step(24)),
    ];
    let (x, y) = (Axis::new("K", "").log(), Axis::new("error", "").log());
    bench.chart(Chart::plane("typical relative error of a sum of K products", x, y, series));
    Ok(())
}
