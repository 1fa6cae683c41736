"""Writes one-operator .tflite models byte by byte and runs them in LiteRT.

Contract: `Op` holds one operator and its tensors; `run` returns the output of one kernel set. Field numbers are those
of the TFLite schema, version 3. Nothing here quantizes anything: codes, scales and zero points come from the caller.
"""

from dataclasses import dataclass, field

import flatbuffers
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

REF = OpResolverType.BUILTIN_REF
OPT = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
XNN = OpResolverType.AUTO

# TensorType of the schema.
TYPES = {np.dtype(np.float32): 0, np.dtype(np.int32): 2, np.dtype(np.int8): 9}
# BuiltinOperator: code, version that accepts int8 with per-axis weights, member of the union BuiltinOptions.
OPS = {
    "CONV_2D": (3, 3, 1),
    "DEPTHWISE_CONV_2D": (4, 3, 2),
    "DEQUANTIZE": (6, 2, 0),
    "FULLY_CONNECTED": (9, 12, 8),
    "QUANTIZE": (114, 1, 0),
    "ADD": (0, 2, 11),
    "MUL": (18, 2, 21),
}
ACTIVATIONS = {"none": 0, "relu": 1, "relu6": 3}


@dataclass
class T:
    """A tensor: its shape and dtype; `data` for a constant; scale and zero point (one, or one a channel of `axis`)."""

    shape: tuple
    dtype: type
    data: np.ndarray | None = None
    scale: list = field(default_factory=list)
    zp: list = field(default_factory=list)
    axis: int = 0


def const(data, scale=(), zp=None, axis=0):
    """A constant tensor over `data`."""
    scale = list(np.atleast_1d(scale)) if len(np.atleast_1d(scale)) else []
    return T(data.shape, data.dtype, data, scale, [0] * len(scale) if zp is None else list(zp), axis)


def vector(b, size, values, push):
    b.StartVector(size, len(values), size)
    for v in reversed(values):
        push(v)
    return b.EndVector()


def ints(b, values):
    return vector(b, 4, [int(v) for v in values], b.PrependInt32)


def offsets(b, values):
    return vector(b, 4, values, b.PrependUOffsetTRelative)


def table(b, slots, *fields):
    """A table: each field is (slot, kind, value); a value of None or 0 is left to the schema's default."""
    b.StartObject(slots)
    for slot, kind, value in fields:
        if value:
            getattr(b, f"Prepend{kind}Slot")(slot, value, 0)
    return b.EndObject()


def write_tensor(b, t, buffer, name):
    quantization = None
    if t.scale:
        scale = vector(b, 4, [float(s) for s in t.scale], b.PrependFloat32)
        zp = vector(b, 8, [int(z) for z in t.zp], b.PrependInt64)
        quantization = table(b, 7, (2, "UOffsetTRelative", scale), (3, "UOffsetTRelative", zp), (6, "Int32", t.axis))
    shape, label = ints(b, t.shape), b.CreateString(name)
    return table(b, 10, (0, "UOffsetTRelative", shape), (1, "Int8", TYPES[np.dtype(t.dtype)]), (2, "Uint32", buffer),
                 (3, "UOffsetTRelative", label), (4, "UOffsetTRelative", quantization))


def write_buffer(b, data):
    if data is None:
        return table(b, 3)
    return table(b, 3, (0, "UOffsetTRelative", b.CreateByteVector(data.tobytes())))


def model(op, inputs, output, activation="none"):
    """The bytes of a model of one operator; `inputs` are in the operator's order, constants carry `data`."""
    b = flatbuffers.Builder(1024)
    code, version, member = OPS[op]
    tensors = [*inputs, output]
    # Buffer 0 is empty, for every tensor that is not a constant.
    held = [None] + [t.data for t in tensors if t.data is not None]
    buffers = offsets(b, [write_buffer(b, d) for d in held])
    index, at = [], 0
    for t in tensors:
        at += t.data is not None
        index.append(at if t.data is not None else 0)
    written = [write_tensor(b, t, i, f"t{n}") for n, (t, i) in enumerate(zip(tensors, index))]
    tensors_at = offsets(b, written)

    act = ACTIVATIONS[activation]
    options = {
        0: lambda: None,
        1: lambda: table(b, 7, (0, "Int8", 1), (1, "Int32", 1), (2, "Int32", 1), (3, "Int8", act)),  # padding VALID
        2: lambda: table(b, 7, (0, "Int8", 1), (1, "Int32", 1), (2, "Int32", 1), (3, "Int32", 1), (4, "Int8", act)),
        8: lambda: table(b, 5, (0, "Int8", act)),
        11: lambda: table(b, 2, (0, "Int8", act)),
        21: lambda: table(b, 1, (0, "Int8", act)),
    }[member]()
    runtime = [n for n, t in enumerate(inputs) if t.data is None]
    op_in, op_out = ints(b, range(len(inputs))), ints(b, [len(inputs)])
    operator = table(b, 13, (1, "UOffsetTRelative", op_in), (2, "UOffsetTRelative", op_out), (3, "Uint8", member),
                     (4, "UOffsetTRelative", options))
    operators = offsets(b, [operator])
    graph_in, graph_out = ints(b, runtime), ints(b, [len(inputs)])
    graph = table(b, 6, (0, "UOffsetTRelative", tensors_at), (1, "UOffsetTRelative", graph_in),
                  (2, "UOffsetTRelative", graph_out), (3, "UOffsetTRelative", operators))
    graphs = offsets(b, [graph])
    b.StartObject(4)
    b.PrependInt8Slot(0, code, 0)
    b.PrependInt32Slot(2, version, 1)
    b.PrependInt32Slot(3, code, 0)
    codes = offsets(b, [b.EndObject()])
    root = table(b, 10, (0, "Uint32", 3), (1, "UOffsetTRelative", codes), (2, "UOffsetTRelative", graphs),
                 (4, "UOffsetTRelative", buffers))
    b.Finish(root, file_identifier=b"TFL3")
    return bytes(b.Output())


def run(content, feed, kernels=REF):
    """The output of the model on `feed`, one array a run-time input, with the named kernel set."""
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels, num_threads=1)
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), feed):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
