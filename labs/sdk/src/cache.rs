//! The cache of a decoder as a box to fill: what goes into it, and when, is the learner's work.

use crate::lm::Lm;
use crate::{Error, Result, Tensor, ensure};

/// Keys and values of the tokens seen so far, by layer.
#[derive(Clone, Debug)]
pub struct Cache {
    /// (len, Hkv, D) for each layer; `None` before the first token.
    pub k: Vec<Option<Tensor>>,
    /// (len, Hkv, D) for each layer.
    pub v: Vec<Option<Tensor>>,
    /// Tokens seen so far.
    pub len: usize,
}

impl Cache {
    /// An empty cache for `lm`.
    pub fn new(lm: &Lm) -> Self {
        let layers = lm.cfg().layers;
        Self { k: vec![None; layers], v: vec![None; layers], len: 0 }
    }

    /// Bytes that the keys and values hold.
    pub fn bytes(&self) -> usize {
        let held = self.k.iter().chain(&self.v).flatten();
        held.map(|t| t.elem_count() * t.dtype().size_in_bytes()).sum()
    }

    /// The shape of the keys of the first layer; empty before the first token.
    pub fn shape(&self) -> &[usize] {
        self.k.first().and_then(Option::as_ref).map_or(&[], Tensor::dims)
    }

    /// A copy that shares the tensors: what a second continuation of the same text starts from.
    pub fn fork(&self) -> Self {
        self.clone()
    }

    /// The same box with the first `len` tokens, as if the later ones had not come.
    pub fn truncate(&mut self, len: usize) -> Result<()> {
        ensure!(len <= self.len, "the cache holds {} tokens, not {len}", self.len);
        for held in self.k.iter_mut().chain(&mut self.v) {
            let Some(t) = held else { continue };
            *held = if len == 0 { None } else { Some(t.narrow(0, 0, len).map_err(Error::from)?) };
        }
        self.len = len;
        Ok(())
    }
}
