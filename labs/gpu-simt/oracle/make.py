"""Writes golden.json: what NVIDIA's own occupancy calculator says of kernels on four GPUs.

The calculator is cuda_occupancy.h, a header of the CUDA runtime that needs no GPU. It is compiled into a small program,
whose answers are stored; the header itself is not.

    pip download --no-deps nvidia-cuda-runtime-cu12==12.9.79
    python make.py nvidia_cuda_runtime_cu12-12.9.79-*.whl     # writes golden.json, then replays it
    python make.py --check                                    # only replays it through ../solution.py
"""

import importlib.util
import json
import random
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
HEADER = "nvidia/cuda_runtime/include/cuda_occupancy.h"
SEED, KERNELS = 20_26, 150

# Technical specifications per compute capability: CUDA C++ Programming Guide; SMs: the cards' architecture papers.
PARTS = {"parts": 4, "reg_unit": 256, "smem_unit": 128, "reserved": 1024, "regs": 65_536}
GPUS = {
    "A100": {"compute": [8, 0], "warps": 64, "blocks": 32, "smem": 164 * 1024, "sms": 108},
    "H100": {"compute": [9, 0], "warps": 64, "blocks": 32, "smem": 228 * 1024, "sms": 132},
    "RTX 3090": {"compute": [8, 6], "warps": 48, "blocks": 16, "smem": 100 * 1024, "sms": 82},
    "RTX 4090": {"compute": [8, 9], "warps": 48, "blocks": 24, "smem": 100 * 1024, "sms": 128},
}

PROGRAM = r"""
#include "cuda_occupancy.h"
#include <stdio.h>
int main(void) {
    int major, minor, warps, sms, threads, regs;
    long smem, limit, reserved;
    while (scanf("%d %d %d %ld %ld %d %d %d %ld", &major, &minor, &warps, &limit, &reserved, &sms, &threads, &regs,
                 &smem) == 9) {
        cudaOccDeviceProp gpu;
        gpu.computeMajor = major;
        gpu.computeMinor = minor;
        gpu.maxThreadsPerBlock = 1024;
        gpu.maxThreadsPerMultiprocessor = 32 * warps;
        gpu.regsPerBlock = gpu.regsPerMultiprocessor = 65536;
        gpu.warpSize = 32;
        gpu.sharedMemPerBlock = 48 * 1024;
        gpu.sharedMemPerMultiprocessor = limit;
        gpu.numSms = sms;
        gpu.sharedMemPerBlockOptin = limit - reserved;
        gpu.reservedSharedMemPerBlock = reserved;
        cudaOccFuncAttributes kernel;
        kernel.maxThreadsPerBlock = 1024;
        kernel.numRegs = regs;
        kernel.sharedSizeBytes = 0;
        kernel.partitionedGCConfig = PARTITIONED_GC_OFF;
        kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
        kernel.maxDynamicSharedSizeBytes = limit - reserved;
        kernel.numBlockBarriers = 1;
        cudaOccDeviceState state;
        cudaOccResult result;
        int failed = cudaOccMaxActiveBlocksPerMultiprocessor(&result, &gpu, &kernel, &state, threads, smem);
        printf("%d %d %d %d %d %d\n", failed, result.activeBlocksPerMultiprocessor, result.blockLimitWarps,
               result.blockLimitBlocks, result.blockLimitRegs, result.blockLimitSharedMem);
    }
    return 0;
}
"""


def kernels():
    """(GPU, threads, registers, bytes of shared memory): the curriculum's facts, then drawn ones."""
    facts = [(128, 160, 16_384), (128, 86, 32_768), (256, 27, 0), (1024, 64, 0), (1024, 65, 0), (32, 32, 0)]
    yield from (("A100", *fact) for fact in facts)
    draw = random.Random(SEED)
    for gpu in GPUS:
        for _ in range(KERNELS):
            threads = draw.choice([draw.randint(1, 1024), 32 * draw.randint(1, 32)])
            smem = draw.choice([0, draw.randrange(1, 16_384), draw.randrange(1, GPUS[gpu]["smem"] + 2048)])
            yield gpu, threads, draw.randint(16, 255), smem


def write(wheel):
    asked = list(kernels())
    lines = []
    for name, threads, regs, smem in asked:
        gpu = GPUS[name]
        numbers = [*gpu["compute"], gpu["warps"], gpu["smem"], PARTS["reserved"], gpu["sms"], threads, regs, smem]
        lines.append(" ".join(map(str, numbers)))
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as files:
            (Path(folder) / "cuda_occupancy.h").write_bytes(files.read(HEADER))
        (Path(folder) / "ask.cpp").write_text(PROGRAM)
        subprocess.run(["g++", "-w", "-o", "ask", "ask.cpp"], cwd=folder, check=True)
        said = subprocess.run([f"{folder}/ask"], input="\n".join(lines), text=True, capture_output=True, check=True)
    rows = []
    for kernel, line in zip(asked, said.stdout.splitlines(), strict=True):
        failed, blocks, by_warps, by_blocks, by_regs, by_smem = map(int, line.split())
        assert not failed, (kernel, failed)
        limits = {"warps": by_warps, "blocks": by_blocks, "registers": by_regs, "shared": by_smem}
        rows.append([*kernel, blocks, [name for name, limit in limits.items() if limit == blocks]])
    head = {
        "written_by": "make.py",
        "calculator": f"cuda_occupancy.h of {Path(wheel).name.split('-')[0]} {Path(wheel).name.split('-')[1]}",
        "gpus": {name: {**{k: v for k, v in gpu.items() if k != "compute"}, **PARTS} for name, gpu in GPUS.items()},
        "columns": ["gpu", "threads", "registers", "shared bytes", "blocks on an SM", "what stops the next"],
    }
    text = json.dumps(head, indent=1)[:-2] + ',\n "kernels": [\n'
    text += ",\n".join("  " + json.dumps(row) for row in rows) + "\n ]\n}\n"
    (HERE / "golden.json").write_text(text)


def check():
    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    golden = json.loads((HERE / "golden.json").read_text())
    for name, threads, regs, smem, blocks, stops in golden["kernels"]:
        kernel = {"threads": threads, "regs": regs, "smem": smem, "grid": 1}
        got = solution.occupancy(kernel, golden["gpus"][name])
        assert got["blocks"] == blocks and got["limiter"] in stops, (name, kernel, got, blocks, stops)
    print(f"{len(golden['kernels'])} kernels agree")


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] != "--check":
        write(sys.argv[1])
    check()
