//! The build step `vjps`: operation by operation, then shapes that broadcasting makes, then what may be read.

use super::forward::{kept, lost, value};
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, tensors};
use lab_sdk::{DType, Device, Result, TapeOp, Tensor, Value};

/// Sums of f32 in another order, and a few roundings in a row: 8 times what the solution itself is off.
const GRADIENTS: Rule = Rule::Floor(8.0);

/// Targets drawn for the rows of logits.
const CLASSES: usize = 4;

/// The checks of `vjp`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut checks = broadcast(draw)?;
    checks.extend(products(draw)?);
    checks.extend(single(draw)?);
    checks.extend(entropies(draw)?);
    checks.extend(ends(draw)?);
    checks.extend(kept_alone(draw)?);
    checks.push(Check::refuses("`vjp` refuses what is no operation on these inputs", refusals(draw)?));
    Ok(checks)
}

/// Eighths, whose sums and products are exact: nothing but exp, tanh and division rounds, and a sum may be 0.
fn eighths(draw: &mut Draw, shape: &[usize]) -> Result<Tensor> {
    draw.tensor(shape, |draw| loop {
        let v = (8.0 * draw.normal()).round() / 8.0;
        if v != 0.0 {
            break v;
        }
    })
}

/// A case with these inputs, the operation's own result and a drawn g. Never shrunk: the result belongs to the inputs.
fn case(draw: &mut Draw, op: &TapeOp, ins: &[Tensor]) -> Result<Script> {
    let out = value(op, ins)?;
    let g = eighths(draw, out.dims())?;
    Ok(script(op, ins, &out, &g))
}

fn script(op: &TapeOp, ins: &[Tensor], out: &Tensor, g: &Tensor) -> Script {
    Script::call("vjp", args![op.clone(), ins.to_vec(), out.clone(), g.clone()]).whole()
}

/// Cases of an operation of two inputs, by their shapes.
fn pairs(draw: &mut Draw, op: &TapeOp, shapes: &[(&[usize], &[usize])]) -> Result<Vec<Script>> {
    let mut pair = |(a, b): &(&[usize], &[usize])| {
        let ins = [eighths(draw, a)?, eighths(draw, b)?];
        case(draw, op, &ins)
    };
    shapes.iter().map(&mut pair).collect()
}

/// Cases of operations of one input, by its shape.
fn ones(draw: &mut Draw, cases: &[(TapeOp, &[usize])]) -> Result<Vec<Script>> {
    let mut one = |(op, shape): &(TapeOp, &[usize])| {
        let x = eighths(draw, shape)?;
        case(draw, op, &[x])
    };
    cases.iter().map(&mut one).collect()
}

fn broadcast(draw: &mut Draw) -> Result<Vec<Check>> {
    let (add, mul) = (TapeOp::Add {}, TapeOp::Mul {});
    let equal: &[(&[usize], &[usize])] = &[(&[2], &[2]), (&[2, 3], &[2, 3])];
    let rows: &[(&[usize], &[usize])] = &[(&[2, 3], &[3]), (&[3], &[2, 3]), (&[2, 2, 3], &[3]), (&[4, 2, 3], &[2, 3])];
    let columns: &[(&[usize], &[usize])] = &[(&[2, 3], &[2, 1]), (&[4, 1], &[1, 3]), (&[2, 1, 3], &[4, 1])];
    let scalars: &[(&[usize], &[usize])] = &[(&[3], &[]), (&[], &[2, 2]), (&[], &[])];
    Ok(vec![
        Check::by("add of equal shapes", GRADIENTS, pairs(draw, &add, equal)?),
        Check::by("add of a row", GRADIENTS, pairs(draw, &add, rows)?),
        Check::by("add of a column", GRADIENTS, pairs(draw, &add, columns)?),
        Check::by("add of a scalar", GRADIENTS, pairs(draw, &add, scalars)?),
        Check::by("mul of equal shapes", GRADIENTS, pairs(draw, &mul, equal)?),
        Check::by("mul by a row or a column", GRADIENTS, pairs(draw, &mul, &[rows, columns].concat())?),
        Check::by("mul by a scalar", GRADIENTS, pairs(draw, &mul, scalars)?),
    ])
}

fn products(draw: &mut Draw) -> Result<Vec<Check>> {
    let op = TapeOp::Matmul {};
    let shapes = |shapes: &[(&[usize], &[usize])], draw: &mut Draw| pairs(draw, &op, shapes);
    Ok(vec![
        Check::by("matmul of squares", GRADIENTS, shapes(&[(&[2, 2], &[2, 2]), (&[3, 3], &[3, 3])], draw)?),
        Check::by("matmul", GRADIENTS, shapes(&[(&[1, 2], &[2, 3]), (&[3, 1], &[1, 2]), (&[4, 7], &[7, 5])], draw)?),
        Check::by("a batch of matmuls", GRADIENTS, shapes(&[(&[2, 1, 2], &[2, 2, 3]), (&[3, 4, 2], &[3, 2, 5])], draw)?),
        Check::by(
            "one matrix for a whole batch",
            GRADIENTS,
            shapes(
                &[
                    (&[2, 1, 2], &[2, 3]),
                    (&[3, 2], &[4, 2, 3]),
                    (&[1, 2, 3], &[4, 3, 2]),
                    (&[2, 1, 2, 3], &[3, 3, 2]),
                    (&[2, 3, 2, 3], &[3, 1]),
                ],
                draw,
            )?,
        ),
        Check::by("matmul of larger matrices", GRADIENTS, shapes(&[(&[24, 40], &[40, 16])], draw)?),
    ])
}

