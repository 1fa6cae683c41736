"""Misconceptions as people write them; the trials read this file after solution.py and let one function take over."""

# What must be refused is left to the right functions, so that only the mistake differs.
right_roofline, right_pick = roofline, pick  # noqa: F821


def under(flops, moved, m):
    """A point from FLOPs and bytes."""
    ai, ridge = flops / moved, m["peak_flops"] / m["bw"]
    slower = max(flops / m["peak_flops"], moved / m["bw"])
    bound = "compute" if ai >= ridge else "memory"
    return {"flops": flops, "bytes": moved, "ai": ai, "ridge": ridge, "bound": bound, "t_us": slower * 1e6 + m["launch_us"]}


def forgets_the_output(k, bytes_per_elem, m):
    """Sums what is read."""
    right = right_roofline(k, bytes_per_elem, m)
    read = sum(prod(shape) for shape in k["inputs"]) + k["params"]  # noqa: F821
    if k["op"] == "embedding":
        read = prod(k["out"])  # noqa: F821
    return under(right["flops"], read * bytes_per_elem, m)


def macs_for_flops(k, bytes_per_elem, m):
    """Takes the count as it comes."""
    right = right_roofline(k, bytes_per_elem, m)
    return under(k["macs"] or right["flops"], right["bytes"], m)


def adds_the_times(k, bytes_per_elem, m):
    """First load, then compute."""
    right = right_roofline(k, bytes_per_elem, m)
    t = right["flops"] / m["peak_flops"] + right["bytes"] / m["bw"]
    return {**right, "t_us": t * 1e6 + m["launch_us"]}


def seconds_and_microseconds(k, bytes_per_elem, m):
    """Forgets the unit of the launch."""
    right = right_roofline(k, bytes_per_elem, m)
    return {**right, "t_us": max(right["flops"] / m["peak_flops"], right["bytes"] / m["bw"]) + m["launch_us"]}


def ranks_by_params(family, bytes_per_elem, m):
    """Sorts by parameters, batch by batch, and takes both ends."""
    try:
        right_pick(family, bytes_per_elem, m)
    except ValueError as error:
        if "half the parameters" not in str(error):
            raise
    ends = []
    for batch in {layer["batch"] for layer in family}:
        size = lambda at: sum(k["params"] for k in family[at]["kernels"])  # noqa: E731
        own = sorted((at for at, layer in enumerate(family) if layer["batch"] == batch), key=size)
        most = max(own, key=size)
        if 2 * size(own[0]) <= size(most):
            ends.append((size(own[0]) / size(most), own[0], most))
    if not ends:
        raise ValueError("no two layers")
    return min(ends)[1:]


def one_launch(family, bytes_per_elem, m):
    """Adds the launch once, at the end."""
    merged = []
    for layer in family:
        if not layer["kernels"]:
            raise ValueError("no kernel")
        work = sum(right_roofline(k, bytes_per_elem, m)["t_us"] - m["launch_us"] for k in layer["kernels"])
        merged.append((layer["batch"], sum(k["params"] for k in layer["kernels"]), work + m["launch_us"]))
    pairs = [
        (few / many, small, base)
        for small, (b, few, slow) in enumerate(merged)
        for base, (c, many, fast) in enumerate(merged)
        if b == c and 2 * few <= many and slow >= 0.9 * fast
    ]
    if not pairs:
        raise ValueError("no such pair")
    return min(pairs)[1:]
