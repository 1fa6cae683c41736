"""A kernel under the roofs of a machine. Write the functions below; anything that helps may stand beside them.

Everything is a dict. A kernel comes with its counts, as `op_cost` of flop-count gives them:
    {"op": "linear", "attrs": {"cout": 4096, "bias": False}, "inputs": [[512, 1024]], "out": [512, 4096],
     "macs": 2147483648, "params": 4194304}
A machine is {"peak_flops", "bw", "launch_us"}: FLOPs a second, bytes a second, microseconds.
A layer is {"name", "batch", "kernels"}: kernels that run one after the other.
To refuse, raise ValueError.
"""


def roofline(k, bytes_per_elem, m):
    """{"flops", "bytes", "ai", "ridge", "bound", "t_us"}: where a kernel stands under the roofs of a machine.

    FLOPs by k["op"]:
        conv2d, linear, matmul, attention    2 for each of k["macs"]
        act                                  1 for each element of the result
        add                                  1 for each element of the result and each input after the first
        pool, attrs k: [high, wide]          high * wide for each element of the result
        norm, attrs kind: "layer"            5 for each element of the result, as fvcore counts
        embedding                            none: it copies
    Bytes: each element of the inputs, the weights (k["params"]) and the result once, `bytes_per_elem` each. An embedding is
    different: it reads the rows that it returns and writes them, and its table and indices do not count.
    flops and bytes are ints. `ai` is FLOPs a byte; `ridge` the intensity at which the machine's roofs meet; `bound` is
    "compute" from there on, "memory" below. `t_us`: arithmetic and memory work at the same time, the slower one counts; the
    launch is added.
    Refuse: a peak or bandwidth that is not positive, a negative launch, elements of 0 bytes, any other operation.
    """
    raise NotImplementedError


def pick(family, bytes_per_elem, m):
    """(small, base): the indices of two layers of one batch, `small` with at most half the parameters of `base`, and
    predicted to take at least 0.9 of its time. Of all such pairs the one with the smallest params(small) / params(base); of
    equal ones the first small, then the first base.

    The time of a layer is the sum over its kernels, each with its launch.
    Refuse: a family without such a pair, a layer without a kernel, and what `roofline` refuses.
    """
    raise NotImplementedError
