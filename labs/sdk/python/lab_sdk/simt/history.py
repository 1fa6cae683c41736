"""The history of a shared word: who wrote it and who read it, where and when. It is what a race is found with (rule
R9).

Time counts barriers, `syncwarp`s and blocks. A mark is older than the last barrier exactly when its time is less than
the barrier's, so that nothing is cleared at a barrier or between blocks. Who is a place of the kernel, a warp and a
lane in one number: place << 16 | warp << 8 | lane, and lane 255 stands for several.

A read is noted in a list, which a barrier empties: only a write before the next barrier wants to know who has read.
"""

import numpy as np

SEVERAL = 0xFF
# The list of reads is worked off when it has grown so long.
LONGEST = 1 << 12


class Times:
    """What an access of a warp is judged by: the time now, of the block's beginning, of its last barrier, and of the
    warp's last syncwarp (or that barrier)."""

    __slots__ = ("warp", "now", "block", "barrier", "syncwarp")

    def __init__(self, warp, now, block, barrier, syncwarp):
        self.warp, self.now, self.block, self.barrier, self.syncwarp = warp, now, block, barrier, syncwarp


def warp_of(who):
    return who >> 8 & 0xFF


def same_lane(a, b):
    """Whether both are one and the same lane of a warp."""
    return ((a ^ b) & 0xFF == 0) & (a & 0xFF != SEVERAL)


