"""The names of `triton.language`, for kernels: `from lab_sdk.triton import language as tl`.

Functions that are not exact are computed in f64 and rounded once, so that a program gives the same floats in every
language. What Triton has and this has not: custom reductions, scans but cumsum, block pointers, random numbers, f64 and
f8.
"""

import builtins
import math
import types

import numpy as np

from . import access
from .dtype import bfloat16, common, dtype, float16, float32, int1, int8, int16, int32, int64, rounded
from .fault import FaultKind
from .machine import now, refuse
from .memory import Ptr, pointer_type
from .tile import (binary, broadcast, check, data, made, matrix, shape, shape_of, stretch, tensor, transposed, type_of,
                   values_of)

range = builtins.range
static_range = builtins.range


class constexpr:
    """Marks an argument as a constant of the compilation; the value itself in all other places."""

    def __new__(cls, value):
        return value


def program_id(axis):
    """The program's place along axis 0, 1 or 2."""
    return of_grid(axis, "program_id", lambda machine: machine.program)


def num_programs(axis):
    """Programs along axis 0, 1 or 2."""
    return of_grid(axis, "num_programs", lambda machine: machine.cfg.grid)


def of_grid(axis, name, sides):
    if now.machine is None:
        raise TypeError(f"tl.{name} is of a program: a kernel is launched with kernel[grid](..)")
    if axis not in (0, 1, 2):
        refuse(FaultKind.Rank, lambda program: f"{program} asks for axis {axis} of the grid, which has the axes 0, 1 "
                                               f"and 2")
    return made(np.int64(sides(now.machine)[axis]), int32)


def arange(start, end):
    """start, start + 1, .. end - 1; there must be a power of two of them."""
    check((int(end) - int(start),))
    return made(np.arange(int(start), int(end), dtype=np.int64), int32)


def full(shape, value, dtype):
    """`value` everywhere."""
    sides = check(tuple(int(side) for side in (shape if isinstance(shape, (tuple, list)) else (shape,))))
    value = value.values if isinstance(value, tensor) else np.asarray(value)
    return made(np.full(sides, rounded(dtype, value)), dtype)


def zeros(shape, dtype):
    return full(shape, 0, dtype)


def zeros_like(input):
    return full(input.shape, 0, input.dtype)


def load(pointer, mask=None, other=None, boundary_check=(), padding_option="", cache_modifier="", eviction_policy="",
         volatile=False):
    """Reads; where the mask is off nothing is read and the element is `other`, or poison (NaN) without one: a GPU has
    anything there. Beyond the end an element reads poison."""
    return access.load(pointer, mask, other)


def store(pointer, value, mask=None, boundary_check=(), cache_modifier="", eviction_policy=""):
    """Writes, converted to the type of the buffer: a float to nearest even, an integer towards zero. Where the mask is
    off, and beyond the end, nothing is written."""
    access.store(pointer, value, mask)


def atomic_add(pointer, val, mask=None, sem=None, scope=None):
    """Adds element after element, each sum rounded to the type of the buffer, and returns what was there before; where
    the mask is off, 0."""
    return access.atomic_add(pointer, val, mask)


def dot(input, other, acc=None, input_precision=None, allow_tf32=None, max_num_imprecise_acc=None, out_dtype=None):
    """acc + input @ other for (m, k) and (k, n): products are added in f32, k by k, to `acc` or to zeros.

    Both tiles are of one type, f32, f16 or bf16. Counts 2 m n k operations."""
    (m, k), (rows, n) = matrix(input, "multiplies"), matrix(other, "multiplies")
    if rows != k or acc is not None and acc.shape != (m, n):
        into = "" if acc is None else f" into {shape_of(acc.shape)}"
        refuse(FaultKind.Shape, lambda program: (
            f"{program} multiplies tiles of {shape_of(input.shape)} and {shape_of(other.shape)}{into}: (m, k) and (k, "
            f"n) make (m, n)"))
    if input.dtype is not other.dtype or not input.dtype.floating:
        refuse(FaultKind.Dtype, lambda program: (
            f"{program} multiplies tiles of {input.dtype} and {other.dtype}: a dot takes two of f32, two of f16 or two "
            f"of bf16"))
    of = out_dtype or (float32 if acc is None else acc.dtype)
    if of is not float32 and now.machine is not None:
        now.machine.fault(FaultKind.Accumulator, lambda program: (
            f"{program} adds up a dot in {of}: a long sum of small terms stands still there (in f16, 2048 + 1 is "
            f"2048), so accumulate in f32 and round once, at the end"), element=0)
    if now.machine is not None:
        now.machine.work(m * n * k)
        now.machine.counters.dot_flops += 2 * m * n * k
    total = np.zeros((m, n), np.float32) if acc is None else acc.values.astype(np.float32, copy=True)
    # One step of k after the other, as the Rust twin does it; NumPy's own product adds in another order.
    product, columns = np.empty_like(total), np.ascontiguousarray(input.values.T)
    for column, row in zip(columns, other.values):
        np.multiply(column[:, None], row, out=product)
        total += product
    return made(total, of)


