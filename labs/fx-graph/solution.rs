//! Graphs that are run, rewritten and compiled: the model answer, and what other answers are compared with.

use lab_sdk::fx::{FxValue, Params, function, method, module};
use lab_sdk::{Event, Extent, FxArg, FxGraph, FxNode, Mem, Opcode, Result, Tensor, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// What the graph returns. Inputs and parameters are lent to `mem`, results are set there, and each is freed after its last use.
pub fn run(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    let inputs = g.nodes.iter().filter(|node| node.op == Opcode::Placeholder).count();
    ensure!(inputs == ins.len(), "the graph takes {inputs} inputs, not {}", ins.len());
    let last = last_uses(g)?;
    let mut ins = ins.iter();
    for (at, node) in g.nodes.iter().enumerate() {
        let mut of = |name: &str| mem.get(name);
        let args = node.args.iter().map(|arg| arg.value(&mut of)).collect::<Result<Vec<_>>>()?;
        let kwargs = node.kwargs.iter().map(|(key, arg)| Ok((key.clone(), arg.value(&mut of)?)));
        let kwargs: BTreeMap<String, FxValue> = kwargs.collect::<Result<_>>()?;
        match node.op {
            Opcode::Placeholder => mem.lend(&node.name, ins.next().ok_or("an input is missing")?.clone())?,
            Opcode::GetAttr => mem.lend(&node.name, parameter(params, &node.target)?)?,
            Opcode::CallFunction => mem.set(&node.name, function(&node.target, &args, &kwargs)?)?,
            Opcode::CallMethod => {
                let (object, rest) = args.split_first().ok_or_else(|| format!("`{}` has no object", node.name))?;
                mem.set(&node.name, method(&node.target, object, rest, &kwargs)?)?;
            }
            Opcode::CallModule => {
                mem.set(&node.name, module(g.module(&node.target)?, params, &node.target, &args, &kwargs)?)?;
            }
            Opcode::Output => return args.first().ok_or("the output returns nothing")?.tensors(),
        }
        // What nobody reads dies at once.
        for name in last.iter().filter(|(_, end)| **end == at).map(|(name, _)| name) {
            mem.free(name)?;
        }
    }
    Err("the graph has no output".into())
}

fn parameter(params: &Params, path: &str) -> Result<Tensor> {
    params.get(path).cloned().ok_or_else(|| format!("there is no parameter `{path}`").into())
}

/// The node after which each value is dead. What the output reads lives on.
fn last_uses(g: &FxGraph) -> Result<BTreeMap<&str, usize>> {
    let mut last = BTreeMap::new();
    for (at, node) in g.nodes.iter().enumerate() {
        for name in node.all_input_nodes() {
            let made = last.insert(name, at);
            ensure!(made.is_some(), "`{}` reads `{name}`, which no node before it makes", node.name);
        }
        ensure!(last.insert(node.name.as_str(), at).is_none(), "two nodes are called `{}`", node.name);
    }
    ensure!(g.nodes.iter().any(|node| node.op == Opcode::Output), "the graph has no output");
    Ok(last)
}

/// The same function in fewer nodes: constants folded, equal nodes merged, dead ones removed, until nothing changes.
pub fn optimize(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    let (mut g, mut params) = (g.clone(), params.clone());
    loop {
        let before = g.clone();
        fold_constants(&mut g, &mut params)?;
        merge_equal(&mut g);
        remove_dead(&mut g);
        if g == before {
            return Ok((g, params));
        }
    }
}

/// Whether a node computes something: the kinds that passes rewrite.
pub(crate) fn computes(node: &FxNode) -> bool {
    matches!(node.op, Opcode::CallFunction | Opcode::CallMethod | Opcode::CallModule)
}

/// Names of values that a later write may change: what is written into, and everything that it came from, since a view
/// shares the numbers of its origin.
pub(crate) fn written(g: &FxGraph) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for node in g.nodes.iter().rev() {
        if g.mutates(node) {
            names.extend(node.args.iter().take(1).flat_map(referred));
        }
        if names.contains(&node.name) {
            names.extend(node.all_input_nodes().into_iter().map(str::to_owned));
        }
    }
    names
}

