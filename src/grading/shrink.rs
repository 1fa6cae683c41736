//! Shrinking a failing case: fewer rows and columns, then rounder values, as long as it still fails.

use super::json;
use super::replay::{Argument, Script};
use lab_sdk::{DType, Device, I8, Tensor, Value};
use std::time::{Duration, Instant};

/// How many candidates are tried, and for how long.
const TRIES: usize = 400;
const PATIENCE: Duration = Duration::from_millis(700);

/// The smallest script that is found in which `fails` still holds.
pub fn shrink(script: &Script, mut fails: impl FnMut(&Script) -> bool) -> Script {
    let mut best = script.clone();
    if script.whole {
        return best;
    }
    let (mut tries, started) = (0, Instant::now());
    loop {
        let better = shorter(&best).into_iter().chain(smaller(&best)).chain(rounder(&best)).find(|candidate| {
            tries += 1;
            tries <= TRIES && started.elapsed() < PATIENCE && fails(candidate)
        });
        match better {
            Some(candidate) => best = candidate,
            None => return best,
        }
    }
}

/// Scripts with a call less, the last ones first.
fn shorter(script: &Script) -> Vec<Script> {
    let calls = script.calls.len();
    (0..calls).rev().filter(|_| calls > 1).filter_map(|at| script.without(at)).collect()
}

/// Scripts with fewer indices along every axis of one extent: a matrix, its bias and its scales shrink together.
fn smaller(script: &Script) -> Vec<Script> {
    let mut extents: Vec<usize> = values(script).flat_map(extents_of).filter(|n| *n > 1).collect();
    extents.sort_unstable();
    extents.dedup();
    let mut candidates = Vec::new();
    for extent in extents.into_iter().rev() {
        let half = extent / 2;
        let mut kept: Vec<Vec<usize>> = vec![(0..half).collect(), (half..extent).collect()];
        if extent <= 8 {
            kept.extend((0..extent).map(|i| vec![i]));
            kept.extend((0..extent).map(|without| (0..extent).filter(|i| *i != without).collect()));
        }
        for keep in kept.iter().filter(|keep| !keep.is_empty() && keep.len() < extent) {
            candidates.extend(mapped(script, |value| pick(value, extent, keep, None)));
            if values(script).any(|value| extents_of(value).iter().filter(|n| **n == extent).count() > 1) {
                // Of a square, its rows or its columns alone; a list may belong to either.
                for alone in [(0, false), (0, true), (1, false), (1, true)] {
                    candidates.extend(mapped(script, |value| pick(value, extent, keep, Some(alone))));
                }
            }
        }
    }
    candidates
}

/// Scripts in which one argument has rounder values: one digit less, or zeros.
fn rounder(script: &Script) -> Vec<Script> {
    let mut candidates = Vec::new();
    for (call, arg) in places(script) {
        let Argument::Value(value) = &script.calls[call].args[arg] else { continue };
        if script.calls[call].kept.contains(&arg) {
            continue;
        }
        for simpler in simpler(value) {
            let mut candidate = script.clone();
            candidate.calls[call].args[arg] = Argument::Value(simpler);
            candidates.push(candidate);
        }
    }
    candidates
}

fn places(script: &Script) -> Vec<(usize, usize)> {
    script.calls.iter().enumerate().flat_map(|(c, call)| (0..call.args.len()).map(move |a| (c, a))).collect()
}

fn values(script: &Script) -> impl Iterator<Item = &Value> {
    script.calls.iter().flat_map(|call| &call.args).filter_map(|arg| match arg {
        Argument::Value(value) => Some(value),
        Argument::Result(_) => None,
    })
}

