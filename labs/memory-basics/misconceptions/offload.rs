//! Parts of schedules: a pass over layers with loads ahead, without fetches.

use super::super::solution;

/// An act and its layer.
pub type Act<'a> = (&'a str, usize);

/// Loads the layers of `order` as far ahead as there is room; `runs` says what is done with each, its eviction included.
pub fn ahead<'a>(bytes: &[usize], gpu: usize, order: &[usize], runs: impl Fn(usize) -> Vec<Act<'a>>) -> Vec<Act<'a>> {
    let (mut acts, mut free) = (Vec::new(), gpu);
    let mut coming = order.iter().peekable();
    for &i in order {
        while let Some(&next) = coming.next_if(|next| bytes[**next] <= free) {
            acts.push(("load", next));
            free -= bytes[next];
        }
        acts.extend(runs(i));
        free += bytes[i];
    }
    acts
}

/// A backward pass over a GPU that is empty.
pub fn backward<'a>(bytes: &[usize], gpu: usize) -> Vec<Act<'a>> {
    let order: Vec<usize> = (0..bytes.len()).rev().collect();
    ahead(bytes, gpu, &order, |i| vec![("bwd", i), ("save", i), ("evict", i)])
}

/// The acts with their fetches, as a schedule.
pub fn named(acts: &[Act<'_>], ram: usize) -> Vec<(String, usize)> {
    solution::fetched(acts, ram).into_iter().map(|(act, i)| (act.to_owned(), i)).collect()
}
