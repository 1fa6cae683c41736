//! What an oracle reads: golden data that a real framework wrote, held to the solution, and the figures that a lab's texts
//! print. Everything here refuses what is missing, for a misspelled key would pass with nothing compared.

use super::compare::{Rule, compare};
use super::json::text;
use super::replay::count;
use lab_sdk::{DType, Device, Result, Tensor, Value, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::slice::Iter;

/// A file of the lab's oracle folder.
///
/// # Errors
/// The bytes are no JSON.
pub fn read(bytes: &[u8]) -> Result<Json> {
    Ok(serde_json::from_slice(bytes)?)
}

/// The items of a list.
///
/// # Errors
/// There is no list, or nothing in it.
pub fn list(json: &Json) -> Result<&[Json]> {
    match json.as_array().map(Vec::as_slice) {
        None => Err(format!("{} is no list; is its key there?", text(json)).into()),
        Some([]) => Err("a list of golden data is empty: nothing would be compared".into()),
        Some(items) => Ok(items),
    }
}

/// A value of the type that is asked for: a number, a word, a list of either, a structure. A number that is asked for as an
/// integer has to be one.
///
/// # Errors
/// There is none, or one of another type.
pub fn of<T: DeserializeOwned>(json: &Json) -> Result<T> {
    T::deserialize(json).map_err(|why| format!("{}: {why}; is its key there?", text(json)).into())
}

/// The tensor of `{dtype, shape, data}`, its data flat; without a `dtype` it is f32.
///
/// # Errors
/// A part is missing, the dtype is unknown, or there are not as many data as the shape says.
pub fn tensor(json: &Json) -> Result<Tensor> {
    let name = json.get("dtype").map_or(Ok("f32".to_owned()), of::<String>)?;
    let dtype: DType = name.parse().map_err(|_| format!("there is no dtype `{name}`"))?;
    let shape: Vec<usize> = of(&json["shape"])?;
    let wide = match dtype.is_int() {
        true => Tensor::from_vec(of::<Vec<i64>>(&json["data"])?, shape, &Device::Cpu)?,
        false => Tensor::from_vec(of::<Vec<f64>>(&json["data"])?, shape, &Device::Cpu)?,
    };
    Ok(wide.to_dtype(dtype)?)
}

/// The f64 matrix of a list of rows.
///
/// # Errors
/// There are no rows, or they differ in length.
pub fn matrix(json: &Json) -> Result<Tensor> {
    let rows = list(json)?.iter().map(of).collect::<Result<Vec<Vec<f64>>>>()?;
    let width = rows.first().map_or(0, Vec::len);
    ensure!(rows.iter().all(|row| row.len() == width), "the rows of a matrix differ in length");
    Ok(Tensor::from_vec(rows.concat(), (rows.len(), width), &Device::Cpu)?)
}

/// Ours beside theirs.
///
/// # Errors
/// One list is longer: `zip` would drop what is left over.
pub fn pairs<'a, A, B>(ours: &'a [A], theirs: &'a [B]) -> Result<std::iter::Zip<Iter<'a, A>, Iter<'a, B>>> {
    ensure!(ours.len() == theirs.len(), "{} of ours beside {} golden ones", ours.len(), theirs.len());
    Ok(ours.iter().zip(theirs))
}

/// How many numbers of `got` are those of `wanted` by `rule`; `floor` is the rounding floor of a [`Rule::Floor`].
///
/// # Errors
/// The first difference, or nothing that could differ.
pub fn same(what: &str, got: &Value, wanted: &Value, rule: Rule, floor: f64) -> Result<usize> {
    if let Some(difference) = compare(rule, got, wanted, floor) {
        let row = difference.finding(what, "");
        return Err(format!("{what}, {}: {}, wanted {} ({})", row.at, row.got, row.wanted, row.allowed).into());
    }
    counted(what, count(wanted))
}

/// How many numbers of `got` lie within `part` of those of `wanted`, or of 1 where they are smaller.
///
/// # Errors
/// The first that does not, lists of different lengths, or empty ones.
pub fn near(what: &str, got: &[f64], wanted: &[f64], part: f64) -> Result<usize> {
    for (at, (g, w)) in pairs(got, wanted)?.enumerate() {
        ensure!((g - w).abs() <= part * w.abs().max(1.0), "{what}, number {at}: {g}, wanted {w}");
    }
    counted(what, wanted.len())
}

fn counted(what: &str, compared: usize) -> Result<usize> {
    ensure!(compared > 0, "{what}: nothing was compared");
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_sdk::IntoValue;
    use serde_json::json;

    #[test]
    fn a_missing_key_is_an_error_and_so_is_an_empty_list() {
        let golden = json!({"records": [{"macs": 3}], "none": [], "macs": 2.5});
        assert_eq!(list(&golden["records"]).expect("a list").len(), 1);
        for json in [&golden["recrods"], &golden["none"], &golden["macs"]] {
            assert!(list(json).is_err(), "{json}");
        }
        assert!(of::<f64>(&golden["mcas"]).is_err() && of::<String>(&golden["records"][0]["name"]).is_err());
        assert_eq!(of::<f64>(&golden["macs"]).expect("a number"), 2.5);
        assert!(of::<u64>(&golden["macs"]).is_err(), "2.5 is no integer");
    }

    #[test]
    fn tensors_have_their_dtype_and_all_their_data() {
        let read = |json: Json| tensor(&json).map(|t| (t.dtype(), t.dims().to_vec()));
        let mask = json!({"dtype": "u8", "shape": [1, 2], "data": [0, 1]});
        assert_eq!(read(mask).expect("a mask"), (DType::U8, vec![1, 2]));
        let plain = json!({"shape": [], "data": [0.5]});
        assert_eq!(read(plain).expect("a number"), (DType::F32, vec![]));
        for wrong in [
            json!({"shape": [2], "data": [0.5]}),
            json!({"shape": [1]}),
            json!({"data": [1]}),
            json!({"dtype": "f33", "shape": [1], "data": [1]}),
            json!({"dtype": "i64", "shape": [1], "data": [0.5]}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(matrix(&json!([[1.0, 2.0], [3.0]])).is_err() && matrix(&json!([[1.0], [3.0]])).is_ok());
    }

    #[test]
    fn nothing_is_dropped_and_nothing_agrees_with_nothing() {
        assert!(pairs(&[1, 2], &[1]).is_err() && pairs(&[1], &[2]).is_ok());
        assert!(near("a", &[1.0], &[1.0, 2.0], 1.0).is_err() && near("a", &[], &[], 1.0).is_err());
        assert_eq!(near("a", &[1.0, 101.0], &[1.5, 100.0], 0.5).expect("near"), 2);
        let value = |numbers: &[f64]| numbers.to_vec().into_value();
        assert_eq!(same("a", &value(&[1.0]), &value(&[1.0]), Rule::Exact, 0.0).expect("the same"), 1);
        let why = same("loss", &value(&[1.0]), &value(&[2.0]), Rule::Exact, 0.0).expect_err("another");
        assert!(why.to_string().starts_with("loss, [0]: 1, wanted 2"), "{why}");
        assert!(same("a", &value(&[]), &value(&[]), Rule::Exact, 0.0).is_err());
    }
}
