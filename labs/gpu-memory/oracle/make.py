"""Writes golden.json: what PyTorch computes, and what Triton's own interpreter computes and moves when it runs the
kernel of ../solution.py. A GPU is not needed.

    pip install torch==2.15.0 triton==3.9.0 numpy==2.4.6
    python make.py            # writes golden.json
    python make.py --check    # only compares
"""

import importlib.util
import json
import os
import sys
import types
from pathlib import Path

os.environ["TRITON_INTERPRET"] = "1"

import torch  # noqa: E402
import triton  # noqa: E402
import triton.language  # noqa: E402
from triton.runtime import interpreter  # noqa: E402

HERE = Path(__file__).parent
SEED = 20_26
TRANSPOSES = [(1, 1), (5, 7), (33, 40), (64, 32)]
PRODUCTS = [(1, 1, 1), (20, 19, 33), (32, 48, 64)]
FUSED = [(1, 1), (5, 3), (33, 130), (2, 300)]


def solution():
    """../solution.py over the real Triton: only its kernel of tiles is used."""
    lab_sdk, simt = types.ModuleType("lab_sdk"), types.ModuleType("lab_sdk.simt")
    simt.F = simt.Reg = simt.f32 = None
    lab_sdk.triton, lab_sdk.simt = triton, simt
    sys.modules |= {"lab_sdk": lab_sdk, "lab_sdk.simt": simt, "lab_sdk.triton": triton}
    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bytes:
    """Bytes that the interpreter's loads and stores move: those of the elements whose mask is on."""

    def __init__(self):
        self.loaded = self.stored = 0
        builder = interpreter.InterpreterBuilder
        load, store = builder.create_masked_load, builder.create_masked_store

        def counted_load(this, ptrs, mask, *rest, **named):
            self.loaded += 4 * int(mask.data.sum())
            return load(this, ptrs, mask, *rest, **named)

        def counted_store(this, ptrs, value, mask, *rest, **named):
            self.stored += 4 * int(mask.data.sum())
            return store(this, ptrs, value, mask, *rest, **named)

        builder.create_masked_load, builder.create_masked_store = counted_load, counted_store

    def take(self):
        moved = self.loaded, self.stored
        self.loaded = self.stored = 0
        return moved


def golden():
    draw = torch.Generator().manual_seed(SEED)
    kernel, moved = solution().fused, Bytes()

    def integers(*shape):
        return torch.randint(-20, 21, shape, generator=draw).float()

    def ints(x):
        assert (x == x.round()).all()
        return [int(v) for v in x.flatten()]

    out = {
        "written_by": "make.py",
        "versions": {"torch": torch.__version__.split("+")[0], "triton": triton.__version__},
        "transpose": [],
        "matmul": [],
        "fused": [],
    }
    for rows, cols in TRANSPOSES:
        x = integers(rows, cols)
        out["transpose"].append({"rows": rows, "cols": cols, "x": ints(x), "y": ints(x.t().contiguous())})
    for m, n, k in PRODUCTS:
        a, b = integers(m, k), integers(k, n)
        out["matmul"].append({"m": m, "n": n, "k": k, "a": ints(a), "b": ints(b), "c": ints(torch.matmul(a, b))})
    for m, n in FUSED:
        x, w, b, r = integers(m, n), integers(n), integers(n), integers(m, n)
        y = torch.relu(torch.addcmul(b, x, w)).add(r)
        tiles = torch.full((m, n), float("nan"))
        moved.take()
        kernel[(triton.cdiv(m, 32),)](x, w, b, r, tiles, m, n)
        loaded, stored = moved.take()
        assert torch.equal(tiles, y), (m, n)
        case = {"m": m, "n": n, "x": ints(x), "w": ints(w), "b": ints(b), "r": ints(r), "y": ints(y)}
        out["fused"].append({**case, "triton_loads_bytes": loaded, "triton_stores_bytes": stored})
    return out


def text(tree):
    """One line a case."""
    parts = []
    for name, value in tree.items():
        if isinstance(value, list):
            value = "[\n" + ",\n".join("  " + json.dumps(case, separators=(",", ":")) for case in value) + "\n ]"
        else:
            value = json.dumps(value)
        parts.append(f" {json.dumps(name)}: {value}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    made = text(golden())
    if "--check" not in sys.argv[1:]:
        (HERE / "golden.json").write_text(made)
    assert (HERE / "golden.json").read_text() == made, "golden.json is another"
    print("PyTorch and Triton agree with golden.json")
