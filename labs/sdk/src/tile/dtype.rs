//! What an element is in memory, and how a number becomes one.

use crate::simt::{bf16, f16};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The type of an element: of a buffer, and of a tile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 32-bit float.
    #[default]
    F32,
    /// IEEE 754 binary16: 11 bits of significand.
    F16,
    /// bfloat16: 8 bits of significand.
    BF16,
    /// 8-bit integer.
    I8,
    /// 32-bit integer.
    I32,
}

impl Dtype {
    /// Bytes of an element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::I8 => 1,
        }
    }

    /// Whether it is one of the floats.
    pub const fn is_float(self) -> bool {
        !matches!(self, Self::I8 | Self::I32)
    }

    /// The element nearest to `x` (ties to even). An integer takes what is before the point and stops at its ends, as
    /// PTX's `cvt.rzi` does; NaN gives 0.
    #[inline]
    pub fn round(self, x: f32) -> f32 {
        match self {
            Self::F32 => x,
            Self::F16 => f16::from_f32(x).to_f32(),
            Self::BF16 => bf16::from_f32(x).to_f32(),
            Self::I8 => f32::from(x as i8),
            Self::I32 => x as i32 as f32,
        }
    }

    /// What a buffer keeps where an element has no value, and what a read beyond its end gives: a NaN, or a number that
    /// is easily known.
    pub(super) const fn poison(self) -> u32 {
        match self {
            Self::I32 => 0xDEAD_BEEF,
            Self::I8 => (-83.0f32).to_bits(), // 0xAD
            _ => 0x7FFF_DEAD,
        }
    }

    /// How a buffer keeps `x`: an i32 by its own bits, all others by those of the float with their value.
    #[inline]
    pub(super) fn bits(self, x: f32) -> u32 {
        match self {
            Self::I32 => (x as i32).cast_unsigned(),
            _ => self.round(x).to_bits(),
        }
    }

    /// [`bits`](Self::bits) of an integer, which wraps.
    #[inline]
    pub(super) fn bits_of_int(self, x: i64) -> u32 {
        match self {
            Self::I32 => x as u32,
            Self::I8 => f32::from(x as i8).to_bits(),
            _ => self.bits(x as f32),
        }
    }

    /// The float of these bits.
    #[inline]
    pub(super) fn float(self, bits: u32) -> f32 {
        match self {
            Self::I32 => bits.cast_signed() as f32,
            _ => f32::from_bits(bits),
        }
    }

    /// The integer of these bits.
    #[inline]
    pub(super) fn int(self, bits: u32) -> i64 {
        match self {
            Self::I32 => i64::from(bits.cast_signed()),
            _ => f32::from_bits(bits) as i64,
        }
    }
}

/// `f16`
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::I8 => "i8",
            Self::I32 => "i32",
        })
    }
}

/// The type of what an operator makes of two tiles, or of a tile and a number (`None`): the wider float; f16 of f16 and
/// bf16; f32 of integers, and of every division.
///
/// Source: `computation_type_impl` of Triton's language/semantic.py. Triton's integers stay integers; here they are
/// what a buffer holds, and arithmetic makes floats of them.
pub(super) fn common(a: Option<Dtype>, b: Option<Dtype>, divides: bool) -> Dtype {
    let floats = [a, b].into_iter().flatten().filter(|dtype| dtype.is_float());
    if divides {
        return Dtype::F32;
    }
    floats
        .reduce(|a, b| match (a, b) {
            (Dtype::F32, _) | (_, Dtype::F32) => Dtype::F32,
            (Dtype::BF16, Dtype::BF16) => Dtype::BF16,
            _ => Dtype::F16,
        })
        .unwrap_or(Dtype::F32)
}
