"""Writes a torch.fx graph of a module of yours as JSON, with its weights beside it: needs PyTorch, and nothing else does.

    python3 fx_dump.py net:Net --input 1,3,32,32            writes Net.json and Net.safetensors

`net:Net` is an nn.Module class (or a function that makes one, or a module itself) in net.py, here or on the Python path.
The module is put into eval mode, unless --train is given. A list of shapes in --input records what an example has at each node.
"""

import argparse
import importlib
import json
import math
import os
import struct
import sys

import torch
import torch.fx
from torch.fx.passes.shape_prop import ShapeProp

# What a module of torch.nn is set to, where it says so.
SETTINGS = ("stride", "padding", "dilation", "groups", "kernel_size", "eps", "output_size", "start_dim", "end_dim", "dim", "p",
            "inplace", "momentum", "approximate", "negative_slope")


def argument(arg):
    """An argument of a node as JSON."""
    if isinstance(arg, torch.fx.Node):
        return {"n": arg.name}
    if isinstance(arg, (list, tuple)):
        return [argument(item) for item in arg]
    if isinstance(arg, slice):
        return {"slice": [argument(arg.start), argument(arg.stop), argument(arg.step)]}
    if isinstance(arg, torch.dtype):
        return {"dtype": str(arg).removeprefix("torch.")}
    if isinstance(arg, float):
        return arg if math.isfinite(arg) else {"float": str(arg)}
    if arg is None or isinstance(arg, (bool, int, str)):
        return arg
    raise SystemExit(f"fx_dump: an argument of type {type(arg).__name__} has no form in JSON: {arg!r}")


def target(node):
    """`torch.relu`, `operator.add`, `torch.nn.functional.relu`, `aten.add.Tensor`; methods and paths as they are."""
    if isinstance(node.target, str):
        return node.target
    if isinstance(node.target, torch._ops.OpOverload):
        return str(node.target)
    module = getattr(node.target, "__module__", None) or "torch"
    module = {"_operator": "operator", "torch._C._nn": "torch.nn.functional"}.get(module, module)
    return f"{'torch' if module.startswith('torch._') else module}.{node.target.__name__}"


def dump(traced, examples=None):
    """A GraphModule as a dict; with example inputs, each node says what shape and dtype it had."""
    if examples is not None:
        ShapeProp(traced).propagate(*examples)
    nodes, modules = [], {}
    for node in traced.graph.nodes:
        meta = node.meta.get("tensor_meta")
        shown = None
        if hasattr(meta, "shape"):
            shown = {"shape": list(meta.shape), "dtype": str(meta.dtype).removeprefix("torch.")}
        nodes.append({"name": node.name, "op": node.op, "target": target(node), "args": argument(node.args),
                      "kwargs": {key: argument(arg) for key, arg in node.kwargs.items()}, "meta": shown})
        if node.op == "call_module":
            module = traced.get_submodule(node.target)
            said = {key: argument(getattr(module, key)) for key in SETTINGS if hasattr(module, key)}
            modules[node.target] = {"type": type(module).__name__, "training": module.training, **said}
    return {"nodes": nodes, "modules": modules}


def weights(module):
    """Parameters and buffers in float32, by their paths."""
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: t.detach().float().contiguous() for name, t in named.items() if t.is_floating_point()}


def write_safetensors(path, tensors):
    """Numbers of float32 in safetensors' format."""
    entries, offset = {}, 0
    for name, t in tensors.items():
        end = offset + 4 * t.numel()
        entries[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [offset, end]}
        offset = end
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for t in tensors.values():
            file.write(t.numpy().astype("<f4").tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", metavar="MODULE:CLASS")
    parser.add_argument("--input", action="append", metavar="SHAPE", help="1,3,32,32; once for each input")
    parser.add_argument("--train", action="store_true", help="leave the module in training mode")
    parser.add_argument("--out", metavar="FILE", help="CLASS.json where it is not given")
    asked = parser.parse_args()
    sys.path[0] = os.getcwd()
    name, _, made = asked.what.partition(":")
    try:
        found = getattr(importlib.import_module(name), made)
    except (ImportError, AttributeError) as error:
        raise SystemExit(f"fx_dump: {error}") from None
    module = found if isinstance(found, torch.nn.Module) else found()
    try:
        traced = torch.fx.symbolic_trace(module.train(asked.train))
    except Exception as error:
        raise SystemExit(f"fx_dump: torch.fx.symbolic_trace does not capture {made}: {error}") from None
    examples = [torch.zeros([int(n) for n in shape.split(",")]) for shape in asked.input or []]
    graph = dump(traced, examples or None)
    out = asked.out or f"{made}.json"
    with open(out, "w") as file:
        json.dump(graph, file, indent=1)
        file.write("\n")
    beside = os.path.splitext(out)[0] + ".safetensors"
    write_safetensors(beside, weights(traced))
    print(f"{out}: {len(graph['nodes'])} nodes; {beside}: {len(weights(traced))} tensors")


if __name__ == "__main__":
    main()
