//! Operators that ask for shapes, change them, or reduce over dimensions.

use super::FxValue;
use super::operands::{Operands, dtype, number};
use crate::{DType, Device, Error, Result, Tensor, ensure};

/// The result; `None` for an operator that is not here.
pub fn compute(o: &Operands<'_>) -> Result<Option<FxValue>> {
    let x = || o.tensor(0, "input");
    let tensor = match o.name {
        "getattr" => return attribute(o).map(Some),
        "size" => return size(o).map(Some),
        "dim" | "ndimension" => return Ok(Some(FxValue::Int(x()?.rank() as i64))),
        "numel" => return Ok(Some(FxValue::Int(x()?.elem_count() as i64))),
        "len" => return length(o).map(Some),
        "getitem" => return item(o).map(Some),
        "chunk" | "split" => return pieces(o).map(Some),
        "view" | "reshape" => {
            let shape = o.rest(1)?;
            x()?.reshape(resolved(x()?.elem_count(), &shape)?)?
        }
        "flatten" => {
            o.at_most(3, &["input", "start_dim", "end_dim"])?;
            let x = x()?;
            let (start, end) = (o.int(1, "start_dim", 0)?, o.int(2, "end_dim", -1)?);
            x.flatten(axis(x.rank(), start)?, axis(x.rank(), end)?)?
        }
        "permute" => {
            let x = x()?;
            let axes = o.rest(1)?.iter().map(|&a| axis(x.rank(), a)).collect::<Result<Vec<_>>>()?;
            x.permute(axes)?.contiguous()?
        }
        "transpose" => {
            o.at_most(3, &["input", "dim0", "dim1"])?;
            let x = x()?;
            let (a, b) = (axis(x.rank(), o.int(1, "dim0", 0)?)?, axis(x.rank(), o.int(2, "dim1", 1)?)?);
            x.transpose(a, b)?.contiguous()?
        }
        "t" => {
            o.at_most(1, &["input"])?;
            x()?.t()?.contiguous()?
        }
        "unsqueeze" => {
            o.at_most(2, &["input", "dim"])?;
            let x = x()?;
            x.unsqueeze(axis(x.rank() + 1, o.int(1, "dim", 0)?)?)?
        }
        "squeeze" => {
            o.at_most(2, &["input", "dim"])?;
            let x = x()?;
            match o.get(1, "dim") {
                Some(_) => {
                    let at = axis(x.rank(), o.int(1, "dim", 0)?)?;
                    if x.dim(at)? == 1 { x.squeeze(at)? } else { x.clone() }
                }
                None => x.reshape(x.dims().iter().copied().filter(|n| *n != 1).collect::<Vec<_>>())?,
            }
        }
        "expand" => {
            let (x, shape) = (x()?, o.rest(1)?);
            let lead = shape.len().saturating_sub(x.rank());
            let shape = shape.iter().enumerate().map(|(at, &n)| match n {
                -1 => {
                    at.checked_sub(lead).map_or_else(|| Err(Error::new("-1 in a new dimension")), |i| Ok(x.dims()[i]))
                }
                n => Ok(usize::try_from(n).unwrap_or(0)),
            });
            x.broadcast_as(shape.collect::<Result<Vec<_>>>()?)?.contiguous()?
        }
        "contiguous" | "detach" => x()?.clone(),
        "clone" => x()?.copy()?,
        "float" => x()?.to_dtype(DType::F32)?,
        "to" | "type" => match o.args.get(1).or_else(|| o.kwargs.get("dtype")) {
            Some(FxValue::Dtype(name)) => x()?.to_dtype(dtype(name)?)?,
            _ => x()?.clone(),
        },
        "cat" | "concat" | "concatenate" | "stack" => {
            o.at_most(2, &["tensors", "dim"])?;
            let parts = o.tensors(0, "tensors")?;
            let rank = parts.first().map_or(0, |t| t.rank()) + usize::from(o.name == "stack");
            let at = axis(rank, o.int(1, "dim", 0)?)?;
            if o.name == "stack" { Tensor::stack(&parts, at)? } else { Tensor::cat(&parts, at)? }
        }
        "narrow" => {
            o.at_most(4, &["input", "dim", "start", "length"])?;
            let x = x()?;
            let at = axis(x.rank(), o.int(1, "dim", 0)?)?;
            let (start, length) = (o.int(2, "start", 0)? as usize, o.int(3, "length", 0)? as usize);
            x.narrow(at, start, length)?.contiguous()?
        }
        "sum" | "mean" | "amax" | "amin" => reduced(o)?,
        "full" => {
            let value = o.float(1, "fill_value", 0.0)?;
            filled(&o.ints(0, "size")?.unwrap_or_default(), value)?
        }
        "zeros" => filled(&o.rest(0)?, 0.0)?,
        "ones" => filled(&o.rest(0)?, 1.0)?,
        "zeros_like" => x()?.zeros_like()?,
        "ones_like" => x()?.ones_like()?,
        _ => return Ok(None),
    };
    Ok(Some(tensor.into()))
}

