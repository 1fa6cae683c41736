//! The questions of `formats`: what FP16 and BF16 hold, where they round, and what a tensor core does in a second.

use crate::grading::{Answer, Draw, Question, plain, real};

/// A 16-bit format: name, bits of the exponent, bits of the fraction.
type Format = (&'static str, i32, i32);
/// Name, SMs, multiply-adds that the tensor cores of an SM do in a clock, GHz.
type Gpu = (&'static str, u64, u64, f64);

pub const FP16: Format = ("FP16", 5, 10);
pub const BF16: Format = ("BF16", 8, 7);

/// Tensor cores, FP16 in, no sparsity: NVIDIA's architecture papers.
pub const GPUS: [Gpu; 3] = [("V100", 80, 512, 1.53), ("A100", 108, 1024, 1.41), ("H100 (PCIe)", 114, 2048, 1.62)];

/// The largest finite number.
pub fn largest((_, exponent, fraction): Format) -> f64 {
    power(1 << (exponent - 1)) - power((1 << (exponent - 1)) - 1 - fraction)
}

/// The distance from 1 to the next number.
pub fn step((_, _, fraction): Format) -> f64 {
    power(-fraction)
}

/// The smallest number above 0.
pub fn smallest(format: Format) -> f64 {
    smallest_normal(format) * step(format)
}

/// The smallest number with a hidden bit.
pub fn smallest_normal((_, exponent, _): Format) -> f64 {
    power(2 - (1 << (exponent - 1)))
}

/// Where a sum of ones stops: a 1 is half of the step there.
pub fn standstill((_, _, fraction): Format) -> f64 {
    power(fraction + 1)
}

/// Peak in TFLOP/s.
pub fn peak((_, sms, each, ghz): Gpu) -> f64 {
    (2 * sms * each) as f64 * ghz / 1000.0
}

fn power(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

/// Questions of `formats`.
pub fn formats(draw: &mut Draw) -> Vec<Question> {
    let mut questions = limits(*draw.choose(&[FP16, BF16])).to_vec();
    questions.push(stored(draw, FP16));
    questions.push(stored(draw, BF16));
    questions.push(overflow(draw));
    questions.push(gradient(draw));
    questions.push(ones(*draw.choose(&[FP16, BF16])));
    questions.push(tensor_peak(draw));
    questions
}

/// The ends of a format, and its step.
fn limits(format: Format) -> [Question; 3] {
    let (name, exponent, fraction) = format;
    let last = (1 << (exponent - 1)) - 1; // the largest exponent of a number
    let layout = format!("1 sign, {exponent} exponent and {fraction} fraction bits");
    let parameters = vec![("exponent bits", exponent.to_string()), ("fraction bits", fraction.to_string())];
    let question = |id, text: String, value, mistakes, because| Question {
        id,
        text,
        parameters: parameters.clone(),
        answer: Answer::near(value, "", 1e-3),
        mistakes,
        because,
    };
    [
        question(
            "largest",
            format!("{name}: {layout}. Its largest finite number?"),
            largest(format),
            vec![
                ("next-power", power(last + 1)),
                ("counts-the-reserved-exponent", 2.0 * largest(format)),
                ("forgets-the-fraction", power(last)),
            ],
            format!("(2 - 2^-{fraction}) x 2^{last} = {}", plain(largest(format), 5)),
        ),
        question(
            "step",
            "the distance from 1 to the next number? (2^-3 is an answer.)".to_owned(),
            step(format),
            vec![("half-a-step", step(format) / 2.0)],
            format!("{fraction} fraction bits: 2^-{fraction} = {}", plain(step(format), 5)),
        ),
        question(
            "smallest",
            "its smallest number above 0?".to_owned(),
            smallest(format),
            vec![("smallest-normal", smallest_normal(format))],
            format!("2^{} is the smallest with a hidden bit; its last bit counts 2^-{fraction} of it", 1 - last),
        ),
    ]
}

/// An odd integer in the first range where the step is 2: a tie.
fn stored(draw: &mut Draw, format: Format) -> Question {
    let (name, _, fraction) = format;
    let first = 1 << (fraction + 1);
    let n = first + 2 * draw.int(0..=first / 2 - 2) + 1;
    let even = if (n - 1) % 4 == 0 { n - 1 } else { n + 1 };
    Question {
        id: if format == FP16 { "stored-fp16" } else { "stored-bf16" },
        text: format!("{n} is stored in {name}. What is read back?"),
        parameters: vec![("n", n.to_string())],
        answer: Answer::exact(even, ""),
        mistakes: vec![("integers-are-exact", real(n)), ("cuts", real(n - 1)), ("rounds-ties-up", real(n + 1))],
        because: format!(
            "between {first} and {} the step is 2; {n} lies halfway between {} and {}, and {even} is the even code",
            2 * first,
            n - 1,
            n + 1
        ),
    }
}

fn overflow(draw: &mut Draw) -> Question {
    let x = 10 * draw.int(6_560..=12_000);
    Question {
        id: "overflow",
        text: format!("{x} is stored in FP16. What is read back?"),
        parameters: vec![("x", x.to_string())],
        answer: Answer::one_of(["65504", "infinity", "NaN", &format!("{x}, rounded")], 1),
        mistakes: vec![("stops-at-the-largest", 0.0), ("overflow-is-nan", 2.0), ("fp16-reaches-further", 3.0)],
        because: "the largest is 65504, the step there 32: from 65504 + 16 on, the nearest is infinity".to_owned(),
    }
}

fn gradient(draw: &mut Draw) -> Question {
    let g = format!("{}e-8", plain(draw.int(10..=29) as f64 / 10.0, 2));
    Question {
        id: "gradient",
        text: format!("a gradient of {g} is stored in FP16. What is read back?"),
        parameters: vec![("g", g.clone())],
        answer: Answer::one_of(["0", "2^-24", &format!("{g}, rounded")], 0),
        mistakes: vec![("held-at-the-smallest", 1.0), ("keeps-its-digits", 2.0)],
        because: format!("the smallest number is 2^-24 = 5.96e-8; {g} is less than half of it"),
    }
}

fn ones(format: Format) -> Question {
    let (name, _, fraction) = format;
    let stop = standstill(format);
    Question {
        id: "ones",
        text: format!("ones are added one after the other, the sum in {name}. Where does it stand still?"),
        parameters: vec![("fraction bits", fraction.to_string())],
        answer: Answer::exact(stop, ""),
        mistakes: vec![("runs-to-the-largest", largest(format)), ("stops-a-power-early", stop / 2.0)],
        because: format!("from {stop} on the step is 2: {stop} + 1 is a tie, and goes back to {stop}"),
    }
}

/// A GPU that its power limit holds below its highest clock.
fn tensor_peak(draw: &mut Draw) -> Question {
    let (name, sms, each, _) = *draw.choose(&GPUS);
    let ghz = draw.int(90..=140) as f64 / 100.0;
    let gpu = (name, sms, each, ghz);
    Question {
        id: "peak",
        text: format!(
            "{name}: {sms} SMs, {each} multiply-adds a clock in the tensor cores of each, held at {ghz} GHz. Its peak?"
        ),
        parameters: vec![("sms", sms.to_string()), ("each", each.to_string()), ("GHz", plain(ghz, 4))],
        answer: Answer::near(peak(gpu), "TFLOP/s", 0.01),
        mistakes: vec![("multiply-add-is-one", peak(gpu) / 2.0)],
        because: format!("{sms} x {each} x 2 x {ghz} GHz = {} TFLOP/s", plain(peak(gpu), 4)),
    }
}
