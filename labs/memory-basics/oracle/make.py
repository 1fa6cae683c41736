"""Writes golden.json: PyTorch's checkpointed gradients, its gradient scaler, and an exhaustive search of small schedules.

    python make.py
"""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

torch.manual_seed(0)


class Generator:
    """SplitMix64, one number a value."""

    def __init__(self, state):
        self.state = state

    def mask(self, shape, p):
        values = []
        for _ in range(shape[0] * shape[1]):
            self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
            z = self.state
            z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
            z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
            values.append(((z ^ z >> 31) >> 11) * 2.0**-53 < 1 - p)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)


def chain():
    """Gradients of a chain with dropout, by autograd through torch.utils.checkpoint."""
    widths, p, seed, scale, keep = [5, 6, 6, 4, 4, 4, 6, 3], 0.3, 12345, 3.0, [0, 2, 5]
    weights = [torch.randn(o, i, dtype=torch.float64) * 1.2 / i**0.5 for i, o in zip(widths, widths[1:])]
    for w in weights:
        w.requires_grad_()
    x, labels = torch.randn(6, 5, dtype=torch.float64), torch.randint(0, 3, (6,))
    # The masks in the order of the forward pass. A segment that runs again reads the same ones, as torch.utils.checkpoint
    # restores the state of torch's own generator (preserve_rng_state).
    generator = Generator(seed)
    masks = [generator.mask((6, o), p) for o in widths[1:-1]]

    def segment(start, end):
        def run(h):
            for i in range(start, end):
                y = h @ weights[i].T
                if i + 1 < len(weights):
                    y = torch.tanh(y) * masks[i] / (1 - p)
                    y = y + h if y.shape == h.shape else y
                h = y
            return h

        return run

    h = x
    for start, end in zip(keep, keep[1:] + [len(weights)]):
        h = checkpoint(segment(start, end), h, use_reentrant=False)
    loss = torch.nn.functional.cross_entropy(h, labels) * scale
    loss.backward()
    return {
        "weights": [w.detach().tolist() for w in weights], "dropout": p, "seed": seed, "scale": scale, "keep": keep,
        "x": x.tolist(), "labels": labels.tolist(), "loss": loss.item(), "grads": [w.grad.tolist() for w in weights],
    }


def dropout_is_repeated():
    """torch's own dropout: equal gradients with the state restored, others without."""
    layers = [torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Tanh(), torch.nn.Dropout(0.5)) for _ in range(4)]
    x = torch.randn(5, 8, requires_grad=True)

    def gradient(run):
        torch.manual_seed(7)
        h = x
        for layer in layers:
            h = run(layer, h)
        (g,) = torch.autograd.grad(h.square().sum(), x)
        return g

    plain = gradient(lambda layer, h: layer(h))
    kept = gradient(lambda layer, h: checkpoint(layer, h, use_reentrant=False, preserve_rng_state=True))
    lost = gradient(lambda layer, h: checkpoint(layer, h, use_reentrant=False, preserve_rng_state=False))
    assert torch.equal(plain, kept) and not torch.allclose(plain, lost)


def sequential():
    """How often layers run in checkpoint_sequential, which runs its last segment without a checkpoint."""
    rows = []
    for layers, segments in [(16, 4), (16, 8), (12, 3), (6, 1), (8, 8)]:
        count = 0

        class Counted(torch.nn.Linear):
            def forward(self, x):
                nonlocal count
                count += 1
                return super().forward(x)

        net = torch.nn.Sequential(*[Counted(4, 4) for _ in range(layers)])
        checkpoint_sequential(net, segments, torch.randn(2, 4, requires_grad=True), use_reentrant=False).sum().backward()
        rows.append({"layers": layers, "segments": segments, "forwards": count})
    return rows


def scaler():
    """The trajectory of GradScaler with SGD, momentum and clip_grad_norm_, over gradients that are set by hand."""
    fresh = torch.amp.GradScaler("cpu")
    defaults = [fresh.get_scale(), fresh.get_growth_factor(), fresh.get_backoff_factor(), fresh.get_growth_interval()]
    settings = {"scale": 1024.0, "interval": 3, "lr": 0.1, "mu": 0.9, "clip": 0.7}
    weights = [torch.nn.Parameter(torch.randn(n)) for n in (4, 3)]
    first = [w.detach().tolist() for w in weights]
    scaler = torch.amp.GradScaler("cpu", init_scale=settings["scale"], growth_interval=settings["interval"])
    sgd = torch.optim.SGD(weights, lr=settings["lr"], momentum=settings["mu"])
    scaler.scale(torch.zeros(1))  # makes the scale
    steps = []
    for at in range(16):
        grads = [(torch.randn(w.shape) * 0.4 * scaler.get_scale()).half() for w in weights]
        if at in (4, 7, 8):
            grads[at % 2][0] = float("inf")
        if at == 12:
            grads[0][1] = float("nan")
        for w, g in zip(weights, grads):
            w.grad = g.float()
        before, scale = [w.detach().clone() for w in weights], scaler.get_scale()
        scaler.unscale_(sgd)
        torch.nn.utils.clip_grad_norm_(weights, settings["clip"])
        scaler.step(sgd)
        scaler.update()
        moved = any(not torch.equal(a, b) for a, b in zip(before, weights))
        assert moved == (scaler.get_scale() >= scale)
        word = lambda v: v if np.isfinite(v) else {"inf": "inf", "-inf": "-inf"}.get(str(v), "nan")
        steps.append({
            "grads": [[word(v) for v in g.float().tolist()] for g in grads], "moved": moved,
            "scale": scaler.get_scale(), "masters": [w.detach().tolist() for w in weights],
        })
    return {"defaults": defaults, "settings": settings, "weights": first, "steps": steps}


