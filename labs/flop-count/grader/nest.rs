//! Operations carried out loop by loop, with a counter in the innermost: what a formula is held against. No formula here;
//! sizes have to be small.

use lab_sdk::OpSpec;

/// Multiply-adds that the loops carry out.
pub fn multiply_adds(op: &OpSpec) -> u64 {
    let mut count = 0;
    match *op {
        OpSpec::Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, .. } => {
            let (rows, columns) =
                (starts(h, k[0], stride[0], pad[0], dil[0]), starts(w, k[1], stride[1], pad[1], dil[1]));
            for _ in 0..n {
                for filter in 0..cout {
                    for _ in &rows {
                        for _ in &columns {
                            // Filter and channel meet when they are in the same group.
                            for _ in (0..cin).filter(|c| c * groups / cin == filter * groups / cout) {
                                for _ in 0..k[0] {
                                    for _ in 0..k[1] {
                                        count += 1;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        OpSpec::Linear { rows, cin, cout, .. } => {
            for _ in 0..rows {
                for _ in 0..cout {
                    for _ in 0..cin {
                        count += 1;
                    }
                }
            }
        }
        OpSpec::Matmul { batch, m, k, n } => {
            for _ in 0..batch {
                for _ in 0..m {
                    for _ in 0..n {
                        for _ in 0..k {
                            count += 1;
                        }
                    }
                }
            }
        }
        OpSpec::Attention { b, hq, sq, sk, dh, dv, causal, window, .. } => {
            for _ in 0..b * hq {
                for query in 0..sq as i64 {
                    let at = query + sk as i64 - sq as i64;
                    for key in 0..sk as i64 {
                        let later = causal && key > at;
                        let far = window.is_some_and(|w| (key - at).unsigned_abs() >= w);
                        if later || far {
                            continue;
                        }
                        for _ in 0..dh {
                            count += 1; // q . k
                        }
                        for _ in 0..dv {
                            count += 1; // weight times v
                        }
                    }
                }
            }
        }
    }
    count
}

/// Where windows begin: from the padding on the left, as long as the last tap stays within the padding on the right.
fn starts(length: u64, k: u64, stride: u64, pad: u64, dil: u64) -> Vec<i64> {
    let (mut start, mut all) = (-(pad as i64), Vec::new());
    while start + ((dil * (k - 1)) as i64) < (length + pad) as i64 {
        all.push(start);
        start += stride as i64;
    }
    all
}
