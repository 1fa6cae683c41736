//! A training step in less memory: the model answer, and what other answers are compared with.
//!
//! L layers; a segment is a run of layers of which only the first one's input is kept.

use lab_sdk::{Amp, Chain, DType, Result, Tensor, ensure};

/// The layers whose inputs are kept, so that the peak fits the budget and as few layers as possible run twice.
///
/// Every segment but the last runs twice, whatever its length: so the last one has to be long, and what comes before it
/// only has to fit. `least[e]` holds the fewest bytes of kept inputs before layer e; fewer are never worse.
pub fn plan(input: &[usize], saved: &[usize], budget: usize) -> Result<Vec<usize>> {
    ensure!(!input.is_empty(), "no layers");
    ensure!(input.len() == saved.len(), "{} inputs and {} layers", input.len(), saved.len());
    segments(input, saved, budget).ok_or_else(|| {
        let least = least_budget(input, saved);
        format!("{budget} bytes are too few: these layers need {least}").into()
    })
}

/// The best plan within `budget`, if there is one. O(L^2).
pub(crate) fn segments(input: &[usize], saved: &[usize], budget: usize) -> Option<Vec<usize>> {
    let layers = input.len();
    // (bytes kept before this layer, where the segment before it begins)
    let mut least: Vec<Option<(usize, usize)>> = vec![None; layers];
    least[0] = Some((0, 0));
    let mut rest: usize = saved.iter().sum();
    for start in 0..layers {
        if let Some((before, _)) = least[start] {
            let kept = before + input[start];
            if kept + rest <= budget {
                return Some(walk_back(&least, start));
            }
            let mut segment = 0;
            for end in start + 1..layers {
                segment += saved[end - 1];
                if kept + segment <= budget && least[end].is_none_or(|(other, _)| kept < other) {
                    least[end] = Some((kept, start));
                }
            }
        }
        rest -= saved[start];
    }
    None
}

fn walk_back(least: &[Option<(usize, usize)>], last: usize) -> Vec<usize> {
    let mut keep = vec![last];
    let mut at = last;
    while let Some((_, start)) = least[at].filter(|_| at > 0) {
        keep.push(start);
        at = start;
    }
    keep.reverse();
    keep
}

/// The smallest budget that any plan fits.
pub(crate) fn least_budget(input: &[usize], saved: &[usize]) -> usize {
    let (mut low, mut high) = (0, input.iter().chain(saved).sum());
    while low < high {
        let middle = (low + high) / 2;
        match segments(input, saved, middle) {
            Some(_) => high = middle,
            None => low = middle + 1,
        }
    }
    low
}

/// Forward and backward of the batch that flows, with only the inputs of the layers `keep` kept; the loss times `scale`.
pub fn run_ckpt(net: &mut Chain, keep: &[usize], scale: f64) -> Result<f64> {
    let last = check_keep(net, keep)?;
    let mut states = Vec::new();
    for i in 0..net.layers() {
        if keep.contains(&i) {
            net.keep(i)?;
            states.push(net.rng());
        }
        // What the last segment saves is needed at once.
        net.forward(i, i >= last)?;
    }
    let loss = net.loss(scale)?;
    let after = net.rng();
    let mut end = net.layers();
    for (&start, &state) in keep.iter().zip(&states).rev() {
        if start < last {
            net.load(start)?;
            net.set_rng(state);
            (start..end).try_for_each(|i| net.forward(i, true))?;
        }
        (start..end).rev().try_for_each(|i| net.backward(i))?;
        net.free(start)?;
        end = start;
    }
    net.set_rng(after);
    Ok(loss)
}

/// Refuses what is no plan; the layer at which the last segment begins.
pub(crate) fn check_keep(net: &Chain, keep: &[usize]) -> Result<usize> {
    ensure!(keep.first() == Some(&0), "the input of layer 0 has to be kept");
    ensure!(keep.windows(2).all(|pair| pair[0] < pair[1]), "{keep:?} does not rise");
    let last = keep[keep.len() - 1];
    ensure!(last < net.layers(), "layer {last}: the chain has {}", net.layers());
    Ok(last)
}

/// Adds the gradients of the mean loss over all rows of `x`, `micro` rows at a time; that loss.
pub fn train_step(net: &mut Chain, x: &Tensor, y: &[u32], micro: usize, keep: &[usize]) -> Result<f64> {
    let rows = x.dim(0)?;
    ensure!(micro > 0, "micro-batches of 0 rows");
    ensure!(rows > 0 && y.len() == rows, "{rows} rows and {} labels", y.len());
    let mut loss = 0.0;
    for at in (0..rows).step_by(micro) {
        let count = micro.min(rows - at);
        net.feed(&x.narrow(0, at, count)?, &y[at..at + count])?;
        loss += run_ckpt(net, keep, count as f64 / rows as f64)?;
    }
    Ok(loss)
}

