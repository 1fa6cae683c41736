"""Misconceptions as people write them in NumPy; the trials read this file after solution.py and let one function take over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""

# What must be refused is left to the right functions, so that only the mistake differs.
right_vjp, right_accumulated = vjp, accumulated  # noqa: F821


def broadcast_not_summed(op, ins, out, g):
    """NumPy broadcasts on the way there, and nobody thinks of the way back."""
    grads = right_vjp(op, ins, out, g)
    if op["op"] == "add":
        return [g, g]
    if op["op"] == "mul":
        return [g * ins[1], g * ins[0]]
    if op["op"] == "matmul":
        return [g @ np.swapaxes(ins[1], -1, -2), np.swapaxes(ins[0], -1, -2) @ g]  # noqa: F821
    return grads


def untransposed(op, ins, out, g):
    """By analogy with mul."""
    grads = right_vjp(op, ins, out, g)
    if op["op"] == "matmul":
        a, b = ins
        return [unbroadcast(g @ b, a.shape), unbroadcast(a @ g, b.shape)]  # noqa: F821
    return grads


def all_axes_reversed(op, ins, out, g):
    """b.T, as it is written in the paper."""
    grads = right_vjp(op, ins, out, g)
    if op["op"] == "matmul":
        a, b = ins
        return [unbroadcast(g @ b.T, a.shape), unbroadcast(a.T @ g, b.shape)]  # noqa: F821
    return grads


def diagonal_only(op, ins, out, g):
    """The derivative of the sigmoid."""
    grads = right_vjp(op, ins, out, g)
    return [out * (1 - out) * g] if op["op"] == "softmax" else grads


def exp_overflows(op, ins, out, g):
    """np.exp of what comes."""
    grads = right_vjp(op, ins, out, g)
    if op["op"] == "cross_entropy":
        logits, targets = ins
        p = np.exp(logits)  # noqa: F821
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(p)), targets] -= 1  # noqa: F821
        return [g * p / len(p), None]
    return grads


def adds_in_place(tape, loss, vjp):
    """grads[i] += part, where part is the other node's array."""
    fits(tape, loss)  # noqa: F821
    grads = [None] * len(tape)
    grads[loss] = np.ones(tape[loss]["shape"], dtype=np.float32)  # noqa: F821
    for node in range(loss, -1, -1):
        if grads[node] is not None and tape[node]["ins"]:
            for i, part in zip(tape[node]["ins"], vjp.call(node, grads[node])):
                if part is None or not tape[i]["requires_grad"]:
                    continue
                if grads[i] is None:
                    grads[i] = part
                else:
                    grads[i] += part
    return grads


def recursion(tape, loss, vjp):
    """A topological order, as the textbook finds it."""
    fits(tape, loss)  # noqa: F821
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for i in tape[node]["ins"]:
                visit(i)
            order.append(node)

    visit(loss)
    grads = {loss: np.ones(tape[loss]["shape"], np.float32)}  # noqa: F821
    for node in reversed(order):
        if node in grads and tape[node]["ins"]:
            for i, part in zip(tape[node]["ins"], vjp.call(node, grads[node])):
                if part is not None and tape[i]["requires_grad"]:
                    grads[i] = grads.get(i, 0) + part
    return [grads.get(node) for node in range(len(tape))]


def every_path(tape, loss, vjp):
    """Propagates what arrives when it arrives."""
    fits(tape, loss)  # noqa: F821
    grads, open_ = [None] * len(tape), [(loss, np.ones(tape[loss]["shape"], np.float32))]  # noqa: F821
    while open_:
        node, g = open_.pop()
        grads[node] = g if grads[node] is None else grads[node] + g
        if tape[node]["ins"]:
            parts = zip(tape[node]["ins"], vjp.call(node, g))
            open_ += [(i, part) for i, part in parts if part is not None and tape[i]["requires_grad"]]
    return grads


def mean_of_means(w, micro):
    """What a loop over `loss.mean()` does."""
    right_accumulated(w, micro)
    losses, grads = [], []
    for x, targets in micro:
        keep = targets != 0xFFFFFFFF
        x, targets = x[keep], targets[keep]
        z = x @ w
        z = z - z.max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))  # noqa: F821
        losses.append(-log_p[np.arange(len(z)), targets].sum() / np.float32(len(z)))  # noqa: F821
        slope = np.exp(log_p)  # noqa: F821
        slope[np.arange(len(z)), targets] -= 1  # noqa: F821
        grads.append(x.T @ slope / np.float32(len(z)))  # noqa: F821
    return float(np.mean(losses)), np.mean(grads, axis=0)  # noqa: F821


def only_the_last(w, micro):
    """zero_grad inside the loop."""
    right_accumulated(w, micro)
    loss = count = 0
    for x, targets in micro:
        dw = np.zeros_like(w)  # noqa: F821
        part = summed(w, x, targets)  # noqa: F821
        loss, dw, count = loss + part[0], dw + part[1], count + part[2]
    return loss / count, dw / count
