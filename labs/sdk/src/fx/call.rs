//! What the nodes of a graph call: functions, methods and modules, on values. Operators go by torch's names
//! (`torch.add`, `operator.add`, `torch.nn.functional.relu`, `aten::relu`, the method `relu_`) and take torch's arguments.

use super::effect::{base, writes};
use super::operands::{Operands, number};
use super::{FxModule, FxValue, Params, conv, module as modules, shape};
use crate::{DType, Error, Result, Tensor, ensure};
use std::collections::BTreeMap;

/// Calls the function behind a target, as a call_function node does. Refused for a target that is not here, by its name.
///
/// A function that writes (`add_`, `+=`, `inplace=True`) writes into its first argument and returns it.
pub fn function(target: &str, args: &[FxValue], kwargs: &BTreeMap<String, FxValue>) -> Result<FxValue> {
    let inplace = matches!(kwargs.get("inplace"), Some(FxValue::Bool(true)));
    let mut named = kwargs.clone();
    named.remove("inplace");
    let operands = Operands { name: base(target), args, kwargs: &named };
    let result = compute(&operands)?.ok_or_else(|| Error::new(format!("the target `{target}` is not known here")))?;
    if inplace || writes(target) {
        return write(args.first(), result);
    }
    Ok(result)
}

/// Calls a method of `object` with the other arguments, as a call_method node does.
pub fn method(target: &str, object: &FxValue, args: &[FxValue], kwargs: &BTreeMap<String, FxValue>) -> Result<FxValue> {
    let all: Vec<FxValue> = std::iter::once(object).chain(args).cloned().collect();
    function(target, &all, kwargs)
}

/// Calls a module as a call_module node does; its weights lie in `params` below `target`.
pub fn module(
    module: &FxModule,
    params: &Params,
    target: &str,
    args: &[FxValue],
    kwargs: &BTreeMap<String, FxValue>,
) -> Result<FxValue> {
    modules::call(module, params, target, &Operands { name: &module.kind, args, kwargs })
}

/// Overwrites a tensor; views of it see the new numbers.
fn write(object: Option<&FxValue>, result: FxValue) -> Result<FxValue> {
    let (Some(FxValue::Tensor(object)), FxValue::Tensor(result)) = (object, &result) else { return Ok(result) };
    ensure!(object.dims() == result.dims(), "{:?} is written into {:?}", result.dims(), object.dims());
    let copy = result.to_dtype(object.dtype())?.contiguous()?.copy()?;
    match object.rank() {
        0 => object.reshape(1)?.slice_set(&copy.reshape(1)?, 0, 0)?,
        _ => object.slice_set(&copy, 0, 0)?,
    }
    Ok(FxValue::Tensor(object.clone()))
}

/// The result; `None` for an operator that is not here.
fn compute(o: &Operands<'_>) -> Result<Option<FxValue>> {
    if let Some(value) = shape::compute(o)? {
        return Ok(Some(value));
    }
    if let Some(tensor) = conv::compute(o)? {
        return Ok(Some(tensor.into()));
    }
    if let Some(op) = binary_of(o.name) {
        let scaled = ["add", "sub"].contains(&o.name);
        o.at_most(if scaled { 3 } else { 2 }, if scaled { &["other", "alpha"] } else { &["other", "exponent"] })?;
        return binary(o, op).map(Some);
    }
    unary(o)
}

#[derive(Clone, Copy, PartialEq)]
enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    Max,
    Min,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

fn binary_of(name: &str) -> Option<Binary> {
    Some(match name {
        "add" => Binary::Add,
        "sub" => Binary::Sub,
        "mul" => Binary::Mul,
        "div" | "truediv" => Binary::Div,
        "floordiv" => Binary::FloorDiv,
        "mod" => Binary::Mod,
        "pow" => Binary::Pow,
        "maximum" => Binary::Max,
        "minimum" => Binary::Min,
        "eq" => Binary::Eq,
        "ne" => Binary::Ne,
        "lt" => Binary::Lt,
        "le" => Binary::Le,
        "gt" => Binary::Gt,
        "ge" => Binary::Ge,
        _ => return None,
    })
}

