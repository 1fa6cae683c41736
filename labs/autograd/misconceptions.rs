//! Wrong functions, one for each misconception. What must be refused is left to the solution, so that only the mistake
//! differs. Those of `backward` and `accumulated` stand in files of their own.

#[path = "misconceptions/batches.rs"]
mod batches;
#[path = "misconceptions/passes.rs"]
mod passes;

use super::solution::{self, one_hot, softmax, turned, unbroadcast};
use lab_sdk::{D, Result, TapeNode, TapeOp, Tensor, Vjp};

type Gradients = Vec<Option<Tensor>>;

/// The right gradients, with those of one operation put in their place; what the solution refuses is refused.
fn but(
    op: &TapeOp,
    ins: &[Tensor],
    out: &Tensor,
    g: &Tensor,
    wrong: impl FnOnce() -> Result<Option<Gradients>>,
) -> Result<Gradients> {
    let right = solution::vjp(op, ins, out, g)?;
    Ok(wrong()?.unwrap_or(right))
}

/// The gradients of add, mul or matmul in the shape of the result, before anything is summed.
fn spread(op: &TapeOp, ins: &[Tensor], g: &Tensor) -> Result<Option<[Tensor; 2]>> {
    Ok(match (op, ins) {
        (TapeOp::Add {}, _) => Some([g.clone(), g.clone()]),
        (TapeOp::Mul {}, [a, b]) => Some([g.broadcast_mul(b)?, g.broadcast_mul(a)?]),
        (TapeOp::Matmul {}, [a, b]) => Some([g.broadcast_matmul(&turned(b)?)?, turned(a)?.broadcast_matmul(g)?]),
        _ => None,
    })
}

/// Returns gradients in the shape of the result.
pub fn broadcast_not_summed(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || Ok(spread(op, ins, g)?.map(|[a, b]| vec![Some(a), Some(b)])))
}

/// Sums the leading axes and leaves those of length 1 as they are.
pub fn size_one_not_summed(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    let leading = |g: &Tensor, shape: &[usize]| (shape.len()..g.rank()).try_fold(g.clone(), |g, _| g.sum(0));
    but(op, ins, out, g, || {
        let Some(spread) = spread(op, ins, g)? else { return Ok(None) };
        let summed = spread.iter().zip(ins).map(|(g, x)| Ok(Some(leading(g, x.dims())?)));
        Ok(Some(summed.collect::<Result<_>>()?))
    })
}

/// Sums the batch of add and mul, and not that of matmul.
pub fn batch_not_summed(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    match op {
        TapeOp::Matmul {} => broadcast_not_summed(op, ins, out, g),
        _ => solution::vjp(op, ins, out, g),
    }
}

/// Multiplies each factor's gradient by the factor itself.
pub fn own_factor(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::Mul {}, [a, b]) => {
            let (da, db) = (g.broadcast_mul(a)?, g.broadcast_mul(b)?);
            Ok(Some(vec![Some(unbroadcast(&da, a.dims())?), Some(unbroadcast(&db, b.dims())?)]))
        }
        _ => Ok(None),
    })
}

/// g b and a g, neither of them transposed.
pub fn untransposed(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::Matmul {}, [a, b]) => {
            let (da, db) = (g.broadcast_matmul(b)?, a.broadcast_matmul(g)?);
            Ok(Some(vec![Some(unbroadcast(&da, a.dims())?), Some(unbroadcast(&db, b.dims())?)]))
        }
        _ => Ok(None),
    })
}

/// Reverses all axes instead of the last two.
pub fn all_axes_reversed(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    let reversed = |x: &Tensor| x.permute((0..x.rank()).rev().collect::<Vec<usize>>())?.contiguous();
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::Matmul {}, [a, b]) => {
            let (da, db) = (g.broadcast_matmul(&reversed(b)?)?, reversed(a)?.broadcast_matmul(g)?);
            Ok(Some(vec![Some(unbroadcast(&da, a.dims())?), Some(unbroadcast(&db, b.dims())?)]))
        }
        _ => Ok(None),
    })
}

/// g where `mask` of x and y, for relu.
fn masked(
    op: &TapeOp,
    ins: &[Tensor],
    out: &Tensor,
    g: &Tensor,
    mask: impl FnOnce(&Tensor, &Tensor) -> lab_sdk::candle_core::Result<Tensor>,
) -> Result<Gradients> {
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::Relu {}, [x]) => Ok(Some(vec![Some((g * mask(x, out)?.to_dtype(g.dtype())?)?)])),
        _ => Ok(None),
    })
}

/// Lets g through at 0.
pub fn one_at_zero(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    masked(op, ins, out, g, |x, _| x.ge(0.0))
}

/// Lets g through where the result is not negative, which it never is.
pub fn output_not_negative(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    masked(op, ins, out, g, |_, y| y.ge(0.0))
}

/// Takes the mask from the input.
pub fn mask_from_input(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    masked(op, ins, out, g, |x, _| x.gt(0.0))
}

/// Differentiates x Phi(x) instead of its tanh form.
pub fn gelu_of_erf(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::GeluTanh {}, [x]) => {
            let phi = (x / 2f64.sqrt())?.erf()?.affine(0.5, 0.5)?;
            let density = (x.sqr()?.affine(-0.5, 0.0)?.exp()? / (2.0 * std::f64::consts::PI).sqrt())?;
            Ok(Some(vec![Some((g * (phi + (x * density)?)?)?)]))
        }
        _ => Ok(None),
    })
}

