"""Misconceptions as people write them in NumPy; the trials read this file after solution.py and let one function take over."""

right_plan, right_run_ckpt, right_amp_step, right_schedule = plan, run_ckpt, amp_step, schedule  # noqa: F821


def counts_only_the_segment(input, saved, budget):
    """The kept inputs do not enter the peak."""
    right_plan(input, saved, budget)
    return right_plan([0] * len(input), saved, budget)


def reruns_the_last_segment(net, keep, scale):
    """Nothing is saved in the forward pass, as when every segment is wrapped in a checkpoint."""
    keep, layers, states = [int(i) for i in keep], net.layers(), {}
    if not keep or keep[0] != 0 or keep != sorted(set(keep)) or keep[-1] >= layers:
        raise ValueError("refused")
    for i in range(layers):
        if i in keep:
            net.keep(i)
            states[i] = net.rng()
        net.forward(i, False)
    loss, after = net.loss(scale), net.rng()
    for at in reversed(range(len(keep))):
        start, end = keep[at], keep[at + 1] if at + 1 < len(keep) else layers
        net.load(start)
        net.set_rng(states[start])
        for i in range(start, end):
            net.forward(i, True)
        for i in range(end - 1, start - 1, -1):
            net.backward(i)
        net.free(start)
    net.set_rng(after)
    return loss


def rng_not_restored(net, keep, scale):
    """The re-run draws new masks."""
    net.set_rng, kept = lambda state: None, net.set_rng
    try:
        return right_run_ckpt(net, keep, scale)
    finally:
        net.set_rng = kept


def no_master_copy(st, grads):
    """The weights are those of the network, in FP16."""
    moved = right_amp_step(st, grads)
    st.master = [w.astype(np.float16).astype(w.dtype) for w in st.master]  # noqa: F821
    return moved


def unscales_in_fp16(st, grads):
    """grads / scale before the conversion."""
    if [g.shape for g in grads] != [w.shape for w in st.master]:
        raise ValueError("refused")
    small = [g / np.float16(st.scale) for g in grads]  # noqa: F821
    return right_amp_step(st, [g.astype(np.float32) * np.float32(st.scale) for g in small])  # noqa: F821


def evicts_after_use(bytes, gpu, ram):
    """Load ahead, run, evict; the same again backward."""
    right_schedule(bytes, gpu, ram)
    layers, acts, free = len(bytes), [], gpu
    for order, word in ((range(layers), "fwd"), (range(layers - 1, -1, -1), "bwd")):
        waiting = list(order)
        for i in order:
            while waiting and bytes[waiting[0]] <= free:
                acts.append(("load", waiting[0]))
                free -= int(bytes[waiting.pop(0)])
            acts.append((word, i))
            if word == "bwd":
                acts.append(("save", i))
            acts.append(("evict", i))
            free += int(bytes[i])
    return fetched(acts, ram)  # noqa: F821
