//! Rules of comparison. Kind, dtype, arity and shape come before any rule.

use super::json;
use super::replay::Seen;
use super::show::{number, value_text};
use crate::verdict::Finding;
use lab_sdk::{DType, Value};
use std::collections::BTreeMap;

/// How a result is held against the solution's.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Equal values; -0 = 0, NaN = NaN.
    Exact,
    /// At most this many f32 steps apart; of a structure its floats, the rest equal.
    Ulps(u32),
    /// `|a-b| <= (k f + 2^-22) max|ref64|`, f the rounding floor of the solution itself.
    Floor(f64),
    /// The parts of a tuple, each by its own rule.
    Each(&'static [Rule]),
    /// The last call has to be refused.
    Refused,
    /// A property of the answer's own results, against a bound. A known mistake is recognised by its results.
    AtMost(Property),
    /// The same where many results are right (a plan, a schedule): they may be of any length, and a known mistake is
    /// recognised by the number.
    Scored(Property),
}

impl Rule {
    /// The answer's own number is at most `bound`; known mistakes have to give equal results.
    pub fn at_most(value: fn(&Seen<'_>) -> (f64, String), bound: f64, unit: &'static str) -> Self {
        Rule::AtMost(Property { value, bound, unit, near: 0.0 })
    }

    /// The same where many results are right; known mistakes have to give an equal number.
    pub fn scored(value: fn(&Seen<'_>) -> (f64, String), bound: f64, unit: &'static str) -> Self {
        Rule::Scored(Property { value, bound, unit, near: 0.0 })
    }

    /// The same property, to which known mistakes may give results that lie apart by this part.
    pub fn near(self, part: f64) -> Self {
        match self {
            Rule::AtMost(property) => Rule::AtMost(Property { near: part, ..property }),
            Rule::Scored(property) => Rule::Scored(Property { near: part, ..property }),
            other => other,
        }
    }

    /// Whether it holds anything against the rounding floor.
    pub fn has_floor(self) -> bool {
        match self {
            Rule::Floor(_) => true,
            Rule::Each(rules) => rules.iter().any(|rule| rule.has_floor()),
            Rule::Exact | Rule::Ulps(_) | Rule::Refused | Rule::AtMost(_) | Rule::Scored(_) => false,
        }
    }

    /// The property that is held against a bound.
    pub fn property(self) -> Option<Property> {
        match self {
            Rule::AtMost(property) | Rule::Scored(property) => Some(property),
            Rule::Exact | Rule::Ulps(_) | Rule::Floor(_) | Rule::Each(_) | Rule::Refused => None,
        }
    }
}

/// A number that must not exceed a bound.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// The number, and where it was found; what it is called stands in the check's name.
    pub value: fn(&Seen<'_>) -> (f64, String),
    /// The most that it may be.
    pub bound: f64,
    /// Its unit, for the verdict.
    pub unit: &'static str,
    /// How near a known mistake's result has to be to count as the same, as a part of the right result.
    pub near: f64,
}

/// Where two results differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Position in the result: `[3, 0]`; empty for a number.
    pub at: Vec<usize>,
    /// The field of a structure: `rows[3].macs`.
    pub field: String,
    /// The answer's.
    pub got: String,
    /// The solution's.
    pub wanted: String,
    /// What the rule lets pass.
    pub allowed: String,
    /// Error over the rounding floor, for [`Rule::Floor`].
    pub ratio: Option<f64>,
}

impl Difference {
    fn of(got: impl Into<String>, wanted: impl Into<String>, allowed: impl Into<String>) -> Self {
        let (at, field) = (Vec::new(), String::new());
        Self { at, field, got: got.into(), wanted: wanted.into(), allowed: allowed.into(), ratio: None }
    }