fn binary(o: &Operands<'_>, op: Binary) -> Result<FxValue> {
    let missing = || Error::new(format!("`{}` wants two arguments", o.name));
    let a = o.args.first().ok_or_else(missing)?;
    let b = o.get(1, "other").or_else(|| o.kwargs.get("exponent")).ok_or_else(missing)?;
    if let (FxValue::Int(a), FxValue::Int(b)) = (a, b)
        && let Some(whole) = integers(op, *a, *b)
    {
        return Ok(FxValue::Int(whole));
    }
    let alpha = o.float(2, "alpha", 1.0)?;
    match (a, b) {
        (FxValue::Tensor(a), FxValue::Tensor(b)) => {
            let b = if alpha == 1.0 { b.clone() } else { b.affine(alpha, 0.0)? };
            Ok(tensors(op, a, &b)?.into())
        }
        (FxValue::Tensor(a), b) => {
            let b = number(b).ok_or_else(missing)? * alpha;
            Ok(match op {
                Binary::Add => a.affine(1.0, b)?,
                Binary::Sub => a.affine(1.0, -b)?,
                Binary::Mul => a.affine(b, 0.0)?,
                Binary::Div => tensors(op, a, &Tensor::new(b, a.device())?.to_dtype(a.dtype())?)?,
                Binary::Pow if b == 2.0 => a.sqr()?,
                Binary::Pow => a.powf(b)?,
                _ => tensors(op, a, &Tensor::new(b, a.device())?.to_dtype(a.dtype())?)?,
            }
            .into())
        }
        (a, FxValue::Tensor(b)) => {
            let a = Tensor::new(number(a).ok_or_else(missing)?, b.device())?.to_dtype(b.dtype())?;
            let b = if alpha == 1.0 { b.clone() } else { b.affine(alpha, 0.0)? };
            Ok(tensors(op, &a, &b)?.into())
        }
        (a, b) => {
            let (a, b) = (number(a).ok_or_else(missing)?, number(b).ok_or_else(missing)? * alpha);
            floats(op, a, b).ok_or_else(missing)
        }
    }
}

fn integers(op: Binary, a: i64, b: i64) -> Option<i64> {
    match op {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        // Python rounds towards minus infinity.
        Binary::FloorDiv => a.checked_div_euclid(b).filter(|_| b > 0),
        Binary::Mod => a.checked_rem_euclid(b).filter(|_| b > 0),
        Binary::Max => Some(a.max(b)),
        Binary::Min => Some(a.min(b)),
        _ => None,
    }
}

fn floats(op: Binary, a: f64, b: f64) -> Option<FxValue> {
    Some(match op {
        Binary::Add => FxValue::Float(a + b),
        Binary::Sub => FxValue::Float(a - b),
        Binary::Mul => FxValue::Float(a * b),
        Binary::Div => FxValue::Float(a / b),
        Binary::Pow => FxValue::Float(a.powf(b)),
        Binary::Eq => FxValue::Bool(a == b),
        Binary::Ne => FxValue::Bool(a != b),
        Binary::Lt => FxValue::Bool(a < b),
        Binary::Le => FxValue::Bool(a <= b),
        Binary::Gt => FxValue::Bool(a > b),
        Binary::Ge => FxValue::Bool(a >= b),
        Binary::Max => FxValue::Float(a.max(b)),
        Binary::Min => FxValue::Float(a.min(b)),
        Binary::FloorDiv | Binary::Mod => return None,
    })
}

fn tensors(op: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Ok(match op {
        Binary::Add => a.broadcast_add(b)?,
        Binary::Sub => a.broadcast_sub(b)?,
        Binary::Mul => a.broadcast_mul(b)?,
        Binary::Div => a.broadcast_div(b)?,
        Binary::Pow => a.broadcast_pow(b)?,
        Binary::Max => a.broadcast_maximum(b)?,
        Binary::Min => a.broadcast_minimum(b)?,
        Binary::Eq => a.broadcast_eq(b)?,
        Binary::Ne => a.broadcast_ne(b)?,
        Binary::Lt => a.broadcast_lt(b)?,
        Binary::Le => a.broadcast_le(b)?,
        Binary::Gt => a.broadcast_gt(b)?,
        Binary::Ge => a.broadcast_ge(b)?,
        Binary::FloorDiv | Binary::Mod => return Err("whole division of tensors is not here".into()),
    })
}

