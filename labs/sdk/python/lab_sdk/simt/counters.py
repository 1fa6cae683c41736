"""What a launch costs, in counts that are the same on every machine."""

from dataclasses import dataclass


@dataclass
class Counters:
    """Sums over the whole launch. The rules R1 to R12 are those of the package."""

    # Instructions issued, one for the whole warp (R7); and done, one for each lane that was on.
    warp_inst: int = 0
    thread_inst: int = 0
    # Branches: `if_`, `if_else`, and each test of a `while_`; those whose lanes parted (R6).
    branches: int = 0
    div_branches: int = 0
    # Barriers, counted by each warp; shuffles; `mma_m16n8k16`.
    barriers: int = 0
    shfl: int = 0
    mma: int = 0
    # Atomic operations, one for each lane that was on.
    atomics: int = 0
    # Loads from global memory: requests, 32-byte sectors (R1), 128-byte lines, bytes that lanes asked for.
    gld_req: int = 0
    gld_sectors: int = 0
    gld_lines: int = 0
    gld_bytes: int = 0
    # Stores to global memory: requests, 32-byte sectors, bytes.
    gst_req: int = 0
    gst_sectors: int = 0
    gst_bytes: int = 0
    # Loads from shared memory and stores to it, and their wavefronts (R4): as many where no bank conflicts.
    sld_req: int = 0
    sld_waves: int = 0
    sst_req: int = 0
    sst_waves: int = 0
    # Lanes whose shared access raced with another warp's (R9; once, and here if it raced with both), with another
    # lane's.
    hazards_inter: int = 0
    hazards_intra: int = 0
    # Lanes whose global access raced with a store before it, of another block, warp or lane.
    hazards_global: int = 0
    # Lanes that read shared words which the block had not written; global elements which nobody had written.
    uninit_smem: int = 0
    uninit_global: int = 0
    # Lanes that read or wrote beyond the end of a buffer or array.
    oob: int = 0
    # Lanes that read a lane which was off, in a shuffle (R8).
    shfl_inactive: int = 0
    # Lanes that used a value which they had never made.
    poison: int = 0

    def efficiency(self):
        """Lanes that were on, of those that were issued: thread_inst / (32 warp_inst); 1 if nothing was."""
        return ratio(self.thread_inst, 32 * self.warp_inst)

    def sectors_per_load(self):
        """Sectors of a global load: 4 is the least for 32 neighbouring floats."""
        return ratio(self.gld_sectors, self.gld_req)

    def sectors_per_store(self):
        """Sectors of a global store."""
        return ratio(self.gst_sectors, self.gst_req)


def ratio(a, b):
    return 1.0 if b == 0 else a / b
