"""A training step in less memory, in NumPy.

L layers; a segment is a run of layers of which only the first one's input is kept.
"""

import numpy as np


def plan(input, saved, budget):
    if len(input) == 0 or len(input) != len(saved):
        raise ValueError(f"{len(input)} inputs and {len(saved)} layers")
    layers, input, saved = len(input), [int(b) for b in input], [int(b) for b in saved]
    # Bytes kept before each layer, as few as can be, and where the segment before it begins.
    least = {0: (0, None)}
    for start in range(layers):
        if start not in least:
            continue
        kept = least[start][0] + input[start]
        # Every segment but the last runs twice: the first start that fits leaves the longest last one.
        if kept + sum(saved[start:]) <= budget:
            keep = [start]
            while (before := least[keep[0]][1]) is not None:
                keep.insert(0, before)
            return keep
        for end in range(start + 1, layers):
            if kept + sum(saved[start:end]) <= budget and kept < least.get(end, (kept + 1,))[0]:
                least[end] = (kept, start)
    raise ValueError(f"{budget} bytes are too few for these layers")


def run_ckpt(net, keep, scale):
    keep, layers = [int(i) for i in keep], net.layers()
    if not keep or keep[0] != 0 or keep != sorted(set(keep)) or keep[-1] >= layers:
        raise ValueError(f"{keep} is no plan for {layers} layers")
    states = {}
    for i in range(layers):
        if i in keep:
            net.keep(i)
            states[i] = net.rng()
        net.forward(i, i >= keep[-1])
    loss, after = net.loss(scale), net.rng()
    for start, end in reversed(list(zip(keep, keep[1:] + [layers]))):
        if start < keep[-1]:
            net.load(start)
            net.set_rng(states[start])
            for i in range(start, end):
                net.forward(i, True)
        for i in reversed(range(start, end)):
            net.backward(i)
        net.free(start)
    net.set_rng(after)
    return loss


def train_step(net, x, y, micro, keep):
    if micro <= 0 or len(x) == 0 or len(x) != len(y):
        raise ValueError(f"{len(x)} rows, {len(y)} labels, micro-batches of {micro}")
    loss = 0.0
    for at in range(0, len(x), micro):
        part = slice(at, at + micro)
        net.feed(x[part], y[part])
        loss += run_ckpt(net, keep, len(y[part]) / len(x))
    return loss


def amp_step(st, grads):
    if [g.shape for g in grads] != [w.shape for w in st.master]:
        raise ValueError("the gradients have not the weights' shapes")
    # In the masters' precision first: FP16 would lose what the scale has saved.
    grads = [g.astype(w.dtype) / w.dtype.type(st.scale) for g, w in zip(grads, st.master)]
    if not all(np.isfinite(g).all() for g in grads):
        st.scale, st.clean = st.scale * 0.5, 0
        return False
    norm = sum(float(np.sum(g * g)) for g in grads) ** 0.5
    factor = min(1.0, st.clip / (norm + 1e-6))
    for i, g in enumerate(grads):
        st.momentum[i] = st.mu * st.momentum[i] + g * factor
        st.master[i] = st.master[i] - st.lr * st.momentum[i]
    st.clean += 1
    if st.clean == st.interval:
        st.scale, st.clean = st.scale * 2, 0
    return True


def schedule(bytes, gpu, ram):
    if len(bytes) == 0 or max(bytes) > gpu:
        raise ValueError(f"a GPU of {gpu} bytes does not hold the largest of {len(bytes)} layers")
    layers, bytes, free = len(bytes), [int(b) for b in bytes], gpu
    acts, lowest, coming = [], 0, 0  # layers lowest .. coming are on the GPU
    for i in range(layers):
        while coming < layers:
            # The lowest layers are needed last in backward.
            while bytes[coming] > free and lowest < i:
                acts.append(("evict", lowest))
                free += bytes[lowest]
                lowest += 1
            if bytes[coming] > free:
                break
            acts.append(("load", coming))
            free -= bytes[coming]
            coming += 1
        acts.append(("fwd", i))
    for i in reversed(range(layers)):
        while lowest > 0 and bytes[lowest - 1] <= free:
            lowest -= 1
            acts.append(("load", lowest))
            free -= bytes[lowest]
        acts += [("bwd", i), ("save", i), ("evict", i)]
        free += bytes[i]
    return fetched(acts, ram)


def fetched(acts, ram):
    """Two fetches before the first load from NVMe, one after each: the disk always works one layer ahead."""
    slow = [i for act, i in acts if act == "load" and i >= ram]
    out, sent = [("fetch", i) for i in slow[:2]], 2
    for act, i in acts:
        out.append((act, i))
        if act == "load" and i >= ram:
            out += [("fetch", j) for j in slow[sent : sent + 1]]
            sent += 1
    return out