    /// As a row of the verdict.
    pub fn finding(self, check: &str, context: &str) -> Finding {
        let index = if self.at.is_empty() { String::new() } else { format!("{:?}", self.at) };
        let at = format!("{}{index}{context}", self.field).trim_end_matches(": ").to_owned();
        Finding { check: check.to_owned(), at, got: self.got, wanted: self.wanted, allowed: self.allowed }
    }
}

/// The first difference that `rule` does not let pass. `floor` is the solution's own rounding floor.
pub fn compare(rule: Rule, got: &Value, wanted: &Value, floor: f64) -> Option<Difference> {
    if let (Value::Tuple(g), Value::Tuple(w)) = (got, wanted) {
        if g.len() != w.len() {
            return Some(Difference::of(format!("{} results", g.len()), format!("{} results", w.len()), "exact"));
        }
        let part = |i: usize| match rule {
            Rule::Each(rules) => rules.get(i).copied().unwrap_or(Rule::Exact),
            other => other,
        };
        let parts = w.len();
        return g.iter().zip(w).enumerate().find_map(|(i, (g, w))| {
            let difference = compare(part(i), g, w, floor)?;
            Some(Difference { field: format!("part {} of {parts}: {}", i + 1, difference.field), ..difference })
        });
    }
    if let (Value::List(g), Value::List(w)) = (got, wanted) {
        if g.len() != w.len() {
            return Some(Difference::of(format!("{} items", g.len()), format!("{} items", w.len()), "exact"));
        }
        return g.iter().zip(w).enumerate().find_map(|(i, (g, w))| {
            let mut difference = compare(rule, g, w, floor)?;
            difference.at.insert(0, i);
            Some(difference)
        });
    }
    if let (Value::Map(g), Value::Map(w)) = (got, wanted) {
        if let Some(key) = w.keys().find(|key| !g.contains_key(*key)).or(g.keys().find(|key| !w.contains_key(*key))) {
            let has = |map: &BTreeMap<String, Value>| if map.contains_key(key) { "there" } else { "no such entry" };
            return Some(Difference { field: key.clone(), ..Difference::of(has(g), has(w), "exact") });
        }
        return w.iter().find_map(|(key, wanted)| {
            let difference = compare(rule, &g[key], wanted, floor)?;
            let dot = if difference.field.is_empty() || difference.field.starts_with('[') { "" } else { "." };
            let field = format!("{key}{dot}{}", difference.field);
            Some(Difference { field, ..difference })
        });
    }
    if let (Value::Json(g), Value::Json(w)) = (got, wanted) {
        let near = |g: f64, w: f64| matches!(rule, Rule::Ulps(most) if ulps(g as f32, w as f32) <= u64::from(most));
        let place = json::difference(g, w, &near)?;
        let allowed = match rule {
            Rule::Ulps(most) if place.float => steps(most),
            _ => "exact".to_owned(),
        };
        return Some(Difference { field: place.path, ..Difference::of(place.got, place.wanted, allowed) });
    }
    match (flat(got), flat(wanted)) {
        (Some(g), Some(w)) if g.kind == w.kind && g.shape == w.shape => g.differs(&w, rule, floor),
        (Some(g), Some(w)) if g.shape == w.shape && g.kind.starts_with("tensor") && w.kind.starts_with("tensor") => {
            Some(Difference::of(got.kind(), wanted.kind(), "this dtype"))
        }
        (None, None) if value_text(got) == value_text(wanted) => None,
        (None, None) => Some(Difference::of(value_text(got), value_text(wanted), "exact")),
        _ => Some(Difference::of(got.kind(), wanted.kind(), "this type and shape")),
    }
}

/// Whether two results under a property are the same: no further apart than a part of the right one.
pub fn near(property: Property, a: &Value, b: &Value, right: &Value) -> bool {
    if let (Value::Tuple(a), Value::Tuple(b), Value::Tuple(right))
    | (Value::List(a), Value::List(b), Value::List(right)) = (a, b, right)
    {
        let parts = a.iter().zip(b).zip(right).all(|((a, b), right)| near(property, a, b, right));
        return parts && a.len() == right.len() && b.len() == right.len();
    }
    // An object has no value of its own; what it holds is told by other calls.
    if let (Value::Object(_), Value::Object(_)) = (a, b) {
        return true;
    }
    if let (Value::Map(a), Value::Map(b), Value::Map(right)) = (a, b, right) {
        let alike = |(key, right): (&String, &Value)| {
            a.get(key).zip(b.get(key)).is_some_and(|(a, b)| near(property, a, b, right))
        };
        return right.len() == a.len() && right.len() == b.len() && right.iter().all(alike);
    }
    let (Some(a), Some(b), Some(right)) = (flat(a), flat(b), flat(right)) else {
        // No numbers, or none that would be right: a gradient that is not wanted, an object.
        return compare(Rule::Exact, a, b, 0.0).is_none();
    };
    let most = property.near * right.values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let close = |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= most || (a.is_nan() && b.is_nan());
    a.kind == b.kind && a.shape == b.shape && a.values.iter().zip(&b.values).all(close)
}

/// Numbers of any type with their shape.
pub(super) struct Flat {
    kind: String,
    shape: Vec<usize>,
    /// Row by row.
    pub values: Vec<f64>,
    /// The same where f64 would round.
    wide: Option<Vec<i128>>,
}

/// The numbers of a value that has some.
pub(super) fn flat(value: &Value) -> Option<Flat> {
    let list = |kind: &str, values: Vec<f64>| {
        Some(Flat { kind: format!("list {kind}"), shape: vec![values.len()], values, wide: None })
    };
    match value {
        Value::Float(v) => Some(Flat { kind: "float".into(), shape: Vec::new(), values: vec![*v], wide: None }),
        Value::Int(v) => {
            Some(Flat { kind: "int".into(), shape: Vec::new(), values: vec![*v as f64], wide: Some(vec![*v]) })
        }
        Value::I8(t) => {
            let values = t.data.iter().map(|&v| f64::from(v)).collect();
            Some(Flat { kind: "tensor i8".into(), shape: t.shape.clone(), values, wide: None })
        }
        Value::Tensor(t) => {
            let values = t.flatten_all().and_then(|f| f.to_dtype(DType::F64)).and_then(|f| f.to_vec1()).ok()?;
            let wide = match t.dtype() {
                DType::I64 => t.flatten_all().and_then(|f| f.to_vec1::<i64>()).ok(),
                _ => None,
            };
            let wide = wide.map(|wide| wide.into_iter().map(i128::from).collect());
            Some(Flat { kind: format!("tensor {}", t.dtype().as_str()), shape: t.dims().to_vec(), values, wide })
        }
        Value::F32s(v) => list("f32", v.iter().map(|&v| f64::from(v)).collect()),
        Value::F64s(v) => list("f64", v.clone()),
        Value::I32s(v) => list("i32", v.iter().map(|&v| f64::from(v)).collect()),
        Value::U32s(v) => list("u32", v.iter().map(|&v| f64::from(v)).collect()),
        Value::I64s(v) => Some(Flat {
            kind: "list i64".into(),
            shape: vec![v.len()],
            values: v.iter().map(|&v| v as f64).collect(),
            wide: Some(v.iter().map(|&v| i128::from(v)).collect()),
        }),
        Value::Usizes(v) => Some(Flat {
            kind: "list usize".into(),
            shape: vec![v.len()],
            values: v.iter().map(|&v| v as f64).collect(),
            wide: Some(v.iter().map(|&v| v as i128).collect()),
        }),
        _ => None,
    }
}

impl Flat {
    fn differs(&self, wanted: &Flat, rule: Rule, floor: f64) -> Option<Difference> {
        if let (Some(g), Some(w)) = (&self.wide, &wanted.wide) {
            let at = g.iter().zip(w).position(|(g, w)| g != w)?;
            return Some(self.at(at, g[at].to_string(), w[at].to_string(), "exact".to_owned(), None));
        }
        let peak = wanted.values.iter().filter(|v| v.is_finite()).fold(0.0_f64, |m, v| m.max(v.abs()));
        let same = |g: f64, w: f64| g == w || (g.is_nan() && w.is_nan());
        let fits = |g: f64, w: f64| match rule {
            _ if same(g, w) => true,
            _ if !g.is_finite() || !w.is_finite() => false,
            Rule::Ulps(most) => ulps(g as f32, w as f32) <= u64::from(most),
            Rule::Floor(k) => (g - w).abs() <= (k * floor + 2.0_f64.powi(-22)) * peak,
            Rule::Exact | Rule::Each(_) | Rule::Refused | Rule::AtMost(_) | Rule::Scored(_) => false,
        };
        let worst = |best: Option<usize>, at: usize| match best {
            Some(b) if distance(self.values[b], wanted.values[b]) >= distance(self.values[at], wanted.values[at]) => {
                Some(b)
            }
            _ => Some(at),
        };
        let failing = (0..self.values.len()).filter(|&at| !fits(self.values[at], wanted.values[at]));
        let at = match rule {
            Rule::Floor(_) => failing.fold(None, worst)?,
            _ => failing.into_iter().next()?,
        };
        let (g, w) = (self.values[at], wanted.values[at]);
        let unit = floor.max(2.0_f64.powi(-24)) * peak;
        let ratio = matches!(rule, Rule::Floor(_)).then(|| (g - w).abs() / unit);
        let allowed = match rule {
            Rule::Ulps(most) => steps(most),
            Rule::Floor(k) => match ratio.filter(|ratio| ratio.is_finite()) {
                Some(ratio) => format!("{k} times the rounding floor; this is {ratio:.0} times"),
                None => format!("{k} times the rounding floor"),
            },
            _ => "exact".to_owned(),
        };
        Some(self.at(at, number(g), number(w), allowed, ratio))
    }

