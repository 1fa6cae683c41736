"""FlashAttention, forward (Dao et al., 2205.14135): a program for a block of queries, which walks over blocks of keys and
keeps the largest score and the sum of weights so far of each row. The scores never lie in global memory."""

from lab_sdk import triton
from lab_sdk.triton import language as tl


@triton.jit
def flash(q, k, v, o, n, scale, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, CAUSAL: tl.constexpr):
    """o = softmax(q kᵀ scale) v for (n, D) matrices; BM and BN divide n, and BN BM where a query sees no later key."""
    program = tl.program_id(0)
    rows = program * BM + tl.arange(0, BM)
    d = tl.arange(0, D)
    of_q = tl.load(q + rows[:, None] * D + d[None, :])
    m = tl.full((BM,), -float("inf"), tl.float32)
    l = tl.zeros((BM,), tl.float32)
    acc = tl.zeros((BM, D), tl.float32)
    end = (program + 1) * BM if CAUSAL else n
    for start in range(0, end, BN):
        keys = start + tl.arange(0, BN)
        at = keys[:, None] * D + d[None, :]
        of_k = tl.trans(tl.load(k + at))
        s = tl.dot(of_q, of_k)
        s = s * scale
        if CAUSAL:
            s = tl.where(rows[:, None] >= keys[None, :], s, -float("inf"))
        top = tl.maximum(m, tl.max(s, 1))
        alpha = tl.exp(m - top)
        m = top
        s = s - m[:, None]
        s = tl.exp(s)
        l = l * alpha + tl.sum(s, 1)
        acc = acc * alpha[:, None]
        of_v = tl.load(v + at)
        acc = tl.dot(s.to(of_v.dtype), of_v, acc)
    tl.store(o + rows[:, None] * D + d[None, :], acc / l[:, None])
