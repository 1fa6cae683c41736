//! `export` and `import` as a learner meets them, and the documents: one that a browser shows without asking elsewhere.

use crate::learner::{LAB, Learner, Ran};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

const HOSTILE: &str = "</td><script>alert(1)</script>\" onload='x' | `a` ``` https://example.com/a.png <img src=x>";

/// Runs a command with something on stdin.
fn piped(learner: &Learner, words: &[&str], stdin: &[u8]) -> Ran {
    let mut command = learner.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(stdin).expect("it reads");
    let Output { stdout, stderr, status } = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { out: text(stdout), err: text(stderr), code: status.code().unwrap_or(-1) }
}

/// A learner who missed, then passed, the first step.
fn at_work() -> Learner {
    let learner = Learner::new();
    learner.run(&format!("lab {LAB}"));
    learner.run(&format!("lab {LAB} --answer scale=1 --answer zero-point=0")).exits(1);
    learner.predict_rightly("qparams").exits(0);
    learner
}

/// An attempt's row.
fn attempt(number: u32, step: &str, kind: &str, verdict: &str, detail: &Value) -> Value {
    let snapshot = (kind == "build").then(|| format!("text{number}"));
    let named = (verdict == "fail" && kind == "build").then_some("one-scale");
    json!({"id": format!("{number:032x}"), "at": 1_760_000_000_000_u64 + u64::from(number) * 7_200_000, "lab": LAB, "step": step,
        "kind": kind, "language": (kind == "build").then_some("python"), "seed": "7f", "verdict": verdict, "passed": 1,
        "total": 2, "inputs": 9, "seconds": 0.41, "spent": 540.0, "misconception": named, "snapshot": snapshot, "content": "c",
        "detail": detail.to_string()})
}

/// A history with everything in it, written by someone who types markup.
fn history() -> Value {
    let asked = json!({"questions": [{"id": "scale", "text": format!("the scale? {HOSTILE}"), "parameters": [["max", "3"]],
        "unit": "B"}]});
    let named = json!({"misconception": {"id": "one-scale", "says": format!("one scale for all: {HOSTILE}")}});
    let charts = json!({"charts": [
        {"chart": "bars", "title": format!("accuracy {HOSTILE}"), "unit": "%", "rows": [["f32", 97.2], ["int8, per channel", 97.0],
            [HOSTILE, 61.5], ["nothing", 0.0]]},
        {"chart": "histogram", "title": "activations", "unit": "", "low": -3.0, "high": 12.0,
            "counts": [1, 4, 40, 900, 5000, 2000, 300, 40, 9, 0, 1, 0, 1], "marks": [["clip", 4.5], ["largest", 11.7]]},
        {"chart": "plane", "title": format!("speed {HOSTILE}"), "x": {"label": "context", "unit": "tokens", "log": true},
            "y": {"label": format!("speed {HOSTILE}"), "unit": "tokens/s", "log": false}, "series": [
                {"name": HOSTILE, "mark": "line", "points": [{"x": 128, "y": 40.5, "label": HOSTILE}, {"x": 4096, "y": null}]},
                {"name": "theory", "mark": "theory", "points": [{"x": 128, "y": 44}, {"x": 4096, "y": 20}]}]},
        {"chart": "bars", "title": "empty", "unit": "", "rows": []},
        {"chart": "histogram", "title": "flat", "unit": "", "low": 0.0, "high": 0.0, "counts": [], "marks": [["x", 1.0]]},
    ]});
    let prediction = |number: u32, value: f64, right: u8| {
        json!({"id": format!("{:032x}", 100 + number), "attempt": format!("{number:032x}"), "at": 1_760_000_000_000_u64, "lab": LAB,
            "step": "qparams", "question": "scale", "parameters": "[[\"max\",\"3\"]]", "given": format!("{value} {HOSTILE}"),
            "value": value, "wanted": 512.0, "right": right, "after": 0})
    };
    let measurement = json!({"id": format!("{:032x}", 200), "attempt": format!("{:032x}", 5), "at": 1, "lab": LAB, "step": "ptq-cnn",
        "name": format!("accuracy {HOSTILE}"), "value": 97.0, "unit": "%", "bar": "at least 96", "pass": 1, "kind": "count",
        "machine": format!("linux x86_64 {HOSTILE}")});
    let snapshot = |number: u32, text: &str| json!({"hash": format!("text{number}"), "lab": LAB, "language": "python", "at": 1, "text": text});
    json!({"schema": 1, "store": 2, "learner": "abc", "tables": {
        "attempt": [
            attempt(1, "qparams", "predict", "fail", &asked), attempt(2, "qparams", "predict", "pass", &asked),
            attempt(3, "quantize", "build", "fail", &named), attempt(4, "quantize", "build", "pass", &json!({})),
            attempt(5, "ptq-cnn", "measure", "pass", &charts),
        ],
        "prediction": [prediction(1, 1024.0, 0), prediction(2, 512.0, 1)],
        "measurement": [measurement],
        "snapshot": [snapshot(3, "a = 1\nb = 2\n```\n"), snapshot(4, "a = 1\nb = 3\n```\n")],
        "note": [{"id": format!("{:032x}", 300), "at": 1_760_000_000_000_u64, "subject": LAB, "text": HOSTILE}],
    }})
}

