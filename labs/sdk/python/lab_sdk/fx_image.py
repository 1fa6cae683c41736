"""Convolutions, pools and norms of images (N, C, H, W) in NumPy, and norms of the last dimensions."""

import numpy as np


def pair(value):
    """One number, or one for each direction."""
    return (value, value) if isinstance(value, int) else tuple(value)


def windows(x, kernel, stride, padding, dilation=(1, 1), around=0.0):
    """(N, C, H', W', kh, kw): what each place of a kernel sees."""
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = kernel, stride, padding, dilation
    if ph or pw:
        x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=x.dtype.type(around))
    seen = np.lib.stride_tricks.sliding_window_view(x, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), (2, 3))
    return seen[:, :, ::sh, ::sw, ::dh, ::dw]


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """x (N, C, H, W), w (O, C / groups, k, k), bias (O)."""
    n, c = input.shape[:2]
    o, of_group, kh, kw = weight.shape
    if c != of_group * groups or o % groups:
        raise ValueError(f"{c} channels in {groups} groups for weights {weight.shape}")
    seen = windows(input, (kh, kw), pair(stride), pair(padding), pair(dilation))
    h, w = seen.shape[2:4]
    out = np.empty((n, o, h, w), input.dtype)
    for g in range(groups):
        # (N, H' W', C / groups k k) times (C / groups k k, O / groups)
        part = seen[:, g * of_group : (g + 1) * of_group].transpose(0, 2, 3, 1, 4, 5).reshape(n, h * w, -1)
        filters = weight[g * (o // groups) : (g + 1) * (o // groups)].reshape(o // groups, -1)
        out[:, g * (o // groups) : (g + 1) * (o // groups)] = (part @ filters.T).transpose(0, 2, 1).reshape(n, -1, h, w)
    return out if bias is None else out + bias[:, None, None]


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """(x - mean) / sqrt(var + eps) · weight + bias for each channel; in training mode with the batch's own statistics."""
    wide = lambda t: t.reshape((1, -1) + (1,) * (input.ndim - 2))
    axes = (0,) + tuple(range(2, input.ndim))
    mean, var = (input.mean(axes), input.var(axes)) if training else (running_mean, running_var)
    out = (input - wide(mean)) / np.sqrt(wide(var) + eps)
    out = out if weight is None else out * wide(weight)
    return out if bias is None else out + wide(bias)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """The same over the last dimensions."""
    axes = tuple(range(input.ndim - len(normalized_shape), input.ndim))
    out = (input - input.mean(axes, keepdims=True)) / np.sqrt(input.var(axes, keepdims=True) + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


def pool2d(input, kernel_size, stride, padding, largest):
    """Zeros around an image count in an average, as torch counts them, and never win a maximum."""
    kernel = pair(kernel_size)
    around = -np.inf if largest else 0.0
    seen = windows(input, kernel, kernel if stride is None else pair(stride), pair(padding), around=around)
    return seen.max((4, 5)) if largest else seen.mean((4, 5), dtype=input.dtype)


def adaptive_avg_pool2d(input, output_size):
    if pair(output_size) != (1, 1):
        raise ValueError("only an adaptive pool to 1 x 1 is here")
    return input.mean((2, 3), keepdims=True)
