"""A GPU on one core of this machine: kernels in the shape of CUDA's, run exactly, counted by the rules of NVIDIA's own
guides, and watched for races. Left out: time. There is no clock, no latency and no cache here, only counts.

    from lab_sdk import simt
    from lab_sdk.simt import Cfg, G

    # y = a x + y: thread i of the grid owns element i; the last block is partly empty.
    def saxpy(w, n, a, x, y):
        i = w.tid() + w.bid[0] * w.bdim[0]
        with w.if_(i < n):
            w.st(y, i, w.ld(x, i) * a + w.ld(y, i))

    x, y = G("x", [1.0] * 1000), G("y", [2.0] * 1000)
    report = simt.launch(Cfg((4, 1, 1), (256, 1, 1)), saxpy, 1000, 3.0, x, y)
    assert not report.faults and (y.to_vec() == 5.0).all()
    assert report.counters.gld_sectors == 2 * 1000 / 8  # x and y, eight floats to a sector

It is the twin of the Rust module `lab_sdk::simt`: the same names, the same counts and faults, and from the same seed
the same run, so that a race computes the same wrong number in both.

The model

* A value of a kernel is a register of 32 lanes: F, U, I, the halves H and B and pairs of them H2 and B2; a condition is
  P. A warp is one stream of instructions over such values, as in the hardware. Each operator is one instruction.
* Control flow that is the same for the whole warp is plain Python: `for k in range(n)`. Where lanes may part, the
  branch is said: `with w.if_(c):`, `then, otherwise = w.if_else(c)`, `for _ in w.while_(lambda: c):` switch lanes off
  and on again. `if c:`, `and` and `or` on a condition are refused. `return` inside such a block would end the whole
  warp.
* A variable that changes inside a branch is a Reg: `set` writes the lanes that are on. Python's `=` replaces all 32;
  the lanes that were off then hold poison (NaN, 0xDEADBEEF), and using one is a fault that says so.
* A barrier is `yield w.sync()`: a kernel with barriers is a generator, one without is a plain function. Inside a branch
  it ends the launch: a barrier that only some lanes reach hangs a real GPU.
* The warps of a block run between two barriers in an order drawn from Cfg.seed, and so do the blocks: a missing barrier
  computes wrong numbers, here as there, and the history of every shared word names both sides of the race.

What is counted

R1   a warp's global access costs the distinct 32-byte sectors that its active lanes touch; lines are 128 bytes
     (CUDA C++ Best Practices Guide 10.2.1)
R2   buffers begin at addresses that 256 divides; G.offset gives a view at an offset (same, cudaMalloc)
R3   32 banks of 4 bytes; bank = (byte address / 4) mod 32 (same, 10.2.3.1)
R4   a shared access costs the most distinct words in one bank (wavefronts); lanes that share a word cost nothing (same)
R5   a 16-byte access (ld4) is one instruction; its sectors are counted over the warp (R1)
R6   both sides of a branch are issued when both have lanes, an empty side is skipped; lanes meet again at its end
     (CUDA C++ Programming Guide, SIMT Architecture)
R7   each operator, access, shuffle, vote, barrier, branch and mma is one warp instruction, whatever the lanes
     (Nsight Compute: smsp__inst_executed)
R8   a shuffle reads lanes that are on; reading another gives poison and is a fault (Programming Guide, Warp Shuffle
     Functions)
R9   write-read, read-write and write-write of one shared word by two warps with no barrier between, or by two lanes of
     a warp with no syncwarp between. Two writes of one value are none (Compute Sanitizer, racecheck)
R10  every warp of the block reaches every barrier (Programming Guide, Synchronization Functions; PTX ISA, barrier)
R11  where the elements of a fragment of mma.m16n8k16 lie (PTX ISA 9.7.14.5.8)
R12  how many blocks an SM holds (Programming Guide, Compute Capabilities; cuda_occupancy.h)

Thread, lane and block numbers, constants, and moves between registers are no instructions: compilers make them vanish.
"""

from .barrier import Barrier
from .cfg import MAX_BUDGET, MAX_WARPS, Cfg, Order
from .counters import Counters
from .fault import Fault, FaultKind, Place
from .floats import F
from .global_memory import G
from .halves import B, B2, H, H2
from .integers import I, U
from .launch import Report, launch
from .now import W
from .occupancy import Limit, Occupancy, occupancy
from .preset import Preset, Sm
from .reg import Reg
from .shared_memory import S
from .trace import Issue, LaneAccess, Surplus, Trace
from .value import P, V, bf16, f16, f32, i32, u32
from .warp import Warp

__all__ = [
    "B", "B2", "Barrier", "Cfg", "Counters", "F", "Fault", "FaultKind", "G", "H", "H2", "I", "Issue", "LaneAccess",
    "Limit", "MAX_BUDGET", "MAX_WARPS", "Occupancy", "Order", "P", "Place", "Preset", "Reg", "Report", "S", "Sm",
    "Surplus", "Trace", "U", "V", "W", "Warp", "bf16", "f16", "f32", "i32", "launch", "occupancy", "u32",
]
