//! What each kernel of warps must cost, derived by hand.

mod layer_norm;
mod matmul;
mod reduction;
mod softmax;
mod transpose;
mod vector_add;
