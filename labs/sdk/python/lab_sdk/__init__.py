"""The Python twin of lab-sdk, NumPy only.

An answer is a file of plain functions over NumPy arrays, numbers, lists and tuples. The package is also the runner:
`python3 lab_sdk ANSWER NAME...` serves the named functions of ANSWER to the grader, frame by frame. A frame is a magic
word, a length, and a safetensors file whose `__metadata__.head` is a JSON object (labs/sdk/src/wire.rs is the other end).
A name such as `simt:saxpy` is a kernel of `lab_sdk.simt`, `tile:softmax` one of `lab_sdk.triton`.
"""

import importlib
import json
import os
import struct
import sys
import traceback

import numpy as np

from .mma_meter import Mma
from .vjp import Vjp
from .wire import DTYPES, Object, decode, encode

# Built-in calls: those that make an object, those that tell its state, and those that make an object which calls a function
# of the answer's (by name). A name has the object's type before the dot.
MAKE, ASK, CALL = {}, {}, {}


class Config:
    """The shape of a language model: vocab, dim, layers, heads, kv_heads, head_dim, ffn, ctx, theta, eps."""

    def __init__(self, **sizes):
        self.__dict__.update(sizes)

    @staticmethod
    def of(json):
        """From a Hugging Face config.json."""
        heads, dim = json["num_attention_heads"], json["hidden_size"]
        return Config(
            vocab=json["vocab_size"], dim=dim, layers=json["num_hidden_layers"], heads=heads,
            kv_heads=json.get("num_key_value_heads", heads), head_dim=json.get("head_dim") or dim // heads,
            ffn=json["intermediate_size"], ctx=json["max_position_embeddings"],
            theta=json.get("rope_theta", 10000.0), eps=json["rms_norm_eps"],
        )