#[test]
fn an_export_makes_an_empty_store_the_same() {
    let (one, two) = (at_work(), Learner::new());
    let export = one.run("export --json").exits(0).out.clone();
    assert_eq!(export, one.run("export").out, "JSON is what export writes unless told otherwise");
    piped(&two, &["import"], export.as_bytes()).exits(0).shows("2 attempt").shows("4 prediction");
    assert_eq!(one.json("status"), two.json("status"));
    let asked = |learner: &Learner| learner.json(&format!("lab {LAB}"))["checked"][0]["questions"].clone();
    assert_eq!(asked(&one), asked(&two), "the same learner is asked the same");
    let before = two.run("export").out.clone();
    piped(&two, &["import", "-"], export.as_bytes()).exits(0).shows("added: nothing");
    assert_eq!(before, two.run("export").out);
    let again: Value = serde_json::from_str(&piped(&two, &["import", "--json"], export.as_bytes()).out).expect("JSON");
    assert_eq!((&again["added"]["attempt"], &again["learner_taken"]), (&json!(0), &json!(false)));
}

#[test]
fn two_histories_become_one_through_files() {
    let (one, two) = (at_work(), Learner::new());
    two.run(&format!("lab {LAB} --answer scale=1 --answer zero-point=0")).exits(1);
    for (learner, name) in [(&one, "one.json"), (&two, "two.json")] {
        learner.run(&format!("export {name}")).exits(0).shows(&format!("{name} is written"));
    }
    fs::copy(one.path("one.json"), two.path("one.json")).expect("a copy");
    fs::copy(two.path("two.json"), one.path("two.json")).expect("a copy");
    one.run("import two.json").exits(0).shows("1 attempt");
    two.run("import one.json").exits(0).shows("2 attempt");
    let tables = |learner: &Learner| learner.json("export")["tables"].clone();
    assert_eq!(tables(&one), tables(&two));
    assert_eq!(one.json("status"), two.json("status"));
    assert_ne!(one.json("export")["learner"], two.json("export")["learner"]);
}

#[test]
fn what_cannot_be_imported_is_refused_in_one_sentence() {
    let learner = at_work();
    let before = learner.run("export").out.clone();
    let refused: [(&[u8], &str); 6] = [
        (b"", "stdin is broken JSON at line 1, column 0, where it ends too early"),
        (b"{\n \"schema\": 1,\n \"store\": oops}", "stdin is broken JSON at line 3, column 11"),
        (b"{\"schema\": 1, \"phases\": []}", "stdin is no export of roadmap"),
        (b"{\"schema\": 7, \"store\": 2}", "written by a newer roadmap (schema 7, this one knows 1)"),
        (b"\xff\xfe", "stdin is broken JSON at line 1, column"),
        (
            b"{\"schema\": 1, \"store\": 2, \"learner\": \"a\", \"tables\": {\"note\": [{}]}}",
            "row 1 of `note` has no `id`",
        ),
    ];
    for (bytes, wanted) in refused {
        piped(&learner, &["import"], bytes).exits(2).one_sentence().says(wanted);
    }
    learner.run("import nowhere.json").exits(2).one_sentence().says("nowhere.json cannot be read");
    learner.run("export --html --json").exits(2).shows("two forms");
    learner.run("export nowhere/all.json").exits(3).one_sentence().says("nowhere/all.json cannot be written");
    assert_eq!(before, learner.run("export").out);
}

#[test]
fn an_export_is_utf8_whatever_the_terminal_is() {
    let learner = Learner::new().with("LC_ALL", "C");
    let mut other = history();
    other["tables"]["note"][0]["text"] = json!("für 日本 🦀");
    piped(&learner, &["import"], other.to_string().as_bytes()).exits(0);
    learner.run("export").exits(0).shows("für 日本 🦀");
    learner.run("export --md").exits(0).shows("für 日本 🦀");
}

