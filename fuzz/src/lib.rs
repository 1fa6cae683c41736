//! What reads files, frames and typed words, one function each. Any bytes are read or refused in words, and what was read
//! is written and read back as it was. A fuzzer calls these with what it finds, `cargo test` with `fuzz/corpus`.

use lab_sdk::fx::from_ir;
use lab_sdk::wire::{Frame, HEADER};
use lab_sdk::{DType, FxGraph, FxValue, Lm};
use roadmap::curriculum::Roadmap;
use roadmap::grading::{Grader, Lab, Seed, ask, grade_predict, parse_number, plain};
use roadmap::lab::{Manifest, Step, Type};
use roadmap::machine::{Fingerprint, Measured};
use roadmap::progress::{Exported, Store};
use roadmap::reference::{model_file, trace};
use roadmap::submission::{Limits, coerce};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

/// A target: the name of its corpus, and what it does with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("frame", frame),
    ("graph", graph),
    ("import", import),
    ("lab_toml", lab_toml),
    ("machine", machine),
    ("model_file", model_file),
    ("number", number),
    ("predict", predict),
    ("roadmap_toml", roadmap_toml),
    ("trace", trace),
    ("weights", weights),
];

/// Types that results are coerced to.
const TYPES: &[&str] = &[
    "f32",
    "i64?",
    "usize",
    "bool",
    "(f32, i32)",
    "[f32]",
    "[(usize, f64)]",
    "{str: f32}",
    "f32[n, 2]",
    "i8[n]",
    "json",
];

/// Frames of the wire, with their headers, as both sides read them. What an answer sends is coerced to a declared type.
pub fn frame(data: &[u8]) {
    let mut stream = data;
    let mut read = Vec::new();
    while let Ok(Some(frame)) = Frame::read(&mut stream) {
        read.push(frame);
    }
    for frame in read {
        let bytes = frame.encode().expect("what was read is written");
        let back = Frame::decode(&bytes[HEADER..]).expect("what was written is read");
        assert_eq!(back.encode().expect("again"), bytes);
        for ty in TYPES {
            let ty = Type::parse(ty).expect("a type");
            frame.values.iter().for_each(|value| drop(coerce(&ty, value.clone())));
        }
    }
}

/// A graph in FX's JSON, or the text of TorchScript.
pub fn graph(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = if text.starts_with('{') { FxGraph::from_json(text) } else { from_ir(text) };
    let Ok(graph) = read else { return };
    let written = serde_json::to_string(&graph).expect("a graph is JSON");
    assert_eq!(FxGraph::from_json(&written).expect("what was written is read"), graph);
    for node in &graph.nodes {
        node.all_input_nodes();
        for arg in &node.args {
            let _ = arg.value(&mut |_| Ok(FxValue::None));
        }
    }
}

/// What `roadmap import` takes in: refused, or the same after it was exported again.
pub fn import(data: &[u8]) {
    let Ok(given) = Exported::parse(data, "it") else { return };
    let mut store = Store::in_memory().expect("a store");
    if store.merge(&given, "it").is_err() {
        return;
    }
    let out = store.export().expect("rows");
    let text = serde_json::to_vec(&out).expect("an export is JSON");
    let back = Exported::parse(&text, "it").expect("what was written is read");
    let mut other = Store::in_memory().expect("a store");
    other.merge(&back, "it").expect("it merges");
    assert_eq!(other.export().expect("rows").tables, out.tables);
}

/// `lab.toml`.
pub fn lab_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(manifest) = Manifest::parse("a-lab", text) else { return };
    manifest.functions.iter().for_each(|function| drop(function.rust()));
    for step in &manifest.steps {
        Limits::seconds(manifest.limit_of(step));
    }
}

/// `machine.json`, with the roofs that an experiment asks for.
pub fn machine(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(measured) = Measured::parse(text) else { return };
    let written = serde_json::to_string(&measured).expect("roofs are JSON");
    assert_eq!(Measured::parse(&written).expect("what was written is read"), measured);
    let roofs = &measured.roofs;
    assert!(roofs.memory() > 0.0 && roofs.near(1 << 20) > 0.0 && roofs.at(1.0, u64::MAX) > 0.0);
    roofs.raised(roofs);
    Fingerprint::here().differences(&measured.fingerprint);
}

