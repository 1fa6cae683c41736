//! Model answers of `torch-profiler`.

use lab_sdk::serde_json::{self, Value};
use lab_sdk::{OpTime, Result, StepTime, ensure};
use std::collections::{BTreeMap, HashMap};

/// A complete event of a trace; times in nanoseconds.
pub(crate) struct Event {
    pub(crate) cat: String,
    pub(crate) name: String,
    /// Process and thread, or device and stream.
    pub(crate) thread: (String, String),
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) args: Value,
}

impl Event {
    /// What pairs GPU work with the call that launched it.
    pub(crate) fn correlation(&self) -> Option<i64> {
        self.args["correlation"].as_i64()
    }

    /// Whether it runs on the GPU.
    pub(crate) fn on_gpu(&self) -> bool {
        matches!(self.cat.as_str(), "kernel" | "gpu_memcpy" | "gpu_memset")
    }

    /// Whether it is a call of the CUDA runtime or driver.
    pub(crate) fn is_runtime(&self) -> bool {
        matches!(self.cat.as_str(), "cuda_runtime" | "cuda_driver")
    }

    /// Whether it takes part in the nesting of its thread.
    pub(crate) fn on_cpu(&self) -> bool {
        self.is_runtime() || matches!(self.cat.as_str(), "cpu_op" | "user_annotation")
    }

    /// Whether it is a step of the loop.
    pub(crate) fn is_step(&self) -> bool {
        self.cat == "user_annotation" && self.name.starts_with("ProfilerStep#")
    }
}

/// The complete events of a trace, in the order of the text.
pub(crate) fn events(trace: &str) -> Result<Vec<Event>> {
    let mut json: Value = serde_json::from_str(trace)?;
    let Some(Value::Array(all)) = json.get_mut("traceEvents").map(Value::take) else {
        return Err("there is no list `traceEvents`".into());
    };
    let text = |json: &Value| json.as_str().unwrap_or_default().to_owned();
    // Each time becomes a whole number before anything is added: begin + length of two decimals is rounded, and a child
    // that ends with its parent would seem to end after it.
    let ns = |json: &Value| json.as_f64().map(|us| (us * 1000.0).round() as i64);
    let event = |mut json: Value| {
        let (start, length) = (ns(&json["ts"])?, ns(&json["dur"])?);
        (json["ph"] == "X").then(|| Event {
            cat: text(&json["cat"]),
            name: text(&json["name"]),
            thread: (json["pid"].to_string(), json["tid"].to_string()),
            start,
            end: start + length,
            args: json["args"].take(),
        })
    };
    Ok(all.into_iter().filter_map(event).collect())
}

/// The operator table.
pub fn key_averages(trace: &str) -> Result<BTreeMap<String, OpTime>> {
    let events = events(trace)?;
    let mut table: BTreeMap<String, OpTime> = BTreeMap::new();
    let (mut launched, mut unclaimed) = (HashMap::<i64, i64>::new(), 0);
    for event in events.iter().filter(|event| event.on_gpu()) {
        let length = event.end - event.start;
        match event.correlation() {
            Some(id) => *launched.entry(id).or_default() += length,
            None => unclaimed += length,
        }
    }
    for thread in threads(&events).values() {
        let mut open: Vec<&Event> = Vec::new();
        for event in thread {
            let length = event.end - event.start;
            while open.last().is_some_and(|top| event.start >= top.end || event.end > top.end) {
                open.pop();
            }
            if let Some(parent) = open.last().filter(|parent| parent.cat == "cpu_op") {
                table.entry(parent.name.clone()).or_default().cpu_self_ns -= length;
            }
            if event.cat == "cpu_op" {
                let row = table.entry(event.name.clone()).or_default();
                row.calls += 1;
                row.cpu_total_ns += length;
                row.cpu_self_ns += length;
            }
            if event.is_runtime()
                && let Some(gpu) = event.correlation().and_then(|id| launched.remove(&id))
            {
                match open.iter().rev().find(|above| above.cat == "cpu_op") {
                    Some(op) => table.entry(op.name.clone()).or_default().gpu_ns += gpu,
                    None => unclaimed += gpu,
                }
            }
            open.push(event);
        }
    }
    unclaimed += launched.values().sum::<i64>();
    if unclaimed > 0 {
        table.entry("[none]".to_owned()).or_default().gpu_ns = unclaimed;
    }
    Ok(table)
}

/// What nests, by thread: parents before their children, as they begin.
pub(crate) fn threads(events: &[Event]) -> BTreeMap<&(String, String), Vec<&Event>> {
    let mut threads: BTreeMap<&(String, String), Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.on_cpu()) {
        threads.entry(&event.thread).or_default().push(event);
    }
    threads.values_mut().for_each(|thread| thread.sort_by_key(|event| (event.start, -event.end)));
    threads
}

