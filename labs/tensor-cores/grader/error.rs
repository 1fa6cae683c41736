//! The experiment `error`: the learner's product over K, on a tensor core that adds in FP32 and on one that adds in
//! FP16.

use super::errors;
use super::mma::random;
use crate::grading::{Bench, Draw, Stop, plain};
use crate::verdict::{Axis, Chart, Clock, Mark, Point, Series};
use lab_sdk::Value;

/// Two tiles by two, so that 512 sums stand behind each point.
const SIZE: [usize; 2] = [32, 16];
/// From 64 to 16384.
const DOUBLINGS: u32 = 9;

/// Errors over K, and the two curves.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let mut draw = Draw::new(bench.seed, "error");
    let (mut fp32, mut fp16): (Vec<Point>, Vec<Point>) = (Vec::new(), Vec::new());
    let mut instructions = 0.0;
    for doubling in 0..DOUBLINGS {
        let k = 64_usize << doubling;
        bench.progress(&format!("K = {k}"), f64::from(1 << doubling) / f64::from(1 << DOUBLINGS));
        let (a, b) = random(&mut draw, [SIZE[0], SIZE[1], k])?;
        for (sums, curve) in [("Mma.new", &mut fp32), ("Mma.narrow", &mut fp16)] {
            let core = bench.call(sums, &[])?;
            let d = bench.call("gemm", &[core.clone(), Value::Tensor(a.clone()), Value::Tensor(b.clone())])?;
            if let Value::Int(calls) = bench.call("Mma.calls", &[core])? {
                instructions += calls as f64;
            }
            // The root of the mean square: the worst of 512 would say more about luck.
            let all = errors(&a, &b, &d)?;
            let typical = (all.iter().map(|e| e * e).sum::<f64>() / all.len() as f64).sqrt();
            curve.push((k as f64, typical).into());
        }
    }
    let at = |curve: &[Point], i: usize| curve.get(i).map_or(f64::NAN, |p| p.y);
    let last = DOUBLINGS as usize - 1;
    let larger = |m: f64, p: &Point| if p.y > m || p.y.is_nan() { p.y } else { m };
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
    let half_a_step = |bits: i32| [64.0, 16384.0].map(|k| Point::from((k, 2f64.powi(-bits)))).to_vec();
    let axis = |label: &str| Axis { label: label.to_owned(), unit: String::new(), log: true };
    let series = |name: &str, mark, points| Series { name: name.to_owned(), mark, points };
    bench.chart(Chart::Plane {
        title: "typical relative error of a sum of K products".to_owned(),
        x: axis("K"),
        y: axis("error"),
        series: vec![
            series("sums in FP16", Mark::Line, fp16),
            series("sums in FP32", Mark::Line, fp32),
            series("half a step of FP16", Mark::Theory, half_a_step(11)),
            series("half a step of FP32", Mark::Theory, half_a_step(24)),
        ],
    });
    Ok(())
}
