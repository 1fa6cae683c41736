"""A rewrite of three functions with broadcasting: an answer for the save-to-verdict bench."""

import numpy as np


def ruler(shape, scale, zp, axis):
    scale, zp = np.asarray(scale, np.float32), np.asarray(zp, np.int64)
    if axis is not None and not axis < len(shape):
        raise ValueError("no such axis")
    count = 1 if axis is None else shape[axis]
    if len(scale) != count or len(zp) != count:
        raise ValueError("scales and zero points do not fit the axis")
    if not np.all(np.isfinite(scale) & (scale > 0)) or np.any((zp < -128) | (zp > 127)):
        raise ValueError("no ruler")
    extents = [1] * len(shape)
    if axis is not None:
        extents[axis] = count
    return scale.reshape(extents), zp.reshape(extents)


def qparams(min, max):
    if not (np.isfinite(min) and np.isfinite(max)) or min > max:
        raise ValueError("no range")
    low, high = np.minimum(np.float64(min), 0.0), np.maximum(np.float64(max), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / 255
    zero = -128 - low / scale
    return scale, int(np.copysign(np.floor(abs(zero) + 0.5), zero))


def quantize(x, scale, zp, axis, lo):
    s, z = ruler(x.shape, scale, zp, axis)
    if not np.isfinite(x).all():
        raise ValueError("x is not finite")
    steps = (x / s).astype(np.float64)
    rounded = np.trunc(steps + np.copysign(0.5, steps))
    return np.clip(rounded + z, lo, 127).astype(np.int8)


def dequantize(q, scale, zp, axis):
    s, z = ruler(q.shape, scale, zp, axis)
    return ((q.astype(np.int64) - z).astype(np.float32) * s).astype(np.float32)
