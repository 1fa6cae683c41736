"""Writes captured.json and golden.json: what PyTorch itself captures, computes, folds, merges and compiles.

    python make.py            writes both, then replays golden.json through ../solution.py
    python make.py --check    only replays
"""

import json
import logging
import os
import random
import sys
import warnings

import numpy as np
import torch
import torch._dynamo as dynamo
import torch.fx
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.passes.dialect.common.cse_pass import CSEPass, get_CSE_banned_ops
from torch.nn.utils.fusion import fuse_conv_bn_eval

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "sdk", "python"))
sys.path.insert(0, os.path.join(HERE, ".."))

import fx_dump  # noqa: E402
import nets  # noqa: E402

SEED = 7


def numbers(t):
    return {"shape": list(t.shape), "data": [float(v) for v in t.detach().reshape(-1)]}


# --- capturing -------------------------------------------------------------------------------------------------------


def outcome(cls, tool):
    """What one way of capturing makes of a module: an error, a graph that keeps control flow, or a straight one."""
    example = torch.rand(4, 3) + 0.5
    module = cls().train()
    try:
        if tool == "symbolic_trace":
            made, text = torch.fx.symbolic_trace(module), ""
        elif tool == "trace":
            made = torch.jit.trace(module, example, check_trace=False)
            text = str(made.inlined_graph)
        else:
            made = torch.jit.script(module)
            text = str(made.inlined_graph)
    except Exception as error:
        return "raises", type(error).__name__
    same = all(agrees(cls, made, x, training, flag)
               for x in (example, -example, torch.rand(6, 3) + 2.0) for training in (True, False) for flag in (True, False))
    kept = {"prim::Loop": "keeps-loop", "prim::If": "keeps-if"}
    found = next((word for line, word in kept.items() if line in text), None)
    if found:
        assert same, (cls.__name__, tool)
        return found, ""
    return ("right" if same else "example-only"), ""


def agrees(cls, made, x, training, flag):
    """Whether a captured module follows the eager one, in either mode and with either flag."""
    eager = cls().train(training)
    eager.flag = flag
    made.train(training)
    try:
        made.flag = flag
    except Exception:
        return False  # the captured module has no such attribute any more
    torch.manual_seed(1)
    wanted = eager(x)
    torch.manual_seed(1)
    try:
        return torch.equal(made(x), wanted)
    except Exception:
        return False


def captured():
    functions = []
    for cls, source in nets.CAPTURED:
        outcomes, errors = zip(*(outcome(cls, tool) for tool in ("symbolic_trace", "trace", "script")))
        functions.append({"name": cls.__name__.lower(), "source": source, "outcomes": outcomes, "errors": errors})
    return functions


# --- running, folding, merging ---------------------------------------------------------------------------------------


def run_of(module, shapes, train=False):
    torch.manual_seed(SEED)
    module = nets.settled(module.train(train)) if isinstance(module, nn.Module) else module
    traced = torch.fx.symbolic_trace(module)
    ins = [torch.randn(shape) for shape in shapes]
    outs = traced(*ins)
    outs = [outs] if isinstance(outs, Tensor) else list(outs)
    return {
        "graph": fx_dump.dump(traced, ins),
        "params": {name: numbers(t) for name, t in fx_dump.weights(traced).items()},
        "ins": [numbers(t) for t in ins],
        "outs": [numbers(t) for t in outs],
    }


def runs():
    return [{"name": type(module).__name__, **run_of(module, shapes)} for module, shapes in nets.runs()]


def scripts():
    """TorchScript's text, and what it returns."""
    records = []
    for cls, shapes in nets.SCRIPTED:
        torch.manual_seed(SEED)
        ins = [torch.randn(shape) for shape in shapes]
        for made in (torch.jit.script(cls().eval()), torch.jit.trace(cls().eval(), tuple(ins))):
            text = "\n".join(line.split(" # ")[0] for line in str(made.inlined_graph).splitlines())
            records.append({"name": cls.__name__, "text": text, "ins": [numbers(t) for t in ins],
                            "params": {n: numbers(t) for n, t in made.named_parameters()}, "outs": [numbers(made(*ins))]})
    return records


def folds():
    """Weights that torch.nn.utils.fusion gives, and the outputs of the folded network."""
    records = []
    for module, shapes in nets.folds():
        record = run_of(module, shapes)
        folded = {}
        for path, child in module.named_modules():
            pairs = [(f"{path}.conv", f"{path}.bn")] if path else [("conv", "bn")]
            for conv, bn in pairs:
                if hasattr(child, "conv") and hasattr(child, "bn"):
                    conv_name = conv if path else "conv"
                    fused = fuse_conv_bn_eval(child.conv, child.bn)
                    folded[conv_name + ".weight"], folded[conv_name + ".bias"] = numbers(fused.weight), numbers(fused.bias)
        records.append({"name": type(module).__name__, **record, "folded": folded})
    return records


