//! A ledger of bytes: what is held, the most that ever was, and how it went. It counts what it is told, so that its
//! numbers are the same on every machine; what an allocator adds to them is left out.

/// Bytes held over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    held: usize,
    peak: usize,
    history: Vec<usize>,
}

impl Meter {
    /// `bytes` more are held.
    pub fn take(&mut self, bytes: usize) {
        self.held += bytes;
        self.peak = self.peak.max(self.held);
        self.history.push(self.held);
    }

    /// `bytes` are given back.
    pub fn give(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
        self.history.push(self.held);
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The most bytes held since the last [`Meter::reset`].
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// Bytes held after each change since the last [`Meter::reset`].
    pub fn history(&self) -> &[usize] {
        &self.history
    }

    /// Peak and history begin again from what is held now.
    pub fn reset(&mut self) {
        self.peak = self.held;
        self.history.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;

    #[test]
    fn the_peak_stays_and_a_reset_begins_at_what_is_held() {
        let mut meter = Meter::default();
        meter.take(3);
        meter.take(4);
        meter.give(5);
        assert_eq!((meter.held(), meter.peak(), meter.history()), (2, 7, &[3, 7, 2][..]));
        meter.reset();
        assert_eq!((meter.held(), meter.peak(), meter.history().len()), (2, 2, 0));
    }
}
