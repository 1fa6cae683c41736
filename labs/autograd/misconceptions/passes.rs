//! Backward passes that go wrong in one way each.

use super::super::solution::{self, fits};
use super::Gradients;
use lab_sdk::{DType, Device, Result, TapeNode, Tensor, Vjp};
use std::collections::VecDeque;

/// How deep a recursion goes here before it stands for one that overflows the stack: as deep as Python lets it go.
const DEPTH: usize = 1000;

fn ones(node: &TapeNode) -> Result<Tensor> {
    Ok(Tensor::ones(node.shape.as_slice(), DType::F32, &Device::Cpu)?)
}

/// No gradients yet but the loss's own.
fn begun(tape: &[TapeNode], loss: usize) -> Result<Gradients> {
    fits(tape, loss)?;
    let mut grads = vec![None; tape.len()];
    grads[loss] = Some(ones(&tape[loss])?);
    Ok(grads)
}

/// The inputs of a node that a gradient goes to, with it.
fn parts(tape: &[TapeNode], at: usize, g: &Tensor, vjp: &Vjp) -> Result<Vec<(usize, Tensor)>> {
    if tape[at].ins.is_empty() {
        return Ok(Vec::new());
    }
    let each = tape[at].ins.iter().copied().zip(vjp.call(at, g)?);
    Ok(each.filter_map(|(input, part)| Some((input, part?))).filter(|(input, _)| tape[*input].requires_grad).collect())
}

fn add(to: &mut Option<Tensor>, part: Tensor) -> Result<()> {
    *to = Some(match to.take() {
        Some(sum) => (sum + part)?,
        None => part,
    });
    Ok(())
}

/// Propagates the gradients of `order`, node by node.
fn walk(tape: &[TapeNode], grads: &mut Gradients, vjp: &Vjp, order: impl Iterator<Item = usize>) -> Result<()> {
    for at in order {
        let Some(g) = grads[at].clone() else { continue };
        for (input, part) in parts(tape, at, &g, vjp)? {
            add(&mut grads[input], part)?;
        }
    }
    Ok(())
}

pub fn overwriting(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    let mut grads = begun(tape, loss)?;
    for at in (0..=loss).rev() {
        let Some(g) = grads[at].clone() else { continue };
        for (input, part) in parts(tape, at, &g, vjp)? {
            grads[input] = Some(part);
        }
    }
    Ok(grads)
}

/// Each node once, as soon as `next` takes it out of what waits.
pub fn unordered(
    tape: &[TapeNode],
    loss: usize,
    vjp: &Vjp,
    next: fn(&mut VecDeque<usize>) -> Option<usize>,
) -> Result<Gradients> {
    let mut grads = begun(tape, loss)?;
    let (mut waiting, mut seen) = (VecDeque::from([loss]), vec![false; tape.len()]);
    seen[loss] = true;
    while let Some(at) = next(&mut waiting) {
        let Some(g) = grads[at].clone() else { continue };
        for (input, part) in parts(tape, at, &g, vjp)? {
            add(&mut grads[input], part)?;
            if !seen[input] {
                seen[input] = true;
                waiting.push_back(input);
            }
        }
    }
    Ok(grads)
}

pub fn recursive(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    let mut grads = begun(tape, loss)?;
    let (mut order, mut seen) = (Vec::new(), vec![false; tape.len()]);
    visit(tape, loss, 0, &mut seen, &mut order);
    walk(tape, &mut grads, vjp, order.into_iter().rev())?;
    Ok(grads)
}

/// All that a node is made of, then the node.
fn visit(tape: &[TapeNode], at: usize, depth: usize, seen: &mut [bool], order: &mut Vec<usize>) {
    if depth == DEPTH {
        // A panic whose message is not printed.
        std::panic::resume_unwind(Box::new("the stack overflowed: a call for each node"));
    }
    if std::mem::replace(&mut seen[at], true) {
        return;
    }
    tape[at].ins.iter().for_each(|&input| visit(tape, input, depth + 1, seen, order));
    order.push(at);
}

pub fn path_by_path(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    let mut grads = begun(tape, loss)?;
    let mut waiting = vec![(loss, ones(&tape[loss])?)];
    while let Some((at, g)) = waiting.pop() {
        for (input, part) in parts(tape, at, &g, vjp)? {
            add(&mut grads[input], part.clone())?;
            waiting.push((input, part));
        }
    }
    Ok(grads)
}

pub fn zeroed(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    let grads = solution::backward(tape, loss, vjp)?;
    let zeros = |node: &TapeNode| Tensor::zeros(node.shape.as_slice(), DType::F32, &Device::Cpu);
    grads.into_iter().zip(tape).map(|(g, node)| Ok(Some(g.map_or_else(|| zeros(node), Ok)?))).collect()
}

pub fn to_all(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    fits(tape, loss)?;
    let all = |node: &TapeNode| TapeNode { requires_grad: true, ..node.clone() };
    let tape: Vec<TapeNode> = tape.iter().map(all).collect();
    solution::backward(&tape, loss, vjp)
}

pub fn from_the_end(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    let mut grads = vec![None; tape.len()];
    fits(tape, loss)?;
    let last = tape.len() - 1;
    grads[last] = Some(ones(&tape[last])?);
    walk(tape, &mut grads, vjp, (0..=last).rev())?;
    Ok(grads)
}

/// Arrays that are added into. A product that passes its gradient on hands out the node's own array.
pub fn shared(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    fits(tape, loss)?;
    let mut arrays = vec![ones(&tape[loss])?];
    let mut held: Vec<Option<usize>> = vec![None; tape.len()];
    held[loss] = Some(0);
    for at in (0..=loss).rev() {
        let Some(own) = held[at] else { continue };
        let g = arrays[own].clone();
        for (input, part) in parts(tape, at, &g, vjp)? {
            let same = part.id() == g.id();
            match held[input] {
                Some(array) => {
                    let part = if same { arrays[own].clone() } else { part };
                    arrays[array] = (&arrays[array] + part)?;
                }
                None if same => held[input] = Some(own),
                None => {
                    held[input] = Some(arrays.len());
                    arrays.push(part);
                }
            }
        }
    }
    Ok(held.into_iter().map(|array| array.map(|array| arrays[array].clone())).collect())
}
