//! Reads the text of TorchScript (`print(scripted.graph)`) into the structure of FX: constants and lists become literals,
//! `prim::GetAttr` becomes get_attr, every other line a call_function node. `prim::If` and `prim::Loop` keep their blocks.
//! Modules that the text calls have to be inlined (`inlined_graph`).

use super::{FxArg, FxGraph, FxNode, Opcode};
use crate::{Error, Result, ensure};
use std::collections::BTreeMap;

/// Items that all lists of a text may hold together: a list may hold another twice, that one a third twice, and so on.
const MOST_ITEMS: usize = 1 << 20;

/// How deep lists and blocks may lie in each other.
const DEEPEST: usize = 32;

/// The graph that the text describes. Line ends may be CRLF.
pub fn from_ir(text: &str) -> Result<FxGraph> {
    let lines = text.lines().enumerate().map(|(at, line)| Line { number: at + 1, text: strip(line) });
    let mut lines = lines.filter(|line| !line.text.is_empty()).peekable();
    let mut header = String::new();
    let first = lines.peek().map_or(1, |line| line.number);
    for line in lines.by_ref() {
        header.push_str(line.text.trim());
        if line.text.ends_with("):") {
            break;
        }
    }
    let inside = header.strip_prefix("graph(").and_then(|rest| rest.strip_suffix("):"));
    let inside = inside.ok_or_else(|| Error::new(format!("line {first}: TorchScript begins with `graph(..):`")))?;
    let mut reader = Reader::default();
    let mut nodes: Vec<FxNode> = Vec::new();
    for (name, kind) in declared(inside) {
        match kind.contains("__torch__") {
            true => drop(reader.known.insert(name, Known::Module(String::new()))),
            false => nodes.push(reader.placeholder(&name)),
        }
    }
    let body: Vec<Line> = lines.collect();
    let used = reader.block(&body, 2, &mut nodes)?;
    match body.get(used) {
        None => Ok(FxGraph { nodes, modules: BTreeMap::new() }),
        Some(line) => Err(line.wrong("stands outside of every block")),
    }
}

/// A line without its comment and trailing space.
struct Line {
    number: usize,
    text: String,
}

impl Line {
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    fn wrong(&self, why: &str) -> Error {
        Error::new(format!("line {}: `{}` {why}", self.number, self.text.trim()))
    }
}

/// Comments begin with ` # `, and a trace says after `, scope: ` which module it was in; a string constant may hold such text
/// too, so only the last counts.
fn strip(line: &str) -> String {
    let line = line.trim_end();
    let code = line.rsplit_once(" # ").map_or(line, |(code, _)| code).trim_end();
    code.rsplit_once("), scope: ").map_or(code.to_owned(), |(call, _)| format!("{call})"))
}

/// What a name stands for.
enum Known {
    Value(FxArg),
    /// The path of a module.
    Module(String),
}

#[derive(Default)]
struct Reader {
    known: BTreeMap<String, Known>,
    /// Items of arguments so far.
    items: usize,
    /// Blocks that are open.
    open: usize,
}

impl Reader {
    fn placeholder(&mut self, name: &str) -> FxNode {
        let node = node(Opcode::Placeholder, &readable(name), &readable(name), Vec::new());
        self.known.insert(name.to_owned(), Known::Value(FxArg::node(&node.name)));
        node
    }

