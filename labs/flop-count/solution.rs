//! Counting a network: the multiply-adds and the learned numbers of one operation, of a graph, and of a training step.
//!
//! One multiply-add is one MAC, and two FLOPs. Work is done for each element of the *result*:
//!
//! ```text
//! MACs = elements of the result * numbers summed for one of them
//! ```
//!
//! Legend: n, b batch; c channels; h, w height and width; k kernel; hq, hkv heads of q and of k, v; sq queries, sk keys;
//! dh, dv length of a key and of a value.

use lab_sdk::{Arch, Convention, Cost, Node, Norm, Op, OpSpec, Report, Result, Row, ensure};
use std::collections::{HashMap, HashSet};

/// MACs, learned numbers and result shape of one operation.
///
/// Padded taps count, as in every tool: the hardware multiplies the zeros too. Adding a bias is no multiply-add.
/// Refuses sizes of 0, channels or heads that do not divide, results without an element, a mask with sq > sk.
pub fn op_cost(op: &OpSpec) -> Result<Cost> {
    match *op {
        OpSpec::Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, bias } => {
            positive(&[n, cin, h, w, cout, groups])?;
            ensure!(cin % groups == 0 && cout % groups == 0, "{cin} and {cout} channels in {groups} groups");
            let ho = windows(h, k[0], stride[0], pad[0], dil[0], false)?;
            let wo = windows(w, k[1], stride[1], pad[1], dil[1], false)?;
            // A filter sees only the channels of its own group.
            let filter = product(&[cin / groups, k[0], k[1]])?;
            let macs = product(&[n, cout, ho, wo, filter])?;
            Ok(Cost { macs, params: weights(cout, filter, bias)?, out: vec![n, cout, ho, wo] })
        }
        OpSpec::Linear { rows, cin, cout, bias } => {
            positive(&[rows, cin, cout])?;
            Ok(Cost { macs: product(&[rows, cin, cout])?, params: weights(cout, cin, bias)?, out: vec![rows, cout] })
        }
        OpSpec::Matmul { batch, m, k, n } => {
            positive(&[batch, m, k, n])?;
            Ok(Cost { macs: product(&[batch, m, k, n])?, params: 0, out: vec![batch, m, n] })
        }
        OpSpec::Attention { b, hq, hkv, sq, sk, dh, dv, causal, window } => {
            positive(&[b, hq, hkv, sq, sk, dh, dv, window.unwrap_or(1)])?;
            ensure!(hq % hkv == 0, "{hq} heads of q do not share {hkv} heads of k and v evenly");
            ensure!(sq <= sk || !(causal || window.is_some()), "a mask over {sq} queries and only {sk} keys");
            // Each visible pair costs q . k, and its weight times v. Sharing k and v saves memory, not work.
            let pairs = visible(sq, sk, causal, window)?;
            let macs = product(&[b, hq, pairs, sum(dh, dv)?])?;
            Ok(Cost { macs, params: 0, out: vec![b, sq, product(&[hq, dv])?] })
        }
    }
}

/// One row for each node of `arch`, counted by `c`, and their sums.
///
/// A shape is known once the shapes of the inputs are, so one pass in the order of the nodes finds them all.
/// Refuses what cannot run: an input that does not stand before its reader (missing, or in a cycle), shapes that do not
/// fit, sizes of 0, an operation that is not on the list, two nodes of one name.
pub fn count(arch: &Arch, c: &Convention) -> Result<Report> {
    let names: HashSet<&str> = arch.nodes.iter().map(|node| node.name.as_str()).collect();
    let mut shapes: HashMap<&str, Vec<u64>> = HashMap::new();
    let mut report = Report::default();
    for node in &arch.nodes {
        let at = |e: lab_sdk::Error| lab_sdk::Error::new(format!("`{}`: {e}", node.name));
        let mut inputs = Vec::new();
        for input in &node.inputs {
            match shapes.get(input.as_str()) {
                Some(shape) => inputs.push(shape.as_slice()),
                None => return Err(at(format!("no node before it is called `{input}`").into())),
            }
        }
        let Cost { macs, mut params, out } = run(&node.op, &inputs).map_err(at)?;
        if let Some(owner) = &node.tie {
            ensure!(
                names.contains(owner.as_str()),
                "`{}` shares the weight of `{owner}`, which is not there",
                node.name
            );
            // The owner counts the weight; a bias is the node's own.
            params = if let Op::Conv2d { cout, bias: true, .. } | Op::Linear { cout, bias: true } = node.op {
                cout
            } else {
                0
            };
        }
        let macs = sum(macs, beside(node, &inputs, &out, c).map_err(at)?)?;
        if !c.skip.contains(&node.name) {
            report.macs = sum(report.macs, macs)?;
            report.params = sum(report.params, params)?;
            report.rows.push(Row { name: node.name.clone(), out: out.clone(), macs, params });
        }
        ensure!(shapes.insert(&node.name, out).is_none(), "two nodes are called `{}`", node.name);
    }
    Ok(report)
}

