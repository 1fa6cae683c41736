"""Writes golden.json: what PyTorch's pruning tools and its autograd answer on inputs drawn here.

    python make.py            writes golden.json beside this file, then replays it through ../solution.py
    python make.py --check    only replays

Needs numpy and torch; README.md lists the versions of the stored file. No value under "returns" is computed in this
file: each is read from a tensor, a schedule or a storage that PyTorch wrote. The exceptions stand in README.md.
"""

import importlib.util
import json
import math
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import prune

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
SEED = 20240611


def main():
    if "--check" not in sys.argv[1:]:
        write()
    replay()


def write():
    torch.manual_seed(SEED)
    records = [*global_masks(), *cubics(), *lotteries(), *movements(), *csr()]
    golden = {
        "written_by": "make.py",
        "seed": SEED,
        "versions": {p: version(p) for p in ("numpy", "torch")},
        "records": records,
    }
    lines = ",\n".join(json.dumps(record) for record in records)
    text = json.dumps({**golden, "records": []}).replace('"records": []', f'"records": [\n{lines}\n]')
    GOLDEN.write_text(text + "\n")
    print(f"{len(records)} records, {GOLDEN.stat().st_size} bytes, {golden['versions']}")


def record(function, source, args, returns):
    return {"function": function, "source": source, "args": args, "returns": returns}


def floats(t):
    t = t.detach()
    return {"shape": list(t.shape), "data": [float(v) for v in t.flatten().double()]}


def bits(t):
    return {"shape": list(t.shape), "data": "".join("1" if v else "0" for v in t.detach().flatten())}


