"""Writes the golden data of `torch-profiler`: a trace of torch.profiler with its own table, what its schedule does, and an
event file of TensorBoard's writer. Versions: README.md.

    python make.py           # runs the frameworks, writes the files, then replays them
    python make.py --check   # only replays them through ../solution.py
"""

import json
import os
import random
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))


def path(name):
    return os.path.join(HERE, name)


def write(name, value):
    with open(path(name), "w") as file:
        file.write(json.dumps(value, separators=(",", ":")).replace("},{", "},\n{") + "\n")


def profiled():
    """Two training steps of a small CNN: (the trace, rows of key_averages())."""
    import torch
    from torch.profiler import ProfilerActivity, profile, record_function, schedule

    torch.manual_seed(1)
    torch.set_num_threads(1)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 10))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    data = torch.utils.data.TensorDataset(torch.randn(40, 1, 8, 8), torch.randint(0, 10, (40,)))
    loader = torch.utils.data.DataLoader(data, 8)
    plan = schedule(wait=1, warmup=1, active=2, repeat=1)
    with profile(activities=[ProfilerActivity.CPU], schedule=plan, acc_events=True) as prof:
        for x, y in loader:
            with record_function("loss \"of\" a\nstep"):
                loss = torch.nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            prof.step()
    with tempfile.TemporaryDirectory() as folder:
        exported = os.path.join(folder, "trace.json")
        prof.export_chrome_trace(exported)
        with open(exported) as file:
            trace = json.load(file)
    trace.pop("host_name", None)
    trace.pop("trace_id", None)
    trace["traceName"] = "trace.json"
    number = os.getpid()

    def anonymous(value):
        return 1 if value == number else value

    for event in trace["traceEvents"]:
        for key in ("pid", "tid"):
            event[key] = anonymous(event[key])
    rows = [
        {"name": row.key, "calls": row.count, "cpu_total_us": row.cpu_time_total, "cpu_self_us": row.self_cpu_time_total}
        for row in prof.key_averages()]
    return trace, rows


def schedules():
    """What torch.profiler records of loops under drawn schedules: names of the steps, and how often it hands over."""
    import torch
    from torch.profiler import ProfilerActivity, profile, schedule

    draw, rows = random.Random(8), []
    for _ in range(40):
        plan = {"skip_first": draw.randint(0, 3), "wait": draw.randint(0, 3), "warmup": draw.randint(0, 2),
                "active": draw.randint(1, 4), "repeat": draw.randint(0, 3)}
        cycle = plan["wait"] + plan["warmup"] + plan["active"]
        steps = max(1, plan["skip_first"] + cycle * draw.randint(1, 3) + draw.randint(-2, 3))
        kept, calls = set(), 0

        def ready(prof):
            nonlocal calls
            calls += 1
            with tempfile.TemporaryDirectory() as folder:
                exported = os.path.join(folder, "trace.json")
                prof.export_chrome_trace(exported)
                with open(exported) as file:
                    events = json.load(file)["traceEvents"]
            kept.update(e["name"] for e in events if e["name"].startswith("ProfilerStep#"))

        with profile(activities=[ProfilerActivity.CPU], schedule=schedule(**plan), on_trace_ready=ready) as prof:
            for _ in range(steps):
                torch.ones(3).sum()
                prof.step()
        numbers = sorted(int(name.split("#")[1]) for name in kept)
        rows.append({**plan, "steps": steps, "recorded": numbers, "handed_over": calls})
    return rows


def event_file():
    """Bytes that TensorBoard's writer wrote, and what it was given."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    given = []
    with tempfile.TemporaryDirectory() as folder:
        writer = EventFileWriter(folder)
        for n, step in enumerate([0, 1, 2, 100, -1, -(1 << 40), 1 << 40, 300]):
            values = [("loss", 2.0 / (n + 1)), ("accuracy", 0.1 * n)][: 1 + n % 2] + [("lr/" + "\u00b5" * n, 1e-3)]
            event = Event(wall_time=1.7e9 + 0.25 * n, step=step)
            for tag, value in values:
                event.summary.value.add(tag=tag, simple_value=value)
                given.append([event.wall_time, str(step), tag, struct.unpack("<f", struct.pack("<f", value))[0]])
            if n == 3:
                event.summary.value.add(tag="weights", histo=HistogramProto(min=-1, max=1, num=3, bucket=[1, 2]))
                event.summary.value.add(tag="image", image=Summary.Image(height=1, width=1, encoded_image_string=b"\x89PNG"))
            writer.add_event(event)
        writer.add_event(Event(wall_time=1.7e9 + 9, step=9, graph_def=b"\x0a\x00"))
        writer.close()
        (name,) = os.listdir(folder)
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
    return data, given


def checksums():
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    draw = random.Random(9)
    texts = [b"", b"\0", b"123456789", bytes(32), bytes(draw.randrange(256) for _ in range(100))]
    return [{"data": list(text), "masked": int(masked_crc32c(text))} for text in texts]


def make():
    trace, rows = profiled()
    write("trace.json", trace)
    data, given = event_file()
    with open(path("events.out.tfevents"), "wb") as file:
        file.write(data)
    write("golden.json", {"key_averages": rows, "schedules": schedules(), "scalars": given, "checksums": checksums()})


def check():
    import solution

    with open(path("golden.json")) as file:
        golden = json.load(file)
    with open(path("trace.json")) as file:
        table = solution.key_averages(file.read())
    compared = 0
    for row in golden["key_averages"]:
        mine = table.get(row["name"])
        if mine is None:
            continue  # annotations
        got = [mine["calls"], mine["cpu_total_ns"], mine["cpu_self_ns"]]
        wanted = [row["calls"], round(row["cpu_total_us"] * 1000), round(row["cpu_self_us"] * 1000)]
        assert got == wanted, (row, mine)
        compared += 3
    with open(path("events.out.tfevents"), "rb") as file:
        scalars = solution.read_scalars(file.read())
    wanted = [(wall, int(step), tag, value) for wall, step, tag, value in golden["scalars"]]
    assert scalars == wanted, (scalars, wanted)
    for row in golden["checksums"]:
        assert solution.masked_crc(bytes(row["data"])) == row["masked"], row
    print(f"{compared + 4 * len(scalars) + len(golden['checksums'])} values agree, {len(table)} operators")


if __name__ == "__main__":
    if "--check" not in sys.argv:
        make()
    check()
