"""Writes golden.json: what LiteRT's reference kernels and ONNX Runtime answer on inputs drawn here.

    python make.py            writes golden.json beside this file, then replays it through ../solution.py
    python make.py --check    only replays

Needs ai-edge-litert, flatbuffers, numpy, onnx and onnxruntime; README.md lists the versions of the stored file. No
value under "returns" is computed in this file: each is read from a tensor that a framework wrote.
"""

import importlib.util
import json
import math
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
SEED = 20240607
PACKAGES = ["ai-edge-litert", "flatbuffers", "numpy", "onnx", "onnxruntime"]
I32 = 2**31
f32 = np.float32


def main():
    if "--check" not in sys.argv[1:]:
        write()
    replay()


def write():
    rng = np.random.default_rng(SEED)
    records = [*qparams(rng), *quantize(rng), *dequantize(rng), *requant(rng), *linear(rng)]
    golden = {
        "written_by": "make.py",
        "seed": SEED,
        "versions": {p: version(p) for p in PACKAGES},
        "records": records,
        "contrasts": contrasts(rng),
    }
    # One record a line, so that a difference between two runs can be read.
    head = {k: golden[k] for k in ("written_by", "seed", "versions")}
    lines = [json.dumps(head)[:-1] + ', "records": [']
    lines += [",\n".join(json.dumps(r, separators=(",", ":")) for r in records), '], "contrasts": [']
    lines += [",\n".join(json.dumps(r, separators=(",", ":")) for r in golden["contrasts"]), "]}"]
    GOLDEN.write_text("\n".join(lines) + "\n")
    print(f"wrote {GOLDEN.name}: {GOLDEN.stat().st_size} bytes, {len(records)} records; {golden['versions']}")


def record(function, source, args, returns):
    args = {k: plain(v) for k, v in args.items()}
    return {"function": function, "source": source, "args": args, "returns": plain(returns)}


def plain(v):
    """A JSON value: an array as dtype, shape and flat data (a float as its exact double)."""
    if isinstance(v, np.ndarray):
        return {"dtype": {"int8": "i8", "int32": "i32", "float32": "f32"}[v.dtype.name], "shape": list(v.shape),
                "data": v.ravel().tolist()}
    if isinstance(v, np.generic):
        return v.item()
    return [plain(w) for w in v] if isinstance(v, (list, tuple)) else v


# qparams: ONNX's DynamicQuantizeLinear (uint8), whose code is 128 above the int8 one

def qparams(rng):
    ranges = [(1.0, 6.0), (-6.0, -1.0), (0.0, 6.0), (-1.0, 1.0), (-0.5, 7.25), (0.0, 1e-3), (-1e6, 3.0)]
    ranges += [tuple(sorted(rng.normal(size=2) * 10.0 ** rng.integers(-3, 4))) for _ in range(33)]
    for low, high in ranges:
        x = np.array([low, high], f32)
        scale, zp = onnx_run("DynamicQuantizeLinear", {"x": x}, {}, ["y", "scale", "zp"])[1:]
        # ONNX rounds ties to even and computes in f32: a range close to a tie would say nothing about our rule.
        widened = min(float(x[0]), 0.0), max(float(x[1]), 0.0)
        exact = -128.0 - widened[0] / ((widened[1] - widened[0]) / 255.0)
        if abs(abs(exact - math.floor(exact)) - 0.5) > 1e-3:
            yield record("qparams", "ONNX Runtime DynamicQuantizeLinear, zero point - 128",
                         {"min": x[0], "max": x[1]}, (scale[()], int(zp[()]) - 128))


# quantize, dequantize

