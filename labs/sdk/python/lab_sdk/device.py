"""Kernels of an answer: buffers lie on the desk, a launch stands in the place of a call, and what it did is kept until it is
asked for (labs/sdk/src/device.rs is its twin)."""

import json
from enum import Enum

import numpy as np

from . import Stopped, simt, triton
from .triton import language as tl
from .wire import Json

OF = {"f32": simt.f32, "u32": simt.u32, "i32": simt.i32, "f16": simt.f16, "bf16": simt.bf16}
TILES = {"f32": tl.float32, "f16": tl.float16, "bf16": tl.bfloat16, "i32": tl.int32}

last = None


def buffer(name, data):
    """A buffer with the elements of `data`, in its dtype."""
    return simt.G(name, data)


def blank(name, dtype, length):
    """A buffer of `length` elements in which none has a value yet."""
    return simt.G.poisoned(name, length, OF[dtype])


def pointer(name, data):
    """A buffer of the tile API with the elements of `data`, in its dtype."""
    return triton.Ptr(name, data)


def blank_pointer(name, dtype, length):
    """A buffer of the tile API in which no element has a value yet."""
    return triton.Ptr.poisoned(name, TILES[dtype], length)


def read(buffer):
    """Its elements, a vector of its dtype."""
    integers = isinstance(buffer, triton.Ptr) and buffer.dtype is tl.int32
    return np.asarray(buffer.to_ints(), np.int32) if integers else buffer.to_vec()


def launch(kind, kernel, cfg, args):
    """Launches a kernel under a Cfg in JSON. A launch that the GPU would not take is a ValueError; one that had to be
    stopped has crashed, with its last fault."""
    global last
    last = None
    done = (of_warps if kind == "simt" else of_tiles)(kernel, cfg, args)
    last = done.to_dict()
    if not done.finished:
        raise Stopped(str(done.faults[-1]) if done.faults else "the launch was stopped")


def of_warps(kernel, cfg, args):
    preset, order = simt.Preset[cfg["preset"]], simt.Order(cfg["order"])
    return simt.launch(simt.Cfg(**{**cfg, "preset": preset, "order": order}), kernel, *args)


def of_tiles(kernel, cfg, args):
    l2 = cfg["l2"] and triton.L2(**cfg["l2"])
    kernel = kernel if isinstance(kernel, triton.Kernel) else triton.jit(kernel)
    preset = triton.Preset[cfg["preset"]]
    return kernel.launch(triton.Cfg(**{**cfg, "l2": l2, "preset": preset}), *args)


def report():
    """What the last launch did, as plain lists, dicts and numbers; None before the first."""
    plain = json.dumps(last, default=lambda value: value.value if isinstance(value, Enum) else value.item())
    return Json(json.loads(plain))