/// One step of a trainer in FP16 with the gradients of the scaled loss: unscale, skip or clip, step. Whether it stepped.
pub fn amp_step(st: &mut Amp, grads: &[Tensor]) -> Result<bool> {
    fits(st, grads)?;
    let grads = unscaled(st, grads)?;
    if !all_finite(&grads)? {
        overflowed(st);
        return Ok(false);
    }
    let factor = clip_factor(norm(&grads)?, st.clip);
    descend(st, &grads, factor)?;
    stepped(st);
    Ok(true)
}

pub(crate) fn fits(st: &Amp, grads: &[Tensor]) -> Result<()> {
    ensure!(grads.len() == st.master.len(), "{} gradients for {} weights", grads.len(), st.master.len());
    let other = grads.iter().zip(&st.master).find(|(g, w)| g.dims() != w.dims());
    ensure!(other.is_none(), "a gradient has not its weight's shape");
    Ok(())
}

/// In the masters' precision first: FP16 would lose what the scale has saved.
pub(crate) fn unscaled(st: &Amp, grads: &[Tensor]) -> Result<Vec<Tensor>> {
    grads.iter().zip(&st.master).map(|(g, w)| Ok((g.to_dtype(w.dtype())? / st.scale)?)).collect()
}

pub(crate) fn all_finite(grads: &[Tensor]) -> Result<bool> {
    for g in grads {
        if g.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?.iter().any(|v| !v.is_finite()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The norm of all gradients together.
pub(crate) fn norm(grads: &[Tensor]) -> Result<f64> {
    let squares = grads.iter().map(|g| Ok(g.sqr()?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?));
    Ok(squares.sum::<Result<f64>>()?.sqrt())
}

/// What gradients of this norm are multiplied with. The small term is PyTorch's.
pub(crate) fn clip_factor(norm: f64, clip: f64) -> f64 {
    (clip / (norm + 1e-6)).min(1.0)
}

/// v = mu v + g, w = w - lr v.
pub(crate) fn descend(st: &mut Amp, grads: &[Tensor], factor: f64) -> Result<()> {
    for ((w, v), g) in st.master.iter_mut().zip(&mut st.momentum).zip(grads) {
        *v = ((&*v * st.mu)? + (g * factor)?)?;
        *w = (&*w - (&*v * st.lr)?)?;
    }
    Ok(())
}

pub(crate) fn overflowed(st: &mut Amp) {
    st.scale *= 0.5;
    st.clean = 0;
}

pub(crate) fn stepped(st: &mut Amp) {
    st.clean += 1;
    if st.clean == st.interval {
        st.scale *= 2.0;
        st.clean = 0;
    }
}

/// What to copy and what to run, in order, for one step with layers that the GPU cannot hold all at once.
///
/// Loads go ahead as far as there is room. Forward makes room by the lowest layers, which backward needs last; backward
/// evicts each layer after its gradient is saved.
pub fn schedule(bytes: &[usize], gpu: usize, ram: usize) -> Result<Vec<(String, usize)>> {
    ensure!(!bytes.is_empty(), "no layers");
    let large = bytes.iter().max().filter(|largest| **largest > gpu);
    ensure!(large.is_none(), "a layer of {} bytes: the GPU holds {gpu}", large.copied().unwrap_or_default());
    let layers = bytes.len();
    let (mut acts, mut free) = (Vec::new(), gpu);
    // Layers lowest .. next are on the GPU, those below done forward.
    let (mut lowest, mut next) = (0, 0);
    for i in 0..layers {
        while next < layers {
            while bytes[next] > free && lowest < i {
                acts.push(("evict", lowest));
                free += bytes[lowest];
                lowest += 1;
            }
            if bytes[next] > free {
                break;
            }
            acts.push(("load", next));
            free -= bytes[next];
            next += 1;
        }
        acts.push(("fwd", i));
    }
    for i in (0..layers).rev() {
        while lowest > 0 && bytes[lowest - 1] <= free {
            lowest -= 1;
            acts.push(("load", lowest));
            free -= bytes[lowest];
        }
        acts.extend([("bwd", i), ("save", i), ("evict", i)]);
        free += bytes[i];
    }
    Ok(fetched(&acts, ram).into_iter().map(|(act, i)| (act.to_owned(), i)).collect())
}

/// The same acts with the fetches of the layers from `ram` on: two before the first of their loads, one after each.
pub(crate) fn fetched<'a>(acts: &[(&'a str, usize)], ram: usize) -> Vec<(&'a str, usize)> {
    let slow = |act: &&(&str, usize)| act.0 == "load" && act.1 >= ram;
    let mut coming = acts.iter().filter(slow).map(|(_, i)| ("fetch", *i));
    let mut all: Vec<(&str, usize)> = coming.by_ref().take(2).collect();
    for act in acts {
        all.push(*act);
        if slow(&act) {
            all.extend(coming.next());
        }
    }
    all
}
