//! The chain against finite differences, its ledger against sizes counted by hand, and what it refuses.

use super::Chain;
use crate::{Device, Result, Tensor};

const WIDTHS: [usize; 5] = [3, 4, 4, 4, 2];

fn weights() -> Vec<Tensor> {
    let mut state = 7;
    let pairs = WIDTHS.windows(2);
    let draw = |pair: &[usize]| {
        let values = (0..pair[0] * pair[1]).map(|_| {
            state = (state * 1103 + 12345) % 65536;
            f64::from(state) / 32768.0 - 1.0
        });
        Tensor::from_vec(values.collect::<Vec<f64>>(), (pair[1], pair[0]), &Device::Cpu).expect("a matrix")
    };
    pairs.map(draw).collect()
}

fn batch() -> (Tensor, [u32; 5]) {
    let x: Vec<f64> = (0..15).map(|i| (f64::from(i) * 0.7).sin()).collect();
    (Tensor::from_vec(x, (5, 3), &Device::Cpu).expect("5x3"), [0, 1, 1, 0, 1])
}

/// Forward with everything saved; the loss.
fn plain(chain: &mut Chain) -> Result<f64> {
    let (x, labels) = batch();
    chain.feed(&x, &labels)?;
    (0..chain.layers()).try_for_each(|i| chain.forward(i, true))?;
    chain.loss(3.0)
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut chain = Chain::new(&weights(), 0.3, 11).expect("a chain");
    plain(&mut chain).expect("a loss");
    (0..4).rev().try_for_each(|i| chain.backward(i)).expect("gradients");
    for layer in 0..4 {
        let exact: Vec<f64> = chain.grads()[layer].flatten_all().and_then(|g| g.to_vec1()).expect("a vector");
        for (at, exact) in exact.iter().enumerate() {
            let moved = |by: f64| {
                let mut all = weights();
                let mut values: Vec<f64> = all[layer].flatten_all().and_then(|w| w.to_vec1()).expect("a vector");
                values[at] += by;
                all[layer] = Tensor::from_vec(values, all[layer].dims(), &Device::Cpu).expect("a matrix");
                plain(&mut Chain::new(&all, 0.3, 11).expect("a chain")).expect("a loss")
            };
            let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((numeric - exact).abs() < 1e-7, "layer {layer}, weight {at}: {numeric} and {exact}");
        }
    }
}

#[test]
fn the_ledger_counts_what_is_held() {
    let mut chain = Chain::new(&weights(), 0.3, 11).expect("a chain");
    let (x, labels) = batch();
    chain.feed(&x, &labels).expect("a batch");
    chain.keep(0).expect("flows");
    assert_eq!(chain.meter().held(), 5 * 3 * 8);
    chain.forward(0, true).expect("flows");
    // x and t in f64, a byte of mask for each output.
    assert_eq!(chain.meter().held(), 5 * 3 * 8 + 5 * (3 * 8 + 4 * 8 + 4));
    chain.free(0).expect("kept");
    chain.store("bf16").expect("a way to store");
    chain.forward(1, true).expect("flows");
    assert_eq!(chain.meter().held(), 5 * (3 * 8 + 4 * 8 + 4) + 5 * (4 * 2 + 4 * 2 + 4));
    assert_eq!(chain.forwards(), 2);
}

#[test]
fn the_same_state_gives_the_same_network() {
    let loss = |first: u64, second: u64| {
        let mut chain = Chain::new(&weights(), 0.5, first).expect("a chain");
        chain.set_rng(second);
        plain(&mut chain).expect("a loss")
    };
    assert_eq!(loss(1, 5), loss(2, 5));
    assert_ne!(loss(1, 5), loss(1, 6));
}

#[test]
fn what_cannot_run_is_refused() {
    let mut chain = Chain::new(&weights(), 0.0, 1).expect("a chain");
    let said = |result: Result<()>| result.expect_err("refused").to_string();
    assert_eq!(said(chain.forward(0, true)), "nothing flows: a batch goes in first");
    let (x, labels) = batch();
    chain.feed(&x, &labels).expect("a batch");
    assert_eq!(said(chain.forward(1, true)), "the input of layer 0 flows, not that of layer 1");
    assert_eq!(said(chain.load(2)), "the input of layer 2 is not kept");
    (0..4).try_for_each(|i| chain.forward(i, i > 0)).expect("flows");
    assert_eq!(said(chain.backward(3)), "there is no slope: the loss comes first");
    chain.loss(1.0).expect("logits flow");
    assert_eq!(said(chain.backward(2)), "the slope stands before layer 4; layer 2 is not next");
    (1..4).rev().try_for_each(|i| chain.backward(i)).expect("saved");
    assert_eq!(said(chain.backward(0)), "layer 0 saved nothing");
}