/// The dimension that `at` means, counted from the end where it is negative.
pub fn axis(rank: usize, at: i64) -> Result<usize> {
    let from_end = if at < 0 { at + rank as i64 } else { at };
    let found = usize::try_from(from_end).ok().filter(|found| *found < rank);
    found.ok_or_else(|| Error::new(format!("dimension {at} of {rank}")))
}

/// A shape with at most one -1 in it, for so many elements.
fn resolved(elements: usize, shape: &[i64]) -> Result<Vec<usize>> {
    let known: usize = shape.iter().filter(|n| **n >= 0).map(|n| *n as usize).product();
    let open = shape.iter().filter(|n| **n < 0).count();
    let fits = match open {
        0 => known == elements,
        1 => known > 0 && elements.is_multiple_of(known),
        _ => false,
    };
    ensure!(fits, "shape {shape:?} is not possible for {elements} elements");
    Ok(shape.iter().map(|&n| if n < 0 { elements / known } else { n as usize }).collect())
}

fn attribute(o: &Operands<'_>) -> Result<FxValue> {
    let x = o.tensor(0, "input")?;
    Ok(match o.args.get(1) {
        Some(FxValue::Str(name)) if name == "shape" => sizes(x),
        Some(FxValue::Str(name)) if name == "ndim" => FxValue::Int(x.rank() as i64),
        Some(FxValue::Str(name)) if name == "T" => x.t()?.contiguous()?.into(),
        Some(FxValue::Str(name)) if name == "dtype" => FxValue::Dtype(match x.dtype() {
            DType::F32 => "float32".to_owned(),
            DType::F64 => "float64".to_owned(),
            other => other.as_str().to_owned(),
        }),
        other => {
            let what = other.map_or("nothing".to_owned(), FxValue::kind);
            return Err(Error::new(format!("a tensor here has no attribute {what}")));
        }
    })
}

fn sizes(x: &Tensor) -> FxValue {
    FxValue::List(x.dims().iter().map(|&n| FxValue::Int(n as i64)).collect())
}

fn size(o: &Operands<'_>) -> Result<FxValue> {
    o.at_most(2, &["input", "dim"])?;
    let x = o.tensor(0, "input")?;
    Ok(match o.get(1, "dim") {
        None => sizes(x),
        Some(_) => FxValue::Int(x.dim(axis(x.rank(), o.int(1, "dim", 0)?)?)? as i64),
    })
}

fn length(o: &Operands<'_>) -> Result<FxValue> {
    Ok(FxValue::Int(match o.args.first() {
        Some(FxValue::List(items)) => items.len() as i64,
        _ => o.tensor(0, "input")?.dim(0)? as i64,
    }))
}

fn item(o: &Operands<'_>) -> Result<FxValue> {
    o.at_most(2, &[])?;
    match (o.args.first(), o.args.get(1)) {
        (Some(FxValue::List(items)), Some(FxValue::Int(at))) => Ok(items[axis(items.len(), *at)?].clone()),
        (Some(FxValue::List(items)), Some(FxValue::Slice(slice))) => {
            let (start, end) = span(slice, items.len())?;
            Ok(FxValue::List(items[start..end].to_vec()))
        }
        (Some(FxValue::Tensor(x)), Some(FxValue::List(keys))) => picked(x, keys),
        (Some(FxValue::Tensor(x)), Some(key)) => picked(x, std::slice::from_ref(key)),
        _ => Err("getitem wants a list or a tensor, and what to take".into()),
    }
}

