"""Writes golden.json: what PyTorch computes and moves for drawn kernels. `--check` replays it through ../solution.py.

FLOPs: FlopCounterMode for products; for the others the elements that a real tensor shows (a pool's windows unfolded), and
fvcore's norm counter. Bytes: nbytes of the tensors that go in, of the parameters and of the result.
"""

import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20090401


def main():
    import numpy
    import torch

    golden = HERE / "golden.json"
    if "--check" not in sys.argv:
        random.seed(SEED)
        torch.manual_seed(SEED)
        makers = [linear, conv, matmul, attention, relu, add, pool, norm, lookup]
        records = [maker() for maker in makers for _ in range(8)]
        versions = {"torch": torch.__version__.split("+")[0], "numpy": numpy.__version__}
        lines = ",\n".join(json.dumps(record) for record in records)
        golden.write_text(f'{{"seed": {SEED}, "versions": {json.dumps(versions)}, "records": [\n{lines}\n]}}\n')
    sys.path.insert(0, str(HERE.parent))
    from solution import roofline

    records = json.loads(golden.read_text())["records"]
    machine = {"peak_flops": 1e12, "bw": 1e11, "launch_us": 0.0}
    for record in records:
        point = roofline(record["kernel"], record["width"], machine)
        assert (point["flops"], point["bytes"]) == (record["flops"], record["bytes"]), (record, point)
    print(len(records), "records agree")


def size(low, high):
    return random.randint(low, high)


def dtype():
    import torch

    return random.choice([torch.float16, torch.float32, torch.float64])


def flops(run):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        out = run()
    return counter.get_total_flops(), out


def record(op, attrs, inputs, weights, out, counted, moved=None):
    """A kernel with what was counted. `moved`: tensors that cross memory, where not all do."""
    macs = counted // 2 if op in ("linear", "conv2d", "matmul", "attention") else 0
    moved = [*inputs, *weights, out] if moved is None else moved
    kernel = {
        "op": op, "attrs": attrs, "inputs": [list(x.shape) for x in inputs], "out": list(out.shape),
        "macs": macs, "params": sum(w.numel() for w in weights),
    }
    return {"kernel": kernel, "width": out.element_size(), "flops": counted, "bytes": sum(t.nbytes for t in moved)}


def linear():
    import torch

    rows, cin, cout, bias = size(1, 64), size(8, 128), size(8, 128), random.random() < 0.5
    layer, x = torch.nn.Linear(cin, cout, bias, dtype=dtype()), None
    x = torch.randn(rows, cin, dtype=layer.weight.dtype)
    counted, out = flops(lambda: layer(x))
    return record("linear", {"cout": cout, "bias": bias}, [x], list(layer.parameters()), out, counted)


def conv():
    import torch

    groups, k, stride = random.choice([1, 2, 4, 8]), random.choice([1, 3]), size(1, 2)
    cin, cout, bias = 8 * size(1, 4), 8 * size(1, 4), random.random() < 0.5
    layer = torch.nn.Conv2d(cin, cout, k, stride, k // 2, 1, groups, bias, dtype=dtype())
    x = torch.randn(size(1, 4), cin, size(6, 20), size(6, 20), dtype=layer.weight.dtype)
    counted, out = flops(lambda: layer(x))
    attrs = {"cout": cout, "k": [k] * 2, "stride": [stride] * 2, "pad": [k // 2] * 2, "dil": [1] * 2, "groups": groups, "bias": bias}
    return record("conv2d", attrs, [x], list(layer.parameters()), out, counted)


def matmul():
    import torch

    b, m, k, n, of = size(1, 8), size(1, 40), size(1, 40), size(1, 40), dtype()
    x, y = torch.randn(b, m, k, dtype=of), torch.randn(b, k, n, dtype=of)
    counted, out = flops(lambda: x @ y)
    return record("matmul", {}, [x, y], [], out, counted)


def attention():
    import torch

    b, hkv, share, sq, sk, d, of = size(1, 3), size(1, 3), size(1, 3), size(1, 20), size(1, 20), size(4, 16), dtype()
    q = torch.randn(b, sq, hkv * share * d, dtype=of)
    k, v = torch.randn(b, sk, hkv * d, dtype=of), torch.randn(b, sk, hkv * d, dtype=of)

    def heads(x, count, repeat):
        return x.reshape(b, x.shape[1], count, d).transpose(1, 2).repeat_interleave(repeat, 1)

    def run():
        scores = heads(q, hkv * share, 1) @ heads(k, hkv, share).transpose(2, 3)
        return (scores.softmax(-1) @ heads(v, hkv, share)).transpose(1, 2).reshape(b, sq, -1)

    counted, out = flops(run)
    return record("attention", {"hq": hkv * share, "hkv": hkv, "causal": False, "window": None}, [q, k, v], [], out, counted)


def image():
    import torch

    return torch.randn(size(1, 4), size(1, 16), size(4, 20), size(4, 20), dtype=dtype())


def relu():
    x = image()
    out = x.relu()
    return record("act", {"kind": "relu"}, [x], [], out, out.numel())


def add():
    import torch

    x = image()
    y = torch.randn_like(x)
    out = x + y
    return record("add", {}, [x, y], [], out, out.numel())


def pool():
    import torch
    from torch.nn import functional

    x, k, stride = image(), size(2, 3), size(1, 2)
    out = functional.max_pool2d(x, k, stride)
    # Every element of every window, side by side.
    windows = functional.unfold(x.float(), k, stride=stride)
    attrs = {"kind": "max", "k": [k] * 2, "stride": [stride] * 2, "pad": [0] * 2, "ceil": False}
    assert windows.view(*out.shape[:2], k * k, -1).amax(2).allclose(out.float().flatten(2)), "the windows are others"
    return record("pool", attrs, [x], [], out, windows.numel())


def norm():
    import torch
    from fvcore.nn import FlopCountAnalysis

    rows, dim = size(2, 64), size(8, 128)
    layer = torch.nn.LayerNorm(dim)
    x = torch.randn(rows, dim)
    counted = int(FlopCountAnalysis(layer, x).total())
    return record("norm", {"kind": "layer"}, [x], list(layer.parameters()), layer(x), counted)


def lookup():
    import torch

    rows, dim = size(100, 2000), size(8, 64)
    table = torch.nn.Embedding(rows, dim, dtype=dtype())
    ids = torch.randint(rows, (size(1, 4), size(1, 16)))
    counted, out = flops(lambda: table(ids))
    read = table.weight[ids]
    return record("embedding", {"rows": rows, "dim": dim}, [ids], [table.weight], out, counted, [read, out])


if __name__ == "__main__":
    main()
