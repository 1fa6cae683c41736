//! Which instructions a kernel uses: a value, so that a test can pass each.

#[cfg(target_arch = "x86_64")]
use super::vnni::Vnni;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// The instructions that a kernel uses. Every kernel gives the same integers with each of them.
#[derive(Clone, Copy, Debug)]
pub enum Isa {
    /// Plain loops: any processor.
    Portable,
    /// AVX2 and FMA, 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(V3),
    /// AVX-512 BW, 512 bits, for products of int8; what waits for memory stays at 256.
    #[cfg(target_arch = "x86_64")]
    Avx512(V4),
    /// The same with VNNI, which multiplies int8 without widening it.
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(Vnni),
}

impl Isa {
    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::all().pop().unwrap_or(Self::Portable)
    }

    /// All that this processor has, from the plainest.
    pub fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let wider =
            [V3::try_new().map(Self::Avx2), V4::try_new().map(Self::Avx512), Vnni::try_new().map(Self::Avx512Vnni)];
        #[cfg(not(target_arch = "x86_64"))]
        let wider = [None];
        [Some(Self::Portable)].into_iter().chain(wider).flatten().collect()
    }

    /// Its name: `AVX2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni(_) => "AVX-512 VNNI",
        }
    }
}
