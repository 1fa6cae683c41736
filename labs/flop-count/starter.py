"""Counting a network. Write the functions below; others may stand beside them.

One multiply-add is one MAC. Everything is a dict, a list or an int:

    op          {"op": "linear", "rows": 3, "cin": 8, "cout": 4, "bias": True}
    cost        {"macs": 96, "params": 36, "out": [3, 4]}
    arch        {"name": .., "nodes": [node, ..]}, each node after the nodes that it reads
    node        {"name": "fc", "op": "linear", "inputs": ["x"], "tie": None, "attrs": {"cout": 4, "bias": True}}
    convention  {"bn_per_elem": 0, "act_per_elem": 0, "pool_per_in_elem": 0, "bias_per_out": 0, "skip": []}
    report      {"rows": [{"name": "fc", "out": [3, 4], "macs": 96, "params": 36}, ..], "macs": 96, "params": 36}

To refuse, raise ValueError.
"""


def op_cost(op):
    """MACs, learned numbers and result shape of one operation: {"macs", "params", "out"}. op["op"] says which:

        conv2d     n cin h w cout k stride pad dil groups bias    out [n, cout, ho, wo]; pairs are [vertical, horizontal]
        linear     rows cin cout bias                             out [rows, cout]
        matmul     batch m k n                                    out [batch, m, n]; no weights
        attention  b hq hkv sq sk dh dv causal window             out [b, sq, hq * dv]; no weights

    Padded taps count; adding a bias does not. Attention: q k^T and its product with v, visible pairs only, each of the hq
    heads. Query i stands at key i + sk - sq. causal: it sees no later key. window (or None): it sees the keys less than
    `window` away, to both sides unless causal.
    Refuse: channels that groups does not divide (cin or cout); hq that hkv does not divide; a result without an element;
    causal or window with sq > sk; any size, stride, dilation or number of groups or heads that is 0.
    """
    raise NotImplementedError


def count(arch, c):
    """{"rows", "macs", "params"}: one row for each node of arch, in its order, and the sums of the rows.

    node["op"], its attrs, and what it does to a shape:

        input        shape                           that shape
        conv2d       cout k stride pad dil groups bias    (n, c, h, w) as in op_cost
        linear       cout bias                       (.., cin) becomes (.., cout): every axis but the last is rows
        matmul                                       (.., m, k) and (.., k, n) become (.., m, n)
        embedding    rows dim                        (b, s) becomes (b, s, dim); rows * dim weights, no MACs
        attention    hq hkv causal window            q (b, sq, hq dh), k (b, sk, hkv dh), v (b, sk, hkv dv) become
                                                     (b, sq, hq dv)
        norm         kind                            the same; 2 weights for each channel ("batch": axis 1) or each element
                                                     of the last axis ("layer", "affine"), 1 for "rms"
        act kind, shuffle groups                     the same
        add                                          the same; all inputs have one shape
        mul                                          of two inputs of one rank, an axis of 1 is repeated
        concat axis, slice axis start end            lengths add up along the axis; end - start
        pool         kind k stride pad ceil          floor as in a convolution; ceil rounds up, but the last window has to
                                                     begin before length + pad
        global_pool                                  (n, c, 1, 1)
        reshape      shape                           that shape, of as many elements

    node["tie"] (or None): the node uses the weight of that node, so only its bias, if any, counts as its own. c adds to a
    row's MACs: bn_per_elem for each element that a batch norm returns, act_per_elem for each that an act returns,
    pool_per_in_elem for each that a pool or global_pool reads, bias_per_out for each that a conv2d or linear with a bias
    returns. A node named in c["skip"] gets no row.
    Refuse: an input that no node before it provides (missing, or in a cycle); unequal shapes in add; a reshape that loses
    elements; any other op; sizes of 0; what op_cost refuses.
    """
    raise NotImplementedError


def train_macs(arch):
    """MACs of a training step: the forward products and those that gradients need.

    A layer y = x w needs two more products of the same size: one for the gradient of w, one for that of x. The one for x
    is left out where nothing before the layer learns (conv2d, linear, embedding and norm learn). matmul needs one for each
    input that depends on something learned; attention twice its forward MACs, if any of its inputs does.
    """
    raise NotImplementedError