/// x[k0, k1, ..] of integers and slices of step 1.
fn picked(x: &Tensor, keys: &[FxValue]) -> Result<FxValue> {
    let (mut x, mut at) = (x.clone(), 0);
    for key in keys {
        ensure!(at < x.rank(), "{} dimensions are asked of {:?}", keys.len(), x.dims());
        match key {
            FxValue::Int(i) => x = x.narrow(at, axis(x.dim(at)?, *i)?, 1)?.squeeze(at)?,
            FxValue::Slice(slice) => {
                let (start, end) = span(slice, x.dim(at)?)?;
                x = x.narrow(at, start, end - start)?;
                at += 1;
            }
            FxValue::None => {
                x = x.unsqueeze(at)?;
                at += 1;
            }
            other => return Err(format!("a tensor is indexed by {}, which is not here", other.kind()).into()),
        }
    }
    Ok(x.contiguous()?.into())
}

fn span(slice: &[FxValue], length: usize) -> Result<(usize, usize)> {
    let end_of = |value: Option<&FxValue>, otherwise: usize| match value.and_then(number) {
        None => otherwise,
        Some(v) if v < 0.0 => (length as f64 + v).max(0.0) as usize,
        Some(v) => (v as usize).min(length),
    };
    let step = slice.get(2).and_then(number).unwrap_or(1.0);
    ensure!(step == 1.0, "a slice with step {step} is not here");
    let (start, end) = (end_of(slice.first(), 0), end_of(slice.get(1), length));
    Ok((start, end.max(start)))
}

/// `chunk(x, n, dim)`: n pieces of ceil(length / n); `split(x, size, dim)`: pieces of that size.
fn pieces(o: &Operands<'_>) -> Result<FxValue> {
    o.at_most(3, &["input", "chunks", "split_size", "split_size_or_sections", "dim"])?;
    let x = o.tensor(0, "input")?;
    let at = axis(x.rank(), o.int(2, "dim", 0)?)?;
    let length = x.dim(at)?;
    let sizes: Vec<usize> = match o.args.get(1).or_else(|| o.kwargs.values().find(|v| !matches!(v, FxValue::None))) {
        Some(FxValue::List(_)) => o.ints(1, "split_size")?.unwrap_or_default().iter().map(|&n| n as usize).collect(),
        Some(FxValue::Int(n)) if *n > 0 => {
            let size = if o.name == "chunk" { length.div_ceil(*n as usize) } else { *n as usize };
            (0..length).step_by(size.max(1)).map(|start| size.min(length - start)).collect()
        }
        _ => return Err(format!("`{}` wants a number of pieces or their sizes", o.name).into()),
    };
    ensure!(sizes.iter().sum::<usize>() == length, "pieces of {sizes:?} of a length of {length}");
    let mut start = 0;
    let pieces = sizes.iter().map(|&size| {
        let piece = x.narrow(at, start, size)?.contiguous()?;
        start += size;
        Ok(FxValue::Tensor(piece))
    });
    pieces.collect::<Result<Vec<_>>>().map(FxValue::List)
}

fn reduced(o: &Operands<'_>) -> Result<Tensor> {
    o.at_most(4, &["input", "dim", "axis", "keepdim", "dtype"])?;
    let x = match o.kwargs.get("dtype") {
        Some(FxValue::Dtype(name)) => o.tensor(0, "input")?.to_dtype(dtype(name)?)?,
        _ => o.tensor(0, "input")?.clone(),
    };
    let asked = o.ints(1, "dim")?.or(o.ints(1, "axis")?);
    let mut axes = match &asked {
        Some(dims) => dims.iter().map(|&d| axis(x.rank(), d)).collect::<Result<Vec<_>>>()?,
        None => (0..x.rank()).collect(),
    };
    axes.sort_unstable();
    let mut result = x;
    for &at in axes.iter().rev() {
        result = match o.name {
            "sum" => result.sum_keepdim(at)?,
            "mean" => result.mean_keepdim(at)?,
            "amax" => result.max_keepdim(at)?,
            _ => result.min_keepdim(at)?,
        };
    }
    if asked.is_some() && o.flag(2, "keepdim", false)? {
        return Ok(result);
    }
    let kept = result.dims().iter().enumerate().filter(|(at, _)| !axes.contains(at));
    Ok(result.reshape(kept.map(|(_, n)| *n).collect::<Vec<usize>>())?)
}

fn filled(shape: &[i64], value: f64) -> Result<Tensor> {
    let shape: Vec<usize> = shape.iter().map(|&n| n.max(0) as usize).collect();
    Ok(Tensor::full(value as f32, shape, &Device::Cpu)?)
}