/// MACs of one training step: the forward pass, and the products that its gradients need.
///
/// y = x w is differentiated twice, by the weight (x^T dy) and by the input (dy w^T): two products as large as the first.
/// The second is left out where nothing before the layer learns, as at the image. The same holds for the two factors of a
/// matmul, and for the two products inside attention.
pub fn train_macs(arch: &Arch) -> Result<u64> {
    let forward = count(arch, &Convention::default())?;
    // Nodes whose result depends on something learned: their gradient is asked for.
    let mut learned: HashSet<&str> = HashSet::new();
    let mut total = 0;
    for (node, row) in arch.nodes.iter().zip(&forward.rows) {
        let asked = node.inputs.iter().filter(|input| learned.contains(input.as_str())).count() as u64;
        let has_weights =
            matches!(node.op, Op::Conv2d { .. } | Op::Linear { .. } | Op::Embedding { .. } | Op::Norm { .. });
        let backward = match node.op {
            Op::Attention { .. } => 2 * asked.min(1),
            _ => asked + u64::from(has_weights),
        };
        total = sum(total, product(&[row.macs, 1 + backward])?)?;
        if has_weights || asked > 0 {
            learned.insert(&node.name);
        }
    }
    Ok(total)
}

/// What one node costs on inputs of these shapes: its products only.
fn run(op: &Op, inputs: &[&[u64]]) -> Result<Cost> {
    let free = |out: Vec<u64>| Ok(Cost { macs: 0, params: 0, out });
    match (op, inputs) {
        (Op::Input { shape }, []) => {
            positive(shape)?;
            free(shape.clone())
        }
        (&Op::Conv2d { cout, k, stride, pad, dil, groups, bias }, [x]) => {
            let [n, cin, h, w] = image(x)?;
            op_cost(&OpSpec::Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, bias })
        }
        (&Op::Linear { cout, bias }, [x]) => {
            let (&cin, rows) = x.split_last().ok_or("a number has no last axis")?;
            let cost = op_cost(&OpSpec::Linear { rows: product(rows)?, cin, cout, bias })?;
            Ok(Cost { out: [rows, &[cout]].concat(), ..cost })
        }
        (Op::Matmul {}, [a, b]) => match (*a, *b) {
            ([rows @ .., m, k], [others @ .., inner, n]) if rows == others && k == inner => {
                let cost = op_cost(&OpSpec::Matmul { batch: product(rows)?, m: *m, k: *k, n: *n })?;
                Ok(Cost { out: [rows, &[*m, *n]].concat(), ..cost })
            }
            _ => Err(format!("{a:?} times {b:?}").into()),
        },
        (&Op::Embedding { rows, dim }, [x]) => {
            positive(&[rows, dim])?;
            // A lookup copies a row: it multiplies nothing.
            Ok(Cost { macs: 0, params: product(&[rows, dim])?, out: [x, &[dim][..]].concat() })
        }
        (&Op::Attention { hq, hkv, causal, window }, [q, k, v]) => {
            positive(&[hq, hkv])?;
            match (*q, *k, *v) {
                (&[b, sq, dq], &[bk, sk, dk], &[bv, sv, dv])
                    if b == bk && b == bv && sk == sv && dq % hq == 0 && dk == dq / hq * hkv && dv % hkv == 0 =>
                {
                    let (dh, dv) = (dq / hq, dv / hkv);
                    op_cost(&OpSpec::Attention { b, hq, hkv, sq, sk, dh, dv, causal, window })
                }
                _ => Err(format!("attention of {hq} and {hkv} heads over {q:?}, {k:?}, {v:?}").into()),
            }
        }
        (Op::Norm { kind }, [x]) => {
            let axis = if *kind == Norm::Batch { 1 } else { x.len().wrapping_sub(1) };
            let &c = x.get(axis).ok_or_else(|| format!("{x:?} has no such axis"))?;
            // A batch norm keeps a running mean and variance too; they are measured, not learned.
            let each = if *kind == Norm::Rms { 1 } else { 2 };
            Ok(Cost { macs: 0, params: product(&[each, c])?, out: x.to_vec() })
        }
        (Op::Act { .. }, [x]) => free(x.to_vec()),
        (Op::Add {}, [first, others @ ..]) => {
            ensure!(others.iter().all(|x| x == first), "adds unequal shapes {inputs:?}");
            free(first.to_vec())
        }
        (Op::Mul {}, [a, b]) => {
            let fits = a.len() == b.len() && a.iter().zip(*b).all(|(a, b)| a == b || *a == 1 || *b == 1);
            ensure!(fits, "{a:?} times {b:?}");
            free(a.iter().zip(*b).map(|(a, b)| *a.max(b)).collect())
        }
        (&Op::Concat { axis }, [first, others @ ..]) => {
            ensure!(axis < first.len(), "{first:?} has no axis {axis}");
            let mut out = first.to_vec();
            for x in others {
                let fits = x.len() == out.len() && (0..out.len()).all(|i| i == axis || x[i] == out[i]);
                ensure!(fits, "{x:?} beside {first:?} along axis {axis}");
                out[axis] = sum(out[axis], x[axis])?;
            }
            free(out)
        }
        (&Op::Slice { axis, start, end }, [x]) => {
            let mut out = x.to_vec();
            let length = out.get_mut(axis).ok_or_else(|| format!("{x:?} has no axis {axis}"))?;
            ensure!(start < end && end <= *length, "no {start}..{end} in {length}");
            *length = end - start;
            free(out)
        }
        (&Op::Pool { k, stride, pad, ceil, .. }, [x]) => {
            let [n, c, h, w] = image(x)?;
            let ho = windows(h, k[0], stride[0], pad[0], 1, ceil)?;
            free(vec![n, c, ho, windows(w, k[1], stride[1], pad[1], 1, ceil)?])
        }
        (Op::GlobalPool {}, [x]) => {
            let [n, c, ..] = image(x)?;
            free(vec![n, c, 1, 1])
        }
        (Op::Reshape { shape }, [x]) => {
            ensure!(product(shape)? == product(x)?, "{x:?} in the shape {shape:?}");
            free(shape.clone())
        }
        (&Op::Shuffle { groups }, [x]) => {
            let [_, c, ..] = image(x)?;
            ensure!(groups > 0 && c % groups == 0, "{c} channels in {groups} groups");
            free(x.to_vec())
        }
        (Op::Unknown, _) => Err("an operation that is not on the list".into()),
        _ => Err(format!("{} inputs", inputs.len()).into()),
    }
}

