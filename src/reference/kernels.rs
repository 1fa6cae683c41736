//! Kernels with their counts, for graders that ask what a kernel moves and how long it takes.

use super::flops::count;
use lab_sdk::{Arch, Convention, Kernel, Node, Op, Result};

/// `op` on inputs of these shapes, counted. Refuses what counting refuses.
pub fn kernel(op: Op, inputs: &[&[u64]]) -> Result<Kernel> {
    let node = |name: String, inputs: Vec<String>, op: Op| Node { name, inputs, tie: None, op };
    let name = |at: usize| format!("x{at}");
    let inputs: Vec<Vec<u64>> = inputs.iter().map(|shape| shape.to_vec()).collect();
    let data =
        inputs.iter().enumerate().map(|(at, shape)| node(name(at), Vec::new(), Op::Input { shape: shape.clone() }));
    let last = node("y".to_owned(), (0..inputs.len()).map(name).collect(), op.clone());
    let arch = Arch { name: "one kernel".to_owned(), nodes: data.chain([last]).collect() };
    let counted = count(&arch, &Convention::default())?.rows.pop().ok_or("nothing was counted")?;
    Ok(Kernel { op, inputs, out: counted.out, macs: counted.macs, params: counted.params })
}

#[cfg(test)]
mod tests {
    use super::kernel;
    use lab_sdk::{Norm, Op, Pool};
    use serde_json::json;

    #[test]
    fn kernels_are_counted() {
        let counts = |op, inputs: &[&[u64]]| kernel(op, inputs).map(|k| (k.out, k.macs, k.params)).expect("a kernel");
        assert_eq!(counts(Op::Linear { cout: 5, bias: true }, &[&[2, 3]]), (vec![2, 5], 30, 20));
        assert_eq!(counts(Op::Matmul {}, &[&[2, 3, 4], &[2, 4, 5]]), (vec![2, 3, 5], 120, 0));
        let pool = Op::Pool { kind: Pool::Max, k: [3; 2], stride: [1; 2], pad: [1; 2], ceil: false };
        assert_eq!(counts(pool, &[&[1, 2, 8, 8]]), (vec![1, 2, 8, 8], 0, 0));
        assert_eq!(counts(Op::Norm { kind: Norm::Layer }, &[&[4, 6]]), (vec![4, 6], 0, 12));
        assert!(kernel(Op::Add {}, &[&[2], &[3]]).is_err());
    }

    #[test]
    fn a_kernel_is_a_flat_dict() {
        let written = serde_json::to_value(kernel(Op::Linear { cout: 5, bias: false }, &[&[2, 3]]).expect("a kernel"));
        let wanted = json!({"op": "linear", "attrs": {"cout": 5, "bias": false}, "inputs": [[2, 3]], "out": [2, 5], "macs": 30, "params": 15});
        assert_eq!(written.expect("JSON"), wanted);
        let read: lab_sdk::Kernel = serde_json::from_value(wanted).expect("a kernel");
        assert_eq!(read.op, Op::Linear { cout: 5, bias: false });
    }
}
