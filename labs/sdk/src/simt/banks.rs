//! Rule R4: what a shared access costs.

use super::W;
use super::lanes::lanes_of;

/// Wavefronts of an access to these words (byte address / 4) by the lanes of `on`: the most distinct words in one bank.
pub fn wavefronts(words: &[u32; W], on: u32) -> u32 {
    const NONE: u32 = u32::MAX;
    let mut first = [NONE; W];
    let mut clash = false;
    for lane in lanes_of(on) {
        let there = &mut first[words[lane] as usize % W];
        clash |= *there != NONE && *there != words[lane];
        *there = words[lane];
    }
    match (clash, on) {
        (true, _) => most_in_a_bank(words, on),
        (false, 0) => 0,
        (false, _) => 1,
    }
}

fn most_in_a_bank(words: &[u32; W], on: u32) -> u32 {
    let (mut sorted, count) = packed(words, on);
    let sorted = &mut sorted[..count];
    sorted.sort_unstable();
    let mut in_bank = [0; W];
    for (at, word) in sorted.iter().enumerate() {
        if at == 0 || sorted[at - 1] != *word {
            in_bank[*word as usize % W] += 1;
        }
    }
    in_bank.into_iter().max().unwrap_or(0)
}

/// The values of the lanes of `on`, side by side, and how many they are.
pub fn packed(values: &[u32; W], on: u32) -> ([u32; W], usize) {
    let mut out = [0; W];
    let mut count = 0;
    for lane in lanes_of(on) {
        out[count] = values[lane];
        count += 1;
    }
    (out, count)
}
