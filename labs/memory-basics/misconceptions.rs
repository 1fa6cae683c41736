//! Wrong functions, one for each misconception. What must be refused is left to the solution, so that only the mistake
//! differs.

#[path = "misconceptions/offload.rs"]
mod offload;
#[path = "misconceptions/run.rs"]
mod run;

use super::solution::{self, check_keep, clip_factor, descend, fits, norm, overflowed, stepped, unscaled};
use lab_sdk::{Amp, Chain, DType, Result, Tensor};
use offload::{ahead, backward};
use run::{Wrong, run};

/// Adds up the kept inputs alone: then nothing has to be run twice.
pub fn counts_only_inputs(input: &[usize], saved: &[usize], budget: usize) -> Result<Vec<usize>> {
    solution::plan(input, saved, budget)?;
    Ok(vec![0])
}

/// Leaves the kept inputs out of the peak.
pub fn counts_only_the_segment(input: &[usize], saved: &[usize], budget: usize) -> Result<Vec<usize>> {
    solution::plan(input, saved, budget)?;
    solution::plan(&vec![0; input.len()], saved, budget)
}

/// Segments of ceil(sqrt(L)) layers, whatever they hold.
pub fn square_root_segments(input: &[usize], saved: &[usize], budget: usize) -> Result<Vec<usize>> {
    solution::plan(input, saved, budget)?;
    Ok((0..input.len()).step_by((input.len() as f64).sqrt().ceil() as usize).collect())
}

/// Keeps the input of every layer.
pub fn keeps_every_input(input: &[usize], saved: &[usize], budget: usize) -> Result<Vec<usize>> {
    solution::plan(input, saved, budget)?;
    Ok((0..input.len()).collect())
}

/// The smallest peak that can be had, not the fewest layers within the budget.
pub fn smallest_peak(input: &[usize], saved: &[usize], budget: usize) -> Result<Vec<usize>> {
    solution::plan(input, saved, budget)?;
    solution::plan(input, saved, solution::least_budget(input, saved))
}

/// Makes each segment as long as the budget allows, from layer 0 on.
pub fn fills_from_the_front(input: &[usize], saved: &[usize], budget: usize) -> Result<Vec<usize>> {
    solution::plan(input, saved, budget)?;
    let (mut keep, mut kept, mut segment) = (vec![0], input[0], 0);
    for i in 0..input.len() {
        if segment > 0 && kept + segment + saved[i] > budget {
            keep.push(i);
            kept += input[i];
            segment = 0;
        }
        segment += saved[i];
    }
    Ok(keep)
}

/// Runs segments again from wherever the generator stands.
pub fn rng_not_restored(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    run(net, keep, scale, Wrong { restores: false, ..Wrong::default() })
}

/// Puts the generator back to where the forward pass began, for every segment.
pub fn one_state_for_all(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    run(net, keep, scale, Wrong { own_state: false, ..Wrong::default() })
}

/// Leaves the generator where the last re-run left it.
pub fn rng_left_behind(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    run(net, keep, scale, Wrong { returns: false, ..Wrong::default() })
}

/// Saves nothing in the forward pass, the last segment included.
pub fn reruns_the_last_segment(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    run(net, keep, scale, Wrong { saves_last: false, ..Wrong::default() })
}

/// Gives the kept inputs back when all is done.
pub fn keeps_to_the_end(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    run(net, keep, scale, Wrong { frees: false, ..Wrong::default() })
}

/// Multiplies the loss when the gradients are done.
pub fn scales_the_loss_alone(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    Ok(solution::run_ckpt(net, keep, 1.0)? * scale)
}

/// Saves everything in the forward pass, beside the kept inputs.
pub fn saves_everything(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    check_keep(net, keep)?;
    for i in 0..net.layers() {
        if keep.contains(&i) {
            net.keep(i)?;
        }
        net.forward(i, true)?;
    }
    let loss = net.loss(scale)?;
    for i in (0..net.layers()).rev() {
        net.backward(i)?;
        if keep.contains(&i) {
            net.free(i)?;
        }
    }
    Ok(loss)
}

/// Runs from the kept input once for each layer of a segment.
pub fn reruns_for_each_layer(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    check_keep(net, keep)?;
    run::for_each_layer(net, keep, scale)
}

/// Runs from layer 0 once for each layer.
pub fn reruns_from_the_input(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    check_keep(net, keep)?;
    run::for_each_layer(net, &[0], scale)
}

/// Gives each micro-batch's mean loss its full weight.
pub fn sums_the_means(net: &mut Chain, x: &Tensor, y: &[u32], micro: usize, keep: &[usize]) -> Result<f64> {
    run::batches(net, x, y, micro, keep, |_, _| 1.0)
}

