//! What the operations compute, and what of it a tape has to keep for the way back.

use lab_sdk::{D, Result, TapeOp, Tensor, ensure};

/// The result of an operation. ins f32 or f64; targets u32.
pub fn value(op: &TapeOp, ins: &[Tensor]) -> Result<Tensor> {
    Ok(match (op, ins) {
        (TapeOp::Add {}, [a, b]) => a.broadcast_add(b)?,
        (TapeOp::Mul {}, [a, b]) => a.broadcast_mul(b)?,
        (TapeOp::Matmul {}, [a, b]) => a.broadcast_matmul(b)?,
        (TapeOp::Relu {}, [x]) => x.relu()?,
        (TapeOp::GeluTanh {}, [x]) => {
            let inner = ((x + (x.powf(3.0)? * 0.044715)?)? * (2.0 / std::f64::consts::PI).sqrt())?;
            ((x * inner.tanh()?.affine(1.0, 1.0)?)? * 0.5)?
        }
        (TapeOp::Sum { dim, keep: true }, [x]) => x.sum_keepdim(*dim)?,
        (TapeOp::Sum { dim, keep: false }, [x]) => x.sum(*dim)?,
        // No maximum of nothing.
        (TapeOp::Softmax { .. }, [x]) if x.elem_count() == 0 => x.clone(),
        (TapeOp::Softmax { dim }, [x]) => {
            let e = x.broadcast_sub(&x.max_keepdim(*dim)?)?.exp()?;
            e.broadcast_div(&e.sum_keepdim(*dim)?)?
        }
        (TapeOp::CrossEntropy {}, [logits, targets]) => {
            let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?)?;
            let log_p = shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(D::Minus1)?.log()?)?;
            log_p.gather(&targets.unsqueeze(1)?, 1)?.mean_all()?.neg()?
        }
        _ => return Err(format!("{op:?} of {} inputs", ins.len()).into()),
    })
}

/// What the way back reads of an operation: each of its inputs, and its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whether the inputs are read.
    pub ins: bool,
    /// Whether the result is read.
    pub out: bool,
}

/// What a tape keeps of an operation whose inputs all need gradients (targets are kept as they are).
pub fn kept(op: &TapeOp) -> Kept {
    let (ins, out) = match op {
        TapeOp::Mul {} | TapeOp::Matmul {} | TapeOp::GeluTanh {} | TapeOp::CrossEntropy {} => (true, false),
        TapeOp::Relu {} | TapeOp::Softmax { .. } => (false, true),
        TapeOp::Add {} | TapeOp::Sum { .. } | TapeOp::Unknown => (false, false),
    };
    Kept { ins, out }
}

/// NaN in the place of every number: what is left of a tensor that was not kept.
pub fn lost(x: &Tensor) -> Result<Tensor> {
    ensure!(x.dtype().is_float(), "targets have no NaN");
    Ok(Tensor::full(f64::NAN, x.dims(), x.device())?.to_dtype(x.dtype())?)
}