def merges():
    """Nodes before and after torch's own dead-code and common-subexpression passes, on graphs of make_fx."""
    records = []
    for function, shapes in nets.MERGED:
        torch.manual_seed(SEED)
        ins = [torch.randn(shape) for shape in shapes]
        traced = make_fx(function)(*ins)
        before = fx_dump.dump(traced)
        after = CSEPass(get_CSE_banned_ops())(traced).graph_module
        after.graph.eliminate_dead_code()
        records.append({"name": function.__name__, "graph": before, "before": len(before["nodes"]),
                        "after": len(after.graph.nodes)})
    return records


# --- guards ----------------------------------------------------------------------------------------------------------


def events(calls, dynamic, limit):
    """What torch.compile does, call by call. Symbols are named after the first dimension that has them."""
    dynamo.reset()
    dynamo.config.recompile_limit = limit
    seen = {"compiled": 0, "ran": 0, "shape": None}

    def backend(graph, _):
        seen["compiled"] += 1
        for node in graph.graph.nodes:
            value = node.meta.get("example_value")
            if node.op == "placeholder" and isinstance(value, Tensor):
                seen["shape"] = [str(n) for n in value.shape]

        def run(*args):
            seen["ran"] += 1
            return graph.forward(*args)

        return run

    compiled, made = torch.compile(lambda x: x + 1, backend=backend, dynamic=dynamic), []
    for sizes in calls:
        before = dict(seen)
        compiled(torch.zeros(sizes))
        if seen["compiled"] > before["compiled"]:
            names = {}
            guard = [int(n) if n.isdigit() else names.setdefault(n, f"s{d}") for d, n in enumerate(seen["shape"])]
            made.append({"compile": guard})
        else:
            made.append("hit" if seen["ran"] > before["ran"] else "eager")
    return made


def guards():
    worked = [(8, 16), (8, 16), (9, 16), (10, 16), (1, 16), (1, 16), (7, 16), (7, 7), (6, 5)]
    cases = [(worked, None, 8), (worked, True, 8), (worked, False, 8)]
    draw = random.Random(SEED)
    for _ in range(200):
        ranks = draw.choice([[2], [2], [1], [3], [1, 2], [2, 3]])
        sizes = draw.choice([[0, 1, 2, 3, 4], [2, 3, 4, 5], [1, 5, 6, 7], [4, 5, 6, 7, 8, 9]])
        calls = [[draw.choice(sizes) for _ in range(draw.choice(ranks))] for _ in range(draw.randint(3, 12))]
        cases.append((calls, draw.choice([None, None, True, False]), draw.choice([8, 8, 4, 3, 2])))
    return [{"calls": calls, "dynamic": dynamic, "limit": limit, "events": events(calls, dynamic, limit)}
            for calls, dynamic, limit in cases]


# --- replaying -------------------------------------------------------------------------------------------------------


def arrays(records):
    made = {name: np.array(r["data"], np.float32).reshape(r["shape"]) for name, r in records.items()}
    return made


def check(golden):
    import solution
    from lab_sdk import fx

    compared = 0
    for record in golden["runs"] + golden["folds"]:
        params, ins = arrays(record["params"]), [*arrays(dict(enumerate(record["ins"]))).values()]
        graphs = [(record["graph"], params)]
        if "folded" in record:
            graphs.append(solution.fold_conv_bn(record["graph"], params))
            for name, wanted in arrays(record["folded"]).items():
                assert close(graphs[1][1][name], wanted), (record["name"], name)
        for graph, weights in graphs:
            outs = solution.run(graph, weights, ins, fx.Mem())
            for got, wanted in zip(outs, arrays(dict(enumerate(record["outs"]))).values(), strict=True):
                assert close(got, wanted), record["name"]
                compared += wanted.size
    for record in golden["merges"]:
        graph, _ = solution.optimize(record["graph"], {})
        assert len(graph["nodes"]) == record["after"], (record["name"], len(graph["nodes"]), record["after"])
    for record in golden["guards"]:
        got = solution.simulate(record["calls"], record["dynamic"], record["limit"])
        assert got == record["events"], record
        compared += len(got)
    print(compared, "values agree")


def close(got, wanted):
    return got.shape == wanted.shape and np.abs(got - wanted).max(initial=0) <= 4e-6 * np.abs(wanted).max(initial=1e-30)


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    path = os.path.join(HERE, "golden.json")
    if "--check" not in sys.argv:
        versions = {"torch": torch.__version__, "numpy": np.__version__}
        head = {"written_by": "make.py", "versions": versions}
        with open(os.path.join(HERE, "captured.json"), "w") as file:
            json.dump({**head, "functions": captured()}, file, indent=1)
            file.write("\n")
        golden = {**head, "seed": SEED, "runs": runs(), "scripts": scripts(), "folds": folds(), "merges": merges(),
                  "guards": guards()}
        with open(path, "w") as file:
            json.dump(golden, file)
            file.write("\n")
    with open(path) as file:
        check(json.load(file))


if __name__ == "__main__":
    main()
