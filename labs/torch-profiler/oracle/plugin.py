"""Writes plugin.json: drawn traces with work on a GPU, and what the code of the TensorBoard plugin says of their steps.

The plugin moves a step's end to the last work that the step launched, so here all work ends within its step; and it knows
collectives by the ids of their operators, so here there are none.

    pip install torch-tb-profiler==0.4.3
    python plugin.py
"""

import json
import os
import random

from torch_tb_profiler.profiler.data import RunProfileData
from torch_tb_profiler.profiler.event_parser import ProfileRole

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = {"kernel_ns": ProfileRole.Kernel, "memcpy_ns": ProfileRole.Memcpy, "memset_ns": ProfileRole.Memset,
         "runtime_ns": ProfileRole.Runtime, "dataloader_ns": ProfileRole.DataLoader, "cpu_ns": ProfileRole.CpuOp,
         "other_ns": ProfileRole.Other}


def drawn(draw, steps):
    """A loop whose kernels overlap on two streams, half of the SMs each at most."""
    events, at, link, ident = [], 1000, 0, 0

    def add(cat, name, pid, tid, start, end, **args):
        nonlocal ident
        ident += 1
        args = {key.replace("_", " "): value for key, value in args.items()}
        events.append({"ph": "X", "cat": cat, "name": name, "pid": pid, "tid": tid, "ts": start, "dur": end - start,
                       "args": {"External id": ident, **args}})

    for number in range(steps):
        begin = at
        loaded = at + draw.randint(20, 80)
        add("user_annotation", "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__", 1, 7, at + 2, loaded)
        add("cpu_op", "aten::stack", 1, 7, at + 8, loaded - 4)
        at, free = loaded + 3, {7: 0, 20: 0}
        for op in range(6):
            long, stream = draw.randint(20, 40), (7, 20)[op % 2]
            name = draw.choice(["aten::linear", "aten::conv2d", "aten::copy_"])
            add("cpu_op", name, 1, 7, at, at + long)
            # The launch lies in the operator or in one that it calls; its external id says which.
            if draw.random() < 0.5:
                add("cpu_op", "aten::mm", 1, 7, at + 2, at + 18)
            owner = ident
            cat = ("kernel", "kernel", "gpu_memcpy", "kernel", "gpu_memset", "kernel")[op]
            link += 1
            add("cuda_runtime", "cudaLaunchKernel", 1, 7, at + 5, at + 5 + draw.randint(3, 9), correlation=link,
                External_id=owner)
            start = max(free[stream], at + 9)
            free[stream] = start + draw.randint(5, 60)
            event = {"correlation": link, "External id": owner, "device": 0, "stream": stream}
            if cat == "kernel":
                event.update({"blocks per SM": draw.choice([0.1, 0.25, 0.5]), "warps per SM": 4.0,
                              "est. achieved occupancy %": draw.randint(1, 90), "grid": [27, 1, 1], "block": [256, 1, 1]})
            add(cat, cat, 0, stream, start, free[stream], **event)
            at += long + draw.randint(0, 9)
        at = max(at, *free.values()) + draw.randint(1, 30)
        add("user_annotation", f"ProfilerStep#{number}", 1, 7, begin, at)
    draw.shuffle(events)
    return {"schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "NVIDIA A100-SXM4-80GB", "numSms": 108}],
            "traceEvents": events}


def older(trace):
    """The plugin's last release knows the runtime and the loader by the categories of older traces."""
    copy = json.loads(json.dumps(trace))
    for event in copy["traceEvents"]:
        if event["cat"] == "cuda_runtime":
            event["cat"] = "Runtime"
        elif event["name"].startswith("enumerate"):
            event["cat"] = "cpu_op"
    return copy


def main():
    draw, rows = random.Random(10), []
    for steps in (1, 2, 4):
        trace = drawn(draw, steps)
        profile = RunProfileData.from_json("worker", 0, older(trace))
        costs = {
            f"ProfilerStep#{name}": {key: round(1000 * cost.costs[role]) for key, role in PARTS.items()}
            for name, cost in zip(profile.steps_names, profile.steps_costs)}
        gpu = profile.gpu_metrics_parser
        metrics = [gpu.gpu_utilization[0], gpu.avg_approximated_sm_efficiency_per_device[0],
                   gpu.avg_occupancy_per_device[0] / 100]
        operators = {
            op.name: {"calls": op.calls, "cpu_total_ns": 1000 * op.host_duration, "gpu_ns": 1000 * op.self_device_duration}
            for op in profile.op_list_groupby_name if op.name.startswith("aten::")}
        rows.append({"trace": trace, "steps": costs, "metrics": metrics, "operators": operators})
    with open(os.path.join(HERE, "plugin.json"), "w") as file:
        file.write(json.dumps(rows, separators=(",", ":")).replace("},{", "},\n{") + "\n")
    print([row["metrics"] for row in rows], rows[0]["steps"])


if __name__ == "__main__":
    main()
