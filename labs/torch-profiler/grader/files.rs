//! The build steps `checksum` and `tfevents`: event files as TensorBoard's writer writes them, and what becomes of them.

use super::super::solution::masked_crc;
use crate::args;
use crate::grading::{Check, Draw, Script};
use lab_sdk::Result;

/// One event to write.
#[derive(Clone, Default)]
struct Event {
    wall: f64,
    step: i64,
    values: Vec<Value>,
    /// Fields that nobody here knows, and a text as the first record has it.
    more: Vec<u8>,
}

/// One value of a summary.
#[derive(Clone)]
enum Value {
    Scalar(&'static str, f32),
    /// A histogram, of which the content does not matter.
    Histogram(&'static str),
}

use Value::{Histogram, Scalar};

/// The checks of `masked_crc`.
pub fn checksums(draw: &mut Draw) -> Result<Vec<Check>> {
    let sums =
        |texts: Vec<Vec<u8>>| texts.into_iter().map(|text| Script::call("masked_crc", args![bytes(text)])).collect();
    let random = |draw: &mut Draw, n: usize| (0..n).map(|_| draw.int(0..=255) as u8).collect::<Vec<u8>>();
    let drawn = [1, 8, 33, 300].map(|n| random(draw, n)).to_vec();
    Ok(vec![
        Check::exact("the known checksum of 123456789", sums(vec![b"123456789".to_vec(), vec![0; 32]])),
        Check::exact("no byte at all", sums(vec![Vec::new()])),
        Check::exact("drawn bytes", sums(drawn)),
    ])
}

/// The checks of `read_scalars`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let start = Event { wall: 1.7e9, more: text(3, b"brain.Event:2"), ..Event::default() };
    let mut clock = 1.7e9;
    let mut event = |step: i64, values: Vec<Value>| {
        clock += draw.uniform(0.1, 3.0);
        Event { wall: clock, step, values, more: Vec::new() }
    };
    let plain: Vec<Event> = (1..=4).map(|step| event(100 * step, vec![Scalar("loss", 2.5 / step as f32)])).collect();
    let several = vec![
        event(1, vec![Scalar("loss", 0.75), Scalar("accuracy", 0.5), Scalar("lr", 1e-3)]),
        event(2, vec![Scalar("loss", 0.625), Scalar("accuracy", 0.5625)]),
    ];
    let without = vec![event(7, vec![Scalar("loss", 1.5)]), event(0, vec![Scalar("loss", 2.0)]), event(300, vec![])];
    let signs = vec![
        event(-1, vec![Scalar("loss", 3.0)]),
        event(-500, vec![Scalar("a", 3.5)]),
        event(1 << 40, vec![Scalar("b", -4.0)]),
    ];
    let mut odd = event(5, vec![Scalar("loss", 0.25), Histogram("weights"), Scalar("lr", 0.0)]);
    odd.more = [varint(9 << 3), varint(123_456), text(6, b"a log line"), text(17, &[1, 2, 3])].concat();
    let numbers = vec![event(1, vec![Scalar("loss", f32::NAN), Scalar("loss", f32::INFINITY), Scalar("", -0.0)])];
    let file = |events: &[Event]| events.iter().map(record).collect::<Vec<_>>().concat();
    let ask = |file: Vec<u8>| Script::call("read_scalars", args![bytes(file)]);
    let whole = file(&plain);
    let last = whole.len() - file(&plain[3..]).len();
    let tails = [1, 8, 9, 12, 13, 20].map(|more| ask(whole[..last + more].to_vec())).to_vec();
    let tails = [tails, vec![ask(whole[..whole.len() - 1].to_vec()), ask(whole[..5].to_vec())]].concat();
    let broken = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        ask(bytes)
    };
    let second = file(&plain[..1]).len();
    let length = whole.len();
    Ok(vec![
        Check::exact("a scalar an event", vec![ask(file(&plain)), ask(file(&[vec![start], plain.clone()].concat()))]),
        Check::exact("several values in an event", vec![ask(file(&several))]),
        Check::exact("an event at step 0", vec![ask(file(&without))]),
        Check::exact("negative and long steps", vec![ask(file(&signs))]),
        Check::exact("histograms and unknown fields", vec![ask(file(&[plain[0].clone(), odd]))]),
        Check::exact("a loss that is no number", vec![ask(file(&numbers))]),
        Check::exact("a file that is still being written", tails),
        Check::exact("an empty file", vec![ask(Vec::new())]),
        Check::refuses("`read_scalars` refuses a wrong checksum", vec![broken(2), broken(9), broken(second + 14), broken(length - 2)]),
    ])
}

/// `[u8]` crosses as bytes.
fn bytes(data: Vec<u8>) -> lab_sdk::Value {
    lab_sdk::Value::Bytes(data)
}

/// Length, its checksum, data, their checksum.
fn record(event: &Event) -> Vec<u8> {
    let data = message(event);
    let length = (data.len() as u64).to_le_bytes();
    let parts = [&length[..], &masked_crc(&length).to_le_bytes(), &data, &masked_crc(&data).to_le_bytes()];
    parts.concat()
}

/// What is 0 is not written.
fn message(event: &Event) -> Vec<u8> {
    let mut all = [vec![1 << 3 | 1], event.wall.to_le_bytes().to_vec()].concat();
    if event.step != 0 {
        all.extend([varint(2 << 3), varint(event.step as u64)].concat());
    }
    if !event.values.is_empty() {
        let values: Vec<Vec<u8>> = event.values.iter().map(|value| text(1, &of_value(value))).collect();
        all.extend(text(5, &values.concat()));
    }
    all.extend(&event.more);
    all
}

fn of_value(value: &Value) -> Vec<u8> {
    match value {
        Scalar(tag, number) => [text(1, tag.as_bytes()), vec![2 << 3 | 5], number.to_le_bytes().to_vec()].concat(),
        // Metadata with a plugin's name, then the histogram.
        Histogram(tag) => {
            [text(1, tag.as_bytes()), text(9, b"histograms"), text(5, &[9, 0, 0, 0, 0, 0, 0, 0, 64])].concat()
        }
    }
}

/// A field of bytes.
fn text(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
