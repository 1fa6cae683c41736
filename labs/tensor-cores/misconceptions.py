"""Misconceptions as people write them in NumPy; the trials read this file after solution.py and let one function take
over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""

import numpy as np

# What must be refused is left to the right functions, so that only the mistake differs.
right_f16, right_gemm, right_waves = to_f16, gemm, waves  # noqa: F821


def truncates(x):
    """The upper half of the bits."""
    codes = (x.view(np.uint32) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), codes | 0x7FC0, codes)


def flushes_subnormals(x):
    """astype, with what is tiny set to zero."""
    with np.errstate(over="ignore"):
        codes = x.astype(np.float16).view(np.uint16)
    codes = np.where(np.abs(x) < np.float32(2.0**-14), codes & 0x8000, codes)
    return np.where(np.isnan(x), codes & 0x8000 | 0x7E00, codes)


def f16_accumulator(mma, a, b):
    """An f16 matrix for the result, with tiles added up in it."""
    right_gemm(type(mma)(), a, b)
    (m, k), n = a.shape, b.shape[1]
    rows, columns, depth = -(-m // 16) * 16, -(-n // 8) * 8, -(-k // 16) * 16
    wide_a, wide_b = np.zeros((rows, depth), np.float16), np.zeros((depth, columns), np.float16)
    wide_a[:m, :k], wide_b[:k, :n] = a, b
    out = np.zeros((rows, columns), np.float16)
    for p in range(0, depth, 16):
        for i in range(0, rows, 16):
            for j in range(0, columns, 8):
                c = out[i : i + 16, j : j + 8].astype(np.float32)
                out[i : i + 16, j : j + 8] = mma.mma(wide_a[i : i + 16, p : p + 16], wide_b[p : p + 16, j : j + 8], c)
    return out[:m, :n].astype(np.float32)


def steps_of_8(mma, a, b):
    """Eight columns at a time, in the front half of a tile."""
    right_gemm(type(mma)(), a, b)
    (m, k), n = a.shape, b.shape[1]
    out = np.zeros((m, n), np.float32)
    for i in range(0, m, 16):
        for j in range(0, n, 8):
            c = np.zeros((16, 8), np.float32)
            for p in range(0, -(-k // 16) * 16, 8):
                tile_a, tile_b = np.zeros((16, 16), np.float16), np.zeros((16, 8), np.float16)
                part_a, part_b = a[i : i + 16, p : p + 8], b[p : p + 8, j : j + 8]
                tile_a[: part_a.shape[0], : part_a.shape[1]] = part_a
                tile_b[: part_b.shape[0], : part_b.shape[1]] = part_b
                c = mma.mma(tile_a, tile_b, c)
            out[i : i + 16, j : j + 8] = c[: m - i, : n - j]
    return out


def area_over_area(m, n, tile_m, tile_n, sms):
    """Area over area, rounded up."""
    right_waves(m, n, tile_m, tile_n, sms)
    tiles = int(np.ceil(m * n / (tile_m * tile_n)))
    waves = int(np.ceil(tiles / sms))
    return tiles, waves, m * n / (tiles * tile_m * tile_n), tiles / (waves * sms)
