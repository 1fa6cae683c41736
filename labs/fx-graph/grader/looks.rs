//! What is compared of a rewritten graph: what it returns, its signature, how much is left of it.

use super::net::Net;
use crate::grading::{Argument, Rule, Script, Seen, scalar};
use crate::reference::fx;
use lab_sdk::fx::Params;
use lab_sdk::{FxGraph, IntoValue, Opcode, Result, Tensor, Value};
use serde::Deserialize;
use serde_json::json;

/// The streams of random nodes.
const SEED: u64 = 11;

/// A case: `function` of a graph, and what the graph that it returns does on `calls`, inputs after inputs.
pub fn does_the_same(function: &'static str, net: &Net, calls: &[Vec<Tensor>]) -> Script {
    let calls: Vec<Value> = calls.iter().map(|ins| ins.clone().into_value()).collect();
    let args = vec![Argument::Result(0), Argument::Value(Value::List(calls))];
    whole(function, net).look("placeholders", placeholders, vec![Argument::Result(0)]).look("outputs", outputs, args)
}

/// One call. A graph with parts missing would be smaller and say less.
fn whole(function: &'static str, net: &Net) -> Script {
    Script::call(function, net.values()).whole()
}

/// A case: `function` of a graph, and how many nodes are left.
pub fn nodes_left(function: &'static str, net: &Net) -> Script {
    whole(function, net).look("nodes", nodes, vec![Argument::Result(0)])
}

/// A case: `function` of a graph, and how many batch norms are left.
pub fn norms_left(function: &'static str, net: &Net) -> Script {
    whole(function, net).look("batch norms", norms, vec![Argument::Result(0)])
}

/// As few as the solution leaves.
pub fn no_more(unit: &'static str) -> Rule {
    Rule::at_most(more, 0.0, unit)
}

fn more(seen: &Seen<'_>) -> (f64, String) {
    let (got, wanted) = (scalar(seen.result(seen.last())), scalar(seen.right(seen.last())));
    ((got - wanted).max(0.0), format!("{got} are left, {wanted} are enough"))
}

/// The graph and the parameters in what a function returned.
pub fn rewritten(value: &Value) -> Result<(FxGraph, Params)> {
    let Value::Tuple(parts) = value else { return Err(format!("wanted a graph and parameters, got {}", value.kind()).into()) };
    let (Some(Value::Json(graph)), Some(Value::Map(named)), 2) = (parts.first(), parts.get(1), parts.len()) else {
        return Err("wanted a graph and parameters".into());
    };
    let g = FxGraph::deserialize(graph).map_err(|why| format!("what was returned is no graph: {why}"))?;
    let tensor = |(path, value): (&String, &Value)| match value {
        Value::Tensor(t) => Ok((path.clone(), t.clone())),
        other => Err(format!("the parameter `{path}` is {}", other.kind())),
    };
    Ok((g, named.iter().map(tensor).collect::<Result<_, _>>()?))
}

fn outputs(values: &[Value]) -> Result<Value> {
    let (g, params) = rewritten(&values[0])?;
    let Value::List(calls) = &values[1] else { return Err("no inputs".into()) };
    let calls: Vec<Vec<Tensor>> = calls.iter().map(tensors).collect::<Result<_>>()?;
    let made = fx::calls_in_a_row(&g, &params, &calls, SEED)?;
    Ok(Value::List(made.into_iter().map(IntoValue::into_value).collect()))
}

/// A list of tensors.
pub fn tensors(value: &Value) -> Result<Vec<Tensor>> {
    let Value::List(items) = value else { return Err("no list of tensors".into()) };
    let tensor = |item: &Value| match item {
        Value::Tensor(t) => Ok(t.clone()),
        other => Err(format!("{} in a list of tensors", other.kind()).into()),
    };
    items.iter().map(tensor).collect()
}

fn placeholders(values: &[Value]) -> Result<Value> {
    let (g, _) = rewritten(&values[0])?;
    let names: Vec<&str> = g.nodes.iter().filter(|n| n.op == Opcode::Placeholder).map(|n| n.name.as_str()).collect();
    Ok(Value::Json(json!(names)))
}

fn nodes(values: &[Value]) -> Result<Value> {
    let (g, _) = rewritten(&values[0])?;
    fx::check(&g)?;
    Ok(g.nodes.len().into_value())
}

fn norms(values: &[Value]) -> Result<Value> {
    let (g, _) = rewritten(&values[0])?;
    fx::check(&g)?;
    Ok(fx::batch_norms(&g).into_value())
}
