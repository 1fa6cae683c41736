"""What an element is in memory, and how a number becomes one."""

import numpy as np


class dtype:
    """The type of an element: of a buffer, and of a tile.

    name     as sentences call it;  bytes  of an element;  storage  what NumPy keeps a buffer of it in
    """

    def __init__(self, name, size, storage, floating):
        self.name, self.bytes, self.storage, self.floating = name, size, np.dtype(storage), floating
        self.primitive_bitwidth = 8 * size

    def is_floating(self):
        return self.floating

    def is_int(self):
        return not self.floating

    def __repr__(self):
        return self.name


float32 = dtype("f32", 4, np.float32, True)
# IEEE 754 binary16: 11 bits of significand.
float16 = dtype("f16", 2, np.float16, True)
# bfloat16: 8 bits of significand. NumPy has none, so a buffer keeps the float with the same value.
bfloat16 = dtype("bf16", 2, np.float32, True)
int1 = dtype("i1", 1, np.bool_, False)
int8 = dtype("i8", 1, np.int8, False)
int16 = dtype("i16", 2, np.int16, False)
int32 = dtype("i32", 4, np.int32, False)
int64 = dtype("i64", 8, np.int64, False)

BY_NAME = {"f32": float32, "f16": float16, "bf16": bfloat16, "i8": int8, "i32": int32}
OF_ARRAY = {np.dtype(np.float32): float32, np.dtype(np.float16): float16, np.dtype(np.int8): int8,
            np.dtype(np.int32): int32}


def poison(of):
    """What an element is that has no value, and what a read beyond the end gives: a NaN, or a number that is easily
    known."""
    if of.floating:
        return np.array([0x7FFF_DEAD], np.uint32).view(np.float32)[0]
    return np.int64({1: -83, 2: -16657}.get(of.bytes, -559038737))  # 0xAD, 0xBEEF, 0xDEADBEEF


def rounded(of, values):
    """Values of a tile as elements of type `of`, and as a tile keeps them: floats as float32, integers as int64.

    A float goes to nearest, ties to even. An integer takes what is before the point of a float and stops at its ends,
    as PTX's cvt.rzi does; NaN gives 0; of a wider integer it takes the low bits."""
    if of.floating:
        values = values.astype(np.float32, copy=False)
        if of is float16:
            return values.astype(np.float16).astype(np.float32)
        return to_bfloat16(values) if of is bfloat16 else values
    if of is int1:
        return values != 0
    if values.dtype.kind != "f":
        return values.astype(np.int64).astype(of.storage).astype(np.int64)
    ends = np.iinfo(of.storage)
    whole = np.trunc(np.nan_to_num(values.astype(np.float64), nan=0.0))
    inside = np.clip(whole, float(ends.min), float(ends.max) if of.bytes < 8 else 2.0**63 - 1024)
    return inside.astype(np.int64)


def to_bfloat16(values):
    bits = np.ascontiguousarray(values).view(np.uint32)
    near = bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))
    quiet = bits | np.uint32(0x0040_0000)
    kept = np.where(np.isnan(values).reshape(bits.shape), quiet, near) & np.uint32(0xFFFF_0000)
    return kept.view(np.float32).reshape(np.shape(values))


def common(types, divides):
    """The type of what an operator makes: of the types of its tiles, and `float` or `int` for its numbers. The wider
    float; f16 of f16 and bf16; f32 of every quotient; a number takes the type of the tile.

    Source: computation_type_impl of Triton's language/semantic.py. Integers do not wrap here."""
    tiles = [of for of in types if isinstance(of, dtype)]
    floats = [of for of in tiles if of.floating]
    if divides:
        return float32
    if not floats:
        if float in types:
            return float32
        return int64 if int64 in tiles else int32
    if float32 in floats:
        return float32
    return bfloat16 if all(of is bfloat16 for of in floats) else float16