    fn at(&self, flat: usize, got: String, wanted: String, allowed: String, ratio: Option<f64>) -> Difference {
        let mut index = Vec::with_capacity(self.shape.len());
        let mut rest = flat;
        for extent in self.shape.iter().rev() {
            index.push(rest % extent);
            rest /= extent;
        }
        index.reverse();
        Difference { at: index, field: String::new(), got, wanted, allowed, ratio }
    }
}

fn distance(a: f64, b: f64) -> f64 {
    let d = (a - b).abs();
    if d.is_nan() { f64::INFINITY } else { d }
}

fn steps(most: u32) -> String {
    if most == 1 { "1 step of an f32".to_owned() } else { format!("{most} steps of an f32") }
}

/// How many f32 values lie between two.
fn ulps(a: f32, b: f32) -> u64 {
    let ordered = |v: f32| {
        let bits = i64::from(v.to_bits() as i32);
        if bits < 0 { i64::from(i32::MIN) - bits } else { bits }
    };
    ordered(a).abs_diff(ordered(b))
}

#[cfg(test)]
mod tests {
    use super::{Property, Rule, compare, near};
    use lab_sdk::{Device, I8, Tensor, Value};

    fn tensor(values: &[f32]) -> Value {
        Value::Tensor(Tensor::from_slice(values, values.len(), &Device::Cpu).expect("a vector"))
    }

