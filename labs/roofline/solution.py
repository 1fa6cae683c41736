"""A kernel under the roofs of a machine: what it computes, what it moves, which of the two it waits for, and how long it
takes. Then a family of layers, in which fewer parameters are not faster.

    time = max(FLOPs / peak, bytes / bandwidth) + launch
"""

from math import inf, prod

# Of the time of the base, what the small layer has to take at least.
AS_LONG = 0.9


def roofline(k, bytes_per_elem, m):
    """{"flops", "bytes", "ai", "ridge", "bound", "t_us"} of one kernel, with elements of so many bytes.

    Each input, weight and output crosses memory once. Arithmetic and memory work at the same time, so the slower one is
    the time; the launch comes on top.
    """
    peak, bw, launch = m["peak_flops"], m["bw"], m["launch_us"]
    require(0 < peak < inf and 0 < bw < inf, f"{peak} FLOP/s and {bw} B/s are no roofs")
    require(0 <= launch < inf, f"a launch of {launch} microseconds")
    require(bytes_per_elem > 0, "elements of no bytes")
    flops, moved = operations(k), elements(k) * bytes_per_elem
    ai, ridge = flops / moved, peak / bw
    return {
        "flops": flops, "bytes": moved, "ai": ai, "ridge": ridge,
        "bound": "compute" if ai >= ridge else "memory",
        "t_us": 1e6 * max(flops / peak, moved / bw) + launch,
    }


def pick(family, bytes_per_elem, m):
    """Of all pairs of one batch in which `small` has at most half the parameters of `base` and is predicted to take at least
    0.9 of its time, the one that saves most parameters: the indices (small, base)."""
    require(all(layer["kernels"] for layer in family), "a layer without a kernel")
    params = [sum(k["params"] for k in layer["kernels"]) for layer in family]
    # Kernels run one after the other, and each is launched.
    times = [sum(roofline(k, bytes_per_elem, m)["t_us"] for k in layer["kernels"]) for layer in family]
    places = range(len(family))
    pairs = [
        (params[small] / params[base], small, base)
        for small in places
        for base in places
        if family[small]["batch"] == family[base]["batch"]
        and 2 * params[small] <= params[base]
        and times[small] >= AS_LONG * times[base]
    ]
    require(pairs, "no layer has half the parameters of another and takes as long")
    _, small, base = min(pairs)
    return small, base


def operations(k):
    """Floating point operations: two for a multiply-add; where there are no products, those of each element."""
    op, attrs, out = k["op"], k["attrs"], prod(k["out"])
    if op in ("conv2d", "linear", "matmul", "attention"):
        return 2 * k["macs"]
    if op == "act":
        return out
    if op == "add":
        return out * (len(k["inputs"]) - 1)
    if op == "pool":
        return out * prod(attrs["k"])
    if op == "norm" and attrs["kind"] == "layer":
        return 5 * out
    if op == "embedding":
        return 0
    raise ValueError("an operation that is not on the list")


def elements(k):
    """Elements that cross memory: inputs, weights, outputs. A lookup touches only the rows that it returns."""
    out = prod(k["out"])
    if k["op"] == "embedding":
        return 2 * out
    return sum(prod(shape) for shape in k["inputs"]) + k["params"] + out


def require(condition, message):
    if not condition:
        raise ValueError(message)
