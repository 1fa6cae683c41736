//! The experiment `ptq-cnn`: the learner's functions quantize the shipped CNN, which then runs in integers.

use crate::args;
use crate::grading::{Bench, Rule, Stop, plain, value_text};
use crate::reference::int8::{Observed, Plan, Weights, layers, observe, peaks};
use crate::verdict::{Chart, Clock};
use lab_sdk::cnn::{Cnn, Op};
use lab_sdk::glyphs::{CALIBRATION_SEED, Glyphs, Style, TEST_SEED, glyphs};
use lab_sdk::{Device, Tensor, Value};

/// Images that ranges and clips come from.
const CALIBRATION: usize = 256;
/// Images that are scored.
const TEST: usize = 2000;
/// Images that run through the learner's `linear_i8`.
const WATCHED: usize = 16;
/// Values of a layer that `clip_max` sees.
const SAMPLE: usize = 4000;
/// Pixels on a side.
const SIDE: usize = 28;

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    bench.progress("drawing images", 0.0);
    let net = Cnn::load()?.fold_bn()?;
    let test = glyphs(TEST_SEED, TEST, &Style::CNN)?;
    bench.progress("watching activations", 0.05);
    let seen = observe(&net, &glyphs(CALIBRATION_SEED, CALIBRATION, &Style::CNN)?.images, SAMPLE)?;

    bench.progress("your quantize makes the weights", 0.1);
    let per_tensor = weights(bench, &net, false)?;
    let per_channel = weights(bench, &net, true)?;
    let clips = clips(bench, &net, &seen)?;
    let clipped: Vec<(f32, f32)> =
        seen.ranges.iter().zip(&clips).map(|(&(low, high), &clip)| (low.max(-clip), high.min(clip))).collect();
    let plans = [
        ("per tensor", Plan::new(&net, SIDE, &seen.ranges, &per_tensor)?),
        ("per channel", Plan::new(&net, SIDE, &seen.ranges, &per_channel)?),
        ("per channel + clip", Plan::new(&net, SIDE, &clipped, &per_channel)?),
    ];

    same_codes(bench, &plans[1].1, &test.images.narrow(0, 0, WATCHED)?)?;
    bench.remark(format!(
        "the int8 weights are your `quantize`'s, the clips your `clip_max`'s; your `linear_i8` ran {WATCHED} images with \
         the reference's codes. The accuracy of {TEST} images was computed with the reference's kernels on your weights"
    ));
    score(bench, &net, &test, &plans)?;
    bytes(bench, &net)?;
    coarsest(bench, &net, &per_tensor)?;
    histogram(bench, &net, &seen, &clips)
}

/// The weights of a node.
fn matrix(op: &Op) -> Option<&Tensor> {
    match op {
        Op::Conv { w, .. } | Op::Linear { w, .. } => Some(w),
        _ => None,
    }
}

/// Every layer's weights as the learner's `quantize` codes them.
fn weights(bench: &mut Bench<'_>, net: &Cnn, per_channel: bool) -> Result<Vec<Option<Weights>>, Stop> {
    let mut all = Vec::new();
    for node in &net.nodes {
        let Some(w) = matrix(&node.op) else {
            all.push(None);
            continue;
        };
        let mut scale: Vec<f32> = peaks(w)?.iter().map(|p| if *p > 0.0 { p / 127.0 } else { 1.0 }).collect();
        if !per_channel {
            scale = vec![scale.iter().copied().fold(0.0, f32::max)];
        }
        let axis = per_channel.then_some(0usize);
        let values = args![w.clone(), scale.clone(), vec![0i32; scale.len()], axis, -127];
        match bench.call("quantize", &values)? {
            Value::I8(codes) if codes.shape == w.dims() => all.push(Some(Weights { codes, scale })),
            other => {
                let check = format!("`quantize` codes the weights of `{}`", node.name);
                return Err(Stop::differs(check, other.kind(), format!("i8 tensor of shape {:?}", w.dims())));
            }
        }
    }
    Ok(all)
}