def trans(input, *dims):
    """Rows become columns."""
    return transposed(input)


def permute(input, *dims):
    dims = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    return input if tuple(dims) == (0, 1) else transposed(input)


def expand_dims(input, axis):
    axis = axis if axis >= 0 else axis + len(input.shape) + 1
    return input[(slice(None),) * axis + (None,)]


def broadcast_to(input, *sides):
    sides = check(tuple(sides[0]) if len(sides) == 1 and isinstance(sides[0], (tuple, list)) else sides)
    return tensor(stretch(input.values, sides, "tile"), input.dtype, input.live)


def reshape(input, *sides, can_reorder=False):
    """Another shape of as many elements, which are shared."""
    sides = check(tuple(sides[0]) if len(sides) == 1 and isinstance(sides[0], (tuple, list)) else sides)
    if math.prod(sides) != input.values.size:
        refuse(FaultKind.Shape, lambda program: (
            f"{program} gives a tile of {shape_of(input.shape)} the shape {shape_of(sides)}, which has not as many "
            f"elements"))
    return tensor(input.values.reshape(sides), input.dtype, input.live)


view = reshape


def ravel(x, can_reorder=False):
    return reshape(x, (x.values.size,))


def cast(input, dtype, fp_downcast_rounding=None, bitcast=False):
    return to_tile(input).to(dtype)


def to_tile(x):
    if isinstance(x, tensor):
        return x
    of = type_of(x)
    return made(values_of(x, float32 if of is float else int32), float32 if of is float else int32)


def where(condition, x, y):
    """`x` where the condition holds, `y` elsewhere."""
    of = common((type_of(x), type_of(y)), False)
    mask = condition.values != 0 if isinstance(condition, tensor) else np.asarray(bool(condition))
    broadcast(mask.shape, broadcast(shape(x), shape(y)))
    return made(np.where(mask, values_of(x, of), values_of(y, of)), of)


def larger(a, b):
    return np.where((a >= b) | np.isnan(b), a, b)


def smaller(a, b):
    return np.where((a <= b) | np.isnan(b), a, b)


def maximum(x, y, propagate_nan=None):
    """The larger; the number where one is NaN."""
    return binary(x, y, larger)


def minimum(x, y, propagate_nan=None):
    """The smaller; the number where one is NaN."""
    return binary(x, y, smaller)


def clamp(x, min, max, propagate_nan=None):
    return minimum(maximum(x, min), max)


def fma(x, y, z):
    """x y + z, here in two roundings."""
    return x * y + z


def fdiv(x, y, ieee_rounding=False):
    return binary(x, y, np.divide, divides=True)


div_rn = fdiv


def cdiv(x, div):
    return (x + (div - 1)) // div


def add(x, y):
    return binary(x, y, np.add)


def sub(x, y):
    return binary(x, y, np.subtract)


def mul(x, y):
    return binary(x, y, np.multiply)


def function(name, f):
    def of_tile(x):
        x = to_tile(x)
        if x.dtype is not float32:
            refuse(FaultKind.Dtype, lambda program: (
                f"{program} takes {name} of a tile of {x.dtype}: Triton has it for f32 only, so convert the tile "
                f"first"))
        return made(f(x.values), float32)

    of_tile.__name__ = of_tile.__qualname__ = name
    of_tile.__doc__ = f"{name} of each element."
    return of_tile


def wide(f):
    return lambda x: np.asarray(f(x.astype(np.float64))).astype(np.float32)


exp, exp2, log, log2 = (function(f.__name__, wide(f)) for f in (np.exp, np.exp2, np.log, np.log2))
sin, cos = function("sin", wide(np.sin)), function("cos", wide(np.cos))
sqrt = sqrt_rn = function("sqrt", np.sqrt)
rsqrt = function("rsqrt", lambda x: np.float32(1) / np.sqrt(x))
floor, ceil = function("floor", np.floor), function("ceil", np.ceil)
erf = function("erf", wide(np.vectorize(math.erf, otypes=[np.float64])))


def abs(x):
    """|x|"""
    return made(np.abs(x.values), x.dtype)


def sigmoid(x):
    """1 / (1 + exp(-x))"""
    return 1 / (1 + exp(-x))


