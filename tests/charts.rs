//! Charts as they are drawn: fixed ones compared as text, and hostile ones that stay inside their frame.

#[path = "charts/samples.rs"]
mod samples;
#[path = "charts/xml.rs"]
mod xml;

use proptest::prelude::*;
use roadmap::export::svg_file;
use roadmap::term::{Screen, chart};
use roadmap::verdict::{Axis, Chart, Lane, Mark, Point, Series, Span};
use samples::{axis, named, plane, series};
use textwrap::core::display_width;

fn screen(width: usize, unicode: bool) -> Screen {
    Screen { unicode, ..Screen::plain(width) }
}

#[test]
fn known_charts_look_as_they_did() {
    let mut drawn = String::new();
    let cases: [(&str, Chart, usize, bool); 13] = [
        ("tokens, 20", samples::tokens(), 20, true),
        ("tokens, 40, ASCII", samples::tokens(), 40, false),
        ("tokens, 80", samples::tokens(), 80, true),
        ("sparsity, 40", samples::sparsity(), 40, true),
        ("scatter, 80", samples::scatter(), 80, true),
        ("roofline, 80, ASCII", samples::roofline(), 80, false),
        ("bars, 20, ASCII", samples::bars(), 20, false),
        ("bars, 40", samples::bars(), 40, true),
        ("histogram, 20", samples::histogram(), 20, true),
        ("histogram, 40, ASCII", samples::histogram(), 40, false),
        ("left out, 40", left_out(), 40, true),
        ("spans, 80", samples::spans(), 80, true),
        ("spans, 40, ASCII", samples::spans(), 40, false),
    ];
    for (name, one, width, unicode) in cases {
        drawn.push_str(&format!("== {name}\n{}\n", chart(&screen(width, unicode), &one)));
    }
    assert!(drawn == include_str!("charts/known.txt"), "tests/charts/known.txt is not what is drawn now:\n{drawn}");
}

/// A chart with something that cannot be drawn in each series.
fn left_out() -> Chart {
    let gap = [(1.0, 1.0), (10.0, 10.0), (20.0, f64::NAN), (50.0, 0.0), (100.0, 40.0), (200.0, 60.0)];
    plane(
        "with a gap",
        axis("n", "", true),
        axis("", "ms", true),
        vec![
            series("line", Mark::Line, &gap),
            series("none", Mark::Dots, &[]),
            named("", Mark::Dots, &[("zero", 0.0, 1.0)]),
        ],
    )
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let told = |points: &[(f64, f64)]| {
        let one = plane("speed", axis("x", "", true), axis("y", "", false), vec![series("a", Mark::Line, points)]);
        let (drawn, svg) = (chart(&screen(100, true), &one), svg_file(&one, ""));
        xml::inside(&svg);
        (drawn, svg)
    };
    for (points, words) in [
        (&[][..], "a: no points"),
        (&[(1.0, f64::NAN), (f64::INFINITY, 1.0)][..], "a: 2 points without a number"),
        (&[(0.0, 1.0)][..], "a: 1 point at zero or below on a log axis"),
    ] {
        let (drawn, svg) = told(points);
        assert_eq!(drawn, format!("speed: {words}\n"));
        assert!(svg.contains(words), "{svg}");
    }
    let (drawn, svg) = told(&[(1.0, 5.0), (2.0, 5.0), (-2.0, 5.0)]);
    for text in [drawn, svg] {
        assert!(text.contains("not drawn: a: 1 point at zero or below on a log axis"), "{text}");
    }
    let none = Chart::Bars { title: "nothing".to_owned(), unit: String::new(), rows: Vec::new() };
    assert_eq!(chart(&screen(80, true), &none), "nothing: no values\n");
}

#[test]
fn one_point_and_equal_values_have_a_place() {
    for points in
        [&[(3.0, 7.0)][..], &[(0.0, 0.0)], &[(1.0, 5.0), (2.0, 5.0), (3.0, 5.0)], &[(-4.0, 1e12), (-4.0, 1e12)]]
    {
        let one = plane("", axis("x", "", false), axis("y", "", false), vec![series("", Mark::Dots, points)]);
        let places: std::collections::BTreeSet<String> = points.iter().map(|point| format!("{point:?}")).collect();
        let drawn = chart(&screen(60, true), &one);
        assert_eq!(drawn.matches('●').count(), places.len(), "{drawn}");
        assert_eq!(svg_file(&one, "").matches("<circle").count(), points.len());
    }
}

#[test]
fn series_are_told_apart_without_colour() {
    for unicode in [true, false] {
        let marks = [Mark::Line, Mark::Dots, Mark::Theory, Mark::Line, Mark::Theory];
        let all = marks
            .iter()
            .enumerate()
            .map(|(at, mark)| series(&format!("series{at}"), *mark, &[(0.0, at as f64), (9.0, 9.0)]));
        let drawn = chart(&screen(80, unicode), &plane("", axis("x", "", false), axis("", "", false), all.collect()));
        let legend: Vec<&str> = drawn.lines().filter(|line| line.contains("series")).collect();
        let pieces = legend.join("   ");
        let mut pieces: Vec<&str> =
            pieces.split("   ").filter_map(|entry| Some(entry.trim().rsplit_once(' ')?.0.trim())).collect();
        pieces.sort_unstable();
        pieces.dedup();
        assert_eq!(pieces.len(), marks.len(), "{drawn}");
    }
}

