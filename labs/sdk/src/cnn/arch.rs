//! The graph of `cnn`: which node follows which, with tensors from wherever the caller has them.

use super::{Cnn, Node, Op};
use crate::Result;
use candle_core::Tensor;

/// The eps of every batch normalisation of `cnn`.
pub const EPS: f64 = 1e-5;

impl Cnn {
    /// The graph, with each tensor asked for by name and shape: `stem.weight`, `stem.bn.gain`, `.bias`, `.mean`, `.var`.
    ///
    /// For images of one channel; 28x28 is 14x14 after the stem, then 7x7, then 4x4. A training program gives variables.
    pub fn build(source: &mut dyn FnMut(&str, &[usize]) -> Result<Tensor>) -> Result<Cnn> {
        let input = Node { name: "input".into(), op: Op::Input, inputs: vec![] };
        let mut graph = Graph { source, nodes: vec![input], channels: 1 };
        graph.conv("stem", 16, (3, 2, 1))?;
        graph.push("stem.act", Op::HardSwish);

        // Depthwise separable (MobileNetV1, arXiv 1704.04861): ReLU after both halves.
        graph.conv("ds.depthwise", 16, (3, 2, 16))?;
        graph.push("ds.depthwise.act", Op::Relu);
        graph.conv("ds.pointwise", 24, (1, 1, 1))?;
        graph.push("ds.pointwise.act", Op::Relu);

        // Inverted residuals (MobileNetV3, arXiv 1905.02244): expand, depthwise, squeeze-and-excitation, project.
        graph.inverted_residual("ir1", (72, 24, 1), Some(16))?;
        graph.inverted_residual("ir2", (96, 40, 2), Some(16))?;
        graph.inverted_residual("ir3", (120, 40, 1), None)?;

        graph.conv("head", 96, (1, 1, 1))?;
        graph.push("head.act", Op::HardSwish);
        graph.push("pool", Op::GlobalPool);
        let (w, b) = (graph.tensor("classifier.weight", &[10, 96])?, graph.tensor("classifier.bias", &[10])?);
        graph.push("classifier", Op::Linear { w, b });
        Ok(Cnn { nodes: graph.nodes })
    }
}

/// The nodes so far; the next one reads the last unless it says otherwise.
struct Graph<'a> {
    source: &'a mut dyn FnMut(&str, &[usize]) -> Result<Tensor>,
    nodes: Vec<Node>,
    channels: usize,
}

impl Graph<'_> {
    fn last(&self) -> usize {
        self.nodes.len() - 1
    }

    fn push(&mut self, name: &str, op: Op) {
        self.push_from(name, op, vec![self.last()]);
    }

    fn push_from(&mut self, name: &str, op: Op, inputs: Vec<usize>) {
        self.nodes.push(Node { name: name.into(), op, inputs });
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        (self.source)(name, shape)
    }

    /// A convolution without bias to `n` channels, "same" padding, then its batch normalisation `{name}.bn`.
    fn conv(&mut self, name: &str, n: usize, (k, stride, groups): (usize, usize, usize)) -> Result<()> {
        let w = self.tensor(&format!("{name}.weight"), &[n, self.channels / groups, k, k])?;
        self.push(name, Op::Conv { w, b: None, stride, pad: k / 2, groups });
        let mut part = |part: &str| self.tensor(&format!("{name}.bn.{part}"), &[n]);
        let (gain, bias, mean, var) = (part("gain")?, part("bias")?, part("mean")?, part("var")?);
        self.push(&format!("{name}.bn"), Op::BatchNorm { gain, bias, mean, var, eps: EPS });
        self.channels = n;
        Ok(())
    }

    /// Expand to `wide`, depthwise with `stride`, gate through `squeeze` channels, project to `n`, add where shapes agree.
    fn inverted_residual(
        &mut self,
        name: &str,
        (wide, n, stride): (usize, usize, usize),
        squeeze: Option<usize>,
    ) -> Result<()> {
        let (entry, channels) = (self.last(), self.channels);
        self.conv(&format!("{name}.expand"), wide, (1, 1, 1))?;
        self.push(&format!("{name}.expand.act"), Op::HardSwish);
        self.conv(&format!("{name}.depthwise"), wide, (3, stride, wide))?;
        self.push(&format!("{name}.depthwise.act"), Op::HardSwish);
        if let Some(squeeze) = squeeze {
            let features = self.last();
            self.push(&format!("{name}.se.pool"), Op::GlobalPool);
            self.pointwise(&format!("{name}.se.squeeze"), squeeze, wide)?;
            self.push(&format!("{name}.se.relu"), Op::Relu);
            self.pointwise(&format!("{name}.se.excite"), wide, squeeze)?;
            self.push(&format!("{name}.se.gate"), Op::HardSigmoid);
            self.push_from(&format!("{name}.se.scale"), Op::Mul, vec![features, self.last()]);
        }
        self.conv(&format!("{name}.project"), n, (1, 1, 1))?;
        if stride == 1 && channels == n {
            self.push_from(&format!("{name}.add"), Op::Add, vec![entry, self.last()]);
        }
        Ok(())
    }

    /// A 1x1 convolution with bias and no normalisation, as squeeze-and-excitation has it.
    fn pointwise(&mut self, name: &str, n: usize, c: usize) -> Result<()> {
        let w = self.tensor(&format!("{name}.weight"), &[n, c, 1, 1])?;
        let b = Some(self.tensor(&format!("{name}.bias"), &[n])?);
        self.push(name, Op::Conv { w, b, stride: 1, pad: 0, groups: 1 });
        Ok(())
    }
}
