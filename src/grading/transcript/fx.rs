//! A node of an FX graph as Python would write it: `add = torch.add(x, y, alpha=0.5)`.

use serde_json::Value as Json;

/// One node.
pub fn node(json: &Json) -> String {
    let word = |key: &str| json[key].as_str().unwrap_or("?").to_owned();
    let list = |key: &str| json[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut args: Vec<String> = list("args").iter().map(argument).collect();
    let named = json["kwargs"].as_object().into_iter().flatten();
    args.extend(named.map(|(key, value)| format!("{key}={}", argument(value))));
    let (name, target) = (word("name"), word("target"));
    match json["op"].as_str() {
        Some("placeholder") => format!("{name} = placeholder"),
        Some("get_attr") => format!("{name} = get_attr {target}"),
        Some("output") => format!("return {}", args.join(", ")),
        Some("call_method") if !args.is_empty() => {
            let object = args.remove(0);
            format!("{name} = {object}.{target}({})", args.join(", "))
        }
        Some("call_module") => format!("{name} = self.{target}({})", args.join(", ")),
        _ => format!("{name} = {target}({})", args.join(", ")),
    }
}

fn argument(json: &Json) -> String {
    let list = |items: &[Json]| items.iter().map(argument).collect::<Vec<_>>();
    match json {
        Json::Null => "None".to_owned(),
        Json::Array(items) => format!("[{}]", list(items).join(", ")),
        Json::Object(fields) => match fields.iter().next() {
            Some((key, Json::Array(items))) if key == "slice" => list(items).join(":").replace("None", ""),
            Some((_, Json::String(text))) => text.clone(),
            _ => json.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::node;
    use serde_json::json;

    #[test]
    fn nodes_read_as_python() {
        let add = json!({"name": "s", "op": "call_function", "target": "torch.add", "args": [{"n": "x"}, 2], "kwargs": {"alpha": 0.5}});
        assert_eq!(node(&add), "s = torch.add(x, 2, alpha=0.5)");
        let view =
            json!({"name": "v", "op": "call_method", "target": "view", "args": [{"n": "x"}, [2, -1]], "kwargs": {}});
        assert_eq!(node(&view), "v = x.view([2, -1])");
        let output = json!({"name": "output", "op": "output", "target": "output", "args": [[{"n": "s"}, {"n": "v"}]], "kwargs": {}});
        assert_eq!(node(&output), "return [s, v]");
    }
}
