//! Kernels of an answer: buffers lie on the desk, a launch stands in the place of a call, and what it did is kept until it
//! is asked for (`Launch.report`). Left out: what counts and what is a fault; that is `simt.rs`'s and `tile.rs`'s.

use crate::lend::{FromArg, Object, Place};
use crate::serve::Outcome;
use crate::simt::{self, Element, G, Warp};
use crate::tile::{self, Dtype, Prog, Ptr};
use crate::{DType, Device, Result, Tensor, Value};
use half::{bf16, f16};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::cell::RefCell;

thread_local! {
    static LAST: RefCell<Json> = const { RefCell::new(Json::Null) };
}

/// A buffer of the simulated device, whatever it holds: what a [`G`] argument is taken from.
pub enum Buffer {
    /// Of f32.
    F32(G<f32>),
    /// Of u32.
    U32(G<u32>),
    /// Of i32.
    I32(G<i32>),
    /// Of f16.
    F16(G<f16>),
    /// Of bf16.
    Bf16(G<bf16>),
}

impl Object for Buffer {}
impl Object for Ptr {}

impl Buffer {
    /// A buffer with the elements of `data`, in its dtype. f32, u32, i32, f16, bf16.
    pub fn new(name: &str, data: &Tensor) -> Result<Self> {
        let data = data.flatten_all()?;
        Ok(match data.dtype() {
            DType::F32 => Self::F32(G::new(name, data.to_vec1::<f32>()?)),
            DType::U32 => Self::U32(G::new(name, data.to_vec1::<u32>()?)),
            DType::I32 => Self::I32(G::new(name, data.to_vec1::<i32>()?)),
            DType::F16 => Self::F16(G::new(name, data.to_vec1::<f16>()?)),
            DType::BF16 => Self::Bf16(G::new(name, data.to_vec1::<bf16>()?)),
            other => return Err(format!("no buffer of a GPU here holds {}", other.as_str()).into()),
        })
    }

    /// A buffer of `len` elements in which none has a value yet.
    pub fn blank(name: &str, dtype: &str, len: usize) -> Result<Self> {
        Ok(match dtype {
            "f32" => Self::F32(G::poisoned(name, len)),
            "u32" => Self::U32(G::poisoned(name, len)),
            "i32" => Self::I32(G::poisoned(name, len)),
            "f16" => Self::F16(G::poisoned(name, len)),
            "bf16" => Self::Bf16(G::poisoned(name, len)),
            other => return Err(format!("no buffer of a GPU here holds {other}").into()),
        })
    }

    /// Its elements, a vector of its dtype.
    pub fn read(&self) -> Result<Tensor> {
        match self {
            Self::F32(g) => vector(g.to_vec()),
            Self::U32(g) => vector(g.to_vec()),
            Self::I32(g) => vector(g.to_vec()),
            Self::F16(g) => vector(g.to_vec()),
            Self::Bf16(g) => vector(g.to_vec()),
        }
    }
}

fn vector<T: crate::candle_core::WithDType>(elements: Vec<T>) -> Result<Tensor> {
    let length = elements.len();
    Ok(Tensor::from_vec(elements, length, &Device::Cpu)?)
}

/// A buffer of the tile API with the elements of `data`, in its dtype. f32, f16, bf16, i32.
pub fn pointer(name: &str, data: &Tensor) -> Result<Ptr> {
    let dtype = match data.dtype() {
        DType::I32 => return Ok(Ptr::i32(name, data.flatten_all()?.to_vec1::<i32>()?)),
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        other => return Err(format!("no buffer of tiles here holds {}", other.as_str()).into()),
    };
    Ok(Ptr::new(name, dtype, data.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?))
}

/// A buffer of the tile API in which no element has a value yet.
pub fn blank_pointer(name: &str, dtype: &str, len: usize) -> Result<Ptr> {
    Ok(Ptr::poisoned(name, serde_json::from_value(dtype.into())?, len))
}

/// The elements of a buffer of the tile API: f32, or i32 where it holds those.
pub fn read(pointer: &Ptr) -> Result<Tensor> {
    match pointer.dtype() {
        Dtype::I32 => vector(pointer.to_ints().into_iter().map(|v| v as i32).collect()),
        _ => vector(pointer.to_vec()),
    }
}

/// Elements that a [`Buffer`] may hold.
pub trait Held: Element {
    /// The buffer, if it holds them.
    fn held(buffer: &Buffer) -> Option<&G<Self>>;
}

macro_rules! held {
    ($($ty:ty, $variant:ident;)*) => {$(
        impl Held for $ty {
            fn held(buffer: &Buffer) -> Option<&G<Self>> {
                if let Buffer::$variant(g) = buffer { Some(g) } else { None }
            }
        }
    )*};
}

held! { f32, F32; u32, U32; i32, I32; f16, F16; bf16, Bf16; }

impl<'a, T: Held> FromArg<'a> for G<T> {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        let buffer: &mut Buffer = place.object(value)?;
        T::held(buffer).cloned().ok_or_else(|| "the buffer holds elements of another type".into())
    }
}

impl<'a> FromArg<'a> for Ptr {
    fn from_arg(value: &'a Value, place: Place<'a>) -> Result<Self> {
        place.object::<Ptr>(value).map(|pointer| pointer.clone())
    }
}

/// Launches a SIMT kernel under `cfg` ([`simt::Cfg`]). A launch that the GPU would not take is a refusal; one that had to be
/// stopped has crashed, with its last fault.
pub fn simt<K, Fu>(cfg: &Json, kernel: K) -> Result<Outcome>
where
    K: Fn(Warp) -> Fu,
    Fu: Future<Output = ()>,
{
    let stopped = |r: &simt::Report| (!r.finished).then(|| r.faults.last().map(ToString::to_string));
    launched(cfg, |cfg| simt::launch(cfg, kernel), stopped)
}

/// Launches a tile kernel under `cfg` ([`tile::Cfg`]).
pub fn tile(cfg: &Json, kernel: impl Fn(&Prog)) -> Result<Outcome> {
    let stopped = |r: &tile::TileReport| (!r.finished).then(|| r.faults.last().map(ToString::to_string));
    launched(cfg, |cfg| tile::launch(cfg, kernel), stopped)
}

fn launched<C: DeserializeOwned, R: Serialize>(
    cfg: &Json,
    launch: impl FnOnce(C) -> Result<R>,
    stopped: impl Fn(&R) -> Option<Option<String>>,
) -> Result<Outcome> {
    let cfg: C = serde_json::from_value(cfg.clone()).map_err(|e| format!("no launch: {e}"))?;
    LAST.replace(Json::Null);
    Ok(match launch(cfg) {
        Ok(report) => {
            LAST.replace(serde_json::to_value(&report)?);
            match stopped(&report) {
                None => Outcome::Value(Value::None),
                Some(why) => Outcome::Crashed(why.unwrap_or_else(|| "the launch was stopped".to_owned())),
            }
        }
        Err(error) => Outcome::Refused(error.to_string()),
    })
}

/// What the last launch of this thread did: [`simt::Report`] or [`tile::TileReport`]; null before the first.
pub fn report() -> Json {
    LAST.with_borrow(Json::clone)
}
