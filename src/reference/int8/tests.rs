//! The claims of the integer kernels: exact factors, depthwise equal to its products, codes near the float net.

use super::*;
use lab_sdk::cnn::Cnn;
use lab_sdk::glyphs::{CALIBRATION_SEED, Style, TEST_SEED, glyphs};

fn plan(net: &Cnn) -> Plan {
    let images = glyphs(CALIBRATION_SEED, 64, &Style::CNN).expect("images").images;
    let seen = observe(net, &images, 1000).expect("a run");
    let mut weights: Vec<Option<Weights>> = vec![None; net.nodes.len()];
    for node in layers(net) {
        let w = match &net.nodes[node].op {
            lab_sdk::cnn::Op::Conv { w, .. } | lab_sdk::cnn::Op::Linear { w, .. } => w,
            _ => continue,
        };
        let scale: Vec<f32> = peaks(w).expect("f32").iter().map(|p| p.max(1e-6) / 127.0).collect();
        let values = w.flatten_all().and_then(|w| w.to_vec1::<f32>()).expect("f32");
        let each = values.len() / scale.len();
        let codes = values.iter().enumerate().map(|(i, v)| (v / scale[i / each]).round() as i8).collect();
        weights[node] = Some(Weights { codes: I8::new(w.dims(), codes).expect("codes"), scale });
    }
    Plan::new(net, 28, &seen.ranges, &weights).expect("a plan")
}

#[test]
fn a_factor_rounds_twice_as_published() {
    let factor = Factor::of(0.003730271862171509);
    assert_eq!((factor, factor.apply(4155)), (Factor { mult: 2050738644, shift: -8 }, 16));
    let half = Factor { mult: 1 << 30, shift: 0 };
    assert_eq!([-3, -1, 1, 3].map(|acc| half.apply(acc)), [-1, 0, 1, 2], "the high multiplication rounds upwards");
    let eighth = Factor { mult: 1 << 30, shift: -2 };
    assert_eq!([-12, -4, 4, 12].map(|acc| eighth.apply(acc)), [-2, -1, 1, 2], "the shift rounds away from zero");
    assert_eq!(Factor { mult: i32::MIN, shift: 0 }.apply(i32::MIN), i32::MAX);
    for m in [1e-9, 0.3, 0.5, 1.0 - 1e-12, 1.0, 7.0] {
        let Factor { mult, shift } = Factor::of(m);
        assert!(mult >= 1 << 30, "{m}");
        assert!((f64::from(mult) * 2f64.powi(shift - 31) / m - 1.0).abs() < 2f64.powi(-31), "{m}");
    }
}

#[test]
fn every_layer_equals_its_products() {
    let plan = plan(&Cnn::load().and_then(|net| net.fold_bn()).expect("the shipped net"));
    let codes = plan.code(&glyphs(TEST_SEED, 4, &Style::CNN).expect("images").images).expect("codes");
    let through = plan.run_through::<lab_sdk::Error>(&codes, |call| {
        let factors: Vec<Factor> =
            call.mult.iter().zip(call.shift).map(|(&mult, &shift)| Factor { mult, shift }).collect();
        let k = call.w.shape[1];
        let sum = |n: usize| call.w.data[n * k..(n + 1) * k].iter().map(|&w| i32::from(w)).sum::<i32>();
        let start: Vec<i32> = call.bias.iter().enumerate().map(|(n, b)| b - call.x_zp * sum(n)).collect();
        let y = kernels::linear(&call.x.data, &call.w.data, &start, &factors, call.out_zp, &mut Meter::default());
        I8::new([call.x.shape[0], call.w.shape[0]], y)
    });
    assert_eq!(through.expect("a run"), plan.run(&codes).expect("a run").0);
}

#[test]
fn the_codes_stand_for_the_float_net() {
    let net = Cnn::load().and_then(|net| net.fold_bn()).expect("the shipped net");
    let plan = plan(&net);
    let test = glyphs(TEST_SEED, 400, &Style::CNN).expect("images");
    let float = net.accuracy(&test.images, &test.labels).expect("a run");
    let codes = plan.code(&test.images).expect("codes");
    let (classes, meter) = plan.classes(&codes, 400).expect("a run");
    let integer = classes.iter().zip(&test.labels).filter(|(class, label)| class == label).count() as f64 / 400.0;
    assert!((float - integer).abs() < 0.03, "{float} in float, {integer} in integers");
    assert!(meter.float == 0 && meter.integer > 400 * 500_000 && plan.made.float > 0, "{meter:?}");
}
