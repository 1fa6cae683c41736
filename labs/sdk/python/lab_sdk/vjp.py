"""The vector-Jacobian products of a tape as an object (labs/sdk/src/vjp.rs is its twin)."""

import math

import numpy as np

# How often one node may be asked for: a pass that visits a node once for each path to it would never end.
MOST = 1000


def is_identity(j):
    """Whether the node is its input."""
    if j.size == 1:
        return j[0, 0] == 1
    return j.shape[0] == j.shape[1] and np.array_equal(j, np.eye(len(j)))


class Vjp:
    """Vector-Jacobian products by the node's place on the tape; it counts what it is asked."""

    def __init__(self, tape, product):
        self.tape, self.product, self.asked = tape, product, [0] * len(tape)

    @staticmethod
    def drawn(tape, jacobians, indices):
        """Nodes with drawn Jacobians, (elements of the node, elements of the input), one after the other."""
        sizes = [math.prod(node["shape"]) for node in tape]
        indices, at, drawn = set(int(i) for i in indices), 0, []
        for node, rows in zip(tape, sizes):
            each = []
            for i in node["ins"]:
                if i in indices:
                    each.append(None)
                    continue
                j = jacobians[at : at + rows * sizes[i]].reshape(rows, sizes[i])
                each.append("identity" if is_identity(j) else j)
                at += rows * sizes[i]
            drawn.append(each)

        def product(node, g):
            out = []
            for i, j in zip(tape[node]["ins"], drawn[node]):
                if j is None:
                    out.append(None)
                elif isinstance(j, str):
                    out.append(g if g.shape == tuple(tape[i]["shape"]) else g.reshape(tape[i]["shape"]))
                else:
                    out.append((g.reshape(1, -1) @ j).reshape(tape[i]["shape"]))
            return out

        return Vjp(tape, product)

    @staticmethod
    def yours(vjp, tape, ops, values):
        """Nodes whose products the answer's function `vjp` computes."""
        rest = iter(ops)
        ops = [next(rest) if node["ins"] else None for node in tape]

        def product(node, g):
            grads = vjp(ops[node], [values[i] for i in tape[node]["ins"]], values[node], g)
            if not isinstance(grads, (list, tuple)):
                raise ValueError(f"your `vjp` gave a {type(grads).__name__}, not a list of gradients")
            return [None if grad is None else np.asarray(grad) for grad in grads]

        return Vjp(tape, product)

    def call(self, node, g):
        """The gradients of the inputs of `node`, one for each of its `ins`, from the gradient g of its value; None for an
        input without one, such as indices. Where a node passes on what it gets, its inputs get g itself."""
        if not 0 <= node < len(self.tape):
            raise ValueError(f"there is no node {node}: the tape has {len(self.tape)}")
        shape = tuple(self.tape[node]["shape"])
        if np.shape(g) != shape:
            raise ValueError(f"node {node} has shape {list(shape)}, this gradient of it {list(np.shape(g))}")
        self.asked[node] += 1
        if self.asked[node] > MOST:
            raise ValueError(f"the vjp of node {node} was called {self.asked[node]} times")
        return self.product(node, np.asarray(g))

    def calls(self):
        """How often each node was asked for."""
        return list(self.asked)
