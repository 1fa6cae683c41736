"""Runs the twins of the reference kernels: a launch as a line of JSON in, what it did as a line of JSON out (python.rs).

A launch is {"api": "simt" or "tile", "kernel": "module.function", "cfg": .., "args": ..}. An argument is a number, or a
buffer: {"name": .., "data": ..} or, without values, {"name": .., "len": ..}. The last buffer is the result.
"""

import importlib
import json
import sys

import numpy as np

from lab_sdk import Stopped, device

BUFFERS = {"simt": (device.buffer, device.blank), "tile": (device.pointer, device.blank_pointer)}


def run(launch):
    make, blank = BUFFERS[launch["api"]]
    module, name = launch["kernel"].split(".")
    kernel = getattr(importlib.import_module(f"{launch['api']}.{module}"), name)
    args, result = [], None
    for arg in launch["args"]:
        if isinstance(arg, dict):
            filled = "data" in arg
            arg = make(arg["name"], np.array(arg["data"], np.float32)) if filled else blank(arg["name"], "f32", arg["len"])
            result = arg
        args.append(arg)
    try:
        device.launch(launch["api"], kernel, launch["cfg"], args)
    except Stopped:
        pass  # the report says why
    bits = device.read(result).view(np.uint32)
    return {"report": device.report().value, "result": bits.tolist()}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
