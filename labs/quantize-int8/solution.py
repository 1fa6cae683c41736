"""INT8 affine quantization, to the bit: the arithmetic that LiteRT's reference kernels do, in NumPy.

    real value = scale * (code - zero point)

Codes are int8. An activation has one scale and a zero point; a weight has a scale for each output channel, zero
point 0, and codes that stop at -127.

Legend: T rows (tokens, pixels), K inputs, N outputs; lo, hi the smallest and largest code allowed;
acc an int32 accumulator; mult, shift the integer form of a real factor, mult * 2**(shift - 31).
"""

import math

import numpy as np


def qparams(min, max):
    """(scale, zero point) that spread [min, max], widened to hold 0, over the 256 codes -128..127.

    Refuses NaN, infinities and min > max. A range of nothing but 0 has no step; (1, 0) represents it.
    Source: the 8-bit quantization specification of TFLite.
    """
    low, high = float(np.float32(min)), float(np.float32(max))
    require(math.isfinite(low) and math.isfinite(high), f"range [{min}, {max}] is not finite")
    require(low <= high, f"min {min} is above max {max}")
    # Padding and ReLU write an exact 0, so 0 must be one of the 256 values.
    low, high = float(np.minimum(low, 0.0)), float(np.maximum(high, 0.0))
    if low == high:
        return 1.0, 0
    # 256 codes have 255 steps between them: low <-> -128, high <-> 127.
    scale = (high - low) / 255.0
    require(np.float32(scale) >= np.finfo(np.float32).tiny, f"range [{min}, {max}] is too narrow for an f32 scale")
    # Where does 0 fall? Solve low = scale * (-128 - zp). The sum lies in [-128, 127], and so does zp.
    zp = round_half_away(-128.0 - low / scale)
    return float(np.float32(scale)), int(zp)


def quantize(x, scale, zp, axis, lo):
    """The codes of x: clamp(round(x / scale) + zp, lo, 127).

    x f32 of any shape -> int8 of that shape. scale and zp hold one value when axis is None, else x.shape[axis].
    Refuses NaN and infinities in x, and what `along` refuses.
    """
    x = np.asarray(x, np.float32)
    require(-128 <= lo <= 127, f"lo {lo} is not a code")
    require(bool(np.isfinite(x).all()), "x holds NaN or an infinity")
    scale, zp = along(x.shape, scale, zp, axis)
    # One f32 division, as the kernel does it: x * (1 / scale) rounds twice and moves values that lie near a half step.
    with np.errstate(over="ignore"):
        steps = x / scale
    # The zero point moves the code, then the ends of the type apply; the other order would cut off part of the range.
    return np.asarray(np.clip(round_half_away(steps) + zp, lo, 127), np.int8)


def dequantize(q, scale, zp, axis):
    """The real values of codes: scale * (q - zp), f32 of q's shape. The zero point gives exactly 0."""
    q = np.asarray(q, np.int8)
    scale, zp = along(q.shape, scale, zp, axis)
    # q - zp reaches 255, which int8 does not hold.
    with np.errstate(over="ignore"):
        return np.asarray(scale * (q.astype(np.int32) - zp).astype(np.float32))


def quantize_multiplier(m):
    """(mult, shift) with m = mult * 2**(shift - 31) and mult in [2**30, 2**31): a real factor for integer hardware.

    Refuses negative and non-finite m. 0, and what is too small for a shift of -31, give (0, 0).
    Source: QuantizeMultiplier in TFLite's quantization_util.
    """
    m = float(m)
    require(math.isfinite(m) and m >= 0.0, f"multiplier {m} is negative or not finite")
    if m == 0.0:
        return 0, 0
    # m = fraction * 2**shift with fraction in [1/2, 1): 31 bits of it are kept, the leading one included.
    fraction, shift = math.frexp(m)
    mult = int(round_half_away(fraction * 2.0**31))
    if mult == 2**31:
        # Rounded up to 1, which does not fit: 1 * 2**shift = 1/2 * 2**(shift + 1).
        mult, shift = mult // 2, shift + 1
    if shift < -31:
        # Even the largest accumulator would end below half a code.
        return 0, 0
    return mult, shift


def requant(acc, mult, shift, out_zp, lo, hi):
    """Accumulators to codes with integers only: clamp(acc * mult * 2**(shift - 31) + out_zp, lo, hi), rounded twice.

    acc (T, N) int32; mult, shift of length N, shift in -31..30 -> (T, N) int8. [lo, hi] is all of int8, or a fused
    activation: ReLU starts at lo = out_zp.
    Source: MultiplyByQuantizedMultiplier in TFLite, on the two primitives of gemmlowp's fixedpoint.h.
    """
    acc = np.asarray(acc, np.int32).astype(np.int64)                            # (T, N)
    mult, shift = np.asarray(mult, np.int64), np.asarray(shift, np.int64)       # (N), (N)
    require(acc.ndim == 2, f"acc has shape {acc.shape}, wanted (T, N)")
    require(mult.shape == shift.shape == acc.shape[1:], "mult and shift need one value for each column of acc")
    require(bool(((-31 <= shift) & (shift <= 30)).all()), "shift lies outside -31..30")
    require(-128 <= lo <= hi <= 127, f"codes [{lo}, {hi}] are not a range of int8")
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    # A factor above 1 shifts left before the multiplication, so that no bit is lost.
    acc = np.clip(acc << left, -(2**31), 2**31 - 1)
    code = rounding_divide_by_pot(high_mul(acc, mult), right)
    return np.clip(code + out_zp, lo, hi).astype(np.int8)


