"""Products of int8 matrices in ONNX Runtime on one thread: MatMulInteger, s8 x s8 and u8 x s8, medians of five rounds.

    pip install onnxruntime onnx numpy; python3 benches/int8_peers.py
"""

import statistics
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto

TIMING = 0.03


def session(side: int, x_type: int, w: np.ndarray) -> onnxruntime.InferenceSession:
    """x (side, side) by a constant w (side, side) int8, zero points 0."""
    x = onnx.helper.make_tensor_value_info("x", x_type, [side, side])
    y = onnx.helper.make_tensor_value_info("y", TensorProto.INT32, [side, side])
    node = onnx.helper.make_node("MatMulInteger", ["x", "w"], ["y"])
    graph = onnx.helper.make_graph([node], "product", [x], [y], [onnx.numpy_helper.from_array(w, "w")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def rate(run, operations: float) -> float:
    """GOP/s over calls that take `TIMING` together."""
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < TIMING:
        run()
        calls += 1
    return calls * operations / (time.perf_counter() - started) / 1e9


def main() -> None:
    draw = np.random.default_rng(0)
    rows = []
    for side in (256, 512, 1024):
        w = draw.integers(-128, 128, (side, side), dtype=np.int8)
        for name, kind, dtype, low in (
            ("s8 x s8", TensorProto.INT8, np.int8, -128),
            ("u8 x s8", TensorProto.UINT8, np.uint8, 0),
        ):
            x = draw.integers(low, low + 256, (side, side), dtype=dtype)
            run = session(side, kind, w).run
            wanted = x.astype(np.int64) @ w.astype(np.int64)
            # Without VNNI, u8 x s8 adds pairs of products in 16 bits.
            exact = "" if (run(None, {"x": x})[0] == wanted).all() else ", not exact"
            rows.append((f"{name}, {side}{exact}", lambda run=run, x=x: run(None, {"x": x}), 2.0 * side**3, []))
    # In turn, so that a busy moment meets everything; the first round warms caches and is dropped.
    for turn in range(6):
        for _, run, operations, rates in rows:
            reached = rate(run, operations)
            if turn:
                rates.append(reached)
    print(f"ONNX Runtime {onnxruntime.__version__}, one thread, medians of 5 rounds")
    for name, _, _, rates in rows:
        print(f"{name:<28} {statistics.median(rates):8.1f} GOP/s   {min(rates):.1f} to {max(rates):.1f}")


if __name__ == "__main__":
    main()