fn extents_of(value: &Value) -> Vec<usize> {
    match value {
        Value::Tensor(t) => t.dims().to_vec(),
        Value::I8(t) => t.shape.clone(),
        Value::F32s(v) => vec![v.len()],
        Value::F64s(v) => vec![v.len()],
        Value::I32s(v) => vec![v.len()],
        Value::I64s(v) => vec![v.len()],
        Value::U32s(v) => vec![v.len()],
        Value::Usizes(v) => vec![v.len()],
        Value::List(v) => v.iter().flat_map(extents_of).chain([v.len()]).collect(),
        _ => Vec::new(),
    }
}

/// `script` with `change` applied to every value, if that changes anything.
fn mapped(script: &Script, change: impl Fn(&Value) -> Option<Value>) -> Option<Script> {
    let mut candidate = script.clone();
    let mut changed = false;
    for arg in candidate.calls.iter_mut().flat_map(|call| &mut call.args) {
        if let Argument::Value(value) = arg
            && let Some(other) = change(value)
        {
            *value = other;
            changed = true;
        }
    }
    changed.then_some(candidate)
}

/// `value` with only the indices `keep` along its axes of length `extent`, or along one axis alone, with or without
/// lists.
fn pick(value: &Value, extent: usize, keep: &[usize], alone: Option<(usize, bool)>) -> Option<Value> {
    fn list<T: Clone>(items: &[T], extent: usize, keep: &[usize]) -> Option<Vec<T>> {
        (items.len() == extent).then(|| keep.iter().map(|&i| items[i].clone()).collect())
    }
    let with_lists = alone.is_none_or(|(_, lists)| lists);
    let axis_counts = |axis: usize| alone.is_none_or(|(only, _)| axis == only);
    match value {
        Value::Tensor(t) => {
            let index: Vec<u32> = keep.iter().map(|&i| i as u32).collect();
            let index = Tensor::from_vec(index, keep.len(), &Device::Cpu).ok()?;
            let axes = (0..t.rank()).filter(|&axis| t.dims()[axis] == extent && (t.rank() == 1 || axis_counts(axis)));
            let axes: Vec<usize> = axes.filter(|_| t.rank() > 1 || with_lists).collect();
            let picked = axes.iter().try_fold(t.clone(), |t, &axis| t.contiguous()?.index_select(&index, axis)).ok()?;
            (!axes.is_empty()).then_some(Value::Tensor(picked))
        }
        Value::I8(t) => {
            let wide = Tensor::from_vec(
                t.data.iter().map(|&v| i64::from(v)).collect::<Vec<_>>(),
                t.shape.clone(),
                &Device::Cpu,
            );
            let Some(Value::Tensor(picked)) = pick(&Value::Tensor(wide.ok()?), extent, keep, alone) else {
                return None;
            };
            let data: Vec<i64> = picked.flatten_all().and_then(|t| t.to_vec1()).ok()?;
            I8::new(picked.dims(), data.iter().map(|&v| v as i8).collect()).ok().map(Value::I8)
        }
        _ if !with_lists => None,
        Value::F32s(v) => list(v, extent, keep).map(Value::F32s),
        Value::F64s(v) => list(v, extent, keep).map(Value::F64s),
        Value::I32s(v) => list(v, extent, keep).map(Value::I32s),
        Value::I64s(v) => list(v, extent, keep).map(Value::I64s),
        Value::U32s(v) => list(v, extent, keep).map(Value::U32s),
        Value::Usizes(v) => list(v, extent, keep).map(Value::Usizes),
        Value::List(v) if v.len() == extent => list(v, extent, keep).map(Value::List),
        Value::List(v) => {
            let picked: Vec<Option<Value>> = v.iter().map(|item| pick(item, extent, keep, alone)).collect();
            let changed = picked.iter().any(Option::is_some);
            let items = picked.into_iter().zip(v).map(|(picked, item)| picked.unwrap_or_else(|| item.clone()));
            changed.then(|| Value::List(items.collect()))
        }
        _ => None,
    }
}

