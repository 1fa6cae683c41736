//! A lab as data: `lab.toml` and its words. No I/O, no grading.

mod kernel;
mod manifest;
mod signature;
mod words;

pub use kernel::Kernel;
pub use manifest::{Bar, Card, Function, Manifest, Misconception, Step};
pub use signature::{Argument, Dimension, Type};
pub use words::Words;
