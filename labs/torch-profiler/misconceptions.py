"""Misconceptions as people write them in Python; the trials read this file after solution.py and let one function
take over.

A misconception compared with itself only proves that it is distinct: these are written apart from misconceptions.rs.
"""

import zlib

# What must be refused is left to the right functions, so that only the mistake differs.
right_averages, right_breakdown, right_scalars = key_averages, step_breakdown, read_scalars  # noqa: F821


def self_is_total(trace):
    """Total time is what an operator took, is it not?"""
    table = right_averages(trace)
    for row in table.values():
        row["cpu_self_ns"] = row["cpu_total_ns"]
    return table


def nests_across_threads(trace):
    """One stack, all events in the order of time."""
    found = json.loads(trace)  # noqa: F821
    if not isinstance(found, dict) or not isinstance(found.get("traceEvents"), list):
        return right_averages(trace)
    for event in found["traceEvents"]:
        if event.get("cat") in CPU:  # noqa: F821
            event["pid"] = event["tid"] = 1
    return right_averages(json.dumps(found))  # noqa: F821


def adds_durations(trace):
    """The sum of what lasted inside the step."""
    steps = right_breakdown(trace)
    found = events(trace)  # noqa: F821
    for name, step in steps.items():
        (start, end) = next((e["start"], e["end"]) for e in found if e["name"] == name and is_step(e))  # noqa: F821
        sums = [0] * 8
        for event in found:
            which = part(event)  # noqa: F821
            if which is not None:
                sums[which] += max(0, min(end, event["end"]) - max(start, event["start"]))
        sums[7] = end - start - sum(sums)
        step.update(zip(PARTS, sums))  # noqa: F821
    return steps


def forgets_other(trace):
    """Nothing ran, so there is nothing to count."""
    steps = right_breakdown(trace)
    for step in steps.values():
        step["other_ns"] = 0
    return steps


def zip_polynomial(data):
    """A CRC-32 comes with Python."""
    crc = zlib.crc32(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def cuts_nanoseconds(trace):
    """Microseconds times 1000, as an integer."""
    found = json.loads(trace)  # noqa: F821
    for event in found.get("traceEvents", []) if isinstance(found, dict) else []:
        for key in ("ts", "dur"):
            if key in event:
                event[key] = int(event[key] * 1000) / 1000
    return right_averages(json.dumps(found))  # noqa: F821


def unsigned_step(file):
    """A varint is a number."""
    return [(wall, step % (1 << 64), tag, value) for wall, step, tag, value in right_scalars(file)]


def scales_everything(trace, op, factor):
    """Four times faster is a quarter of the time."""
    what_if_right = what_if_of(trace, op, factor)
    return what_if_right / factor


def what_if_of(trace, op, factor):
    """The time of the steps; refused as the right function does."""
    right_what_if(trace, op, factor)
    return right_what_if(trace, op, 1.0)


right_what_if = what_if  # noqa: F821