class History:
    """Marks of each cell, a cell being a word, or a half where arrays of halves are declared: time and who of the last
    write, of the last read, and of the last read by another warp than that one. Two reads are enough: if three warps
    have read, then a writer, whoever it is, finds another warp among the last two. Time 0 is never."""

    def __init__(self, cells):
        self.wrote_time, self.wrote, self.read_time, self.read, self.before_time, self.before = (
            np.zeros(cells, np.int64) for _ in range(6)
        )
        self.reads = []
        self.last_write = self.last_read = 0
        self.all_set = 0  # the block (its time) in which all cells that are declared were found written

    def split(self):
        """Each cell becomes two with the same past."""
        self.work_off()
        for name in ("wrote_time", "wrote", "read_time", "read", "before_time", "before"):
            setattr(self, name, np.repeat(getattr(self, name), 2))

    def pass_barrier(self):
        """What was read before a barrier is nobody's business after it."""
        self.reads.clear()

    def look_for_unset(self, declared, block):
        """Looks whether all of the first `declared` cells have been written in this block."""
        if declared and self.all_set != block and self.wrote_time[:declared].min() >= block:
            self.all_set = block

    def note_reads(self, cells, lanes, by, times):
        """Notes reads of these cells, each once, by `by` with these lanes (n,)."""
        self.reads.append((cells, lanes, by, times))
        self.last_read = times.now
        if len(self.reads) > LONGEST:
            self.work_off()

    def work_off(self):
        """Works off the list of reads."""
        for read in self.reads:
            self.apply_reads(*read)
        self.reads.clear()

    def apply_reads(self, cells, lanes, by, times):
        who = by | lanes
        time, read = self.read_time[cells], self.read[cells]
        recent = time >= times.barrier
        if b"\x01" in recent.tobytes():
            me = times.warp
            mine = recent & (warp_of(read) == me)
            others = recent & ~mine
            before_time, before = self.before_time[cells], self.before[cells]
            back = others & (before_time >= times.barrier) & (warp_of(before) == me)
            # Another lane of the warp has read since the last syncwarp: several have.
            joined = mine & (time >= times.syncwarp) & ~same_lane(read, who)
            joined |= back & (before_time >= times.syncwarp) & ~same_lane(before, who)
            who = np.where(joined, who | SEVERAL, who)
            self.before_time[cells] = np.where(others, time, before_time)
            self.before[cells] = np.where(others, read, before)
        self.read_time[cells] = times.now
        self.read[cells] = who

    def note_writes(self, cells, who, now):
        """Notes writes of these cells, each once."""
        self.wrote_time[cells] = now
        self.wrote[cells] = who
        self.last_write = now

    def reads_settled(self, cells, who, times):
        """Whether reads of these cells by `who` (n,) are right."""
        time, wrote = self.wrote_time[cells], self.wrote[cells]
        unset = time < times.block
        other_warp = warp_of(wrote) != times.warp
        other_lane = (time >= times.syncwarp) & ~same_lane(wrote, who)
        return b"\x01" not in (unset | (time >= times.barrier) & (other_warp | other_lane)).tobytes()

    def quiet(self, times):
        """Whether nobody has touched anything since the last barrier: then any write is right."""
        return self.last_write < times.barrier and self.last_read < times.barrier

    def writes_settled(self, cells, who, times, same):
        """Whether writes of these cells, each once, are right; `same`: the value is there already."""
        self.work_off()
        if b"\x01" not in (np.maximum(self.wrote_time[cells], self.read_time[cells]) >= times.barrier).tobytes():
            return True
        me = times.warp
        wrote_time, wrote = self.wrote_time[cells], self.wrote[cells]
        read_time, read = self.read_time[cells], self.read[cells]
        recent_write, recent_read = wrote_time >= times.barrier, read_time >= times.barrier
        other_lane = (warp_of(wrote) != me) | (wrote_time >= times.syncwarp) & ~same_lane(wrote, who)
        clash = recent_write & other_lane & ~same
        before = (self.before_time[cells] >= times.barrier) & (warp_of(self.before[cells]) != me)
        other_lane = (read_time >= times.syncwarp) & ~same_lane(read, who)
        clash |= recent_read & ((warp_of(read) != me) | before | other_lane)
        return b"\x01" not in clash.tobytes()

    # The same for one cell and one lane, in plain numbers, which is faster for one; and what exactly is wrong: (kind, the other side's who), or None. The kinds
    # are those of race.py.

    def note_read(self, cell, who, times):
        """What `apply_reads` does."""
        time, read = int(self.read_time[cell]), int(self.read[cell])
        if time >= times.barrier:
            mine = warp_of(read) == times.warp
            before_time, before = int(self.before_time[cell]), int(self.before[cell])
            back = not mine and before_time >= times.barrier and warp_of(before) == times.warp
            joined = mine and time >= times.syncwarp and not same_lane(read, who)
            joined = joined or back and before_time >= times.syncwarp and not same_lane(before, who)
            if not mine:
                self.before_time[cell], self.before[cell] = time, read
            who |= SEVERAL if joined else 0
        self.read_time[cell], self.read[cell] = times.now, who

    def read_clash(self, cell, who, times):
        time, wrote = int(self.wrote_time[cell]), int(self.wrote[cell])
        if time < times.block:
            return "Uninitialised", None
        if time < times.barrier:
            return None
        if warp_of(wrote) != warp_of(who):
            return "ReadAfterWrite", wrote
        if time >= times.syncwarp and not same_lane(wrote, who):
            return "LaneReadAfterWrite", wrote
        return None

    def write_clash(self, cell, who, times, same):
        me = warp_of(who)
        (wrote_time, wrote), (read_time, read), (before_time, before) = (
            (int(time[cell]), int(mark[cell]))
            for time, mark in (
                (self.wrote_time, self.wrote), (self.read_time, self.read), (self.before_time, self.before)
            )
        )
        recent_write, recent_read = wrote_time >= times.barrier, read_time >= times.barrier
        if recent_write and warp_of(wrote) != me and not same:
            return "WriteAfterWrite", wrote
        if recent_read and warp_of(read) != me:
            return "WriteAfterRead", read
        if recent_read and before_time >= times.barrier and warp_of(before) != me:
            return "WriteAfterRead", before
        mine = recent_write and warp_of(wrote) == me
        if mine and wrote_time >= times.syncwarp and not same_lane(wrote, who) and not same:
            return "LaneWriteAfterWrite", wrote
        if recent_read and read_time >= times.syncwarp and not same_lane(read, who):
            return "LaneWriteAfterRead", read
        return None