    /// Lines of one block, until its end; returns how many there were.
    fn block(&mut self, lines: &[Line], indent: usize, nodes: &mut Vec<FxNode>) -> Result<usize> {
        let mut at = 0;
        while let Some(line) = lines.get(at).filter(|line| line.indent() >= indent) {
            at += 1;
            let text = line.text.trim();
            let returned = text.strip_prefix("return ").or_else(|| text.strip_prefix("-> "));
            if let Some(values) = returned {
                let values = values.trim_start_matches('(').trim_end_matches(')');
                let mut args = self.arguments(line, values)?;
                let value = if args.len() == 1 { args.remove(0) } else { FxArg::List(args) };
                nodes.push(node(Opcode::Output, "output", "output", vec![value]));
                return Ok(at);
            }
            let mut made = self.line(line)?;
            while lines.get(at).is_some_and(|next| next.text.trim().starts_with("block")) {
                let Some(owner) = made.first_mut() else { return Err(lines[at].wrong("belongs to no node")) };
                let (begin, deeper) = (&lines[at], lines[at].indent() + 2);
                let inside = begin.text.trim().split_once('(').and_then(|(_, rest)| rest.strip_suffix("):"));
                let inside = inside.ok_or_else(|| begin.wrong("is no beginning of a block"))?;
                self.open += 1;
                ensure!(self.open <= DEEPEST, "line {}: {DEEPEST} blocks lie in each other", begin.number);
                let mut inner = Vec::new();
                for (name, _) in declared(inside) {
                    inner.push(self.placeholder(&name));
                }
                at += 1 + self.block(&lines[at + 1..], deeper, &mut inner)?;
                self.open -= 1;
                owner.blocks.push(FxGraph { nodes: inner, modules: BTreeMap::new() });
            }
            nodes.append(&mut made);
        }
        Err(lines
            .get(at)
            .or(lines.last())
            .map_or_else(|| "the graph has no lines".into(), |l| l.wrong("ends no block")))
    }

    /// `%3 : Tensor = aten::add(%1, %2, %4)`
    fn line(&mut self, line: &Line) -> Result<Vec<FxNode>> {
        let text = line.text.trim();
        let (results, call) = match text.strip_prefix("= ") {
            Some(call) => (Vec::new(), call),
            None => {
                let (left, call) = text.split_once(" = ").ok_or_else(|| line.wrong("assigns nothing"))?;
                (declared(left), call)
            }
        };
        let open = call.rfind("](").map(|at| at + 1).or_else(|| call.find('('));
        let open = open.ok_or_else(|| line.wrong("calls nothing"))?;
        let inside = call[open + 1..].strip_suffix(')').ok_or_else(|| line.wrong("is not closed"))?;
        let (target, attribute) = match call[..open].split_once('[') {
            Some((target, rest)) => (target, rest.strip_suffix(']').and_then(|a| a.split_once('='))),
            None => (&call[..open], None),
        };
        let name = results.first().map(|(name, _)| name.clone());
        match (target, name) {
            ("prim::Constant", Some(name)) => {
                let value = attribute.map_or(Some(FxArg::None), |(_, text)| literal(text, DEEPEST));
                let value = value.ok_or_else(|| line.wrong("holds a constant that is not read here"))?;
                // A bool is written as 0 or 1, and only its type says so.
                let value = match value {
                    FxArg::Int(v) if results[0].1.starts_with("bool") => FxArg::Bool(v != 0),
                    other => other,
                };
                self.known.insert(name, Known::Value(value));
                Ok(Vec::new())
            }
            ("prim::ListConstruct" | "prim::TupleConstruct", Some(name)) => {
                let items = self.arguments(line, inside)?;
                self.known.insert(name, Known::Value(FxArg::List(items)));
                Ok(Vec::new())
            }
            // A trace puts a size into a tensor and takes it out again: it is the number.
            ("prim::NumToTensor" | "aten::Int", Some(name)) => {
                let mut items = self.arguments(line, inside)?;
                let number = items.pop().filter(|_| items.is_empty()).ok_or_else(|| line.wrong("takes one number"))?;
                self.known.insert(name, Known::Value(number));
                Ok(Vec::new())
            }
            ("prim::GetAttr", Some(name)) => {
                let of = inside.trim().trim_start_matches('%');
                let Some(Known::Module(path)) = self.known.get(of) else { return Err(line.wrong("reads no module")) };
                let field = attribute.map_or("", |(_, text)| text.trim_matches('"'));
                let path = if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
                if results[0].1.contains("__torch__") {
                    self.known.insert(name, Known::Module(path));
                    return Ok(Vec::new());
                }
                let made = node(Opcode::GetAttr, &readable(&name), &path, Vec::new());
                self.known.insert(name, Known::Value(FxArg::node(&made.name)));
                Ok(vec![made])
            }
            (target, name) => {
                let args = self.arguments(line, inside)?;
                let called = name.as_deref().map_or_else(|| format!("line_{}", line.number), readable);
                let owner = if results.len() > 1 { format!("{called}_all") } else { called };
                let mut made = vec![node(Opcode::CallFunction, &owner, target, args)];
                if results.len() > 1 {
                    for (at, (result, _)) in results.iter().enumerate() {
                        let args = vec![FxArg::node(&owner), FxArg::Int(at as i64)];
                        made.push(node(Opcode::CallFunction, &readable(result), "operator.getitem", args));
                    }
                }
                for (result, _) in &results {
                    self.known.insert(result.clone(), Known::Value(FxArg::node(readable(result))));
                }
                Ok(made)
            }
        }
    }