class Lm:
    """A LLaMA-style language model, part by part (labs/sdk/src/lm.rs is its twin). T rows, H heads, D head_dim.

    Rows through the linear layers and bytes of weights read are counted; `reset` sets both to zero."""

    def __init__(self, cfg, weights):
        self.cfg, self.w = cfg, weights
        self.dtype = weights["model.embed_tokens.weight"].dtype
        for layer in range(cfg.layers):
            for name in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                         "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "input_layernorm", "post_attention_layernorm"):
                if f"model.layers.{layer}.{name}.weight" not in weights:
                    raise ValueError(f"the model has no tensor model.layers.{layer}.{name}.weight")
        half = cfg.head_dim // 2
        angle = np.outer(np.arange(cfg.ctx), cfg.theta ** (-np.arange(half) / half))
        self.cos, self.sin = np.cos(angle).astype(self.dtype), np.sin(angle).astype(self.dtype)
        self.reset()

    @staticmethod
    def shipped(name, precision="f32"):
        folder = os.environ.get("LAB_SDK_MODELS") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "models")
        return Lm.load(os.path.join(folder, f"{name}.safetensors"), precision)

    @staticmethod
    def load(path, precision="f32"):
        header, tensors = read_safetensors(path)
        config = json.loads(header.get("__metadata__", {}).get("config", "null"))
        if config is None:
            raise ValueError(f"{path} has no configuration in its metadata")
        dtype = {"f32": np.float32, "f64": np.float64}[precision]
        return Lm(Config.of(config), {name: tensor.astype(dtype) for name, tensor in tensors.items()})

    def reset(self):
        """Sets the counters to zero."""
        self.rows = self.weight_bytes = 0

    def linear(self, x, name):
        weight = self.w[name]
        self.weight_bytes += 2 * weight.size
        return x @ weight.T

    def norm(self, x, name):
        return x / np.sqrt(np.mean(x * x, -1, keepdims=True) + self.dtype.type(self.cfg.eps)) * self.w[name]

    def embed(self, ids):
        """[T] -> (T, dim)"""
        ids = np.asarray(ids, np.int64)
        if ids.size and (ids.min() < 0 or ids.max() >= self.cfg.vocab):
            raise ValueError(f"token {ids.max()}: the vocabulary has {self.cfg.vocab}")
        return self.w["model.embed_tokens.weight"][ids]

    def rope(self, x, pos):
        """(T, H, D) turned to the positions `pos`; the halves of D are the pairs."""
        pos = np.asarray(pos, np.int64)
        if pos.size and (pos.min() < 0 or pos.max() >= self.cfg.ctx):
            raise ValueError(f"position {pos.max()}: the context ends at {self.cfg.ctx}")
        cos, sin = self.cos[pos][:, None, :], self.sin[pos][:, None, :]
        a, b = np.split(x, 2, axis=-1)
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)

    def qkv_raw(self, layer, x):
        """(T, dim) -> q (T, H, D), k (T, Hkv, D), v (T, Hkv, D), without positions."""
        cfg, name = self.cfg, f"model.layers.{layer}."
        if layer == 0:
            self.rows += len(x)
        x = self.norm(x, name + "input_layernorm.weight")
        q, k, v = (self.linear(x, f"{name}self_attn.{part}_proj.weight") for part in "qkv")
        t = len(x)
        return (q.reshape(t, cfg.heads, cfg.head_dim), k.reshape(t, cfg.kv_heads, cfg.head_dim),
                v.reshape(t, cfg.kv_heads, cfg.head_dim))

    def qkv(self, layer, x, pos):
        """The same with q and k turned to the positions `pos`."""
        q, k, v = self.qkv_raw(layer, x)
        return self.rope(q, pos), self.rope(k, pos), v

    def finish(self, layer, x, attn):
        """x + the output projection of attn (T, H, D), then the feed-forward block: (T, dim)"""
        name = f"model.layers.{layer}."
        x = x + self.linear(attn.reshape(len(x), -1), name + "self_attn.o_proj.weight")
        h = self.norm(x, name + "post_attention_layernorm.weight")
        gate, up = self.linear(h, name + "mlp.gate_proj.weight"), self.linear(h, name + "mlp.up_proj.weight")
        return x + self.linear(gate / (1 + np.exp(-gate)) * up, name + "mlp.down_proj.weight")

    def logits(self, x):
        """(T, dim) -> (T, vocab)"""
        head = "lm_head.weight" if "lm_head.weight" in self.w else "model.embed_tokens.weight"
        return self.linear(self.norm(x, "model.norm.weight"), head)


class Cache:
    """Keys and values of the tokens seen so far: k[l] and v[l] are (len, Hkv, D), or None before the first token."""

    def __init__(self, lm):
        self.k, self.v, self.len = [None] * lm.cfg.layers, [None] * lm.cfg.layers, 0

    def bytes(self):
        return sum(t.nbytes for t in self.k + self.v if t is not None)

    def shape(self):
        return [] if not self.k or self.k[0] is None else list(self.k[0].shape)

    def fork(self):
        """A copy that shares the arrays."""
        other = Cache.__new__(Cache)
        other.k, other.v, other.len = list(self.k), list(self.v), self.len
        return other

    def truncate(self, length):
        """The same box with the first `length` tokens."""
        if length > self.len:
            raise ValueError(f"the cache holds {self.len} tokens, not {length}")
        cut = lambda t: None if t is None or length == 0 else t[:length]
        self.k, self.v, self.len = [cut(t) for t in self.k], [cut(t) for t in self.v], length


def read_safetensors(path):
    """(header, arrays by name) of a safetensors file, mapped into memory."""
    data = np.memmap(path, np.uint8, "r")
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + length].tobytes())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + length + at for at in entry["data_offsets"])
            if entry["dtype"] not in DTYPES:
                raise ValueError(f"{name} is {entry['dtype']}, which NumPy does not have")
            tensors[name] = np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return header, tensors


