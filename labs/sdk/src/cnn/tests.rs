//! The claims of `cnn`: depthwise equals candle's convolution, gradients included, folding changes nothing but rounding,
//! and the shipped weights score what the model card says.

use super::*;
use crate::glyphs::{Style, TEST_SEED, glyphs};
use candle_core::Var;

fn worst(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (a.to_dtype(DType::F64).expect("f64"), b.to_dtype(DType::F64).expect("f64"));
    let gap = (a - b).and_then(|d| d.abs()?.flatten_all()?.max(0)?.to_scalar()).expect("one shape");
    assert!(f64::is_finite(gap), "not a number");
    gap
}

/// Values between -1 and 1 without a pattern that a shifted index would repeat.
fn ramp(shape: &[usize]) -> Tensor {
    let n = shape.iter().product::<usize>();
    let values: Vec<f64> = (0..n).map(|i| (i * i * 37 + i * 11) as f64 % 101.0 / 50.0 - 1.0).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor")
}

#[test]
fn depthwise_is_candles_grouped_convolution_forward_and_backward() -> Result<()> {
    let sizes = [(7, 5, 3, 1, 1), (8, 7, 3, 2, 1), (6, 6, 5, 2, 2), (5, 4, 3, 3, 0), (2, 2, 3, 1, 1)];
    for (h, w, k, stride, pad) in sizes {
        let (x, kernel) = (Var::from_tensor(&ramp(&[2, 3, h, w]))?, Var::from_tensor(&ramp(&[3, 1, k, k]))?);
        let ours = depthwise::depthwise(&x, &kernel, stride, pad)?;
        let theirs = x.conv2d(&kernel, pad, stride, 1, 3)?;
        assert!(worst(&ours, &theirs) < 1e-13, "{h}x{w} k {k} stride {stride} pad {pad}");

        // <upstream, y> is linear in x and in the kernel, so its value at any other x is the gradient's inner product
        // with that x, and likewise for the kernel.
        let upstream = ramp(ours.dims());
        let inner = |a: &Tensor, b: &Tensor| (a * b)?.sum_all();
        let grads = inner(&ours, &upstream)?.backward()?;
        let (dx, dw) = (grads.get(&x).expect("for x"), grads.get(&kernel).expect("for the kernel"));
        let (x2, kernel2) = (x.as_tensor().cos()?, kernel.as_tensor().cos()?);
        let at_x2 = inner(&x2.conv2d(&kernel, pad, stride, 1, 3)?, &upstream)?;
        let at_kernel2 = inner(&x.conv2d(&kernel2, pad, stride, 1, 3)?, &upstream)?;
        assert!(worst(&inner(dx, &x2)?, &at_x2) < 1e-12);
        assert!(worst(&inner(dw, &kernel2)?, &at_kernel2) < 1e-12);
    }
    Ok(())
}

#[test]
fn folding_changes_nothing_but_rounding() -> Result<()> {
    let net = Cnn::load()?;
    let folded = net.fold_bn()?;
    assert!(!folded.nodes.iter().any(|node| matches!(node.op, Op::BatchNorm { .. })));
    let x = glyphs(TEST_SEED, 60, &Style::CNN)?.images;
    let (wide, x64) = (net.to_dtype(DType::F64)?, x.to_dtype(DType::F64)?);
    let exact = wide.logits(&x64)?;
    assert!(worst(&wide.fold_bn()?.logits(&x64)?, &exact) < 1e-11);
    let floor = worst(&net.logits(&x)?, &exact); // what f32 alone costs
    let gap = worst(&folded.logits(&x)?, &exact);
    assert!(floor < 1e-3 && gap < 4.0 * floor, "folded {gap:e}, rounding {floor:e}");
    Ok(())
}

#[test]
fn the_shipped_weights_score_what_the_card_says() -> Result<()> {
    let drawn = glyphs(TEST_SEED, 2000, &Style::CNN)?;
    let accuracy = Cnn::load()?.accuracy(&drawn.images, &drawn.labels)?;
    assert!((0.93..0.97).contains(&accuracy), "{accuracy}");
    Ok(())
}

#[test]
fn the_net_is_a_graph_with_every_kind_of_node_and_a_small_cost() -> Result<()> {
    let net = Cnn::load()?;
    for (at, node) in net.nodes.iter().enumerate() {
        assert!(node.inputs.iter().all(|&input| input < at), "{}", node.name);
        assert_eq!(net.nodes.iter().filter(|other| other.name == node.name).count(), 1, "{}", node.name);
    }
    let costs = net.costs(28)?;
    let (params, macs) = costs.iter().fold((0, 0), |(p, m), cost| (p + cost.params, m + cost.macs));
    assert!((10_000..45_000).contains(&params), "{params} parameters");
    assert!((300_000..800_000).contains(&macs), "{macs} MACs");
    Ok(())
}
