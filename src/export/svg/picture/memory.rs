//! One access to memory as SVG: sectors as blocks of 32 bytes, banks as stacks of words.

use super::super::plot::{SMALL, wide};
use super::super::text;
use super::{Drawn, WIDTH, boxes, legend, named};
use crate::picture::{Banks, Sector, Sectors, W, spans};

/// A sector is so wide, and so high.
const BLOCK: f64 = 68.0;
const HIGH: f64 = 14.0;
/// Blocks in a row, from one to the next, and from row to row.
const ROW: usize = 8;
const STEP: f64 = WIDTH / ROW as f64;
const DOWN: f64 = 36.0;

/// What is fetched, with the lanes below, and what would do.
pub fn sectors(sectors: &Sectors) -> Drawn {
    let mut entries = vec![("on", "asked for"), ("waste", "moved for nothing")];
    if sectors.fetched.windows(2).any(|pair| pair[0].joins(&pair[1])) {
        entries.push(("link", "inside one line of 128 bytes"));
    }
    let mut body = text(0.0, 11.0, "small", "A block is a sector, 32 bytes that move together; below it, its lanes.");
    body.push_str(&legend(28.0, &entries));
    let mut y = 42.0;
    body.push_str(&blocks(&sectors.fetched, y, "on", "waste"));
    y += DOWN * sectors.fetched.len().div_ceil(ROW) as f64 + 12.0;
    let would = match sectors.packed.len() {
        1 => "Side by side, 1 sector would do:".to_owned(),
        n => format!("Side by side, {n} sectors would do:"),
    };
    body.push_str(&text(0.0, y, "small", &would));
    y += 8.0;
    body.push_str(&blocks(&sectors.packed, y, "least", "frame"));
    Drawn { body, high: y + DOWN * sectors.packed.len().div_ceil(ROW) as f64 - 4.0 }
}

fn blocks(sectors: &[Sector], top: f64, used: &str, wasted: &str) -> String {
    const BYTE: f64 = BLOCK / 32.0;
    let mut out = String::new();
    for (at, sector) in sectors.iter().enumerate() {
        let (x, y) = (STEP * (at % ROW) as f64, top + DOWN * (at / ROW) as f64);
        let words = (0..32).step_by(4).flat_map(|first| runs(sector.used >> first & 0xf, first));
        let rest = (0..32).step_by(4).flat_map(|first| runs(!sector.used >> first & 0xf, first));
        let place = |(first, bytes): (u32, u32)| {
            // A gap after each word of 4 bytes.
            let gap = if (first + bytes).is_multiple_of(4) { 1.0 } else { 0.0 };
            [x + BYTE * f64::from(first), y, BYTE * f64::from(bytes) - gap, HIGH]
        };
        out.push_str(&boxes(wasted, rest.map(place)));
        out.push_str(&boxes(used, words.map(place)));
        let next = sectors.get(at + 1).filter(|_| at % ROW + 1 < ROW);
        if next.is_some_and(|next| sector.joins(next)) {
            out.push_str(&boxes("link", [[x + BLOCK + 1.0, y + HIGH / 2.0 - 1.5, STEP - BLOCK - 3.0, 3.0]]));
        }
        let lanes = spans(sector.lanes);
        let lanes = if wide(&lanes, SMALL) > BLOCK { format!("{} lanes", sector.lanes.count_ones()) } else { lanes };
        out.push_str(&text(x, y + HIGH + 12.0, "small", &lanes));
    }
    out
}

/// Bits of four that follow each other, as first bit and how many, from bit `first` on.
fn runs(bits: u32, first: u32) -> Vec<(u32, u32)> {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for bit in (0..4).filter(|bit| bits >> bit & 1 == 1) {
        match out.last_mut() {
            Some((start, length)) if *start + *length == first + bit => *length += 1,
            _ => out.push((first + bit, 1)),
        }
    }
    out
}

/// The words that are wanted of each bank, and what would do.
pub fn banks(banks: &Banks) -> Drawn {
    const LEFT: f64 = 32.0;
    const STEP: f64 = (WIDTH - LEFT) / W as f64;
    let tallest = banks.tallest().max(1);
    let word = (176.0 / tallest as f64).min(14.0);
    let gap = if word > 3.0 { 1.0 } else { 0.3 };
    let stack = |bank: usize, words: usize, bottom: f64| {
        (0..words)
            .map(move |n| [LEFT + STEP * bank as f64 + 1.0, bottom - word * (n + 1) as f64, STEP - 3.0, word - gap])
    };
    let mut body = text(0.0, 11.0, "small", "A block is a word that lanes want of a bank, which gives one at a time.");
    let bottom = 28.0 + word * tallest as f64;
    for (at, bank) in banks.banks.iter().enumerate() {
        let class = if bank.words > 1 { "over" } else { "on" };
        let words = format!("bank {at}: {} different words, lanes {}", bank.words, spans(bank.lanes));
        body.push_str(&named(class, &words, stack(at, bank.words, bottom)));
        body.push_str(&boxes("off", stack(at, usize::from(bank.words == 0), bottom)));
    }
    body.push_str(&text(LEFT - 8.0, bottom - word * tallest as f64 + 8.0, "small end", &tallest.to_string()));
    body.push_str(&format!("<path class=\"axis\" d=\"M{LEFT} {bottom:.1}H{WIDTH}\"/>"));
    for bank in (0..W).step_by(4).chain([W - 1]) {
        let x = LEFT + STEP * (bank as f64 + 0.5);
        body.push_str(&text(x, bottom + 14.0, "small middle", &bank.to_string()));
    }
    body.push_str(&text(0.0, bottom + 14.0, "small", "bank"));
    let all: usize = banks.banks.iter().map(|bank| bank.words).sum();
    let second = bottom + 56.0;
    body.push_str(&text(0.0, second - word - 8.0, "small", "The same words, spread over all banks:"));
    body.push_str(&boxes("least", (0..all.min(W)).flat_map(|bank| stack(bank, 1, second))));
    body.push_str(&format!("<path class=\"axis\" d=\"M{LEFT} {second:.1}H{WIDTH}\"/>"));
    Drawn { body, high: second + 4.0 }
}