MAKE.update({
    "Lm.shipped": lambda name, precision: Lm.shipped(name, precision),
    "Lm.load": Lm.load,
    "Lm.new": lambda config, weights: Lm(Config.of(config), weights),
    "Cache.new": Cache,
    "Cache.fork": Cache.fork,
    "Mma.new": Mma,
    "Mma.narrow": Mma.narrow,
    "Ready.new": lambda kernel: importlib.import_module("lab_sdk.ready").Ready(kernel),
    "Mem.new": lambda: importlib.import_module("lab_sdk.fx").Mem(),
    "Chain.new": lambda weights, dropout, seed: training().Chain(weights, dropout, seed),
    "Amp.new": lambda weights, settings: training().Amp(weights, settings),
    "G.new": lambda name, data: gpu().buffer(name, data),
    "G.blank": lambda name, dtype, length: gpu().blank(name, dtype, length),
    "Ptr.new": lambda name, data: gpu().pointer(name, data),
    "Ptr.blank": lambda name, dtype, length: gpu().blank_pointer(name, dtype, length),
    "Vjp.new": Vjp.drawn,
})
CALL.update({"Vjp.yours": ("vjp", Vjp.yours)})
ASK.update({
    "Lm.rows": lambda lm: lm.rows,
    "Lm.weight_bytes": lambda lm: lm.weight_bytes,
    "Lm.reset": Lm.reset,
    "Cache.truncate": Cache.truncate,
    "Cache.len": lambda cache: int(cache.len),
    "Cache.bytes": Cache.bytes,
    "Cache.shape": Cache.shape,
    "Mma.calls": lambda mma: mma.calls,
    "Ready.run": lambda ready: ready.run(),
    "Ready.output": lambda ready: ready.output(),
    "Mem.live": lambda mem: mem.live,
    "Mem.peak": lambda mem: mem.peak,
    "Chain.feed": lambda net, x, labels: net.feed(x, labels),
    "Chain.store": lambda net, numbers: net.store(numbers),
    "Chain.grads": lambda net: net.grads,
    "Chain.rng": lambda net: int(net.rng()),
    "Chain.held": lambda net: net.meter.held,
    "Chain.peak": lambda net: net.meter.peak,
    "Chain.history": lambda net: np.asarray(net.meter.history, np.int64),
    "Chain.fixed_bytes": lambda net: net.fixed_bytes(),
    "Chain.forwards": lambda net: net.forwards,
    "Chain.reset": lambda net: net.meter.reset(),
    "Chain.update": lambda net, rate: net.update(rate),
    "Amp.master": lambda amp: amp.master,
    "Amp.scale": lambda amp: float(amp.scale),
    "Amp.clean": lambda amp: int(amp.clean),
    "G.read": lambda buffer: gpu().read(buffer),
    "Ptr.read": lambda pointer: gpu().read(pointer),
    "Launch.report": lambda: gpu().report(),
    "Vjp.calls": Vjp.calls,
})


def place(error, path):
    """Where in the learner's file an exception was raised, and what it says."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines = [error.lineno]
    where = f"{os.path.basename(path)}:{lines[-1]}: " if lines else ""
    return f"{where}{type(error).__name__}: {error}"


def refusal(error, path):
    """A refusal in its own words; where NumPy raised it, with the place."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    raised = last.filename != path or (last.line or "").startswith("raise")
    return (str(error) or "ValueError") if raised else place(error, path)


def outcome(run, path):
    """What one call did: (head, values) of the reply."""
    try:
        return {"returned": True}, [run()]
    except NotImplementedError:
        return {"undone": True}, []
    except ValueError as error:
        return {"refused": refusal(error, path)}, []
    except Stopped as error:
        return {"crashed": str(error)}, []
    except (Exception, SystemExit) as error:
        return {"crashed": place(error, path)}, []


class Stopped(Exception):
    """A launch that did not end by itself: where, and why."""


