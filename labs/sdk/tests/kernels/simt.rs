//! Kernels of warps: a launch in Rust and in Python, and what it must have cost.

mod block;
mod golden;
mod layer_norm;
mod matmul;
mod reduction;
mod softmax;
mod transpose;
mod vector_add;

use super::{Done, python};
use lab_sdk::simt::{Cfg, Counters, G, Warp, launch};
use serde_json::{Value, json};

/// A launch of the kernel `module.function`, whose arguments are numbers and buffers of f32.
pub struct Case {
    kernel: &'static str,
    cfg: Cfg,
    args: Vec<Value>,
    buffers: Vec<G<f32>>,
}

impl Case {
    pub fn new(kernel: &'static str, cfg: Cfg) -> Self {
        Self { kernel, cfg, args: Vec::new(), buffers: Vec::new() }
    }

    /// A number, as the next argument.
    pub fn number(mut self, number: impl Into<Value>) -> Self {
        self.args.push(number.into());
        self
    }

    /// A buffer with values.
    pub fn input(mut self, name: &str, data: &[f32]) -> Self {
        self.args.push(json!({"name": name, "data": data}));
        self.buffers.push(G::new(name, data));
        self
    }

    /// A buffer without values.
    pub fn output(mut self, name: &str, len: usize) -> Self {
        self.args.push(json!({"name": name, "len": len}));
        self.buffers.push(G::poisoned(name, len));
        self
    }

    /// Launches the kernel in both languages: no fault, these counts, and a result that is right.
    pub fn check<const BUFFERS: usize, Fu: Future<Output = ()>>(
        self,
        kernel: impl Fn(Warp, [G<f32>; BUFFERS]) -> Fu,
        counters: &Counters,
        right: impl Fn(&[f32]),
    ) {
        let buffers: [G<f32>; BUFFERS] = self.buffers.try_into().expect("a kernel of as many buffers");
        let report = launch(self.cfg.clone(), |w| kernel(w, buffers.clone())).expect("the launch is accepted");
        let ours = Done {
            language: "Rust",
            counters: report.counters,
            faults: report.faults.iter().map(|fault| fault.message.clone()).collect(),
            finished: report.finished,
            result: buffers.last().map(G::to_vec).unwrap_or_default(),
        };
        ours.check(self.kernel, counters, &right);
        let twin = json!({"api": "simt", "kernel": self.kernel, "cfg": self.cfg, "args": self.args});
        if let Some(theirs) = python::launched::<Counters>(&twin) {
            theirs.check(self.kernel, counters, &right);
        }
    }
}
