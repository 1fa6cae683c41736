"""Model answers of `torch-profiler`."""

import json
import struct

CPU = {"cpu_op", "user_annotation", "cuda_runtime", "cuda_driver"}
RUNTIME = {"cuda_runtime", "cuda_driver"}
GPU = {"kernel", "gpu_memcpy", "gpu_memset"}
PARTS = ["kernel_ns", "memcpy_ns", "memset_ns", "communication_ns", "runtime_ns", "dataloader_ns", "cpu_ns", "other_ns"]


def events(trace):
    """The complete events, each with whole nanoseconds `start` and `end`, in the order of the text."""
    found = json.loads(trace)
    found = found.get("traceEvents") if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise ValueError("there is no list `traceEvents`")
    kept = []
    for event in found:
        if event.get("ph") == "X" and "ts" in event and "dur" in event:
            # Whole numbers before anything is added: a sum of two decimals is rounded.
            start = round(event["ts"] * 1000)
            event.update(start=start, end=start + round(event["dur"] * 1000), args=event.get("args", {}))
            event.setdefault("cat", "")
            kept.append(event)
    return kept


def is_step(event):
    return event["cat"] == "user_annotation" and event["name"].startswith("ProfilerStep#")


def threads(all_events):
    """What nests, a list a thread: parents before their children, as they begin."""
    found = {}
    for event in all_events:
        if event["cat"] in CPU:
            found.setdefault((str(event["pid"]), str(event["tid"])), []).append(event)
    return [sorted(thread, key=lambda e: (e["start"], -e["end"])) for thread in found.values()]


def key_averages(trace):
    all_events = events(trace)
    table, launched, unclaimed = {}, {}, 0

    def row(name):
        return table.setdefault(name, {"calls": 0, "cpu_total_ns": 0, "cpu_self_ns": 0, "gpu_ns": 0})

    for event in all_events:
        if event["cat"] in GPU:
            length, link = event["end"] - event["start"], event["args"].get("correlation")
            if link is None:
                unclaimed += length
            else:
                launched[link] = launched.get(link, 0) + length
    for thread in threads(all_events):
        stack = []
        for event in thread:
            length = event["end"] - event["start"]
            while stack and (event["start"] >= stack[-1]["end"] or event["end"] > stack[-1]["end"]):
                stack.pop()
            if stack and stack[-1]["cat"] == "cpu_op":
                row(stack[-1]["name"])["cpu_self_ns"] -= length
            if event["cat"] == "cpu_op":
                mine = row(event["name"])
                mine["calls"] += 1
                mine["cpu_total_ns"] += length
                mine["cpu_self_ns"] += length
            if event["cat"] in RUNTIME:
                gpu = launched.pop(event["args"].get("correlation"), 0)
                owner = next((above for above in reversed(stack) if above["cat"] == "cpu_op"), None)
                if owner is None:
                    unclaimed += gpu
                else:
                    row(owner["name"])["gpu_ns"] += gpu
            stack.append(event)
    unclaimed += sum(launched.values())
    if unclaimed > 0:
        row("[none]")["gpu_ns"] = unclaimed
    return table


def part(event):
    """The category of an event's time, by its place in the order; None for what is in none."""
    cat, name = event["cat"], event["name"]
    if cat == "kernel":
        return 3 if name.startswith("nccl") else 0
    if cat in ("gpu_memcpy", "gpu_memset"):
        return 1 if cat == "gpu_memcpy" else 2
    if cat in RUNTIME:
        return 4
    if cat in ("cpu_op", "user_annotation") and not is_step(event):
        return 5 if name.startswith("enumerate(DataLoader)") else 6
    return None


def step_breakdown(trace):
    edges = []
    for event in events(trace):
        which = part(event)
        if which is not None or is_step(event):
            edges.append((event["start"], 1, which, event["name"]))
            edges.append((event["end"], -1, which, event["name"]))
    edges.sort(key=lambda edge: edge[0])
    steps, running, last, now = {}, [0] * 8, 0, []
    for time, change, which, name in edges:
        first = next((at for at, count in enumerate(running) if count > 0), 7)
        for step in now:
            steps[step][first] += time - last
        last = time
        if which is not None:
            running[which] += change
        elif change == 1:
            steps.setdefault(name, [0] * 8)
            now.append(name)
        else:
            now.remove(name)
    return {name: {"total_ns": sum(parts), **dict(zip(PARTS, parts))} for name, parts in steps.items()}