/// Simpler values of the same type and shape, the simplest first; none that is equal.
fn simpler(value: &Value) -> Vec<Value> {
    match value {
        Value::Tensor(t) if t.dtype() == DType::F32 => {
            let Ok(values) = t.flatten_all().and_then(|t| t.to_vec1::<f32>()) else { return Vec::new() };
            let wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            let back = |v: Vec<f64>| {
                let narrow: Vec<f32> = v.iter().map(|&v| v as f32).collect();
                Tensor::from_vec(narrow, t.dims(), &Device::Cpu).ok().map(Value::Tensor)
            };
            roundings(&wide).into_iter().filter_map(back).collect()
        }
        Value::F32s(v) => {
            let wide: Vec<f64> = v.iter().map(|&v| f64::from(v)).collect();
            roundings(&wide).into_iter().map(|v| Value::F32s(v.iter().map(|&v| v as f32).collect())).collect()
        }
        Value::Float(v) => roundings(&[*v]).into_iter().map(|v| Value::Float(v[0])).collect(),
        Value::Int(v) if *v != 0 => [0, v.signum(), v / 2].into_iter().filter(|c| c != v).map(Value::Int).collect(),
        Value::U32s(v) if v.iter().any(|v| *v != 0) => vec![Value::U32s(vec![0; v.len()])],
        Value::I32s(v) if v.iter().any(|v| *v != 0) => vec![Value::I32s(vec![0; v.len()])],
        Value::List(items) => items
            .iter()
            .enumerate()
            .flat_map(|(at, item)| {
                simpler(item).into_iter().map(move |simple| {
                    let mut items = items.clone();
                    items[at] = simple;
                    Value::List(items)
                })
            })
            .collect(),
        Value::Json(v) => json::smaller(v).into_iter().map(Value::Json).collect(),
        Value::Str(text) => match json::structure(text) {
            Some(v) => json::smaller(&v).into_iter().map(|v| Value::Str(v.to_string())).collect(),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn roundings(values: &[f64]) -> Vec<Vec<f64>> {
    let digits = |keep: i32| {
        let round = |v: f64| {
            if v == 0.0 || !v.is_finite() {
                return v;
            }
            let scale = 10f64.powi(keep - 1 - v.abs().log10().floor() as i32);
            let rounded = (v * scale).round() / scale;
            if rounded.is_finite() { rounded } else { v }
        };
        values.iter().map(|&v| round(v)).collect::<Vec<f64>>()
    };
    let mut candidates = vec![values.iter().map(|_| 0.0).collect(), values.iter().map(|v| v.round()).collect()];
    candidates.extend([1, 2, 3].map(digits));
    let narrow = |v: &[f64]| v.iter().map(|&v| v as f32).collect::<Vec<f32>>();
    // Fewer digits or nothing: a candidate that is as long as the value itself would loop.
    let length = |v: &[f64]| narrow(v).iter().map(|v| v.to_string().len()).sum::<usize>();
    candidates.retain(|c| narrow(c) != narrow(values) && length(c) < length(values));
    candidates
}

#[cfg(test)]
mod tests {
    use super::shrink;
    use crate::grading::{Argument, Script};
    use lab_sdk::{Device, Tensor, Value};

    #[test]
    fn rows_and_their_scales_shrink_together() {
        let x =
            Tensor::from_vec((0..15).map(|i| i as f32 + 0.123).collect::<Vec<_>>(), (5, 3), &Device::Cpu).expect("5x3");
        let script = Script::call("f", vec![Value::Tensor(x), Value::F32s(vec![0.5; 5])]);
        let rows = |script: &Script| match &script.calls[0].args[..] {
            [Argument::Value(Value::Tensor(t)), Argument::Value(Value::F32s(s))] => (t.dims().to_vec(), s.len()),
            _ => (Vec::new(), 0),
        };
        let small = shrink(&script, |s| {
            let (dims, scales) = rows(s);
            dims[0] == scales && dims[0] >= 2
        });
        assert_eq!(rows(&small), (vec![2, 1], 2));
    }
}
