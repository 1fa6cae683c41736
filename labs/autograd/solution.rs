//! Reverse mode from a tape: the products of single operations, the pass that joins them, gradients of many micro-batches.
//!
//! Legend: g the gradient of the loss in an operation's result, of the result's shape; a, b, x inputs; y the result; N rows,
//! C classes, T tokens, d inputs, V classes of a token. A VJP is g J, J the Jacobian of the operation, without writing J down.

use lab_sdk::{D, DType, Device, Result, TapeNode, TapeOp, Tensor, Vjp, ensure};

/// A target that does not count.
pub const PADDING: u32 = u32::MAX;

/// The gradients of an operation's inputs, each of its input's shape; `None` for targets, which have none.
///
/// ins f32 (targets u32), out the operation's result, g of its shape. Reads of them only what a tape keeps. Refuses an
/// unknown operation, another number of inputs, a g of another shape, an axis that is not there, a target that is no class.
pub fn vjp(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Result<Vec<Option<Tensor>>> {
    ensure!(g.dims() == out.dims(), "g has shape {:?}, the result {:?}", g.dims(), out.dims());
    let one = |dx: Tensor| Ok(vec![Some(dx)]);
    match (op, ins) {
        (TapeOp::Add {}, [a, b]) => Ok(vec![Some(unbroadcast(g, a.dims())?), Some(unbroadcast(g, b.dims())?)]),
        (TapeOp::Mul {}, [a, b]) => {
            let (da, db) = (g.broadcast_mul(b)?, g.broadcast_mul(a)?);
            Ok(vec![Some(unbroadcast(&da, a.dims())?), Some(unbroadcast(&db, b.dims())?)])
        }
        (TapeOp::Matmul {}, [a, b]) => {
            // Y = A B: dA = G B^T (.., M, K), dB = A^T G (.., K, N), summed over the batch axes that were broadcast.
            let (da, db) = (g.broadcast_matmul(&turned(b)?)?, turned(a)?.broadcast_matmul(g)?);
            Ok(vec![Some(unbroadcast(&da, a.dims())?), Some(unbroadcast(&db, b.dims())?)])
        }
        // The mask of x > 0 is that of y > 0. At 0 the subgradient is taken to be 0, as PyTorch does.
        (TapeOp::Relu {}, [_]) => one((g * out.gt(0.0)?.to_dtype(g.dtype())?)?),
        (TapeOp::GeluTanh {}, [x]) => one((g * gelu_slope(x)?)?),
        (TapeOp::Sum { dim, keep }, [x]) => {
            ensure!(*dim < x.rank(), "x has no axis {dim}");
            let g = if *keep { g.clone() } else { g.unsqueeze(*dim)? };
            one(g.broadcast_as(x.dims())?.contiguous()?)
        }
        (TapeOp::Softmax { dim }, [_]) => {
            ensure!(*dim < out.rank(), "x has no axis {dim}");
            // J = diag(y) - y y^T along the axis, and g J = y (g - sum(g y)).
            let shared = (g * out)?.sum_keepdim(*dim)?;
            one((out * g.broadcast_sub(&shared)?)?)
        }
        (TapeOp::CrossEntropy {}, [logits, targets]) => {
            let (n, classes) = logits.dims2()?;
            let targets: Vec<u32> = targets.to_vec1()?;
            ensure!(targets.iter().all(|t| (*t as usize) < classes), "a target outside the {classes} classes");
            let (p, _) = softmax(logits)?; // (N, C)
            let slope = (p - one_hot(&targets, logits)?)?;
            Ok(vec![Some((slope.broadcast_mul(g)? / n as f64)?), None])
        }
        _ => Err(format!("{op:?} of {} inputs is not on the list", ins.len()).into()),
    }
}

/// The gradients of `loss` in all nodes of `tape`: `None` where none is wanted, and where the loss does not depend on it.
///
/// The products come from `vjp.call(node, g)`, once a node. Refuses a loss that is not there, has not exactly one element, or
/// needs no gradient, and a node that reads one which does not stand before it.
pub fn backward(tape: &[TapeNode], loss: usize, vjp: &Vjp) -> Result<Vec<Option<Tensor>>> {
    fits(tape, loss)?;
    let mut grads: Vec<Option<Tensor>> = vec![None; tape.len()];
    grads[loss] = Some(Tensor::ones(tape[loss].shape.as_slice(), DType::F32, &Device::Cpu)?);
    // A tape is in topological order: walked backwards, each node comes after all that read it, with its gradient complete.
    for at in (0..=loss).rev().filter(|&at| !tape[at].ins.is_empty()) {
        let Some(g) = grads[at].clone() else { continue };
        for (&input, part) in tape[at].ins.iter().zip(vjp.call(at, &g)?) {
            let Some(part) = part.filter(|_| tape[input].requires_grad) else { continue };
            grads[input] = Some(match grads[input].take() {
                Some(sum) => (sum + part)?,
                None => part,
            });
        }
    }
    Ok(grads)
}

/// (mean loss, dW (d, V)): softmax cross-entropy of x w over all tokens of all micro-batches whose target is not padding.
///
/// w f32 (d, V); each micro-batch x f32 (T, d) and targets u32 (T). Refuses an x of another width, another number of
/// targets, a target that is neither a class nor padding, and micro-batches without one token that counts.
pub fn accumulated(w: &Tensor, micro: &[(Tensor, Tensor)]) -> Result<(f64, Tensor)> {
    let (mut loss, mut dw, mut count) = (0.0, w.zeros_like()?, 0);
    for (x, targets) in micro {
        let part = summed(w, x, targets)?;
        (loss, dw, count) = (loss + part.loss, (dw + part.dw)?, count + part.count);
    }
    ensure!(count > 0, "there is no token that counts");
    // One division, by what was summed: a mean of means would weigh a short micro-batch like a long one.
    Ok((loss / count as f64, (dw / count as f64)?))
}

/// Sums over one micro-batch.
pub(crate) struct Summed {
    /// Of -log p(target).
    pub loss: f64,
    /// (d, V), of its gradients.
    pub dw: Tensor,
    /// Of the tokens that count.
    pub count: usize,
}

/// The sums of a micro-batch over its tokens that count.
pub(crate) fn summed(w: &Tensor, x: &Tensor, targets: &Tensor) -> Result<Summed> {
    let ((tokens, d), (rows, classes)) = (x.dims2()?, w.dims2()?);
    let targets: Vec<u32> = targets.to_vec1()?;
    ensure!(d == rows, "x has {d} columns, w has {rows} rows");
    ensure!(targets.len() == tokens, "{} targets for {tokens} tokens", targets.len());
    let logits = x.matmul(w)?; // (T, V)
    let (p, log_p) = softmax(&logits)?;
    let one_hot = one_hot(&targets, &logits)?; // refuses what is no class
    let log_p: Vec<f64> = log_p.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
    let counts = |at: &usize| targets[*at] != PADDING;
    let loss = (0..tokens).filter(counts).map(|at| -log_p[at * classes + targets[at] as usize]).sum();
    let mask: Vec<f64> = (0..tokens).map(|at| f64::from(u8::from(counts(&at)))).collect();
    let mask = Tensor::from_vec(mask, (tokens, 1), &Device::Cpu)?.to_dtype(p.dtype())?;
    let slope = (p - one_hot)?.broadcast_mul(&mask)?;
    Ok(Summed { loss, dw: x.t()?.matmul(&slope)?, count: (0..tokens).filter(counts).count() })
}

/// What a backward pass asks of a tape.
pub(crate) fn fits(tape: &[TapeNode], loss: usize) -> Result<()> {
    let Some(last) = tape.get(loss) else {
        return Err(format!("there is no node {loss}: the tape has {}", tape.len()).into());
    };
    ensure!(last.elements() == 1, "the loss has shape {:?}: only a scalar has a gradient", last.shape);
    ensure!(last.requires_grad, "the loss needs no gradient");
    for (at, node) in tape.iter().enumerate() {
        ensure!(node.ins.iter().all(|&input| input < at), "node {at} reads {:?}, not all before it", node.ins);
    }
    Ok(())
}

/// g summed over what broadcasting repeated, so that it has `shape` again: leading axes, then axes of length 1.
pub(crate) fn unbroadcast(g: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let mut g = g.clone();
    while g.rank() > shape.len() {
        g = g.sum(0)?;
    }
    for (axis, &extent) in shape.iter().enumerate() {
        if extent == 1 && g.dim(axis)? != 1 {
            g = g.sum_keepdim(axis)?;
        }
    }
    Ok(g)
}

/// The last two axes exchanged.
pub(crate) fn turned(x: &Tensor) -> Result<Tensor> {
    Ok(x.transpose(D::Minus2, D::Minus1)?.contiguous()?)
}

/// d/dx of x (1 + tanh u) / 2 with u = c (x + k x^3): (1 + tanh u) / 2 + x (1 - tanh^2 u) u' / 2.
fn gelu_slope(x: &Tensor) -> Result<Tensor> {
    let (c, k) = ((2.0 / std::f64::consts::PI).sqrt(), 0.044715);
    let square = x.sqr()?;
    let t = ((x + (x * &square)?.affine(k, 0.0)?)? * c)?.tanh()?;
    let inner = square.affine(3.0 * c * k, c)?; // u'
    let second = ((x * t.sqr()?.affine(-1.0, 1.0)?)? * inner)?;
    Ok(((t.affine(1.0, 1.0)? + second)? * 0.5)?)
}

/// softmax and log softmax of each row, (N, C). The row's maximum is taken off first: exp of a large logit is infinite.
pub(crate) fn softmax(logits: &Tensor) -> Result<(Tensor, Tensor)> {
    let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?)?;
    let e = shifted.exp()?;
    let sum = e.sum_keepdim(D::Minus1)?;
    Ok((e.broadcast_div(&sum)?, shifted.broadcast_sub(&sum.log()?)?))
}

/// 1 at each row's target and 0 elsewhere, in the shape and dtype of the logits; a row of padding is all 0.
pub(crate) fn one_hot(targets: &[u32], logits: &Tensor) -> Result<Tensor> {
    let (n, classes) = logits.dims2()?;
    ensure!(targets.len() == n, "{} targets for {n} rows", targets.len());
    let mut ones = vec![0.0; n * classes];
    for (row, &target) in targets.iter().enumerate().filter(|(_, target)| **target != PADDING) {
        ensure!((target as usize) < classes, "target {target}: there are {classes} classes");
        ones[row * classes + target as usize] = 1.0;
    }
    Ok(Tensor::from_vec(ones, (n, classes), &Device::Cpu)?.to_dtype(logits.dtype())?)
}