def steps_of(all_events):
    steps = sorted((e["start"], e["end"]) for e in all_events if is_step(e))
    if not any(start < end for start, end in steps):
        raise ValueError("no ProfilerStep was recorded")
    return steps


def union(spans):
    """Spans that overlap or touch, joined."""
    joined = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined


def inside(spans, steps):
    """How much of each span lies inside the steps; both in the order of time."""
    lengths, first = [], 0
    for start, end in spans:
        while first < len(steps) and steps[first][1] <= start:
            first += 1
        length, at = 0, first
        while at < len(steps) and steps[at][0] < end:
            length += min(end, steps[at][1]) - max(start, steps[at][0])
            at += 1
        lengths.append(length)
    return lengths


def gpu_metrics(trace):
    all_events = events(trace)
    steps = steps_of(all_events)
    kernels = sorted((e for e in all_events if e["cat"] == "kernel"), key=lambda e: e["start"])
    spans = [(e["start"], e["end"]) for e in kernels]
    lengths = inside(spans, steps)
    busy = sum(inside(union(spans), steps))
    filled = sum(n * min(e["args"].get("blocks per SM", 0), 1) for n, e in zip(lengths, kernels))
    occupied = sum(n * e["args"].get("est. achieved occupancy %", 0) / 100 for n, e in zip(lengths, kernels))
    total, lasted = sum(end - start for start, end in steps), sum(lengths)
    return busy / total, filled / total, occupied / lasted if lasted else 0.0


def what_if(trace, op, factor):
    if not 0 < factor < float("inf"):
        raise ValueError(f"a factor of {factor}")
    all_events = events(trace)
    steps = steps_of(all_events)
    thread = next((e["pid"], e["tid"]) for e in all_events if is_step(e))
    calls = [e for e in all_events if e["cat"] == "cpu_op" and e["name"] == op]
    if not calls:
        raise ValueError(f"the trace has no operator {op!r}")
    here = [(e["start"], e["end"]) for e in calls if (e["pid"], e["tid"]) == thread]
    busy = sum(inside(union(here), steps))
    total = sum(end - start for start, end in steps)
    return total - busy + busy / factor


def crc_table():
    """The CRC of each byte alone; Castagnoli's polynomial, bits reversed."""
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 if crc & 1 else crc >> 1
        table.append(crc)
    return table


TABLE = crc_table()


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_scalars(file):
    scalars, at = [], 0
    # A record that is not all there is still being written.
    while at + 12 <= len(file):
        length, crc = struct.unpack_from("<QI", file, at)
        if crc != masked_crc(file[at : at + 8]):
            raise ValueError(f"a wrong checksum of the length at byte {at}")
        if at + 16 + length > len(file):
            break
        data = file[at + 12 : at + 12 + length]
        (crc,) = struct.unpack_from("<I", file, at + 12 + length)
        if crc != masked_crc(data):
            raise ValueError(f"a wrong checksum of the data at byte {at + 12}")
        scalars += scalars_of(data)
        at += 16 + length
    return scalars


def scalars_of(data):
    """Event { 1: wall time, 2: step, 5: Summary { 1: Value { 1: tag, 2: simple_value } } }; what is 0 is not written."""
    wall, step, found = 0.0, 0, []
    for number, kind, value in fields(data):
        if (number, kind) == (1, 1):
            (wall,) = struct.unpack("<d", value)
        elif (number, kind) == (2, 0):
            step = value - (1 << 64) if value >= 1 << 63 else value
        elif (number, kind) == (5, 2):
            for number, kind, inner in fields(value):
                if (number, kind) == (1, 2):
                    parts = {(n, k): v for n, k, v in fields(inner)}
                    if (2, 5) in parts:
                        found.append((parts.get((1, 2), b"").decode(), struct.unpack("<f", parts[2, 5])[0]))
    return [(wall, step, tag, value) for tag, value in found]


def fields(data):
    """(number, wire type, value) of each field of a message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            if kind == 2:
                size, at = varint(data, at)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise ValueError(f"wire type {kind}")
            value, at = data[at : at + size], at + size
            if at > len(data):
                raise ValueError("a field goes beyond its message")
        yield key >> 3, kind, value


def varint(data, at):
    """Seven bits a byte, the lowest first; the top bit says that another byte follows."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("a number goes beyond its message")
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value & (1 << 64) - 1, at
    raise ValueError("a number of more than ten bytes")
