//! The arguments of an operator, by position or by name, as the type that it needs.

use super::FxValue;
use crate::{DType, Error, Result, Tensor, ensure};
use std::collections::BTreeMap;

/// What an operator was called with.
pub struct Operands<'a> {
    pub name: &'a str,
    pub args: &'a [FxValue],
    pub kwargs: &'a BTreeMap<String, FxValue>,
}

impl<'a> Operands<'a> {
    /// Refuses more arguments than `most`, and names that are none of `known`.
    pub fn at_most(&self, most: usize, known: &[&str]) -> Result<()> {
        let (name, got) = (self.name, self.args.len());
        ensure!(got <= most, "`{name}` takes at most {most} arguments, got {got}");
        let strange = self.kwargs.keys().find(|key| !known.contains(&key.as_str()));
        ensure!(strange.is_none(), "`{name}` has no argument `{}`", strange.map_or("", String::as_str));
        Ok(())
    }

    /// Argument `at`, or the one called `key`; `None` where it is left out or `None`.
    pub fn get(&self, at: usize, key: &str) -> Option<&'a FxValue> {
        let given = self.args.get(at).or_else(|| self.kwargs.get(key));
        given.filter(|value| !matches!(value, FxValue::None))
    }

    fn wanted<T>(&self, at: usize, what: &str) -> Result<T> {
        let got = self.args.get(at).map_or("nothing".to_owned(), FxValue::kind);
        Err(Error::new(format!("`{}` wants {what} as argument {at}, got {got}", self.name)))
    }

    /// A tensor.
    pub fn tensor(&self, at: usize, key: &str) -> Result<&'a Tensor> {
        match self.get(at, key) {
            Some(FxValue::Tensor(t)) => Ok(t),
            _ => self.wanted(at, "a tensor"),
        }
    }

    /// A tensor that may be left out.
    pub fn maybe_tensor(&self, at: usize, key: &str) -> Result<Option<&'a Tensor>> {
        self.get(at, key).map(|_| self.tensor(at, key)).transpose()
    }

    /// A number, `otherwise` where it is left out.
    pub fn float(&self, at: usize, key: &str, otherwise: f64) -> Result<f64> {
        match self.get(at, key) {
            None => Ok(otherwise),
            Some(value) => number(value).map_or_else(|| self.wanted(at, "a number"), Ok),
        }
    }

    /// An integer, `otherwise` where it is left out.
    pub fn int(&self, at: usize, key: &str, otherwise: i64) -> Result<i64> {
        match self.get(at, key) {
            None => Ok(otherwise),
            Some(FxValue::Int(v)) => Ok(*v),
            Some(_) => self.wanted(at, "an integer"),
        }
    }

    /// A bool, `otherwise` where it is left out.
    pub fn flag(&self, at: usize, key: &str, otherwise: bool) -> Result<bool> {
        match self.get(at, key) {
            None => Ok(otherwise),
            Some(FxValue::Bool(v)) => Ok(*v),
            Some(_) => self.wanted(at, "a bool"),
        }
    }

    /// A list of integers, or one integer.
    pub fn ints(&self, at: usize, key: &str) -> Result<Option<Vec<i64>>> {
        match self.get(at, key) {
            None => Ok(None),
            Some(value) => integers(value).map_or_else(|| self.wanted(at, "integers"), |v| Ok(Some(v))),
        }
    }

    /// All arguments from `at` on as integers, or one list of them: `view(2, 3)` and `view([2, 3])`.
    pub fn rest(&self, at: usize) -> Result<Vec<i64>> {
        let listed = match self.args.get(at..).unwrap_or_default() {
            [one] => integers(one),
            several => several.iter().map(|v| if let FxValue::Int(v) = v { Some(*v) } else { None }).collect(),
        };
        listed.map_or_else(|| self.wanted(at, "integers"), Ok)
    }

    /// A list of tensors.
    pub fn tensors(&self, at: usize, key: &str) -> Result<Vec<&'a Tensor>> {
        let Some(FxValue::List(items)) = self.get(at, key) else { return self.wanted(at, "a list of tensors") };
        let tensor = |item: &'a FxValue| if let FxValue::Tensor(t) = item { Some(t) } else { None };
        items.iter().map(tensor).collect::<Option<_>>().map_or_else(|| self.wanted(at, "a list of tensors"), Ok)
    }
}

fn integers(value: &FxValue) -> Option<Vec<i64>> {
    match value {
        FxValue::Int(v) => Some(vec![*v]),
        FxValue::List(items) => items.iter().map(|v| if let FxValue::Int(v) = v { Some(*v) } else { None }).collect(),
        _ => None,
    }
}

/// A number of any kind.
pub fn number(value: &FxValue) -> Option<f64> {
    match value {
        FxValue::Int(v) => Some(*v as f64),
        FxValue::Float(v) => Some(*v),
        FxValue::Bool(v) => Some(f64::from(u8::from(*v))),
        _ => None,
    }
}

/// candle's dtype of torch's name.
pub fn dtype(name: &str) -> Result<DType> {
    Ok(match name {
        "float32" | "float" => DType::F32,
        "float64" | "double" => DType::F64,
        "float16" | "half" => DType::F16,
        "bfloat16" => DType::BF16,
        "int64" | "long" => DType::I64,
        "int32" => DType::I32,
        "uint8" | "bool" => DType::U8,
        other => return Err(Error::new(format!("the dtype `{other}` is not here"))),
    })
}
