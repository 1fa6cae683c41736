//! Sizes to pad to, by the rules of thumb.

use super::super::solution;
use lab_sdk::Result;

/// As many lengths in each.
pub fn equal_counts(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    solution::choose_buckets(lens, k, linear)?;
    let mut sorted = lens.to_vec();
    sorted.sort_unstable();
    let mut sizes: Vec<usize> = (1..=k).map(|i| sorted[(i * sorted.len()).div_ceil(k) - 1]).collect();
    sizes.dedup();
    Ok(sizes)
}

/// Equally far apart.
pub fn equal_steps(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    solution::choose_buckets(lens, k, linear)?;
    let most = lens.iter().copied().max().unwrap_or_default();
    let mut sizes: Vec<usize> = (1..=k).map(|i| (i * most).div_ceil(k)).collect();
    sizes.dedup();
    Ok(sizes)
}

/// Each twice the one before, up to the longest.
pub fn powers_of_two(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    solution::choose_buckets(lens, k, linear)?;
    let most = lens.iter().copied().max().unwrap_or_default();
    let mut sizes: Vec<usize> = (0..k as u32).rev().map(|i| most.div_ceil(1 << i.min(30))).collect();
    sizes.dedup();
    Ok(sizes)
}

/// Greedily: the longest, then whatever helps most beside those chosen.
pub fn one_size_after_the_other(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    solution::choose_buckets(lens, k, linear)?;
    let price = |sizes: &[usize]| -> usize {
        let held = lens.iter().filter_map(|len| sizes.iter().find(|size| *size >= len));
        held.map(|b| b * b + linear * b).sum()
    };
    let mut distinct = lens.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mut chosen: Vec<usize> = distinct.pop().into_iter().collect();
    while chosen.len() < k && !distinct.is_empty() {
        let with = |size: usize| {
            let mut sizes = chosen.clone();
            sizes.push(size);
            sizes.sort_unstable();
            sizes
        };
        let Some(at) = (0..distinct.len()).min_by_key(|at| price(&with(distinct[*at]))) else { break };
        chosen = with(distinct.remove(at));
    }
    Ok(chosen)
}

/// The least sum of padding: b - length, whatever a row of b costs.
pub fn counts_padding_only(lens: &[usize], k: usize, _linear: usize) -> Result<Vec<usize>> {
    // A size that costs b and nothing more: the squares vanish beside a huge linear part.
    solution::choose_buckets(lens, k, 1 << 40)
}
