//! Python's ints and floats take the declared type, once. Arrays keep their dtype: a wrong one is a finding.

use crate::lab::Type;
use lab_sdk::{DType, Device, Tensor, Value};
use serde_json::Value as Json;

/// `value` as `ty` declares it, where that loses nothing; otherwise as it came.
pub fn coerce(ty: &Type, value: Value) -> Value {
    match (ty, value) {
        (Type::Option(_), Value::None) => Value::None,
        (Type::Option(inner), value) => coerce(inner, value),
        (Type::Tuple(types), Value::Tuple(items) | Value::List(items)) => tuple(types, items),
        (Type::List(item), value) => list(item, value),
        (Type::Map(inner), Value::Map(map)) => {
            Value::Map(map.into_iter().map(|(k, v)| (k, coerce(inner, v))).collect())
        }
        (Type::Tensor { dtype, .. }, Value::Float(v)) => axisless(dtype, v),
        (Type::Data(_), value) => json(&value).map_or(value, Value::Json),
        (Type::Scalar(name), value) if name == "json" => json(&value).map_or(value, Value::Json),
        (Type::Scalar(name), value) => scalar(name, value),
        (_, value) => value,
    }
}

/// A dict, list or number of Python's as JSON; `None` where it holds something that JSON has not.
fn json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Json(v) => v.clone(),
        Value::None => Json::Null,
        Value::Bool(v) => Json::from(*v),
        Value::Int(v) => u64::try_from(*v).map(Json::from).or_else(|_| i64::try_from(*v).map(Json::from)).ok()?,
        Value::Float(v) => Json::from(serde_json::Number::from_f64(*v)?),
        Value::Str(v) => Json::from(v.as_str()),
        Value::List(items) | Value::Tuple(items) => Json::Array(items.iter().map(json).collect::<Option<_>>()?),
        Value::Map(items) => {
            let entry = |(k, v): (&String, &Value)| Some((k.clone(), json(v)?));
            Json::Object(items.iter().map(entry).collect::<Option<_>>()?)
        }
        Value::Tensor(t) if t.rank() <= 1 => {
            let numbers: Vec<f64> = t.flatten_all().ok()?.to_dtype(DType::F64).ok()?.to_vec1().ok()?;
            let whole = t.dtype().is_int();
            let number = |v: &f64| if whole { Some(Json::from(*v as i64)) } else { json(&Value::Float(*v)) };
            let numbers: Vec<Json> = numbers.iter().map(number).collect::<Option<_>>()?;
            if t.rank() == 0 { numbers.into_iter().next()? } else { Json::Array(numbers) }
        }
        _ => return None,
    })
}

/// NumPy's arithmetic makes a number of an array without axes; where a tensor is declared, it is one again.
fn axisless(dtype: &str, v: f64) -> Value {
    let tensor = match dtype {
        "f32" => Tensor::new(v as f32, &Device::Cpu),
        "f64" => Tensor::new(v, &Device::Cpu),
        _ => return Value::Float(v),
    };
    tensor.map_or(Value::Float(v), Value::Tensor)
}

fn tuple(types: &[Type], items: Vec<Value>) -> Value {
    if types.len() != items.len() {
        return Value::Tuple(items);
    }
    Value::Tuple(types.iter().zip(items).map(|(ty, item)| coerce(ty, item)).collect())
}

/// A number, from a number of another type or an array without axes.
fn scalar(name: &str, value: Value) -> Value {
    let value = match value {
        Value::Tensor(t) if t.elem_count() == 1 && t.rank() == 0 => {
            match t.to_dtype(DType::F64).and_then(|t| t.to_scalar::<f64>()) {
                Ok(v) => Value::Float(v),
                Err(_) => Value::Tensor(t),
            }
        }
        other => other,
    };
    match (name, value) {
        ("f32", Value::Float(v)) => Value::Float(f64::from(v as f32)),
        ("f32" | "f64", Value::Int(v)) => Value::Float(v as f64),
        ("i32" | "i64" | "u32" | "u64" | "usize", Value::Float(v)) if v == v.trunc() && v.abs() < 9e15 => {
            Value::Int(v as i128)
        }
        (_, value) => value,
    }
}

/// A list of numbers, from a list or an array of one axis.
fn list(item: &Type, value: Value) -> Value {
    let Type::Scalar(name) = item else {
        return match value {
            Value::List(items) | Value::Tuple(items) => {
                Value::List(items.into_iter().map(|v| coerce(item, v)).collect())
            }
            other => other,
        };
    };
    let numbers: Option<Vec<f64>> = match &value {
        Value::Tensor(t) if t.rank() == 1 => t.to_dtype(DType::F64).and_then(|t| t.to_vec1()).ok(),
        Value::I8(t) if t.rank() == 1 => Some(t.data.iter().map(|&v| f64::from(v)).collect()),
        Value::List(items) | Value::Tuple(items) => items
            .iter()
            .map(|item| match scalar("f64", item.clone()) {
                Value::Float(v) => Some(v),
                _ => None,
            })
            .collect(),
        _ => None,
    };
    let Some(numbers) = numbers else { return value };
    let whole = numbers.iter().all(|v| *v == v.trunc() && v.abs() < 9e15);
    match name.as_str() {
        "f32" => Value::F32s(numbers.iter().map(|&v| v as f32).collect()),
        "f64" => Value::F64s(numbers),
        "i32" if whole => Value::I32s(numbers.iter().map(|&v| v as i32).collect()),
        "i64" if whole => Value::I64s(numbers.iter().map(|&v| v as i64).collect()),
        "u32" if whole && numbers.iter().all(|v| *v >= 0.0) => Value::U32s(numbers.iter().map(|&v| v as u32).collect()),
        "usize" if whole && numbers.iter().all(|v| *v >= 0.0) => {
            Value::Usizes(numbers.iter().map(|&v| v as usize).collect())
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::coerce;
    use crate::lab::Type;
    use lab_sdk::Value;

    fn to(ty: &str, value: Value) -> String {
        format!("{:?}", coerce(&Type::parse(ty).expect("a type"), value))
    }

    #[test]
    fn numbers_take_the_declared_type_once() {
        assert_eq!(
            to("(f32, i32)", Value::Tuple(vec![Value::Float(0.1), Value::Float(3.0)])),
            "Tuple([Float(0.10000000149011612), Int(3)])"
        );
        assert_eq!(to("f32", Value::Int(2)), "Float(2.0)");
        assert_eq!(to("[i32]", Value::List(vec![Value::Int(1), Value::Int(-2)])), "I32s([1, -2])");
    }

    #[test]
    fn a_number_is_a_tensor_without_axes_where_one_is_declared() {
        let coerced =
            coerce(&Type::parse("[f32[..]?]").expect("a type"), Value::List(vec![Value::Float(0.5), Value::None]));
        let Value::List(items) = coerced else { panic!("no list") };
        assert_eq!(items[0].kind(), "f32 tensor of shape []");
        assert_eq!(items[1].kind(), "nothing");
    }

    #[test]
    fn what_does_not_fit_stays_as_it_came() {
        assert_eq!(to("i32", Value::Float(0.5)), "Float(0.5)");
        assert_eq!(to("(f32, i32)", Value::Tuple(vec![Value::Float(1.0)])), "Tuple([Float(1.0)])");
        assert_eq!(to("usize?", Value::None), "None");
    }
}