def reduced(input, axis, does, of, f, keep_dims):
    """The second half of the axis is joined to the first until one element is left, as threads of a block do it."""
    sides = input.shape
    if axis is None:
        values, at = input.values.reshape(-1), 0
        to = (1,) * len(sides)
    else:
        at = axis + len(sides) if axis < 0 else axis
        if not 0 <= at < len(sides):
            refuse(FaultKind.Rank, lambda program: (
                f"{program} {does} a tile of {shape_of(sides)} along axis {axis}, which it has not"))
        values, to = input.values, sides[:at] + (1,) + sides[at + 1 :]
    values = values.astype(np.float32 if of.floating else np.int64, copy=False)
    left = values.shape[at]
    while left > 1:
        left //= 2
        first, second = np.split(values, 2, at)
        values = np.asarray(f(first, second))
        if of is not float32 and of.floating:
            values = rounded(of, values)
    kept = () if axis is None else sides[:at] + sides[at + 1 :]
    values = values.reshape(to if keep_dims else kept)
    return data(np.array(values), of) if of.floating else made(np.array(values), of)


def sum(input, axis=None, keep_dims=False, dtype=None):
    """The sum along an axis, which goes; of f16 and bf16 each addition rounds."""
    of = dtype or (input.dtype if input.dtype.floating or input.dtype is int64 else int32)
    return reduced(input, axis, "sums", of, np.add, keep_dims)


def max(input, axis=None, return_indices=False, return_indices_tie_break_left=True, keep_dims=False):
    """The largest along an axis, which goes, of halves as f32; NaN only where all are."""
    return extreme(input, axis, "takes the largest of", larger, return_indices, keep_dims)


def min(input, axis=None, return_indices=False, return_indices_tie_break_left=True, keep_dims=False):
    """The smallest along an axis, which goes, of halves as f32; NaN only where all are."""
    return extreme(input, axis, "takes the smallest of", smaller, return_indices, keep_dims)


def extreme(input, axis, does, f, return_indices, keep_dims):
    of = float32 if input.dtype.floating else input.dtype if input.dtype is int64 else int32
    best = reduced(input, axis, does, of, f, keep_dims)
    return (best, index_of(input, axis, f, keep_dims)) if return_indices else best


def argmax(input, axis, tie_break_left=True, keep_dims=False):
    return index_of(input, axis, larger, keep_dims)


def argmin(input, axis, tie_break_left=True, keep_dims=False):
    return index_of(input, axis, smaller, keep_dims)


def index_of(input, axis, f, keep_dims):
    """The first place of the extreme."""
    empty = -np.inf if f is larger else np.inf
    values = np.where(np.isnan(input.values), empty, input.values)
    find = np.argmax if f is larger else np.argmin
    return made(np.asarray(find(values, axis=axis, keepdims=keep_dims), np.int64), int32)


def cumsum(input, axis=0, reverse=False, dtype=None):
    """Sums from the start of the axis on, one after the other."""
    of = dtype or (input.dtype if input.dtype.floating or input.dtype is int64 else int32)
    values = np.flip(input.values, axis) if reverse else input.values
    sums = np.cumsum(values, axis, dtype=np.float32 if of.floating else np.int64)
    return made(np.flip(sums, axis) if reverse else sums, of)


def multiple_of(input, values):
    """A hint to the compiler; here nothing."""
    return input


max_contiguous = max_constancy = multiple_of


def nothing(*args, **kwargs):
    """Says something to the compiler or prints on the device; here nothing."""


assume = debug_barrier = device_print = static_print = nothing


def static_assert(cond, msg=""):
    assert cond, msg


def device_assert(cond, msg="", mask=None):
    assert np.all(cond.values if isinstance(cond, tensor) else cond), msg


math_functions = types.SimpleNamespace(
    exp=exp, exp2=exp2, log=log, log2=log2, sin=sin, cos=cos, sqrt=sqrt, sqrt_rn=sqrt_rn, rsqrt=rsqrt, floor=floor,
    ceil=ceil, erf=erf, abs=abs, fma=fma, fdiv=fdiv, div_rn=div_rn,
)
# Triton takes these from a library of NVIDIA's: `tl.extra.libdevice.tanh`.
extra = types.SimpleNamespace(libdevice=types.SimpleNamespace(tanh=function("tanh", wide(np.tanh))))


def __getattr__(name):
    if name == "math":
        return math_functions
    raise AttributeError(f"triton.language has no {name} here")


__all__ = ["Ptr", "bfloat16", "dtype", "float16", "int1", "int8", "int16", "pointer_type"]
