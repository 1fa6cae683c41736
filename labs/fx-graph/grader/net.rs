//! Graphs built node by node, with the names that torch.fx would give them.

use crate::grading::Draw;
use lab_sdk::fx::{FxMeta, Params};
use lab_sdk::{FxArg, FxGraph, FxModule, FxNode, IntoValue, Opcode, Result, Tensor, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// A graph that grows, and its parameters.
#[derive(Clone, Default)]
pub struct Net {
    pub g: FxGraph,
    pub params: Params,
}

impl Net {
    /// An input; returns a reference to it.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> FxArg {
        let meta = FxMeta { shape: shape.to_vec(), dtype: "float32".to_owned() };
        self.push(name, Opcode::Placeholder, name, &[], json!({}), Some(meta))
    }

    /// A parameter.
    pub fn attr(&mut self, path: &str, value: Tensor) -> FxArg {
        self.params.insert(path.to_owned(), value);
        self.read(path)
    }

    /// One more node that reads a parameter.
    pub fn read(&mut self, path: &str) -> FxArg {
        let name = self.unique(&path.replace('.', "_"));
        self.push(&name, Opcode::GetAttr, path, &[], json!({}), None)
    }

    /// A call of a free function.
    pub fn function(&mut self, target: &str, args: &[FxArg]) -> FxArg {
        self.named(target, args, json!({}))
    }

    /// The same with keyword arguments.
    pub fn named(&mut self, target: &str, args: &[FxArg], kwargs: Json) -> FxArg {
        let name = self.unique(target.rsplit('.').next().unwrap_or(target));
        self.push(&name, Opcode::CallFunction, target, args, kwargs, None)
    }

    /// A call of a method of the first argument.
    pub fn method(&mut self, target: &str, args: &[FxArg]) -> FxArg {
        let name = self.unique(target);
        self.push(&name, Opcode::CallMethod, target, args, json!({}), None)
    }

    /// A call of a module, which is declared with its settings where it is new.
    pub fn module(&mut self, path: &str, kind: &str, settings: Json, x: &FxArg) -> FxArg {
        let of: BTreeMap<String, FxArg> = serde_json::from_value(settings).unwrap_or_default();
        let training = of.get("training") == Some(&FxArg::Bool(true));
        let settings = of.into_iter().filter(|(key, _)| key != "training").collect();
        self.g.modules.entry(path.to_owned()).or_insert(FxModule { kind: kind.to_owned(), training, settings });
        let name = self.unique(&path.replace('.', "_"));
        self.push(&name, Opcode::CallModule, path, std::slice::from_ref(x), json!({}), None)
    }

    /// The graph with its output: one value, or a list of several.
    pub fn output(mut self, values: &[FxArg]) -> Self {
        let value = if let [one] = values { one.clone() } else { FxArg::List(values.to_vec()) };
        self.push("output", Opcode::Output, "output", &[value], json!({}), None);
        self
    }

    /// As arguments of a function: the graph, then its parameters.
    pub fn values(&self) -> Vec<Value> {
        vec![self.g.clone().into_value(), self.params.clone().into_value()]
    }

    fn unique(&self, wanted: &str) -> String {
        let taken = |name: &str| self.g.nodes.iter().any(|node| node.name == name);
        let later = (1..).map(|n| format!("{wanted}_{n}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(later);
        names.find(|name| !taken(name)).unwrap_or_default()
    }

    fn push(
        &mut self,
        name: &str,
        op: Opcode,
        target: &str,
        args: &[FxArg],
        kwargs: Json,
        meta: Option<FxMeta>,
    ) -> FxArg {
        let kwargs = serde_json::from_value(kwargs).unwrap_or_default();
        let (name, target, args, blocks) = (name.to_owned(), target.to_owned(), args.to_vec(), Vec::new());
        self.g.nodes.push(FxNode { name: name.clone(), op, target, args, kwargs, meta, blocks });
        FxArg::node(name)
    }
}

/// An integer argument.
pub fn int(value: i64) -> FxArg {
    FxArg::Int(value)
}

/// A float argument with one binary digit after the point, so that a verdict can be read.
pub fn halves(draw: &mut Draw) -> FxArg {
    FxArg::Float(draw.int(1..=7) as f64 / 2.0 + 0.25)
}

/// Normal numbers.
pub fn normal(draw: &mut Draw, shape: &[usize]) -> Result<Tensor> {
    draw.tensor(shape, Draw::normal)
}

/// Inputs of these shapes.
pub fn inputs(draw: &mut Draw, shapes: &[&[usize]]) -> Result<Vec<Tensor>> {
    shapes.iter().map(|shape| normal(draw, shape)).collect()
}

/// A convolution's weights, and a bias where it has one.
pub fn conv_weights(net: &mut Net, draw: &mut Draw, path: &str, shape: [usize; 4], bias: bool) -> Result<()> {
    let fan = (shape[1] * shape[2] * shape[3]) as f64;
    let w = draw.tensor(&shape, |d| d.normal() / fan.sqrt())?;
    net.params.insert(format!("{path}.weight"), w);
    if bias {
        net.params.insert(format!("{path}.bias"), normal(draw, &[shape[0]])?);
    }
    Ok(())
}

/// A batch norm's parameters and statistics; some channels vary little.
pub fn norm_weights(net: &mut Net, draw: &mut Draw, path: &str, channels: usize, affine: bool) -> Result<()> {
    let mut put = |name: &str, t: Tensor| net.params.insert(format!("{path}.{name}"), t);
    put("running_mean", normal(draw, &[channels])?);
    put("running_var", draw.tensor(&[channels], |d| if d.one_in(3) { d.uniform(1e-4, 2e-3) } else { d.uniform(0.3, 2.0) })?);
    if affine {
        put("weight", draw.tensor(&[channels], |d| d.uniform(0.5, 2.0))?);
        put("bias", normal(draw, &[channels])?);
    }
    Ok(())
}
