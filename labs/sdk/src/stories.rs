//! Drawn stories with their true entropy: the text that the language models are trained and scored on, without end and
//! without a download.
//!
//! A grammar of our own (`stories/grammar.rs`) in which the text tells every choice that was made, so that the bits of
//! the choices are the bits of the text: no reader can pay less on average. What a story says early returns later: names,
//! numbers, sums, counts, a refrain. Left out: spaces of tokens; a byte is a token.

mod draw;
mod grammar;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
mod tests;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The seed that the shipped models are trained on.
pub const TRAIN_SEED: u64 = 1;
/// The seed to draw calibration text from: never trained on, never scored on.
pub const CALIBRATION_SEED: u64 = 2;
/// The seed that bits per byte are reported on.
pub const TEST_SEED: u64 = 3;

/// Text with what it truly costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// ASCII; a story ends with a blank line.
    pub bytes: Vec<u8>,
    /// `-log2 p` of each byte given all bytes of its story before it, as many as `bytes`: 0 where the grammar leaves no
    /// choice.
    pub bits: Vec<f32>,
}

/// Which stories are drawn. One combination of names and things in ten is in no training text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// What models are trained on.
    Train,
    /// What they are scored on.
    HeldOut,
}

/// Exactly `length` bytes, from the start of a story; the last story is cut. The first `m` of `n` bytes are the bytes of
/// `stories(seed, split, m)`.
///
/// The bits are those of the whole grammar. A reader who knew which combinations a split leaves out would save a
/// little: 0.15 bits a story in training text, 3.3 in held-out text, which nobody can learn from training text.
pub fn stories(seed: u64, split: Split, length: usize) -> Text {
    let mut rng = ChaCha8Rng::from_seed(*b"stories: a stream for each seed.");
    rng.set_stream(seed);
    let mut text = Text { bytes: Vec::with_capacity(length + 1024), bits: Vec::with_capacity(length + 1024) };
    while text.bytes.len() < length {
        draw::story(&mut text, split, &mut rng);
    }
    text.bytes.truncate(length);
    text.bits.truncate(length);
    text
}

impl Text {
    /// Bits per byte that a reader who knows the grammar pays; 0 for an empty text.
    pub fn entropy(&self) -> f64 {
        let bits: f64 = self.bits.iter().map(|&bits| f64::from(bits)).sum();
        bits / self.bytes.len().max(1) as f64
    }

    /// The bytes as token ids.
    pub fn ids(&self) -> Vec<u32> {
        self.bytes.iter().map(|&byte| u32::from(byte)).collect()
    }

    /// Where each story begins and ends; the last one may be cut.
    pub fn spans(&self) -> Vec<std::ops::Range<usize>> {
        let ends = (2..self.bytes.len()).filter(|&end| self.bytes[end - 2..end] == *b"\n\n");
        let mut spans = Vec::new();
        let mut start = 0;
        for end in ends.chain([self.bytes.len()]).filter(|&end| end > 0) {
            spans.push(start..end);
            start = end;
        }
        spans
    }
}
