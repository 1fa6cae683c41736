//! Functions of each element. Those that are not exact are computed in f64 and rounded once, so that a program gives
//! the same floats in every language.

use super::fault::FaultKind;
use super::now::{At, refuse};
use super::{Dtype, T};
use candle_core::cpu::erf::erf_f64;
use std::panic::Location;

impl T {
    /// eˣ
    #[track_caller]
    pub fn exp(&self) -> T {
        self.function("exp", Location::caller(), |x| f64::from(x).exp() as f32)
    }

    /// ln x
    #[track_caller]
    pub fn log(&self) -> T {
        self.function("log", Location::caller(), |x| f64::from(x).ln() as f32)
    }

    /// √x
    #[track_caller]
    pub fn sqrt(&self) -> T {
        self.function("sqrt", Location::caller(), f32::sqrt)
    }

    /// 1/√x, in two roundings.
    #[track_caller]
    pub fn rsqrt(&self) -> T {
        self.function("rsqrt", Location::caller(), |x| 1.0 / x.sqrt())
    }

    /// tanh x
    #[track_caller]
    pub fn tanh(&self) -> T {
        self.function("tanh", Location::caller(), |x| f64::from(x).tanh() as f32)
    }

    /// 2/√π ∫₀ˣ exp(-t²) dt
    #[track_caller]
    pub fn erf(&self) -> T {
        self.function("erf", Location::caller(), |x| erf_f64(f64::from(x)) as f32)
    }

    /// |x|
    #[track_caller]
    pub fn abs(&self) -> T {
        self.map(Location::caller(), f32::abs)
    }

    /// `f` of each element, of which Triton's functions want f32.
    fn function(&self, name: &str, at: At, f: impl Fn(f32) -> f32) -> T {
        let dtype = self.dtype();
        if dtype != Dtype::F32 {
            refuse(FaultKind::Dtype, at, |program| {
                format!(
                    "{program} takes {name} of a tile of {dtype}: Triton has it for f32 only, so convert the tile first"
                )
            });
        }
        self.map(at, f)
    }
}
