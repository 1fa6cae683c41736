"""Counting a network: the multiply-adds and the learned numbers of one operation, of a graph, and of a training step.

One multiply-add is one MAC, and two FLOPs. Work is done for each element of the *result*:

    MACs = elements of the result * numbers summed for one of them

Legend: n, b batch; c channels; h, w height and width; k kernel; hq, hkv heads of q and of k, v; sq queries, sk keys;
dh, dv length of a key and of a value.
"""

from math import prod


def op_cost(op):
    """MACs, learned numbers and result shape of one operation: {"macs", "params", "out"}.

    Padded taps count, as in every tool: the hardware multiplies the zeros too. Adding a bias is no multiply-add.
    Refuses sizes of 0, channels or heads that do not divide, results without an element, a mask with sq > sk.
    """
    kind = op["op"]
    if kind == "conv2d":
        n, cin, cout, groups, k = (op[key] for key in ("n", "cin", "cout", "groups", "k"))
        positive(n, cin, op["h"], op["w"], cout, groups)
        require(cin % groups == 0 and cout % groups == 0, f"{cin} and {cout} channels in {groups} groups")
        ho, wo = (windows(op[side], k[i], op["stride"][i], op["pad"][i], op["dil"][i]) for i, side in enumerate("hw"))
        # A filter sees only the channels of its own group.
        each = cin // groups * k[0] * k[1]
        return cost(n * cout * ho * wo * each, weights(cout, each, op["bias"]), [n, cout, ho, wo])
    if kind == "linear":
        rows, cin, cout = op["rows"], op["cin"], op["cout"]
        positive(rows, cin, cout)
        return cost(rows * cin * cout, weights(cout, cin, op["bias"]), [rows, cout])
    if kind == "matmul":
        batch, m, k, n = op["batch"], op["m"], op["k"], op["n"]
        positive(batch, m, k, n)
        return cost(batch * m * k * n, 0, [batch, m, n])
    if kind == "attention":
        b, hq, hkv, sq, sk, dh, dv = (op[key] for key in ("b", "hq", "hkv", "sq", "sk", "dh", "dv"))
        causal, window = op["causal"], op["window"]
        positive(b, hq, hkv, sq, sk, dh, dv, 1 if window is None else window)
        require(hq % hkv == 0, f"{hq} heads of q do not share {hkv} heads of k and v evenly")
        require(sq <= sk or not (causal or window), f"a mask over {sq} queries and only {sk} keys")
        # Each visible pair costs q . k, and its weight times v. Sharing k and v saves memory, not work.
        return cost(b * hq * visible(sq, sk, causal, window) * (dh + dv), 0, [b, sq, hq * dv])
    raise ValueError(f"`{kind}` is not on the list")


def count(arch, c):
    """{"rows", "macs", "params"}: one row for each node of `arch`, counted by the convention `c`, and their sums.

    A shape is known once the shapes of the inputs are, so one pass in the order of the nodes finds them all.
    Refuses what cannot run: an input that does not stand before its reader (missing, or in a cycle), shapes that do not
    fit, sizes of 0, an operation that is not on the list, two nodes of one name.
    """
    names = {node["name"] for node in arch["nodes"]}
    require(len(names) == len(arch["nodes"]), "two nodes have one name")
    shapes, rows = {}, []
    for node in arch["nodes"]:
        name, attrs = node["name"], node["attrs"]
        for read in node["inputs"]:
            require(read in shapes, f"`{name}`: no node before it is called `{read}`")
        inputs = [shapes[read] for read in node["inputs"]]
        spent = run(node["op"], attrs, inputs)
        params = spent["params"]
        if node["tie"] is not None:
            require(node["tie"] in names, f"`{name}` shares the weight of `{node['tie']}`, which is not there")
            # The owner counts the weight; a bias is the node's own.
            params = attrs["cout"] if attrs.get("bias") else 0
        shapes[name] = spent["out"]
        if name not in c["skip"]:
            macs = spent["macs"] + beside(node, inputs, spent["out"], c)
            rows.append({"name": name, "out": spent["out"], "macs": macs, "params": params})
    return {"rows": rows, "macs": sum(row["macs"] for row in rows), "params": sum(row["params"] for row in rows)}


