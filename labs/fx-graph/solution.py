"""Graphs that are run, rewritten and compiled, in Python."""

import json

import numpy as np
from lab_sdk import fx


def run(g, params, ins, mem):
    """What the graph returns; each value is freed after its last use."""
    inputs = sum(node["op"] == "placeholder" for node in g["nodes"])
    if inputs != len(ins):
        raise ValueError(f"the graph takes {inputs} inputs, not {len(ins)}")
    dies = last_uses(g)
    ins = iter(ins)
    for at, node in enumerate(g["nodes"]):
        name, target = node["name"], node["target"]
        args = fx.map_arg(node["args"], mem.get)
        kwargs = {key: fx.map_arg(arg, mem.get) for key, arg in node["kwargs"].items()}
        if node["op"] == "placeholder":
            mem.lend(name, next(ins))
        elif node["op"] == "get_attr":
            mem.lend(name, parameter(params, target))
        elif node["op"] == "call_function":
            mem.set(name, fx.function(target, args, kwargs))
        elif node["op"] == "call_method":
            mem.set(name, fx.method(target, args[0], args[1:], kwargs))
        elif node["op"] == "call_module":
            mem.set(name, fx.module(g["modules"][target], params, target, args, kwargs))
        else:
            return fx.tensors(args[0])
        for dead in dies.get(at, []):
            mem.free(dead)


def parameter(params, path):
    if path not in params:
        raise ValueError(f"there is no parameter `{path}`")
    return params[path]


def last_uses(g):
    """Node index -> names of the values that are dead after it. What nobody reads dies where it is made."""
    last = {}
    for at, node in enumerate(g["nodes"]):
        for name in fx.all_input_nodes(node):
            if name not in last:
                raise ValueError(f"`{node['name']}` reads `{name}`, which no node before it makes")
            last[name] = at
        if node["name"] in last:
            raise ValueError(f"two nodes are called `{node['name']}`")
        last[node["name"]] = at
    if not g["nodes"] or g["nodes"][-1]["op"] != "output":
        raise ValueError("the graph has no output")
    dies = {}
    for name, at in last.items():
        dies.setdefault(at, []).append(name)
    return dies


def optimize(g, params):
    """The same function in fewer nodes, to a fixpoint."""
    nodes, params = g["nodes"], dict(params)
    while True:
        new = fold_constants({**g, "nodes": nodes}, params)
        new = merge_equal({**g, "nodes": new})
        new = remove_dead({**g, "nodes": new})
        if new == nodes:
            return {**g, "nodes": new}, params
        nodes = new


def written(g):
    """Names of values that a write may change: what is written into, and everything that it came from."""
    names = set()
    for node in reversed(g["nodes"]):
        if fx.mutates(g, node):
            names.update(fx.all_input_nodes({"args": node["args"][:1]}))
        if node["name"] in names:
            names.update(fx.all_input_nodes(node))
    return names


def rewire(node, to):
    """The node with references replaced."""
    of = lambda name: to.get(name, {"n": name})
    return {**node, "args": fx.renamed(node["args"], of),
            "kwargs": {key: fx.renamed(arg, of) for key, arg in node["kwargs"].items()}}


def fold_constants(g, params):
    """Nodes whose inputs are all known become a literal or a parameter."""
    touched, known, literals, nodes = written(g), {}, {}, []
    for node in g["nodes"]:
        node = rewire(node, literals)
        nodes.append(node)
        name = node["name"]
        if name in touched:
            continue
        if node["op"] == "get_attr":
            known[name] = parameter(params, node["target"])
        free = node["op"] in ("call_function", "call_method") and not fx.is_random(g, node) and not fx.mutates(g, node)
        if not free or any(read not in known for read in fx.all_input_nodes(node)):
            continue
        try:
            kwargs = {key: fx.map_arg(arg, known.get) for key, arg in node["kwargs"].items()}
            value = fx.function(node["target"], fx.map_arg(node["args"], known.get), kwargs)
        except ValueError:
            continue  # an error of the graph, for those who run it
        if isinstance(value, (np.ndarray, np.generic)):
            path = f"_folded_{name}"
            params[path] = np.array(value)
            nodes[-1] = {**node, "op": "get_attr", "target": path, "args": [], "kwargs": {}}
        else:
            try:
                literals[name] = fx.literal(value)
            except TypeError:
                continue
        known[name] = value
    return nodes


def merge_equal(g):
    """Of nodes that compute the same, the first stays."""
    touched, seen, same, nodes, writes = written(g), {}, {}, [], 0
    for node in g["nodes"]:
        node = rewire(node, same)
        changes = fx.mutates(g, node)
        writes += changes
        pure = node["op"].startswith("call") and not fx.is_random(g, node) and not changes and node["name"] not in touched
        if pure or node["op"] == "get_attr":
            since = writes if pure else 0
            key = json.dumps([node["op"], node["target"], node["args"], node["kwargs"], since], sort_keys=True)
            if key in seen:
                same[node["name"]] = {"n": seen[key]}
                continue
            seen[key] = node["name"]
        nodes.append(node)
    return nodes


