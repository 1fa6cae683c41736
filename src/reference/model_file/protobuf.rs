//! Protocol buffers, as much as a reader needs that skips what it does not ask for: fields of a message, one after the
//! other, from a file. Lengths are checked against the message around them before anything is read.

use lab_sdk::{Result, ensure};
use std::fs::File;
use std::io::{BufReader, Read};

/// Bytes of a name or a short list that are read.
const SHORT: u64 = 1 << 16;

/// A file and the place in it.
pub struct Source {
    file: BufReader<File>,
    at: u64,
}

/// What follows a field's number.
#[derive(Clone, Copy, Debug)]
pub enum Wire {
    /// A whole number, a flag.
    Varint(u64),
    /// Four bytes, which nothing here asks for.
    Fixed32,
    /// Eight bytes, which nothing here asks for.
    Fixed64,
    /// Text, bytes, a message or a packed list; the source stands at its beginning.
    Bytes {
        /// Where it ends.
        end: u64,
    },
}

impl Source {
    pub fn new(file: File) -> Self {
        Self { file: BufReader::new(file), at: 0 }
    }

    /// Calls `each` with every field of the message that ends at `end`.
    pub fn fields(&mut self, end: u64, mut each: impl FnMut(&mut Self, u64, Wire) -> Result<()>) -> Result<()> {
        while self.at < end {
            let key = self.varint(end)?;
            let (number, kind) = (key >> 3, key & 7);
            ensure!(number > 0, "is no protocol buffer: a field without a number at byte {}", self.at);
            let (wire, after) = match kind {
                0 => (Wire::Varint(self.varint(end)?), self.at),
                1 => (Wire::Fixed64, self.at.saturating_add(8)),
                2 => {
                    let length = self.varint(end)?;
                    let after = self.at.checked_add(length).filter(|after| *after <= end);
                    let after = after.ok_or_else(|| {
                        format!("is cut short: {length} bytes are promised at byte {} of {end}", self.at)
                    })?;
                    (Wire::Bytes { end: after }, after)
                }
                5 => (Wire::Fixed32, self.at.saturating_add(4)),
                _ => return Err(format!("is no protocol buffer: wire type {kind} at byte {}", self.at).into()),
            };
            ensure!(after <= end, "is cut short at byte {end}");
            each(self, number, wire)?;
            self.skip_to(after)?;
        }
        Ok(())
    }

    /// The text that ends at `end`.
    pub fn text(&mut self, end: u64) -> Result<String> {
        let length = end.saturating_sub(self.at);
        ensure!(length <= SHORT, "has a name of {length} bytes");
        let mut bytes = Vec::new();
        let read = (&mut self.file).take(length).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        self.at += read as u64;
        ensure!(read as u64 == length, "is cut short at byte {}", self.at);
        String::from_utf8(bytes).map_err(|_| format!("has a name that is no text before byte {end}").into())
    }

    /// The packed whole numbers that end at `end`; none where there are more than a shape or a list of axes can have.
    pub fn packed(&mut self, end: u64) -> Result<Vec<i64>> {
        let mut numbers = Vec::new();
        if end.saturating_sub(self.at) <= SHORT {
            while self.at < end {
                numbers.push(self.varint(end)? as i64);
            }
        }
        Ok(numbers)
    }

    /// The 8-byte whole numbers that end at `end`, if they are few.
    pub fn raw_i64(&mut self, end: u64) -> Result<Vec<i64>> {
        let mut numbers = Vec::new();
        if end.saturating_sub(self.at) <= SHORT {
            while self.at + 8 <= end {
                numbers.push(i64::from_le_bytes(self.exact()?));
            }
        }
        Ok(numbers)
    }

    fn varint(&mut self, end: u64) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            ensure!(self.at < end, "is cut short at byte {end}");
            let [byte] = self.exact()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(format!("is no protocol buffer: a number without an end at byte {}", self.at).into())
    }

    fn exact<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(|_| format!("is cut short at byte {}", self.at))?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn skip_to(&mut self, place: u64) -> Result<()> {
        // Within a message only forwards, and mostly within what is already buffered.
        let by = i64::try_from(place - self.at.min(place)).map_err(|_| "is too long")?;
        self.file.seek_relative(by).map_err(|e| e.to_string())?;
        self.at = self.at.max(place);
        Ok(())
    }
}
