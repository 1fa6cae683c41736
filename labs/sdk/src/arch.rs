//! Networks as data: a flat list of nodes, one operation with all its sizes, and what counting them reports.
//! Plain values only: nothing here counts or infers a shape.
//!
//! In Python each is a dict with the same keys: `{"name": "fc", "op": "linear", "inputs": ["pool"], "tie": None,
//! "attrs": {"cout": 1000, "bias": True}}`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// A network. Each node stands after the nodes that it reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arch {
    /// What it is called.
    pub name: String,
    /// In an order in which they can run.
    pub nodes: Vec<Node>,
}

/// One node of an [`Arch`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Unique in the network.
    pub name: String,
    /// Names of the nodes that it reads, in order.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// The node whose weight this one uses instead of a weight of its own.
    #[serde(default)]
    pub tie: Option<String>,
    /// What it does.
    #[serde(flatten, deserialize_with = "known_or_not")]
    pub op: Op,
}

/// What a node does, `op`, with its `attrs`. Images are (n, c, h, w); sequences (b, s, d).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", content = "attrs", rename_all = "snake_case")]
pub enum Op {
    /// Data that comes from outside.
    Input {
        /// Its shape.
        shape: Vec<u64>,
    },
    /// A 2-D convolution. Pairs are (vertical, horizontal).
    Conv2d {
        /// Output channels.
        cout: u64,
        /// Kernel.
        k: [u64; 2],
        /// Stride.
        stride: [u64; 2],
        /// Zeros on each side.
        pad: [u64; 2],
        /// Dilation; 1 is none.
        dil: [u64; 2],
        /// Groups; 1 is dense, as many as input channels is depthwise.
        groups: u64,
        /// Whether a bias is added.
        bias: bool,
    },
    /// A product with a weight along the last axis.
    Linear {
        /// Length of the last axis of the result.
        cout: u64,
        /// Whether a bias is added.
        bias: bool,
    },
    /// The product of two inputs, (.., m, k) and (.., k, n), over their last two axes.
    Matmul {},
    /// A row of a table for each index: (b, s) becomes (b, s, dim).
    Embedding {
        /// Rows of the table.
        rows: u64,
        /// Length of a row.
        dim: u64,
    },
    /// softmax(q k^T) v for each head. Reads q (b, sq, hq dh), k (b, sk, hkv dh), v (b, sk, hkv dv).
    Attention {
        /// Heads of q.
        hq: u64,
        /// Heads of k and v; each serves hq / hkv heads of q.
        hkv: u64,
        /// Whether a query sees no later key.
        causal: bool,
        /// Whether a query sees only the keys less than this far away.
        window: Option<u64>,
    },
    /// A normalisation.
    Norm {
        /// Over what.
        kind: Norm,
    },
    /// A function of each element.
    Act {
        /// Which: `relu`, `gelu`, ...
        kind: String,
    },
    /// The sum of inputs of one shape.
    Add {},
    /// The product of two inputs; an axis of length 1 is repeated.
    Mul {},
    /// Inputs side by side along an axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// Part of an axis: the indices from `start` up to but without `end`.
    Slice {
        /// The axis.
        axis: usize,
        /// The first index.
        start: u64,
        /// The first index that is left out.
        end: u64,
    },
    /// Maximum or mean over windows of an image.
    Pool {
        /// Maximum or mean.
        kind: Pool,
        /// Window.
        k: [u64; 2],
        /// Stride.
        stride: [u64; 2],
        /// Padding on each side.
        pad: [u64; 2],
        /// Whether the size is rounded up.
        ceil: bool,
    },
    /// The mean of each channel: (n, c, h, w) becomes (n, c, 1, 1).
    GlobalPool {},
    /// The same elements in another shape.
    Reshape {
        /// The shape.
        shape: Vec<u64>,
    },
    /// The channels in another order: written as groups x rest, read as rest x groups.
    Shuffle {
        /// How many groups.
        groups: u64,
    },
    /// An operation that is not on this list.
    #[serde(other)]
    Unknown,
}

/// What a normalisation runs over, and so which weights it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Each channel (axis 1) over the batch: a scale and a shift for each; keeps a running mean and variance beside them.
    Batch,
    /// Each row of the last axis: a scale and a shift for each of its elements.
    Layer,
    /// Each row of the last axis, by its root mean square: a scale for each of its elements.
    Rms,
    /// Nothing: only a scale and a shift for each element of the last axis (MobileBERT's "NoNorm").
    Affine,
}

/// What a pooling window keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// The largest value.
    Max,
    /// The mean.
    Avg,
}