#[test]
fn the_notebook_tells_what_happened() {
    let learner = Learner::new();
    learner.run("export --md").exits(0).shows("# Lab notebook").shows("Nothing was tried yet.");
    piped(&learner, &["import"], history().to_string().as_bytes()).exits(0);
    let ran = learner.run("export --md");
    ran.exits(0).shows("## Calibration").shows("× 2").shows(&format!("## {LAB}: "));
    ran.shows("| 1 | the scale?").shows("| max = 3 | 1024").shows("| 512 B | no |").shows("| 512 B | yes |");
    ran.shows("**fail** build: quantize in python, 1 of 2 checks, 0.41 s, seed 7f: one scale for all:");
    ran.shows("(one-scale)").shows("### Measurements").shows("97 %").shows("at least 96").shows("On linux x86\\_64");
    ran.shows("### Charts of ptq-cnn, attempt 5").shows("█").shows("▲");
    ran.shows("| series | point | context (tokens) | speed").shows("| 128 | 40.5 |").shows("| theory |  | 4096 | 20 |");
    ran.shows("| 4096 | no number |");
    ran.shows("the starter -> attempt 3, in python:").shows("-b = 2\n+b = 3\n").shows("````diff").shows("### Notes");
    assert!(!ran.out.contains("\u{1b}["), "no colours in a file");
    let cells = ran.out.lines().filter(|line| line.starts_with('|'));
    assert!(cells.flat_map(|line| line.match_indices('<').map(move |(at, _)| &line[..at])).all(|l| l.ends_with('\\')));
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let learner = Learner::new();
    let empty = learner.run("export --html").exits(0).out.clone();
    self_contained(&empty);
    piped(&learner, &["import"], history().to_string().as_bytes()).exits(0);
    learner.run("export --html page.html").exits(0).shows("page.html is written");
    let page = fs::read_to_string(learner.path("page.html")).expect("the page");
    let tags = self_contained(&page);
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    assert!(count("rect") > 53 * 7 - 7, "a square a day");
    assert_eq!(count("figure"), 3, "every chart that shows something");
    let of = |class: &str| tags.iter().filter(|tag| tag.attribute("class") == Some(class)).count();
    assert_eq!(of("guess bad"), 1, "a dot a first guess");
    assert_eq!((of("theory t0"), of("line s0"), of("dot s0")), (2, 2, 2), "a plane, and its legend");
    assert_eq!(of("phase"), 7);
    assert_eq!(of("bar"), 4 + 11, "bars, and bins that are not empty");
    let marks = tags.iter().filter(|tag| tag.name == "path" && tag.attribute("class") == Some("mark")).count();
    assert_eq!(marks, 2, "marks of histograms");
    for text in [
        "Progress by phase",
        "Calibration",
        "one-scale: one scale for all",
        "&lt;script&gt;alert(1)",
        "prefers-color-scheme",
    ] {
        assert!(page.contains(text), "no `{text}` in the page");
    }
}

/// A tag with its attributes, as they stand in the source.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Asserts that a page is well formed and that nothing in it could be asked for elsewhere.
fn self_contained(page: &str) -> Vec<Tag> {
    const VOID: [&str; 1] = ["meta"];
    const KNOWN: &str = "html head meta title style body main header h1 h2 h3 p div span b small i section ul li table thead \
                         tbody tr th td figure figcaption details summary code footer svg rect path text circle";
    const PLAIN: &str =
        "lang charset name content http-equiv class id style viewBox width height role aria-label x y rx d cx cy r";
    let mut rest = page.strip_prefix("<!doctype html>").expect("a doctype");
    let (mut tags, mut open) = (Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("a tag ends");
        let inside = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "tags are nested");
            continue;
        }
        let closed = inside.ends_with('/');
        let (name, mut words) =
            inside.trim_end_matches('/').split_once(' ').unwrap_or((inside.trim_end_matches('/'), ""));
        assert!(KNOWN.split_whitespace().any(|known| known == name), "<{name}> has no place in the page");
        let mut tag = Tag { name: name.to_owned(), attributes: Vec::new() };
        while let Some((attribute, more)) = words.trim_start().split_once("=\"") {
            let (value, more) = more.split_once('"').expect("a value ends");
            assert!(PLAIN.split_whitespace().any(|known| known == attribute), "`{attribute}` has no place in <{name}>");
            assert!(attribute != "style" || !value.contains("url"), "style refers to something: {value}");
            tag.attributes.push((attribute.to_owned(), value.to_owned()));
            words = more;
        }
        assert_eq!(words.trim(), "", "all of <{inside}> is read");
        if name == "style" {
            let end = rest.find("</style>").expect("the style ends");
            let style = &rest[..end];
            for outside in ["url(", "@import", "http:", "https:", "//"] {
                assert!(!style.contains(outside), "the style refers elsewhere by {outside}");
            }
        }
        if !closed && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "left open: {open:?}");
    let policy = tags.iter().find_map(|tag| tag.attribute("content").filter(|c| c.contains("default-src 'none'")));
    assert!(policy.is_some(), "the page forbids itself to load anything");
    tags
}
