"""FX graphs: what their nodes call, on NumPy arrays (labs/sdk/src/fx.rs is the twin). Nothing here runs a graph.

A graph is a dict: {"nodes": [{"name", "op", "target", "args", "kwargs", "meta"}], "modules": {path: {"type", "training", ..}}}.
An argument is a literal, a reference {"n": "conv1"}, {"dtype": "float32"}, {"slice": [start, stop, step]}, or a list of such.
"""

import math

import numpy as np

from .fx_image import adaptive_avg_pool2d, batch_norm, conv2d, layer_norm, pool2d

DTYPES = {"float32": np.float32, "float": np.float32, "float64": np.float64, "double": np.float64, "float16": np.float16,
          "int64": np.int64, "long": np.int64, "int32": np.int32, "uint8": np.uint8, "bool": np.bool_}
RANDOM = {"bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randn", "randn_like"}
INPLACE = {"iadd": "add", "isub": "sub", "imul": "mul", "itruediv": "div"}


class Mem:
    """A ledger of named values: what is held, how many bytes that is, and how many it was at most.

    Every value counts all its bytes, a view too; one that is lent counts none."""

    def __init__(self):
        self.held, self.bytes, self.live, self.peak = {}, {}, 0, 0

    def set(self, name, value):
        """Holds a value that was made here. Refused while the name is taken."""
        self._hold(name, value, size_of(value))

    def lend(self, name, value):
        """Holds a value that belongs to the caller, an input or a parameter: it takes no memory here."""
        self._hold(name, value, 0)

    def _hold(self, name, value, size):
        if name in self.held:
            raise ValueError(f"`{name}` is held already")
        self.held[name], self.bytes[name] = value, size
        self.live += size
        self.peak = max(self.peak, self.live)

    def get(self, name):
        """The value; refused when nothing of that name is held, or no longer."""
        if name not in self.held:
            raise ValueError(f"no value `{name}` is held: it was never set, or it was freed")
        return self.held[name]

    def free(self, name):
        """Gives the value up."""
        if name not in self.held:
            raise ValueError(f"`{name}` is not held")
        del self.held[name]
        self.live -= self.bytes.pop(name)


def size_of(value):
    """Bytes of the arrays in a value."""
    if isinstance(value, (list, tuple)):
        return sum(map(size_of, value))
    return value.nbytes if isinstance(value, (np.ndarray, np.generic)) else 0


def all_input_nodes(node):
    """Names of the nodes that a node reads, each as often as it stands in its args and kwargs."""
    names = []
    map_arg([node.get("args", []), list(node.get("kwargs", {}).values())], names.append)
    return names


def map_arg(arg, of):
    """The value of an argument, of a list of them, or of a node's kwargs; `of(name)` gives that of a node."""
    if isinstance(arg, (list, tuple)):
        return [map_arg(item, of) for item in arg]
    if not isinstance(arg, dict):
        return arg
    if keywords(arg):
        return {key: map_arg(item, of) for key, item in arg.items()}
    if "n" in arg:
        return of(arg["n"])
    if "slice" in arg:
        return slice(*(map_arg(item, of) for item in arg["slice"]))
    if "dtype" in arg:
        return DTYPES[arg["dtype"]]
    return float(arg["float"])


def renamed(arg, to):
    """The same argument (list, kwargs) with each reference replaced by what `to(name)` makes of it."""
    if isinstance(arg, (list, tuple)):
        return [renamed(item, to) for item in arg]
    if not isinstance(arg, dict):
        return arg
    if keywords(arg):
        return {key: renamed(item, to) for key, item in arg.items()}
    if "n" in arg:
        return to(arg["n"])
    if "slice" in arg:
        return {"slice": renamed(arg["slice"], to)}
    return arg


def keywords(arg):
    """Whether a dict is a node's kwargs: an argument that is one has one of four keys, and no argument under it."""
    form = {"n": str, "dtype": str, "float": str, "slice": list}
    return not (len(arg) == 1 and any(isinstance(arg.get(key), kind) for key, kind in form.items()))


def tensors(value):
    """The arrays in a value, in order: what an output node returns."""
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in tensors(item)]
    if not isinstance(value, (np.ndarray, np.generic)):
        raise ValueError(f"the graph returns {value!r}, which is no tensor")
    return [np.asarray(value)]


