"""Values as frames, and frames as values (labs/sdk/src/wire.rs is the other end).

A frame is a magic word, a length, and a safetensors file whose `__metadata__.head` is a JSON object."""

import json
import struct

import numpy as np

MAGIC = b"RMAPwire"

# safetensors' names of the dtypes that NumPy has.
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}
# Unsigned integers that the other end has no tensor of, and those that hold them.
WIDER = {np.dtype(np.uint16): np.dtype(np.int32), np.dtype(np.uint64): np.dtype(np.int64)}


class Json:
    """Plain lists, dicts and numbers that are sent as one structure."""

    def __init__(self, value):
        self.value = value


class Object:
    """A number in place of an object, for the reply."""

    def __init__(self, number):
        self.number = number


def decode(body, objects=None):
    """A frame's body -> (head, values); objects are those of the desk, by number."""
    (length,) = struct.unpack_from("<Q", body, 0)
    entries = json.loads(bytes(body[8 : 8 + length]))
    head = json.loads(entries.pop("__metadata__")["head"])
    data = memoryview(body)[8 + length :]

    def bulk(name):
        entry = entries[name]
        start, end = entry["data_offsets"]
        # A copy: what an answer writes into its arguments stays with the answer.
        return np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"]).copy()

    def value(tree):
        if tree is None or isinstance(tree, (bool, str)):
            return tree
        if isinstance(tree, list):
            return [value(item) for item in tree]
        (tag, inner) = next((key, tree[key]) for key in tree if key != "of")
        if tag == "int":
            return int(inner)
        if tag == "float":
            return float(inner)
        if tag in ("tensor", "list"):
            return bulk(inner)
        if tag == "bytes":
            return bulk(inner).tobytes()
        if tag == "tuple":
            return tuple(value(item) for item in inner)
        if tag == "map":
            return {key: value(item) for key, item in inner.items()}
        if tag == "object":
            return objects[int(inner)]
        return inner  # json

    return head, [value(tree) for tree in head.pop("values", [])]


def encode(head, values=()):
    """(head, values) -> a frame, header and all."""
    entries, chunks, offset = {}, [], 0

    def bulk(array):
        nonlocal offset
        array = np.ascontiguousarray(array)
        if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
            raise TypeError(f"{array.max()} of a uint64 array does not fit into int64")
        array = array.astype(WIDER.get(array.dtype, array.dtype), copy=False)
        if array.dtype not in NAMES:
            raise TypeError(f"an array of dtype {array.dtype} cannot be sent; use one of {', '.join(map(str, NAMES))}")
        name = f"t{len(chunks)}"
        end = offset + array.nbytes
        entries[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [offset, end]}
        chunks.append(array.tobytes())
        offset = end
        return name

    def tree(value):
        if hasattr(value, "detach"):  # a torch.Tensor
            value = value.detach().cpu().numpy()
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        if isinstance(value, (int, np.integer)):
            return {"int": str(int(value))}
        if isinstance(value, (float, np.floating)):
            number = float(value)
            return {"float": number if np.isfinite(number) else str(number)}
        if isinstance(value, np.ndarray):
            return {"tensor": bulk(value)}
        if isinstance(value, bytes):
            return {"bytes": bulk(np.frombuffer(value, np.uint8))}
        if isinstance(value, tuple):
            return {"tuple": [tree(item) for item in value]}
        if isinstance(value, list):
            return [tree(item) for item in value]
        if isinstance(value, Json):
            return {"json": value.value}
        if isinstance(value, Object):
            return {"object": str(value.number)}
        if isinstance(value, dict):
            return {"map": {str(key): tree(item) for key, item in value.items()}}
        raise TypeError(f"a {type(value).__name__} cannot be sent")

    head = dict(head, values=[tree(value) for value in values])
    entries["__metadata__"] = {"head": json.dumps(head)}
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    return MAGIC + struct.pack("<QQ", 8 + len(header) + offset, len(header)) + header + b"".join(chunks)