/// What the convention counts beside the products.
fn beside(node: &Node, inputs: &[&[u64]], out: &[u64], c: &Convention) -> Result<u64> {
    let (each, shape) = match node.op {
        Op::Norm { kind: Norm::Batch } => (c.bn_per_elem, out),
        Op::Act { .. } => (c.act_per_elem, out),
        Op::Pool { .. } | Op::GlobalPool {} => (c.pool_per_in_elem, inputs[0]),
        Op::Conv2d { bias: true, .. } | Op::Linear { bias: true, .. } => (c.bias_per_out, out),
        _ => return Ok(0),
    };
    product(&[each, product(shape)?])
}

/// How many windows fit along an axis: the last one ends inside the padding, or, rounding up, begins inside the data.
///
/// PyTorch's rule; a window that would begin in the padding on the right sees nothing and is dropped.
fn windows(length: u64, k: u64, stride: u64, pad: u64, dil: u64, ceil: bool) -> Result<u64> {
    positive(&[k, stride, dil])?;
    let (padded, reach) = (sum(length, product(&[2, pad])?)?, sum(product(&[dil, k - 1])?, 1)?);
    ensure!(padded >= reach, "a window of {reach} over {length} with {pad} zeros on each side");
    if !ceil {
        return Ok((padded - reach) / stride + 1);
    }
    let steps = (padded - reach).div_ceil(stride);
    Ok(if product(&[steps, stride])? < sum(length, pad)? { steps + 1 } else { steps })
}

/// How many pairs of a query and a key are visible. Query i stands at key i + sk - sq, so that the last ones meet.
///
/// The keys that query i sees end at distance `last` after it and begin at `first` before it; what lies up to a distance
/// is a triangle, cut off by the ends of the keys.
fn visible(sq: u64, sk: u64, causal: bool, window: Option<u64>) -> Result<u64> {
    product(&[sq, sk])?;
    let (sq, sk) = (i128::from(sq), i128::from(sk));
    // Pairs whose key lies at most `d` after the query: the sum of clamp(i + start, 0, sk) over the queries.
    let up_to = |d: i128| {
        let start = sk - sq + d + 1;
        let empty = (-start).clamp(0, sq);
        let full = (sk - start).clamp(empty, sq);
        let rising = full - empty;
        rising * (2 * start + empty + full - 1) / 2 + (sq - full) * sk
    };
    let reach = window.map_or(sq.max(sk), |w| i128::from(w) - 1);
    let last = if causal { 0 } else { reach };
    u64::try_from(up_to(last) - up_to(-reach - 1)).map_err(|_| "more pairs than 2^64".into())
}

/// (n, c, h, w), or a refusal.
fn image(x: &[u64]) -> Result<[u64; 4]> {
    x.try_into().map_err(|_| format!("{x:?} is no image (n, c, h, w)").into())
}

/// Learned numbers of `cout` filters.
fn weights(cout: u64, filter: u64, bias: bool) -> Result<u64> {
    product(&[cout, sum(filter, u64::from(bias))?])
}

fn positive(sizes: &[u64]) -> Result<()> {
    ensure!(sizes.iter().all(|&size| size > 0), "a size of 0 in {sizes:?}");
    Ok(())
}

fn product(factors: &[u64]) -> Result<u64> {
    let all = factors.iter().try_fold(1_u64, |all, &factor| all.checked_mul(factor));
    all.ok_or_else(|| format!("{factors:?} multiply to more than 2^64").into())
}

fn sum(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or_else(|| format!("{a} + {b} is more than 2^64").into())
}
