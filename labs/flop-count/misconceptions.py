"""Misconceptions as people write them; the trials read this file after solution.py and let one function take over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""

# What must be refused is left to the right functions, so that only the mistake differs.
right_op_cost, right_count, right_train_macs = op_cost, count, train_macs  # noqa: F821


def forgot_groups(op):
    """Every filter sees all of cin."""
    cost = right_op_cost(op)
    if op["op"] != "conv2d":
        return cost
    weight = op["cout"] * op["cin"] * op["k"][0] * op["k"][1]
    n, _, ho, wo = cost["out"]
    return {"macs": n * ho * wo * weight, "params": weight + (op["cout"] if op["bias"] else 0), "out": cost["out"]}


def causal_half(op):
    """Half of the square, in integers."""
    cost = right_op_cost(op)
    if op["op"] != "attention" or not op["causal"] or op["window"] is not None:
        return cost
    pairs = op["sq"] * op["sk"] // 2
    return {**cost, "macs": op["b"] * op["hq"] * pairs * (op["dh"] + op["dv"])}


def counts_in_f64(op):
    """A true division on the way: right until 2**53."""
    cost = right_op_cost(op)
    return {**cost, "macs": int(cost["macs"] / 1)}


def tied_weight_twice(arch, c):
    """Never looks at tie."""
    return right_count({**arch, "nodes": [{**node, "tie": None} for node in arch["nodes"]]}, c)


def running_statistics(arch, c):
    """Counts all four tensors of a batch norm, as state_dict() lists them."""
    report = right_count(arch, c)
    batch = {node["name"] for node in arch["nodes"] if node["op"] == "norm" and node["attrs"]["kind"] == "batch"}
    rows = [{**row, "params": 2 * row["params"]} if row["name"] in batch else row for row in report["rows"]]
    return {"rows": rows, "macs": report["macs"], "params": sum(row["params"] for row in rows)}


def three_times_forward(arch):
    """The rule of thumb."""
    right_train_macs(arch)
    nothing = {"bn_per_elem": 0, "act_per_elem": 0, "pool_per_in_elem": 0, "bias_per_out": 0, "skip": []}
    return 3 * right_count(arch, nothing)["macs"]
