"""INT8 affine quantization, to the bit. Write the functions below; others may stand beside them.

    real value = scale * (code - zero point)

T rows (tokens, pixels), K inputs, N outputs. Arrays are NumPy's, of the dtype given. To refuse, raise ValueError.
"""

import numpy as np


def qparams(min, max):
    """(scale, zero point) that spread the range over the codes -128..127.

    Widen [min, max] to hold 0. In float64: scale = (max - min) / 255, zp = round(-128 - min / scale), halves away from
    zero. The range [0, 0] gives (1, 0).
    Refuse: NaN, infinities, min > max.
    """
    raise NotImplementedError


def quantize(x, scale, zp, axis, lo):
    """The codes of x: clamp(round(x / scale) + zp, lo, 127).

    x float32 of any shape -> int8 of that shape. scale (float32) and zp (int32) hold one value when axis is None, else
    x.shape[axis]. Divide in float32; round halves away from zero (np.round does not).
    Refuse: NaN or an infinity in x; a scale that is 0, negative or NaN; a zp outside -128..127; an axis that x does not
    have; scales or zero points of the wrong length.
    """
    raise NotImplementedError


def dequantize(q, scale, zp, axis):
    """The real values of codes: scale * (q - zp), float32 of q's shape.

    q int8. scale, zp, axis and what to refuse: as in quantize.
    """
    raise NotImplementedError


def quantize_multiplier(m):
    """(mult, shift): the factor m as mult * 2**(shift - 31).

    m = fraction * 2**shift with fraction in [1/2, 1); mult = round(fraction * 2**31), halves away from zero. When that
    gives 2**31, halve mult and add 1 to shift. m = 0, and any shift below -31, give (0, 0).
    Refuse: a negative m, NaN, infinities.
    """
    raise NotImplementedError


def requant(acc, mult, shift, out_zp, lo, hi):
    """Accumulators to codes, in integers and rounded twice: clamp(acc * mult[n] * 2**(shift[n] - 31) + out_zp, lo, hi).

    acc (T, N) int32, mult and shift (N) int32, shift in -31..30 -> (T, N) int8.
        a = acc * 2**max(shift, 0)
        h = round(a * mult / 2**31), halves upwards, saturated to int32  (gemmlowp: SaturatingRoundingDoublingHighMul)
        q = round(h / 2**max(-shift, 0)), halves away from zero          (gemmlowp: RoundingDivideByPOT)
        clamp(q + out_zp, lo, hi)
    """
    raise NotImplementedError


def linear_i8(x, x_zp, w, bias, mult, shift, out_zp):
    """A linear layer in integers: requant(sum over k of (x - x_zp) * w + bias, .., -128, 127).

    x (T, K) int8, w (N, K) int8 with zero point 0, bias (N) int32 at scale x_scale * w_scale[n] -> (T, N) int8. The sum
    is an int32.
    Refuse: an x and a w whose K differ.
    """
    raise NotImplementedError


def clip_max(x, bits):
    """The clip c > 0 with the least squared error of x on the symmetric grid of `bits` bits (2..8).

    x (n) float32. L = 2**(bits - 1) - 1; step c / L; codes -L..L; x is coded as clamp(round(x * L / c), -L, L). The
    error of the clipped values counts. At most 1.02 times the best of 2048 evenly spaced clips up to max|x|.
    Refuse: an empty x, NaN, infinities.
    """
    raise NotImplementedError
