//! A folding with habits: the right one, and each way of getting the weights or the condition wrong.

use super::super::solution::{pairs, rewire};
use lab_sdk::fx::Params;
use lab_sdk::{FxArg, FxGraph, FxModule, FxNode, Opcode, Result, Tensor};
use std::collections::BTreeMap;

/// What stands beside the variance.
#[derive(Clone, Copy)]
pub enum Epsilon {
    Own,
    Usual,
    None,
}

/// How it differs from the right one.
#[derive(Clone, Copy)]
pub struct Habit {
    pub epsilon: Epsilon,
    /// Whose channels of W are scaled.
    pub axis: usize,
    pub bias: bool,
    pub root: bool,
    pub alone: bool,
    pub own_weights: bool,
    pub evaluated: bool,
}

impl Habit {
    pub const RIGHT: Self =
        Self { epsilon: Epsilon::Own, axis: 0, bias: true, root: true, alone: true, own_weights: true, evaluated: true };
}

pub fn fold_as(g: &FxGraph, params: &Params, habit: Habit) -> Result<(FxGraph, Params)> {
    let (mut g, mut params) = (g.clone(), params.clone());
    let names: Vec<(String, String)> = found(&g, &params, habit)
        .into_iter()
        .map(|(conv, norm)| (g.nodes[conv].name.clone(), g.nodes[norm].name.clone()))
        .collect();
    for (conv, norm) in names {
        let of = |g: &FxGraph, name: &str| g.nodes.iter().find(|node| node.name == name).map(|n| n.target.clone());
        let (Some(conv_path), Some(norm_path)) = (of(&g, &conv), of(&g, &norm)) else { continue };
        let part = |name: &str| params.get(&format!("{norm_path}.{name}"));
        let (Some(mean), Some(var)) = (part("running_mean"), part("running_var")) else { continue };
        let eps = match (habit.epsilon, g.module(&norm_path)?.settings.get("eps")) {
            (Epsilon::None, _) => 0.0,
            (Epsilon::Own, Some(FxArg::Float(eps))) => *eps,
            (Epsilon::Own, Some(FxArg::Int(eps))) => *eps as f64,
            _ => 1e-5,
        };
        let spread = (var + eps)?;
        let spread = if habit.root { spread.sqrt()? } else { spread };
        let scale = part("weight").map_or_else(|| spread.recip(), |gamma| gamma / &spread)?;
        let weight = params.get(&format!("{conv_path}.weight")).cloned().ok_or("a convolution without weights")?;
        let bias = params.get(&format!("{conv_path}.bias")).filter(|_| habit.bias);
        let centered = bias.map_or_else(|| mean.neg(), |bias| bias - mean)?;
        let shifted = (&centered * &scale)?;
        let shifted = part("bias").map_or_else(|| Ok(shifted.clone()), |beta| &shifted + beta)?;
        let scaled = scaled(&weight, &scale, habit.axis)?;
        params.insert(format!("{conv_path}.weight"), scaled);
        params.insert(format!("{conv_path}.bias"), shifted);
        g.nodes.retain(|node| node.name != norm);
        let to = BTreeMap::from([(norm, FxArg::node(&conv))]);
        g.nodes.iter_mut().for_each(|node| rewire(node, &to));
    }
    Ok((g, params))
}

/// W times the scale along `axis`; what does not fit is cut or repeated, as a reshape that goes through would.
fn scaled(weight: &Tensor, scale: &Tensor, axis: usize) -> Result<Tensor> {
    let wanted = weight.dim(axis)?;
    let own = scale.dim(0)?;
    let index: Vec<u32> = (0..wanted).map(|i| (i % own) as u32).collect();
    let scale = scale.index_select(&Tensor::from_vec(index, wanted, scale.device())?, 0)?;
    let mut shape = vec![1; weight.rank()];
    shape[axis] = wanted;
    Ok(weight.broadcast_mul(&scale.reshape(shape)?)?)
}

fn found(g: &FxGraph, params: &Params, habit: Habit) -> Vec<(usize, usize)> {
    if habit.alone && habit.own_weights && habit.evaluated {
        return pairs(g, params);
    }
    let module = |node: &FxNode| -> Option<FxModule> {
        if node.op == Opcode::CallModule { g.modules.get(&node.target).cloned() } else { None }
    };
    let mut found = Vec::new();
    for (at, norm) in g.nodes.iter().enumerate() {
        let fits = module(norm).is_some_and(|m| m.kind == "BatchNorm2d" && (!m.training || !habit.evaluated));
        let Some(FxArg::Node { n }) = norm.args.first().filter(|_| fits) else { continue };
        let Some(conv) = g.nodes.iter().position(|node| node.name == *n) else { continue };
        let reads = g.nodes.iter().flat_map(|node| node.all_input_nodes()).filter(|read| read == n).count();
        let calls = g.nodes.iter().filter(|node| module(node).is_some() && node.target == g.nodes[conv].target).count();
        let alone = (reads == 1 || !habit.alone) && (calls == 1 || !habit.own_weights);
        if alone && module(&g.nodes[conv]).is_some_and(|m| m.kind == "Conv2d") {
            found.push((conv, at));
        }
    }
    found.reverse();
    found
}
