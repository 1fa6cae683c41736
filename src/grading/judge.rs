//! What a check says of one case: nothing, or what differs and where.

use super::Check;
use super::compare::{Difference, Rule, compare};
use super::replay::{Script, Seen};
use super::show::{number, value_text};
use crate::submission::Observation;
use crate::verdict::Finding;
use lab_sdk::{DType, Value};

/// Numbers of a result that fit on a line.
pub const READABLE: usize = 12;

/// An observation as the verdict prints it; a large result by its type.
pub fn observed(observation: &Observation) -> String {
    match observation {
        Observation::Value(Value::Tensor(t)) if t.elem_count() > READABLE => Value::Tensor(t.clone()).kind(),
        Observation::Value(value) => value_text(value),
        // NumPy raises ValueError too; with its place, so that nobody takes it for a refusal of theirs.
        Observation::Refused(why) if why.contains(": ValueError: ") => why.clone(),
        Observation::Refused(why) => format!("refused: {why}"),
        Observation::Crashed(why) => why.clone(),
        Observation::NotDone => "not written yet".to_owned(),
        Observation::Lost(fault) => fault.to_string(),
        Observation::Skipped => "-".to_owned(),
    }
}

/// What `check` says of one case: nothing, or what differs.
pub fn judge(
    check: &Check,
    script: &Script,
    got: &[Observation],
    wanted: &[Observation],
    floor: f64,
    ratio: &mut Option<f64>,
) -> Option<Finding> {
    differs(check, script, got, wanted, floor, ratio).map(|(_, finding)| finding)
}

/// The same, with the call at which it differs.
pub fn differs(
    check: &Check,
    script: &Script,
    got: &[Observation],
    wanted: &[Observation],
    floor: f64,
    ratio: &mut Option<f64>,
) -> Option<(usize, Finding)> {
    let seen = Seen { script, got, wanted };
    let bare = |got: String, wanted: String, allowed: &str| Finding {
        check: check.name.to_owned(),
        at: String::new(),
        got,
        wanted,
        allowed: allowed.to_owned(),
    };
    for (at, (g, w)) in got.iter().zip(wanted).enumerate() {
        // Where a refusal is asked for, what led to it is other checks' business.
        let counts = !matches!(check.rule, Rule::Refused) || at + 1 == wanted.len();
        match (g, w) {
            (Observation::Crashed(_) | Observation::Lost(_), _) => {
                // A call that returns nothing has no result to ask for.
                let nothing = matches!(w, Observation::Value(Value::None));
                return Some((at, bare(observed(g), if nothing { String::new() } else { observed(w) }, "")));
            }
            (Observation::Skipped | Observation::NotDone, _) | (_, Observation::Skipped) => {}
            (Observation::Refused(_), Observation::Refused(_)) => {}
            (Observation::Refused(why), _) if script.calls[at].look.is_some() => {
                return Some((at, bare(why.clone(), observed(w), "")));
            }
            (Observation::Refused(_), _) => return Some((at, bare(observed(g), observed(w), "no refusal"))),
            (Observation::Value(v), Observation::Refused(why)) => {
                let wanted = format!("a refusal: {why}");
                return Some((at, bare(value_text(v), wanted, "`Err` or `ValueError`")));
            }
            (Observation::Value(_), Observation::Value(_)) if !counts || script.is_looked_at(at) => {}
            (Observation::Value(_), Observation::Value(_)) if matches!(check.rule, Rule::Scored(_)) => {}
            (Observation::Value(g), Observation::Value(w)) => {
                if let Rule::AtMost(_) = check.rule {
                    // The result's own shape still has to be right, or the property cannot be read.
                    if g.kind() != w.kind() {
                        return Some((at, bare(g.kind(), w.kind(), "this type and shape")));
                    }
                    continue;
                }
                if let Some(difference) = compare(check.rule, g, w, floor) {
                    *ratio = ratio.iter().copied().chain(difference.ratio).reduce(f64::max);
                    let context = input_at(&seen, &difference);
                    return Some((at, difference.finding(check.name, &context)));
                }
            }
            (Observation::Value(g), other) => return Some((at, bare(value_text(g), observed(other), ""))),
        }
    }
    if let Some(property) = check.rule.property() {
        let (value, at) = (property.value)(&seen);
        if value.is_nan() || value > property.bound {
            let unit = property.unit;
            let finding = Finding {
                check: check.name.to_owned(),
                at,
                got: format!("{} {unit}", number(short(value, property.bound))),
                wanted: String::new(),
                allowed: format!("at most {} {unit}", number(property.bound)),
            };
            return Some((script.calls.len().saturating_sub(1), finding));
        }
    }
    None
}

/// `value` with three digits where those show that it is over `bound`; counts as they are.
fn short(value: f64, bound: f64) -> f64 {
    if value == value.trunc() || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(2 - value.abs().log10().floor() as i32);
    let rounded = (value * scale).round() / scale;
    if rounded > bound { rounded } else { value }
}

/// ` where the input is 0.02`: what stands at the place of the difference in the arguments that have one.
fn input_at(seen: &Seen<'_>, difference: &Difference) -> String {
    let Some(call) = seen.script.calls.last().filter(|_| !difference.at.is_empty()) else { return String::new() };
    let last = seen.script.calls.len() - 1;
    let inputs = (0..call.args.len()).filter_map(|i| match seen.argument(last, i)? {
        Value::Tensor(t) if t.rank() == difference.at.len() => {
            let fits = t.dims().iter().zip(&difference.at).all(|(extent, at)| at < extent);
            let flat = difference.at.iter().zip(t.dims()).fold(0, |flat, (at, extent)| flat * extent + at);
            let wide = t.flatten_all().and_then(|t| t.to_dtype(DType::F64)).and_then(|t| t.to_vec1::<f64>()).ok()?;
            wide.get(flat).filter(|_| fits).map(|value| number(*value))
        }
        _ => None,
    });
    match &inputs.collect::<Vec<String>>()[..] {
        [] => String::new(),
        [one] => format!(" where the input is {one}"),
        several => format!(" where the inputs are {}", several.join(", ")),
    }
}