def train_macs(arch):
    """MACs of one training step: the forward pass, and the products that its gradients need.

    y = x w is differentiated twice, by the weight (x^T dy) and by the input (dy w^T): two products as large as the first.
    The second is left out where nothing before the layer learns, as at the image. The same holds for the two factors of
    a matmul, and for the two products inside attention.
    """
    forward = count(arch, {"bn_per_elem": 0, "act_per_elem": 0, "pool_per_in_elem": 0, "bias_per_out": 0, "skip": []})
    # Nodes whose result depends on something learned: their gradient is asked for.
    learned, total = set(), 0
    for node, row in zip(arch["nodes"], forward["rows"]):
        asked = sum(read in learned for read in node["inputs"])
        has_weights = node["op"] in ("conv2d", "linear", "embedding", "norm")
        backward = 2 * min(asked, 1) if node["op"] == "attention" else asked + has_weights
        total += row["macs"] * (1 + backward)
        if has_weights or asked:
            learned.add(node["name"])
    return total


def run(op, attrs, inputs):
    """What one node costs on inputs of these shapes: its products only."""
    if op == "input":
        positive(*attrs["shape"])
        return cost(0, 0, list(attrs["shape"]))
    require(inputs, "reads nothing")
    x = inputs[0]
    if op == "conv2d":
        n, cin, h, w = image(x)
        return op_cost({"op": op, "n": n, "cin": cin, "h": h, "w": w, **attrs})
    if op == "linear":
        spent = op_cost({"op": op, "rows": prod(x[:-1]), "cin": x[-1], **attrs})
        return {**spent, "out": x[:-1] + [attrs["cout"]]}
    if op == "matmul":
        a, b = inputs
        require(min(len(a), len(b)) >= 2 and a[:-2] == b[:-2] and a[-1] == b[-2], f"{a} times {b}")
        spent = op_cost({"op": op, "batch": prod(a[:-2]), "m": a[-2], "k": a[-1], "n": b[-1]})
        return {**spent, "out": a[:-1] + [b[-1]]}
    if op == "embedding":
        positive(attrs["rows"], attrs["dim"])
        # A lookup copies a row: it multiplies nothing.
        return cost(0, attrs["rows"] * attrs["dim"], x + [attrs["dim"]])
    if op == "attention":
        (b, sq, dq), (bk, sk, dk), (bv, sv, dv) = inputs
        hq, hkv = attrs["hq"], attrs["hkv"]
        positive(hq, hkv)
        fits = b == bk == bv and sk == sv and dq % hq == 0 and dk == dq // hq * hkv and dv % hkv == 0
        require(fits, f"attention of {hq} and {hkv} heads over {inputs}")
        return op_cost({"op": op, "b": b, "sq": sq, "sk": sk, "dh": dq // hq, "dv": dv // hkv, **attrs})
    if op == "norm":
        axis = 1 if attrs["kind"] == "batch" else len(x) - 1
        require(axis < len(x), f"{x} has no axis {axis}")
        # A batch norm keeps a running mean and variance too; they are measured, not learned.
        return cost(0, (1 if attrs["kind"] == "rms" else 2) * x[axis], x)
    if op == "act":
        return cost(0, 0, x)
    if op == "add":
        require(all(other == x for other in inputs), f"adds unequal shapes {inputs}")
        return cost(0, 0, x)
    if op == "mul":
        a, b = inputs
        require(len(a) == len(b) and all(p == q or 1 in (p, q) for p, q in zip(a, b)), f"{a} times {b}")
        return cost(0, 0, [max(p, q) for p, q in zip(a, b)])
    if op == "concat":
        axis = attrs["axis"]
        require(axis < len(x), f"{x} has no axis {axis}")
        rest = [other[:axis] + other[axis + 1 :] for other in inputs]
        require(all(other == rest[0] for other in rest), f"{inputs} side by side along axis {axis}")
        return cost(0, 0, x[:axis] + [sum(other[axis] for other in inputs)] + x[axis + 1 :])
    if op == "slice":
        axis, start, end = attrs["axis"], attrs["start"], attrs["end"]
        require(axis < len(x) and start < end <= x[axis], f"no {start}..{end} along axis {axis} of {x}")
        return cost(0, 0, x[:axis] + [end - start] + x[axis + 1 :])
    if op == "pool":
        n, c, h, w = image(x)
        k, stride, pad, ceil = attrs["k"], attrs["stride"], attrs["pad"], attrs["ceil"]
        return cost(0, 0, [n, c] + [windows(side, k[i], stride[i], pad[i], 1, ceil) for i, side in enumerate((h, w))])
    if op == "global_pool":
        n, c, _, _ = image(x)
        return cost(0, 0, [n, c, 1, 1])
    if op == "reshape":
        require(prod(attrs["shape"]) == prod(x), f"{x} in the shape {attrs['shape']}")
        return cost(0, 0, list(attrs["shape"]))
    if op == "shuffle":
        require(attrs["groups"] > 0 and image(x)[1] % attrs["groups"] == 0, f"{x} in {attrs['groups']} groups")
        return cost(0, 0, x)
    raise ValueError(f"`{op}` is not on the list")


def beside(node, inputs, out, c):
    """What the convention counts beside the products."""
    op, attrs = node["op"], node["attrs"]
    if op == "norm" and attrs["kind"] == "batch":
        return c["bn_per_elem"] * prod(out)
    if op == "act":
        return c["act_per_elem"] * prod(out)
    if op in ("pool", "global_pool"):
        return c["pool_per_in_elem"] * prod(inputs[0])
    if op in ("conv2d", "linear") and attrs["bias"]:
        return c["bias_per_out"] * prod(out)
    return 0


def windows(length, k, stride, pad, dil, ceil=False):
    """How many windows fit along an axis: the last one ends inside the padding, or, with `ceil`, begins inside the data.

    PyTorch's rule; a window that would begin in the padding on the right sees nothing and is dropped.
    """
    positive(k, stride, dil)
    room = length + 2 * pad - (dil * (k - 1) + 1)
    require(room >= 0, f"a window of {dil * (k - 1) + 1} over {length} with {pad} zeros on each side")
    if not ceil:
        return room // stride + 1
    steps = -(-room // stride)
    return steps + 1 if steps * stride < length + pad else steps


def visible(sq, sk, causal, window):
    """How many pairs of a query and a key are visible. Query i stands at key i + sk - sq, so that the last ones meet.

    The keys that query i sees end at distance `last` after it and begin at `reach` before it; what lies up to a distance
    is a triangle, cut off by the ends of the keys.
    """

    def up_to(d):
        """Pairs whose key lies at most d after the query: the sum of clamp(i + start, 0, sk) over the queries."""
        start = sk - sq + d + 1
        empty = min(max(-start, 0), sq)
        full = min(max(sk - start, empty), sq)
        return (full - empty) * (2 * start + empty + full - 1) // 2 + (sq - full) * sk

    reach = max(sq, sk) if window is None else window - 1
    return up_to(0 if causal else reach) - up_to(-reach - 1)


def image(x):
    """(n, c, h, w), or a refusal."""
    require(len(x) == 4, f"{x} is no image (n, c, h, w)")
    return x


def weights(cout, each, bias):
    """Learned numbers of `cout` filters."""
    return cout * (each + bool(bias))


def cost(macs, params, out):
    return {"macs": macs, "params": params, "out": out}


def positive(*sizes):
    require(all(size > 0 for size in sizes), f"a size of 0 in {sizes}")


def require(condition, message):
    if not condition:
        raise ValueError(message)
