//! JSON in verdicts: where two structures first differ, a structure on one line, and smaller ones of the same form.

use serde_json::Value as Json;

/// Below it f64 tells integers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Characters of a structure that fit on a line of a verdict.
const SHOWN: usize = 160;

/// The first place where two structures differ.
#[derive(Debug, PartialEq)]
pub struct Place {
    /// `rows[3].macs`; empty for the whole.
    pub path: String,
    /// What stands there in the one.
    pub got: String,
    /// And in the other.
    pub wanted: String,
    /// Whether a float is wanted, so that a tolerance was asked.
    pub float: bool,
}

/// The first place where `got` is not `wanted`. Floats are held by `near`, everything else is equal or not.
pub fn difference(got: &Json, wanted: &Json, near: &dyn Fn(f64, f64) -> bool) -> Option<Place> {
    let mut path = String::new();
    let (got, wanted, float) = differ(got, wanted, near, &mut path)?;
    Some(Place { path: path.trim_start_matches('.').to_owned(), got, wanted, float })
}

type Differing = (String, String, bool);

fn differ(got: &Json, wanted: &Json, near: &dyn Fn(f64, f64) -> bool, path: &mut String) -> Option<Differing> {
    let here = path.len();
    match (got, wanted) {
        (Json::Object(g), Json::Object(w)) => {
            if let Some(missing) = w.keys().find(|key| !g.contains_key(*key)) {
                path.push_str(&format!(".{missing}"));
                return Some(("no such field".to_owned(), text(&w[missing]), false));
            }
            if let Some(extra) = g.keys().find(|key| !w.contains_key(*key)) {
                path.push_str(&format!(".{extra}"));
                return Some((text(&g[extra]), "no such field".to_owned(), false));
            }
            for (key, value) in w {
                path.push_str(&format!(".{key}"));
                if let Some(found) = differ(&g[key], value, near, path) {
                    return Some(found);
                }
                path.truncate(here);
            }
            None
        }
        (Json::Array(g), Json::Array(w)) => {
            for (at, (g, w)) in g.iter().zip(w).enumerate() {
                path.push_str(&format!("[{at}]"));
                if let Some(found) = differ(g, w, near, path) {
                    return Some(found);
                }
                path.truncate(here);
            }
            (g.len() != w.len()).then(|| (format!("{} items", g.len()), format!("{} items", w.len()), false))
        }
        // 3.0 is 3, as Python writes it; from 2^53 on a float is no longer one integer.
        (Json::Number(g), Json::Number(w))
            if g.as_f64() == w.as_f64()
                && (g.is_f64() || w.is_f64())
                && (g.is_f64() == w.is_f64() || g.as_f64().is_some_and(|v| v.abs() < EXACT)) =>
        {
            None
        }
        (Json::Number(g), Json::Number(w)) if w.is_f64() => match (g.as_f64(), w.as_f64()) {
            (Some(g), Some(w)) if near(g, w) => None,
            _ => Some((text(got), text(wanted), true)),
        },
        _ if got == wanted => None,
        _ => Some((text(got), text(wanted), false)),
    }
}

/// `{op: "linear", rows: 3}`, cut in the middle where it is long.
pub fn text(json: &Json) -> String {
    let mut whole = String::new();
    write(json, &mut whole);
    let length = whole.chars().count();
    if length <= SHOWN {
        return whole;
    }
    let head: String = whole.chars().take(SHOWN * 3 / 4).collect();
    let tail: String = whole.chars().skip(length - SHOWN / 8).collect();
    format!("{head} ... {tail}")
}

fn write(json: &Json, out: &mut String) {
    let list = |open: &str, items: Vec<String>, close: &str| format!("{open}{}{close}", items.join(", "));
    let inner = |json: &Json| {
        let mut out = String::new();
        write(json, &mut out);
        out
    };
    out.push_str(&match json {
        Json::Array(items) => list("[", items.iter().map(inner).collect(), "]"),
        Json::Object(items) => list("{", items.iter().map(|(k, v)| format!("{k}: {}", inner(v))).collect(), "}"),
        other => other.to_string(),
    });
}

/// The list or object that `text` is, if it is one.
pub fn structure(text: &str) -> Option<Json> {
    let begins = text.trim_start().starts_with(['{', '[']);
    if begins { serde_json::from_str(text).ok() } else { None }
}

