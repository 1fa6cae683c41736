//! Gradients of many micro-batches that go wrong in one way each.

use super::super::solution::{self, PADDING, Summed, one_hot, softmax, summed};
use lab_sdk::{DType, Device, Result, Tensor};

type Micro = [(Tensor, Tensor)];

/// The sums of all micro-batches, and what counts.
fn all(w: &Tensor, micro: &Micro) -> Result<Summed> {
    // Refuses what is to be refused.
    solution::accumulated(w, micro)?;
    let mut sums = Summed { loss: 0.0, dw: w.zeros_like()?, count: 0 };
    for (x, targets) in micro {
        let part = summed(w, x, targets)?;
        sums = Summed { loss: sums.loss + part.loss, dw: (sums.dw + part.dw)?, count: sums.count + part.count };
    }
    Ok(sums)
}

pub fn of_means(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    solution::accumulated(w, micro)?;
    let (mut loss, mut dw) = (0.0, w.zeros_like()?);
    for (x, targets) in micro {
        let part = summed(w, x, targets)?;
        let count = part.count as f64;
        // 0 / 0 where nothing counts, as a mean has it.
        (loss, dw) = (loss + part.loss / count, (dw + (part.dw / count)?)?);
    }
    let k = micro.len() as f64;
    Ok((loss / k, (dw / k)?))
}

pub fn gradient_of_means(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    let (loss, _) = solution::accumulated(w, micro)?;
    let mut dw = w.zeros_like()?;
    for (x, targets) in micro {
        let part = summed(w, x, targets)?;
        // Nothing to divide by 0 where nothing counts.
        dw = (dw + (part.dw / part.count.max(1) as f64)?)?;
    }
    Ok((loss, (dw / micro.len() as f64)?))
}

pub fn undivided(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    let sums = all(w, micro)?;
    Ok((sums.loss, sums.dw))
}

pub fn divided(w: &Tensor, micro: &Micro, by: usize) -> Result<(f64, Tensor)> {
    let sums = all(w, micro)?;
    Ok((sums.loss / by as f64, (sums.dw / by as f64)?))
}

pub fn last(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    let sums = all(w, micro)?;
    let Some((x, targets)) = micro.last() else { return Ok((sums.loss, sums.dw)) };
    let count = sums.count as f64;
    Ok((sums.loss / count, (summed(w, x, targets)?.dw / count)?))
}

pub fn stepping(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    let count = all(w, micro)?.count as f64;
    let (mut moved, mut loss, mut dw) = (w.clone(), 0.0, w.zeros_like()?);
    for (x, targets) in micro {
        let part = summed(&moved, x, targets)?;
        if part.count > 0 {
            moved = (moved - (&part.dw / part.count as f64)?)?;
        }
        (loss, dw) = (loss + part.loss, (dw + part.dw)?);
    }
    Ok((loss / count, (dw / count)?))
}

/// Padding turned into class 0.
fn as_class(targets: &Tensor) -> Result<Tensor> {
    let targets: Vec<u32> = targets.to_vec1()?;
    let length = targets.len();
    let known = targets.into_iter().map(|t| if t == PADDING { 0 } else { t }).collect::<Vec<u32>>();
    Ok(Tensor::from_vec(known, length, &Device::Cpu)?)
}

pub fn padding_learned(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    solution::accumulated(w, micro)?;
    let learned = micro.iter().map(|(x, targets)| Ok((x.clone(), as_class(targets)?)));
    solution::accumulated(w, &learned.collect::<Result<Vec<_>>>()?)
}

pub fn padding_in_slope(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    let Summed { loss, count, .. } = all(w, micro)?;
    let mut dw = w.zeros_like()?;
    for (x, targets) in micro {
        let (p, _) = softmax(&x.matmul(w)?)?;
        let slope = (&p - one_hot(&as_class(targets)?.to_vec1()?, &p)?)?;
        dw = (dw + x.t()?.matmul(&slope)?)?;
    }
    Ok((loss / count as f64, (dw / count as f64)?))
}

/// Takes the logarithm of the probabilities.
pub fn log_of_softmax(w: &Tensor, micro: &Micro) -> Result<(f64, Tensor)> {
    let (_, dw) = solution::accumulated(w, micro)?;
    let (mut loss, mut count) = (0.0, 0);
    for (x, targets) in micro {
        let log_p: Vec<Vec<f64>> = softmax(&x.matmul(w)?)?.0.log()?.to_dtype(DType::F64)?.to_vec2()?;
        let targets: Vec<u32> = targets.to_vec1()?;
        for (row, &target) in log_p.iter().zip(&targets).filter(|(_, target)| **target != PADDING) {
            (loss, count) = (loss - row[target as usize], count + 1);
        }
    }
    Ok((loss / f64::from(count), dw))
}
