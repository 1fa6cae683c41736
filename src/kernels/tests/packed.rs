//! Products with packed weights, held to the weights as candle reads them, and to candle's own product.

use super::Draw;
use crate::kernels::{Blocks, Format, Isa, gemv};
use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};
use std::borrow::Cow;

const FORMATS: [(Format, GgmlDType); 3] =
    [(Format::Q8_0, GgmlDType::Q8_0), (Format::Q4_0, GgmlDType::Q4_0), (Format::Q4K, GgmlDType::Q4K)];

/// The product in f64, and how far from it a product with x in int8 codes may lie: max|x| / 254 for each weight of a block, and
/// beside it the rounding of f32.
fn wanted(w: &[f32], x: &[f32], block: usize) -> Vec<(f64, f64)> {
    let row = |w: &[f32]| {
        let blocks = w.chunks(block).zip(x.chunks(block));
        blocks.fold((0.0, 0.0), |(sum, off), (w, x)| {
            let terms = || w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x));
            let step = x.iter().fold(0.0_f64, |most, x| most.max(f64::from(x.abs()))) / 254.0;
            let coded: f64 = w.iter().map(|w| step * f64::from(w.abs())).sum();
            (sum + terms().sum::<f64>(), off + 1.001 * coded + 1e-5 * terms().map(f64::abs).sum::<f64>())
        })
    };
    w.chunks(x.len()).map(row).collect()
}

/// Weights in a format: quantized by candle, or any bytes with finite scales.
fn weights(draw: &mut Draw, format: Format, kind: GgmlDType, shape: (usize, usize), any: bool) -> QTensor {
    if !any {
        let w = Tensor::from_vec(draw.floats(shape.0 * shape.1), shape, &Device::Cpu).expect("a matrix");
        return QTensor::quantize(&w, kind).expect("quantized");
    }
    let mut bytes = draw.bytes(shape.0 * shape.1 / format.values() * format.bytes());
    for block in bytes.chunks_exact_mut(format.bytes()) {
        // Half-precision exponents below 16: from subnormal numbers to 1, of either sign.
        let halves = if format == Format::Q4K { 2 } else { 1 };
        (0..halves).for_each(|half| block[2 * half + 1] &= 0xbf);
    }
    let storage = QStorage::from_data(Cow::Owned(bytes), &Device::Cpu, kind).expect("blocks");
    QTensor::new(storage, shape).expect("a matrix")
}

#[test]
fn packed_products_lie_within_their_bound() {
    for (format, kind) in FORMATS {
        for (n, k, any) in [(1, 256, false), (7, 512, true), (16, 256, true), (37, 1024, false), (48, 768, true)] {
            let mut draw = Draw::new(n as u64);
            let w = weights(&mut draw, format, kind, (n, k), any);
            let floats: Vec<f32> = w.dequantize(&Device::Cpu).and_then(|w| w.flatten_all()?.to_vec1()).expect("f32");
            let blocks = Blocks::new(format, &w.data().expect("bytes"), n, k).expect("whole blocks");
            let x = draw.floats(k);
            let wanted = wanted(&floats, &x, format.values());
            let theirs = QMatMul::from_qtensor(w).expect("weights");
            let theirs =
                theirs.forward(&Tensor::from_slice(&x, (1, k), &Device::Cpu).expect("a row")).expect("a product");
            let theirs: Vec<f32> = theirs.flatten_all().and_then(|y| y.to_vec1()).expect("f32");
            for isa in Isa::all() {
                let y = blocks.gemv(isa, &x).expect("a product");
                assert_eq!(y.len(), n);
                for ((y, theirs), (wanted, off)) in y.iter().zip(&theirs).zip(&wanted) {
                    let what = format!("{format:?} ({n}, {k}), {}: {y}, candle {theirs}, exact {wanted}", isa.name());
                    assert!((f64::from(*y) - wanted).abs() <= *off, "{what}, allowed {off}");
                    // candle codes x too, with a scale in half precision: both lie within the bound, and so within two of each other.
                    assert!(f64::from((y - theirs).abs()) <= 2.1 * off, "{what}, allowed {off}");
                }
            }
        }
    }
}

#[test]
fn a_code_of_minus_128_keeps_its_sign() {
    for (code, x, wanted) in [(0x80_u8, -1.0_f32, 4096.0), (0x80, 1.0, -4096.0), (0x7f, -1.0, -4064.0)] {
        // d = 1, that is 0x3c00 in half precision.
        let bytes: Vec<u8> = [0x00, 0x3c].into_iter().chain([code; 32]).collect();
        for isa in Isa::all() {
            let w = Blocks::new(Format::Q8_0, &bytes, 1, 32).expect("one block");
            assert_eq!(w.gemv(isa, &[x; 32]).expect("a product"), [wanted], "{}", isa.name());
        }
    }
}

#[test]
fn what_packed_products_refuse() {
    for (format, _) in FORMATS {
        let bytes = vec![0; 2 * format.bytes()];
        let w = Blocks::new(format, &bytes, 2, format.values()).expect("two blocks");
        for isa in Isa::all() {
            assert_eq!(w.gemv(isa, &vec![1.0; format.values()]), Ok(vec![0.0; 2]));
            assert!(w.gemv(isa, &[1.0]).is_err());
            assert!(w.gemv(isa, &vec![f32::NAN; format.values()]).is_err());
        }
        assert!(Blocks::new(format, &bytes, 1, format.values()).is_err());
        assert!(Blocks::new(format, &bytes, 2, 31).is_err() && Blocks::new(format, &[], 1, 0).is_err());
    }
}

#[test]
fn plain_weights_are_summed_in_f32() {
    for (n, k) in [(1, 1), (3, 7), (4, 16), (5, 33), (9, 100), (41, 257)] {
        let mut draw = Draw::new(k as u64);
        let (w, x) = (draw.floats(n * k), draw.floats(k));
        for isa in Isa::all() {
            let y = gemv(isa, &w, &x).expect("whole rows");
            for (y, w) in y.iter().zip(w.chunks(k)) {
                let terms = || w.iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x));
                let off = 1e-7 * (k as f64 + 2.0) * terms().map(f64::abs).sum::<f64>();
                assert!((f64::from(*y) - terms().sum::<f64>()).abs() <= off, "({n}, {k}), {}", isa.name());
            }
        }
    }
    assert_eq!(gemv(Isa::best(), &[], &[1.0]), Ok(vec![]));
    assert!(gemv(Isa::best(), &[1.0; 3], &[1.0; 2]).is_err() && gemv(Isa::best(), &[], &[]).is_err());
}
