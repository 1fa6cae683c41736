"""The Python twin of lab-sdk: one file, NumPy only.

An answer is a file of plain functions over NumPy arrays, numbers, lists and tuples. This file is also the runner:
`python3 lab_sdk.py ANSWER NAME...` serves the named functions of ANSWER to the grader, frame by frame. A frame is a magic
word, a length, and a safetensors file whose `__metadata__.head` is a JSON object (labs/sdk/src/wire.rs is the other end).
"""

import json
import os
import struct
import sys
import traceback

import numpy as np

MAGIC = b"RMAPwire"

# safetensors' names of the dtypes that NumPy has.
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}


def decode(body):
    """A frame's body -> (head, values)."""
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
        return inner  # json

    return head, [value(tree) for tree in head.pop("values", [])]


def encode(head, values=()):
    """(head, values) -> a frame, header and all."""
    entries, chunks, offset = {}, [], 0

    def bulk(array):
        nonlocal offset
        array = np.ascontiguousarray(array)
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
        if isinstance(value, dict):
            return {"map": {str(key): tree(item) for key, item in value.items()}}
        raise TypeError(f"a {type(value).__name__} cannot be sent")

    head = dict(head, values=[tree(value) for value in values])
    entries["__metadata__"] = {"head": json.dumps(head)}
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    return MAGIC + struct.pack("<QQ", 8 + len(header) + offset, len(header)) + header + b"".join(chunks)


def place(error, path):
    """Where in the learner's file an exception was raised, and what it says."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines = [error.lineno]
    where = f"{os.path.basename(path)}:{lines[-1]}: " if lines else ""
    return f"{where}{type(error).__name__}: {error}"


def call(function, values, path):
    """What one call did, as a frame."""
    try:
        return encode({"returned": True}, [function(*values)])
    except NotImplementedError:
        return encode({"undone": True})
    except ValueError as error:
        return encode({"refused": str(error) or "ValueError"})
    except (Exception, SystemExit) as error:
        return encode({"crashed": place(error, path)})


def read(stream, length):
    """Exactly `length` bytes, or None at the end."""
    body, got = bytearray(length), 0
    view = memoryview(body)
    while got < length:
        count = stream.readinto(view[got:])
        if not count:
            return None
        got += count
    return body


def load(path, names):
    """The named functions of the learner's file."""
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    module = type(sys)("answer")
    module.__file__ = path
    sys.modules["answer"] = module
    sys.path.insert(0, os.path.dirname(path))
    exec(code, module.__dict__)
    return {name: getattr(module, name) for name in names if callable(getattr(module, name, None))}


def serve(path, names):
    """Answers calls on stdin until it ends."""
    sys.modules["lab_sdk"] = sys.modules["__main__"]
    calls, replies = os.fdopen(0, "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    # What the learner prints goes to stderr; the pipe is ours alone.
    os.dup2(2, 1)
    np.seterr(all="ignore")

    def send(frame):
        view = memoryview(frame)
        while view:
            view = view[replies.write(view) :]

    try:
        functions = load(path, names)
    except BaseException as error:
        send(encode({"hello": [], "crashed": place(error, path)}))
        return
    send(encode({"hello": list(functions)}))
    while (header := read(calls, 16)) is not None:
        head, values = decode(read(calls, struct.unpack("<Q", header[8:])[0]))
        function = functions.get(head["call"])
        send(encode({"undone": True}) if function is None else call(function, values, path))
        sys.stdout.flush()


if __name__ == "__main__":
    serve(os.path.abspath(sys.argv[1]), sys.argv[2:])