/// Gives each micro-batch the same weight, the smaller last one too.
pub fn equal_shares(net: &mut Chain, x: &Tensor, y: &[u32], micro: usize, keep: &[usize]) -> Result<f64> {
    run::batches(net, x, y, micro, keep, |_, rows| 1.0 / rows.div_ceil(micro) as f64)
}

/// Leaves the rows out that fill no micro-batch.
pub fn drops_the_tail(net: &mut Chain, x: &Tensor, y: &[u32], micro: usize, keep: &[usize]) -> Result<f64> {
    let whole = y.len().checked_div(micro).unwrap_or(0) * micro;
    match whole {
        0 => solution::train_step(net, x, y, micro, keep),
        _ if x.dim(0)? != y.len() => solution::train_step(net, x, y, micro, keep),
        _ => solution::train_step(net, &x.narrow(0, 0, whole)?, &y[..whole], micro, keep),
    }
}

/// Runs the whole batch at once.
pub fn whole_batch(net: &mut Chain, x: &Tensor, y: &[u32], micro: usize, keep: &[usize]) -> Result<f64> {
    solution::train_step(net, x, y, if micro == 0 { 0 } else { y.len() }, keep)
}

/// Keeps the weights in FP16 alone.
pub fn no_master_copy(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    let stepped = solution::amp_step(st, grads)?;
    for w in &mut st.master {
        *w = w.to_dtype(DType::F16)?.to_dtype(w.dtype())?;
    }
    Ok(stepped)
}

/// Measures the norm of the scaled gradients.
pub fn clips_before_unscaling(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    step_with(st, grads, |st, grads| {
        let scaled: Vec<Tensor> = grads.iter().map(|g| Ok((g * st.scale)?)).collect::<Result<_>>()?;
        let factor = clip_factor(norm(&scaled)?, st.clip);
        descend(st, grads, factor)
    })
}

/// Steps with the scaled gradients.
pub fn never_unscales(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    step_with(st, grads, |st, grads| {
        let scaled: Vec<Tensor> = grads.iter().map(|g| Ok((g * st.scale)?)).collect::<Result<_>>()?;
        let factor = clip_factor(norm(&scaled)?, st.clip);
        descend(st, &scaled, factor)
    })
}

/// Moves the weights before the momentum takes the gradient.
pub fn steps_with_old_momentum(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    step_with(st, grads, |st, grads| {
        let before = st.momentum.clone();
        let master = st.master.clone();
        descend(st, grads, clip_factor(norm(grads)?, st.clip))?;
        for ((w, old), v) in st.master.iter_mut().zip(&master).zip(&before) {
            *w = (old - (v * st.lr)?)?;
        }
        Ok(())
    })
}

/// Clips each gradient by its own norm.
pub fn clips_each_alone(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    step_with(st, grads, |st, grads| {
        let alone = |g: &Tensor| Ok((g * clip_factor(norm(std::slice::from_ref(g))?, st.clip))?);
        let clipped: Vec<Tensor> = grads.iter().map(alone).collect::<Result<_>>()?;
        descend(st, &clipped, 1.0)
    })
}

/// Divides by the scale in FP16.
pub fn unscales_in_fp16(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    fits(st, grads)?;
    let scale = st.scale;
    let divided: Vec<Tensor> = grads.iter().map(|g| Ok((g / scale)?)).collect::<Result<_>>()?;
    // What is left is exact in f32, times the scale too: the rest of the step undoes it without loss.
    let back: Vec<Tensor> =
        divided.iter().map(|g| Ok((g.to_dtype(DType::F32)? * scale)?)).collect::<Result<_>>()?;
    solution::amp_step(st, &back)
}

/// Never looks for infinities.
pub fn steps_on_inf(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    fits(st, grads)?;
    let grads = unscaled(st, grads)?;
    let factor = clip_factor(norm(&grads)?, st.clip);
    descend(st, &grads, factor)?;
    stepped(st);
    Ok(true)
}

/// Looks for infinities, and not for NaN.
pub fn misses_nan(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    fits(st, grads)?;
    let values: Vec<f64> = grads.iter().map(values).collect::<Result<Vec<_>>>()?.concat();
    match values.iter().any(|v| v.is_infinite()) {
        true => solution::amp_step(st, grads),
        false => steps_on_inf(st, grads),
    }
}

/// Takes an infinity for 0 and steps.
pub fn zeroes_the_overflow(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    fits(st, grads)?;
    let grads = unscaled(st, grads)?;
    let zeroed = |g: &Tensor| {
        let finite = values(g)?.into_iter().map(|v| if v.is_finite() { v } else { 0.0 }).collect::<Vec<f64>>();
        Ok(Tensor::from_vec(finite, g.dims(), g.device())?.to_dtype(g.dtype())?)
    };
    let tame: Vec<Tensor> = grads.iter().map(zeroed).collect::<Result<_>>()?;
    let factor = clip_factor(norm(&tame)?, st.clip);
    descend(st, &tame, factor)?;
    if solution::all_finite(&grads)? { stepped(st) } else { overflowed(st) }
    Ok(true)
}