/// Categories in their order; the last one is what is left.
pub(crate) const PARTS: usize = 8;

/// The category of an event's time: 0 kernel, 1 memcpy, 2 memset, 3 communication, 4 runtime, 5 data loader, 6 CPU.
pub(crate) fn part(event: &Event) -> Option<usize> {
    match event.cat.as_str() {
        "kernel" if event.name.starts_with("nccl") => Some(3),
        "kernel" => Some(0),
        "gpu_memcpy" => Some(1),
        "gpu_memset" => Some(2),
        "cuda_runtime" | "cuda_driver" => Some(4),
        "cpu_op" | "user_annotation" if event.name.starts_with("enumerate(DataLoader)") => Some(5),
        "cpu_op" | "user_annotation" if !event.is_step() => Some(6),
        _ => None,
    }
}

/// The parts by their names.
pub(crate) fn step_time(parts: [i64; PARTS]) -> StepTime {
    let [kernel_ns, memcpy_ns, memset_ns, communication_ns, runtime_ns, dataloader_ns, cpu_ns, other_ns] = parts;
    let total_ns = parts.iter().sum();
    StepTime {
        total_ns,
        kernel_ns,
        memcpy_ns,
        memset_ns,
        communication_ns,
        runtime_ns,
        dataloader_ns,
        cpu_ns,
        other_ns,
    }
}

/// Where the time of each step went: one walk over all begins and ends, in the order of time.
pub fn step_breakdown(trace: &str) -> Result<BTreeMap<String, StepTime>> {
    let events = events(trace)?;
    let mut edges: Vec<(i64, i64, &Event)> = Vec::with_capacity(2 * events.len());
    for event in events.iter().filter(|event| event.is_step() || part(event).is_some()) {
        edges.extend([(event.start, 1, event), (event.end, -1, event)]);
    }
    edges.sort_by_key(|(time, ..)| *time);
    let mut steps: BTreeMap<&str, [i64; PARTS]> = BTreeMap::new();
    let (mut open, mut running, mut last) = (Vec::<&str>::new(), [0; PARTS], 0);
    for (time, change, event) in edges {
        let first = running.iter().position(|count| *count > 0).unwrap_or(PARTS - 1);
        for &step in &open {
            steps.entry(step).or_default()[first] += time - last;
        }
        last = time;
        match (part(event), change) {
            (Some(part), _) => running[part] += change,
            (None, 1) => {
                steps.entry(&event.name).or_default();
                open.push(&event.name);
            }
            (None, _) => open.retain(|step| *step != event.name),
        }
    }
    Ok(steps.into_iter().map(|(name, parts)| (name.to_owned(), step_time(parts))).collect())
}

/// The steps as spans in the order of time; refused where there is none.
pub(crate) fn steps(events: &[Event]) -> Result<Vec<(i64, i64)>> {
    let mut steps: Vec<(i64, i64)> = events.iter().filter(|e| e.is_step()).map(|e| (e.start, e.end)).collect();
    steps.sort_unstable();
    ensure!(steps.iter().any(|(start, end)| start < end), "no ProfilerStep was recorded");
    Ok(steps)
}

/// How much of a span lies inside the steps.
pub(crate) fn inside((start, end): (i64, i64), steps: &[(i64, i64)]) -> i64 {
    let from = steps.partition_point(|step| step.1 <= start);
    let met = steps[from..].iter().take_while(|step| step.0 < end);
    met.map(|step| end.min(step.1) - start.max(step.0)).sum()
}

