//! An interpreter with habits: the right one, and each way of being wrong about memory or a call.

use lab_sdk::fx::{FxValue, Params, function, method, module};
use lab_sdk::{FxGraph, Mem, Opcode, Result, Tensor};
use std::collections::BTreeMap;

/// When values are freed.
#[derive(Clone, Copy, PartialEq)]
pub enum Frees {
    LastUse,
    Never,
    FirstUse,
    /// At the last use, but before the result is set.
    BeforeResult,
    OnlyWhatIsRead,
}

/// How it differs from the right one.
#[derive(Clone, Copy)]
pub struct Habit {
    pub frees: Frees,
    pub kwargs: bool,
    /// Whether what a keyword argument names counts as read.
    pub kwargs_read: bool,
    pub object_twice: bool,
    pub owns_parameters: bool,
    pub owns_inputs: bool,
}

impl Habit {
    pub const RIGHT: Self =
        Self { frees: Frees::LastUse, kwargs: true, kwargs_read: true, object_twice: false, owns_parameters: false, owns_inputs: false };
}

pub fn run_as(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem, habit: Habit) -> Result<Vec<Tensor>> {
    // What must be refused is refused by the right one, on a ledger of its own.
    super::super::solution::run(g, params, ins, &mut Mem::new())?;
    let mut seen = g.clone();
    if !habit.kwargs_read {
        seen.nodes.iter_mut().for_each(|node| node.kwargs.clear());
    }
    let mut uses: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, node) in seen.nodes.iter().enumerate() {
        uses.insert(&node.name, (usize::MAX, at));
        for name in node.all_input_nodes() {
            let first = uses.get(name).map_or(at, |(first, _)| (*first).min(at));
            uses.insert(name, (first, at));
        }
    }
    let dies = |at: usize| -> Vec<&str> {
        let at_end = |(first, last): (usize, usize)| match habit.frees {
            Frees::Never => false,
            Frees::FirstUse => if first == usize::MAX { last == at } else { first == at },
            Frees::OnlyWhatIsRead => first != usize::MAX && last == at,
            Frees::LastUse | Frees::BeforeResult => last == at,
        };
        uses.iter().filter(|(_, uses)| at_end(**uses)).map(|(name, _)| *name).collect()
    };
    let mut ins = ins.iter();
    for (at, node) in g.nodes.iter().enumerate() {
        let mut of = |name: &str| mem.get(name);
        let args = node.args.iter().map(|arg| arg.value(&mut of)).collect::<Result<Vec<_>>>()?;
        let kwargs = node.kwargs.iter().filter(|_| habit.kwargs);
        let kwargs = kwargs.map(|(key, arg)| Ok((key.clone(), arg.value(&mut of)?))).collect::<Result<_>>()?;
        let result: FxValue = match node.op {
            Opcode::Placeholder => ins.next().ok_or("an input is missing")?.clone().into(),
            Opcode::GetAttr => params.get(&node.target).ok_or("a parameter is missing")?.clone().into(),
            Opcode::CallFunction => function(&node.target, &args, &kwargs)?,
            Opcode::CallMethod => {
                let rest = if habit.object_twice { &args[..] } else { &args[1..] };
                method(&node.target, &args[0], rest, &kwargs)?
            }
            Opcode::CallModule => module(g.module(&node.target)?, params, &node.target, &args, &kwargs)?,
            Opcode::Output => return args[0].tensors(),
        };
        let ends = dies(at);
        let early = |name: &&&str| habit.frees == Frees::BeforeResult && **name != node.name;
        ends.iter().filter(early).try_for_each(|name| mem.free(name))?;
        let lent = match node.op {
            Opcode::Placeholder => !habit.owns_inputs,
            Opcode::GetAttr => !habit.owns_parameters,
            _ => false,
        };
        if lent { mem.lend(&node.name, result)? } else { mem.set(&node.name, result)? }
        ends.iter().filter(|name| !early(name)).try_for_each(|name| mem.free(name))?;
    }
    Err("the graph has no output".into())
}
