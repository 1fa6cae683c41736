"""Warps, blocks and SMs: a kernel that touches memory in order, an order that keeps warps together, and what an SM
holds.

A GPU runs a grid of blocks. A block lives on one SM; its threads are issued 32 at a time, as warps. A lane that has
nothing to do is switched off, and its slot is lost.

Legend: r row, c column, i index in memory; t thread; W warps of a block.
"""

from lab_sdk import simt  # noqa: F401  (w, x and y are its Warp and G)


def saxpy2d(w, x, y, a, rows, cols, pitch):
    """y[r, c] = a * x[r, c] + y[r, c], one element a thread.

    Row r begins at element r * pitch; what lies between cols and pitch is padding and stays as it is. The grid covers
    rows in y and columns in x, and may reach beyond both.
    """
    # x runs fastest inside a warp, and columns run fastest in memory: 32 lanes, 32 neighbours, 4 sectors.
    c = w.tx() + w.bid[0] * w.bdim[0]
    r = w.ty() + w.bid[1] * w.bdim[1]
    # The last blocks hang over the edge of the array: lanes outside it are switched off.
    with w.if_((r < rows) & (c < cols)):
        i = r * pitch + c
        w.st(y, i, w.ld(x, i) * a + w.ld(y, i))


def plan(kind):
    """The order in which threads take elements: thread t does element order[t], and no more than one warp is mixed.

    kind: bytes, 0 or 1 for each element -> a permutation of 0 .. n - 1.
    """
    # A branch is decided for 32 lanes at once, so only where the kinds meet may a warp hold both. Elements of one kind
    # stay in their order, so that neighbours in a warp stay as near in memory as they can.
    return [i for wanted in (0, 1) for i, k in enumerate(kind) if k == wanted]


def occupancy(k, sm):
    """How many blocks of kernel k an SM holds at once, their warps, and which resource stops the next block.

    Each resource is handed out in units, to a warp or to a block, and gives a limit of its own; the lowest one holds.
    Refuses a block of no threads or more than 1024, and a thread of no registers or more than 255.
    Source: CUDA C++ Programming Guide, compute capabilities; the arithmetic of cuda_occupancy.h.
    """
    require(0 < k["threads"] <= 1024, f"a block has 1 to 1024 threads, not {k['threads']}")
    require(0 < k["regs"] <= 255, f"a thread has 1 to 255 registers, not {k['regs']}")
    warps = ceil_div(k["threads"], 32)
    # A warp gets its registers from one of the SM's parts, so what a part has left over is lost.
    of_warp = round_up(32 * k["regs"], sm["reg_unit"])
    holds = sm["regs"] // sm["parts"] // of_warp * sm["parts"]                  # warps, by their registers
    # The driver keeps some shared memory of every block, also of one that asks for none.
    of_block = round_up(k["smem"] + sm["reserved"], sm["smem_unit"])
    limits = {
        "warps": sm["warps"] // warps,
        "blocks": sm["blocks"],
        "registers": holds // warps,
        "shared": sm["smem"] // of_block,
    }
    limiter = min(limits, key=limits.get)                                       # of equals, the first
    blocks = limits[limiter]
    return {"blocks": blocks, "warps": blocks * warps, "limiter": limiter}


def achieved(k, sm):
    """Estimated achieved occupancy in percent, as a profiler prints it: what an SM could hold, or what the grid brings
    to each SM if that is less.

    Source: "Est. Achieved Occupancy" of PyTorch's profiler (kineto, gpu_utilization.md).
    """
    could = occupancy(k, sm)["warps"] / sm["warps"]
    brings = k["grid"] * k["threads"] / (sm["sms"] * 32 * sm["warps"])
    return 100 * min(could, brings)


def kernel_cycles(n, work, sm, block, per_thread):
    """Cycles of a kernel over n elements, in blocks of `block` threads that do `per_thread` elements each.

    A thread issues setup + each * per_thread instructions and needs regs + regs_each * per_thread registers. A wave is
    as many blocks as all SMs hold; the last one takes as long as the others, however few blocks it has. In a wave each
    instruction costs `latency` cycles, or a cycle for each 4 warps that an SM holds, whichever is more.
    Refuses n = 0, per_thread = 0, and what cannot be launched.
    """
    require(n > 0 and per_thread > 0, f"{n} elements, {per_thread} for a thread: nothing to do")
    grid = ceil_div(n, block * per_thread) if block else 0
    regs = work["regs"] + work["regs_each"] * per_thread
    held = occupancy({"threads": block, "regs": regs, "smem": 0, "grid": grid}, sm)["blocks"]
    require(held > 0, f"a block of {block} threads with {regs} registers each does not fit an SM")
    waves = ceil_div(grid, sm["sms"] * held)
    # A small grid does not fill the SMs: each gets its share of the blocks.
    warps = min(held, ceil_div(grid, sm["sms"])) * ceil_div(block, 32)
    instructions = work["setup"] + work["each"] * per_thread
    return waves * instructions * max(work["latency"], ceil_div(warps, 4))


def choose_launch(n, work, sm):
    """(block, per_thread) with the fewest cycles: block a multiple of 32 up to 1024, per_thread 1 to 16.

    512 launches are few: each is priced by `kernel_cycles`, and those that do not fit are passed over. Refuses n = 0.
    """
    require(n > 0, "there is no element")
    priced = []
    for block in range(32, 1025, 32):
        for per_thread in range(1, 17):
            try:
                priced.append((kernel_cycles(n, work, sm, block, per_thread), block, per_thread))
            except ValueError:
                continue  # too many registers for the block
    require(priced != [], "no launch of this kernel fits an SM")
    return min(priced)[1:]


def ceil_div(a, b):
    return -(-a // b)


def round_up(n, unit):
    return ceil_div(n, unit) * unit


def require(condition, message):
    if not condition:
        raise ValueError(message)
