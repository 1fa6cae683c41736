//! The FLOP and shape rules, for every grader that needs them. They are written once, as the model answer of the lab that
//! asks for them, which has to stand alone because it is compiled as a learner's answer too.

#[expect(clippy::duplicate_mod, reason = "the lab has a module of its own over the same file")]
#[path = "../../labs/flop-count/solution.rs"]
mod solution;

pub use solution::{count, op_cost, train_macs};
