"""A kernel with its inputs and weights in memory, so that it can be run and timed (labs/sdk/src/ready.rs is its twin)."""

from math import prod

import numpy as np

# Seeds of the numbers: inputs count from 0, weights from here.
WEIGHTS = 100


class Ready:
    """A kernel that can run. The numbers are the same in each language; the result is written into an array that is kept."""

    def __init__(self, kernel):
        op, attrs, inputs = kernel["op"], kernel["attrs"], kernel["inputs"]
        x = inputs[0] if inputs else []
        if op == "linear" and not attrs["bias"] and x:
            self.compute, shapes = np.matmul, [[prod(x[:-1]), x[-1]], [x[-1], attrs["cout"]]]
        elif op == "matmul":
            self.compute, shapes = np.matmul, inputs
        elif op == "conv2d" and pointwise(attrs) and len(x) == 4:
            (n, cin, h, w), g, cout = x, attrs["groups"], attrs["cout"]
            if g == 0 or cin % g or cout % g:
                raise ValueError(f"{cin} and {cout} channels in {g} groups")
            self.compute, shapes = lambda x, w, out: np.matmul(w, x, out=out), [[n, g, cin // g, h * w], [g, cout // g, cin // g]]
        elif op == "add" and len(inputs) == 2 and inputs[0] == inputs[1]:
            self.compute, shapes = np.add, inputs
        elif op == "act" and attrs["kind"] == "relu":
            self.compute, shapes = lambda x, out: np.maximum(x, np.float32(0), out=out), inputs
        else:
            raise ValueError("this kernel cannot be run here")
        self.read = [numbers(shape, at if at < len(inputs) else WEIGHTS) for at, shape in enumerate(shapes)]
        self.out = None
        self.out = self.output()

    def run(self):
        """Runs it once."""
        self.compute(*self.read, out=self.out)

    def output(self):
        """Runs it once: the result, in the shape in which it is computed."""
        return np.array(self.compute(*self.read, out=self.out))


def pointwise(attrs):
    return attrs["k"] == attrs["stride"] == [1, 1] and attrs["pad"] == [0, 0] and not attrs["bias"]


def numbers(shape, seed):
    """Numbers between -0.5 and 0.5 that float32 holds exactly."""
    values = (np.arange(prod(shape), dtype=np.int64) * 37 + seed * 11) % 64
    return (values.astype(np.float32) / np.float32(64) - np.float32(0.5)).reshape(shape)