def quantize(rng):
    from tflite import T, model, run
    for scale, zp in [(0.0371, -7), (0.0123, 0), (0.25, 5), (1e-3, 100), (0.1, -128), (3.7, 127)]:
        scale = f32(scale)
        half = ((np.arange(-40, 40) * 3 + 0.5).astype(f32) * scale).astype(f32)
        up, down = np.nextafter(half, f32(np.inf)), np.nextafter(half, f32(-np.inf))
        x = np.concatenate([half, up, down, np.nextafter(up, f32(np.inf)), np.nextafter(down, f32(-np.inf)),
                            np.array([0.0, -0.0, 1e-40, 1e6, -1e6], f32)])
        y = run(model("QUANTIZE", [T(x.shape, f32)], T(x.shape, np.int8, None, [scale], [zp])), [x])
        yield record("quantize", "LiteRT QUANTIZE, reference kernel",
                     {"x": x, "scale": [scale], "zp": [zp], "axis": None, "lo": -128}, y)
    for shape, axis in [((4, 4), 0), ((4, 4), 1), ((3, 3, 3), 0), ((3, 3, 3), 1), ((3, 3, 3), 2), ((2, 5, 3), 1)]:
        scale, zp = rng.uniform(0.01, 0.05, shape[axis]).astype(f32), rng.integers(-60, 60, shape[axis])
        along = [-1 if a == axis else 1 for a in range(len(shape))]
        # Half steps of each channel's own scale, moved by up to two units in the last place.
        steps = (rng.integers(-130, 130, shape) + 0.5).astype(f32)
        x = (steps * scale.reshape(along)).astype(f32)
        x = (x.view(np.int32) + rng.integers(-2, 3, shape).astype(np.int32)).view(f32)
        args = {"x": x, "scale": list(scale), "zp": [int(z) for z in zp], "axis": axis, "lo": -128}
        y = run(model("QUANTIZE", [T(shape, f32)], T(shape, np.int8, None, list(scale), list(zp), axis)), [x])
        yield record("quantize", "LiteRT QUANTIZE, reference kernel, per axis", args, y)
        # ONNX rounds ties to even, so it confirms everything but the ties: keep away from them.
        x = ((rng.integers(-135, 135, shape) + rng.uniform(-0.45, 0.45, shape)) * scale.reshape(along)).astype(f32)
        y = onnx_run("QuantizeLinear", {"x": x, "s": scale, "z": zp.astype(np.int8)}, {"axis": axis}, ["y"])[0]
        yield record("quantize", "ONNX Runtime QuantizeLinear, no ties", {**args, "x": x}, y)


def dequantize(rng):
    from tflite import T, model, run
    codes = np.arange(-128, 128).astype(np.int8)
    for scale, zp in [(0.0371, -7), (0.3, 0), (1e-3, 127), (0.1, -128)]:
        scale = f32(scale)
        y = run(model("DEQUANTIZE", [T(codes.shape, np.int8, None, [scale], [zp])], T(codes.shape, f32)), [codes])
        yield record("dequantize", "LiteRT DEQUANTIZE, reference kernel",
                     {"q": codes, "scale": [scale], "zp": [zp], "axis": None}, y)
    for shape, axis in [((4, 4), 0), ((4, 4), 1), ((3, 3, 3), 1), ((2, 5, 3), 2)]:
        scale, zp = rng.uniform(0.01, 0.05, shape[axis]).astype(f32), rng.integers(-60, 60, shape[axis])
        q = rng.integers(-128, 128, shape).astype(np.int8)
        args = {"q": q, "scale": list(scale), "zp": [int(z) for z in zp], "axis": axis}
        y = run(model("DEQUANTIZE", [T(shape, np.int8, None, list(scale), list(zp), axis)], T(shape, f32)), [q])
        yield record("dequantize", "LiteRT DEQUANTIZE, reference kernel, per axis", args, y)
        y = onnx_run("DequantizeLinear", {"x": q, "s": scale, "z": zp.astype(np.int8)}, {"axis": axis}, ["y"])[0]
        yield record("dequantize", "ONNX Runtime DequantizeLinear, per axis", args, y)


# requant: a 1x1 CONV_2D whose input equals its zero point, so that the accumulator is the bias

def requant(rng):
    source = "LiteRT CONV_2D 1x1, reference kernel"
    # The published case: multiplier 2050738644, shift -8. Search three f32 scales that give it.
    xs, ws, ys = scales_for(2050738644, -8, rng)
    accs = np.arange(4155 - 8, 4155 + 9)
    yield requant_record(source + "; holds the published case 4155 -> 16", accs, xs, np.full(17, ws), ys, 0, "none")
    # Powers of two: exact ties, of both roundings and both signs.
    for e in (-1, -2, -4, -7, 1, -15, -25):
        ws, ys, m = 2.0 ** (e + 1), 1.0, 2.0**e
        near = [round((n + h) / m) + d for n in range(-12, 12) for h in (0, 0.5) for d in (-1, 0, 1)]
        accs = np.unique(near)
        yield requant_record(source + "; ties", accs, 0.5, np.full(len(accs), ws), ys, 0, "none")
    # Any multiplier, from 2^-24 to 2^5, near a tie of the exact product; three fused ranges, any zero point.
    for act in ["none", "relu", "relu6"] * 3:
        n = 96
        xs, ys, zp = f32(rng.uniform(0.01, 0.1)), f32(rng.uniform(0.02, 0.2)), int(rng.integers(-100, 100))
        ws = (2.0 ** rng.uniform(-24, 5, n) * ys / xs).astype(f32)
        m = [multiplier(xs, w, ys) for w in ws]
        accs = [round((int(rng.integers(-130, 130)) + 0.5) / v) + int(rng.integers(-1, 2)) for v in m]
        yield requant_record(source + f"; fused {act}", np.array(accs), xs, ws, ys, zp, act)
    # The ends of i32, where the multiplier leaves room.
    ws = np.array([2.0**-e * 1.37 for e in range(21, 33)] * 4, f32)
    accs = np.repeat(np.array([-I32, 1 - I32, I32 - 2, I32 - 1]), 12)
    yield requant_record(source + "; ends of i32", accs, 1.0, ws, 1.0, 3, "none")


