//! The predict step `trace-or-script`: what three ways of capturing make of a function, as torch itself did (oracle/captured.json),
//! and which line of a TorchScript graph is dead.

use crate::grading::{Answer, Draw, Question};
use lab_sdk::fx::from_ir;
use lab_sdk::{FxGraph, Result};
use serde::Deserialize;

/// A function that was captured, and what came of it.
#[derive(Deserialize)]
pub struct Captured {
    pub name: String,
    /// Its body, as Python.
    pub source: String,
    /// Outcome of `symbolic_trace`, `jit.trace`, `jit.script`, in this order.
    pub outcomes: [Outcome; 3],
}

/// What came of capturing.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Right,
    ExampleOnly,
    Raises,
    KeepsIf,
    KeepsLoop,
}

const TOOLS: [&str; 3] = ["torch.fx.symbolic_trace", "torch.jit.trace", "torch.jit.script"];
const IDS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
const OUTCOMES: [(Outcome, &str); 5] = [
    (Outcome::Right, "a straight graph, right for every input and setting"),
    (Outcome::ExampleOnly, "a straight graph, right only for some: what was captured is fixed in it"),
    (Outcome::Raises, "an error"),
    (Outcome::KeepsIf, "a graph with prim::If, right for every input and setting"),
    (Outcome::KeepsLoop, "a graph with prim::Loop, right for every input and setting"),
];

/// All that torch captured.
pub fn captured() -> Result<Vec<Captured>> {
    Ok(serde_json::from_slice::<File>(include_bytes!("../oracle/captured.json"))?.functions)
}

#[derive(Deserialize)]
struct File {
    functions: Vec<Captured>,
}

/// The questions.
pub fn ask(draw: &mut Draw) -> Vec<Question> {
    let mut all = captured().unwrap_or_default();
    let mut questions = Vec::new();
    for (at, id) in IDS.into_iter().enumerate().take(all.len()) {
        let function = all.swap_remove(draw.size(0..=all.len() - 1));
        // Each tool at least once.
        let tool = if at < 3 { at } else { draw.size(0..=2) };
        questions.push(about(id, &function, tool));
    }
    questions.push(dead_line(draw));
    questions
}

fn about(id: &'static str, function: &Captured, tool: usize) -> Question {
    let outcome = function.outcomes[tool];
    let index = |of: Outcome| OUTCOMES.iter().position(|(known, _)| *known == of).unwrap_or_default();
    let body: Vec<String> = function.source.lines().map(|line| format!("    {line}")).collect();
    let mistakes = OUTCOMES.iter().enumerate().filter_map(|(at, (given, _))| Some((mistake(tool, outcome, *given)?, at as f64)));
    Question {
        id,
        text: format!("captured with x 4 x 3 and positive, self.training and self.flag True; used with others later:\n{}\n{} gives",
            body.join("\n"), TOOLS[tool]),
        parameters: vec![("function", function.name.clone()), ("tool", TOOLS[tool].to_owned())],
        answer: Answer::one_of(OUTCOMES.map(|(_, words)| words), index(outcome)),
        mistakes: mistakes.collect(),
        because: because(tool, outcome).to_owned(),
    }
}

/// The belief behind a wrong answer.
fn mistake(tool: usize, right: Outcome, given: Outcome) -> Option<&'static str> {
    use Outcome::{ExampleOnly, KeepsIf, KeepsLoop, Raises, Right};
    Some(match (tool, right, given) {
        (_, right, given) if right == given => return None,
        (0, Raises, _) => "proxies-have-values",
        (0, ExampleOnly, _) => "fx-keeps-python",
        (0, _, KeepsIf | KeepsLoop) => "fx-keeps-python",
        (1, ExampleOnly, _) => "a-trace-follows-the-data",
        (1, _, KeepsIf | KeepsLoop) => "a-trace-follows-the-data",
        (2, KeepsIf | KeepsLoop | Right, ExampleOnly) => "script-runs-an-example",
        (2, KeepsIf | KeepsLoop, Raises | Right) => "script-runs-an-example",
        _ => return None,
    })
}

fn because(tool: usize, outcome: Outcome) -> &'static str {
    match (tool, outcome) {
        (0, Outcome::Raises) => "symbolic_trace hands a Proxy in: it has no value to branch on, to count to, or to take a length of",
        (0, Outcome::ExampleOnly) => "an attribute of self is plain Python: its value is read once and becomes a constant",
        (0, _) => "every operation on the Proxy is recorded, reading a size or an item too: nothing of an example is in the graph",
        (1, Outcome::ExampleOnly) => "a trace records the operations that the example ran: the other branch, the other count, the \
            other flag were never seen",
        (1, _) => "the same operations run for every input, and tensors' sizes are traced too: the record is right",
        (_, Outcome::KeepsIf) => "script compiles the source: both branches are in the graph, under prim::If",
        (_, Outcome::KeepsLoop) => "script compiles the source: the loop is in the graph, as prim::Loop with a count of its own",
        _ => "script compiles the source; without a branch or a loop in it the graph is straight",
    }
}

/// Lines of a graph, of which exactly one is needed by nobody and writes nothing.
fn dead_line(draw: &mut Draw) -> Question {
    let unary = ["aten::relu", "aten::tanh", "aten::sigmoid", "aten::exp"];
    let (a, b, c, d) = (*draw.choose(&unary), *draw.choose(&unary), *draw.choose(&unary), *draw.choose(&unary));
    let write = *draw.choose(&["aten::add_", "aten::sub_"]);
    let mut body = vec![
        format!("%2 : Tensor = {a}(%x)"),
        format!("%3 : Tensor = {b}(%x)"),
        format!("%4 : Tensor = {write}(%2, %3, %one)"),
        format!("%5 : Tensor = {c}(%2)"),
    ];
    let dead = format!("%6 : Tensor = {d}(%{})", draw.size(2..=3));
    let place = draw.size(2..=3);
    body.insert(place, dead.clone());
    body.push("%7 : Tensor = aten::mul(%5, %x)".to_owned());
    let text = format!(
        "graph(%x : Tensor):\n  %one : int = prim::Constant[value=1]()\n  {}\n  return (%7)\n",
        body.join("\n  ")
    );
    let right = from_ir(&text).ok().and_then(|g| only_dead(&g)).and_then(|name| {
        body.iter().position(|line| line.starts_with(&format!("%{} ", name.trim_start_matches('_'))))
    });
    let written = body.iter().position(|line| line.contains(write)).unwrap_or_default();
    let source = body.iter().position(|line| line.starts_with("%3 ")).unwrap_or_default();
    Question {
        id: "dead",
        text: "%7 is returned, %one is 1. Which line can be deleted?".to_owned(),
        parameters: Vec::new(),
        answer: Answer::one_of(body, right.unwrap_or_default()),
        mistakes: vec![("unread-is-dead", written as f64), ("unread-is-dead", source as f64)],
        because: format!("nothing reads the result of `{dead}`, and it writes nothing; `{write}` changes %2, which is read later"),
    }
}

/// The one node that neither acts nor is needed.
pub fn only_dead(g: &FxGraph) -> Option<String> {
    let mut left = g.clone();
    super::super::solution::remove_dead(&mut left);
    let mut gone = g.nodes.iter().filter(|node| !left.nodes.contains(node));
    match (gone.next(), gone.next()) {
        (Some(node), None) => Some(node.name.clone()),
        _ => None,
    }
}
