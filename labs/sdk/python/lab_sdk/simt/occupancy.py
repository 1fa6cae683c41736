"""Rule R12: how many blocks of a kernel an SM holds at once, and what stops the next one."""

from dataclasses import dataclass
from enum import Enum

from .now import W

# Registers are handed to a warp in units of so many.
REGISTER_UNIT = 256
# An SM is four partitions, each with its own scheduler and a quarter of the registers.
PARTITIONS = 4
# Shared memory is handed out in units of so many bytes.
SHARED_UNIT = 128
# Bytes of shared memory that the system keeps of each block's (compute capability 8.0 and later).
SHARED_RESERVED = 1024


class Limit(str, Enum):
    """A resource of an SM."""

    Warps = "Warps"
    Blocks = "Blocks"
    Registers = "Registers"
    SharedMemory = "SharedMemory"


@dataclass(frozen=True)
class Occupancy:
    """Blocks that are resident on one SM (0 if the kernel cannot be launched), their warps, these over the warps that
    the SM could hold, and the resource that stops the next block."""

    blocks: int
    warps: int
    fraction: float
    limit: Limit


def up_to(n, unit):
    """The next multiple of `unit`."""
    return -(-n // unit) * unit


def occupancy(sm, threads, registers, shared):
    """Occupancy of blocks of `threads` threads, each with `registers` registers (0: unknown, no limit), and `shared`
    bytes of shared memory a block. Of several limits that are equally low the first of `Limit` is named.

    Source: CUDA C++ Programming Guide, and the arithmetic of NVIDIA's cuda_occupancy.h."""
    warps = max(-(-threads // W), 1)
    by_registers = 1 << 32
    if registers:
        of_warp = up_to(registers * W, REGISTER_UNIT)
        by_registers = sm.registers // PARTITIONS // of_warp * PARTITIONS // warps
    by_shared = 0
    if shared <= sm.shared_per_block:
        by_shared = sm.shared // up_to(shared + SHARED_RESERVED, SHARED_UNIT)
    limits = [
        (sm.warps // warps, Limit.Warps),
        (sm.blocks, Limit.Blocks),
        (by_registers, Limit.Registers),
        (by_shared, Limit.SharedMemory),
    ]
    blocks, limit = min(limits, key=lambda pair: pair[0])
    return Occupancy(blocks, blocks * warps, blocks * warps / sm.warps, limit)
