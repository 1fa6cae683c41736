//! The replay of `oracle/golden.json`: what LiteRT and ONNX Runtime answered, through the solution.

use super::super::solution;
use crate::grading::{Rule, compare, count};
use lab_sdk::{Device, I8, IntoValue, Result, Tensor, Value};
use serde_json::Value as Json;

/// How many values of the frameworks the solution gives too; the first difference is an error.
pub fn oracle() -> Result<usize> {
    let golden: Json = serde_json::from_slice(include_bytes!("../oracle/golden.json"))?;
    let mut compared = 0;
    for (at, record) in golden["records"].as_array().into_iter().flatten().enumerate() {
        let (got, wanted) = (answer(record)?, value(&record["returns"])?);
        let rule = Rule::Each(&[Rule::Ulps(1), Rule::Exact]);
        if let Some(difference) = compare(rule, &got, &wanted, 0.0) {
            return Err(format!("record {at} ({}): {difference:?}", record["source"]).into());
        }
        compared += count(&wanted);
    }
    Ok(compared)
}

fn answer(record: &Json) -> Result<Value> {
    let args = &record["args"];
    let int = |name: &str| args[name].as_i64().map(|v| v as i32).ok_or_else(|| format!("no integer `{name}`"));
    let ints = || list(&args["zp"]).map(|zp| zp.iter().map(|&v| v as i32).collect::<Vec<i32>>());
    let scale = || list(&args["scale"]).map(|s| s.iter().map(|&v| v as f32).collect::<Vec<f32>>());
    let axis = args["axis"].as_u64().map(|axis| axis as usize);
    let factors = || -> Result<(Vec<i32>, Vec<i32>)> {
        let factors = list(&args["m"])?.into_iter().map(solution::quantize_multiplier);
        Ok(factors.collect::<Result<Vec<_>>>()?.into_iter().unzip())
    };
    Ok(match record["function"].as_str() {
        Some("qparams") => {
            let bound = |name: &str| args[name].as_f64().map(|v| v as f32).ok_or_else(|| format!("no bound `{name}`"));
            solution::qparams(bound("min")?, bound("max")?)?.into_value()
        }
        Some("quantize") => {
            solution::quantize(&tensor(&args["x"])?, &scale()?, &ints()?, axis, int("lo")?)?.into_value()
        }
        Some("dequantize") => solution::dequantize(&codes(&args["q"])?, &scale()?, &ints()?, axis)?.into_value(),
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
    Ok(match (json["dtype"].as_str(), json.as_array().map(Vec::as_slice)) {
        (Some("i8"), _) => codes(json)?.into_value(),
        (Some(_), _) => tensor(json)?.into_value(),
        (None, Some([scale, zp])) => {
            let (scale, zp) = (scale.as_f64().unwrap_or(f64::NAN) as f32, zp.as_i64().unwrap_or(i64::MAX));
            Value::Tuple(vec![scale.into_value(), zp.into_value()])
        }
        _ => return Err(format!("{json} is no result").into()),
    })
}

fn tensor(json: &Json) -> Result<Tensor> {
    let (shape, values) = (shape(json)?, list(&json["data"])?);
    Ok(match json["dtype"].as_str() {
        Some("i32") => Tensor::from_vec(values.iter().map(|&v| v as i32).collect::<Vec<_>>(), shape, &Device::Cpu)?,
        _ => Tensor::from_vec(values.iter().map(|&v| v as f32).collect::<Vec<_>>(), shape, &Device::Cpu)?,
    })
}

fn codes(json: &Json) -> Result<I8> {
    I8::new(shape(json)?, list(&json["data"])?.iter().map(|&v| v as i8).collect())
}

fn shape(json: &Json) -> Result<Vec<usize>> {
    Ok(list(&json["shape"])?.iter().map(|&v| v as usize).collect())
}

fn list(json: &Json) -> Result<Vec<f64>> {
    let numbers = json.as_array().ok_or_else(|| format!("{json} is no list"))?;
    numbers.iter().map(|v| v.as_f64().ok_or_else(|| format!("{v} is no number").into())).collect()
}
