"""z = a x + y, a block of elements for each program."""

from lab_sdk import triton
from lab_sdk.triton import language as tl


@triton.jit
def axpy(x, y, z, n, a, BLOCK: tl.constexpr):
    """The last block is partly masked."""
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    v = tl.load(x + offs, mask=mask, other=0.0) * a + tl.load(y + offs, mask=mask, other=0.0)
    tl.store(z + offs, v, mask=mask)
