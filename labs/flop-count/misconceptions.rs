//! Wrong functions, one for each misconception: what many people write first. Each overrides one function of the
//! solution, named by its signature; what must be refused is left to the solution, so that only the mistake differs.

#[path = "misconceptions/changed.rs"]
mod changed;

use super::solution;
use changed::*;
use lab_sdk::{Arch, Convention, Cost, Norm, Op, OpSpec, Report, Result};

/// Every filter sees all input channels.
pub fn forgot_groups(op: &OpSpec) -> Result<Cost> {
    conv(op, |c, right| Cost {
        macs: right.macs * c.groups,
        params: (right.params - c.biases()) * c.groups + c.biases(),
        ..right
    })
}

/// Divides by the groups a second time, although the weight has only cin / groups channels already.
pub fn groups_twice(op: &OpSpec) -> Result<Cost> {
    conv(op, |c, right| Cost { macs: right.macs / c.groups, ..right })
}

/// Counts a window for each input pixel.
pub fn input_pixels(op: &OpSpec) -> Result<Cost> {
    conv(op, |c, right| Cost { macs: right.macs / (right.out[2] * right.out[3]) * c.h * c.w, ..right })
}

/// Leaves out the taps that lie on the padding.
pub fn padding_skipped(op: &OpSpec) -> Result<Cost> {
    conv(op, |c, right| {
        let taps = |at: usize, length: u64, windows: u64| -> u64 {
            let starts = (0..windows).map(|i| (i * c.stride[at]) as i64 - c.pad[at] as i64);
            let inside = |start: i64| {
                let places = (0..c.k[at]).map(|tap| start + (tap * c.dil[at]) as i64);
                places.filter(|place| (0..length as i64).contains(place)).count() as u64
            };
            starts.map(inside).sum()
        };
        let inside = taps(0, c.h, right.out[2]) * taps(1, c.w, right.out[3]);
        Cost { macs: right.out[0] * right.out[1] * c.cin / c.groups * inside, ..right }
    })
}

/// Ignores the dilation.
pub fn dilation_ignored(op: &OpSpec) -> Result<Cost> {
    conv_as(op, |c| c.dil = [1; 2])
}

/// Pads one side only.
pub fn padded_once(op: &OpSpec) -> Result<Cost> {
    // The same length as zeros on both sides of an image that is shorter by one padding.
    let changed = |c: &mut Conv| (c.h, c.w) = (c.h.saturating_sub(c.pad[0]), c.w.saturating_sub(c.pad[1]));
    conv_as(op, changed)
}

/// Rounds the size of the result up.
pub fn rounds_up(op: &OpSpec) -> Result<Cost> {
    // A stride less one more on each axis changes floor to ceiling.
    conv_as(op, |c| (c.h, c.w) = (c.h + c.stride[0] - 1, c.w + c.stride[1] - 1))
}

/// Divides the room by the stride and forgets the first window.
pub fn last_window_missing(op: &OpSpec) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    let OpSpec::Conv2d { .. } = op else { return Ok(right) };
    let (ho, wo) = (right.out[2] - 1, right.out[3] - 1);
    lab_sdk::ensure!(ho > 0 && wo > 0, "a result without an element");
    let macs = right.macs / (right.out[2] * right.out[3]) * ho * wo;
    Ok(Cost { macs, out: vec![right.out[0], right.out[1], ho, wo], ..right })
}

/// Takes the first number of a pair as the horizontal one.
pub fn sides_swapped(op: &OpSpec) -> Result<Cost> {
    conv_as(op, |c| [&mut c.k, &mut c.stride, &mut c.pad, &mut c.dil].into_iter().for_each(|pair| pair.reverse()))
}

/// Returns FLOPs: two for each multiply-add.
pub fn flops_for_macs(op: &OpSpec) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    Ok(Cost { macs: right.macs * 2, ..right })
}

/// Counts one element of the batch.
pub fn batch_forgotten(op: &OpSpec) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    let batch = match *op {
        OpSpec::Conv2d { n, .. } => n,
        OpSpec::Matmul { batch, .. } => batch,
        OpSpec::Attention { b, .. } => b,
        OpSpec::Linear { .. } => 1,
    };
    Ok(Cost { macs: right.macs / batch, ..right })
}

/// Adds a multiply-add for each bias that is added.
pub fn bias_as_macs(op: &OpSpec) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    let added = if let OpSpec::Conv2d { bias: true, .. } | OpSpec::Linear { bias: true, .. } = op {
        right.out.iter().product()
    } else {
        0
    };
    Ok(Cost { macs: right.macs + added, ..right })
}

/// Leaves the bias out of the learned numbers.
pub fn bias_not_learned(op: &OpSpec) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    let biases = if let OpSpec::Conv2d { cout, bias: true, .. } | OpSpec::Linear { cout, bias: true, .. } = *op {
        cout
    } else {
        0
    };
    Ok(Cost { params: right.params - biases, ..right })
}

