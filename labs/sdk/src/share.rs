//! candle's generics, instantiated once: at opt-level 1 rustc shares them with the answer, which then compiles in a
//! third of the time. Never called.

use crate::Result;
use candle_core::{D, DType, Device, Tensor, WithDType};

/// Uses candle as answers use it.
pub fn instantiate(t: &Tensor) -> Result<Tensor> {
    per_type::<f32>(t)?;
    per_type::<f64>(t)?;
    per_type::<i32>(t)?;
    per_type::<i64>(t)?;
    per_type::<u8>(t)?;
    per_type::<u32>(t)?;
    let (a, b) = t.dims2()?;
    let (x, y, z) = t.dims3()?;
    let shaped = t.reshape((a, b))?.reshape((x, y, z))?.reshape(a)?.reshape(t.dims())?.reshape(vec![a])?;
    let picked = shaped.narrow(0, 0, 1)?.narrow(D::Minus1, 0, 1)?.squeeze(0)?.unsqueeze(0)?.transpose(0, 1)?;
    let picked = picked.transpose(D::Minus2, D::Minus1)?.permute((0, 1))?.broadcast_as((a, b))?;
    let joined = Tensor::cat(&[&picked, t], 0)?;
    let joined = Tensor::stack(&[&joined, t], 0)?;
    let kept = joined.max_keepdim(D::Minus1)?.max_keepdim(0)?.sum_keepdim(D::Minus1)?.sum_keepdim(0)?;
    let reduced = kept.max(0)?.min(0)?.sum(0)?.mean(0)?.sum(D::Minus1)?.mean_keepdim(0)?.argmax(D::Minus1)?;
    let math = ((reduced + t)? * t)?.broadcast_add(t)?.broadcast_div(t)?.broadcast_mul(t)?.broadcast_sub(t)?;
    let math = ((((math + 1.0)? * 2.0)? - 1.0)? / 2.0)?.clamp(-1f32, 1f32)?.clamp(-1f64, 1f64)?;
    let math = math.maximum(t)?.minimum(0f32)?.maximum(0f64)?.matmul(t)?.index_select(t, 0)?.gather(t, 0)?;
    let zeros = Tensor::zeros((a, b), DType::F32, &Device::Cpu)?.affine(1.0, 0.0)?;
    let zeros = (zeros + Tensor::ones(a, DType::F32, &Device::Cpu)?)?;
    Ok(Tensor::arange(0u32, 1, &Device::Cpu)?.to_dtype(DType::F32)?.where_cond(&math, &zeros)?)
}

fn per_type<T: WithDType>(t: &Tensor) -> Result<()> {
    let flat = t.flatten_all()?;
    let one: Vec<T> = flat.to_vec1()?;
    let two: Vec<Vec<T>> = t.to_vec2()?;
    let three: Vec<Vec<Vec<T>>> = t.to_vec3()?;
    let scalar: T = flat.to_scalar()?;
    let (a, b) = t.dims2()?;
    let again = Tensor::from_vec(one, (a, b), &Device::Cpu)?;
    let again = Tensor::cat(&[again, Tensor::from_vec(three.concat().concat(), a, &Device::Cpu)?], 0)?;
    let vector = two.concat();
    Tensor::from_vec(vector.clone(), vec![a, b], &Device::Cpu)?;
    Tensor::from_vec(vector.clone(), t.dims(), &Device::Cpu)?;
    Tensor::from_slice(&vector, t.shape(), &Device::Cpu)?;
    Tensor::new(vector.as_slice(), &Device::Cpu)?;
    Tensor::new(scalar, &Device::Cpu)?;
    again.ge(scalar)?;
    again.eq(scalar)?;
    Ok(())
}