def multiplier(xs, ws, ys):
    """LiteRT's effective scale: the three f32 scales, combined in f64 (found by comparing bits, see README.md)."""
    return float(np.float64(f32(xs)) * np.float64(f32(ws)) / np.float64(f32(ys)))


def scales_for(mult, shift, rng):
    want = math.ldexp(mult, shift - 31)
    while True:
        xs, ys = f32(rng.uniform(0.01, 0.1)), f32(rng.uniform(0.02, 0.2))
        ws = f32(want * float(ys) / float(xs))
        if round(math.ldexp(multiplier(xs, ws, ys), 31 - shift)) == mult:
            return xs, ws, ys


def conv(op, x, xs, x_zp, w, ws, bias, ys, zp, act, kernels):
    """x (T, K), w (N, K) as a 1x1 convolution over T pixels, or as FULLY_CONNECTED; the codes (T, N)."""
    from tflite import T, const, model, run
    (t, k), n = x.shape, len(w)
    ws = np.broadcast_to(np.asarray(ws, f32), n)
    b = const(bias, [float(f32(xs) * s) for s in ws])
    if op == "FULLY_CONNECTED":
        x_shape, y_shape, w = (t, k), (t, n), const(w, ws)
    elif op == "CONV_2D":
        x_shape, y_shape, w = (1, t, 1, k), (1, t, 1, n), const(w.reshape(n, 1, 1, k), ws)
    else:  # DEPTHWISE_CONV_2D with K = 1: N channels of one input each
        x_shape, y_shape, w = (1, t, 1, n), (1, t, 1, n), const(w.reshape(1, 1, 1, n), ws, axis=3)
        x = np.repeat(x, n, axis=1)
    content = model(op, [T(x_shape, np.int8, None, [xs], [x_zp]), w, b], T(y_shape, np.int8, None, [ys], [zp]), act)
    return run(content, [x.reshape(x_shape)], kernels).reshape(t, n)


def accumulators(op, accs, xs, ws, ys, zp, act, kernels):
    """The codes of chosen accumulators: every input equals its zero point, so acc = bias."""
    x, w = np.full((1, 1), 3, np.int8), np.ones((len(accs), 1), np.int8)
    return conv(op, x, xs, 3, w, ws, np.asarray(accs).astype(np.int32), ys, zp, act, kernels)


def fused_range(act, ys, zp):
    """Codes of the fused activation's ends, as LiteRT computes them."""
    low = -128 if act == "none" else max(-128, zp)
    high = 127 if act != "relu6" else min(127, zp + int(math.floor(f32(6.0) / f32(ys) + f32(0.5))))
    return low, high


def requant_record(source, accs, xs, ws, ys, zp, act):
    from tflite import REF
    y = accumulators("CONV_2D", accs, xs, ws, ys, zp, act, REF)
    low, high = fused_range(act, ys, zp)
    args = {"acc": accs.astype(np.int32).reshape(1, -1), "m": [multiplier(xs, w, ys) for w in ws]}
    return record("requant", source, {**args, "out_zp": zp, "lo": low, "hi": high}, y)


# linear_i8: the same convolution over K channels