/// Structures of the same form with less in them: an item fewer, a number smaller, a flag off. The smallest first.
pub fn smaller(json: &Json) -> Vec<Json> {
    match json {
        Json::Number(n) => match n.as_u64() {
            Some(v) if v > 1 => [1, v / 2, v - 1].into_iter().filter(|less| *less < v).map(Json::from).collect(),
            _ => Vec::new(),
        },
        Json::Bool(true) => vec![Json::Bool(false)],
        Json::Array(items) => {
            let mut all: Vec<Json> = Vec::new();
            if items.len() > 1 {
                all.push(items[..items.len() / 2].iter().cloned().collect());
            }
            if (1..=24).contains(&items.len()) {
                all.extend((0..items.len()).map(|without| {
                    items.iter().enumerate().filter(|(at, _)| *at != without).map(|(_, item)| item.clone()).collect()
                }));
            }
            all.extend(items.iter().enumerate().flat_map(|(at, item)| {
                smaller(item).into_iter().map(move |less| {
                    let mut items = items.clone();
                    items[at] = less;
                    Json::Array(items)
                })
            }));
            all
        }
        Json::Object(fields) => fields
            .iter()
            .flat_map(|(key, item)| {
                smaller(item).into_iter().map(move |less| {
                    let mut fields = fields.clone();
                    fields.insert(key.clone(), less);
                    Json::Object(fields)
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, smaller, structure, text};
    use serde_json::json;

    fn difference(got: &serde_json::Value, wanted: &serde_json::Value) -> Option<(String, String, String)> {
        super::difference(got, wanted, &|_, _| false).map(|Place { path, got, wanted, .. }| (path, got, wanted))
    }

    #[test]
    fn a_tolerance_holds_for_floats_alone() {
        let close =
            |got, wanted| super::difference(&got, &wanted, &|g, w| (g - w).abs() < 0.1).map(|place| place.float);
        assert_eq!(close(json!({"ai": 0.55}), json!({"ai": 0.5})), None);
        assert_eq!(close(json!({"ai": 3}), json!({"ai": 3.05})), None);
        assert_eq!(close(json!({"ai": 0.75}), json!({"ai": 0.5})), Some(true));
        assert_eq!(close(json!({"bytes": 3.05}), json!({"bytes": 3})), Some(false));
    }

    #[test]
    fn the_first_difference_has_a_path() {
        let wanted = json!({"rows": [{"name": "fc", "macs": 20}], "total": 20});
        let got = json!({"rows": [{"name": "fc", "macs": 10}], "total": 10});
        assert_eq!(difference(&got, &wanted), Some(("rows[0].macs".into(), "10".into(), "20".into())));
        assert_eq!(difference(&json!({"a": 2.0}), &json!({"a": 2})), None);
        assert_eq!(
            difference(&json!({}), &json!({"macs": 1})),
            Some(("macs".into(), "no such field".into(), "1".into()))
        );
        assert_eq!(difference(&json!([1]), &json!([1, 2])), Some((String::new(), "1 items".into(), "2 items".into())));
        let big = json!(9_007_199_254_740_993_u64);
        assert!(difference(&json!(9_007_199_254_740_992.0), &big).is_some());
        assert!(difference(&json!(9_007_199_254_740_992_u64), &big).is_some());
    }

    #[test]
    fn long_structures_are_cut() {
        assert_eq!(text(&json!({"op": "linear", "rows": 3})), "{op: \"linear\", rows: 3}");
        assert!(text(&json!(vec![1; 1000])).chars().count() < 180);
    }

    #[test]
    fn text_may_be_a_structure() {
        assert_eq!(structure(" {\"a\": [1]}"), Some(json!({"a": [1]})));
        assert_eq!((structure("17"), structure("{\"a\": [1]")), (None, None));
    }

    #[test]
    fn smaller_structures_keep_their_form() {
        let all = smaller(&json!({"k": [3, 3], "bias": true}));
        assert!(all.contains(&json!({"k": [1, 3], "bias": true})));
        assert!(all.contains(&json!({"k": [3, 3], "bias": false})));
        assert!(!all.contains(&json!({"k": [3, 3], "bias": true})));
    }
}
