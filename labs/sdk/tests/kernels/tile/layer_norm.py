"""Fused layer normalization: a program for each row, which is read once and written once."""

from lab_sdk import triton
from lab_sdk.triton import language as tl


@triton.jit
def layer_norm(x, g, b, y, n, eps, BLOCK: tl.constexpr):
    """y = (x - mean x) / √(var x + eps) g + b, along rows of `n`; BLOCK is a power of two that is not below it."""
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    mask = columns < n
    v = tl.load(x + row * n + columns, mask=mask, other=0.0).to(tl.float32)
    v = tl.where(mask, v - tl.sum(v, axis=0) / n, 0.0)
    rstd = tl.rsqrt(tl.sum(v * v, axis=0) / n + eps)
    v = v * rstd
    v = v * tl.load(g + columns, mask=mask, other=0.0)
    v = v + tl.load(b + columns, mask=mask, other=0.0)
    tl.store(y + row * n + columns, v, mask=mask)
