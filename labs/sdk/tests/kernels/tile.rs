//! Kernels of tiles: a launch in Rust and in Python, and what it must have cost.

mod axpy;
mod flash;
mod golden;
mod layer_norm;
mod matmul;
mod softmax;

use super::{Done, python};
use lab_sdk::tile::{Cfg, Counters, Dtype, Prog, Ptr, launch};
use serde_json::{Value, json};

/// A launch of the kernel `module.function`, whose arguments are buffers of f32 and numbers.
pub struct Case {
    kernel: &'static str,
    cfg: Cfg,
    args: Vec<Value>,
    buffers: Vec<Ptr>,
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
        self.buffers.push(Ptr::f32(name, data));
        self
    }

    /// A buffer without values.
    pub fn output(mut self, name: &str, len: usize) -> Self {
        self.args.push(json!({"name": name, "len": len}));
        self.buffers.push(Ptr::poisoned(name, Dtype::F32, len));
        self
    }

    /// Launches the kernel in both languages: no fault, these counts, and a result that is right.
    pub fn check<const BUFFERS: usize>(
        self,
        kernel: impl Fn(&Prog, [&Ptr; BUFFERS]),
        counters: &Counters,
        right: impl Fn(&[f32]),
    ) {
        for done in self.launched(kernel) {
            done.check(self.kernel, counters, &right);
        }
    }

    /// What the launch did in each language.
    pub fn launched<const BUFFERS: usize>(&self, kernel: impl Fn(&Prog, [&Ptr; BUFFERS])) -> Vec<Done<Counters>> {
        let buffers: Vec<&Ptr> = self.buffers.iter().collect();
        let buffers: [&Ptr; BUFFERS] = buffers.try_into().expect("a kernel of as many buffers");
        let report = launch(self.cfg.clone(), |p| kernel(p, buffers)).expect("the launch is accepted");
        let ours = Done {
            language: "Rust",
            counters: report.counters,
            faults: report.faults.iter().map(|fault| fault.message.clone()).collect(),
            finished: report.finished,
            result: buffers.last().map(|p| p.to_vec()).unwrap_or_default(),
        };
        let twin = json!({"api": "tile", "kernel": self.kernel, "cfg": self.cfg, "args": self.args});
        [ours].into_iter().chain(python::launched::<Counters>(&twin)).collect()
    }
}
