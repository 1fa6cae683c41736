"""Reverse mode from a tape. Write the functions below; anything that helps may stand beside them.

g is the gradient of the loss in an operation's result `out`, and has its shape.

The operations, dicts:
    {"op": "add"}, "mul", "matmul"      two inputs, broadcast; of matmul the axes before the last two
    {"op": "relu"}, "gelu_tanh"         one input; GELU is x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    {"op": "sum", "dim": 0, "keep": False}    one input; without `keep` the axis is gone
    {"op": "softmax", "dim": 1}         one input
    {"op": "cross_entropy"}             logits (N, C) and targets uint32 (N): the mean of -log softmax(logits)[target]
A node of a tape, {"ins": [0, 2], "shape": [4, 3], "requires_grad": True}: the nodes it was made of (none for a leaf), the
shape of its value, whether a gradient is wanted here or further back.
Everything is float32. NumPy 2 makes float64 of it beside a float64 scalar, such as np.sqrt(2); a Python float does not.
"""

import numpy as np


def vjp(op, ins, out, g):
    """The gradients of an operation's inputs, a list, each in its input's shape; None for targets, which have none.

    ins float32 (targets uint32), out the operation's result, g float32 of its shape. What a tape does not keep is NaN, only
    its shape is right: read x for mul, matmul, gelu_tanh and cross_entropy, `out` for relu and softmax, shapes alone for
    add and sum. The subgradient of relu at 0 is 0.
    Refuse (ValueError): an unknown operation; another number of inputs; a g whose shape is not out's; an axis that x does
    not have; a target that is no class.
    """
    raise NotImplementedError


def backward(tape, loss, vjp):
    """The gradient of the node `loss` in every node of the tape, a list; None where none is wanted, and where the loss does
    not depend on the node.

    vjp.call(node, g) gives the gradients of a node's inputs, one for each of its `ins` (None for indices), from the
    gradient g of its value. Call it at most once a node. The gradient of the loss itself is 1, float32 in the loss's shape.
    Nothing passes through a node that does not require a gradient. Nodes stand after the nodes that they read.
    Refuse (ValueError): a loss that is not there, has not exactly one element, or requires no gradient; a node that reads
    itself or a later one.
    """
    raise NotImplementedError


def accumulated(w, micro):
    """(mean loss, dW): softmax cross-entropy of x w as if all micro-batches were one batch.

    w float32 (d, V); micro a list of (x, targets), x float32 (T, d) and targets uint32 (T), whose T differ. A target of
    0xffffffff is padding, and its row counts for nothing; a micro-batch may hold nothing else. dW float32 (d, V).
    Refuse (ValueError): an x of another width than w; another number of targets than rows; a target that is neither a class
    nor padding; no token that counts in all micro-batches.
    """
    raise NotImplementedError
