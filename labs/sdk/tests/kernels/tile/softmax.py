"""Fused softmax (after Triton tutorial 02): a program for each row, which is read once and written once."""

from lab_sdk import triton
from lab_sdk.triton import language as tl


@triton.jit
def softmax(x, y, n, BLOCK: tl.constexpr):
    """y = exp(x - max x) / Σ exp(x - max x), along rows of `n`; BLOCK is a power of two that is not below it."""
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    mask = columns < n
    v = tl.load(x + row * n + columns, mask=mask, other=-float("inf"))
    v = v - tl.max(v, axis=0)
    v = tl.exp(v)
    v = v / tl.sum(v, axis=0)
    tl.store(y + row * n + columns, v, mask=mask)
