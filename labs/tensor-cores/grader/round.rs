//! The step `round`: bits of f32 in, 16-bit codes out, each kind of number in a check of its own.

use crate::args;
use crate::grading::{Check, Draw, Script, Seen, plain};
use lab_sdk::{Result, Value};
use std::ops::Range;

/// Drawn values of a check.
const VALUES: usize = 4000;
/// Bits of 2^-25, 2^-24, 2^-14, 65504 and infinity.
const HALF_OF_SMALLEST: u32 = 0x3300_0000;
const SMALLEST: u32 = 0x3380_0000;
const NORMAL: u32 = 0x3880_0000;
const LARGEST: u32 = 0x477f_e000;
const INFINITY: u32 = 0x7f80_0000;

/// The checks of `round`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let bf16 = |bits: Vec<u32>| vec![case("to_bf16", &bits)];
    let f16 = |bits: Vec<u32>| vec![case("to_f16", &bits)];
    // Of a NaN whose payload lies in the bits that stay, most packages keep some of it: none such is asked for.
    let nan = vec![0x7fc0_0000, INFINITY | 1, INFINITY | draw.int(2..=0xfff) as u32];
    let zero = vec![0, 1, draw.int(2..=0x7fff) as u32, 0x8000];
    let mut some = |range: Range<u32>, each: fn(u32) -> u32| -> Vec<u32> {
        (0..VALUES).map(|_| each(draw.int(range.start.into()..=i64::from(range.end) - 1) as u32)).collect()
    };
    let tie16 = |bits| bits & 0xffff_0000 | 0x8000;
    let tie13 = |bits| bits & 0xffff_e000 | 0x1000;
    let beside16 = |bits| (bits & 0xffff_0000 | 0x7fff) + (bits & 2);
    let beside13 = |bits| (bits & 0xffff_e000 | 0x0fff) + (bits & 2);
    let usual = some(NORMAL..LARGEST, |bits| bits);
    let far = [LARGEST + 1, LARGEST + 0x0fff, LARGEST + 0x1000, LARGEST + 0x1001, LARGEST + 0x2000];
    let near_zero =
        [SMALLEST - 1, SMALLEST, SMALLEST + 1, 0x33bf_ffff, 0x33c0_0000, 0x33c0_0001, 0x3400_0000, 0x3420_0000];
    let bf16_end = [0x7f7f_0000, 0x7f7f_7fff, 0x7f7f_8000, 0x7f7f_8001, 0x7f7f_ffff, INFINITY];
    Ok(vec![
        Check::exact("BF16 of ordinary numbers", bf16(usual.clone())),
        Check::exact("BF16 of every exponent, fractions next to a step", bf16(every_exponent())),
        Check::exact("BF16: ties go to the even neighbour", bf16(some(NORMAL..LARGEST, tie16))),
        Check::exact("BF16: one bit beside a tie", bf16(some(NORMAL..LARGEST, beside16))),
        Check::exact("BF16: the largest and infinity", bf16(bf16_end.to_vec())),
        Check::exact("BF16: NaN stays NaN", bf16(nan.clone())),
        Check::exact("FP16 of ordinary numbers", f16(usual)),
        Check::exact("FP16: ties go to the even neighbour", f16(some(NORMAL..LARGEST, tie13))),
        Check::exact("FP16: one bit beside a tie", f16(some(NORMAL..LARGEST, beside13))),
        Check::exact("FP16 below 2^-14", f16(some(SMALLEST..NORMAL, |bits| bits & 0xffff_f000))),
        Check::exact("FP16 between 2^-25 and 2^-24", f16(some(HALF_OF_SMALLEST..SMALLEST, |bits| bits))),
        Check::exact("FP16 around the smallest", f16(near_zero.to_vec())),
        Check::exact("FP16 just above 65504", f16(far.to_vec())),
        Check::exact("FP16 far above 65504", f16(some(LARGEST + 0x2000..INFINITY + 1, |bits| bits))),
        Check::exact("FP16 far below 2^-25", f16(some(0..HALF_OF_SMALLEST, |bits| bits))),
        Check::exact("FP16: NaN stays NaN", f16(nan)),
        Check::exact("zeros keep their sign", [bf16(vec![0]), f16(zero)].concat()),
    ])
}

/// Fractions at, below and above a step and a tie, with every exponent; those that end at infinity are asked for apart.
fn every_exponent() -> Vec<u32> {
    let fractions =
        [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x1_0000, 0x1_7fff, 0x1_8000, 0x1_8001, 0x7e_8000, 0x7f_7fff];
    (0..255).flat_map(|exponent| fractions.map(|fraction| exponent << 23 | fraction)).collect()
}

/// Each value once as it is and once negative.
fn case(function: &'static str, bits: &[u32]) -> Script {
    let both = bits.iter().flat_map(|&bits| [f32::from_bits(bits), f32::from_bits(bits | 1 << 31)]);
    Script::call(function, args![both.collect::<Vec<f32>>()])
}

/// `{part}`: how many codes differ.
pub fn part_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    match (seen.result(0), seen.right(0)) {
        (Some(Value::U32s(got)), Some(Value::U32s(wanted))) => {
            let differ = got.iter().zip(wanted).filter(|(got, wanted)| got != wanted).count();
            vec![("part", plain(100.0 * differ as f64 / wanted.len() as f64, 3))]
        }
        _ => Vec::new(),
    }
}