#[test]
fn colours_only_colour() {
    for one in samples::all() {
        let plain = chart(&screen(80, true), &one);
        let mut painted = chart(&Screen { color: true, ..screen(80, true) }, &one);
        assert!(painted.contains("\x1b[36m"), "{painted}");
        for code in ["0", "1", "2", "32", "36"] {
            painted = painted.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(painted, plain);
    }
}

#[test]
fn a_theory_of_a_measured_name_takes_its_colour() {
    let points = [(1.0, 1.0), (2.0, 2.0)];
    let all = vec![
        series("f16", Mark::Line, &points),
        series("int4", Mark::Line, &points),
        series("int4", Mark::Theory, &points),
    ];
    let one = plane("", axis("x", "", false), axis("y", "", false), all);
    assert!(svg_file(&one, "").contains("class=\"theory t0 s1\""));
    assert!(chart(&screen(80, true), &one).contains("int4, theory"));
}

#[test]
fn numbers_that_json_has_not_are_read_back() {
    for one in
        [left_out(), Chart::Bars { title: String::new(), unit: String::new(), rows: vec![("a".to_owned(), f64::NAN)] }]
    {
        let text = serde_json::to_string(&one).expect("it is written");
        assert!(text.contains("null"), "{text}");
        let back: Chart = serde_json::from_str(&text).expect("it is read");
        assert_eq!(chart(&screen(80, true), &back), chart(&screen(80, true), &one));
    }
}

#[test]
fn known_charts_are_xml_and_inside_their_frame() {
    for one in samples::all().iter().chain([&left_out()]) {
        let svg = svg_file(one, "a-lab, a-step, attempt 3, on linux x86_64");
        xml::inside(&svg);
        assert!(!svg.contains("var("), "colours are written out");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        Just("<&\"'>]]>\u{1b}[31m\n\u{0}\u{ffff}".to_owned()),
        Just("日本語のモデル".repeat(9)),
        "[a-z ]{0,12}"
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![prop::num::f64::ANY, 0.0..1e6, Just(0.0), Just(1.0), Just(f64::MAX), Just(f64::MIN_POSITIVE)]
}

fn any_axis() -> impl Strategy<Value = Axis> {
    (text(), text(), any::<bool>()).prop_map(|(label, unit, log)| Axis { label, unit, log })
}

fn any_series() -> impl Strategy<Value = Series> {
    let mark = prop_oneof![Just(Mark::Line), Just(Mark::Dots), Just(Mark::Theory)];
    let point =
        (value(), value(), prop_oneof![Just(String::new()), text()]).prop_map(|(x, y, label)| Point { x, y, label });
    (text(), mark, prop::collection::vec(point, 0..9)).prop_map(|(name, mark, points)| Series { name, mark, points })
}

fn any_chart() -> impl Strategy<Value = Chart> {
    let plane = (text(), any_axis(), any_axis(), prop::collection::vec(any_series(), 0..6))
        .prop_map(|(title, x, y, series)| Chart::Plane { title, x, y, series });
    let rows = || prop::collection::vec((text(), value()), 0..6);
    let bars = (text(), text(), rows()).prop_map(|(title, unit, rows)| Chart::Bars { title, unit, rows });
    let counts = prop_oneof![prop::collection::vec(any::<u64>(), 0..150), prop::collection::vec(0_u64..9, 0..9)];
    let histogram = (text(), text(), value(), value(), counts, rows())
        .prop_map(|(title, unit, low, high, counts, marks)| Chart::Histogram { title, unit, low, high, counts, marks });
    let span = (value(), value(), text()).prop_map(|(from, to, kind)| Span { from, to, kind });
    let lane = (text(), prop::collection::vec(span, 0..6)).prop_map(|(name, spans)| Lane { name, spans });
    let spans = (text(), text(), prop::collection::vec(lane, 0..6)).prop_map(|(title, unit, lanes)| Chart::Spans {
        title,
        unit,
        lanes,
    });
    prop_oneof![2 => plane, 1 => bars, 1 => histogram, 1 => spans]
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_screen(one in any_chart(), width in 20_usize..=120, unicode in any::<bool>()) {
        let drawn = chart(&screen(width, unicode), &one);
        for line in drawn.lines() {
            prop_assert!(display_width(line) <= width, "{} columns at {width}: {line:?}", display_width(line));
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
        prop_assert!(unicode || drawn.is_ascii(), "{drawn}");
    }

    #[test]
    fn every_picture_is_xml_inside_its_frame(one in any_chart(), source in text()) {
        xml::inside(&svg_file(&one, &source));
    }
}
