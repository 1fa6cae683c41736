//! What each kernel of tiles must cost, derived by hand.

mod axpy;
mod flash;
mod layer_norm;
mod matmul;
mod softmax;
