//! Which nodes do more than return a value: those that draw random numbers, and those that write.

use super::{FxArg, FxGraph, FxNode, Opcode};

/// Functions that draw random numbers whatever their arguments.
const RANDOM: &[&str] = &["bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randn", "randn_like"];

/// `x += y` in FX is `operator.iadd`, which writes into `x`.
const WRITING: &[&str] = &["iadd", "isub", "imul", "itruediv", "setitem"];

impl FxGraph {
    /// Whether the node draws random numbers: two such nodes return different values, and each moves the generator on.
    pub fn is_random(&self, node: &FxNode) -> bool {
        match node.op {
            Opcode::CallModule => {
                let module = self.modules.get(&node.target);
                module.is_some_and(|m| m.kind.starts_with("Dropout") && m.training)
            }
            Opcode::CallFunction | Opcode::CallMethod => match base(&node.target) {
                "dropout" | "alpha_dropout" | "feature_dropout" => {
                    let training = node.kwargs.get("training").or(node.kwargs.get("train")).or(node.args.get(2));
                    *training.unwrap_or(&FxArg::Bool(true)) != FxArg::Bool(false)
                }
                name => RANDOM.contains(&name),
            },
            _ => false,
        }
    }

    /// Whether the node writes: into its first argument (`add_`, `copy_`, `+=`, `inplace=True`), or, a batch norm in training
    /// mode, into its running statistics.
    pub fn mutates(&self, node: &FxNode) -> bool {
        let inplace = |arg: Option<&FxArg>| arg == Some(&FxArg::Bool(true));
        match node.op {
            Opcode::CallModule => self
                .modules
                .get(&node.target)
                .is_some_and(|m| inplace(m.settings.get("inplace")) || m.kind.starts_with("BatchNorm") && m.training),
            Opcode::CallFunction | Opcode::CallMethod => writes(&node.target) || inplace(node.kwargs.get("inplace")),
            _ => false,
        }
    }
}

/// The operator behind a target: `torch.nn.functional.relu_`, `aten::relu` and the method `relu` are `relu`.
pub(super) fn base(target: &str) -> &str {
    let last = target.rsplit(['.', ':']).next().unwrap_or(target);
    let name = match target.strip_prefix("aten.") {
        // An overload: aten.add.Tensor
        Some(rest) => rest.split('.').next().unwrap_or(rest),
        None => last,
    };
    match name {
        "iadd" => "add",
        "isub" => "sub",
        "imul" => "mul",
        "itruediv" => "div",
        dunder if dunder.starts_with("__") => dunder.trim_matches('_'),
        name => name.trim_end_matches('_'),
    }
}

/// Whether an operator writes into its first argument.
pub(super) fn writes(target: &str) -> bool {
    let last = target.rsplit(['.', ':']).next().unwrap_or(target);
    WRITING.contains(&last) || last.ends_with('_') && !last.ends_with("__")
}
