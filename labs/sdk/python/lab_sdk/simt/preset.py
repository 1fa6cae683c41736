"""Four GPUs by their numbers. All other parts of a chip (caches, schedulers, clocks) are left out."""

from dataclasses import dataclass
from enum import Enum

KIB = 1024


@dataclass(frozen=True)
class Sm:
    """What one streaming multiprocessor holds, and what the whole chip does.

    name              the card
    compute           compute capability
    sms               SMs of the chip
    warps, blocks     that may be resident on an SM at once
    registers         32-bit registers of an SM, in four equal parts
    shared            bytes of shared memory of an SM
    shared_per_block  bytes of it that one block may ask for
    bandwidth         bytes a second of the chip's memory
    f32_peak          operations a second in f32 (a multiply-add is two)
    tensor_peak       operations a second of the tensor cores, f16 in, f32 accumulate, no sparsity

    Sources: CUDA C++ Programming Guide, table "Technical Specifications per Compute Capability" (warps, blocks,
    registers, shared memory); the Ampere, Ada and Hopper tuning guides (1 KiB of shared memory is reserved for each
    block); NVIDIA's architecture papers for A100 (40 GB), H100 (SXM5), GA102 (RTX 3090) and Ada (RTX 4090) for SMs,
    bandwidth and peaks.
    """

    name: str
    compute: tuple
    sms: int
    warps: int
    blocks: int
    registers: int
    shared: int
    shared_per_block: int
    bandwidth: float
    f32_peak: float
    tensor_peak: float

    def roof(self, bytes, f32_ops, tensor_ops):
        """Seconds that no kernel can beat which moves `bytes` through the chip's memory and does so many operations:
        the slowest of the three alone (the roofline). A lower bound, not a prediction."""
        return max(bytes / self.bandwidth, f32_ops / self.f32_peak, tensor_ops / self.tensor_peak)


class Preset(Enum):
    """The GPU that a launch is checked against."""

    A100 = Sm("A100", (8, 0), 108, 64, 32, 65_536, 164 * KIB, 163 * KIB, 1555e9, 19.5e12, 312e12)
    H100 = Sm("H100", (9, 0), 132, 64, 32, 65_536, 228 * KIB, 227 * KIB, 3350e9, 67e12, 989e12)
    RTX3090 = Sm("RTX 3090", (8, 6), 82, 48, 16, 65_536, 100 * KIB, 99 * KIB, 936e9, 35.6e12, 71e12)
    RTX4090 = Sm("RTX 4090", (8, 9), 128, 48, 24, 65_536, 100 * KIB, 99 * KIB, 1008e9, 82.6e12, 165.2e12)

    def sm(self):
        """The numbers."""
        return self.value
