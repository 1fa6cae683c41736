//! A case as text: `name = value` pairs for one call, a line a call for several.

mod fx;

use super::replay::{Argument, Call, Script};
use super::show::{number, value_text};
use super::{Lab, json};
use lab_sdk::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What was called, in parts that may stand on one line.
pub fn transcript(lab: &Lab, script: &Script) -> Vec<String> {
    let asked: Vec<usize> = (0..script.calls.len()).filter(|at| script.calls[*at].look.is_none()).collect();
    match asked[..] {
        [at] => named_arguments(lab, &script.calls[at]),
        _ => asked.into_iter().flat_map(|at| line(script, at)).collect(),
    }
}

fn named_arguments(lab: &Lab, call: &Call) -> Vec<String> {
    let function = lab.manifest.function(call.function);
    let name = |i: usize| function.and_then(|f| f.args.get(i)).map_or_else(|| format!("#{i}"), |a| a.name.clone());
    let value = |arg: &Argument| match arg {
        Argument::Value(value) => value_text(value),
        Argument::Result(at) => format!("result {at}"),
    };
    let parts = |(i, arg)| match arg {
        &Argument::Value(Value::Json(ref json)) if json["nodes"].is_array() => graph(&name(i), json),
        &Argument::Value(Value::Json(ref json)) if json["macs"].is_u64() => {
            vec![format!("{}: {}", name(i), kernel(json))]
        }
        Argument::Value(Value::List(items)) if items.iter().all(is_layer) => layers(&name(i), items),
        &Argument::Value(Value::Str(ref text)) if text.contains("\"traceEvents\"") => match json::structure(text) {
            Some(json) => trace(&name(i), &json),
            None => vec![format!("{} = {} bytes that are no whole JSON", name(i), text.len())],
        },
        &Argument::Value(Value::Map(ref map)) => vec![format!("{} = {}", name(i), shapes(map))],
        arg => vec![format!("{} = {}", name(i), value(arg))],
    };
    call.args.iter().enumerate().flat_map(parts).collect()
}

/// Nodes of a graph that are shown, from its end: a shrunk case ends where it fails.
const NODES: usize = 10;

