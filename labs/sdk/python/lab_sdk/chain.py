"""A chain of layers that trains, and counts every byte that it holds for the backward pass (labs/sdk/src/chain.rs is its
twin).

It runs one layer at a time, and only as it is told. One tensor flows through it, and in the backward pass one slope; these
two are not counted. Letters: B rows, L layers, I inputs and O outputs of a layer, p the part that dropout sets to zero.
Layer i < L - 1: t = tanh(x W^T), y = dropout(t), and + x where I = O. The last layer gives logits: y = x W^T.
"""

import numpy as np


class Meter:
    """A ledger of bytes: what is held, the most that ever was, and how it went."""

    def __init__(self):
        self.held, self.peak, self.history = 0, 0, []

    def take(self, count):
        self.held += count
        self.peak = max(self.peak, self.held)
        self.history.append(self.held)

    def give(self, count):
        self.held -= count
        self.history.append(self.held)

    def reset(self):
        self.peak, self.history = self.held, []


class Chain:
    """A chain of layers with its batch, its gradients, its generator and its ledger."""

    def __init__(self, weights, dropout, seed):
        if not weights:
            raise ValueError("a chain without layers")
        for i, (w, after) in enumerate(zip(weights, weights[1:])):
            if w.shape[0] != after.shape[1]:
                raise ValueError(f"layer {i} puts out {w.shape[0]}, the next takes {after.shape[1]}")
        self.weights, self.grads = list(weights), [np.zeros_like(w) for w in weights]
        self.dropout, self.state, self.half = dropout, seed, False
        self.flow = self.slope = None  # (the layer before which it stands, the tensor)
        self.kept, self.saved, self.meter, self.forwards = {}, {}, Meter(), 0

    def layers(self):
        """L."""
        return len(self.weights)

    def feed(self, x, labels):
        """A batch goes in: x (B, I) flows before layer 0, labels (B) wait for the loss."""
        inputs, classes = self.weights[0].shape[1], self.weights[-1].shape[0]
        if x.ndim != 2 or len(x) == 0 or x.shape[1] != inputs:
            raise ValueError(f"a batch of shape {x.shape}, layer 0 takes {inputs}")
        if len(labels) != len(x):
            raise ValueError(f"{len(x)} rows and {len(labels)} labels")
        self.labels = np.asarray(labels, np.int64)
        if self.labels.max() >= classes:
            raise ValueError(f"a label beyond {classes} classes")
        self.flow, self.slope = (0, np.asarray(x, self.weights[0].dtype)), None

    def forward(self, i, save):
        """Runs layer i on its input, which has to flow. With `save`, what backward(i) needs is held."""
        if i >= self.layers():
            raise ValueError(f"layer {i}: the chain has {self.layers()}")
        x = self.flowing(i)
        product = x @ self.weights[i].T
        self.forwards += 1
        if i + 1 == self.layers():
            self.flow = (i + 1, product)
            if save:
                self.hold(i, x, None, None)
            return
        t = np.tanh(product)
        mask = self.mask(t.shape) if self.dropout > 0 else None
        y = self.dropped(t, mask)
        self.flow = (i + 1, y + x if y.shape == x.shape else y)
        if save:
            self.hold(i, x, t, mask)

    def keep(self, i):
        """Keeps the input of layer i, which has to flow."""
        if i in self.kept:
            raise ValueError(f"the input of layer {i} is kept already")
        self.kept[i] = self.rounded(self.flowing(i))
        self.meter.take(self.kept[i].nbytes)

    def load(self, i):
        """Lets the kept input of layer i flow again; it stays kept."""
        if i not in self.kept:
            raise ValueError(f"the input of layer {i} is not kept")
        self.flow = (i, self.wide(self.kept[i]))

    def free(self, i):
        """Gives the kept input of layer i back."""
        if i not in self.kept:
            raise ValueError(f"the input of layer {i} is not kept")
        self.meter.give(self.kept.pop(i).nbytes)

    def loss(self, scale):
        """The mean cross-entropy (nats) of the logits that flow, times `scale`; the backward pass starts from it."""
        logits = self.flowing(self.layers())
        wide = logits.astype(np.float64)
        rows = np.arange(len(wide))
        peak = wide.max(1, keepdims=True)
        e = np.exp(wide - peak)
        total = e.sum(1, keepdims=True)
        nats = float(np.sum(peak[:, 0] + np.log(total[:, 0]) - wide[rows, self.labels]))
        slope = e / total
        slope[rows, self.labels] -= 1
        share = scale / len(wide)
        self.slope = (self.layers(), (slope * share).astype(logits.dtype))
        return nats * share

    def backward(self, i):
        """Adds the gradient of layer i to what the chain holds, and uses up what the layer saved. The layers after it have
        to be done."""
        if self.slope is None:
            raise ValueError("there is no slope: the loss comes first")
        at, slope = self.slope
        if at != i + 1:
            raise ValueError(f"the slope stands before layer {at}; layer {i} is not next")
        if i not in self.saved:
            raise ValueError(f"layer {i} saved nothing")
        saved = self.saved.pop(i)
        self.meter.give(sum(part.nbytes for part in saved if part is not None))
        x, t, mask = saved
        inner = slope
        if t is not None:
            t = self.wide(t)
            inner = self.dropped(slope, mask) * (1 - t * t)
        self.grads[i] += inner.T @ self.wide(x)
        back = inner @ self.weights[i]
        self.slope = (i, back + slope if t is not None and back.shape == slope.shape else back)

    def rng(self):
        """The state of the generator that dropout draws from."""
        return self.state

    def set_rng(self, state):
        """Sets the generator to a state that rng() gave."""
        self.state = state

    def update(self, rate):
        """One step of plain gradient descent; the gradients are zero afterwards."""
        for w, g in zip(self.weights, self.grads):
            w -= g * w.dtype.type(rate)
            g[:] = 0

    def store(self, numbers):
        """From now on inputs are kept and activations saved as they are ("full") or rounded to BF16 ("bf16")."""
        if numbers not in ("full", "bf16"):
            raise ValueError(f"`{numbers}` is no way to store activations (full, bf16)")
        self.half = numbers == "bf16"

    def fixed_bytes(self):
        """Bytes of weights and gradients."""
        return sum(part.nbytes for part in self.weights + self.grads)

    def flowing(self, i):
        if self.flow is None:
            raise ValueError("nothing flows: a batch goes in first")
        at, x = self.flow
        if at != i:
            wanted = "the logits" if i == self.layers() else f"that of layer {i}"
            raise ValueError(f"the input of layer {at} flows, not {wanted}")
        return x

    def hold(self, i, x, t, mask):
        if i in self.saved:
            raise ValueError(f"layer {i} has saved already")
        self.saved[i] = (self.rounded(x), None if t is None else self.rounded(t), mask)
        self.meter.take(sum(part.nbytes for part in self.saved[i] if part is not None))

    def rounded(self, x):
        """x, or its BF16 as u16: the upper half of an f32, rounded to even."""
        if not self.half:
            return x
        bits = x.astype(np.float32).view(np.uint32)
        return ((bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)

    def wide(self, x):
        if x.dtype != np.uint16:
            return x
        return (x.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(self.weights[0].dtype)

    def mask(self, shape):
        """0 with probability p, else 1: SplitMix64, one number a value, row by row."""
        count = shape[0] * shape[1]
        z = np.uint64(self.state) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        self.state = int(z[-1])
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        return ((z >> np.uint64(11)) * 2.0**-53 < 1 - self.dropout).astype(np.uint8).reshape(shape)

    def dropped(self, x, mask):
        """What the mask lets through, 1 / (1 - p) as large."""
        return x if mask is None else x * mask / x.dtype.type(1 - self.dropout)


class Amp:
    """What a trainer in FP16 remembers between two steps: master and momentum (lists of arrays), scale, clean, interval, lr,
    mu, clip (labs/sdk/src/amp.rs tells each)."""

    def __init__(self, weights, settings):
        self.master, self.momentum = list(weights), [np.zeros_like(w) for w in weights]
        self.scale, self.clean, self.interval = float(settings["scale"]), 0, settings["interval"]
        self.lr, self.mu, self.clip = settings["lr"], settings["mu"], settings["clip"]
