//! Draws one story and charges each byte with its bits.

use super::grammar::{COMPUTED, SLOTS, SPLIT, TABLES};
use super::{Split, Text};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The words of a slot, and whether the story has said them: only their first mention is charged.
#[derive(Clone)]
struct Bound {
    text: Text,
    told: bool,
}

type Slots = BTreeMap<&'static str, Bound>;

/// A piece of a template.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Literal(&'static str),
    Fresh(&'static str),
    Slot(&'static str),
}

/// Appends a story of `split`.
pub(super) fn story(text: &mut Text, split: Split, rng: &mut ChaCha8Rng) {
    let mut slots = loop {
        let mut slots = Slots::new();
        for slot in SPLIT {
            let drawn = bind(slot, &mut slots, rng);
            slots.insert(slot, Bound { text: drawn, told: false });
        }
        if held_out(SPLIT.map(|slot| &slots[slot].text.bytes[..])) == (split == Split::HeldOut) {
            break slots;
        }
    };
    expand(TABLES[0].1[0], text, &mut slots, rng);
}

/// One combination of the words of [`SPLIT`] in ten, by FNV-1a.
pub(super) fn held_out(words: [&[u8]; 4]) -> bool {
    let bytes = words.iter().flat_map(|word| word.iter().chain(b","));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (hash ^ (hash >> 32)) % 10 == 0
}

/// Appends `template` with every place filled.
fn expand(template: &'static str, text: &mut Text, slots: &mut Slots, rng: &mut ChaCha8Rng) {
    for piece in pieces(template) {
        match piece {
            Piece::Literal(words) => forced(words.as_bytes(), text),
            Piece::Fresh(table) => append(&draw(table, &[], slots, rng), text),
            Piece::Slot(slot) => match computed(slot, slots) {
                Some(words) => forced(words.as_bytes(), text),
                None => mention(slot, text, slots, rng),
            },
        }
    }
}

/// The words of a slot: charged the first time, forced from then on.
fn mention(slot: &'static str, text: &mut Text, slots: &mut Slots, rng: &mut ChaCha8Rng) {
    if !slots.contains_key(slot) {
        let drawn = bind(slot, slots, rng);
        slots.insert(slot, Bound { text: drawn, told: false });
    }
    if let Some(bound) = slots.get_mut(slot) {
        match std::mem::replace(&mut bound.told, true) {
            true => forced(&bound.text.bytes, text),
            false => append(&bound.text, text),
        }
    }
}

/// Words for a slot that no other slot of its table holds.
fn bind(slot: &str, slots: &mut Slots, rng: &mut ChaCha8Rng) -> Text {
    let table = table_of(slot);
    let taken: Vec<Vec<u8>> = SLOTS
        .iter()
        .filter(|(_, other)| *other == table)
        .filter_map(|(other, _)| slots.get(other).map(|bound| bound.text.bytes.clone()))
        .collect();
    draw(table, &taken, slots, rng)
}

/// One alternative of `table`, all equally likely but for those in `taken`, which fall away.
fn draw(table: &str, taken: &[Vec<u8>], slots: &mut Slots, rng: &mut ChaCha8Rng) -> Text {
    let mut open: Vec<&'static str> = alternatives(table).to_vec();
    open.retain(|template| !taken.contains(&head(template, slots)));
    loop {
        let template = open[below(rng, open.len())];
        let heads: Vec<Vec<u8>> = open.iter().map(|template| head(template, slots)).collect();
        let mut text = Text { bytes: Vec::new(), bits: Vec::new() };
        expand(template, &mut text, slots, rng);
        charge(&heads, &mut text);
        if !taken.contains(&text.bytes) {
            return text;
        }
    }
}

/// Adds the bits of choosing among `heads` to the bytes at which the choice was narrowed.
pub(super) fn charge(heads: &[Vec<u8>], text: &mut Text) {
    let mut open: Vec<&Vec<u8>> = heads.iter().collect();
    for at in 0..text.bytes.len() {
        if open.len() == 1 {
            break;
        }
        let before = open.len() as f32;
        open.retain(|head| head.get(at) == Some(&text.bytes[at]));
        text.bits[at] += (before / open.len() as f32).log2();
    }
}

/// The bytes that an alternative is sure to begin with, when it is chosen now.
fn head(template: &'static str, slots: &Slots) -> Vec<u8> {
    match pieces(template).first() {
        Some(Piece::Literal(words)) => words.as_bytes().to_vec(),
        Some(Piece::Slot(slot)) => slots.get(slot).map(|bound| bound.text.bytes.clone()).unwrap_or_default(),
        _ => vec![],
    }
}

/// What a slot that is no choice says; `None` for the others.
fn computed(slot: &str, slots: &Slots) -> Option<String> {
    let (_, needs) = COMPUTED.iter().find(|(name, _)| *name == slot)?;
    let words: Vec<String> =
        needs.iter().map(|need| String::from_utf8_lossy(&slots[need].text.bytes).into_owned()).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|words| words.parse().ok()).collect();
    Some(match (slot, &numbers[..]) {
        ("sum", [a, b]) => (a + b).to_string(),
        ("a left" | "b left", [a, gift]) => (a - gift).to_string(),
        (_, [n, ..]) => ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][..*n].join(", "),
        _ => return None,
    })
}

pub(super) fn table_of(slot: &str) -> &'static str {
    SLOTS.iter().find(|(name, _)| *name == slot).map_or("", |(_, table)| table)
}

pub(super) fn alternatives(table: &str) -> &'static [&'static str] {
    TABLES.iter().find(|(name, _)| *name == table).map_or(&[], |(_, alternatives)| alternatives)
}

/// `a <b> {c}` as literal, fresh draw, literal, slot.
pub(super) fn pieces(template: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find(['<', '{']) {
        let close = if rest[start..].starts_with('<') { '>' } else { '}' };
        let end = rest[start..].find(close).map_or(rest.len(), |length| start + length);
        if start > 0 {
            pieces.push(Piece::Literal(&rest[..start]));
        }
        let name = &rest[start + 1..end];
        pieces.push(if close == '>' { Piece::Fresh(name) } else { Piece::Slot(name) });
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    pieces
}

fn forced(words: &[u8], text: &mut Text) {
    text.bytes.extend_from_slice(words);
    text.bits.resize(text.bytes.len(), 0.0);
}

fn append(words: &Text, text: &mut Text) {
    text.bytes.extend_from_slice(&words.bytes);
    text.bits.extend_from_slice(&words.bits);
}

/// 0 to n - 1, every one as likely as the others.
fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    let n = n as u64;
    loop {
        let drawn = u64::from(rng.next_u32());
        if drawn < (1 << 32) - (1 << 32) % n {
            return (drawn % n) as usize;
        }
    }
}