def search(bytes, gpu, compute):
    """The fewest loads, and the least time, of all schedules without NVMe. Acts are issued one by one; what can be chosen is
    which layer to load or to evict, and when. The time is that of four queues, worked out from the acts alone."""
    layers = len(bytes)
    passes = [("fwd", i) for i in range(layers)] + [("bwd", i) for i in reversed(range(layers))]

    @lru_cache(None)
    def fewest(done, held):
        if done == len(passes):
            return 0
        word, i = passes[done]
        if held >> i & 1:
            return fewest(done + 1, held & ~(1 << i) if word == "bwd" else held)
        room = [j for j in range(layers) if held >> j & 1]
        best = 10**9
        for out in range(1 << len(room)):
            left = held
            for at, j in enumerate(room):
                if out >> at & 1:
                    left &= ~(1 << j)
            if sum(bytes[j] for j in range(layers) if left >> j & 1) + bytes[i] <= gpu:
                best = min(best, 1 + fewest(done, left | 1 << i))
        return best

    best, seen = [float("inf")], {}

    def walk(done, held, up, down, comp, evicted, ready, used):
        if max(up, comp, down) >= best[0]:
            return
        if done == len(passes):
            best[0] = max(up, comp, down)
            return
        key, now = (done, held), (up, down, comp, evicted, *ready, *used)
        if any(all(a <= b for a, b in zip(old, now)) for old in seen.get(key, [])):
            return
        seen.setdefault(key, []).append(now)
        word, i = passes[done]
        if held >> i & 1:
            cost = bytes[i] * compute * (2 if word == "bwd" else 1)
            end = max(comp, ready[i]) + cost
            if word == "fwd":
                walk(done + 1, held, up, down, end, evicted, ready, put(used, i, end))
            else:
                saved = max(down, end) + bytes[i]
                # Its eviction is issued at once: nothing later needs the layer.
                walk(done + 1, held & ~(1 << i), up, saved, end, max(evicted, saved), put(ready, i, 0), put(used, i, 0))
        # Loads of layers that a later pass needs, where there is room.
        room = gpu - sum(bytes[j] for j in range(layers) if held >> j & 1)
        later = {j for _, j in passes[done:]}
        for j in later:
            if not held >> j & 1 and bytes[j] <= room:
                end = max(up, evicted) + bytes[j]
                walk(done, held | 1 << j, end, down, comp, evicted, put(ready, j, end), put(used, j, end))
        # Evictions of layers that have run forward and are not next.
        for j in range(layers):
            if held >> j & 1 and ("fwd", j) in passes[:done] and passes[done][1] != j:
                walk(done, held & ~(1 << j), up, down, comp, max(evicted, used[j]), put(ready, j, 0), put(used, j, 0))

    walk(0, 0, 0, 0, 0, 0, (0,) * layers, (0,) * layers)
    return fewest(0, 0), best[0]


def put(values, at, value):
    return values[:at] + (value,) + values[at + 1 :]


def schedules():
    rng = np.random.default_rng(3)
    tasks = [([3] * 4, 6), ([3] * 5, 6), ([3] * 5, 9), ([2, 4, 3, 5], 8), ([5, 2, 4, 3, 2], 9), ([4, 4, 1], 5)]
    tasks += [([int(b) for b in rng.integers(2, 7, 4)], int(rng.integers(9, 13))) for _ in range(4)]
    rows = []
    for bytes, gpu in tasks:
        for compute in (3.0, 1.0, 0.3):
            loads, time = search(tuple(bytes), gpu, compute)
            rows.append({"bytes": bytes, "gpu": gpu, "compute": compute, "loads": loads, "time": time})
            print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    dropout_is_repeated()
    golden = {"chain": chain(), "sequential": sequential(), "scaler": scaler(), "schedules": schedules()}
    (Path(__file__).parent / "golden.json").write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
