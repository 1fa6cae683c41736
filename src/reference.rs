//! What several graders need: kernels and rules that a build step may ask for, and that are therefore in no SDK.

pub mod int8;
