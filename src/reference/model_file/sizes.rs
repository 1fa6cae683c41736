//! Sizes that an ONNX node's attributes say: pairs, padding, the shape of a reshape.

use super::onnx::Node;
use lab_sdk::{Result, ensure};

/// A pair of whole numbers, (vertical, horizontal).
pub fn pair(node: &Node, name: &str, otherwise: u64) -> Result<[u64; 2]> {
    let Some(ints) = node.ints(name) else { return Ok([otherwise; 2]) };
    let both: Option<Vec<u64>> = ints.iter().map(|&n| u64::try_from(n).ok().filter(|n| *n < 1 << 32)).collect();
    both.and_then(|both| both.try_into().ok())
        .ok_or_else(|| format!("`{name}` is {ints:?}: only pairs are counted here").into())
}

/// Zeros on each side. Uneven ones are replaced by even ones that give as many windows, where there are such.
pub fn padding(node: &Node, x: &[u64], k: [u64; 2], stride: [u64; 2], dil: [u64; 2]) -> Result<[u64; 2]> {
    let &[_, _, h, w] = x else { return Err(format!("reads {x:?}, no image").into()) };
    let auto = node.attributes.get("auto_pad").and_then(|a| a.text.as_deref()).unwrap_or("NOTSET");
    let given = node.ints("pads").unwrap_or(&[0; 4]);
    let mut pad = [0; 2];
    for (at, length) in [h, w].into_iter().enumerate() {
        ensure!(stride[at] > 0 && k[at] > 0 && dil[at] > 0, "a size of 0");
        let reach = dil[at].saturating_mul(k[at] - 1).saturating_add(1);
        let both = match auto {
            "SAME_UPPER" | "SAME_LOWER" => {
                ((length.div_ceil(stride[at]) - 1) * stride[at]).saturating_add(reach).saturating_sub(length)
            }
            _ => {
                let (Some(&a), Some(&b), 4) = (given.get(at), given.get(at + 2), given.len()) else {
                    return Err(format!("`pads` is {given:?}: only four are counted here").into());
                };
                u64::try_from(a)
                    .and_then(|a| Ok(a.saturating_add(u64::try_from(b)?)))
                    .map_err(|_| "has less than no padding")?
            }
        };
        let windows = |both: u64| length.saturating_add(both).checked_sub(reach).map(|room| room / stride[at]);
        let even = [both / 2, both.div_ceil(2)].into_iter().find(|pad| windows(2 * pad) == windows(both));
        pad[at] = even.ok_or_else(|| format!("uneven padding {given:?} that no even one replaces"))?;
    }
    Ok(pad)
}

/// A shape with 0 for "as it was" and one -1 for "the rest".
pub fn resolved(from: &[u64], wanted: &[i64]) -> Result<Vec<u64>> {
    let all = product(from)?;
    let mut shape: Vec<u64> = Vec::new();
    for (at, &n) in wanted.iter().enumerate() {
        shape.push(match n {
            0 => *from.get(at).ok_or("copies an axis that is not there")?,
            n => u64::try_from(n).unwrap_or(1),
        });
    }
    if let Some(rest) = wanted.iter().position(|n| *n == -1) {
        shape[rest] = 1;
        let known = product(&shape)?;
        ensure!(known > 0 && all % known == 0, "{from:?} in the shape {wanted:?}");
        shape[rest] = all / known;
    }
    Ok(shape)
}

/// How many elements a shape has.
pub fn product(shape: &[u64]) -> Result<u64> {
    let all = shape.iter().try_fold(1_u64, |all, &n| all.checked_mul(n));
    all.ok_or_else(|| format!("{shape:?} has more than 2^64 elements").into())
}
