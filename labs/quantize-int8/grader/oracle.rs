//! The replay of `oracle/golden.json`: what LiteRT and ONNX Runtime answered, through the solution.

use super::super::solution;
use crate::grading::Rule;
use crate::grading::golden::{list, of, read, same, tensor};
use lab_sdk::{I8, IntoValue, Result, Value};
use serde_json::Value as Json;

/// How many values of the frameworks the solution gives too; the first difference is an error.
pub fn oracle() -> Result<usize> {
    let golden = read(include_bytes!("../oracle/golden.json"))?;
    let mut compared = 0;
    for (at, record) in list(&golden["records"])?.iter().enumerate() {
        let (got, wanted) = (answer(record)?, value(&record["returns"])?);
        let rule = Rule::Each(&[Rule::Ulps(1), Rule::Exact]);
        compared += same(&format!("record {at} ({})", record["source"]), &got, &wanted, rule, 0.0)?;
    }
    Ok(compared)
}

fn answer(record: &Json) -> Result<Value> {
    let args = &record["args"];
    let int = |name: &str| of::<i32>(&args[name]);
    let ints = || of::<Vec<i32>>(&args["zp"]);
    let scale = || of::<Vec<f32>>(&args["scale"]);
    // Only of `quantize` and `dequantize`; `null` is one scale for all.
    let axis = || of::<Option<usize>>(args.get("axis").ok_or("no `axis`")?);
    let factors = || -> Result<(Vec<i32>, Vec<i32>)> {
        let factors = of::<Vec<f64>>(&args["m"])?.into_iter().map(solution::quantize_multiplier);
        Ok(factors.collect::<Result<Vec<_>>>()?.into_iter().unzip())
    };
    Ok(match record["function"].as_str() {
        Some("qparams") => {
            solution::qparams(of(&args["min"])?, of(&args["max"])?)?.into_value()
        }
        Some("quantize") => {
            solution::quantize(&tensor(&args["x"])?, &scale()?, &ints()?, axis()?, int("lo")?)?.into_value()
        }
        Some("dequantize") => solution::dequantize(&codes(&args["q"])?, &scale()?, &ints()?, axis()?)?.into_value(),
        Some("requant") => {
            let ((mult, shift), acc) = (factors()?, tensor(&args["acc"])?);
            solution::requant(&acc, &mult, &shift, int("out_zp")?, int("lo")?, int("hi")?)?.into_value()
        }
        Some("linear_i8") => {
            let ((mult, shift), bias) = (factors()?, tensor(&args["bias"])?);
            let (x, w) = (codes(&args["x"])?, codes(&args["w"])?);
            solution::linear_i8(&x, int("x_zp")?, &w, &bias, &mult, &shift, int("out_zp")?)?.into_value()
        }
        _ => return Err(format!("a record of {}", record["function"]).into()),
    })
}

/// A tensor, or the pair of `qparams`.
fn value(json: &Json) -> Result<Value> {
    if json.is_array() {
        let (scale, zp): (f32, i64) = of(json)?;
        return Ok(Value::Tuple(vec![scale.into_value(), zp.into_value()]));
    }
    Ok(if json["dtype"] == "i8" { codes(json)?.into_value() } else { tensor(json)?.into_value() })
}

fn codes(json: &Json) -> Result<I8> {
    I8::new(of::<Vec<usize>>(&json["shape"])?, of(&json["data"])?)
}
