"""The reference kernels (tests/kernels/tile) in Triton's own interpreter and in lab_sdk.triton: equal bytes, sectors and
results.

    PYTHONPATH=labs/sdk/python python3 labs/sdk/tests/tile/real_triton.py

Without Triton it says so and ends with 0. No torch is needed: the interpreter asks little of an array. It must lie at
an address that 256 divides, as cudaMalloc's do, or sectors differ.
"""

import functools
import importlib
import os
import platform
import sys
import tempfile

os.environ["TRITON_INTERPRET"] = "1"
try:
    import numpy as np
    import triton
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

from triton.runtime import interpreter

from lab_sdk import triton as ours

# One source, of which only the import differs.
REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernels", "tile")
OURS = "from lab_sdk import triton\nfrom lab_sdk.triton import language as tl\n"
THEIRS = "import triton\nimport triton.language as tl\n"
# No reference kernel adds atomically.
HISTOGRAM = '''

@triton.jit
def histogram(x, counts, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    bucket = tl.load(x + offs, mask=mask, other=0)
    tl.atomic_add(counts + bucket, 1.0, mask=mask)
'''


@functools.cache
def dtype_named(name):
    """One object for each name, as torch has it: Triton remembers types by the object."""
    return Dtype(name)


class Dtype:
    """A dtype whose name is torch's."""

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return f"torch.{self.name}"

    __repr__ = __str__


class Storage:
    def __init__(self, array):
        self.array = array

    def data_ptr(self):
        return self.array.ctypes.data

    def cpu(self):
        return self

    def copy_(self, other):
        if other.array is not self.array:
            self.array[...] = other.array


class Tensor:
    """As much of a torch.Tensor as the interpreter asks for."""

    def __init__(self, array):
        self.array, self.dtype = array, dtype_named(str(array.dtype))

    def data_ptr(self):
        return self.array.ctypes.data

    def untyped_storage(self):
        return Storage(self.array)

    def storage_offset(self):
        return 0

    @property
    def shape(self):
        return self.array.shape

    def size(self):
        return self.array.shape

    def stride(self, axis=None):
        strides = tuple(size // self.array.itemsize for size in self.array.strides)
        return strides if axis is None else strides[axis]

    def new_empty(self, size, device=None):
        return Tensor(np.empty(0, self.array.dtype))

    def set_(self, storage, offset, size, stride):
        self.array = storage.array


def aligned(array):
    """A copy at an address that 256 divides."""
    raw = np.empty(array.nbytes + 256, np.uint8)
    start = -raw.ctypes.data % 256
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


COUNTS = ("loads", "stores", "atomics", "ld_bytes", "st_bytes", "ld_sectors", "st_sectors")


def count_accesses(counts):
    """Hooks the interpreter's loads, stores and atomics."""
    builder = interpreter.interpreter_builder

    def hook(name, pointers_and_mask, kinds, once):
        inner = getattr(builder, name)

        def hooked(*args, **kwargs):
            pointers, mask = pointers_and_mask(args)
            size = pointers.get_element_ty().primitive_bitwidth // 8
            on = np.broadcast_to(mask.data, pointers.data.shape)
            addresses = pointers.data[on].ravel()
            sectors = np.unique(np.concatenate([addresses // 32, (addresses + size - 1) // 32])).size
            for kind in kinds:
                counts[f"{kind}_bytes"] += addresses.size * size
                counts[f"{kind}_sectors"] += sectors
            counts[once] += addresses.size if once == "atomics" else 1
            return inner(*args, **kwargs)

        setattr(builder, name, hooked)

    hook("create_masked_load", lambda args: (args[0], args[1]), ["ld"], "loads")
    hook("create_masked_store", lambda args: (args[0], args[2]), ["st"], "stores")
    hook("create_atomic_rmw", lambda args: (args[1], args[3]), ["ld", "st"], "atomics")


def cases():
    """Name, grid, arrays, which of them is the result, other arguments, and how far results may differ."""
    rng = np.random.default_rng(0)
    normal = lambda *shape: rng.standard_normal(shape)
    for dtype in (np.float32, np.float16):
        f = lambda array: array.astype(dtype)
        near = 1e-5 if dtype is np.float32 else 4e-3
        vectors = [f(normal(1999)), f(normal(1999)), f(np.zeros(1999))]
        yield f"axpy {dtype.__name__}", (8,), vectors, (1999, 3.0, 256), near
        m, n, k = 72, 56, 80
        matrices = [f(normal(m, k)), f(normal(k, n)), f(np.zeros((m, n)))]
        yield f"matmul {dtype.__name__}", (3, 2), matrices, (m, n, k, 32, 32, 32), near * 10
        for causal in (False, True):
            matrices = [f(normal(512, 64)) for _ in range(3)] + [f(np.zeros((512, 64)))]
            yield f"flash {dtype.__name__} causal={causal}", (8,), matrices, (512, 64**-0.5, 64, 64, 64, causal), near
    yield "softmax", (64,), [normal(64, 781).astype("f4"), np.zeros((64, 781), "f4")], (781, 1024), 1e-6
    rows = [normal(30, 100).astype("f4"), normal(100).astype("f4"), normal(100).astype("f4"), np.zeros((30, 100), "f4")]
    yield "layer_norm", (30,), rows, (100, 1e-5, 128), 1e-5
    buckets = rng.integers(0, 100, 1000).astype(np.int32)
    yield "histogram", (4,), [buckets, np.zeros(100, "f4")], (1000, 256), 0.0


def kernels(folder, name, header):
    """The reference kernels as a module of a file, since Triton reads the source."""
    source = header
    for entry in sorted(os.listdir(REFERENCE)):
        if entry.endswith(".py"):
            with open(os.path.join(REFERENCE, entry), encoding="utf-8") as file:
                text = file.read()
            assert text.count(OURS) == 1, f"{entry} imports something else"
            source += text.replace(OURS, "")
    with open(os.path.join(folder, f"{name}.py"), "w", encoding="utf-8") as file:
        file.write(source + HISTOGRAM)
    return importlib.import_module(name)


def main():
    print(f"python {platform.python_version()}, numpy {np.__version__}, triton {triton.__version__}")
    counts = dict.fromkeys(COUNTS, 0)
    count_accesses(counts)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        real, twin = kernels(folder, "kernels_of_triton", THEIRS), kernels(folder, "kernels_of_ours", OURS)
        for name, grid, arrays, args, near in cases():
            kernel = name.split()[0]
            theirs = [Tensor(aligned(array)) for array in arrays]
            counts.update(dict.fromkeys(COUNTS, 0))
            getattr(real, kernel)[grid](*theirs, *args)
            mine = [array.copy() for array in arrays]
            report = getattr(twin, kernel).launch(ours.Cfg(grid, preset=ours.Preset.H100), *mine, *args)
            got = {count: getattr(report.counters, count) for count in COUNTS}
            difference = np.abs(theirs[-1].array.astype(np.float64) - mine[-1].astype(np.float64)).max()
            same = got == counts and not report.faults and difference <= near
            failed += not same
            print(f"{'ok  ' if same else 'FAIL'} {name}: {got['ld_bytes']:,} B loaded, {got['ld_sectors']:,} sectors, "
                  f"{got['st_bytes']:,} B stored, {got['st_sectors']:,} sectors, differs by {difference:.1e}")
            if not same:
                print(f"     Triton counts {counts}, faults {[str(fault) for fault in report.faults]}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