fn referred(arg: &FxArg) -> Option<String> {
    if let FxArg::Node { n } = arg { Some(n.clone()) } else { None }
}

/// Reads and literals of `node` with references replaced.
pub(crate) fn rewire(node: &mut FxNode, to: &BTreeMap<String, FxArg>) {
    let mut of = |name: &str| to.get(name).cloned().unwrap_or_else(|| FxArg::node(name));
    node.args = node.args.iter().map(|arg| arg.renamed(&mut of)).collect();
    node.kwargs.values_mut().for_each(|arg| *arg = arg.renamed(&mut of));
}

/// Nodes whose inputs are all known become a literal or a parameter.
pub(crate) fn fold_constants(g: &mut FxGraph, params: &mut Params) -> Result<()> {
    let written = written(g);
    let mut known: BTreeMap<String, FxValue> = BTreeMap::new();
    let mut literals = BTreeMap::new();
    for at in 0..g.nodes.len() {
        rewire(&mut g.nodes[at], &literals);
        let node = &g.nodes[at];
        if written.contains(&node.name) {
            continue;
        }
        if node.op == Opcode::GetAttr {
            known.insert(node.name.clone(), parameter(params, &node.target)?.into());
        }
        let free = matches!(node.op, Opcode::CallFunction | Opcode::CallMethod) && !g.is_random(node) && !g.mutates(node);
        if !free || !node.all_input_nodes().iter().all(|name| known.contains_key(*name)) {
            continue;
        }
        // What cannot be computed now may be an error of the graph, and is left for those who run it.
        let Ok(value) = computed(node, &known) else { continue };
        match (&value, value.literal()) {
            (FxValue::Tensor(t), _) => {
                let path = format!("_folded_{}", node.name);
                params.insert(path.clone(), t.contiguous()?.copy()?);
                let (name, meta) = (node.name.clone(), node.meta.clone());
                let (op, target) = (Opcode::GetAttr, path);
                g.nodes[at] =
                    FxNode { name, op, target, meta, args: Vec::new(), kwargs: BTreeMap::new(), blocks: Vec::new() };
            }
            (_, Some(literal)) => drop(literals.insert(node.name.clone(), literal)),
            _ => continue,
        }
        known.insert(g.nodes[at].name.clone(), value);
    }
    Ok(())
}

fn computed(node: &FxNode, known: &BTreeMap<String, FxValue>) -> Result<FxValue> {
    let mut of = |name: &str| known.get(name).cloned().ok_or_else(|| format!("`{name}` is not known").into());
    let args = node.args.iter().map(|arg| arg.value(&mut of)).collect::<Result<Vec<_>>>()?;
    let kwargs = node.kwargs.iter().map(|(key, arg)| Ok((key.clone(), arg.value(&mut of)?)));
    // A method is a function whose first argument is the object.
    function(&node.target, &args, &kwargs.collect::<Result<_>>()?)
}