def remove_dead(g):
    """Nodes that nothing needs go; placeholders, random nodes and writes stay."""
    needed, nodes = set(), []
    for node in reversed(g["nodes"]):
        acts = node["op"] in ("placeholder", "output") or fx.is_random(g, node) or fx.mutates(g, node)
        if acts or node["name"] in needed:
            needed.update(fx.all_input_nodes(node))
            nodes.append(node)
    return nodes[::-1]


def fold_conv_bn(g, params):
    """Each convolution with an evaluated batch norm behind it becomes one convolution."""
    nodes, params = list(g["nodes"]), dict(params)
    by_name = {node["name"]: node for node in nodes}
    reads = [name for node in nodes for name in fx.all_input_nodes(node)]
    calls = [node["target"] for node in nodes if node["op"] == "call_module"]
    to = {}
    for norm in g["nodes"]:
        if not is_a(g, norm, "BatchNorm2d") or g["modules"][norm["target"]].get("training"):
            continue
        conv = by_name[norm["args"][0]["n"]]
        alone = reads.count(conv["name"]) == 1 and calls.count(conv["target"]) == 1
        if not is_a(g, conv, "Conv2d") or not alone or f"{norm['target']}.running_mean" not in params:
            continue
        of = lambda name, otherwise: params.get(f"{norm['target']}.{name}", otherwise)
        weight = params[conv["target"] + ".weight"]  # (O, C / groups, k, k)
        eps = weight.dtype.type(g["modules"][norm["target"]].get("eps", 1e-5))
        mean, var = of("running_mean", None), of("running_var", None)
        scale = of("weight", np.ones_like(var)) / np.sqrt(var + eps)
        bias = params.get(conv["target"] + ".bias", np.zeros_like(mean))
        params[conv["target"] + ".weight"] = weight * scale[:, None, None, None]
        params[conv["target"] + ".bias"] = (bias - mean) * scale + of("bias", np.zeros_like(mean))
        nodes.remove(norm)
        to[norm["name"]] = {"n": conv["name"]}
    return {**g, "nodes": [rewire(node, to) for node in nodes]}, params


def is_a(g, node, kind):
    return node["op"] == "call_module" and g["modules"][node["target"]]["type"] == kind


def simulate(calls, dynamic, limit):
    """Events of one compiled function, by the defaults of torch.compile."""
    cache, record, events = [], None, []
    for sizes in calls:
        sizes = [int(size) for size in sizes]
        if any(accepts(guard, sizes) for guard in cache):
            events.append("hit")
        elif len(cache) >= limit:
            events.append("eager")
        else:
            record = remember(record, sizes)
            cache.append(specialise(sizes, record, dynamic))
            events.append({"compile": cache[-1]})
    return events


def remember(record, sizes):
    """Sizes of the compiled calls so far: None where a dimension changed, "ranks" where their number did."""
    if record is None:
        return sizes
    if record == "ranks" or len(record) != len(sizes):
        return "ranks"
    return [old if old == new else None for old, new in zip(record, sizes)]


def specialise(sizes, record, dynamic):
    guard, shared = [], {}
    for d, size in enumerate(sizes):
        changed = record == "ranks" or record[d] is None
        if size < 2 or dynamic is False or (dynamic is None and not changed):
            guard.append(size)
        elif changed:
            guard.append(f"s{d}")
        else:  # equal sizes share a symbol
            guard.append(shared.setdefault(size, f"s{d}"))
    return guard


def accepts(guard, sizes):
    bound = {}
    fits = lambda extent, size: size == extent if isinstance(extent, int) else size >= 2 and bound.setdefault(extent, size) == size
    return len(guard) == len(sizes) and all(map(fits, guard, sizes))


def choose_buckets(lens, k, linear):
    """At most k sizes with the least sum of b * b + linear * b."""
    if len(lens) == 0 or k == 0:
        raise ValueError(f"{len(lens)} lengths for {k} sizes")
    sizes, counts = np.unique(lens, return_counts=True)
    cost = sizes.astype(float) ** 2 + linear * sizes.astype(float)
    upto = np.cumsum(counts)
    best = [(upto[j] * cost[j], [int(sizes[j])]) for j in range(len(sizes))]
    for _ in range(k - 1):
        shorter = list(best)
        for j in range(1, len(sizes)):
            spent = np.array([shorter[i][0] for i in range(j)]) + (upto[j] - upto[:j]) * cost[j]
            i = int(spent.argmin())
            if spent[i] < best[j][0]:
                best[j] = (spent[i], shorter[i][1] + [int(sizes[j])])
    return best[-1][1]
