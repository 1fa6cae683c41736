//! The vector-Jacobian products of a tape as an object: a backward pass asks it, node by node, what the gradient of the
//! node's value means for the values that the node was made of. It counts what it is asked.
//!
//! Two kinds: nodes that are linear functions with drawn Jacobians, where the product is the definition itself, and nodes
//! whose products an answer's own `vjp` computes.

use crate::lend::{Args, Room, Waiting};
use crate::serve::{Function, Outcome};
use crate::tape::{TapeNode, TapeOp};
use crate::{IntoValue, Result, Tensor, Value, ensure};
use candle_core::{DType, Device};
use std::cell::RefCell;

/// How often one node may be asked for: a pass that visits a node once for each path to it would never end.
const MOST: usize = 1000;

/// Vector-Jacobian products by the node's place on the tape.
pub struct Vjp {
    tape: Vec<TapeNode>,
    rule: Rule,
    calls: RefCell<Vec<usize>>,
}

enum Rule {
    /// By node, then by input.
    Drawn(Vec<Vec<Jacobian>>),
    /// The answer's function, on the operations and values of the tape.
    Yours { vjp: Function, ops: Vec<TapeOp>, values: Vec<Tensor> },
}

/// How a node's value changes with one of its inputs.
enum Jacobian {
    /// As the input does.
    Identity,
    /// (elements of the node, elements of the input).
    Matrix(Tensor),
    /// Not at all: the input holds indices.
    Nothing,
}

impl Vjp {
    /// Nodes with drawn Jacobians. `jacobians` holds them one after the other, by node and by input, each (elements of the
    /// node, elements of the input) row by row; inputs that are one of `indices` have none. f32.
    pub fn drawn(tape: &[TapeNode], jacobians: &Tensor, indices: &[usize]) -> Result<Self> {
        let all = jacobians.flatten_all()?.to_vec1::<f32>()?;
        let mut at = 0;
        let mut drawn = Vec::with_capacity(tape.len());
        for node in tape {
            let mut each = Vec::with_capacity(node.ins.len());
            for input in &node.ins {
                if indices.contains(input) {
                    each.push(Jacobian::Nothing);
                    continue;
                }
                let (rows, columns) = (node.elements(), tape.get(*input).map_or(0, TapeNode::elements));
                let found = all.get(at..at + rows * columns);
                let found = found.ok_or_else(|| format!("{} numbers are too few for the Jacobians", all.len()))?;
                each.push(match is_identity(found, rows, columns) {
                    true => Jacobian::Identity,
                    false => Jacobian::Matrix(Tensor::from_slice(found, (rows, columns), &Device::Cpu)?),
                });
                at += rows * columns;
            }
            drawn.push(each);
        }
        ensure!(at == all.len(), "{} numbers for Jacobians that hold {at}", all.len());
        Ok(Self::new(tape, Rule::Drawn(drawn)))
    }

    /// Nodes whose products the answer's function `vjp` computes: `ops` by node, leaves left out, and all `values`.
    pub fn yours(vjp: Function, tape: &[TapeNode], ops: &[TapeOp], values: &[Tensor]) -> Result<Self> {
        let made = tape.iter().filter(|node| !node.ins.is_empty()).count();
        ensure!(made == ops.len() && tape.len() == values.len(), "the tape, its operations and its values differ");
        let mut rest = ops.iter();
        let op = |node: &TapeNode| if node.ins.is_empty() { None } else { rest.next().cloned() };
        let ops = tape.iter().map(op).map(|op| op.unwrap_or(TapeOp::Unknown)).collect();
        Ok(Self::new(tape, Rule::Yours { vjp, ops, values: values.to_vec() }))
    }

    fn new(tape: &[TapeNode], rule: Rule) -> Self {
        Self { tape: tape.to_vec(), rule, calls: RefCell::new(vec![0; tape.len()]) }
    }

    /// The gradients of the inputs of `node`, one for each of its `ins`, from the gradient `g` of its value. `None` stands
    /// for an input without one, such as indices.
    ///
    /// Where a node passes on what it gets, as an addition does, its inputs get `g` itself. Refuses a node that is not
    /// there and a `g` that has not the node's shape.
    pub fn call(&self, node: usize, g: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let Some(at) = self.tape.get(node) else {
            return Err(format!("there is no node {node}: the tape has {}", self.tape.len()).into());
        };
        ensure!(g.dims() == at.shape, "node {node} has shape {:?}, this gradient of it {:?}", at.shape, g.dims());
        let mut calls = self.calls.borrow_mut();
        calls[node] += 1;
        ensure!(calls[node] <= MOST, "the vjp of node {node} was called {} times", calls[node]);
        drop(calls);
        match &self.rule {
            Rule::Drawn(jacobians) => {
                let inputs = at.ins.iter().zip(&jacobians[node]);
                inputs.map(|(input, jacobian)| jacobian.product(g, &self.tape[*input].shape)).collect()
            }
            Rule::Yours { vjp, ops, values } => {
                let ins: Vec<Tensor> = at.ins.iter().map(|input| values[*input].clone()).collect();
                let (op, out) = (ops[node].clone(), values[node].clone());
                let args = [op.into_value(), ins.into_value(), out.into_value(), g.clone().into_value()];
                asked(*vjp, &args)
            }
        }
    }