    #[test]
    fn exact_takes_nan_and_negative_zero_as_equal() {
        assert_eq!(compare(Rule::Exact, &tensor(&[f32::NAN, -0.0]), &tensor(&[f32::NAN, 0.0]), 0.0), None);
        let difference = compare(Rule::Exact, &tensor(&[1.0, 2.0]), &tensor(&[1.0, 2.5]), 0.0).expect("a difference");
        assert_eq!((difference.at, difference.got, difference.wanted), (vec![1], "2".into(), "2.5".into()));
    }

    #[test]
    fn shape_and_dtype_come_first() {
        let got = Value::I8(I8::new([2], vec![1, 2]).expect("two values"));
        let difference = compare(Rule::Floor(4.0), &got, &tensor(&[1.0, 2.0]), 1e-7).expect("a difference");
        assert_eq!(difference.wanted, "f32 tensor of shape [2]");
        assert!(compare(Rule::Exact, &tensor(&[1.0]), &tensor(&[1.0, 2.0]), 0.0).is_some());
        assert!(compare(Rule::Exact, &Value::Float(1.0), &tensor(&[1.0]), 0.0).is_some());
    }

    #[test]
    fn maps_are_compared_entry_by_entry() {
        let map = |cpu: i64| {
            let row = Value::Json(serde_json::json!({"cpu_ns": cpu}));
            Value::Map([("step".to_owned(), row)].into())
        };
        let difference = compare(Rule::Exact, &map(1), &map(2), 0.0).expect("a difference");
        assert_eq!((difference.field.as_str(), difference.got.as_str()), ("step.cpu_ns", "1"));
        let property = Property { value: |_| (0.0, String::new()), bound: 0.0, unit: "", near: 0.1 };
        assert!(near(property, &map(1), &map(1), &map(2)) && !near(property, &map(1), &map(3), &map(2)));
        assert!(!near(property, &map(1), &Value::Map(Default::default()), &map(1)));
    }

