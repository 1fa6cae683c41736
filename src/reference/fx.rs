//! FX graphs as graders need them: what is wrong with one, what it returns, and how much is in it. A graph here may write and
//! draw random numbers: inputs and parameters are copied first, and the n-th random node takes the n-th stream of a seed.

use lab_sdk::fx::{FxValue, Params, function, method, module};
use lab_sdk::{Device, FxGraph, FxNode, Opcode, Result, Tensor, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

/// Why the graph cannot run, in a sentence that names the node.
pub fn check(g: &FxGraph) -> Result<()> {
    let mut made = BTreeSet::new();
    for node in &g.nodes {
        if let Some(lost) = node.all_input_nodes().into_iter().find(|name| !made.contains(name)) {
            return Err(format!("`{}` reads `{lost}`, which no node before it makes", node.name).into());
        }
        ensure!(made.insert(node.name.as_str()), "two nodes are called `{}`", node.name);
        if node.op == Opcode::CallModule {
            g.module(&node.target)?;
        }
    }
    let outputs = g.nodes.iter().filter(|node| node.op == Opcode::Output).count();
    let last = g.nodes.last().is_some_and(|node| node.op == Opcode::Output);
    ensure!(outputs == 1 && last, "a graph ends with one output node; here are {outputs}");
    Ok(())
}

/// What the graph returns.
pub fn outputs(g: &FxGraph, params: &Params, ins: &[Tensor], seed: u64) -> Result<Vec<Tensor>> {
    let mut made = calls_in_a_row(g, params, &[ins.to_vec()], seed)?;
    made.pop().ok_or_else(|| "nothing was called".into())
}

/// What the graph returns for inputs after inputs: what it writes into a parameter, the next call reads.
pub fn calls_in_a_row(g: &FxGraph, params: &Params, calls: &[Vec<Tensor>], seed: u64) -> Result<Vec<Vec<Tensor>>> {
    check(g)?;
    let params: Params = params.iter().map(|(name, t)| Ok((name.clone(), own(t)?))).collect::<Result<_>>()?;
    let mut drawn = 0;
    // Copies: a later call may write into what an earlier one returned.
    calls.iter().map(|ins| one_call(g, &params, ins, seed, &mut drawn)?.iter().map(own).collect()).collect()
}

fn own(t: &Tensor) -> Result<Tensor> {
    Ok(t.contiguous()?.copy()?)
}

fn one_call(g: &FxGraph, params: &Params, ins: &[Tensor], seed: u64, drawn: &mut u64) -> Result<Vec<Tensor>> {
    let inputs = g.nodes.iter().filter(|node| node.op == Opcode::Placeholder).count();
    ensure!(inputs == ins.len(), "the graph has {inputs} placeholders for {} inputs", ins.len());
    let mut ins = ins.iter();
    let mut held: BTreeMap<&str, FxValue> = BTreeMap::new();
    for node in &g.nodes {
        let mut of = |name: &str| held.get(name).cloned().ok_or_else(|| format!("`{name}` has no value").into());
        let args = node.args.iter().map(|arg| arg.value(&mut of)).collect::<Result<Vec<_>>>()?;
        let kwargs = node.kwargs.iter().map(|(key, arg)| Ok((key.clone(), arg.value(&mut of)?)));
        let kwargs = kwargs.collect::<Result<BTreeMap<_, _>>>()?;
        let value = match node.op {
            Opcode::Placeholder => own(ins.next().ok_or("an input is missing")?)?.into(),
            Opcode::GetAttr => {
                let found = params.get(&node.target);
                found.cloned().ok_or_else(|| format!("there is no parameter `{}`", node.target))?.into()
            }
            _ if g.is_random(node) => {
                *drawn += 1;
                dropped(node, &args, &kwargs, seed ^ (*drawn << 32))?
            }
            Opcode::CallFunction => function(&node.target, &args, &kwargs)?,
            Opcode::CallMethod => {
                let (object, rest) = args.split_first().ok_or_else(|| format!("`{}` has no object", node.name))?;
                method(&node.target, object, rest, &kwargs)?
            }
            Opcode::CallModule => module(g.module(&node.target)?, params, &node.target, &args, &kwargs)?,
            Opcode::Output => return args.first().map_or_else(|| Ok(Vec::new()), FxValue::tensors),
        };
        held.insert(&node.name, value);
    }
    Err("the graph has no output".into())
}

/// Dropout of one stream: each number is kept with probability 1 - p, and then divided by it.
fn dropped(node: &FxNode, args: &[FxValue], kwargs: &BTreeMap<String, FxValue>, seed: u64) -> Result<FxValue> {
    let Some(FxValue::Tensor(x)) = args.first() else {
        return Err(format!("`{}` draws random numbers in a way that is not here", node.target).into());
    };
    let p = match args.get(1).or_else(|| kwargs.get("p")) {
        Some(FxValue::Float(p)) => *p,
        _ => 0.5,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let kept = (0..x.elem_count()).map(|_| if rng.random::<f64>() < p { 0.0 } else { 1.0 / (1.0 - p) });
    let mask = Tensor::from_vec(kept.collect::<Vec<f64>>(), x.dims(), &Device::Cpu)?.to_dtype(x.dtype())?;
    Ok((x * mask)?.into())
}

/// Nodes of a kind: those that run, without placeholders, parameters and the output.
pub fn calls(g: &FxGraph) -> usize {
    let runs = |node: &&FxNode| matches!(node.op, Opcode::CallFunction | Opcode::CallMethod | Opcode::CallModule);
    g.nodes.iter().filter(runs).count()
}

/// Batch norms among the modules that are called.
pub fn batch_norms(g: &FxGraph) -> usize {
    let called = g.nodes.iter().filter(|node| node.op == Opcode::CallModule);
    let kinds = called.filter_map(|node| g.modules.get(&node.target));
    kinds.filter(|module| module.kind.starts_with("BatchNorm")).count()
}

#[cfg(test)]
mod tests;