    /// How often each node was asked for.
    pub fn calls(&self) -> Vec<usize> {
        self.calls.borrow().clone()
    }
}

impl Jacobian {
    /// g J in the input's shape.
    fn product(&self, g: &Tensor, shape: &[usize]) -> Result<Option<Tensor>> {
        Ok(match self {
            Jacobian::Identity if g.dims() == shape => Some(g.clone()),
            Jacobian::Identity => Some(g.reshape(shape)?),
            Jacobian::Matrix(j) => Some(g.to_dtype(DType::F32)?.reshape((1, ()))?.matmul(j)?.reshape(shape)?),
            Jacobian::Nothing => None,
        })
    }
}

fn is_identity(j: &[f32], rows: usize, columns: usize) -> bool {
    let one = |at: usize| if at / columns == at % columns { 1.0 } else { 0.0 };
    rows == columns && j.iter().enumerate().all(|(at, v)| *v == one(at))
}

/// What the answer's function returns; a refusal of its own stays one.
fn asked(function: Function, values: &[Value]) -> Result<Vec<Option<Tensor>>> {
    let rooms: Vec<Room> = values.iter().map(|_| Room::new()).collect();
    let objects: Vec<Waiting<'_>> = values.iter().map(|_| Waiting::new(None)).collect();
    let gradient = |value| match value {
        Value::None => Ok(None),
        Value::Tensor(t) => Ok(Some(t)),
        other => Err(format!("your `vjp` gave {} for a gradient", other.kind()).into()),
    };
    match function(&Args::new(values, &rooms, &objects)) {
        Outcome::Value(Value::List(all)) => all.into_iter().map(gradient).collect(),
        Outcome::Value(other) => Err(format!("your `vjp` gave {}, not a list of gradients", other.kind()).into()),
        Outcome::Refused(why) => Err(format!("your `vjp` refused: {why}").into()),
        Outcome::Crashed(why) => Err(format!("your `vjp` crashed: {why}").into()),
        Outcome::NotDone => Err("`vjp` is not written yet".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Vjp};
    use crate::tape::TapeNode;
    use crate::{Device, Tensor};

    /// x of 2 numbers, y = J x of 3, z of 3 that passes y on, and an index i that z reads too.
    fn tape() -> Vec<TapeNode> {
        let leaf = |n: usize, grad| TapeNode::leaf(&[n], grad);
        vec![leaf(2, true), leaf(1, false), TapeNode::of(&[0], &[3], true), TapeNode::of(&[2, 1], &[3], true)]
    }

    fn vjp() -> Vjp {
        let j = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0_f32];
        let j = Tensor::from_slice(&j, j.len(), &Device::Cpu).expect("a vector");
        Vjp::drawn(&tape(), &j, &[1]).expect("two Jacobians")
    }

    #[test]
    fn a_product_is_g_times_the_jacobian() {
        let vjp = vjp();
        let g = Tensor::new(&[1.0_f32, 10.0, 100.0], &Device::Cpu).expect("a vector");
        let gradient = |node| vjp.call(node, &g).expect("gradients");
        let of = |t: &Option<Tensor>| t.as_ref().map(|t| t.to_vec1::<f32>().expect("a vector"));
        assert_eq!(of(&gradient(2)[0]), Some(vec![531.0, 642.0]));
        assert_eq!(gradient(3).iter().map(of).collect::<Vec<_>>(), [Some(vec![1.0, 10.0, 100.0]), None]);
        assert_eq!(vjp.calls(), [0, 0, 1, 1]);
    }

    #[test]
    fn what_has_another_shape_and_calls_without_end_are_refused() {
        let vjp = vjp();
        let g = Tensor::new(&[1.0_f32, 2.0], &Device::Cpu).expect("a vector");
        let refused = |node| vjp.call(node, &g).map(|_| ()).expect_err("a refusal").to_string();
        assert_eq!(refused(2), "node 2 has shape [3], this gradient of it [2]");
        assert_eq!(refused(9), "there is no node 9: the tape has 4");
        let right = Tensor::zeros(3, crate::DType::F32, &Device::Cpu).expect("a vector");
        assert!((0..MOST).all(|_| vjp.call(2, &right).is_ok()));
        assert!(vjp.call(2, &right).is_err());
    }
}
