//! Passes with habits: the right ones, and each way of changing what a graph does or leaving work undone.

use super::super::solution::{computes, fold_constants, rewire, written};
use lab_sdk::fx::Params;
use lab_sdk::{FxArg, FxGraph, Opcode, Result};
use std::collections::{BTreeMap, BTreeSet};

/// How they differ from the right ones.
#[derive(Clone, Copy)]
pub struct Habit {
    pub random_is_pure: bool,
    pub drops_writes: bool,
    pub one_epoch: bool,
    pub merges_written: bool,
    pub drops_placeholders: bool,
    pub kwargs_in_key: bool,
    pub sorted_key: bool,
    pub folds: bool,
    pub folds_sizes: bool,
    pub folds_written: bool,
    /// Whether a reader counts that is dead itself.
    pub unread_only: bool,
    /// How often the passes run; 0 is each pass once, in an order in which one makes work for the one before.
    pub rounds: usize,
}

impl Habit {
    pub const RIGHT: Self = Self {
        random_is_pure: false,
        drops_writes: false,
        one_epoch: false,
        merges_written: false,
        drops_placeholders: false,
        kwargs_in_key: true,
        sorted_key: false,
        folds: true,
        folds_sizes: false,
        folds_written: false,
        unread_only: false,
        rounds: 50,
    };
}

pub fn optimize_as(g: &FxGraph, params: &Params, habit: Habit) -> Result<(FxGraph, Params)> {
    let (mut g, mut params) = (g.clone(), params.clone());
    if habit.rounds == 0 {
        sweep(&mut g, habit);
        fold_constants(&mut g, &mut params)?;
        merge(&mut g, habit);
        return Ok((g, params));
    }
    for _ in 0..habit.rounds {
        if habit.folds_sizes {
            fold_sizes(&mut g);
        }
        match (habit.folds, habit.folds_written) {
            (false, _) => {}
            (_, true) => fold_blindly(&mut g, &mut params)?,
            (_, false) => fold_constants(&mut g, &mut params)?,
        }
        merge(&mut g, habit);
        sweep(&mut g, habit);
    }
    Ok((g, params))
}

fn merge(g: &mut FxGraph, habit: Habit) {
    let written = if habit.merges_written { BTreeSet::new() } else { written(g) };
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut same = BTreeMap::new();
    let (mut kept, mut writes) = (Vec::new(), 0);
    for mut node in std::mem::take(&mut g.nodes) {
        rewire(&mut node, &same);
        writes += usize::from(g.mutates(&node) && !habit.one_epoch);
        let random = g.is_random(&node) && !habit.random_is_pure;
        let pure = computes(&node) && !random && !g.mutates(&node) && !written.contains(&node.name);
        if pure || node.op == Opcode::GetAttr {
            let since = if node.op == Opcode::GetAttr { 0 } else { writes };
            let kwargs = if habit.kwargs_in_key { format!("{:?}", node.kwargs) } else { String::new() };
            let mut args: Vec<String> = node.args.iter().map(|arg| format!("{arg:?}")).collect();
            if habit.sorted_key {
                args.sort_unstable();
            }
            let key = format!("{:?} {} {args:?} {kwargs} {since}", node.op, node.target);
            if let Some(first) = seen.get(&key) {
                same.insert(node.name, FxArg::node(first));
                continue;
            }
            seen.insert(key, node.name.clone());
        }
        kept.push(node);
    }
    g.nodes = kept;
}

fn sweep(g: &mut FxGraph, habit: Habit) {
    let all = g.nodes.iter().flat_map(|node| node.all_input_nodes()).filter(|_| habit.unread_only);
    let mut needed: BTreeSet<String> = all.map(str::to_owned).collect();
    let mut kept = Vec::new();
    for node in g.nodes.iter().rev() {
        let acts = match node.op {
            Opcode::Output => true,
            Opcode::Placeholder => !habit.drops_placeholders,
            _ => g.is_random(node) && !habit.random_is_pure || g.mutates(node) && !habit.drops_writes,
        };
        if acts || needed.contains(&node.name) {
            needed.extend(node.all_input_nodes().into_iter().map(str::to_owned));
            kept.push(node.clone());
        }
    }
    kept.reverse();
    g.nodes = kept;
}

/// Sizes are read from what an example showed.
fn fold_sizes(g: &mut FxGraph) {
    let shapes: BTreeMap<String, Vec<usize>> =
        g.nodes.iter().filter_map(|node| Some((node.name.clone(), node.meta.clone()?.shape))).collect();
    let mut literals = BTreeMap::new();
    for node in &mut g.nodes {
        rewire(node, &literals);
        let shape = match node.args.first() {
            Some(FxArg::Node { n }) => shapes.get(n),
            _ => None,
        };
        let sizes = shape.map(|shape| shape.iter().map(|&n| FxArg::Int(n as i64)).collect::<Vec<_>>());
        let folded = match (node.target.as_str(), &node.args[..], sizes) {
            ("size", [_, FxArg::Int(at)], Some(sizes)) => sizes.get(*at as usize).cloned(),
            ("builtins.getattr", [_, FxArg::Str(name)], Some(sizes)) if name == "shape" => Some(FxArg::List(sizes)),
            ("operator.getitem", [FxArg::List(items), FxArg::Int(at)], None) => items.get(*at as usize).cloned(),
            _ => None,
        };
        if let Some(folded) = folded {
            literals.insert(node.name.clone(), folded);
        }
    }
}

/// Constants are folded as if nothing were ever written: on the graph without its writes.
fn fold_blindly(g: &mut FxGraph, params: &mut Params) -> Result<()> {
    let mut calm = g.clone();
    let writing: BTreeSet<usize> = (0..g.nodes.len()).filter(|at| g.mutates(&g.nodes[*at])).collect();
    for at in &writing {
        // A write looks like an unknown function of placeholders.
        calm.nodes[*at].op = Opcode::Placeholder;
    }
    fold_constants(&mut calm, params)?;
    for at in writing {
        calm.nodes[at].op = g.nodes[at].op;
    }
    *g = calm;
    Ok(())
}
