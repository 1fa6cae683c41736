"""Graphs that are run, rewritten and compiled. Write the functions below; anything that helps may stand beside them.

A graph is a dict: g["nodes"] is a list of {"name", "op", "target", "args", "kwargs", "meta"}, g["modules"] maps a path to
{"type", "training", "stride", ..}. A reference to a node is {"n": "name"}. What you get for the work (lab_sdk.fx):
    fx.all_input_nodes(node)                      names of the nodes that a node reads
    fx.map_arg(args, of)                          arguments as values; of(name) gives the value of a node
    fx.renamed(args, to)                          arguments with other references; to(name) gives {"n": other}
    fx.function(target, args, kwargs)             what call_function calls
    fx.method(target, object, args, kwargs)       what call_method calls; args[0] of the node is the object itself
    fx.module(module, params, target, args)       what call_module calls; module = g["modules"][target]
    fx.is_random(g, node), fx.mutates(g, node)    does it draw random numbers, does it write
    fx.tensors(value), fx.literal(value)          a list of arrays; a literal argument, where it is none
Do not change the graph or the parameters that you are given: make new ones.
"""

import numpy as np
from lab_sdk import fx


def run(g, params, ins, mem):
    """What the graph returns: the arrays that its output node reads, in order.

    `mem` holds the values: mem.set(name, value) for what a node computes, mem.lend(name, value) for inputs and parameters,
    which belong to the caller, mem.get(name), mem.free(name). Set a result while its inputs are held; free each value
    after its last use, at once where nobody reads it. At the end only what the output reads is held.
    Refuse (ValueError): a reference to what no node before makes; two nodes of one name; a graph without an output; another
    number of inputs than placeholders; a parameter that is not there; a target that is not known.
    """
    raise NotImplementedError


def optimize(g, params):
    """The same function in as few nodes as three passes reach together, as (graph, params): constants folded, equal nodes
    merged, dead nodes removed, until nothing changes.

    Parameters are constants. A folded number or list goes into the arguments that read it; a folded array becomes a new
    parameter, read by get_attr. Placeholders stay, in their order. `meta` is what one example had: other sizes come.
    """
    raise NotImplementedError


def fold_conv_bn(g, params):
    """(graph, params) with each BatchNorm2d folded into the Conv2d before it, where that changes nothing:
    W' = W γ / sqrt(var + eps) for each output channel, b' = (b - mean) γ / sqrt(var + eps) + β.

    Modules "conv": conv.weight (O, C / groups, k, k), conv.bias (O) or none; "bn": bn.weight γ, bn.bias β, bn.running_mean,
    bn.running_var, and "eps" and "training" of g["modules"]["bn"]. γ and β may be missing. Everything is float32.
    """
    raise NotImplementedError


def simulate(calls, dynamic, limit):
    """What torch.compile does with each call of a function of one tensor: sizes in `calls`, `dynamic` (None, True, False) as it
    is given to torch.compile, at most `limit` graphs.

    "hit", "eager", or {"compile": guard} with an entry for each dimension: 16, or a symbol "s0", named after the first
    dimension that has it.
    """
    raise NotImplementedError


def choose_buckets(lens, k, linear):
    """At most `k` sizes to pad `lens` to, in increasing order: the sum over all lengths of b * b + linear * b is to be small,
    where b is the smallest size that holds the length.

    Refuse (ValueError): no lengths; k = 0.
    """
    raise NotImplementedError
