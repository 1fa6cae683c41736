//! Drawn operations: sizes that can be checked by hand, unless a case is about large ones.

use crate::grading::{Draw, Script};
use lab_sdk::{IntoValue, OpSpec};

/// A case: one call of `op_cost`.
pub fn case(op: OpSpec) -> Script {
    Script::call("op_cost", vec![op.into_value()])
}

/// How a convolution is drawn.
#[derive(Clone, Copy)]
pub struct Like {
    /// Square kernel, stride, padding.
    pub square: bool,
    pub groups: u64,
    /// Filters for each channel, where each channel is a group.
    pub depthwise: Option<u64>,
    pub dilated: bool,
    pub bias: bool,
    pub strided: bool,
    /// Whether zeros stand around the image.
    pub padded: bool,
    /// Largest side of the image.
    pub side: usize,
}

impl Like {
    /// Dense, square, strides of 1 to 3.
    pub const PLAIN: Self = Self {
        square: true,
        groups: 1,
        depthwise: None,
        dilated: false,
        bias: false,
        strided: true,
        padded: true,
        side: 30,
    };
}

/// A convolution whose result has at least 2 rows and columns.
pub fn conv(draw: &mut Draw, like: Like) -> OpSpec {
    loop {
        let mut pair = |low: usize, high: usize| {
            let first = draw.count(low..=high);
            [first, if like.square { first } else { draw.count(low..=high) }]
        };
        let k = pair(1, 5);
        let stride = if like.strided { pair(1, 3) } else { [1; 2] };
        let pad = if like.padded { pair(0, 2) } else { [0; 2] };
        let dil = if like.dilated { pair(2, 3) } else { [1; 2] };
        let mut size = |low: usize, high: usize| draw.count(low..=high);
        let (n, h, w) = (size(1, 3), size(6, like.side), size(6, like.side));
        let (mut groups, mut cin, mut cout) = (like.groups, like.groups * size(1, 6), like.groups * size(1, 6));
        if let Some(filters) = like.depthwise {
            cin = size(3, 12);
            (groups, cout) = (cin, cin * filters);
        }
        let reach = |i: usize| dil[i] * (k[i] - 1) + 1;
        let fits = |i: usize, length: u64| length + 2 * pad[i] >= reach(i) + stride[i];
        // Zeros around a kernel of 1 are legal and seldom meant.
        if (0..2).all(|i| pad[i] < reach(i)) && fits(0, h) && fits(1, w) && (like.square || k[0] != k[1]) {
            return OpSpec::Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, bias: like.bias };
        }
    }
}

/// How an attention is drawn.
#[derive(Clone, Copy)]
pub struct Mask {
    pub causal: bool,
    pub window: bool,
    /// One query, as many as keys, or fewer.
    pub queries: Queries,
    /// Query heads for each head of k and v.
    pub share: u64,
    /// Whether a value is as long as a key.
    pub same: bool,
}

/// How many queries there are.
#[derive(Clone, Copy, PartialEq)]
pub enum Queries {
    One,
    All,
    Some,
    More,
}

impl Mask {
    /// Every query sees every key; as many of both.
    pub const NONE: Self = Self { causal: false, window: false, queries: Queries::All, share: 1, same: true };
}

/// An attention.
pub fn attention(draw: &mut Draw, mask: Mask) -> OpSpec {
    let mut size = |low: usize, high: usize| draw.count(low..=high);
    let (b, hkv, dh, sk) = (size(2, 3), size(2, 4), 4 * size(1, 6), size(9, 40));
    let dv = if mask.same { dh } else { dh + 4 * size(1, 6) };
    let sq = match mask.queries {
        Queries::One => 1,
        Queries::All => sk,
        Queries::Some => size(2, sk as usize / 2),
        Queries::More => sk + size(1, 20),
    };
    let window = mask.window.then(|| size(2, sk as usize / 2));
    OpSpec::Attention { b, hq: hkv * mask.share, hkv, sq, sk, dh, dv, causal: mask.causal, window }
}