/// Spans that overlap or touch, joined.
pub(crate) fn union(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// Utilization of the GPU, estimated SM efficiency, estimated occupancy.
pub fn gpu_metrics(trace: &str) -> Result<(f64, f64, f64)> {
    let events = events(trace)?;
    let steps = steps(&events)?;
    let kernels: Vec<&Event> = events.iter().filter(|event| event.cat == "kernel").collect();
    let busy = union(kernels.iter().map(|kernel| (kernel.start, kernel.end)).collect());
    let busy: i64 = busy.into_iter().map(|span| inside(span, &steps)).sum();
    let (mut filled, mut occupied, mut lasted) = (0.0, 0.0, 0.0);
    for kernel in kernels {
        let length = inside((kernel.start, kernel.end), &steps) as f64;
        filled += length * kernel.args["blocks per SM"].as_f64().unwrap_or(0.0).min(1.0);
        occupied += length * kernel.args["est. achieved occupancy %"].as_f64().unwrap_or(0.0) / 100.0;
        lasted += length;
    }
    let all = steps.iter().map(|(start, end)| end - start).sum::<i64>() as f64;
    Ok((busy as f64 / all, filled / all, if lasted > 0.0 { occupied / lasted } else { 0.0 }))
}

/// The time of all steps if an operator were faster.
pub fn what_if(trace: &str, op: &str, factor: f64) -> Result<f64> {
    ensure!(factor > 0.0 && factor.is_finite(), "a factor of {factor}");
    let events = events(trace)?;
    let spans = steps(&events)?;
    let thread = events.iter().find(|event| event.is_step()).map(|step| &step.thread);
    let calls: Vec<&Event> = events.iter().filter(|event| event.cat == "cpu_op" && event.name == op).collect();
    ensure!(!calls.is_empty(), "the trace has no operator `{op}`");
    let beside = calls.iter().filter(|call| Some(&call.thread) == thread);
    let busy = union(beside.map(|call| (call.start, call.end)).collect());
    let busy = busy.into_iter().map(|span| inside(span, &spans)).sum::<i64>() as f64;
    let all = spans.iter().map(|(start, end)| end - start).sum::<i64>() as f64;
    Ok(all - busy + busy / factor)
}

/// CRC-32C, rotated and shifted by a constant.
pub fn masked_crc(data: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82F6_3B78; // Castagnoli, bits reversed
    let byte = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 })
    };
    let crc = !data.iter().fold(!0, byte);
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// A scalar: wall clock in seconds, step, tag, value.
type Scalar = (f64, i64, String, f32);

/// The scalars of an event file.
pub fn read_scalars(file: &[u8]) -> Result<Vec<Scalar>> {
    let mut scalars = Vec::new();
    let (mut rest, mut at) = (file, 0);
    // A record that is not all there is still being written.
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let length = u64::from_le_bytes(*head);
        let Some((crc, body)) = body.split_first_chunk::<4>() else { break };
        ensure!(u32::from_le_bytes(*crc) == masked_crc(head), "a wrong checksum of the length at byte {at}");
        let Some((data, body)) = usize::try_from(length).ok().and_then(|n| body.split_at_checked(n)) else { break };
        let Some((crc, body)) = body.split_first_chunk::<4>() else { break };
        ensure!(u32::from_le_bytes(*crc) == masked_crc(data), "a wrong checksum of the data at byte {}", at + 12);
        event(data, &mut scalars).ok_or_else(|| format!("no event at byte {}", at + 12))?;
        at += rest.len() - body.len();
        rest = body;
    }
    Ok(scalars)
}

/// A field of a message, by its wire type.
enum Field<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// Event { 1: wall time, 2: step, 5: Summary { 1: Value { 1: tag, 2: simple_value } } }
fn event(data: &[u8], scalars: &mut Vec<Scalar>) -> Option<()> {
    // What is 0 is not written.
    let (mut wall, mut step, mut found) = (0.0, 0, Vec::new());
    for (number, field) in fields(data)? {
        match (number, field) {
            (1, Field::Fixed64(bytes)) => wall = f64::from_le_bytes(bytes),
            (2, Field::Varint(value)) => step = value as i64,
            (5, Field::Bytes(summary)) => {
                for (number, field) in fields(summary)? {
                    if let (1, Field::Bytes(value)) = (number, field) {
                        found.extend(scalar(value)?);
                    }
                }
            }
            _ => {}
        }
    }
    scalars.extend(found.into_iter().map(|(tag, value)| (wall, step, tag, value)));
    Some(())
}

/// Tag and value; none where the value is an image, a histogram, ..
fn scalar(data: &[u8]) -> Option<Option<(String, f32)>> {
    let (mut tag, mut simple) = (String::new(), None);
    for (number, field) in fields(data)? {
        match (number, field) {
            (1, Field::Bytes(text)) => tag = String::from_utf8(text.to_vec()).ok()?,
            (2, Field::Fixed32(bytes)) => simple = Some(f32::from_le_bytes(bytes)),
            _ => {}
        }
    }
    Some(simple.map(|value| (tag, value)))
}

/// The fields of a message in their order, with their numbers.
fn fields(mut data: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut all = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data)?;
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut data)?),
            1 => Field::Fixed64(chunk(&mut data)?),
            2 => {
                let length = usize::try_from(varint(&mut data)?).ok()?;
                let (bytes, rest) = data.split_at_checked(length)?;
                data = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(chunk(&mut data)?),
            _ => return None,
        };
        all.push((key >> 3, field));
    }
    Some(all)
}

/// Seven bits a byte, the lowest first; the top bit says that another byte follows. At most ten bytes.
fn varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let [byte] = chunk(data)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn chunk<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = data.split_first_chunk()?;
    *data = rest;
    Some(*head)
}
