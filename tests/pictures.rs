//! Pictures of kernels that the simulator has run: fixed ones compared as text, and hostile ones that stay inside their
//! frame.

#[path = "pictures/kernels.rs"]
mod kernels;
#[path = "charts/xml.rs"]
mod xml;

use proptest::prelude::*;
use roadmap::export::picture_file;
use roadmap::picture::{Cell, Picture, Tiles, pictures};
use roadmap::term::{Screen, picture};
use serde_json::{Value, json};
use textwrap::core::display_width;

fn screen(width: usize, unicode: bool) -> Screen {
    Screen { unicode, ..Screen::plain(width) }
}

fn tiles(group: usize) -> Picture {
    let order: Vec<(usize, usize)> = (0..9).map(|n| (n % group, n / group)).collect();
    let title = if group == 1 { "programs by row" } else { "programs in groups of three rows" };
    Picture::Tiles(Tiles::product(title, [9, 9, 9], &order))
}

#[test]
fn known_pictures_look_as_they_did() {
    let (mut drawn, tiled) = (String::new(), [tiles(1), tiles(3)]);
    for (name, trace) in kernels::all() {
        for (width, unicode) in [(80, true), (110, true), (40, false)] {
            let charset = if unicode { "" } else { ", ASCII" };
            drawn.push_str(&format!("== {name}, {width}{charset}\n"));
            for one in pictures(&trace, &kernels::source) {
                drawn.push_str(&format!("{}\n", picture(&screen(width, unicode), &one)));
            }
        }
    }
    for one in &tiled {
        drawn.push_str(&format!("== tiles, 80\n{}\n", picture(&screen(80, true), one)));
    }
    drawn.push_str(&format!("== tiles, 40, ASCII\n{}", picture(&screen(40, false), &tiled[1])));
    assert!(drawn == include_str!("pictures/known.txt"), "tests/pictures/known.txt is not what is drawn now:\n{drawn}");
}

/// What the pictures are for: each of these is seen at first sight.
#[test]
fn what_costs_is_seen() {
    let drawn = |kernel: &str| -> Vec<String> {
        let (_, trace) = kernels::all().into_iter().find(|(name, _)| *name == kernel).expect("a kernel");
        pictures(&trace, &kernels::source).iter().map(|one| picture(&screen(80, true), one)).collect()
    };
    // 32 blocks of which an eighth is asked for, against 4 full ones.
    let [strided] = drawn("a column of a matrix").try_into().expect("one picture");
    assert_eq!(strided.matches("█░░░░░░░").count(), 32, "{strided}");
    assert_eq!(strided.matches("████████").count(), 4, "{strided}");
    // One column over all rows of the strip, and nothing beside it.
    let [column] = drawn("a column of a shared tile").try_into().expect("one picture");
    let alone = |line: &&str| ["│██", "32 ┤██"].contains(&line.trim());
    assert_eq!(column.lines().filter(alone).count(), 7, "{column}");
    assert_eq!(drawn("a column of a padded tile"), [""; 0]);
    // Two bands, each half full.
    let [parted] = drawn("a branch that parts").try_into().expect("one picture");
    assert!(parted.contains(&format!("{}{}", "█".repeat(16), "·".repeat(16))), "{parted}");
    assert!(parted.contains(&format!("{}{}", "·".repeat(16), "█".repeat(16))), "{parted}");
}

#[test]
fn known_pictures_are_xml_and_inside_their_frame() {
    let traces = kernels::all().into_iter().flat_map(|(_, trace)| pictures(&trace, &kernels::source));
    for one in traces.chain([tiles(1), tiles(3)]) {
        let svg = picture_file(&one, "a-lab, a-step, on the simulator of an A100");
        xml::inside(&svg);
        assert!(!svg.contains("var("), "colours are written out");
    }
}

#[test]
fn colours_only_colour() {
    let traces = kernels::all().into_iter().flat_map(|(_, trace)| pictures(&trace, &kernels::source));
    for one in traces.chain([tiles(3)]) {
        let plain = picture(&screen(80, true), &one);
        let mut painted = picture(&Screen { color: true, ..screen(80, true) }, &one);
        assert!(painted.contains("\x1b["), "{painted}");
        for code in ["0", "1", "2", "31", "32", "36"] {
            painted = painted.replace(&format!("\x1b[{code}m"), "");
        }
        let ends = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(ends(&painted), ends(&plain));
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        Just("<&\"'>]]>\u{1b}[31m\n\u{0}\u{ffff}".to_owned()),
        Just("日本語のカーネル".repeat(9)),
        "[a-z ]{0,12}"
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0_u64..100, Just(u64::MAX), 0_u64..4096]
}

fn access() -> impl Strategy<Value = Value> {
    let lane = (0_u64..40, number(), number())
        .prop_map(|(lane, index, address)| json!({"lane": lane, "index": index, "address": address, "unit": 0}));
    let lanes = prop::collection::vec(lane, 0..40);
    (text(), text(), any::<[u32; 3]>(), any::<u32>(), any::<u32>(), lanes).prop_map(
        |(file, array, block, cost, least, lanes)| {
            let at = json!({"file": file, "line": cost, "column": 1});
            json!({"at": at, "block": block, "warp": least, "array": array, "store": cost % 2 == 0, "cost": cost,
            "least": least, "lanes": lanes})
        },
    )
}

fn trace() -> impl Strategy<Value = Value> {
    let issue = (0_u32..3, 0_u32..3, prop_oneof![0_u32..9, any::<u32>()], any::<u32>())
        .prop_map(|(warp, file, line, mask)| json!({"warp": warp, "file": file, "line": line, "mask": mask}));
    let issues = prop::collection::vec(issue, 0..90);
    (prop::collection::vec(text(), 0..4), issues, any::<bool>(), access(), access()).prop_map(
        |(files, issues, cut, global, shared)| {
            json!({"files": files, "issues": issues, "cut": cut, "global": global, "shared": shared})
        },
    )
}

fn any_tiles() -> impl Strategy<Value = Picture> {
    let order = prop::collection::vec((0_usize..50, 0_usize..150), 0..30);
    (text(), [0_usize..50, 0_usize..9, 0_usize..150], order, text()).prop_map(|(title, sides, order, name)| {
        let mut tiles = Tiles::product(&title, sides, &order);
        tiles.sheets[1].name = name;
        tiles.sheets[0].set(0, 0, Cell::Written(12_345));
        Picture::Tiles(tiles)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_line_is_wider_than_the_screen(
        trace in trace(),
        tiles in any_tiles(),
        source in text(),
        width in 20_usize..=200,
        unicode in any::<bool>(),
    ) {
        for one in pictures(&trace, &|_, _| Some(source.clone())).iter().chain([&tiles]) {
            xml::inside(&picture_file(one, &source));
        }
        for one in pictures(&trace, &|_, _| Some(source.clone())).iter().chain([&tiles]) {
            let drawn = picture(&screen(width, unicode), one);
            for line in drawn.lines() {
                prop_assert!(display_width(line) <= width, "{} columns at {width}: {line:?}", display_width(line));
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
            prop_assert!(unicode || drawn.is_ascii(), "{drawn}");
        }
    }
}