/// A model to count, behind a line with the ending of its file: `json`, `toml`, `onnx` or `safetensors`.
pub fn model_file(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let ending = match data.first() {
        Some(b'j') => "json",
        Some(b't') => "toml",
        Some(b'o') => "onnx",
        _ => "safetensors",
    };
    let file = file(ending, data.get(end + 1..).unwrap_or_default());
    if let Err(why) = model_file::read(&file.0) {
        assert!(!why.to_string().contains('\n') || ending == "toml", "one sentence: {why}");
    }
}

/// A typed number, behind a line with its unit. One that is printed is read back.
pub fn number(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (unit, text) = text.split_once('\n').unwrap_or(("", text));
    let unit = ["B", "dB", "%", "ms", "MACs"].into_iter().find(|known| *known == unit).unwrap_or_default();
    if let Ok(value) = parse_number(text, unit) {
        let printed = plain(value, 17);
        assert_eq!(parse_number(&printed, unit), Ok(value), "{printed}");
    }
    Seed::parse(text);
}

/// Every predict step of every lab.
static QUESTIONS: LazyLock<Vec<(Lab, Step)>> = LazyLock::new(|| {
    let labs = roadmap::labs::embedded().iter().map(|lab| Lab::read(*lab).expect("a lab"));
    let asks = |(lab, step): &(Lab, Step)| matches!(lab.grader(&step.id), Some(Grader::Predict(_)));
    let each = |lab: Lab| lab.manifest.steps.clone().into_iter().map(move |step| (lab.clone(), step));
    labs.flat_map(each).filter(asks).collect()
});

/// Answers to a predict step, one a line (`scale=0.02`, or the answer alone). The first byte chooses the step.
pub fn predict(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (lab, step) = &QUESTIONS[usize::from(*choice) % QUESTIONS.len()];
    let seed = Seed::new(u64::from(*choice));
    let asked = ask(lab, step, seed);
    let mut given: Vec<(Option<String>, String)> = text
        .lines()
        .map(|line| match line.split_once('=') {
            Some((id, answer)) => (Some(id.to_owned()), answer.to_owned()),
            None => (None, line.to_owned()),
        })
        .collect();
    if let Ok(graded) = grade_predict(lab, step, seed, &given) {
        assert!(graded.passed <= graded.total);
    }
    // One answer for each question, whatever they are called.
    given.retain(|(id, _)| id.is_none());
    if let Some((_, last)) = given.last().cloned() {
        given.resize(asked.len(), (None, last));
        let _ = grade_predict(lab, step, seed, &given);
    }
}

/// A stage and, after a line `phases`, the phases of a roadmap.
pub fn roadmap_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (stage, phases) = text.split_once("\nphases\n").unwrap_or((text, ""));
    let Ok(roadmap) = Roadmap::parse([("1.toml", stage), ("phases.toml", phases)]) else { return };
    for (stage, _, topic) in roadmap.topics() {
        assert_eq!(roadmap.stage_of(&topic.id).map(|found| found.number), Some(stage.number));
    }
}

/// A trace as torch.profiler exports it, gzip or not.
pub fn trace(data: &[u8]) {
    let file = file("trace", data);
    let Ok(trace) = trace::read(&file.0) else { return };
    let back = trace::Trace::parse(&trace.text()).expect("what was written is read");
    assert_eq!(back.events.len(), trace.events.len());
    trace.events.iter().for_each(|event| {
        event.end();
        event.correlation();
    });
    let few = trace.window(3);
    assert!(few.steps <= few.of);
}

/// A model that is run: safetensors with its configuration in the header, or GGUF.
pub fn weights(data: &[u8]) {
    let file = file(if data.starts_with(b"GGUF") { "gguf" } else { "safetensors" }, data);
    let Ok(lm) = Lm::load(&file.0, DType::F32) else { return };
    lm.weight_names();
    let x = lm.embed(&[0]).expect("the first token");
    lm.logits(&x).expect("its logits");
}

/// A file that lasts as long as this value.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn file(ending: &str, bytes: &[u8]) -> File {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let file =
        File(folder.join(format!("roadmap-fuzz-{}-{:?}.{ending}", std::process::id(), std::thread::current().id())));
    fs::write(&file.0, bytes).expect("a file");
    file
}
