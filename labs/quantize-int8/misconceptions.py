"""Misconceptions as people write them in NumPy; the trials read this file after solution.py and let one function take over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""

# What must be refused is left to the right functions, so that only the mistake differs.
right_qparams, right_quantize, right_requant, right_clip_max = qparams, quantize, requant, clip_max  # noqa: F821


def no_zero_in_range(min, max):
    """The ruler of [min, max] as it is, without 0."""
    right = right_qparams(min, max)
    if min == max:
        return right
    scale = (np.float64(max) - np.float64(min)) / 255
    zp = -128 - np.float64(min) / scale
    return scale, int(np.copysign(np.floor(abs(zp) + 0.5), zp))


def rounds_half_even(x, scale, zp, axis, lo):
    """np.round takes halves to even."""
    right_quantize(x, scale, zp, axis, lo)
    shape = [1] * x.ndim
    if axis is not None:
        shape[axis] = -1
    steps = np.round(x / np.reshape(scale, shape)).astype(np.float64)
    return np.clip(steps + np.reshape(zp, shape), lo, 127).astype(np.int8)


def float_requant(acc, mult, shift, out_zp, lo, hi):
    """One multiplication by the real factor, one rounding."""
    right_requant(acc, mult, shift, out_zp, lo, hi)
    real = acc.astype(np.float64) * (mult.astype(np.float64) * 2.0 ** (shift.astype(np.float64) - 31))
    rounded = np.copysign(np.floor(np.abs(real) + 0.5), real)
    return np.clip(rounded + out_zp, lo, hi).astype(np.int8)


def max_abs(x, bits):
    """The largest magnitude, whatever the bits."""
    right_clip_max(x, bits)
    return float(np.abs(x).max())
