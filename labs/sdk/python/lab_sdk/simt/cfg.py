"""How a kernel is launched, and what no GPU of the chosen kind would launch."""

from dataclasses import dataclass
from enum import Enum

from .now import W
from .occupancy import occupancy, up_to
from .preset import Preset

# More warps than these in one launch are refused: they would keep the machine busy for minutes.
MAX_WARPS = 1 << 21
# The largest budget.
MAX_BUDGET = 100_000_000_000


class Order(str, Enum):
    """In which order blocks, and between two barriers warps, run: drawn from the seed, since a GPU promises no order at
    all; or by number, for pictures and for counting by hand."""

    Drawn = "Drawn"
    ByNumber = "ByNumber"


@dataclass
class Cfg:
    """A launch: `kernel<<<grid, block, smem_bytes>>>`, and what to watch.

    grid             blocks in x, y, z
    block            threads of a block in x, y, z
    smem_bytes       bytes of shared memory that a block may declare
    regs_per_thread  registers, as the compiler would report them: they bound the occupancy and nothing else
    seed             draws the order of warps, blocks and atomics; the same seed gives the same run
    order            whether the order is drawn
    preset           the GPU
    budget           lanes times warp instructions, switched off or not, after which an endless launch is stopped;
                     a tenth of Rust's, so that it ends in less than a minute
    trace            whether the report carries a Trace
    """

    grid: tuple = (1, 1, 1)
    block: tuple = (32, 1, 1)
    smem_bytes: int = 0
    regs_per_thread: int = 32
    seed: int = 0
    order: Order = Order.Drawn
    preset: Preset = Preset.A100
    budget: int = 200_000_000
    trace: bool = False

    def __post_init__(self):
        self.grid, self.block = (three(size, name) for size, name in ((self.grid, "grid"), (self.block, "block")))

    def threads(self):
        """Threads of a block."""
        return self.block[0] * self.block[1] * self.block[2]

    def warps(self):
        """Warps of a block; the last one may be part empty."""
        return -(-self.threads() // W)

    def blocks(self):
        """Blocks of the grid."""
        return self.grid[0] * self.grid[1] * self.grid[2]

    def check(self):
        """Refuses what the preset would not launch, and what would not end here: a ValueError.

        Limits: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"."""
        sm = self.preset.sm()
        (gx, gy, gz), (bx, by, bz) = self.grid, self.block
        threads, registers = self.threads(), self.regs_per_thread
        ensure(
            min(self.grid + self.block) > 0,
            f"a launch of {gx} x {gy} x {gz} blocks of {bx} x {by} x {bz} threads is refused: each number must be at "
            "least 1",
        )
        ensure(
            threads <= 1024 and bz <= 64,
            f"a block of {bx} x {by} x {bz} = {threads:,} threads is refused: a block has at most 1,024 threads, and "
            "64 in z; put more blocks into the grid instead",
        )
        ensure(
            gx <= 2_147_483_647 and gy <= 65_535 and gz <= 65_535,
            f"a grid of {gx} x {gy} x {gz} blocks is refused: the most are 2,147,483,647 in x and 65,535 in y and z",
        )
        most = sm.shared_per_block
        ensure(
            0 <= self.smem_bytes <= most,
            f"{self.smem_bytes:,} bytes of shared memory for a block are refused: {sm.name} gives a block at most "
            f"{most:,} ({most // 1024} KiB); use a smaller tile",
        )
        ensure(
            0 <= registers <= 255,
            f"{registers} registers for a thread are refused: an instruction can name 255; what is more lies in slow "
            "local memory",
        )
        occupied = occupancy(sm, threads, registers, self.smem_bytes)
        ensure(
            occupied.blocks > 0,
            f"a block of {threads:,} threads with {registers} registers each is refused: registers are handed out by "
            f"the warp in units of 256, so its {self.warps()} warps need {self.warps() * up_to(registers * 32, 256):,} "
            f"of the {sm.registers:,} that {sm.name} has; use fewer threads or fewer registers",
        )
        warps = self.blocks() * self.warps()
        ensure(
            warps <= MAX_WARPS,
            f"{self.blocks() * threads:,} threads ({warps:,} warps) are refused: this simulator runs at most "
            f"{MAX_WARPS:,} warps a launch; launch fewer, and let each thread do several elements, a whole grid apart",
        )
        ensure(
            self.budget <= MAX_BUDGET,
            f"a budget of {self.budget:,} thread-instructions is refused: the most is {MAX_BUDGET:,}",
        )
        return occupied


def three(size, name):
    """(x, y, z) of a grid or block."""
    sizes = tuple(int(n) for n in size) if hasattr(size, "__len__") else ()
    ensure(len(sizes) == 3, f"a {name} has three sizes, (x, y, z), and this is {size!r}")
    return sizes


def ensure(condition, message):
    if not condition:
        raise ValueError(message)
