"""Runs tile programs that are data with the Python twin: JSON in, one line of JSON out for each program (twin.rs)."""

import json
import operator
import sys

import numpy as np
from lab_sdk import triton
from lab_sdk.triton import language as tl

TYPES = {"f32": tl.float32, "f16": tl.float16, "bf16": tl.bfloat16, "i8": tl.int8, "i32": tl.int32}
BINARY = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "max": tl.maximum,
    "min": tl.minimum, "idiv": operator.floordiv, "irem": operator.mod, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne, "and": operator.and_,
    "or": operator.or_, "xor": operator.xor,
}
UNARY = {
    "exp": tl.exp, "log": tl.log, "sqrt": tl.sqrt, "rsqrt": tl.rsqrt, "tanh": tl.extra.libdevice.tanh, "erf": tl.erf,
    "abs": tl.abs, "neg": operator.neg, "not": operator.invert, "t": tl.trans, "col": lambda x: x[:, None],
    "row": lambda x: x[None, :],
    "float": lambda x: x.to(tl.float32),
}
REDUCE = {"sum": tl.sum, "max_red": tl.max, "min_red": tl.min}


@triton.jit
def run(code, buffers):
    values = []

    def value(x):
        return values[x["v"]] if isinstance(x, dict) else x

    for op, *args in code:
        if op == "pid":
            result = tl.program_id(args[0])
        elif op == "arange":
            result = tl.arange(0, args[0])
        elif op == "full":
            result = tl.full(tuple(args[0]), args[1], tl.float32)
        elif op in ("load", "load_int"):
            result = tl.load(buffers[args[0]] + value(args[1]), mask=value(args[2]), other=args[3])
            if op == "load" and result.dtype.is_int():
                # A tile of integers computes in integers here, and in floats in Rust.
                result = result.to(tl.float32)
        elif op == "store":
            result = tl.store(buffers[args[0]] + value(args[1]), value(args[2]), mask=value(args[3]))
        elif op == "atomic_add":
            result = tl.atomic_add(buffers[args[0]] + value(args[1]), value(args[2]), mask=value(args[3]))
            result = result.to(tl.float32) if result.dtype.is_int() else result
        elif op == "where":
            result = tl.where(value(args[0]), value(args[1]), value(args[2]))
        elif op == "dot":
            result = tl.dot(value(args[0]), value(args[1]), value(args[2]))
        elif op == "to":
            result = value(args[0]).to(TYPES[args[1]])
        elif op in REDUCE:
            result = REDUCE[op](value(args[0]), args[1])
        elif op == "drop":
            values[args[0]["v"]] = result = None
        elif op in UNARY:
            result = UNARY[op](value(args[0]))
        else:
            result = BINARY[op](value(args[0]), value(args[1]))
        values.append(result)


def buffer(name, spec):
    if spec["data"] is None:
        return triton.Ptr.poisoned(name, spec["dtype"], spec["len"])
    return triton.Ptr(name, spec["data"], TYPES[spec["dtype"]])


for program in json.load(sys.stdin):
    whole = [buffer(f"x{number}", spec) for number, spec in enumerate(program["buffers"])]
    parts = [p.offset(spec["offset"]) for p, spec in zip(whole, program["buffers"])]
    cfg = triton.Cfg(program["grid"], l2=triton.L2(program["l2"]), preset=triton.Preset.A100, trace=True)
    report = run.launch(cfg, program["code"], parts)
    elements = [p.to_vec().view(np.uint32) if p.buffer.dtype.floating else p.to_ints() for p in whole]
    print(json.dumps({"report": report.to_dict(), "buffers": [bits.tolist() for bits in elements]}))
