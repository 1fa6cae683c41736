"""16-bit floats and tensor cores. Write the functions below; others may stand beside them.

The bits of numbers: x.view(np.uint32) of a float32 array gives 1 sign, 8 exponent and 23 fraction bits each.
A tensor core: mma.mma(a, b, c) is a @ b + c, with a (16, 16) and b (16, 8) in float16, c and the result (16, 8) in
float32. To refuse, raise ValueError.
"""

import numpy as np


def to_bf16(x):
    """The BF16 codes of x, 0 to 65535: 1 sign, 8 exponent and 7 fraction bits, the upper half of an f32.

    To nearest, ties to the even code. What is nearer to infinity than to the largest number becomes infinity, 0x7f80; a
    NaN becomes 0x7fc0. The sign is kept, of zeros and NaN too. By bit operations: no conversion of a library.
    x: float32 array -> array or list of integers.
    """
    raise NotImplementedError


def to_f16(x):
    """The FP16 codes of x, 0 to 65535: 1 sign, 5 exponent and 10 fraction bits; the exponent is biased by 15.

    To nearest, ties to the even code, subnormals included (below 2^-14, in steps of 2^-24). From 65520 on infinity,
    0x7c00; a NaN becomes 0x7e00. The sign is kept, of zeros and NaN too. By bit operations: no conversion of a library.
    x: float32 array -> array or list of integers.
    """
    raise NotImplementedError


def gemm(mma, a, b):
    """a @ b, (M, K) times (K, N) in float16 -> (M, N) in float32, by mma.mma alone.

    Takes exactly ceil(M / 16) * ceil(N / 8) * ceil(K / 16) instructions; M, N and K need not be multiples of anything,
    and with K = 0 the product is 0. Sums stay in float32.
    Refuse: an a and a b whose K differ.
    """
    raise NotImplementedError


def waves(m, n, tile_m, tile_n, sms):
    """An m x n product in tiles of tile_m x tile_n, one at a time on each of `sms` SMs.

    (tiles, waves, tile utilisation, wave utilisation): a tile over the edge counts as a whole one, and so does a wave
    that is not full. Tile utilisation is m * n over the elements of all tiles, wave utilisation is tiles over waves
    times sms.
    Refuse: a 0.
    """
    raise NotImplementedError
