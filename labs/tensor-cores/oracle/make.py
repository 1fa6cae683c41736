"""Writes golden.json: what PyTorch, NumPy and ml_dtypes make of f32 in 16 bits, of sums and of products.

    python make.py            writes golden.json beside this file, then replays it through ../solution.py
    python make.py --check    only replays

No number under "limits", "ones", "sweep" and "products" is computed by us: each is read from a tensor or an array of
these packages, or is a checksum of such.
"""

import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
SEED = 20_26
PACKAGES = ["torch", "ml_dtypes", "numpy"]
# What stands below each of the 65,536 upper halves of an f32: at, above and below the steps and ties of both formats.
LOW = [0, 1, 2, 0x0FFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x2001, 0x2FFF, 0x3000, 0x3001, 0x3FFF, 0x4000, 0x5000, 0x6FFF,
       0x7000, 0x7001, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0x8002, 0x8FFF, 0x9000, 0x9001, 0xA000, 0xB000, 0xC000, 0xEFFF,
       0xF000, 0xFFFF]


def patterns():
    """Bits of 65,536 x 32 floats, without NaN; and to which sign and exponent each belongs."""
    bits = (np.arange(1 << 16, dtype=np.uint32)[:, None] << 16 | np.array(LOW, np.uint32)).ravel()
    bits = bits[bits & 0x7FFFFFFF <= 0x7F800000]
    return bits, bits >> 23


def checksums(codes, group):
    """For each sign and exponent, the sum of (position + 1) times code, modulo 2^64."""
    codes, sums = codes.astype(np.uint64), []
    for g in range(512):
        of = codes[group == g]
        sums.append(int((of * np.arange(1, len(of) + 1, dtype=np.uint64)).sum(dtype=np.uint64)))
    return sums


def write():
    import ml_dtypes
    import torch

    bits, group = patterns()
    x = bits.view(np.float32)
    torched = lambda dtype: torch.from_numpy(x.copy()).to(dtype).view(torch.int16).numpy().view(np.uint16)
    with np.errstate(over="ignore"):
        bf16, f16 = x.astype(ml_dtypes.bfloat16).view(np.uint16), x.astype(np.float16).view(np.uint16)
    assert (torched(torch.bfloat16) == bf16).all() and (torched(torch.float16) == f16).all()

    limits, ones = {}, {}
    for name, dtype, info in [
        ("FP16", torch.float16, np.finfo(np.float16)),
        ("BF16", torch.bfloat16, ml_dtypes.finfo(ml_dtypes.bfloat16)),
    ]:
        of = torch.finfo(dtype)
        limits[name] = {"largest": of.max, "step": of.eps, "smallest": float(info.smallest_subnormal),
                        "smallest_normal": of.smallest_normal}
        total, one = torch.zeros((), dtype=dtype), torch.ones((), dtype=dtype)
        while (following := total + one) != total:
            total = following
        ones[name] = total.item()

    rng, products = np.random.default_rng(SEED), []
    for m, n, k, draw in [
        (16, 8, 16, lambda shape: rng.integers(-8, 9, shape)),
        (17, 9, 33, lambda shape: rng.integers(-8, 9, shape)),
        (5, 12, 96, lambda shape: rng.normal(size=shape)),
        (1, 1, 200, lambda shape: rng.random(shape)),
    ]:
        a, b = (torch.from_numpy(np.asarray(draw(shape), np.float64)).half() for shape in ((m, k), (k, n)))
        d = a.double() @ b.double()
        products.append({"a": a.tolist(), "b": b.tolist(), "d": d.tolist()})

    head = {"written_by": "make.py", "seed": SEED, "versions": {p: version(p) for p in PACKAGES}, "limits": limits,
            "ones": ones, "low": LOW, "patterns": len(bits)}
    sweep = {"bf16": checksums(bf16, group), "f16": checksums(f16, group)}
    text = json.dumps(head, indent=1)[:-2] + ',\n "sweep": {\n'
    text += ",\n".join(f"  {json.dumps(name)}: {json.dumps(sums)}" for name, sums in sweep.items())
    text += '\n },\n "products": [\n' + ",\n".join("  " + json.dumps(p) for p in products) + "\n ]\n}\n"
    GOLDEN.write_text(text)
    print(f"wrote {GOLDEN.name}: {GOLDEN.stat().st_size} bytes")
    contrasts(torch, ml_dtypes)


def contrasts(torch, ml_dtypes):
    """What the packages make of NaN; README.md tells it, and nothing is graded by it."""
    nan = np.array([0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0xFFC00000], np.uint32).view(np.float32)
    show = lambda codes: " ".join(f"{int(c):04x}" for c in codes.view(np.uint16))
    print("NaN 7f800001 7fc00000 7fffffff ffc00000")
    print("  ml_dtypes BF16", show(nan.astype(ml_dtypes.bfloat16)), " NumPy FP16", show(nan.astype(np.float16)))
    for dtype in (torch.bfloat16, torch.float16):
        print(" ", dtype, show(torch.from_numpy(nan.copy()).to(dtype).view(torch.int16).numpy()))


def check():
    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    golden = json.loads(GOLDEN.read_text())
    bits, group = patterns()
    for name, function in ("bf16", solution.to_bf16), ("f16", solution.to_f16):
        got = checksums(function(bits.view(np.float32)), group)
        assert got == golden["sweep"][name], (name, [g for g in range(512) if got[g] != golden["sweep"][name][g]])
    print(f"{2 * len(bits)} codes agree")


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        write()
    check()