/// Of nodes that compute the same, the first stays.
fn merge_equal(g: &mut FxGraph) {
    let written = written(g);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut same = BTreeMap::new();
    let (mut kept, mut writes) = (Vec::new(), 0);
    for mut node in std::mem::take(&mut g.nodes) {
        rewire(&mut node, &same);
        writes += usize::from(g.mutates(&node));
        let pure = computes(&node) && !g.is_random(&node) && !g.mutates(&node) && !written.contains(&node.name);
        // A parameter is the same tensor wherever it is read; a computed value only as long as nothing is written.
        let since = match node.op {
            Opcode::GetAttr => Some(0),
            _ => pure.then_some(writes),
        };
        if let Some(since) = since {
            let key = format!("{:?} {} {:?} {:?} {since}", node.op, node.target, node.args, node.kwargs);
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

/// Nodes that nothing needs go; placeholders are the signature, random nodes move the generator on, and writes are seen.
pub(crate) fn remove_dead(g: &mut FxGraph) {
    let mut needed: BTreeSet<String> = BTreeSet::new();
    let mut kept = Vec::new();
    for node in g.nodes.iter().rev() {
        let acts = matches!(node.op, Opcode::Placeholder | Opcode::Output) || g.is_random(node) || g.mutates(node);
        if acts || needed.contains(&node.name) {
            needed.extend(node.all_input_nodes().into_iter().map(str::to_owned));
            kept.push(node.clone());
        }
    }
    kept.reverse();
    g.nodes = kept;
}

/// Each convolution with a batch norm behind it becomes one convolution:
/// W' = W γ / sqrt(var + eps) for each output channel, b' = (b - mean) γ / sqrt(var + eps) + β.
pub fn fold_conv_bn(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    let (mut g, mut params) = (g.clone(), params.clone());
    for (conv, norm) in pairs(&g, &params) {
        let (conv, norm) = (g.nodes[conv].clone(), g.nodes[norm].clone());
        let eps = match g.module(&norm.target)?.settings.get("eps") {
            Some(FxArg::Float(eps)) => *eps,
            Some(FxArg::Int(eps)) => *eps as f64,
            _ => 1e-5,
        };
        let of = |name: &str| params.get(&format!("{}.{name}", norm.target));
        let (mean, var) = (parameter(&params, &format!("{}.running_mean", norm.target))?, of("running_var"));
        let var = var.ok_or_else(|| format!("`{}` has no running variance", norm.target))?;
        let deviation = (var + eps)?.sqrt()?;
        let scale = of("weight").map_or_else(|| deviation.recip(), |gamma| gamma / &deviation)?; // (O)
        let weight = parameter(&params, &format!("{}.weight", conv.target))?; // (O, C / groups, k, k)
        let bias = params.get(&format!("{}.bias", conv.target));
        let centered = bias.map_or_else(|| mean.neg(), |bias| bias - &mean)?;
        let shifted = (&centered * &scale)?;
        let shifted = of("bias").map_or_else(|| Ok(shifted.clone()), |beta| &shifted + beta)?;
        let weight = weight.broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?;
        params.insert(format!("{}.weight", conv.target), weight);
        params.insert(format!("{}.bias", conv.target), shifted);
        g.nodes.retain(|node| node.name != norm.name);
        let to = BTreeMap::from([(norm.name, FxArg::node(&conv.name))]);
        g.nodes.iter_mut().for_each(|node| rewire(node, &to));
    }
    Ok((g, params))
}

/// Positions of convolutions that nobody but an evaluated batch norm reads, and of those norms.
pub(crate) fn pairs(g: &FxGraph, params: &Params) -> Vec<(usize, usize)> {
    let kind = |node: &FxNode| match node.op {
        Opcode::CallModule => g.modules.get(&node.target),
        _ => None,
    };
    let reads = |name: &str| g.nodes.iter().flat_map(|node| node.all_input_nodes()).filter(|read| *read == name).count();
    let calls = |target: &str| g.nodes.iter().filter(|node| kind(node).is_some() && node.target == target).count();
    let mut found = Vec::new();
    for (at, norm) in g.nodes.iter().enumerate() {
        let fixed = kind(norm).is_some_and(|m| m.kind == "BatchNorm2d" && !m.training)
            && params.contains_key(&format!("{}.running_mean", norm.target));
        let source = norm.args.first().and_then(referred).filter(|_| fixed);
        let conv = source.and_then(|name| g.nodes.iter().position(|node| node.name == name));
        // A second reader, or a second call with the same weights, still wants the convolution as it was.
        let alone = |conv: &usize| {
            let conv = &g.nodes[*conv];
            kind(conv).is_some_and(|m| m.kind == "Conv2d") && reads(&conv.name) == 1 && calls(&conv.target) == 1
        };
        found.extend(conv.filter(alone).map(|conv| (conv, at)));
    }
    // From the end, so that the positions before stay what they are.
    found.reverse();
    found
}

/// What torch.compile does with calls of these sizes (`dynamic` as it is given there), for one tensor.
pub fn simulate(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    let mut cache: Vec<Vec<Extent>> = Vec::new();
    let mut record = Record::Nothing;
    let event = |sizes: &Vec<usize>| {
        if cache.iter().any(|guard| accepts(guard, sizes)) {
            return Event::Hit;
        }
        if cache.len() >= limit {
            return Event::Eager;
        }
        record = std::mem::replace(&mut record, Record::Nothing).with(sizes);
        let guard = specialise(sizes, &record, dynamic);
        cache.push(guard.clone());
        Event::Compile(guard)
    };
    Ok(calls.iter().map(event).collect())
}

/// Sizes of the compiled calls so far: `None` for a dimension that changed.
pub(crate) enum Record {
    Nothing,
    Sizes(Vec<Option<usize>>),
    /// The number of dimensions changed.
    Ranks,
}

impl Record {
    pub(crate) fn with(self, sizes: &[usize]) -> Self {
        match self {
            Self::Nothing => Self::Sizes(sizes.iter().copied().map(Some).collect()),
            Self::Sizes(old) if old.len() == sizes.len() => {
                Self::Sizes(old.iter().zip(sizes).map(|(old, new)| old.filter(|old| old == new)).collect())
            }
            Self::Sizes(_) | Self::Ranks => Self::Ranks,
        }
    }

    fn changed(&self, dimension: usize) -> bool {
        match self {
            Self::Nothing => false,
            Self::Sizes(sizes) => sizes[dimension].is_none(),
            Self::Ranks => true,
        }
    }
}

/// Constants and symbols of a new graph. 0 and 1 are constants always; a dimension that changed gets a symbol of its own;
/// with `dynamic` the others get symbols too, and share one where their sizes are equal (duck shaping).
pub(crate) fn specialise(sizes: &[usize], record: &Record, dynamic: Option<bool>) -> Vec<Extent> {
    let mut shared: BTreeMap<usize, String> = BTreeMap::new();
    let extent = |(dimension, &size): (usize, &usize)| {
        let own = format!("s{dimension}");
        match (size, record.changed(dimension), dynamic) {
            (0 | 1, _, _) | (_, _, Some(false)) | (_, false, None) => Extent::Fixed(size),
            (_, true, _) => Extent::Symbol(own),
            (_, false, Some(true)) => Extent::Symbol(shared.entry(size).or_insert(own).clone()),
        }
    };
    sizes.iter().enumerate().map(extent).collect()
}

/// Whether a graph may run on these sizes.
pub(crate) fn accepts(guard: &[Extent], sizes: &[usize]) -> bool {
    let mut bound: BTreeMap<&str, usize> = BTreeMap::new();
    guard.len() == sizes.len()
        && guard.iter().zip(sizes).all(|(extent, &size)| match extent {
            Extent::Fixed(wanted) => size == *wanted,
            Extent::Symbol(name) => size >= 2 && *bound.entry(name).or_insert(size) == size,
        })
}

/// At most `k` sizes to pad to, so that the sum of b² + linear · b over all lengths is the least; b is the smallest size that
/// holds a length.
pub fn choose_buckets(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    ensure!(!lens.is_empty() && k > 0, "{} lengths for {k} sizes", lens.len());
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    lens.iter().for_each(|&len| *counts.entry(len).or_default() += 1);
    let (sizes, counts): (Vec<usize>, Vec<usize>) = counts.into_iter().unzip();
    let cost = |size: usize| (size * size + linear * size) as f64;
    let before: Vec<usize> = counts.iter().scan(0, |sum, n| Some(std::mem::replace(sum, *sum + n))).collect();
    // best[j]: the least cost of the lengths up to sizes[j], with the sizes that it takes.
    let within = |from: usize, to: usize| (before[to] + counts[to] - before[from]) as f64 * cost(sizes[to]);
    let mut best: Vec<(f64, Vec<usize>)> = (0..sizes.len()).map(|j| (within(0, j), vec![sizes[j]])).collect();
    for _ in 1..k {
        let shorter = best.clone();
        for (j, entry) in best.iter_mut().enumerate() {
            for (i, (spent, taken)) in shorter.iter().enumerate().take(j) {
                let total = spent + within(i + 1, j);
                if total < entry.0 {
                    *entry = (total, [taken.as_slice(), &[sizes[j]]].concat());
                }
            }
        }
    }
    Ok(best.pop().map(|(_, taken)| taken).unwrap_or_default())
}