fn single(draw: &mut Draw) -> Result<Vec<Check>> {
    let (relu, gelu) = (TapeOp::Relu {}, TapeOp::GeluTanh {});
    let at_zero = Tensor::new(&[-1.5_f32, 0.0, 2.0, 0.0, 0.3], &Device::Cpu)?;
    let ends = Tensor::new(&[-20.0_f32, -4.0, -2.0, -0.7, 0.0, 0.7, 2.0, 4.0, 20.0], &Device::Cpu)?;
    let ends = script(&gelu, std::slice::from_ref(&ends), &value(&gelu, std::slice::from_ref(&ends))?, &ends.ones_like()?);
    let sum = |dim, keep| TapeOp::Sum { dim, keep };
    let soft = |dim| TapeOp::Softmax { dim };
    let gone: &[(TapeOp, &[usize])] = &[
        (sum(0, false), &[3]),
        (sum(1, false), &[2, 2]),
        (sum(0, false), &[2, 3]),
        (sum(1, false), &[3, 3]),
        (sum(1, false), &[2, 3, 4]),
    ];
    let stays: &[(TapeOp, &[usize])] = &[(sum(0, true), &[3]), (sum(1, true), &[2, 3]), (sum(0, true), &[2, 3, 2])];
    Ok(vec![
        Check::by("relu", GRADIENTS, ones(draw, &[(relu.clone(), &[4]), (relu.clone(), &[3, 4])])?),
        Check::by("relu at 0", GRADIENTS, vec![case(draw, &relu, &[at_zero])?]),
        Check::by("gelu_tanh", GRADIENTS, ones(draw, &[(gelu.clone(), &[4]), (gelu.clone(), &[3, 4])])?),
        Check::by("gelu_tanh from -20 to 20", GRADIENTS, vec![ends]),
        Check::by("sum that takes the axis away", GRADIENTS, ones(draw, gone)?),
        Check::by("sum that keeps the axis", GRADIENTS, ones(draw, stays)?),
        Check::by(
            "softmax along the last axis",
            GRADIENTS,
            ones(draw, &[(soft(1), &[2, 3]), (soft(2), &[2, 3, 4]), (soft(1), &[8, 32])])?,
        ),
        Check::by("softmax along another axis", GRADIENTS, ones(draw, &[(soft(0), &[3, 2]), (soft(1), &[2, 3, 2])])?),
    ])
}

/// Drawn targets; of the first row the least likely class, so that there is a gradient to speak of.
fn targets(draw: &mut Draw, logits: &Tensor) -> Result<Tensor> {
    let mut targets: Vec<u32> = logits.argmin(1)?.to_vec1()?;
    targets[1..].iter_mut().for_each(|target| *target = draw.size(0..=CLASSES - 1) as u32);
    let n = targets.len();
    Ok(Tensor::from_vec(targets, n, &Device::Cpu)?)
}

fn entropies(draw: &mut Draw) -> Result<Vec<Check>> {
    let op = TapeOp::CrossEntropy {};
    let of = |ins: [Tensor; 2], g: f32| -> Result<Script> {
        Ok(script(&op, &ins, &value(&op, &ins)?, &Tensor::new(g, &Device::Cpu)?))
    };
    let large = Tensor::new(&[[300.0_f32, -150.0, 20.0, 0.0], [-600.0, 450.0, 449.0, 0.0]], &Device::Cpu)?;
    let large = of([large, Tensor::new(&[2_u32, 2], &Device::Cpu)?], 1.0)?;
    let mut entropy = |n: usize, size: f64, g: f32| -> Result<Script> {
        let logits = (eighths(draw, &[n, CLASSES])? * size)?;
        let targets = targets(draw, &logits)?;
        of([logits, targets], g)
    };
    Ok(vec![
        Check::by("cross_entropy of one row", GRADIENTS, vec![entropy(1, 1.0, 1.0)?]),
        Check::by("cross_entropy of several rows", GRADIENTS, vec![entropy(2, 1.0, 1.0)?, entropy(7, 2.0, 1.0)?]),
        Check::by("cross_entropy with a g that is not 1", GRADIENTS, vec![entropy(1, 1.0, 0.5)?, entropy(3, 1.0, -2.0)?]),
        Check::by("cross_entropy of logits in the hundreds", GRADIENTS, vec![large]),
    ])
}

