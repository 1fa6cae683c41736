"""Reverse mode from a tape: the products of single operations, the pass that joins them, gradients of many micro-batches.

g is the gradient of the loss in an operation's result; N rows, C classes, T tokens, d inputs, V classes of a token.
"""

import numpy as np

PADDING = 0xFFFFFFFF


def vjp(op, ins, out, g):
    name = op["op"]
    count = {"add": 2, "mul": 2, "matmul": 2, "relu": 1, "gelu_tanh": 1, "sum": 1, "softmax": 1, "cross_entropy": 2}
    if count.get(name) != len(ins):
        raise ValueError(f"{name} of {len(ins)} inputs is not on the list")
    if g.shape != out.shape:
        raise ValueError(f"g has shape {g.shape}, the result {out.shape}")
    if name in ("sum", "softmax") and op["dim"] >= ins[0].ndim:
        raise ValueError(f"x has no axis {op['dim']}")

    if name == "add":
        return [unbroadcast(g, x.shape) for x in ins]
    if name == "mul":
        a, b = ins
        return [unbroadcast(g * b, a.shape), unbroadcast(g * a, b.shape)]
    if name == "matmul":
        a, b = ins
        return [unbroadcast(g @ b.swapaxes(-1, -2), a.shape), unbroadcast(a.swapaxes(-1, -2) @ g, b.shape)]
    if name == "relu":
        return [g * (out > 0)]  # the mask of x > 0 is that of the result
    if name == "gelu_tanh":
        x, c = ins[0], float(np.sqrt(2 / np.pi))
        t = np.tanh(c * (x + 0.044715 * x**3))
        return [g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x))]
    if name == "sum":
        g = g if op["keep"] else np.expand_dims(g, op["dim"])
        return [np.broadcast_to(g, ins[0].shape).copy()]
    if name == "softmax":
        return [out * (g - (g * out).sum(op["dim"], keepdims=True))]
    logits, targets = ins
    if (targets >= logits.shape[1]).any():
        raise ValueError("a target that is no class")
    p, _ = softmax(logits)
    return [g * (p - one_hot(targets, logits)) / len(logits), None]


def backward(tape, loss, vjp):
    fits(tape, loss)
    grads = [None] * len(tape)
    grads[loss] = np.ones(tape[loss]["shape"], np.float32)
    # A tape is in topological order: walked backwards, each node comes after all that read it.
    for at in range(loss, -1, -1):
        if grads[at] is None or not tape[at]["ins"]:
            continue
        for i, part in zip(tape[at]["ins"], vjp.call(at, grads[at])):
            if part is not None and tape[i]["requires_grad"]:
                # Not `+=`: the array may be the gradient of another node too.
                grads[i] = part if grads[i] is None else grads[i] + part
    return grads


def accumulated(w, micro):
    loss, dw, count = 0.0, np.zeros_like(w), 0
    for x, targets in micro:
        part = summed(w, x, targets)
        loss, dw, count = loss + part[0], dw + part[1], count + part[2]
    if count == 0:
        raise ValueError("there is no token that counts")
    return loss / count, dw / count


def summed(w, x, targets):
    """Sums over one micro-batch: losses, gradients (d, V), tokens that count."""
    if x.shape[1] != w.shape[0] or len(targets) != len(x):
        raise ValueError(f"x {x.shape}, w {w.shape}, {len(targets)} targets")
    counts = targets != PADDING
    p, log_p = softmax(x @ w)  # (T, V)
    slope = (p - one_hot(targets, p)) * counts[:, None]
    losses = -log_p[counts, targets[counts]]
    return float(losses.sum(dtype=np.float64)), x.T @ slope, int(counts.sum())


def fits(tape, loss):
    """What a backward pass asks of a tape."""
    if not 0 <= loss < len(tape):
        raise ValueError(f"there is no node {loss}")
    if np.prod(tape[loss]["shape"]) != 1 or not tape[loss]["requires_grad"]:
        raise ValueError("the loss is no scalar that needs a gradient")
    for at, node in enumerate(tape):
        if any(i >= at for i in node["ins"]):
            raise ValueError(f"node {at} reads {node['ins']}, not all before it")


def unbroadcast(g, shape):
    """g summed over what broadcasting repeated: leading axes, then axes of length 1."""
    g = g.sum(tuple(range(g.ndim - len(shape))))
    return g.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def softmax(logits):
    """softmax and log softmax of each row."""
    z = logits - logits.max(-1, keepdims=True)
    e = np.exp(z)
    sums = e.sum(-1, keepdims=True)
    return e / sums, z - np.log(sums)


def one_hot(targets, logits):
    """1 at each row's target; a row of padding is all 0."""
    counts = targets != PADDING
    if len(targets) != len(logits) or (targets[counts] >= logits.shape[1]).any():
        raise ValueError("a target that is no class, or one too few")
    ones = np.zeros_like(logits)
    ones[np.flatnonzero(counts), targets[counts]] = 1
    return ones