/// The learner's clip for each layer's output; none (infinity) for other nodes.
fn clips(bench: &mut Bench<'_>, net: &Cnn, seen: &Observed) -> Result<Vec<f32>, Stop> {
    let mut clips = vec![f32::INFINITY; net.nodes.len()];
    let all = layers(net);
    for (done, &node) in all.iter().enumerate() {
        bench.progress("your clip_max looks at each layer", 0.15 + 0.25 * done as f64 / all.len() as f64);
        let sample = &seen.samples[node];
        let values = args![Tensor::from_slice(sample, sample.len(), &Device::Cpu)?, 8u32];
        match bench.call("clip_max", &values)? {
            Value::Float(clip) if clip.is_finite() && clip > 0.0 => clips[node] = clip as f32,
            other => {
                let check = format!("`clip_max` for `{}`", net.nodes[node].name);
                return Err(Stop::differs(check, value_text(&other), "a positive number"));
            }
        }
    }
    Ok(clips)
}

/// Runs some images through the learner's `linear_i8`, whose codes must be the solution's in every layer.
fn same_codes(bench: &mut Bench<'_>, plan: &Plan, images: &Tensor) -> Result<(), Stop> {
    let codes = plan.code(images)?;
    let products: usize = plan.layers().map(|layer| if layer.depthwise { layer.n } else { 1 }).sum();
    let mut done = 0;
    let classes = plan.run_through(&codes, |call| {
        if done % 16 == 0 {
            bench.progress("your linear_i8 runs the net", 0.4 + 0.4 * f64::from(done) / products as f64);
        }
        done += 1;
        let channel = call.channel.map_or(String::new(), |c| format!(", channel {c}"));
        let check = format!("codes of `{}`{channel}", call.layer);
        let bias = Tensor::new(call.bias, &Device::Cpu)?;
        let values = args![call.x, call.x_zp, call.w, bias, call.mult.to_vec(), call.shift.to_vec(), call.out_zp];
        match bench.same(&check, "linear_i8", &values, Rule::Exact)? {
            Value::I8(codes) => Ok(codes),
            other => Err(Stop::other_kind("linear_i8", &other, "i8 tensor")),
        }
    })?;
    if classes != plan.run(&codes)?.0 {
        return Err(Stop::Ours("the reference's kernels and the solution differ".to_owned()));
    }
    bench.held();
    Ok(())
}

/// Accuracy by scheme, and what a run multiplies.
fn score(bench: &mut Bench<'_>, net: &Cnn, test: &Glyphs, plans: &[(&str, Plan)]) -> Result<(), Stop> {
    bench.progress("the float net", 0.8);
    let logits = net.logits(&test.images)?;
    let classes: Vec<u32> = logits.argmax(1)?.to_vec1()?;
    let percent = |classes: &[u32]| {
        let right = classes.iter().zip(&test.labels).filter(|(class, label)| class == label).count();
        100.0 * right as f64 / TEST as f64
    };
    let float = percent(&classes);
    bench.measured("accuracy, f32", float, "%", Clock::Count);
    let mut rows = vec![("f32".to_owned(), float)];
    let (mut lost, mut changed) = (Vec::new(), Vec::new());
    for (name, plan) in plans {
        bench.progress(&format!("int8, {name}"), 0.85 + 0.05 * lost.len() as f64);
        let (found, meter) = plan.classes(&plan.code(&test.images)?, TEST)?;
        let accuracy = percent(&found);
        bench.measured(&format!("accuracy, {name}"), accuracy, "%", Clock::Count);
        rows.push(((*name).to_owned(), accuracy));
        lost.push((format!("accuracy lost, {name}"), float - accuracy, meter));
        changed.push(format!("{} {name}", found.iter().zip(&classes).filter(|(a, b)| a != b).count()));
    }
    bench.remark(format!("of {TEST} images, classes that differ from the float net's: {}", changed.join(", ")));
    for (name, points, _) in &lost {
        bench.measured(name, (points * 1e6).round() / 1e6, "points", Clock::Count);
    }
    if let Some((_, _, meter)) = lost.get(1) {
        bench.measured("integer multiplications", meter.integer as f64 / TEST as f64, "an image", Clock::Count);
        bench.measured("float multiplications", meter.float as f64 / TEST as f64, "an image", Clock::Count);
    }
    bench.chart(Chart::bars(format!("accuracy on {TEST} images"), "%", rows));
    Ok(())
}

