//! Values as text: short enough for a verdict, exact enough to be pasted.

use super::json;
use lab_sdk::{DType, Value};

/// A number with the fewest digits that still read back as the same f32 (or f64, where it is no f32).
pub fn number(v: f64) -> String {
    if v.is_nan() {
        return "NaN".to_owned();
    }
    if v.is_infinite() {
        return if v > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if v == v.trunc() && v.abs() < 1e10 {
        return if v == 0.0 { "0".to_owned() } else { format!("{v:.0}") };
    }
    let narrow = v as f32;
    let small = v.abs() < 1e-4 || v.abs() >= 1e7;
    match (f64::from(narrow) == v, small) {
        (true, true) => format!("{narrow:e}"),
        (true, false) => format!("{narrow}"),
        (false, true) => format!("{v:e}"),
        (false, false) => format!("{v}"),
    }
}

/// A value on one line; long ones are cut in the middle.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => number(*v),
        Value::Str(v) => format!("{v:?}"),
        Value::Bytes(v) => list(v.len(), |i| v[i].to_string()),
        Value::I8(t) => nested(&t.shape, &|i| t.data[i].to_string()),
        Value::Tensor(t) => {
            let wide = t.flatten_all().and_then(|t| t.to_dtype(DType::F64)).and_then(|t| t.to_vec1::<f64>());
            match wide {
                Ok(values) => nested(t.dims(), &|i| number(values[i])),
                Err(e) => format!("<{e}>"),
            }
        }
        Value::F32s(v) => list(v.len(), |i| number(f64::from(v[i]))),
        Value::F64s(v) => list(v.len(), |i| number(v[i])),
        Value::I32s(v) => list(v.len(), |i| v[i].to_string()),
        Value::I64s(v) => list(v.len(), |i| v[i].to_string()),
        Value::U32s(v) => list(v.len(), |i| v[i].to_string()),
        Value::Usizes(v) => list(v.len(), |i| v[i].to_string()),
        Value::List(v) => list(v.len(), |i| value_text(&v[i])),
        Value::Tuple(v) => {
            let items: Vec<String> = v.iter().map(value_text).collect();
            format!("({})", items.join(", "))
        }
        Value::Map(v) => {
            let items: Vec<String> = v.iter().map(|(k, v)| format!("{k}: {}", value_text(v))).collect();
            format!("{{{}}}", items.join(", "))
        }
        Value::Json(v) => json::text(v),
        Value::Object(_) => "an object".to_owned(),
    }
}

const SHOWN: usize = 8;

fn list(length: usize, item: impl Fn(usize) -> String) -> String {
    if length <= SHOWN {
        return format!("[{}]", (0..length).map(item).collect::<Vec<_>>().join(", "));
    }
    let head: Vec<String> = (0..SHOWN / 2).map(&item).collect();
    format!("[{}, ..., {}] ({length} values)", head.join(", "), item(length - 1))
}

fn nested(shape: &[usize], item: &dyn Fn(usize) -> String) -> String {
    match shape {
        [] => item(0),
        [n] => list(*n, item),
        [n, rest @ ..] => {
            let stride: usize = rest.iter().product();
            if n * stride > 32 {
                return format!("{} of shape {shape:?}", list((n * stride).min(SHOWN), item));
            }
            let rows: Vec<String> = (0..*n).map(|r| nested(rest, &|i| item(r * stride + i))).collect();
            format!("[{}]", rows.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{number, value_text};
    use lab_sdk::{I8, Value};

    #[test]
    fn numbers_are_short_and_exact() {
        let shown: Vec<String> =
            [0.1_f32 as f64, -0.0, 2.5, 1e-7_f32 as f64, 127.0, f64::NAN, -20.0].map(number).to_vec();
        assert_eq!(shown, ["0.1", "0", "2.5", "1e-7", "127", "NaN", "-20"]);
    }

    #[test]
    fn tensors_show_their_rows() {
        let t = I8::new([2, 2], vec![127, -33, 1, 0]).expect("four values");
        assert_eq!(value_text(&Value::I8(t)), "[[127, -33], [1, 0]]");
        assert_eq!(value_text(&Value::F32s(vec![0.5; 9])), "[0.5, 0.5, 0.5, 0.5, ..., 0.5] (9 values)");
    }
}