    /// `%1, %x.2`
    fn arguments(&mut self, line: &Line, text: &str) -> Result<Vec<FxArg>> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut args = Vec::new();
        for name in names {
            let value = match self.known.get(name.trim_start_matches('%')) {
                Some(Known::Value(value)) => value,
                Some(Known::Module(_)) => return Err(line.wrong("hands a module over: read the `inlined_graph`")),
                None => return Err(line.wrong(&format!("reads {name}, which no line before it makes"))),
            };
            let (items, depth) = extent(value);
            self.items += items;
            ensure!(depth < DEEPEST, "line {}: {DEEPEST} lists lie in each other", line.number);
            ensure!(self.items <= MOST_ITEMS, "line {}: lists of more than {MOST_ITEMS} items in all", line.number);
            args.push(value.clone());
        }
        Ok(args)
    }
}

/// Items of a value, lists among them and long strings as several, and how deep it is.
fn extent(value: &FxArg) -> (usize, usize) {
    match value {
        FxArg::List(items) => {
            items.iter().map(extent).fold((1, 1), |(all, deepest), (n, depth)| (all + n, deepest.max(depth + 1)))
        }
        FxArg::Str(text) => (1 + text.len() / 32, 0),
        _ => (1, 0),
    }
}

fn node(op: Opcode, name: &str, target: &str, args: Vec<FxArg>) -> FxNode {
    let kwargs = BTreeMap::new();
    FxNode { name: name.to_owned(), op, target: target.to_owned(), args, kwargs, meta: None, blocks: Vec::new() }
}

/// `%a : Tensor, %b.1 : int[]` as names and types.
fn declared(text: &str) -> Vec<(String, String)> {
    let parts = text.split('%').skip(1);
    let pair = |part: &str| {
        let (name, kind) = part.split_once(':').unwrap_or((part, ""));
        (name.trim().trim_end_matches(',').to_owned(), kind.trim().trim_end_matches(',').to_owned())
    };
    parts.map(pair).collect()
}

/// A name that FX could have: `3` becomes `_3`, `x.1` becomes `x_1`.
fn readable(name: &str) -> String {
    let digit = name.starts_with(|c: char| c.is_ascii_digit());
    format!("{}{}", if digit { "_" } else { "" }, name.replace('.', "_"))
}

/// `1`, `0.5`, `{2}` (a number that came as a tensor), `"text"`, `[1, 2]`.
fn literal(text: &str, deepest: usize) -> Option<FxArg> {
    let text = text.trim().trim_start_matches('{').trim_end_matches('}');
    if let Some(items) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        let items = items.split(',').map(str::trim).filter(|item| !item.is_empty());
        return items.map(|item| literal(item, deepest.checked_sub(1)?)).collect::<Option<_>>().map(FxArg::List);
    }
    if let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        return Some(FxArg::Str(inner.to_owned()));
    }
    let whole = text.parse().ok().map(FxArg::Int);
    whole.or_else(|| text.parse().ok().map(FxArg::Float))
}