    #[test]
    fn what_is_no_number_is_near_what_is_equal() {
        let property = Property { value: |_| (0.0, String::new()), bound: 1.0, unit: "", near: 0.1 };
        let list = |first: Value| Value::List(vec![first, tensor(&[1.0])]);
        assert!(near(property, &list(Value::None), &list(Value::None), &list(Value::None)));
        assert!(near(property, &list(Value::Object(1)), &list(Value::Object(1)), &list(Value::Object(1))));
        assert!(!near(property, &list(tensor(&[2.0])), &list(Value::None), &list(Value::None)));
        assert!(near(property, &list(tensor(&[2.0])), &list(tensor(&[2.0])), &list(Value::None)));
    }

    #[test]
    fn one_step_of_f32_is_one_step() {
        let near = f64::from(f32::from_bits(1.5_f32.to_bits() + 1));
        assert_eq!(compare(Rule::Ulps(1), &Value::Float(near), &Value::Float(1.5), 0.0), None);
        let far = f64::from(f32::from_bits(1.5_f32.to_bits() + 2));
        assert!(compare(Rule::Ulps(1), &Value::Float(far), &Value::Float(1.5), 0.0).is_some());
    }

    #[test]
    fn of_a_structure_the_floats_have_steps() {
        let point = |ai: f64, bytes: u64| Value::Json(serde_json::json!({"ai": ai, "bytes": bytes}));
        let near = f64::from(f32::from_bits(1.5_f32.to_bits() + 1));
        assert_eq!(compare(Rule::Ulps(1), &point(near, 4), &point(1.5, 4), 0.0), None);
        assert!(compare(Rule::Exact, &point(near, 4), &point(1.5, 4), 0.0).is_some());
        let difference = compare(Rule::Ulps(1), &point(1.5, 5), &point(1.5, 4), 0.0).expect("a difference");
        assert_eq!((difference.field, difference.allowed), ("bytes".to_owned(), "exact".to_owned()));
    }

    #[test]
    fn the_floor_scales_with_the_solution_and_nan_never_passes() {
        let wanted = tensor(&[100.0, 0.0]);
        assert_eq!(compare(Rule::Floor(4.0), &tensor(&[100.0, 1e-5]), &wanted, 1e-7), None);
        let difference = compare(Rule::Floor(4.0), &tensor(&[100.0, 1e-3]), &wanted, 1e-7).expect("a difference");
        assert_eq!(difference.at, vec![1]);
        assert!(compare(Rule::Floor(1e9), &tensor(&[f32::NAN, 0.0]), &wanted, 1e-7).is_some());
    }
}