fn ends(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut empty = pairs(draw, &TapeOp::Add {}, &[(&[0, 3], &[3])])?;
    empty.extend(pairs(draw, &TapeOp::Matmul {}, &[(&[0, 2], &[2, 3])])?);
    empty.extend(ones(draw, &[(TapeOp::Relu {}, &[0]), (TapeOp::Softmax { dim: 1 }, &[0, 3])])?);
    empty.extend(ones(draw, &[(TapeOp::Sum { dim: 0, keep: false }, &[0, 3])])?);
    Ok(vec![Check::by("an empty batch", GRADIENTS, empty)])
}

/// The same operations, with NaN in what a tape does not keep.
fn kept_alone(draw: &mut Draw) -> Result<Vec<Check>> {
    let mut without = |op: &TapeOp, ins: &[Tensor]| -> Result<Script> {
        let out = value(op, ins)?;
        let g = eighths(draw, out.dims())?;
        let keeps = kept(op);
        let gone = |x: &Tensor, keeps: bool| if keeps || x.dtype() == DType::U32 { Ok(x.clone()) } else { lost(x) };
        let ins = ins.iter().map(|x| gone(x, keeps.ins)).collect::<Result<Vec<Tensor>>>()?;
        Ok(script(op, &ins, &gone(&out, keeps.out)?, &g))
    };
    let x = |values: &[[f32; 3]; 2]| Tensor::new(values, &Device::Cpu);
    let (a, b) = (x(&[[0.5, -1.0, 2.0], [1.5, -0.3, 0.8]])?, x(&[[-0.4, 1.2, 0.7], [2.0, -1.1, 0.9]])?);
    let turned = b.t()?.contiguous()?;
    let targets = Tensor::new(&[2_u32, 0], &Device::Cpu)?;
    let others = vec![
        without(&TapeOp::Add {}, &[a.clone(), b.clone()])?,
        without(&TapeOp::Sum { dim: 1, keep: false }, std::slice::from_ref(&a))?,
        without(&TapeOp::Mul {}, &[a.clone(), b.clone()])?,
        without(&TapeOp::Matmul {}, &[a.clone(), turned])?,
        without(&TapeOp::GeluTanh {}, std::slice::from_ref(&a))?,
        without(&TapeOp::CrossEntropy {}, &[b.clone(), targets])?,
    ];
    Ok(vec![
        Check::by("relu reads its result alone", GRADIENTS, vec![without(&TapeOp::Relu {}, std::slice::from_ref(&a))?]),
        Check::by("softmax reads its result alone", GRADIENTS, vec![without(&TapeOp::Softmax { dim: 1 }, &[b])?]),
        Check::by("the others read no more than is kept", GRADIENTS, others),
    ])
}

fn refusals(draw: &mut Draw) -> Result<Vec<Script>> {
    let (a, b) = (eighths(draw, &[2, 3])?, eighths(draw, &[2, 3])?);
    let unknown = serde_json::json!({"op": "sin"});
    let unknown = Script::call("vjp", args![unknown, vec![a.clone()], a.clone(), b.clone()]).whole();
    let wrong_g = script(&TapeOp::Relu {}, std::slice::from_ref(&a), &a.relu()?, &eighths(draw, &[3])?);
    let wide_g = script(&TapeOp::Add {}, &[a.clone(), b.clone()], &(&a + &b)?, &eighths(draw, &[4, 2, 3])?);
    let class = Tensor::new(&[1_u32, 3], &Device::Cpu)?;
    let loss = Tensor::new(1_f32, &Device::Cpu)?;
    Ok(vec![
        unknown,
        wrong_g,
        wide_g,
        script(&TapeOp::Mul {}, std::slice::from_ref(&a), &a, &b),
        script(&TapeOp::Relu {}, &[a.clone(), b.clone()], &a, &b),
        script(&TapeOp::Softmax { dim: 2 }, std::slice::from_ref(&a), &a, &b),
        script(&TapeOp::CrossEntropy {}, &[a, class], &loss, &loss),
    ])
}

/// The first gradient whose shape is not its input's.
pub fn shape_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let (Some(Value::List(ins)), Some(Value::List(grads))) = (seen.argument(0, 1), seen.result(0)) else { return Vec::new() };
    let shape = |value: &Value| if let Value::Tensor(t) = value { Some(t.dims().to_vec()) } else { None };
    let mut shapes = ins.iter().zip(grads).filter_map(|(x, dx)| Some((shape(dx)?, shape(x)?)));
    let Some((got, wanted)) = shapes.find(|(got, wanted)| got != wanted) else { return Vec::new() };
    vec![("got", format!("{got:?}")), ("wanted", format!("{wanted:?}"))]
}

/// N of a cross-entropy.
pub fn rows_facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let rows = tensors(seen.argument(0, 1)).first().and_then(|logits| logits.dim(0).ok());
    rows.map(|rows| ("n", rows.to_string())).into_iter().collect()
}
