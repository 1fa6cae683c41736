//! A ledger of named values, for those who run a graph: what is held, how many bytes that is, and how many it was at most.
//! When something is set and when it is freed is the learner's work.

use crate::fx::FxValue;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Values by name. Every value counts all its bytes, a view too; one that is lent counts none.
#[derive(Clone, Debug, Default)]
pub struct Mem {
    held: BTreeMap<String, (FxValue, usize)>,
    live: usize,
    peak: usize,
}

impl Mem {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds a value that was made here. Refused while the name is taken.
    pub fn set(&mut self, name: &str, value: impl Into<FxValue>) -> Result<()> {
        let value = value.into();
        let bytes = value.bytes();
        self.hold(name, value, bytes)
    }

    /// Holds a value that belongs to the caller, an input or a parameter: it takes no memory here.
    pub fn lend(&mut self, name: &str, value: impl Into<FxValue>) -> Result<()> {
        self.hold(name, value.into(), 0)
    }

    fn hold(&mut self, name: &str, value: FxValue, bytes: usize) -> Result<()> {
        if self.held.contains_key(name) {
            return Err(Error::new(format!("`{name}` is held already")));
        }
        self.held.insert(name.to_owned(), (value, bytes));
        self.live += bytes;
        self.peak = self.peak.max(self.live);
        Ok(())
    }

    /// The value; refused when nothing of that name is held, or no longer.
    pub fn get(&self, name: &str) -> Result<FxValue> {
        let held = self.held.get(name).map(|(value, _)| value.clone());
        held.ok_or_else(|| Error::new(format!("no value `{name}` is held: it was never set, or it was freed")))
    }

    /// Gives the value up.
    pub fn free(&mut self, name: &str) -> Result<()> {
        let (_, bytes) = self.held.remove(name).ok_or_else(|| Error::new(format!("`{name}` is not held")))?;
        self.live -= bytes;
        Ok(())
    }

    /// Bytes held now.
    pub fn live(&self) -> usize {
        self.live
    }

    /// The most bytes that were held at a time.
    pub fn peak(&self) -> usize {
        self.peak
    }
}