/// Spreads g without giving it the summed axis back.
pub fn axis_not_put_back(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::Sum { .. }, [x]) => Ok(Some(vec![Some(g.broadcast_as(x.dims())?.contiguous()?)])),
        _ => Ok(None),
    })
}

/// y (1 - y) g.
pub fn diagonal_only(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || match op {
        TapeOp::Softmax { .. } => Ok(Some(vec![Some((g * (out * out.affine(-1.0, 1.0)?)?)?)])),
        _ => Ok(None),
    })
}

/// Sums along the last axis, whatever `dim` says.
pub fn last_axis(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || match op {
        TapeOp::Softmax { .. } => along(out, g, D::Minus1).map(Some),
        _ => Ok(None),
    })
}

/// Computes the softmax again from x.
pub fn softmax_again(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::Softmax { dim }, [x]) => {
            let e = x.broadcast_sub(&x.max_keepdim(*dim)?)?.exp()?;
            along(&e.broadcast_div(&e.sum_keepdim(*dim)?)?, g, *dim).map(Some)
        }
        _ => Ok(None),
    })
}

fn along(y: &Tensor, g: &Tensor, axis: impl lab_sdk::candle_core::shape::Dim) -> Result<Gradients> {
    Ok(vec![Some((y * g.broadcast_sub(&(g * y)?.sum_keepdim(axis)?)?)?)])
}

/// The gradient of cross-entropy from p (N, C), one_hot (N, C), g and N.
fn entropy(
    op: &TapeOp,
    ins: &[Tensor],
    out: &Tensor,
    g: &Tensor,
    slope: impl FnOnce(&Tensor, &Tensor, f64) -> Result<Tensor>,
) -> Result<Gradients> {
    but(op, ins, out, g, || match (op, ins) {
        (TapeOp::CrossEntropy {}, [logits, targets]) => {
            let one_hot = one_hot(&targets.to_vec1()?, logits)?;
            Ok(Some(vec![Some(slope(logits, &one_hot, logits.dim(0)? as f64)?), None]))
        }
        _ => Ok(None),
    })
}

/// Leaves out the division by N.
pub fn sum_for_mean(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    entropy(op, ins, out, g, |logits, one_hot, _| Ok((softmax(logits)?.0 - one_hot)?.broadcast_mul(g)?))
}

/// Takes the arriving gradient for 1.
pub fn arriving_ignored(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    entropy(op, ins, out, g, |logits, one_hot, n| Ok(((softmax(logits)?.0 - one_hot)? / n)?))
}

/// exp of the bare logits.
pub fn exp_overflows(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Gradients> {
    entropy(op, ins, out, g, |logits, one_hot, n| {
        let e = logits.exp()?;
        Ok(((e.broadcast_div(&e.sum_keepdim(1)?)? - one_hot)?.broadcast_mul(g)? / n)?)
    })
}

/// Keeps the last gradient that arrives.
pub fn overwrites(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::overwriting(tape, loss, vjp)
}

/// Goes from a node to its inputs at once, the last first.
pub fn depth_first(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::unordered(tape, loss, vjp, |waiting| waiting.pop_back())
}

/// Goes through the nodes in the order in which they are found.
pub fn breadth_first(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::unordered(tape, loss, vjp, |waiting| waiting.pop_front())
}

/// Finds the order by calling itself for each input.
pub fn recursion(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::recursive(tape, loss, vjp)
}

/// Propagates along each path by itself.
pub fn every_path(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::path_by_path(tape, loss, vjp)
}

/// Zeros in place of `None`.
pub fn zeros_for_none(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::zeroed(tape, loss, vjp)
}

/// Gives gradients to all that has a product, and lets them through.
pub fn requires_grad_ignored(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::to_all(tape, loss, vjp)
}

/// Begins at the end of the tape.
pub fn last_node(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::from_the_end(tape, loss, vjp)
}

/// Adds into an array that is another node's gradient too.
pub fn adds_in_place(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Gradients> {
    passes::shared(tape, loss, vjp)
}

/// The mean of the micro-batches' means.
pub fn mean_of_means(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::of_means(w, micro)
}

/// The right loss, and the mean of the micro-batches' mean gradients.
pub fn gradient_of_means(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::gradient_of_means(w, micro)
}

/// Sums that nothing divides.
pub fn sums_alone(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::undivided(w, micro)
}

/// Sums over the number of micro-batches.
pub fn divided_by_micro_batches(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::divided(w, micro, micro.len())
}

/// Sums over all positions, padding too.
pub fn padding_counted(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::divided(w, micro, micro.iter().map(|(_, targets)| targets.elem_count()).sum())
}

/// What the last micro-batch gave.
pub fn only_the_last(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::last(w, micro)
}

/// w moves after each micro-batch.
pub fn steps_each_time(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::stepping(w, micro)
}

/// Takes the logarithm of the probabilities.
pub fn log_of_softmax(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::log_of_softmax(w, micro)
}

/// Padding is learned as class 0.
pub fn padding_as_class(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::padding_learned(w, micro)
}

/// Padding is left out of the loss, and not of the gradient.
pub fn padding_in_gradient(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    batches::padding_in_slope(w, micro)
}
