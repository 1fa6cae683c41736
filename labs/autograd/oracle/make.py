"""Writes golden.json: what PyTorch's autograd answers, and what it keeps on its tape.

    python make.py            writes golden.json beside this file, then replays it through ../solution.py
    python make.py --check    only replays

Needs numpy and torch; golden.json names the versions. No gradient in it is computed in this file.
"""

import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
PADDING = 0xFFFFFFFF
OPS = [
    ({"op": "add"}, [[2, 3], [2, 3]]), ({"op": "add"}, [[2, 3], [3]]), ({"op": "add"}, [[2, 1, 3], [4, 1]]),
    ({"op": "add"}, [[2, 3], []]), ({"op": "mul"}, [[2, 3], [2, 1]]), ({"op": "mul"}, [[4, 1], [1, 3]]),
    ({"op": "mul"}, [[], [2, 2]]), ({"op": "matmul"}, [[2, 3], [3, 4]]), ({"op": "matmul"}, [[2, 2, 3], [3, 2]]),
    ({"op": "matmul"}, [[1, 2, 3], [4, 3, 2]]), ({"op": "matmul"}, [[0, 2], [2, 3]]), ({"op": "relu"}, [[3, 4]]),
    ({"op": "gelu_tanh"}, [[3, 4]]), ({"op": "sum", "dim": 0, "keep": False}, [[2, 3]]),
    ({"op": "sum", "dim": 1, "keep": True}, [[2, 3, 2]]), ({"op": "softmax", "dim": 1}, [[3, 4]]),
    ({"op": "softmax", "dim": 0}, [[3, 4]]), ({"op": "softmax", "dim": 1}, [[2, 3, 2]]),
    ({"op": "cross_entropy"}, [[5, 4]]), ({"op": "cross_entropy"}, [[1, 3]]),
]


def main():
    if "--check" not in sys.argv[1:]:
        write()
    replay()


def run(torch, op, ins):
    functional = torch.nn.functional
    return {
        "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "matmul": torch.matmul, "relu": torch.relu,
        "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "sum": lambda x: x.sum(op["dim"], keepdim=op["keep"]), "softmax": lambda x: torch.softmax(x, op["dim"]),
        "cross_entropy": functional.cross_entropy,
    }[op["op"]](*ins)


def stored(t):
    kind = "u32" if not t.is_floating_point() else "f64"
    return {"dtype": kind, "shape": list(t.shape), "data": t.detach().flatten().tolist()}


def products(torch, generator):
    """Inputs, result, g and gradients, in f64."""
    records = []
    for op, shapes in OPS:
        ins = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
        if op["op"] == "relu":
            ins[0].view(-1)[::5] = 0.0
        floats = [x.requires_grad_() for x in ins]
        if op["op"] == "cross_entropy":
            ins.append(torch.randint(shapes[0][1], (shapes[0][0],), generator=generator))
        out = run(torch, op, ins)
        g = torch.randn(out.shape, generator=generator, dtype=torch.float64)
        grads = list(torch.autograd.grad(out, floats, g))
        records.append({"op": op, "ins": [stored(x) for x in ins], "out": stored(out), "g": stored(g),
                        "grads": [stored(x) for x in grads]})
    return records


def saved(torch, generator):
    """Whether PyTorch keeps an operation's inputs, and its result: by the memory that it packs."""
    records = []
    for name, count in [("add", 2), ("mul", 2), ("matmul", 2), ("relu", 1), ("gelu_tanh", 1), ("softmax", 1), ("sum", 1)]:
        op = {"op": name} | ({"dim": 1} if name in ("softmax", "sum") else {}) | ({"keep": False} if name == "sum" else {})
        ins = [torch.randn(6, 6, generator=generator).requires_grad_() for _ in range(count)]
        packed = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: packed.append(t.data_ptr()), lambda t: t):
            out = run(torch, op, ins)
        records.append({"op": op, "ins": all(x.data_ptr() in packed for x in ins), "out": out.data_ptr() in packed})
    return records


def passes(torch, generator):
    """Tapes of linear nodes, with gradients of all nodes; a node without `requires_grad` is detached."""
    records = []
    for record in range(8):
        nodes, values, jacobians = [], [], []
        integer = lambda low, high: int(torch.randint(low, high + 1, (1,), generator=generator))
        for wanted in (True, True, False):
            n = integer(1, 3)
            nodes.append({"ins": [], "shape": [n], "requires_grad": wanted})
            values.append(torch.randn(n, generator=generator).requires_grad_(wanted))
        count = integer(4, 9)
        for at in range(count):
            n = 1 if at + 1 == count else integer(1, 3)
            ins = [integer(0, len(nodes) - 1) for _ in range(integer(1, 3))]
            ins = ins if at + 1 < count else list(range(len(nodes) - 1, len(nodes) - 5, -1))
            parts = []
            for i in ins:
                j = torch.randint(-2, 3, (n, nodes[i]["shape"][0]), generator=generator).float()
                jacobians += j.flatten().tolist()
                parts.append(j @ values[i])
            out = sum(parts)
            if at == 2 and record % 3 == 0:
                out = out.detach()
            if out.requires_grad:
                out.retain_grad()
            nodes.append({"ins": ins, "shape": [n], "requires_grad": out.requires_grad})
            values.append(out)
        values[-1].backward()
        grads = [None if v.grad is None else stored(v.grad) for v in values]
        records.append({"tape": nodes, "jacobians": jacobians, "loss": len(nodes) - 1, "grads": grads})
    return records


