"""A training step in less memory. Write the functions below; others may stand beside them.

A `Chain` is a network of L layers that runs one layer at a time, and only as it is told. One tensor flows through it;
everything that is held beside it is counted, in bytes.

    net.layers()            L
    net.feed(x, y)          a batch goes in: the input of layer 0 flows
    net.forward(i, save)    runs layer i on its input, which has to flow; with `save`, holds what backward(i) needs
    net.keep(i)             holds the input of layer i, which has to flow
    net.load(i)             lets the held input of layer i flow again; it stays held
    net.free(i)             gives the held input of layer i back
    net.loss(scale)         mean loss of the logits that flow, times `scale`; the backward pass starts from it
    net.backward(i)         adds layer i's gradient to those of the chain, and uses up what it saved; from the last layer down
    net.rng()               the state (an int) of the generator that dropout draws from
    net.set_rng(state)      puts it back

To refuse, raise ValueError.
"""

import numpy as np


def plan(input, saved, budget):
    """The layers whose inputs are kept: a rising list that begins with 0. It cuts the layers into segments.

    input[i]: bytes of the input of layer i. saved[i]: bytes that layer i saves for its backward pass. The last segment
    saves in the forward pass; every other one runs a second time and saves then, while the inputs of its own and of all
    earlier segments are still kept. So the peak is the largest, over the segments, of
        the inputs kept for it and for those before it  +  what its layers save
    and it has to be within `budget`. Of the plans that fit, return one in which the fewest layers run twice.
    Refuse: no layers; lists of different lengths; a budget that no plan fits (say which is the smallest that one does).
    """
    raise NotImplementedError


def run_ckpt(net, keep, scale):
    """Forward and backward of the batch that was fed: the loss times `scale`, the gradients left in `net`.

    Of the inputs, only those of the layers `keep` (an array of integers) may be kept, each until its segment is done; the peak is the one that
    `plan` states. The last segment runs once, the layers of all others twice. Gradients and the generator's state
    afterwards are those of a run that saves everything; nothing stays held.
    Refuse: a `keep` that does not begin with 0, does not rise, or goes past the last layer.
    """
    raise NotImplementedError


def train_step(net, x, y, micro, keep):
    """Adds to the chain's gradients those of the mean loss over all rows of x, and returns that loss.

    The rows go through run_ckpt in order, `micro` at a time; the last micro-batch may be smaller.
    Refuse: a `micro` of 0; no rows; another number of labels than rows.
    """
    raise NotImplementedError


def amp_step(st, grads):
    """One step of a trainer in FP16. grads (np.float16, one for each weight) are those of the loss times st.scale. Returns
    whether the weights moved.

    st has master and momentum (lists of np.float32), scale, lr, mu, clip, clean and interval.
        g = grads / scale, in f32
        any g that is not finite: nothing moves, scale is halved, clean = 0
        g is multiplied with min(1, clip / (norm + 1e-6)), norm = sqrt(sum of g^2 over all gradients together)
        momentum = mu momentum + g;  master = master - lr momentum
        clean grows by 1; when it reaches `interval`, scale is doubled and clean = 0
    Refuse: another number of gradients than weights; a gradient of another shape than its weight.
    """
    raise NotImplementedError


def schedule(bytes, gpu, ram):
    """What to copy and what to run for one training step, in order: [("load", i), ("fwd", i), ..].

    Layer i has bytes[i], the GPU has room for `gpu`. Each fwd(0) .. fwd(L - 1), then bwd(L - 1) .. bwd(0), runs once, with
    its layer on the GPU. An act starts when its queue is free and the acts before it in the list that it needs are done:
        load(i)     queue "up"        every evict before it; its fetch, if it has one
        fwd, bwd    queue "compute"   load(i)
        save(i)     queue "down"      bwd(i): copies the gradient, which lies in the layer's place, to the CPU
        evict(i)    takes no time     fwd(i), bwd(i) and save(i) before it
        fetch(i)    queue "disk"      every load before it of a layer that was fetched
    Layers 0 .. ram - 1 are in CPU memory. The others are on NVMe: each load of one needs a fetch(i) before it, and at most
    two layers are fetched and not yet loaded. A layer leaves after its gradient is saved. Of equal layers as few loads as
    possible; the time of the whole step is at most 5 % above the model answer's.
    Refuse: no layers; a layer larger than `gpu`.
    """
    raise NotImplementedError
