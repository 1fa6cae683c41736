"""16-bit floats and the units that multiply matrices of them: rounding to BF16 and FP16 by bit operations, a product
out of 16 x 8 x 16 instructions, and how well it fills the tiles and SMs of a GPU.

Legend: A (M, K), B (K, N), C and D (M, N); a step is the distance from one number of a format to the next.
"""

import numpy as np

INFINITY = 0x7F800000  # of an f32, without its sign; what lies above is NaN


def to_bf16(x):
    """The BF16 codes of x: to nearest, ties to even. A NaN becomes 0x7fc0 with its sign.

    BF16 is the upper half of an f32: the same 8 exponent bits, and 7 of the 23 fraction bits. So rounding is an
    addition to the integer that the bits are, and a carry out of the fraction is a carry into the exponent: that is
    right too.
    """
    sign, size = parts(x)
    return sign | np.where(size > INFINITY, 0x7FC0, nearest(size, 16))


def to_f16(x):
    """The FP16 codes of x: to nearest, ties to even. A NaN becomes 0x7e00 with its sign.

    FP16 has 5 exponent bits, biased by 15 where f32 has 127, and 10 fraction bits. From 65520 on, half a step above the
    largest, all is infinite; below 2^-14 the steps stay at 2^-24 and fraction bits are lost.
    """
    sign, size = parts(x)
    e = size >> 23
    # 2^-14 and more: another bias, 13 bits less; what lies beyond the largest exponent is infinity.
    normal = np.minimum(nearest(size - (112 << 23), 13), 0x7C00)
    # Less: how many steps of 2^-24 is 1.f * 2^(e - 127)? With its hidden bit, f shifted right by 126 - e. From half of
    # a step downwards, e < 102, nothing is left.
    tiny = nearest(size & 0x7FFFFF | 0x800000, 126 - np.clip(e, 101, 112))
    return sign | np.where(size > INFINITY, 0x7E00, np.where(e >= 113, normal, tiny))


def parts(x):
    """The sign, where a 16-bit code has it, and the bits of the magnitude; in int64, where nothing overflows."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.int64)
    return bits >> 16 & 0x8000, bits & 0x7FFFFFFF


def nearest(n, shift):
    """n / 2^shift, to nearest, ties to even.

    Added is half a step less one, and the last bit that stays: a tie then carries out of an odd code only.
    """
    return n + (1 << (shift - 1)) - 1 + (n >> shift & 1) >> shift


def gemm(mma, a, b):
    """A B in f32, by instructions that each add a (16, 16) times (16, 8) product to a (16, 8) sum.

    D is cut into tiles of 16 x 8; each walks along K in steps of 16. Refuses an A and a B whose K differ.
    """
    (m, k), (depth, n) = a.shape, b.shape
    if k != depth:
        raise ValueError(f"A has {k} columns, B has {depth} rows")
    # Zeros add nothing to a sum, so that an instruction may reach over the edge.
    a, b = padded(a, 16, 16), padded(b, 16, 8)
    d = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for i in range(0, m, 16):
        for j in range(0, n, 8):
            c = np.zeros((16, 8), np.float32)  # stays in f32 from the first step to the last
            for p in range(0, k, 16):
                c = mma.mma(a[i : i + 16, p : p + 16], b[p : p + 16, j : j + 8], c)
            d[i : i + 16, j : j + 8] = c
    return d[:m, :n]


def padded(t, rows, columns):
    """t with zeros behind it, up to a multiple of rows and of columns."""
    return np.pad(t, ((0, -t.shape[0] % rows), (0, -t.shape[1] % columns)))


def waves(m, n, tile_m, tile_n, sms):
    """(tiles, waves, tile utilisation, wave utilisation) of an m x n product in tiles of tile_m x tile_n on `sms` SMs
    that each do one tile at a time.

    A tile over the edge is computed whole; a wave with few tiles takes as long as a full one. Both utilisations are
    useful over launched. Refuses a 0.
    Source: NVIDIA, Matrix Multiplication Background User's Guide, tile and wave quantization.
    """
    if 0 in (m, n, tile_m, tile_n, sms):
        raise ValueError("a size of 0: nothing to launch")
    tiles = ceil_div(m, tile_m) * ceil_div(n, tile_n)
    waves = ceil_div(tiles, sms)
    return tiles, waves, m * n / (tiles * tile_m * tile_n), tiles / (waves * sms)


def ceil_div(a, b):
    return -(-a // b)