def linear(rng):
    from tflite import REF
    cases = [(k, kind) for k in (1, 3, 17) for kind in ("random", "extreme")]
    cases += [(1033, "random"), (1033, "extreme"), (1033, "odd")]
    for k, kind in cases:
        t, n = (3, 5) if k > 100 else (6, 8)
        xs, ys = f32(rng.uniform(0.01, 0.1)), f32(rng.uniform(0.1, 0.9))
        zp, x_zp = int(rng.integers(-40, 40)), int(rng.integers(-128, 128))
        w_per = rng.uniform(0.5, 2.0, n) * float(ys) / float(xs) / math.sqrt(k) / 150
        x = rng.integers(-128, 128, (t, k)).astype(np.int8)
        w = rng.integers(-127, 128, (n, k)).astype(np.int8)
        bias = rng.integers(-2000, 2000, n).astype(np.int32)
        if kind == "extreme":
            x = np.where(x < 0, -128, 127).astype(np.int8)
            w = np.where(w < 0, -127, 127).astype(np.int8)
            x_zp = 127 if k % 2 else -128
        if kind == "odd":
            # Every product is 128 * 127 but one, which is odd: the sum, 16,792,321, lies just above 2^24 and f32 cannot
            # hold it. The bias brings it back into range, and the multiplier is 1, so that the last bit can be seen.
            xs, ys, x_zp, zp, w_per = f32(1), f32(1), 0, 0, np.full(n, 1.0)
            x, w = np.full((t, k), -128, np.int8), np.full((n, k), -127, np.int8)
            x[:, -1] = -127
            bias = -(16_792_321 + np.arange(-3, n - 3) * 2 + 1).astype(np.int32)
        y = conv("CONV_2D", x, xs, x_zp, w, w_per, bias, ys, zp, "none", REF)
        m = [multiplier(xs, s, ys) for s in w_per.astype(f32)]
        yield record("linear_i8", f"LiteRT CONV_2D 1x1, reference kernel; {kind}, K = {k}",
                     {"x": x, "x_zp": x_zp, "w": w, "bias": bias, "m": m, "out_zp": zp}, y)


# contrasts: what the same frameworks do elsewhere, kept so that the sentences about it stay checkable

def contrasts(rng):
    from tflite import OPT, REF, XNN, T, model, run
    accs = np.arange(-40, 41)
    args = dict(xs=0.5, ws=np.full(81, 0.25), ys=2.0, zp=0, act="none")
    for op in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        for name, kernels in (("reference", REF), ("optimized", OPT), ("XNNPACK", XNN)):
            y = accumulators(op, accs, kernels=kernels, **args).ravel().tolist()
            yield {"what": f"{op}, {name} kernels", "acc": accs.tolist(), "m": 1 / 16, "returns": y}
    x = (np.arange(-8, 9) / 2).astype(f32)
    for name, kernels in (("reference", REF), ("XNNPACK", XNN)):
        y = run(model("QUANTIZE", [T(x.shape, f32)], T(x.shape, np.int8, None, [1.0], [0])), [x], kernels)
        yield {"what": f"LiteRT QUANTIZE, {name} kernels: halves at scale 1", "x": x.tolist(), "returns": y.tolist()}
    y = onnx_run("QuantizeLinear", {"x": x, "s": np.array(1, f32), "z": np.array(0, np.int8)}, {}, ["y"])[0]
    yield {"what": "ONNX Runtime QuantizeLinear: halves at scale 1", "x": x.tolist(), "returns": y.tolist()}


def onnx_run(op, feed, attributes, outputs):
    import onnx
    import onnxruntime
    kinds = {"float32": 1, "uint8": 2, "int8": 3}
    inputs = [onnx.helper.make_tensor_value_info(n, kinds[v.dtype.name], v.shape) for n, v in feed.items()]
    out = [onnx.helper.make_empty_tensor_value_info(n) for n in outputs]
    node = onnx.helper.make_node(op, list(feed), outputs, **attributes)
    graph = onnx.helper.make_graph([node], "one", inputs, out)
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    made = onnx.shape_inference.infer_shapes(made)
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(outputs, feed)


# replay

def replay():
    """Every record through ../solution.py: exact, but for the scale of qparams (one unit in the last place)."""
    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    values, wrong = {}, 0
    for r in json.loads(GOLDEN.read_text())["records"]:
        args, want = {k: array(v) for k, v in r["args"].items()}, array(r["returns"])
        if "m" in args:
            pairs = [solution.quantize_multiplier(m) for m in args.pop("m")]
            args |= {"mult": np.array([p[0] for p in pairs]), "shift": np.array([p[1] for p in pairs])}
        for name in ("scale", "zp"):
            if name in args:
                args[name] = np.array(args[name], f32 if name == "scale" else np.int64)
        got = getattr(solution, r["function"])(**args)
        if r["function"] == "qparams":
            differ = int(got[1] != want[1] or abs(got[0] - want[0]) > np.spacing(f32(want[0])))
            size = 1
        else:
            differ, size = int(np.count_nonzero(got != want)), want.size
            differ += got.shape != want.shape or got.dtype != want.dtype
        values[r["function"]] = values.get(r["function"], 0) + size
        wrong += differ
        if differ:
            print(f"{r['function']}: {differ} of {size} differ ({r['source']})")
    print(f"replayed {values}: {wrong} differ")
    sys.exit(wrong > 0)


def array(v):
    if isinstance(v, dict):
        return np.array(v["data"], {"i8": np.int8, "i32": np.int32, "f32": f32}[v["dtype"]]).reshape(v["shape"])
    return v


if __name__ == "__main__":
    main()