/// Keeps 32 bits of a count.
pub fn counts_in_32_bits(op: &OpSpec) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    Ok(Cost { macs: u64::from(right.macs as u32), ..right })
}

/// Computes in f64, which holds every integer only up to 2^53.
pub fn counts_in_f64(op: &OpSpec) -> Result<Cost> {
    let right = solution::op_cost(op)?;
    Ok(Cost { macs: right.macs as f64 as u64, ..right })
}

/// Leaves the product with the values out.
pub fn scores_only(op: &OpSpec) -> Result<Cost> {
    attention(op, |a, right| Cost { macs: right.macs / (a.dh + a.dv) * a.dh, ..right })
}

/// Takes the length of a key for that of a value.
pub fn values_as_long_as_keys(op: &OpSpec) -> Result<Cost> {
    attention(op, |a, right| Cost { macs: right.macs / (a.dh + a.dv) * 2 * a.dh, ..right })
}

/// Counts the heads of k and v.
pub fn work_of_shared_heads(op: &OpSpec) -> Result<Cost> {
    attention(op, |a, right| Cost { macs: right.macs / a.hq * a.hkv, ..right })
}

/// Counts half of the square under a causal mask.
pub fn causal_half(op: &OpSpec) -> Result<Cost> {
    attention(op, |a, right| match (a.causal, a.window) {
        (true, None) => Cost { macs: a.b * a.hq * (a.sq * a.sk / 2) * (a.dh + a.dv), ..right },
        _ => right,
    })
}

/// Lets query i stand at key i, also where there are more keys than queries.
pub fn queries_at_the_start(op: &OpSpec) -> Result<Cost> {
    attention(op, |a, right| {
        let sees = |i: u64, j: u64| (!a.causal || j <= i) && a.window.is_none_or(|w| i.abs_diff(j) < w);
        if !a.causal && a.window.is_none() || a.sq == a.sk || a.sk > 4096 {
            return right;
        }
        let pairs = (0..a.sq).map(|i| (0..a.sk).filter(|&j| sees(i, j)).count() as u64).sum::<u64>();
        Cost { macs: a.b * a.hq * pairs * (a.dh + a.dv), ..right }
    })
}

/// Counts every pair, whatever the mask says.
pub fn mask_ignored(op: &OpSpec) -> Result<Cost> {
    attention(op, |a, right| Cost { macs: a.b * a.hq * a.sq * a.sk * (a.dh + a.dv), ..right })
}

/// Counts the key at the window's end too.
pub fn window_one_more(op: &OpSpec) -> Result<Cost> {
    attention_as(op, |a| a.window = a.window.map(|w| w + 1))
}

/// Lets a window without a causal mask look back only.
pub fn window_looks_back(op: &OpSpec) -> Result<Cost> {
    attention_as(op, |a| a.causal |= a.window.is_some())
}

/// Gives every query a full window, also where the keys end.
pub fn window_never_cut(op: &OpSpec) -> Result<Cost> {
    attention(op, |a, right| match a.window {
        Some(w) => {
            let each = if a.causal { w } else { 2 * w - 1 };
            Cost { macs: a.b * a.hq * a.sq * each * (a.dh + a.dv), ..right }
        }
        None => right,
    })
}

/// Multiplies by an embedding's table.
pub fn embedding_multiplies(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, seen, row| {
        if let Op::Embedding { rows, dim } = node.op {
            row.macs += seen.elements(0) * rows * dim;
        }
    })
}

/// Counts a shared weight for each node that uses it.
pub fn tied_weight_twice(arch: &Arch, c: &Convention) -> Result<Report> {
    arch_as(arch, c, |node| node.tie = None)
}

/// Counts no work for a node that uses another's weight.
pub fn tied_work_once(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, _, row| {
        if node.tie.is_some() {
            row.macs = 0;
        }
    })
}

/// Counts the running mean and variance of a batch norm.
pub fn running_statistics(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, _, row| {
        if let Op::Norm { kind: Norm::Batch } = node.op {
            row.params *= 2;
        }
    })
}

/// Gives an RMS norm a shift.
pub fn rms_with_shift(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, _, row| {
        if let Op::Norm { kind: Norm::Rms } = node.op {
            row.params *= 2;
        }
    })
}

/// Runs squeeze-and-excitation on the whole image: its pool keeps height and width.
pub fn squeeze_at_full_size(arch: &Arch, c: &Convention) -> Result<Report> {
    let squeezed: Vec<&str> = arch
        .nodes
        .iter()
        .filter(|node| matches!(node.op, Op::Conv2d { .. }))
        .flat_map(|n| &n.inputs)
        .map(String::as_str)
        .collect();
    let same = Op::Pool { kind: lab_sdk::Pool::Avg, k: [1; 2], stride: [1; 2], pad: [0; 2], ceil: false };
    arch_as(arch, c, |node| {
        if matches!(node.op, Op::GlobalPool {}) && squeezed.contains(&node.name.as_str()) {
            node.op = same.clone();
        }
    })
}

