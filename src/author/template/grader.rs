//! Grades `SLUG`: the question, the checks of `normalize`, and the experiment on sizes.

use crate::args;
use crate::grading::{
    Answer, Bench, Check, Draw, Facts, Grader, Question, Rule, Script, Seen, Stop, floats, plain,
};
use crate::verdict::{Chart, Clock};
use lab_sdk::{DType, Device, Result, Tensor, Value};

/// The steps and how each is graded.
pub static STEPS: &[(&str, Grader)] =
    &[("rms", Grader::Predict(ask_rms)), ("normalize", Grader::Build(checks)), ("size", Grader::Measure(measure))];

/// Numbers of the learner's own run.
pub static FACTS: Facts = &[("sum-for-mean", sum_facts)];

/// To be written: replay what a real framework answered (golden data that make.py keeps in this lab's oracle folder) through
/// the solution, and count the values that were compared. While nothing is compared, `roadmap author check` refuses.
pub fn oracle() -> Result<usize> {
    Ok(0)
}

fn ask_rms(draw: &mut Draw) -> Vec<Question> {
    let (a, b) = (draw.int(1..=5) as f64, -draw.int(10..=19) as f64);
    let mean = (a * a + b * b) / 2.0;
    vec![Question {
        id: "size",
        text: format!("x = [{a}, {b}]. What is its RMS?"),
        parameters: vec![("a", plain(a, 2)), ("b", plain(b, 2))],
        answer: Answer::near(mean.sqrt(), "", 0.01),
        mistakes: vec![("forgets-root", mean), ("mean-of-magnitudes", (a - b) / 2.0)],
        because: format!("sqrt(({} + {}) / 2) = {}", a * a, b * b, plain(mean.sqrt(), 4)),
    }]
}

fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut drawn = Vec::new();
    for n in [3, 8, 50] {
        let spread = draw.log_uniform(1e-2, 1e2);
        let x = draw.tensor(&[n], |draw| spread * (draw.normal() + 1.0))?;
        drawn.push(Script::call("normalize", args![x]));
    }
    let size = Rule::at_most(off, 1e-5, "off").near(1e-5);
    let none = Tensor::zeros(0, DType::F32, &Device::Cpu)?;
    let zeros = Tensor::zeros(5, DType::F32, &Device::Cpu)?;
    let refused = [none, zeros].into_iter().map(|x| Script::call("normalize", args![x])).collect();
    Ok(vec![
        Check::by("x over its RMS", Rule::Floor(4.0), drawn.clone()),
        Check::by("the result has size 1", size, drawn),
        Check::refuses("`normalize` refuses what has no size", refused),
    ])
}

fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let mut draw = Draw::new(bench.seed, "size");
    let (mut rows, mut worst) = (Vec::new(), 0.0_f64);
    for (done, n) in [4, 16, 64, 256].into_iter().enumerate() {
        bench.progress("normalizing", done as f64 / 4.0);
        let spread = draw.log_uniform(1e-2, 1e2);
        let x = draw.tensor(&[n], |draw| spread * draw.normal())?;
        let size = match bench.call("normalize", &args![x])? {
            y @ Value::Tensor(_) => rms(&y),
            other => return Err(Stop::other_kind("normalize", &other, format!("f32 tensor of shape [{n}]"))),
        };
        worst = worst.max((size - 1.0).abs());
        rows.push((format!("{n} values"), size));
    }
    bench.held();
    bench.measured("off from size 1", worst, "", Clock::Count);
    bench.chart(Chart::bars("size after normalize", "", rows));
    Ok(())
}

/// How far the size of the result is from 1.
fn off(seen: &Seen<'_>) -> (f64, String) {
    let size = rms(seen.result(0));
    ((size - 1.0).abs(), format!("size {}", plain(size, 4)))
}

fn sum_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let n = floats(seen.argument(0, 0)).len();
    vec![("n", n.to_string()), ("times", plain((n as f64).sqrt(), 3))]
}

fn rms<'a>(value: impl Into<Option<&'a Value>>) -> f64 {
    let values = floats(value);
    (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
}