/// Weights alone, then with what they need beside them.
fn bytes(bench: &mut Bench<'_>, net: &Cnn) -> Result<(), Stop> {
    let (mut weights, mut outputs) = (0, 0);
    for w in net.nodes.iter().filter_map(|node| matrix(&node.op)) {
        weights += w.elem_count();
        outputs += w.dim(0)?;
    }
    // A bias is i32 as it was f32; a scale for each output channel comes on top.
    let (bare, whole) = (weights as f64, (weights + 8 * outputs) as f64);
    let float = (4 * weights + 4 * outputs) as f64;
    bench.measured("weights, f32", 4.0 * bare, "B", Clock::Count);
    bench.measured("weights, int8", bare, "B", Clock::Count);
    bench.measured("with biases, f32", float, "B", Clock::Count);
    bench.measured("with biases and scales, int8", whole, "B", Clock::Count);
    let (alone, all) = (plain(4.0 * bare / bare, 3), plain(float / whole, 3));
    bench.remark(format!("the weights alone are {alone} times smaller; with biases and scales, {all} times"));
    Ok(())
}

/// The channel that one scale a tensor serves worst.
fn coarsest(bench: &mut Bench<'_>, net: &Cnn, per_tensor: &[Option<Weights>]) -> Result<(), Stop> {
    let mut worst: Option<(i8, &str, usize)> = None;
    for (node, weights) in net.nodes.iter().zip(per_tensor) {
        let (Some(w), Some(weights)) = (matrix(&node.op), weights) else { continue };
        let peaks = peaks(w)?;
        let each = weights.codes.data.len() / peaks.len();
        for (channel, codes) in weights.codes.data.chunks(each).enumerate().filter(|(c, _)| peaks[*c] > 0.0) {
            let levels = codes.iter().map(|c| c.saturating_abs()).max().unwrap_or_default();
            if worst.is_none_or(|(fewest, _, _)| levels < fewest) {
                worst = Some((levels, &node.name, channel));
            }
        }
    }
    if let Some((levels, layer, channel)) = worst {
        bench.remark(format!("per tensor, channel {channel} of `{layer}` is left with {levels} of its 127 levels"));
    }
    Ok(())
}

/// The layer whose range the clip narrows most.
fn histogram(bench: &mut Bench<'_>, net: &Cnn, seen: &Observed, clips: &[f32]) -> Result<(), Stop> {
    let peak = |node: usize| seen.ranges[node].0.abs().max(seen.ranges[node].1.abs());
    let kept = |node: usize| clips[node] / peak(node);
    let Some(node) = layers(net).into_iter().min_by(|&a, &b| kept(a).total_cmp(&kept(b))) else { return Ok(()) };
    let ((low, high), bins) = (seen.ranges[node], 40);
    let mut counts = vec![0u64; bins];
    for v in &seen.samples[node] {
        let bin = ((v - low) / (high - low) * bins as f32) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    bench.chart(Chart::Histogram {
        title: format!("outputs of `{}`, {} values", net.nodes[node].name, seen.samples[node].len()),
        unit: String::new(),
        low: f64::from(low),
        high: f64::from(high),
        counts,
        marks: vec![("max".to_owned(), f64::from(peak(node))), ("clip".to_owned(), f64::from(clips[node]))],
    });
    Ok(())
}