def literal(value):
    """The same value as an argument; refused (TypeError) for a value with an array in it, which has none."""
    if isinstance(value, (list, tuple)):
        return [literal(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    raise TypeError(f"{type(value).__name__} is no literal")


def base(target):
    """The operator behind a target: `torch.nn.functional.relu_`, `aten::relu` and the method `relu` are `relu`."""
    name = target.replace(":", ".").split(".")[1 if target.startswith("aten.") else -1]
    if name.startswith("__"):
        return name.strip("_")
    return INPLACE.get(name, name.rstrip("_"))


def writes(target):
    name = target.replace(":", ".").split(".")[-1]
    return name in INPLACE or name == "setitem" or name.endswith("_") and not name.endswith("__")


def is_random(g, node):
    """Whether a node draws random numbers: two such nodes return different values, and each moves the generator on."""
    args, kwargs = node.get("args", []), node.get("kwargs", {})
    if node["op"] == "call_module":
        module = g["modules"].get(node["target"], {})
        return module.get("type", "").startswith("Dropout") and bool(module.get("training"))
    if node["op"] not in ("call_function", "call_method"):
        return False
    if base(node["target"]) in ("dropout", "alpha_dropout", "feature_dropout"):
        training = kwargs.get("training", kwargs.get("train", args[2] if len(args) > 2 else True))
        return training is not False
    return base(node["target"]) in RANDOM


def mutates(g, node):
    """Whether a node writes: into its first argument (`add_`, `copy_`, `+=`, `inplace=True`), or, a batch norm in training
    mode, into its running statistics."""
    if node["op"] == "call_module":
        module = g["modules"].get(node["target"], {})
        return module.get("inplace") is True or module.get("type", "").startswith("BatchNorm") and bool(module.get("training"))
    if node["op"] not in ("call_function", "call_method"):
        return False
    return writes(node["target"]) or node.get("kwargs", {}).get("inplace") is True


def function(target, args, kwargs=None):
    """Calls the function behind a target, as a call_function node does. Refused for a target that is not here.

    A function that writes (`add_`, `+=`, `inplace=True`) writes into its first argument and returns it."""
    kwargs = dict(kwargs or {})
    inplace = kwargs.pop("inplace", False) is True or writes(target)
    operator = OPERATORS.get(base(target))
    if operator is None:
        raise ValueError(f"the target `{target}` is not known here")
    try:
        result = operator(*args, **kwargs)
    except (TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"`{target}`: {error}") from None
    if inplace:
        args[0][...] = result
        return args[0]
    return result


def method(target, object, args=(), kwargs=None):
    """Calls a method of `object` with the other arguments, as a call_method node does."""
    return function(target, [object, *args], kwargs)


def module(module, params, target, args, kwargs=None):
    """Calls a module as a call_module node does; its weights lie in `params` below `target`."""
    (x,) = [*args, *(kwargs or {}).values()]
    kind, weight = module["type"], lambda name: params.get(f"{target}.{name}")
    if kind in ("Conv2d", "Linear") and weight("weight") is None:
        raise ValueError(f"there is no parameter `{target}.weight`")
    if kind == "Conv2d":
        stride, padding, dilation = (module.get(key, default) for key, default in
                                     (("stride", 1), ("padding", 0), ("dilation", 1)))
        return conv2d(x, weight("weight"), weight("bias"), stride, padding, dilation, module.get("groups", 1))
    if kind in ("BatchNorm1d", "BatchNorm2d"):
        own = bool(module.get("training")) or weight("running_mean") is None
        return batch_norm(x, weight("running_mean"), weight("running_var"), weight("weight"), weight("bias"),
                          training=own, eps=module.get("eps", 1e-5))
    if kind == "LayerNorm":
        shape = weight("weight").shape if weight("weight") is not None else x.shape[-1:]
        return layer_norm(x, shape, weight("weight"), weight("bias"), module.get("eps", 1e-5))
    if kind == "Linear":
        return linear(x, weight("weight"), weight("bias"))
    if kind in ("MaxPool2d", "AvgPool2d"):
        return pool2d(x, module["kernel_size"], module.get("stride"), module.get("padding", 0), kind == "MaxPool2d")
    if kind == "AdaptiveAvgPool2d":
        return adaptive_avg_pool2d(x, module.get("output_size", 1))
    if kind == "Identity" or kind in ("Dropout", "Dropout2d") and not module.get("training"):
        return x
    if kind == "Flatten":
        return flatten(x, module.get("start_dim", 1), module.get("end_dim", -1))
    if kind == "Softmax":
        return softmax(x, module.get("dim", -1))
    if kind in ("ReLU", "ReLU6", "Sigmoid", "Tanh", "GELU", "SiLU", "Hardswish", "Hardsigmoid"):
        return function(kind.lower(), [x], {"inplace": True} if module.get("inplace") is True else {})
    raise ValueError(f"the module `{target}` is a {kind}, which is not known here")


def add(input, other, alpha=1):
    return input + (other if alpha == 1 else other * alpha)


def sub(input, other, alpha=1):
    return input - (other if alpha == 1 else other * alpha)


def linear(input, weight, bias=None):
    product = input @ weight.T
    return product if bias is None else product + bias


def flatten(input, start_dim=0, end_dim=-1):
    start, end = start_dim % input.ndim, end_dim % input.ndim
    return input.reshape(*input.shape[:start], -1, *input.shape[end + 1 :])


def sizes(rest):
    """view(2, 3) and view([2, 3])."""
    return list(rest[0]) if len(rest) == 1 and isinstance(rest[0], (list, tuple)) else list(rest)


def softmax(input, dim=-1, log=False):
    shifted = input - input.max(dim, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(dim, keepdims=True)
    return shifted - np.log(total) if log else e / total


def sigmoid(input):
    return 1 / (1 + np.exp(-input))


def hardsigmoid(input):
    return np.clip(input + 3, 0, 6) / 6


def gelu(input, approximate="none"):
    if approximate == "tanh":
        return input * (1 + np.tanh(0.7978845608028654 * (input + 0.044715 * input**3))) / 2
    erf = np.frompyfunc(math.erf, 1, 1)
    return input * (1 + erf(input / 2**0.5).astype(input.dtype)) / 2


def reduction(reduce):
    def reduced(input, dim=None, keepdim=False, dtype=None, axis=None):
        dim = axis if dim is None else dim
        over = tuple(dim) if isinstance(dim, (list, tuple)) else dim
        x = input if dtype is None else input.astype(dtype)
        return np.asarray(reduce(x, axis=over, keepdims=keepdim and dim is not None), x.dtype)

    return reduced


def split(input, split_size, dim=0):
    if isinstance(split_size, int):
        cuts = range(split_size, input.shape[dim], split_size)
    else:
        cuts = np.cumsum(split_size)[:-1]
    return [np.ascontiguousarray(piece) for piece in np.split(input, list(cuts), dim)]


def getattr_of(input, name):
    return {"shape": lambda: list(input.shape), "ndim": lambda: input.ndim, "dtype": lambda: input.dtype.type,
            "T": lambda: input.T}[name]()


def getitem(input, key):
    return input[tuple(key)] if isinstance(key, list) else input[key]


def squeeze(input, dim=None):
    if dim is None:
        return np.squeeze(input)
    return np.squeeze(input, dim) if input.shape[dim] == 1 else input


def expand(input, *shape):
    shape = sizes(shape)
    own = [1] * (len(shape) - input.ndim) + list(input.shape)
    return np.ascontiguousarray(np.broadcast_to(input, [o if n == -1 else n for n, o in zip(shape, own)]))


def to(input, *rest, dtype=None):
    dtype = dtype or next((item for item in rest if isinstance(item, type)), None)
    return input if dtype is None else input.astype(dtype)


def dropout(input, p=0.5, training=True, train=True):
    if training and train:
        raise ValueError("dropout in training mode draws random numbers, which nothing here does")
    return input


def where(condition, input, other):
    result = np.where(condition, input, other)
    return result.astype(np.float32) if not isinstance(input, np.ndarray) and not isinstance(other, np.ndarray) else result


def masked_fill(input, mask, value):
    return np.where(mask, input.dtype.type(value), input)


def full(size, fill_value, dtype=np.float32):
    return np.full(size, fill_value, dtype)


OPERATORS = {
    "add": add, "sub": sub, "mul": lambda input, other: input * other,
    "div": lambda input, other: input / other, "truediv": lambda input, other: input / other,
    "floordiv": lambda input, other: input // other, "mod": lambda input, other: input % other,
    "pow": lambda input, exponent: input**exponent, "maximum": lambda input, other: np.maximum(input, other),
    "minimum": lambda input, other: np.minimum(input, other), "eq": lambda input, other: input == other,
    "ne": lambda input, other: input != other, "lt": lambda input, other: input < other,
    "le": lambda input, other: input <= other, "gt": lambda input, other: input > other,
    "ge": lambda input, other: input >= other,
    "relu": lambda input: np.maximum(input, 0), "neg": lambda input: -input, "exp": lambda input: np.exp(input),
    "log": lambda input: np.log(input), "sqrt": lambda input: np.sqrt(input), "rsqrt": lambda input: 1 / np.sqrt(input),
    "abs": lambda input: np.abs(input), "square": lambda input: input * input, "tanh": lambda input: np.tanh(input),
    "sigmoid": sigmoid, "silu": lambda input: input * sigmoid(input), "gelu": gelu,
    "relu6": lambda input: np.clip(input, 0, 6),
    "hardtanh": lambda input, min_val=-1.0, max_val=1.0: np.clip(input, min_val, max_val),
    "hardsigmoid": hardsigmoid, "hardswish": lambda input: input * hardsigmoid(input),
    "clamp": lambda input, min=None, max=None: np.clip(input, min, max), "copy": lambda input, src: src,
    "matmul": lambda input, other: input @ other, "mm": lambda input, mat2: input @ mat2,
    "bmm": lambda input, mat2: input @ mat2, "linear": linear,
    "addmm": lambda input, mat1, mat2: input + mat1 @ mat2,
    "softmax": lambda input, dim=-1, _stacklevel=3, dtype=None: softmax(input, dim),
    "log_softmax": lambda input, dim=-1, _stacklevel=3, dtype=None: softmax(input, dim, True),
    "where": where, "masked_fill": masked_fill, "dropout": dropout,
    "getattr": getattr_of, "size": lambda input, dim=None: list(input.shape) if dim is None else input.shape[dim],
    "dim": lambda input: input.ndim, "numel": lambda input: input.size, "len": len, "getitem": getitem,
    "chunk": lambda input, chunks, dim=0: split(input, -(-input.shape[dim] // chunks), dim), "split": split,
    "view": lambda input, *shape: input.reshape(sizes(shape)), "reshape": lambda input, *shape: input.reshape(sizes(shape)),
    "flatten": flatten, "permute": lambda input, *dims: np.ascontiguousarray(input.transpose(sizes(dims))),
    "transpose": lambda input, dim0, dim1: np.ascontiguousarray(np.swapaxes(input, dim0, dim1)),
    "t": lambda input: np.ascontiguousarray(input.T), "unsqueeze": lambda input, dim: np.expand_dims(input, dim),
    "squeeze": squeeze, "expand": expand, "contiguous": lambda input: input, "detach": lambda input: input,
    "clone": lambda input: input.copy(), "float": lambda input: input.astype(np.float32), "to": to, "type": to,
    "cat": lambda tensors, dim=0: np.concatenate(tensors, dim), "concat": lambda tensors, dim=0: np.concatenate(tensors, dim),
    "stack": lambda tensors, dim=0: np.stack(tensors, dim),
    "narrow": lambda input, dim, start, length: np.take(input, range(start, start + length), dim),
    "sum": reduction(np.sum), "mean": reduction(np.mean), "amax": reduction(np.max), "amin": reduction(np.min),
    "full": full, "zeros": lambda *size: np.zeros(sizes(size), np.float32),
    "ones": lambda *size: np.ones(sizes(size), np.float32), "zeros_like": lambda input: np.zeros_like(input),
    "ones_like": lambda input: np.ones_like(input),
    "conv2d": conv2d, "batch_norm": batch_norm, "layer_norm": layer_norm,
    "max_pool2d": lambda input, kernel_size, stride=None, padding=0: pool2d(input, kernel_size, stride, padding, True),
    "avg_pool2d": lambda input, kernel_size, stride=None, padding=0: pool2d(input, kernel_size, stride, padding, False),
    "adaptive_avg_pool2d": adaptive_avg_pool2d,
}