CHANGED = "writes into an array that it was given, which belongs to the caller: work on a copy, x = x.copy()"


def arrays(value):
    """The arrays in arguments."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays(item)
    elif isinstance(value, dict):
        yield from arrays(list(value.values()))


class Desk:
    """The functions of an answer and the objects that their calls share."""

    def __init__(self, functions, path):
        self.functions, self.path, self.objects, self.made = functions, path, {}, 0

    def call(self, name, values, watched=True):
        """What one call did: (head, values) of the reply. `watched`: a function that writes into its arguments is told
        so."""
        if name == "forget":
            self.objects.clear()
            self.made = 0
            return {"returned": True}, [None]
        if name in self.functions:
            before = [array.copy() for array in arrays(values)] if watched else []
            done = outcome(lambda: self.functions[name](*values), self.path)
            # Bits, not numbers: NaN is not equal to itself.
            pairs = zip(before, arrays(values))
            if "returned" in done[0] and any(was.tobytes() != array.tobytes() for was, array in pairs):
                return {"crashed": f"`{name}` {CHANGED}"}, []
            return done
        if name in ASK:
            return outcome(lambda: ASK[name](*values), self.path)
        if name in MAKE:
            return outcome(lambda: self.put(MAKE[name](*values)), self.path)
        if name in CALL and CALL[name][0] in self.functions:
            function, make = self.functions[CALL[name][0]], CALL[name][1]
            return outcome(lambda: self.put(make(function, *values)), self.path)
        return {"undone": True}, []

    def put(self, made):
        self.made += 1
        self.objects[self.made] = made
        return Object(self.made)


def framed(reply, path):
    """A reply as a frame; a result that cannot be sent is a crash."""
    try:
        return encode(*reply)
    except Exception as error:
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
    found = {}
    for kind, name in ((name.rpartition(":")[0], name.rpartition(":")[2]) for name in names):
        function = getattr(module, name, None)
        if callable(function):
            found[name] = kernel(kind, function) if kind else function
    return found


def kernel(kind, function):
    """A launch in the place of a call; its first argument is the launch's Cfg."""
    return lambda cfg, *args: gpu().launch(kind, function, cfg, args)


def training():
    """Networks that train, loaded when they are first needed."""
    return importlib.import_module("lab_sdk.chain")


def gpu():
    """The simulated GPU, loaded when it is first needed."""
    return importlib.import_module("lab_sdk.device")


def serve(path, names):
    """Answers calls on stdin until it ends."""
    calls, replies = os.fdopen(0, "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    # What the learner prints goes to stderr; the pipe is ours alone.
    os.dup2(2, 1)
    np.seterr(all="ignore")
    # Not beside the learner's files.
    sys.pycache_prefix = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "pycache")

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
    def receive():
        header = read(calls, 16)
        return None if header is None else decode(read(calls, struct.unpack("<Q", header[8:])[0]), desk.objects)

    desk = Desk(functions, path)
    try:
        while (frame := receive()) is not None:
            head, values = frame
            if "block" in head:
                block(desk, head, values, receive, send)
            else:
                send(framed(desk.call(head["call"], values), path))
            sys.stdout.flush()
    except OSError:
        sys.exit(1)  # an answer that has closed our pipes has no more to say


def block(desk, head, values, receive, send):
    """A timed block: the calls have come, `ready` is said, `go` is waited for; nothing is sent until all are done. `done`
    brings the number of `go` back."""
    send(encode({"ready": True}))
    if (go := receive()) is None:
        return
    last, count = [], len(values)
    for at, (name, arguments) in enumerate(zip(head["block"], values)):
        reply = desk.call(name, arguments, watched=False)
        fine = "returned" in reply[0]
        if at + head["keep"] >= count or not fine:
            last.append(reply)
        if not fine:
            break
    send(encode({"done": len(last), "go": go[0]["go"]}))
    for reply in last:
        send(framed(reply, desk.path))

