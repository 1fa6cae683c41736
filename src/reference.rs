//! What several graders need: kernels and rules that a build step may ask for, and that are therefore in no SDK.

pub mod arch;
pub mod flops;
pub mod fx;
pub mod int8;
pub mod kernels;
pub mod lm;
pub mod mlp;
pub mod model_file;
pub mod own_model;
pub mod trace;
