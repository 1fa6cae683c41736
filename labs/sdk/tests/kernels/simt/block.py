"""A value of a block of 128 threads, joined from those of its threads: what softmax and layer normalization share."""

# Threads of a block.
BLOCK = 128


def joined(w, s, v, join):
    """`join` of the values of all threads, for each of them. `s` has a word for each thread, and is free again."""
    t = w.tid()
    w.sts(s, t, v)
    yield w.sync()
    for d in (64, 32, 16, 8, 4, 2, 1):
        with w.if_(t < d):
            w.sts(s, t, join(w.lds(s, t), w.lds(s, t + d)))
        yield w.sync()
    v = w.lds(s, 0)
    yield w.sync()
    return v