/// Rounds the size of every pool down.
pub fn pools_round_down(arch: &Arch, c: &Convention) -> Result<Report> {
    arch_as(arch, c, |node| {
        if let Op::Pool { ceil, .. } = &mut node.op {
            *ceil = false;
        }
    })
}

/// Keeps a last window that begins in the padding.
pub fn window_in_the_padding(arch: &Arch, c: &Convention) -> Result<Report> {
    arch_as(arch, c, |node| {
        if let Op::Pool { k, stride, ceil, .. } = &mut node.op
            && *ceil
            && (0..2).all(|i| k[i] >= stride[i])
        {
            // Rounding up is rounding down with a window that is shorter by a stride less one.
            (*k, *ceil) = ([k[0] + 1 - stride[0], k[1] + 1 - stride[1]], false);
        }
    })
}

/// Lets a linear layer run once for each element of the batch, whatever stands between.
pub fn linear_once(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, seen, row| {
        if let (Op::Linear { .. }, [first, middle @ .., _]) = (&node.op, seen.shape(0)) {
            let others: u64 = middle.iter().product();
            row.macs /= if *first > 0 { others.max(1) } else { 1 };
        }
    })
}

/// Charges a pool for the elements that it returns.
pub fn pool_by_outputs(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, _, row| {
        if let Op::Pool { .. } | Op::GlobalPool {} = node.op {
            row.macs = c.pool_per_in_elem * row.out.iter().product::<u64>();
        }
    })
}

/// Charges every norm like a batch norm.
pub fn every_norm_charged(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, _, row| {
        if let Op::Norm { .. } = node.op {
            row.macs = c.bn_per_elem * row.out.iter().product::<u64>();
        }
    })
}

/// Charges for a bias where there is none.
pub fn every_layer_biased(arch: &Arch, c: &Convention) -> Result<Report> {
    rows(arch, c, |node, _, row| {
        if let Op::Conv2d { bias: false, .. } | Op::Linear { bias: false, .. } = node.op {
            row.macs += c.bias_per_out * row.out.iter().product::<u64>();
        }
    })
}

/// Keeps the row of a skipped node, with a count of 0.
pub fn skipped_rows_stay(arch: &Arch, c: &Convention) -> Result<Report> {
    let all = Convention { skip: Vec::new(), ..c.clone() };
    rows(arch, &all, |node, _, row| {
        if c.skip.contains(&node.name) {
            (row.macs, row.params) = (0, 0);
        }
    })
}

/// Three times the forward pass.
pub fn three_times_forward(arch: &Arch) -> Result<u64> {
    Ok(3 * forward(arch)?)
}

/// One backward product for each layer.
pub fn one_backward_product(arch: &Arch) -> Result<u64> {
    Ok(2 * forward(arch)?)
}

/// Forgets the groups in the gradient of the weights.
pub fn ungrouped_weight_gradient(arch: &Arch) -> Result<u64> {
    let right = solution::train_macs(arch)?;
    let more = each(arch, |node, macs| match node.op {
        Op::Conv2d { groups, .. } => macs * (groups - 1),
        _ => 0,
    })?;
    Ok(right + more)
}

/// Leaves the gradient of the input out for the first layer only, although several read the image.
pub fn only_the_first_layer(arch: &Arch) -> Result<u64> {
    let mut first = true;
    let all = 3 * forward(arch)?;
    let spared = each(arch, |node, macs| match node.op {
        Op::Conv2d { .. } | Op::Linear { .. } if first => {
            first = false;
            macs
        }
        _ => 0,
    })?;
    Ok(all - spared)
}

/// Leaves the gradient out only where a layer reads the image itself, not where it is pooled or cut before.
pub fn only_beside_the_image(arch: &Arch) -> Result<u64> {
    let images: Vec<&str> =
        arch.nodes.iter().filter(|n| matches!(n.op, Op::Input { .. })).map(|n| n.name.as_str()).collect();
    let reads = |node: &lab_sdk::Node| node.inputs.iter().all(|input| images.contains(&input.as_str()));
    each(arch, |node, macs| match node.op {
        Op::Conv2d { .. } | Op::Linear { .. } if reads(node) => 2 * macs,
        _ => 3 * macs,
    })
}

/// Takes an embedding for data: no gradient flows back to it.
pub fn embeddings_do_not_learn(arch: &Arch) -> Result<u64> {
    let mut arch = arch.clone();
    let shapes = shapes(&arch)?;
    for node in &mut arch.nodes {
        if let (Op::Embedding { .. }, Some(shape)) = (&node.op, shapes.get(&node.name)) {
            // Other data of the same shape.
            node.op = Op::Input { shape: shape.clone() };
            node.inputs.clear();
        }
    }
    solution::train_macs(&arch)
}

/// One backward product for each of attention's two.
pub fn attention_backward_once(arch: &Arch) -> Result<u64> {
    let right = solution::train_macs(arch)?;
    let less = each(arch, |node, macs| if let Op::Attention { .. } = node.op { macs } else { 0 })?;
    Ok(right - less)
}