/// A graph, a part a node: `conv = conv2d(x, cout: 1, k: [1, 1])`. What is off or not there is left out.
fn graph(name: &str, json: &Json) -> Vec<String> {
    let nodes = json["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let hidden = nodes.len().saturating_sub(NODES);
    let mut parts: Vec<String> = nodes[hidden..].iter().map(node).collect();
    if hidden > 0 {
        parts.insert(0, format!("... {hidden} nodes"));
    }
    match parts.first_mut() {
        Some(first) => first.insert_str(0, &format!("{name}: ")),
        None => parts.push(format!("{name}: no nodes")),
    }
    parts
}

/// Layers that are shown: a shrunk family has few.
const LAYERS: usize = 6;

fn is_layer(value: &Value) -> bool {
    matches!(value, Value::Json(json) if json["kernels"].is_array())
}

/// Layers, a part each: `0 low-rank, batch 1: conv2d(..) + conv2d(..)`.
fn layers(name: &str, items: &[Value]) -> Vec<String> {
    let layer = |(at, value): (usize, &Value)| {
        let Value::Json(json) = value else { return value_text(value) };
        let kernels = json["kernels"].as_array().into_iter().flatten().map(kernel).collect::<Vec<_>>().join(" + ");
        format!("{name}[{at}] {}, batch {}: {kernels}", json["name"].as_str().unwrap_or("?"), json["batch"])
    };
    let mut parts: Vec<String> = items.iter().enumerate().take(LAYERS).map(layer).collect();
    if items.len() > LAYERS {
        parts.push(format!("... {} more", items.len() - LAYERS));
    }
    if parts.is_empty() {
        parts.push(format!("{name} = []"));
    }
    parts
}

/// `linear([512, 1024] -> [512, 4096], cout: 4096) 2147483648 macs, 4194304 params`.
fn kernel(json: &Json) -> String {
    let shapes = |key: &str| json[key].as_array().into_iter().flatten().map(json::text).collect::<Vec<_>>().join(", ");
    // What is off, or as it is without being asked for, would hide the rest.
    let usual = |key: &str, value: &Json| match key {
        "stride" | "dil" => *value == serde_json::json!([1, 1]),
        "pad" => *value == serde_json::json!([0, 0]),
        "groups" => *value == 1,
        _ => value.is_null() || *value == Json::Bool(false),
    };
    let attrs = json["attrs"].as_object().into_iter().flatten().filter(|(key, value)| !usual(key, value));
    let attrs: Vec<String> = attrs.map(|(key, value)| format!("{key}: {}", json::text(value))).collect();
    let attrs = if attrs.is_empty() { String::new() } else { format!(", {}", attrs.join(", ")) };
    let op = json["op"].as_str().unwrap_or("?");
    let (inputs, out) = (shapes("inputs"), json::text(&json["out"]));
    format!("{op}({inputs} -> {out}{attrs}) {} macs, {} params", json["macs"], json["params"])
}

fn node(json: &Json) -> String {
    if json["target"].is_string() {
        return fx::node(json);
    }
    let word = |key: &str| json[key].as_str().unwrap_or("?").to_owned();
    let reads = json["inputs"].as_array().into_iter().flatten().filter_map(|read| read.as_str().map(str::to_owned));
    let off = |value: &Json| value.is_null() || *value == Json::Bool(false);
    let tie = json["tie"].as_str().map(|of| format!("tie: {of}"));
    let attrs = json["attrs"].as_object().into_iter().flatten().filter(|(_, value)| !off(value));
    let attrs = attrs.map(|(key, value)| format!("{key}: {}", json::text(value).replace(", ", ",")));
    format!("{} = {}({})", word("name"), word("op"), reads.chain(tie).chain(attrs).collect::<Vec<_>>().join(", "))
}

/// Events of a trace that are shown, from its begin.
const EVENTS: usize = 10;

/// A profiler's trace, a part an event: `cpu_op aten::mm on 1/7 from 100 for 40 us`.
fn trace(name: &str, json: &Json) -> Vec<String> {
    let events = json["traceEvents"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut parts: Vec<String> = events.iter().take(EVENTS).map(event).collect();
    if events.len() > EVENTS {
        parts.push(format!("... {} events", events.len() - EVENTS));
    }
    match parts.first_mut() {
        Some(first) => first.insert_str(0, &format!("{name}: ")),
        None => parts.push(format!("{name}: no events")),
    }
    parts
}

fn event(json: &Json) -> String {
    let word = |key: &str| json[key].as_str().map_or_else(|| json[key].to_string(), str::to_owned);
    if json["dur"].is_null() {
        return format!("`{}` {}", word("ph"), word("name"));
    }
    let [from, length] = ["ts", "dur"].map(|key| json[key].as_f64().map_or_else(|| "?".to_owned(), number));
    let linked = &json["args"]["correlation"];
    let linked = if linked.is_null() { String::new() } else { format!(", correlation {linked}") };
    format!("{} {:?} on {}/{} from {from} for {length} us{linked}", word("cat"), word("name"), word("pid"), word("tid"))
}

/// `cache = Cache.new(lm)`, `forward_cached(lm, [3, 1], cache)`. A graph among the arguments goes before, node by node.
fn line(script: &Script, at: usize) -> Vec<String> {
    let call = &script.calls[at];
    let graph_of = |arg: &Argument| match arg {
        Argument::Value(Value::Json(json)) if json["nodes"].is_array() => graph("g", json),
        _ => Vec::new(),
    };
    let mut lines: Vec<String> = call.args.iter().flat_map(graph_of).collect();
    let argument = |arg: &Argument| match arg {
        Argument::Value(Value::Json(json)) if json["nodes"].is_array() => "g".to_owned(),
        Argument::Value(Value::Map(map)) => shapes(map),
        Argument::Value(value) => value_text(value),
        Argument::Result(of) => result_name(script, *of),
    };
    let args = || call.args.iter().map(argument).collect::<Vec<String>>().join(", ");
    let args = call.words.clone().unwrap_or_else(args);
    let named = if is_used(script, at) { format!("{} = ", result_name(script, at)) } else { String::new() };
    lines.push(format!("{named}{}({args})", call.function));
    lines
}

/// `{conv.weight: [4, 3, 3, 3], scale: 0.5}`: of parameters their shapes.
fn shapes(map: &BTreeMap<String, Value>) -> String {
    let shape = |value: &Value| match value {
        Value::Tensor(t) if t.elem_count() > 1 => format!("{:?}", t.dims()),
        other => value_text(other),
    };
    let entries = map.iter().map(|(key, value)| format!("{key}: {}", shape(value)));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

/// An object is called by its type, the second of a type with a number; other results by their call.
fn result_name(script: &Script, of: usize) -> String {
    // Buffers have names of their own.
    if let Some(Call { function: "G.new" | "G.blank" | "Ptr.new" | "Ptr.blank", args, .. }) = script.calls.get(of)
        && let Some(Argument::Value(Value::Str(name))) = args.first()
    {
        return name.clone();
    }
    let ty = |at: usize| script.calls.get(at).and_then(|call| call.function.split_once('.')).map(|(ty, _)| ty);
    let Some(name) = ty(of) else { return format!("result{of}") };
    let makes = |at: &usize| ty(*at) == Some(name) && is_used(script, *at);
    match (0..of).filter(makes).count() {
        0 => name.to_lowercase(),
        before => format!("{}{}", name.to_lowercase(), before + 1),
    }
}

fn is_used(script: &Script, at: usize) -> bool {
    script.calls.iter().flat_map(|c| &c.args).any(|arg| matches!(arg, Argument::Result(of) if *of == at))
}
