//! Dropout's masks: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), whose state is one number that can be put back.

use crate::{Device, Result, Tensor};

/// (B, O) of 0 and 1, u8: 0 with probability `p`. One number of the generator a value, row by row.
pub fn mask(state: &mut u64, p: f64, shape: (usize, usize)) -> Result<Tensor> {
    let lives = |draw: u64| u8::from((draw >> 11) as f64 * 2f64.powi(-53) < 1.0 - p);
    let values: Vec<u8> = (0..shape.0 * shape.1).map(|_| lives(next(state))).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut state = 1_234_567;
        let drawn: Vec<u64> = (0..3).map(|_| next(&mut state)).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
