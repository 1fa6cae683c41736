//! Graphs that are run, rewritten and compiled. Write the functions below; anything private that helps may stand beside them.
//!
//! `FxGraph { nodes, modules }`, `FxNode { name, op, target, args, kwargs, meta, .. }`, `Opcode`, `FxArg`: lab-sdk/src/fx.rs.
//! What you get for the work (`lab_sdk::fx`; Params is BTreeMap<String, Tensor>):
//!     node.all_input_nodes()                     names of the nodes that a node reads
//!     arg.value(&mut |name| ..)                  an argument as an FxValue; the closure gives the value of a node
//!     arg.renamed(&mut |name| ..)                an argument with other references
//!     function(target, &args, &kwargs)           what call_function calls
//!     method(target, &object, &args, &kwargs)    what call_method calls; args[0] of the node is the object itself
//!     module(&m, params, target, &args, &kwargs) what call_module calls; m = g.module(target)?
//!     g.is_random(node), g.mutates(node)         does it draw random numbers, does it write
//!     value.tensors(), value.literal()           a list of tensors; a literal argument, where it is none

use lab_sdk::fx::Params;
use lab_sdk::{Event, FxGraph, Mem, Result, Tensor};

/// What the graph returns: the tensors that its output node reads, in order.
///
/// `mem` holds the values: `mem.set(name, value)` for what a node computes, `mem.lend(name, value)` for inputs and parameters,
/// which belong to the caller, `mem.get(name)`, `mem.free(name)`. Set a result while its inputs are held; free each value
/// after its last use, at once where nobody reads it. At the end only what the output reads is held.
/// Refuse: a reference to what no node before makes; two nodes of one name; a graph without an output; another number of
/// inputs than placeholders; a parameter that is not there; a target that is not known.
pub fn run(g: &FxGraph, params: &Params, ins: &[Tensor], mem: &mut Mem) -> Result<Vec<Tensor>> {
    let _ = (g, params, ins, mem);
    todo!()
}

/// The same function in as few nodes as three passes reach together: constants folded, equal nodes merged, dead nodes removed,
/// until nothing changes.
///
/// Parameters are constants. A folded number or list goes into the arguments that read it; a folded tensor becomes a new
/// parameter, read by get_attr. Placeholders stay, in their order. `meta` is what one example had: other sizes come.
pub fn optimize(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    let _ = (g, params);
    todo!()
}

/// The graph and its parameters with each BatchNorm2d folded into the Conv2d before it, where that changes nothing:
/// W' = W γ / sqrt(var + eps) for each output channel, b' = (b - mean) γ / sqrt(var + eps) + β.
///
/// Modules "conv": conv.weight (O, C / groups, k, k), conv.bias (O) or none; "bn": bn.weight γ, bn.bias β, bn.running_mean,
/// bn.running_var, and `eps` and `training` of `g.modules["bn"]`. γ and β may be missing.
pub fn fold_conv_bn(g: &FxGraph, params: &Params) -> Result<(FxGraph, Params)> {
    let _ = (g, params);
    todo!()
}

/// What torch.compile does with each call of a function of one tensor: sizes in `calls`, `dynamic` as it is given to
/// torch.compile, at most `limit` graphs.
///
/// `Event::Hit`, `Event::Eager`, or `Event::Compile(guard)` with an `Extent` for each dimension: `Fixed(16)`, or
/// `Symbol("s0")`, named after the first dimension that has it.
pub fn simulate(calls: &[Vec<usize>], dynamic: Option<bool>, limit: usize) -> Result<Vec<Event>> {
    let _ = (calls, dynamic, limit);
    todo!()
}

/// At most `k` sizes to pad `lens` to, in increasing order: the sum over all lengths of b² + linear · b is to be small, where b
/// is the smallest size that holds the length.
///
/// Refuse: no lengths; k = 0.
pub fn choose_buckets(lens: &[usize], k: usize, linear: usize) -> Result<Vec<usize>> {
    let _ = (lens, k, linear);
    todo!()
}