def batches(torch, generator):
    """One batch of all tokens; micro-batches are how it was cut."""
    records = []
    for lengths, padded in [([3, 1], [0, 0]), ([4, 6, 2], [1, 3, 2]), ([5, 5], [0, 4])]:
        w = torch.randn(4, 5, generator=generator, dtype=torch.float64).requires_grad_()
        xs = [torch.randn(n, 4, generator=generator, dtype=torch.float64) for n in lengths]
        targets = [torch.randint(5, (n,), generator=generator) for n in lengths]
        for t, count in zip(targets, padded):
            t[:count] = PADDING
        loss = torch.nn.functional.cross_entropy(torch.cat(xs) @ w, torch.cat(targets), ignore_index=PADDING)
        loss.backward()
        records.append({"w": stored(w), "micro": [[stored(x), stored(t)] for x, t in zip(xs, targets)],
                        "loss": loss.item(), "dw": stored(w.grad)})
    return records


def training(torch, generator):
    """Losses of 300 steps in f64: momentum 0.9, learning rate 0.1, as the lab's own optimizer has them."""
    n, hidden, arms = 20, 32, 3
    r = torch.linspace(0.1, 1, n, dtype=torch.float64).repeat(arms)
    arm = torch.arange(arms).repeat_interleave(n)
    turn = 1.2 * np.pi * (r - 0.1) / 0.9 + 2 * np.pi * arm / arms
    x = torch.stack([r * torch.cos(turn), r * torch.sin(turn)], 1).float().double()
    sizes = [(2, hidden), (hidden,), (hidden, arms), (arms,)]
    scales = [1.0, 0.5, hidden**-0.5, 0.0]
    # Numbers of f32, so that both begin at the same place.
    ps = [(s * torch.randn(size, generator=generator)).float().double().requires_grad_() for size, s in zip(sizes, scales)]
    start = [stored(p) for p in ps]
    optimizer, losses = torch.optim.SGD(ps, lr=0.1, momentum=0.9), []
    for _ in range(300):
        logits = torch.relu(x @ ps[0] + ps[1]) @ ps[2] + ps[3]
        loss = torch.nn.functional.cross_entropy(logits, arm)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {"x": stored(x), "arms": stored(arm), "parameters": start, "losses": losses}


def write():
    import torch

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(11)
    golden = {"versions": {name: version(name) for name in ("numpy", "torch")}}
    for name, part in [("products", products), ("saved", saved), ("passes", passes), ("batches", batches),
                       ("training", training)]:
        golden[name] = part(torch, generator)
    GOLDEN.write_text(json.dumps(golden) + "\n")


def array(stored):
    dtype = np.uint32 if stored["dtype"] == "u32" else np.float64
    return np.array(stored["data"], dtype).reshape(stored["shape"])


def replay():
    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    sys.path.insert(0, str(HERE.parents[1] / "sdk" / "python"))
    from lab_sdk.vjp import Vjp

    golden, compared = json.loads(GOLDEN.read_text()), 0

    def same(got, wanted, what):
        nonlocal compared
        assert (got is None) == (wanted is None), what
        if wanted is not None:
            np.testing.assert_allclose(got, array(wanted), rtol=1e-9, atol=1e-12, err_msg=what)
            compared += array(wanted).size

    for r in golden["products"]:
        grads = solution.vjp(r["op"], [array(x) for x in r["ins"]], array(r["out"]), array(r["g"]))
        for got, wanted in zip(grads, r["grads"]):
            same(got, wanted, str(r["op"]))
    for r in golden["passes"]:
        vjp = Vjp.drawn(r["tape"], np.array(r["jacobians"], np.float32), [])
        for got, wanted in zip(solution.backward(r["tape"], r["loss"], vjp), r["grads"], strict=True):
            same(got, wanted, "backward")
    for r in golden["batches"]:
        loss, dw = solution.accumulated(array(r["w"]), [(array(x), array(t)) for x, t in r["micro"]])
        np.testing.assert_allclose(loss, r["loss"], rtol=1e-12)
        same(dw, r["dw"], "accumulated")
    print(f"{compared} numbers agree with {GOLDEN.name}")


if __name__ == "__main__":
    main()