fn unary(o: &Operands<'_>) -> Result<Option<FxValue>> {
    let x = || o.tensor(0, "input");
    let one = |known: &[&str]| o.at_most(1, &[&["input"], known].concat());
    let result = match o.name {
        "relu" => one(&[]).and_then(|()| Ok(x()?.relu()?))?,
        "neg" => one(&[]).and_then(|()| Ok(x()?.neg()?))?,
        "exp" => one(&[]).and_then(|()| Ok(x()?.exp()?))?,
        "log" => one(&[]).and_then(|()| Ok(x()?.log()?))?,
        "sqrt" => one(&[]).and_then(|()| Ok(x()?.sqrt()?))?,
        "rsqrt" => one(&[]).and_then(|()| Ok(x()?.sqrt()?.recip()?))?,
        "abs" => one(&[]).and_then(|()| Ok(x()?.abs()?))?,
        "square" => one(&[]).and_then(|()| Ok(x()?.sqr()?))?,
        "tanh" => one(&[]).and_then(|()| Ok(x()?.tanh()?))?,
        "sigmoid" => one(&[]).and_then(|()| sigmoid(x()?))?,
        "silu" => one(&[]).and_then(|()| Ok((x()? * sigmoid(x()?)?)?))?,
        "gelu" if o.kwargs.contains_key("approximate") => {
            one(&["approximate"])?;
            match o.kwargs.get("approximate") {
                Some(FxValue::Str(how)) if how == "tanh" => x()?.gelu()?,
                _ => x()?.gelu_erf()?,
            }
        }
        "gelu" => one(&[]).and_then(|()| Ok(x()?.gelu_erf()?))?,
        "relu6" => one(&[]).and_then(|()| Ok(x()?.clamp(0f64, 6f64)?))?,
        "hardtanh" => {
            o.at_most(3, &["input", "min_val", "max_val"])?;
            x()?.clamp(o.float(1, "min_val", -1.0)?, o.float(2, "max_val", 1.0)?)?
        }
        "hardsigmoid" => one(&[]).and_then(|()| hardsigmoid(x()?))?,
        "hardswish" => one(&[]).and_then(|()| Ok((x()? * hardsigmoid(x()?)?)?))?,
        "clamp" | "clip" => {
            o.at_most(3, &["input", "min", "max"])?;
            x()?.clamp(o.float(1, "min", f64::NEG_INFINITY)?, o.float(2, "max", f64::INFINITY)?)?
        }
        "copy" => {
            o.at_most(2, &["src"])?;
            o.tensor(1, "src")?.broadcast_as(x()?.dims())?
        }
        "matmul" | "mm" | "bmm" => {
            o.at_most(2, &["input", "other", "mat2"])?;
            x()?.broadcast_matmul(o.tensor(1, "other").or_else(|_| o.tensor(1, "mat2"))?)?
        }
        "linear" => {
            o.at_most(3, &["input", "weight", "bias"])?;
            linear(x()?, o.tensor(1, "weight")?, o.maybe_tensor(2, "bias")?)?
        }
        "addmm" => {
            o.at_most(3, &["input", "mat1", "mat2"])?;
            o.tensor(1, "mat1")?.matmul(o.tensor(2, "mat2")?)?.broadcast_add(x()?)?
        }
        "softmax" | "log_softmax" => {
            o.at_most(3, &["input", "dim", "dtype", "_stacklevel"])?;
            let x = x()?;
            softmax(x, shape::axis(x.rank(), o.int(1, "dim", -1)?)?, o.name == "log_softmax")?
        }
        "where" => {
            o.at_most(3, &["condition", "input", "other"])?;
            choose(o)?
        }
        "masked_fill" => {
            o.at_most(3, &["mask", "value"])?;
            let (x, value) = (x()?, o.float(2, "value", f64::NAN)?);
            let full = Tensor::full(value, x.dims(), x.device())?.to_dtype(x.dtype())?;
            o.tensor(1, "mask")?.broadcast_as(x.dims())?.where_cond(&full, x)?
        }
        "dropout" => {
            o.at_most(3, &["input", "p", "training", "train"])?;
            let training = o.flag(2, "training", true)? && o.flag(2, "train", true)?;
            ensure!(!training, "dropout in training mode draws random numbers, which nothing here does");
            x()?.clone()
        }
        _ => return Ok(None),
    };
    Ok(Some(result.into()))
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
    Ok((x.neg()?.exp()? + 1.0)?.recip()?)
}

fn hardsigmoid(x: &Tensor) -> Result<Tensor> {
    Ok((x + 3.0)?.clamp(0f64, 6f64)?.affine(1.0 / 6.0, 0.0)?)
}

/// x (.., I), w (O, I), bias (O) -> (.., O).
pub(super) fn linear(x: &Tensor, w: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let product = x.broadcast_matmul(&w.t()?)?;
    Ok(match bias {
        Some(bias) => product.broadcast_add(bias)?,
        None => product,
    })
}

fn softmax(x: &Tensor, axis: usize, log: bool) -> Result<Tensor> {
    let shifted = x.broadcast_sub(&x.max_keepdim(axis)?)?;
    let e = shifted.exp()?;
    let sum = e.sum_keepdim(axis)?;
    Ok(if log { shifted.broadcast_sub(&sum.log()?)? } else { e.broadcast_div(&sum)? })
}

fn choose(o: &Operands<'_>) -> Result<Tensor> {
    let condition = o.tensor(0, "condition")?;
    let side = |at: usize, key: &str| -> Result<Tensor> {
        match o.get(at, key).and_then(number) {
            Some(value) => Ok(Tensor::new(value, condition.device())?.to_dtype(DType::F32)?),
            None => Ok(o.tensor(at, key)?.clone()),
        }
    };
    let (a, b) = (side(1, "input")?, side(2, "other")?);
    let shape = a.broadcast_add(&b)?.broadcast_add(&condition.to_dtype(a.dtype())?)?.dims().to_vec();
    let like = |t: &Tensor| Ok::<_, Error>(t.to_dtype(a.dtype())?.broadcast_as(shape.as_slice())?);
    Ok(condition.broadcast_as(shape.as_slice())?.where_cond(&like(&a)?, &like(&b)?)?)
}