class Layer(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(weight)

    def forward(self):
        return self.weight


def normal(*shape, size=1.0):
    """Weights whose magnitudes all differ."""
    while True:
        t = size * torch.randn(*shape)
        if t.abs().unique().numel() == t.numel():
            return t


# global_mask: prune.global_unstructured with L1Unstructured. A share would be rounded to the nearest count there; the
# count itself is passed, so that what is compared is the ranking.


def global_masks():
    for shapes, sizes, skip, sparsity in [
        ([(6, 7)], [1.0], [], 0.5),
        ([(5, 8), (4, 5), (3, 4)], [0.3, 1.0, 2.0], [], 0.9),
        ([(5, 8), (8,), (4, 5), (4,)], [1.0, 0.1, 0.5, 0.1], [1, 3], 0.62),
        ([(12, 16), (16,), (10, 12)], [0.2, 1.0, 1.0], [2], 0.37),
        ([(3, 3, 2, 2), (7,)], [1.0, 1.0], [], 0.0),
        ([(3, 3, 2, 2), (7,)], [1.0, 1.0], [], 1.0),
    ]:
        layers = [Layer(normal(*shape, size=size)) for shape, size in zip(shapes, sizes)]
        weights = [layer.weight.detach().clone() for layer in layers]
        ranked = [layer for i, layer in enumerate(layers) if i not in skip]
        count = math.floor(sparsity * sum(layer.weight.numel() for layer in ranked))
        prune.global_unstructured(
            [(layer, "weight") for layer in ranked], pruning_method=prune.L1Unstructured, amount=count
        )
        masks = [getattr(layer, "weight_mask", torch.ones_like(w)) for layer, w in zip(layers, weights)]
        args = {"ws": [floats(w) for w in weights], "skip": skip, "sparsity": sparsity}
        yield record("global_mask", "torch.nn.utils.prune.global_unstructured, L1Unstructured", args, [bits(m) for m in masks])


# cubic: torch.ao.pruning.CubicSL, stepped from the beginning.


def cubics():
    from torch.ao.pruning import CubicSL, WeightNormSparsifier

    for t0, t1, si, sf in [(0, 4, 0.0, 0.9), (3, 20, 0.1, 0.8), (10, 110, 0.25, 0.97)]:
        model = torch.nn.Sequential(torch.nn.Linear(4, 4))
        sparsifier = WeightNormSparsifier(sparsity_level=sf)
        sparsifier.prepare(model, [{"tensor_fqn": "0.weight"}])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            schedule = CubicSL(sparsifier, init_sl=si, init_t=t0, delta_t=1, total_t=t1 - t0)
            for t in range(t1 + 5):
                if t in {0, 1, 2, 3, t0, (t0 + t1) // 2, t1 - 1, t1, t1 + 4}:
                    level = float(sparsifier.groups[0]["sparsity_level"])
                    yield record("cubic", "torch.ao.pruning.CubicSL", {"t": t, "t0": t0, "t1": t1, "si": si, "sf": sf}, level)
                schedule.step()


# lottery_round: prune.l1_unstructured again and again on one layer, which ranks what its mask has left; the restart is
# PyTorch's product of the initial weights with the mask.


def lotteries():
    for shapes, frac, rounds in [([(8, 9)], [0.2], 3), ([(7, 6), (5, 7)], [0.23, 0.11], 3)]:
        init = [normal(*shape) for shape in shapes]
        layers = [Layer(w.clone()) for w in init]
        masks = [torch.ones_like(w) for w in init]
        for _ in range(rounds):
            trained = []
            for layer, mask in zip(layers, masks):
                parameter = layer.weight_orig if hasattr(layer, "weight_orig") else layer.weight
                parameter.data = normal(*mask.shape) * mask
                trained.append(parameter.detach().clone())
                # PyTorch makes the masked weight anew before each forward pass, and ranks that.
                layer()
            for layer, mask, f in zip(layers, masks, frac):
                prune.l1_unstructured(layer, "weight", amount=math.ceil(f * int(mask.sum())))
            new = [layer.weight_mask.clone() for layer in layers]
            args = {
                "trained": [floats(w) for w in trained],
                "init": [floats(w) for w in init],
                "mask": [bits(m) for m in masks],
                "frac": frac,
            }
            restart = [floats(w * m) for w, m in zip(init, new)]
            yield record("lottery_round", "torch.nn.utils.prune.l1_unstructured, repeated", args,
                         {"restart": restart, "mask": [bits(m) for m in new]})
            masks = new


# movement_step: autograd through a mask that passes its gradient straight to the scores, then torch.optim.SGD.


class TopK(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, keep):
        mask = torch.zeros_like(scores).flatten()
        mask[torch.topk(scores.flatten(), math.floor(keep * scores.numel())).indices] = 1
        return mask.view_as(scores)

    @staticmethod
    def backward(ctx, slope):
        return slope, None


def movements():
    for shape, keep, lr, steps in [((6, 8), 0.4, 0.05, 3), ((9, 5), 0.11, 0.5, 2), ((5, 5), 1.0, 0.1, 1)]:
        outputs, inputs = shape
        w = torch.nn.Parameter(normal(*shape))
        s = torch.nn.Parameter(normal(*shape, size=0.1))
        optimizer = torch.optim.SGD([s], lr=lr)
        for _ in range(steps):
            x, y = torch.randn(16, inputs), torch.randn(16, outputs)
            before = s.detach().clone()
            optimizer.zero_grad()
            masked = w * TopK.apply(s, keep)
            masked.retain_grad()
            torch.nn.functional.mse_loss(x @ masked.T, y).backward()
            optimizer.step()
            args = {"w": floats(w), "s": floats(before), "g": floats(masked.grad), "keep": keep, "lr": float(np.float32(lr))}
            returns = {"scores": floats(s), "mask": bits(TopK.apply(s, keep))}
            yield record("movement_step", "torch.autograd, straight-through top-k, torch.optim.SGD", args, returns)


# csr_bytes: the storages of sparse CSR tensors, with indices of the width that PyTorch has (32 bits), and the same
# values and indices as NumPy arrays of the width asked for.


def csr():
    for rows, columns, density, value, index in [
        (300, 200, 0.1, np.float32, np.uint32),
        (300, 200, 0.1, np.float32, np.uint16),
        (500, 400, 0.05, np.float16, np.uint16),
        (500, 400, 0.2, np.int8, np.uint16),
    ]:
        dense = torch.zeros(rows * columns)
        dense[torch.randperm(rows * columns)[: round(density * rows * columns)]] = 1.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sparse = dense.view(rows, columns).to_sparse_csr()
        values = sparse.values().numpy().astype(value)
        indices = sparse.col_indices().numpy().astype(index)
        pointers = sparse.crow_indices().numpy().astype(np.uint32)
        args = {"rows": rows, "nonzero": int(values.size), "value": values.itemsize, "index": indices.itemsize}
        returns = values.nbytes + indices.nbytes + pointers.nbytes
        yield record("csr_bytes", "torch.Tensor.to_sparse_csr, arrays of NumPy", args, returns)


def replay():
    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    f32 = lambda t: np.array(t["data"], np.float32).reshape(t["shape"])  # noqa: E731
    u8 = lambda t: np.array([int(c) for c in t["data"]], np.uint8).reshape(t["shape"])  # noqa: E731
    compared = 0
    for r in json.loads(GOLDEN.read_text())["records"]:
        args, returns = r["args"], r["returns"]
        if r["function"] == "global_mask":
            pairs = zip(solution.global_mask([f32(w) for w in args["ws"]], args["skip"], args["sparsity"]), map(u8, returns))
        elif r["function"] == "cubic":
            pairs = [(np.float32(solution.cubic(**args)), np.float32(returns))]
        elif r["function"] == "lottery_round":
            lists = [[f32(w) for w in args["trained"]], [f32(w) for w in args["init"]], [u8(m) for m in args["mask"]]]
            restart, mask = solution.lottery_round(*lists, args["frac"])
            pairs = [*zip(restart, map(f32, returns["restart"])), *zip(mask, map(u8, returns["mask"]))]
        elif r["function"] == "movement_step":
            scores, mask = solution.movement_step(f32(args["w"]), f32(args["s"]), f32(args["g"]), args["keep"], args["lr"])
            assert np.abs(scores - f32(returns["scores"])).max() < 1e-6 * np.abs(scores).max(), r["source"]
            pairs = [(mask, u8(returns["mask"]))]
        else:
            continue
        for got, wanted in pairs:
            assert np.array_equal(got, wanted), (r["function"], r["source"], args)
            compared += np.size(wanted)
    print(f"{compared} values agree")


if __name__ == "__main__":
    main()
