//! Values read: what a fact, a property or an experiment asks of a result.

use super::compare::flat;
use lab_sdk::{DType, Result, Tensor, Value, lend};
use serde::de::DeserializeOwned;

/// A structure that crossed the wire; `None` where there is no value, or another one.
pub fn read<'a, T: DeserializeOwned>(value: impl Into<Option<&'a Value>>) -> Option<T> {
    value.into().and_then(|value| lend::structure(value).ok())
}

/// The numbers of a tensor of any dtype, of a list or of one number, flat; none of anything else.
pub fn floats<'a>(value: impl Into<Option<&'a Value>>) -> Vec<f64> {
    match value.into() {
        Some(Value::List(items) | Value::Tuple(items)) => items.iter().flat_map(floats).collect(),
        Some(value) => flat(value).map(|numbers| numbers.values).unwrap_or_default(),
        None => Vec::new(),
    }
}

/// The number; NaN where there is none.
pub fn scalar<'a>(value: impl Into<Option<&'a Value>>) -> f64 {
    match value.into() {
        Some(Value::Int(number)) => *number as f64,
        Some(Value::Float(number)) => *number,
        _ => f64::NAN,
    }
}

/// The tensors of a list; other items are left out.
pub fn tensors<'a>(value: impl Into<Option<&'a Value>>) -> Vec<Tensor> {
    let Some(Value::List(items)) = value.into() else { return Vec::new() };
    items.iter().filter_map(|item| if let Value::Tensor(t) = item { Some(t.clone()) } else { None }).collect()
}

/// Part `index` of a tuple.
pub fn part<'a>(value: impl Into<Option<&'a Value>>, index: usize) -> Option<&'a Value> {
    match value.into() {
        Some(Value::Tuple(items)) => items.get(index),
        _ => None,
    }
}

/// The numbers of a tensor of any dtype, flat.
///
/// # Errors
/// The dtype has no numbers that f64 holds.
pub fn numbers(t: &Tensor) -> Result<Vec<f64>> {
    Ok(t.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_sdk::IntoValue;

    #[test]
    fn numbers_are_read_of_all_that_holds_some() {
        let list = vec![1_i32, 2].into_value();
        assert_eq!(floats(&list), [1.0, 2.0]);
        assert_eq!(floats(&Value::List(vec![Value::Int(3), Value::Float(0.5)])), [3.0, 0.5]);
        assert_eq!((scalar(&Value::Int(3)), scalar(&Value::Float(0.5))), (3.0, 0.5));
        assert!(scalar(&list).is_nan() && scalar(None).is_nan() && floats(&Value::None).is_empty());
    }

    #[test]
    fn a_structure_is_read_as_what_it_is() {
        let row = Value::Json(serde_json::json!({"macs": 3, "params": 0, "out": []}));
        assert_eq!(read::<lab_sdk::Cost>(&row).map(|cost| cost.macs), Some(3));
        assert!(read::<lab_sdk::Cost>(&Value::Int(3)).is_none() && read::<lab_sdk::Cost>(None).is_none());
    }
}
