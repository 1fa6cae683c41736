//! Products of int8 matrices are exact, to the last bit.

use super::Draw;
use crate::kernels::dot::{Dot, Lanes};
use crate::kernels::{Isa, Packed, gemm, matmul};
use lab_sdk::I8;
use proptest::prelude::*;
#[cfg(target_arch = "x86_64")]
use pulp::bytemuck::cast;

/// x w^T, modulo 2^32.
fn plain(x: &I8, w: &I8) -> Vec<i32> {
    let ((t, k), (n, _)) = (x.dims2().expect("a matrix"), w.dims2().expect("a matrix"));
    let dot = |t: usize, n: usize| {
        (0..k).fold(0_i32, |sum, at| sum.wrapping_add(i32::from(x.data[t * k + at]) * i32::from(w.data[n * k + at])))
    };
    (0..t * n).map(|at| dot(at / n, at % n)).collect()
}

fn matrix(rows: usize, k: usize, data: Vec<i8>) -> I8 {
    I8::new([rows, k], data).expect("whole rows")
}

/// The first rows of a matrix.
fn first(of: &I8, rows: usize) -> I8 {
    matrix(rows, of.shape[1], of.data[..rows * of.shape[1]].to_vec())
}

#[test]
fn every_small_shape_is_exact() {
    for k in 1..=40 {
        let mut draw = Draw::new(k as u64);
        let (x, w) = (matrix(40, k, draw.codes(40 * k)), matrix(40, k, draw.codes(40 * k)));
        let all = plain(&x, &w);
        for isa in Isa::all() {
            for n in 1..=40 {
                let packed = Packed::new(isa, &first(&w, n)).expect("a matrix");
                for t in 1..=40 {
                    let y = packed.matmul(&first(&x, t)).expect("the same K");
                    let wanted = all.chunks(40).take(t).flat_map(|row| &row[..n]);
                    assert!(y.iter().eq(wanted), "{}: ({t}, {k}) by ({n}, {k})", isa.name());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Beyond one stretch of k and one block of rows.
    #[test]
    fn larger_shapes_are_exact(t in 1_usize..450, n in 1_usize..70, k in 1_usize..1300, seed in 0_u64..1000) {
        let mut draw = Draw::new(seed);
        let (x, w) = (matrix(t, k, draw.codes(t * k)), matrix(n, k, draw.codes(n * k)));
        let wanted = plain(&x, &w);
        for isa in Isa::all() {
            prop_assert_eq!(&matmul(isa, &x, &w).expect("the same K"), &wanted, "{}", isa.name());
        }
    }
}

#[test]
fn extremes_are_exact_and_sums_wrap_as_a_register_does() {
    // 131,071 products of -128 * -128 fit an i32, one more does not.
    for (k, wanted) in [(1, 16_384), (2, 32_768), (131_071, 2_147_467_264), (131_072, i32::MIN)] {
        let low = matrix(1, k, vec![i8::MIN; k]);
        for isa in Isa::all() {
            assert_eq!(matmul(isa, &low, &low).expect("the same K"), [wanted], "{}, K = {k}", isa.name());
        }
    }
    for (a, b) in [(i8::MIN, i8::MAX), (i8::MAX, i8::MAX), (i8::MAX, i8::MIN)] {
        let (x, w) = (matrix(7, 700, vec![a; 4900]), matrix(17, 700, vec![b; 11_900]));
        for isa in Isa::all() {
            let y = matmul(isa, &x, &w).expect("the same K");
            assert_eq!(y, vec![i32::from(a) * i32::from(b) * 700; 7 * 17], "{}", isa.name());
        }
    }
}

#[test]
fn what_is_empty_stays_empty_and_other_shapes_are_refused() {
    let empty = |rows, k| matrix(rows, k, Vec::new());
    for isa in Isa::all() {
        assert_eq!(matmul(isa, &empty(0, 5), &matrix(2, 5, vec![1; 10])), Ok(vec![]));
        assert_eq!(matmul(isa, &matrix(2, 5, vec![1; 10]), &empty(0, 5)), Ok(vec![]));
        assert_eq!(matmul(isa, &empty(2, 0), &empty(3, 0)), Ok(vec![0; 6]));
        assert!(matmul(isa, &matrix(1, 2, vec![1; 2]), &matrix(1, 3, vec![1; 3])).is_err());
        let cube = I8::new([1, 1, 1], vec![1]).expect("one value");
        assert!(Packed::new(isa, &cube).is_err() && matmul(isa, &cube, &empty(0, 1)).is_err());
    }
}

/// The tile of the widest vectors, with lanes in an array in their place: blocking, packing and tile are the same code.
#[test]
fn the_tile_of_sixteen_lanes_is_exact() {
    for (t, n, k) in [(1, 1, 1), (12, 32, 16), (13, 33, 17), (200, 65, 513)] {
        let mut draw = Draw::new(7);
        let (x, w) = (matrix(t, k, draw.codes(t * k)), matrix(n, k, draw.codes(n * k)));
        assert_eq!(gemm::through::<Lanes<16>, 12, 2, 32>(Lanes, &x, &w).expect("the same K"), plain(&x, &w));
    }
}

#[test]
fn every_vector_is_lanes() {
    let mut draw = Draw::new(11);
    let codes: Vec<u8> = draw.codes(128).iter().map(|code| *code as u8).collect();
    let eight = |row: usize| u128::from_le_bytes(std::array::from_fn(|at| codes[16 * row + at]));
    let rows: [[i32; 8]; 8] = std::array::from_fn(|row| Lanes::<8>.words(eight(row)));
    assert_eq!(rows[6][3] as i16, i16::from(codes[16 * 6 + 6] as i8));
    assert_eq!((rows[6][3] >> 16) as i16, i16::from(codes[16 * 6 + 7] as i8));
    let columns = Lanes::<8>.turned(rows);
    assert_eq!(columns[3][6], rows[6][3]);
    #[cfg(target_arch = "x86_64")]
    if let Some(v3) = pulp::x86::V3::try_new() {
        for (row, words) in rows.into_iter().enumerate() {
            assert_eq!(v3.words(eight(row)), words);
        }
        assert_eq!(v3.turned(rows), columns);
        for words in rows.chunks_exact(2) {
            let sums: [i32; 8] = cast(v3.dot(cast(rows[0]), cast(words[0]), cast(words[1])));
            assert_eq!(sums, Lanes.dot(rows[0], words[0], words[1]));
        }
    }
}

/// Four products are far beyond an i16, and a sum may pass the end of an i32.
#[cfg(target_arch = "x86_64")]
#[test]
fn four_products_are_added_without_saturating() {
    let Some(vnni) = crate::kernels::Vnni::try_new() else { return };
    let word = |code: i8| i32::from_ne_bytes([code as u8; 4]);
    for (start, x, w) in [(0, 127, 127), (0, 127, -128), (i32::MAX, 127, 127), (i32::MIN, 127, -128), (5, -128, -128)] {
        let x_flipped = word(x) ^ crate::kernels::Vnni::FLIPPED;
        let sums: [i32; 16] = cast(vnni.dot(vnni.splat(start), vnni.splat(x_flipped), vnni.splat(word(w))));
        let wanted = start.wrapping_add(4 * (i32::from(x) + 128) * i32::from(w));
        assert_eq!(sums, [wanted; 16]);
    }
}

/// Why codes are widened: `vpmaddubsw` adds two products of u8 and i8 in an i16, where they saturate.
#[cfg(target_arch = "x86_64")]
#[test]
fn products_of_bytes_saturate() {
    let Some(v3) = pulp::x86::V3::try_new() else { return };
    let of = |a: u8, b: i8| -> i16 {
        let (a, b) = (v3.avx._mm256_set1_epi8(a as i8), v3.avx._mm256_set1_epi8(b));
        let pairs: [i16; 16] = pulp::bytemuck::cast(v3.avx2._mm256_maddubs_epi16(a, b));
        pairs[0]
    };
    // -128 * -128, by the magnitude of one and the other with its sign changed: -(-128) is no int8.
    let (magnitude, turned) = (i8::MIN.unsigned_abs(), i8::MIN.wrapping_neg());
    assert_eq!(i32::from(of(magnitude, turned)), -32_768);
    assert_eq!(2 * i32::from(i8::MIN) * i32::from(i8::MIN), 32_768);
    // By 128 more, which a sum of the others' codes would take back: 2 * 255 * 127 is cut off.
    assert_eq!((i32::from(of(255, 127)), 2 * 255 * 127), (32_767, 64_770));
}