/// Goes on counting through an overflow.
pub fn counts_through_overflow(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    let clean = st.clean;
    let stepped = solution::amp_step(st, grads)?;
    if !stepped {
        st.clean = clean;
    }
    Ok(stepped)
}

/// Doubles a step late.
pub fn doubles_late(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    let (clean, scale) = (st.clean, st.scale);
    let moved = solution::amp_step(st, grads)?;
    if moved {
        let late = clean >= st.interval;
        (st.clean, st.scale) = if late { (0, 2.0 * scale) } else { (clean + 1, scale) };
    }
    Ok(moved)
}

/// A right step around another way to move the weights.
fn step_with(
    st: &mut Amp,
    grads: &[Tensor],
    descends: impl FnOnce(&mut Amp, &[Tensor]) -> Result<()>,
) -> Result<bool> {
    fits(st, grads)?;
    let grads = unscaled(st, grads)?;
    if !solution::all_finite(&grads)? {
        overflowed(st);
        return Ok(false);
    }
    descends(st, &grads)?;
    stepped(st);
    Ok(true)
}

fn values(t: &Tensor) -> Result<Vec<f64>> {
    Ok(t.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?)
}

/// Evicts each layer as soon as it has run.
pub fn evicts_after_use(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    solution::schedule(bytes, gpu, ram)?;
    let order: Vec<usize> = (0..bytes.len()).collect();
    let mut acts = ahead(bytes, gpu, &order, |i| vec![("fwd", i), ("evict", i)]);
    acts.extend(backward(bytes, gpu));
    Ok(offload::named(&acts, ram))
}

/// Has one layer on the GPU at a time.
pub fn one_at_a_time(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    solution::schedule(bytes, gpu, ram)?;
    let last = bytes.len() - 1;
    let mut acts: Vec<(&str, usize)> = (0..last).flat_map(|i| [("load", i), ("fwd", i), ("evict", i)]).collect();
    acts.extend([("load", last), ("fwd", last), ("bwd", last), ("save", last), ("evict", last)]);
    acts.extend((0..last).rev().flat_map(|i| [("load", i), ("bwd", i), ("save", i), ("evict", i)]));
    Ok(offload::named(&acts, ram))
}

/// Makes room by the layer that ran last, so that the first ones stay.
pub fn evicts_the_newest(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    solution::schedule(bytes, gpu, ram)?;
    let (mut acts, mut held, mut free) = (Vec::new(), Vec::new(), gpu);
    let forward = (0..bytes.len()).map(|i| ("fwd", i));
    for (pass, i) in forward.chain((0..bytes.len()).rev().map(|i| ("bwd", i))) {
        if !held.contains(&i) {
            while bytes[i] > free
                && let Some(newest) = held.pop()
            {
                acts.push(("evict", newest));
                free += bytes[newest];
            }
            acts.push(("load", i));
            held.push(i);
            free -= bytes[i];
        }
        acts.push((pass, i));
        if pass == "bwd" {
            acts.extend([("save", i), ("evict", i)]);
            held.retain(|other| *other != i);
            free += bytes[i];
        }
    }
    Ok(offload::named(&acts, ram))
}

/// Loads one layer further ahead than there is room.
pub fn loads_beyond_the_room(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    solution::schedule(bytes, gpu, ram)?;
    solution::schedule(bytes, gpu + bytes.iter().max().copied().unwrap_or_default(), ram)
}

/// Evicts layers with their gradients.
pub fn forgets_the_gradients(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    let mut acts = solution::schedule(bytes, gpu, ram)?;
    acts.retain(|(act, _)| act != "save");
    Ok(acts)
}

/// Fetches each layer from NVMe once, and loads it twice.
pub fn fetches_once(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    let mut acts = solution::schedule(bytes, gpu, ram)?;
    let mut seen = Vec::new();
    acts.retain(|(act, i)| {
        let again = act == "fetch" && seen.contains(i);
        if act == "fetch" {
            seen.push(*i);
        }
        !again
    });
    Ok(acts)
}

/// Fetches a layer just before it is loaded.
pub fn fetches_late(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    let mut acts = solution::schedule(bytes, gpu, ram)?;
    acts.retain(|(act, _)| act != "fetch");
    let fetch = |(act, i): (String, usize)| {
        let before = (act == "load" && i >= ram).then(|| ("fetch".to_owned(), i));
        before.into_iter().chain([(act, i)])
    };
    Ok(acts.into_iter().flat_map(fetch).collect())
}
