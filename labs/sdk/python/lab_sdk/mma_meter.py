"""A tensor core as a meter: three small matrices in, one out, and a count of its instructions."""

import numpy as np


class Mma:
    """A tensor core that does one instruction at a time, mma.m16n8k16 (labs/sdk/src/mma_meter.rs is its twin)."""

    def __init__(self, narrow=False):
        self.calls, self.sums = 0, np.float16 if narrow else np.float32

    @staticmethod
    def narrow():
        """With sums in f16: what an instruction returns is rounded to f16, and held in f32."""
        return Mma(narrow=True)

    def mma(self, a, b, c):
        """D = A B + C: a (16, 16) and b (16, 8) float16, c (16, 8) float32 -> (16, 8) float32.

        Products are exact. They are added to C one after the other, each sum rounded to f32; NVIDIA does not say in
        which order its tensor cores add, nor how they round. Refuses other shapes and dtypes."""
        for name, t, dtype, shape in ("a", a, "f2", (16, 16)), ("b", b, "f2", (16, 8)), ("c", c, "f4", (16, 8)):
            if np.dtype(t.dtype) != np.dtype(dtype) or t.shape != shape:
                wanted = {"f2": "f16", "f4": "f32"}[dtype]
                raise ValueError(f"mma takes {name} as {wanted} {list(shape)}, not {t.dtype} {list(t.shape)}")
        self.calls += 1
        rows, columns, d = a.astype(np.float32), b.astype(np.float32), c.copy()
        for k in range(16):
            d += rows[:, k, None] * columns[k]
        return d.astype(self.sums).astype(np.float32)