def linear_i8(x, x_zp, w, bias, mult, shift, out_zp):
    """A linear layer in integers: requant(sum over k of (x - x_zp) * w + bias).

    x (T, K) int8, w (N, K) int8 with zero point 0, bias (N) int32 at scale x_scale * w_scale[n] -> (T, N) int8.
    Refuses matrices whose K differ. Source: Jacob et al., arXiv 1712.05877, section 2.3.
    """
    x, w, bias = np.asarray(x, np.int8), np.asarray(w, np.int8), np.asarray(bias, np.int32)
    require(x.ndim == 2 and w.ndim == 2, f"x {x.shape} and w {w.shape} must be matrices")
    require(x.shape[1] == w.shape[1], f"x has K = {x.shape[1]}, w has K = {w.shape[1]}")
    require(bias.shape == w.shape[:1], f"bias has shape {bias.shape}, wanted ({len(w)},)")
    # sum((x - x_zp) * w) = sum(x * w) - x_zp * sum(w): the second part knows nothing of x and joins the bias.
    folded = bias - int(x_zp) * w.sum(axis=1, dtype=np.int64)                   # (N)
    # f64 holds every integer up to 2**53, so this product is exact, and NumPy is fast at it; f32 stops at 2**24.
    products = (x.astype(np.float64) @ w.astype(np.float64).T).astype(np.int64) # (T, N)
    # Modulo 2**32, as an int32 register has it; a sum that fits is left as it is.
    acc = (products + folded).astype(np.int32)                                  # (T, N)
    return requant(acc, mult, shift, out_zp, -128, 127)


def clip_max(x, bits):
    """The clip c whose symmetric `bits`-bit grid has the least squared error on x: step c / L, codes -L..L.

    x (n) f32, L = 2**(bits - 1) - 1. Values beyond c become c, and that error counts too. c is the best of 2048 clips,
    max|x| * j / 2048. An all-zero x has no best clip and gives 0. Refuses an empty or non-finite x, bits outside 2..8.
    """
    x = np.asarray(x, np.float32).ravel()
    require(x.size > 0 and bool(np.isfinite(x).all()), "x is empty or not finite")
    require(2 <= bits <= 8, f"{bits} bits: wanted 2 to 8")
    levels = 2 ** (bits - 1) - 1
    # The grid is symmetric, so only magnitudes matter. In sorted order the values that share a code are neighbours, and
    # running sums give the error of a whole code from its two ends:
    #     sum (a - v)**2 = sum a**2 - 2 v sum a + v**2 count
    a = np.sort(np.abs(x)).astype(np.float64)                                   # (n)
    sums = np.concatenate([[0.0], np.cumsum(a)])                                # (n + 1)
    squares = np.concatenate([[0.0], np.cumsum(a * a)])                         # (n + 1)

    clips = (a[-1] * np.arange(1, 2049) / 2048).astype(np.float32)              # (2048)
    clips = clips[clips > 0]
    if clips.size == 0:
        return 0.0
    step = clips.astype(np.float64)[:, None] / levels                           # (2048, 1)
    code = np.arange(levels + 1)                                                # (L + 1)
    # Code v holds the magnitudes from (v - 1/2) step up to (v + 1/2) step; the last one holds everything above.
    ends = np.searchsorted(a, (code[1:] - 0.5) * step)                          # (2048, L)
    ends = np.pad(ends, ((0, 0), (1, 1)), constant_values=(0, a.size))          # (2048, L + 2)
    v = code * step
    error = np.diff(squares[ends]) - 2 * v * np.diff(sums[ends]) + v * v * np.diff(ends)
    return float(clips[np.argmin(error.sum(axis=1))])


def round_half_away(v):
    """Nearest integer, halves away from zero (NumPy's round takes them to even), as a float64.

    In float64 the sum |v| + 1/2 is exact for every float32 that has a fraction.
    """
    v = np.asarray(v, np.float64)
    return np.copysign(np.floor(np.abs(v) + 0.5), v)


def high_mul(a, b):
    """round(a * b / 2**31), halves upwards: gemmlowp's SaturatingRoundingDoublingHighMul.

    "Doubling": the high 32 bits of 2ab. (-2**31)**2 is the one product that does not fit, and saturates.
    """
    return np.minimum((a * b + 2**30) >> 31, 2**31 - 1)


def rounding_divide_by_pot(x, exponent):
    """round(x / 2**exponent), halves away from zero: gemmlowp's RoundingDivideByPOT (power of two).

    >> rounds down. The remainder it dropped decides whether to add 1; below zero an exact half must not.
    """
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def along(shape, scale, zp, axis):
    """scale (f32) and zp (int64) shaped to broadcast over `shape`: one value, or one for each index of `axis`.

    Refuses an axis that is not there, a wrong length, a scale that is not positive and finite, a zp that is no code.
    """
    scale, zp = np.asarray(scale, np.float32), np.asarray(zp, np.int64)
    require(axis is None or 0 <= axis < len(shape), f"axis {axis} of a tensor of rank {len(shape)}")
    count = 1 if axis is None else shape[axis]
    require(scale.shape == zp.shape == (count,), f"wanted {count} scales and zero points")
    require(bool((np.isfinite(scale) & (scale > 0)).all()), "a scale is not positive and finite")
    require(bool(((-128 <= zp) & (zp <= 127)).all()), "a zero point lies outside [-128, 127]")
    if axis is None:
        return scale[0], zp[0]
    # NumPy lines up trailing axes; ours is any, so the others become 1.
    column = [-1 if a == axis else 1 for a in range(len(shape))]
    return scale.reshape(column), zp.reshape(column)


def require(condition, message):
    if not condition:
        raise ValueError(message)
