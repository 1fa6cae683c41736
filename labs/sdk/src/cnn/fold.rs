//! Folding batch normalisation into the convolution before it: the same function with half the nodes.

use super::{Cnn, Node, Op};
use crate::Result;

impl Cnn {
    /// The net with each `BatchNorm` that is the only reader of a `Conv` folded into it; other nodes stay as they are.
    ///
    /// With s = gain / sqrt(var + eps): `w' = s w` for each output channel, `b' = bias + s (b - mean)` (Jacob et al.,
    /// arXiv 1712.05877, section 3.2). The convolution keeps its name and gains a bias; indices change.
    pub fn fold_bn(&self) -> Result<Cnn> {
        let mut nodes: Vec<Node> = Vec::with_capacity(self.nodes.len());
        let mut moved: Vec<usize> = Vec::with_capacity(self.nodes.len()); // old index -> new index
        for node in &self.nodes {
            if let (Op::BatchNorm { .. }, &[conv]) = (&node.op, &node.inputs[..])
                && self.nodes.iter().filter(|n| n.inputs.contains(&conv)).count() == 1
                && let Some(op) = folded(&self.nodes[conv].op, &node.op)?
            {
                nodes[moved[conv]].op = op;
                moved.push(moved[conv]);
                continue;
            }
            moved.push(nodes.len());
            let inputs = node.inputs.iter().map(|&i| moved[i]).collect();
            nodes.push(Node { name: node.name.clone(), op: node.op.clone(), inputs });
        }
        Ok(Cnn { nodes })
    }
}

/// One convolution that does what `conv` and then `norm` do; none if they are something else.
fn folded(conv: &Op, norm: &Op) -> Result<Option<Op>> {
    let (Op::Conv { w, b, stride, pad, groups }, Op::BatchNorm { gain, bias, mean, var, eps }) = (conv, norm) else {
        return Ok(None);
    };
    let scale = (gain / (var + *eps)?.sqrt()?)?; // (N)
    let centre = match b {
        Some(b) => (b - mean)?,
        None => mean.neg()?,
    };
    let w = w.broadcast_mul(&scale.reshape((scale.dim(0)?, 1, 1, 1))?)?; // (N, C / groups, k, k)
    let b = Some((bias + (centre * scale)?)?);
    Ok(Some(Op::Conv { w, b, stride: *stride, pad: *pad, groups: *groups }))
}
