"""Warps, blocks and SMs. Write the functions below; others may stand beside them.

In a kernel a value has 32 lanes, and every operator is one instruction of the warp (lab_sdk.simt tells all of it):

    w.tx(), w.ty()                  threadIdx.x, threadIdx.y of each lane
    w.bid, w.bdim, w.gdim           blockIdx, blockDim, gridDim, as (x, y, z); the same for all lanes
    w.ld(x, i), w.st(y, i, v)       x[i], and y[i] = v, in the lanes that are on
    (r < rows) & (c < cols)         a condition, lane by lane; <= > >= == != | ~ likewise, but no `and`, `or`
    with w.if_(condition):          the lanes where it holds are on inside, the others off

Kernels and GPUs are dicts of numbers: k has threads, regs, smem, grid; sm has warps, blocks, regs, reg_unit, parts,
smem, smem_unit, reserved, sms; work has setup, each, latency, regs, regs_each. To refuse, raise ValueError.
"""

from lab_sdk import simt


def saxpy2d(w, x, y, a, rows, cols, pitch):
    """y[r, c] = a * x[r, c] + y[r, c] for all r < rows and c < cols, one element a thread.

    Element [r, c] lies at r * pitch + c in both x and y (rows * pitch elements each); the padding, cols <= c < pitch,
    stays as it is. The launch is 2-D: x covers the columns, y the rows, and the grid may reach beyond either. An access
    of a warp whose lanes are all on touches at most 4 sectors, 5 where a row begins in the middle of one.
    """
    raise NotImplementedError


def plan(kind):
    """The order in which threads take elements: thread t does element order[t].

    kind[i] (bytes) is 0 or 1 -> a permutation of 0 .. n - 1 in which at most one warp (threads 32 * k to 32 * k + 31)
    has elements of both kinds.
    """
    raise NotImplementedError


def occupancy(k, sm):
    """Blocks of kernel k that an SM holds at once, their warps, and what stops the next block: {"blocks", "warps",
    "limiter"}.

    A block has ceil(threads / 32) warps. The SM has room for
        sm["warps"] warps and sm["blocks"] blocks;
        registers: 32 * k["regs"] a warp, rounded up to a multiple of sm["reg_unit"]. The SM's registers lie in
        sm["parts"] equal parts, and a warp's lie in one of them: each part holds a whole number of warps;
        shared memory: k["smem"] + sm["reserved"] a block, rounded up to a multiple of sm["smem_unit"].
    "blocks" is the lowest of the four limits, 0 if one block does not fit. "limiter" names it: "warps", "blocks",
    "registers" or "shared", the first in this order where several are lowest.
    Refuse: no threads, or more than 1024; no registers, or more than 255.
    """
    raise NotImplementedError


def achieved(k, sm):
    """Estimated achieved occupancy in percent: 100 * min(occupancy's warps / sm["warps"], threads of the whole grid /
    threads that all SMs have room for).

    Refuse: what occupancy refuses.
    """
    raise NotImplementedError


def kernel_cycles(n, work, sm, block, per_thread):
    """Cycles of a kernel over n elements, in blocks of `block` threads that do `per_thread` elements each.

        grid          = ceil(n / (block * per_thread)) blocks, each thread with regs + regs_each * per_thread registers
        held          = blocks that an SM holds (occupancy, no shared memory)
        waves         = ceil(grid / (sms * held))
        warps         = those of an SM: min(held, ceil(grid / sms)) blocks of them
        instructions  = setup + each * per_thread
        cycles        = waves * instructions * max(latency, ceil(warps / 4))

    Refuse: n = 0; per_thread = 0; what occupancy refuses; a block that does not fit an SM.
    """
    raise NotImplementedError


def choose_launch(n, work, sm):
    """(block, per_thread) for n elements: block a multiple of 32 up to 1024, per_thread 1 to 16, at most 5 % above the
    fewest cycles (kernel_cycles) that any of them takes.

    Refuse: n = 0.
    """
    raise NotImplementedError
