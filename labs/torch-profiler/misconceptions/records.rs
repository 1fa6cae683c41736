//! Event files, read wrong in one way at a time; written apart from the solution.

use super::super::solution;
use lab_sdk::{Result, ensure};

/// Wall clock, step, tag, value.
pub type Scalar = (f64, i64, String, f32);

/// The polynomial of CRC-32C, bits reversed.
pub const CASTAGNOLI: u32 = 0x82F6_3B78;
/// What masking adds.
pub const DELTA: u32 = 0xA282_EAD8;

/// What is done otherwise.
#[derive(Default)]
pub struct How {
    /// An event has one value.
    pub first_only: bool,
    /// A record that is cut is an error.
    pub whole: bool,
    /// The step has eight bytes.
    pub fixed_step: bool,
    /// No checksum is looked at.
    pub unchecked: bool,
    /// A wrong checksum is the end.
    pub stops: bool,
    /// An event without a step has the step of the last one.
    pub keeps_step: bool,
    /// What is no scalar is 0.
    pub zeros: bool,
}

/// A CRC of 32 bits with a reversed polynomial.
pub fn crc(data: &[u8], polynomial: u32) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
    !data.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}

/// The mask of a checksum.
pub fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(DELTA)
}

/// The scalars of a file.
pub fn read(file: &[u8], how: &How) -> Result<Vec<Scalar>> {
    let (mut scalars, mut at, mut last) = (Vec::new(), 0, 0);
    while at < file.len() {
        let right = |bytes: &[u8], at: usize| file[at..at + 4] == solution::masked_crc(bytes).to_le_bytes();
        let found = record(file, at);
        let head = file.len() < at + 12 || right(&file[at..at + 8], at + 8);
        let sound = head && found.is_none_or(|(data, next)| right(data, next - 4));
        if !sound && how.stops {
            break;
        }
        ensure!(sound || how.unchecked, "a wrong checksum");
        let Some((data, next)) = found else {
            ensure!(!how.whole, "the file ends within a record");
            break;
        };
        let mut event = (0.0, if how.keeps_step { last } else { 0 }, Vec::new());
        fields(data, how.fixed_step, &mut |field| match field {
            (1, _, Part::Number(bits)) => event.0 = f64::from_bits(bits),
            (2, _, Part::Number(step)) => event.1 = step as i64,
            (5, _, Part::Bytes(summary)) => event.2.extend(values(summary, how)),
            _ => {}
        })
        .ok_or("no event")?;
        last = event.1;
        let most = if how.first_only { 1 } else { usize::MAX };
        scalars.extend(event.2.into_iter().take(most).map(|(tag, value)| (event.0, event.1, tag, value)));
        at = next;
    }
    Ok(scalars)
}

/// The data of the record at `at`, and where the next one begins; none where the file ends before.
fn record(file: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let length: [u8; 8] = file.get(at..at + 8)?.try_into().ok()?;
    let end = (at + 12).checked_add(usize::try_from(u64::from_le_bytes(length)).ok()?)?;
    let data = file.get(at + 12..end)?;
    file.get(end..end + 4).map(|_| (data, end + 4))
}

fn values(summary: &[u8], how: &How) -> Vec<(String, f32)> {
    let mut all = Vec::new();
    fields(summary, false, &mut |field| {
        if let (1, _, Part::Bytes(value)) = field {
            let (mut tag, mut simple) = (String::new(), how.zeros.then_some(0.0));
            fields(value, false, &mut |field| match field {
                (1, _, Part::Bytes(text)) => tag = String::from_utf8_lossy(text).into_owned(),
                (2, 5, Part::Number(bits)) => simple = Some(f32::from_bits(bits as u32)),
                _ => {}
            });
            all.extend(simple.map(|value| (tag, value)));
        }
    });
    all
}

enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Number, wire type and content of each field; none where the message is broken.
fn fields<'a>(mut data: &'a [u8], fixed_step: bool, each: &mut dyn FnMut((u64, u64, Part<'a>))) -> Option<()> {
    while !data.is_empty() {
        let key = varint(&mut data)?;
        let kind = if fixed_step && key >> 3 == 2 { 1 } else { key & 7 };
        let part = match kind {
            0 => Part::Number(varint(&mut data)?),
            2 => {
                let length = usize::try_from(varint(&mut data)?).ok()?;
                let (bytes, rest) = data.split_at_checked(length)?;
                data = rest;
                Part::Bytes(bytes)
            }
            1 | 5 => {
                let (bytes, rest) = data.split_at_checked(if kind == 1 { 8 } else { 4 })?;
                data = rest;
                Part::Number(bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
            }
            _ => return None,
        };
        each((key >> 3, kind, part));
    }
    Some(())
}

fn varint(data: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if *byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}
