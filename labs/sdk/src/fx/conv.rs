//! Convolutions, pools and norms of images (N, C, H, W), and norms of the last dimensions.

use super::operands::Operands;
use crate::{Result, Tensor, ensure};

/// The result; `None` for an operator that is not here.
pub fn compute(o: &Operands<'_>) -> Result<Option<Tensor>> {
    let x = || o.tensor(0, "input");
    Ok(Some(match o.name {
        "conv2d" => {
            o.at_most(7, &["input", "weight", "bias", "stride", "padding", "dilation", "groups"])?;
            let by = Window {
                stride: pair(o, 3, "stride", 1)?,
                padding: pair(o, 4, "padding", 0)?,
                dilation: pair(o, 5, "dilation", 1)?,
            };
            let groups = o.int(6, "groups", 1)?;
            conv2d(x()?, o.tensor(1, "weight")?, o.maybe_tensor(2, "bias")?, by, groups as usize)?
        }
        "batch_norm" => {
            let keys = ["input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"];
            o.at_most(9, &keys)?;
            let running = match o.flag(5, "training", false)? {
                true => None,
                false => Some((o.tensor(1, "running_mean")?, o.tensor(2, "running_var")?)),
            };
            let (w, b) = (o.maybe_tensor(3, "weight")?, o.maybe_tensor(4, "bias")?);
            batch_norm(x()?, running, w, b, o.float(7, "eps", 1e-5)?)?
        }
        "layer_norm" => {
            o.at_most(5, &["input", "normalized_shape", "weight", "bias", "eps"])?;
            let over = o.ints(1, "normalized_shape")?.map_or(1, |shape| shape.len());
            let (w, b) = (o.maybe_tensor(2, "weight")?, o.maybe_tensor(3, "bias")?);
            layer_norm(x()?, over, w, b, o.float(4, "eps", 1e-5)?)?
        }
        "max_pool2d" | "avg_pool2d" => {
            let window = pair(o, 1, "kernel_size", 1)?;
            let stride = if o.get(2, "stride").is_some() { pair(o, 2, "stride", 1)? } else { window };
            pool2d(x()?, window, stride, pair(o, 3, "padding", 0)?, o.name == "max_pool2d")?
        }
        "adaptive_avg_pool2d" => {
            o.at_most(2, &["input", "output_size"])?;
            ensure!(pair(o, 1, "output_size", 1)? == [1, 1], "only an adaptive pool to 1 x 1 is here");
            x()?.mean_keepdim(3)?.mean_keepdim(2)?
        }
        _ => return Ok(None),
    }))
}

/// How a kernel moves, (vertical, horizontal).
#[derive(Clone, Copy)]
pub struct Window {
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
}

/// One number, or one for each direction.
pub fn pair(o: &Operands<'_>, at: usize, key: &str, otherwise: i64) -> Result<[usize; 2]> {
    let given = o.ints(at, key)?.unwrap_or_else(|| vec![otherwise]);
    let [down, across] = match given[..] {
        [one] => [one, one],
        [down, across] => [down, across],
        _ => return Err(format!("`{key}` of `{}` is {given:?}, not one number or two", o.name).into()),
    };
    ensure!(down >= 0 && across >= 0, "`{key}` of `{}` is {given:?}", o.name);
    Ok([down as usize, across as usize])
}

/// x (N, C, H, W), w (O, C / groups, k, k), bias (O).
pub fn conv2d(x: &Tensor, w: &Tensor, bias: Option<&Tensor>, by: Window, groups: usize) -> Result<Tensor> {
    let Window { stride: [s, s2], padding: [down, across], dilation: [d, d2] } = by;
    ensure!(s == s2 && d == d2 && s > 0 && d > 0, "stride {s} x {s2}, dilation {d} x {d2}: only equal ones are here");
    let (o, channels) = (w.dim(0)?, x.dim(1)?);
    let fits = groups > 0 && channels.is_multiple_of(groups) && w.dim(1)? == channels / groups;
    ensure!(fits && o.is_multiple_of(groups), "{channels} channels in {groups} groups for weights {:?}", w.dims());
    let y = match down == across {
        true => x.conv2d(w, down, s, d, groups)?,
        false => framed(&framed(x, 2, down, 0.0)?, 3, across, 0.0)?.conv2d(w, 0, s, d, groups)?,
    };
    Ok(match bias {
        Some(bias) => y.broadcast_add(&bias.reshape((1, o, 1, 1))?)?,
        None => y,
    })
}

/// (x - mean) / sqrt(var + eps) · weight + bias for each channel of (N, C, ..); without running statistics those of the batch.
pub fn batch_norm(
    x: &Tensor,
    running: Option<(&Tensor, &Tensor)>,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    let channels = x.dim(1)?;
    let wide = |t: &Tensor| {
        let mut shape = vec![1; x.rank()];
        shape[1] = channels;
        Ok::<_, crate::Error>(t.reshape(shape)?)
    };
    let (mean, var) = match running {
        Some((mean, var)) => (wide(mean)?, wide(var)?),
        None => {
            let over = |t: &Tensor| {
                let all = (0..t.rank()).filter(|axis| *axis != 1);
                all.rev().try_fold(t.clone(), |t, axis| t.mean_keepdim(axis))
            };
            let mean = over(x)?;
            let var = over(&x.broadcast_sub(&mean)?.sqr()?)?;
            (mean, var)
        }
    };
    scaled(x, &mean, &var, eps, weight.map(wide).transpose()?.as_ref(), bias.map(wide).transpose()?.as_ref())
}

/// The same over the last `over` dimensions.
pub fn layer_norm(x: &Tensor, over: usize, weight: Option<&Tensor>, bias: Option<&Tensor>, eps: f64) -> Result<Tensor> {
    let mean =
        |t: &Tensor| (x.rank().saturating_sub(over)..x.rank()).try_fold(t.clone(), |t, axis| t.mean_keepdim(axis));
    let center = mean(x)?;
    let var = mean(&x.broadcast_sub(&center)?.sqr()?)?;
    scaled(x, &center, &var, eps, weight, bias)
}

fn scaled(
    x: &Tensor,
    mean: &Tensor,
    var: &Tensor,
    eps: f64,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let mut y = x.broadcast_sub(mean)?.broadcast_div(&(var + eps)?.sqrt()?)?;
    if let Some(weight) = weight {
        y = y.broadcast_mul(weight)?;
    }
    if let Some(bias) = bias {
        y = y.broadcast_add(bias)?;
    }
    Ok(y)
}

/// Windows of an image; zeros around it count in an average, as torch counts them, and never win a maximum.
pub fn pool2d(x: &Tensor, window: [usize; 2], stride: [usize; 2], padding: [usize; 2], max: bool) -> Result<Tensor> {
    let around = if max { f64::NEG_INFINITY } else { 0.0 };
    let x = framed(&framed(x, 2, padding[0], around)?, 3, padding[1], around)?;
    let (k, s) = ((window[0], window[1]), (stride[0], stride[1]));
    Ok(if max { x.max_pool2d_with_stride(k, s)? } else { x.avg_pool2d_with_stride(k, s)? })
}

/// `width` entries of `value` on both sides of a dimension.
fn framed(x: &Tensor, axis: usize, width: usize, value: f64) -> Result<Tensor> {
    if width == 0 {
        return Ok(x.clone());
    }
    let mut shape = x.dims().to_vec();
    shape[axis] = width;
    let side = Tensor::full(value, shape, x.device())?.to_dtype(x.dtype())?;
    Ok(Tensor::cat(&[&side, x, &side], axis)?)
}
