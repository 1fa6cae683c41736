//! Whole numbers that an ONNX graph computes to reshape with (Shape, Gather, Concat, ...), as far as they can be known.

use super::onnx::Node;

/// The result of `node` on known lists of whole numbers; `None` where it is none of these.
pub fn fold(node: &Node, inputs: &[Option<&[i64]>]) -> Option<Vec<i64>> {
    let known = |at: usize| inputs.get(at).copied().flatten();
    let both = |f: fn(i64, i64) -> Option<i64>| {
        let (a, b) = (known(0)?, known(1)?);
        let length = a.len().max(b.len());
        let item = |list: &[i64], at: usize| list.get(if list.len() == 1 { 0 } else { at }).copied();
        (0..length).map(|at| f(item(a, at)?, item(b, at)?)).collect()
    };
    match node.op.as_str() {
        "Identity" | "Cast" | "Unsqueeze" | "Squeeze" | "Reshape" => known(0).map(<[i64]>::to_vec),
        "Concat" => {
            (0..inputs.len()).map(|at| known(at).map(<[i64]>::to_vec)).collect::<Option<Vec<_>>>().map(|v| v.concat())
        }
        "Gather" => {
            let list = known(0)?;
            known(1)?.iter().map(|&at| list.get(index(at, list.len())?).copied()).collect()
        }
        "Slice" => {
            let list = known(0)?;
            let (start, end) = (*known(1)?.first()?, *known(2)?.first()?);
            let (start, end) = (clamp(start, list.len()), clamp(end, list.len()));
            list.get(start..end.max(start)).map(<[i64]>::to_vec)
        }
        "Add" => both(i64::checked_add),
        "Sub" => both(i64::checked_sub),
        "Mul" => both(i64::checked_mul),
        "Div" => both(i64::checked_div),
        "ConstantOfShape" => {
            let length = usize::try_from(*known(0)?.first()?).ok().filter(|n| *n <= 16)?;
            Some(vec![
                node.attributes.get("value").and_then(|a| a.tensor.as_ref()?.ints.first().copied()).unwrap_or(0);
                length
            ])
        }
        _ => None,
    }
}

/// A position that may count from the end.
pub fn index(at: i64, length: usize) -> Option<usize> {
    let at = if at < 0 { at.checked_add(length as i64)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < length)
}

/// An end that may count from the end, or lie beyond it.
pub fn clamp(at: i64, length: usize) -> usize {
    let at = if at < 0 { at.saturating_add(length as i64).max(0) } else { at };
    usize::try_from(at).unwrap_or(usize::MAX).min(length)
}

/// The shape that broadcasting gives.
pub fn broadcast(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let rank = a.len().max(b.len());
    let of = |shape: &[u64], at: usize| if at + shape.len() < rank { 1 } else { shape[at + shape.len() - rank] };
    let one = |at: usize| match (of(a, at), of(b, at)) {
        (x, y) if x == y || y == 1 => Some(x),
        (1, y) => Some(y),
        _ => None,
    };
    (0..rank).map(one).collect()
}