/// One operation with all its sizes. `op` says which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum OpSpec {
    /// A 2-D convolution: x (n, cin, h, w), weight (cout, cin / groups, k). Pairs are (vertical, horizontal).
    Conv2d {
        /// Batch.
        n: u64,
        /// Input channels.
        cin: u64,
        /// Input height.
        h: u64,
        /// Input width.
        w: u64,
        /// Output channels.
        cout: u64,
        /// Kernel.
        k: [u64; 2],
        /// Stride.
        stride: [u64; 2],
        /// Zeros on each side.
        pad: [u64; 2],
        /// Dilation; 1 is none.
        dil: [u64; 2],
        /// Groups.
        groups: u64,
        /// Whether a bias is added.
        bias: bool,
    },
    /// x (rows, cin) times a weight (cout, cin).
    Linear {
        /// Rows: every axis but the last.
        rows: u64,
        /// Inputs.
        cin: u64,
        /// Outputs.
        cout: u64,
        /// Whether a bias is added.
        bias: bool,
    },
    /// a (batch, m, k) times b (batch, k, n), neither of them a weight.
    Matmul {
        /// How many products.
        batch: u64,
        /// Rows of a.
        m: u64,
        /// What is summed over.
        k: u64,
        /// Columns of b.
        n: u64,
    },
    /// softmax(q k^T) v: q (b, hq, sq, dh), k (b, hkv, sk, dh), v (b, hkv, sk, dv).
    Attention {
        /// Batch.
        b: u64,
        /// Heads of q.
        hq: u64,
        /// Heads of k and v.
        hkv: u64,
        /// Queries.
        sq: u64,
        /// Keys.
        sk: u64,
        /// Length of a query and of a key.
        dh: u64,
        /// Length of a value.
        dv: u64,
        /// Whether a query sees no later key.
        causal: bool,
        /// Whether a query sees only the keys less than this far away.
        window: Option<u64>,
    },
}

/// What one operation costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Multiply-adds.
    pub macs: u64,
    /// Learned numbers.
    pub params: u64,
    /// Shape of the result.
    pub out: Vec<u64>,
}

/// What is counted beside the multiply-adds of products, and which nodes are left out. The default counts products only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convention {
    /// For each element that a batch norm returns.
    pub bn_per_elem: u64,
    /// For each element that an activation returns.
    pub act_per_elem: u64,
    /// For each element that a pool or global pool reads.
    pub pool_per_in_elem: u64,
    /// For each element that a convolution or linear layer with a bias returns.
    pub bias_per_out: u64,
    /// Names of nodes that get no row.
    pub skip: Vec<String>,
}

/// What counting an [`Arch`] gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// One for each node that is not skipped, in their order.
    pub rows: Vec<Row>,
    /// The sum over the rows.
    pub macs: u64,
    /// The sum over the rows.
    pub params: u64,
}

/// One node's line of a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The node's name.
    pub name: String,
    /// Shape of its result.
    pub out: Vec<u64>,
    /// What it counts, by the convention.
    pub macs: u64,
    /// Its learned numbers, unless another node owns them.
    pub params: u64,
}

/// An operation; one that is not on the list is [`Op::Unknown`] whatever its attrs, one on the list needs its own.
fn known_or_not<'de, D: Deserializer<'de>>(node: D) -> Result<Op, D::Error> {
    #[derive(Deserialize)]
    struct Tagged {
        op: String,
        #[serde(default)]
        attrs: Value,
    }
    let Tagged { op, attrs } = Tagged::deserialize(node)?;
    Op::deserialize(json!({"op": op, "attrs": attrs})).or_else(|e| match Op::deserialize(json!({"op": op})) {
        Ok(Op::Unknown) => Ok(Op::Unknown),
        _ => Err(D::Error::custom(format!("attrs of `{op}`: {e}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::{Node, Op, OpSpec};
    use serde_json::json;

    #[test]
    fn a_node_is_a_dict_with_attrs() {
        let conv = json!({"name": "dw", "inputs": ["x"], "tie": null, "op": "conv2d", "attrs": {
            "cout": 96, "k": [3, 3], "stride": [2, 2], "pad": [1, 1], "dil": [1, 1], "groups": 96, "bias": false}});
        let add = json!({"name": "sum", "inputs": ["a", "b"], "tie": null, "op": "add", "attrs": {}});
        for written in [conv, add] {
            let node: Node = serde_json::from_value(written.clone()).expect("a node");
            assert_eq!(serde_json::to_value(&node).expect("JSON"), written);
        }
    }

    #[test]
    fn an_operation_that_nobody_knows_is_read_as_such() {
        for attrs in [json!({}), json!({"by": 3}), json!(null)] {
            let node = json!({"name": "w", "inputs": [], "tie": null, "op": "warp", "attrs": attrs});
            let read: Node = serde_json::from_value(node).expect("a node");
            assert_eq!(read.op, Op::Unknown);
        }
    }

    #[test]
    fn an_operation_names_its_sizes() {
        let spec = OpSpec::Linear { rows: 2, cin: 3, cout: 1 << 60, bias: true };
        let written = json!({"op": "linear", "rows": 2, "cin": 3, "cout": 1_u64 << 60, "bias": true});
        assert_eq!(serde_json::to_value(&spec).expect("JSON"), written);
        assert_eq!(serde_json::from_value::<OpSpec>(written).expect("a spec"), spec);
    }
}
