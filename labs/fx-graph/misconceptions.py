"""Misconceptions as people write them; the trials read this file after solution.py and let one function take over."""

right_run, right_fold_conv_bn = run, fold_conv_bn  # noqa: F821


def never_frees(g, params, ins, mem):
    """One dict of values, kept to the end."""
    right_run(g, params, ins, fx.Mem())  # noqa: F821
    ins = iter(ins)
    for node in g["nodes"]:
        args = fx.map_arg(node["args"], mem.get)  # noqa: F821
        kwargs = {key: fx.map_arg(arg, mem.get) for key, arg in node["kwargs"].items()}  # noqa: F821
        if node["op"] == "placeholder":
            mem.lend(node["name"], next(ins))
        elif node["op"] == "get_attr":
            mem.lend(node["name"], params[node["target"]])
        elif node["op"] == "call_module":
            mem.set(node["name"], fx.module(g["modules"][node["target"]], params, node["target"], args, kwargs))  # noqa: F821
        elif node["op"] == "output":
            return fx.tensors(args[0])  # noqa: F821
        else:
            # A method is a function of its object.
            mem.set(node["name"], fx.function(node["target"], args, kwargs))  # noqa: F821


def key_without_kwargs(g, params):
    """The target and the positional arguments are the key."""
    nodes, params = g["nodes"], dict(params)
    while True:
        new, seen, same, writes = [], {}, {}, 0
        touched = written({**g, "nodes": nodes})  # noqa: F821
        for node in fold_constants({**g, "nodes": nodes}, params):  # noqa: F821
            node = rewire(node, same)  # noqa: F821
            writes += fx.mutates(g, node)  # noqa: F821
            pure = node["op"].startswith("call") and not fx.is_random(g, node) and not fx.mutates(g, node)  # noqa: F821
            key = str((node["op"], node["target"], node["args"], writes if pure else 0))
            if pure and node["name"] not in touched or node["op"] == "get_attr":
                if key in seen:
                    same[node["name"]] = {"n": seen[key]}
                    continue
                seen[key] = node["name"]
            new.append(node)
        new = remove_dead({**g, "nodes": new})  # noqa: F821
        if new == nodes:
            return {**g, "nodes": new}, params
        nodes = new


def without_epsilon(g, params):
    """sqrt(var), as the formula of the norm is remembered."""
    calm = {path: {**module, "eps": 0.0} for path, module in g["modules"].items()}
    folded, params = right_fold_conv_bn({**g, "modules": calm}, params)
    return {**folded, "modules": g["modules"]}, params


def one_entry_per_size(calls, dynamic, limit):
    """A dictionary from shapes to graphs."""
    cache, events = set(), []
    for sizes in calls:
        shape = tuple(int(n) for n in sizes)
        if shape in cache:
            events.append("hit")
        elif len(cache) < limit:
            cache.add(shape)
            events.append({"compile": list(shape)})
        else:
            events.append("eager")
    return events
