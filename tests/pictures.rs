//! Pictures of kernels that the simulator has run: fixed ones compared as text, and hostile ones that stay inside their
//! frame.

#[path = "pictures/kernels.rs"]
mod kernels;
#[path = "pictures/programs.rs"]
mod programs;
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
    for (name, trace) in programs::all() {
        for (width, unicode) in [(80, true), (40, false)] {
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

/// The pictures of programs say what their loads cost.
#[test]
fn what_programs_load_is_said() {
    let says = |kernel: &str| -> Vec<Vec<String>> {
        let (_, trace) = programs::all().into_iter().find(|(name, _)| *name == kernel).expect("a kernel");
        pictures(&trace, &kernels::source).iter().map(Picture::says).collect()
    };
    // (72, 80) by (80, 56) in tiles of 32: 3 x 3 tiles of a, 3 x 2 of b, and 3 x 2 programs with 3 steps of two loads.
    let [first, all] = says("a product of matrices").try_into().expect("two pictures");
    assert_eq!(first, ["the first program loads 6 different tiles: 3 of a + 3 of b"]);
    assert_eq!(
        all,
        [
            "the first 6 programs load 15 different tiles: 9 of a + 6 of b",
            "36 loads in all, 21 of them of a tile that was loaded before"
        ]
    );
    // 4 blocks of queries; program i loads the keys and values of i + 1 of 4 blocks: 4 + 2 x (1 + 2 + 3 + 4) = 24 loads of
    // 12 tiles.
    let [_, causal] = says("causal attention").try_into().expect("two pictures");
    assert_eq!(
        causal,
        [
            "the first 4 programs load 12 different tiles: 4 of q + 4 of k + 4 of v",
            "24 loads in all, 12 of them of a tile that was loaded before"
        ]
    );
    // Rows that are read twice are named.
    let [_, unfused] = says("a softmax that reads twice").try_into().expect("two pictures");
    assert_eq!(
        unfused[..2],
        [
            "the first 20 programs load 20 different tiles of x",
            "40 loads in all, 20 of them of a tile that was loaded before"
        ]
    );
    // What is gathered has no rectangle; what is added to has been read.
    let [gather] = says("a histogram").try_into().expect("one picture");
    assert_eq!(
        gather,
        ["the first program loads 1 different tile of x", "not drawn: 1 access that touches no rectangle of a matrix"]
    );
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
    let all = kernels::all().into_iter().chain(programs::all());
    let traces = all.flat_map(|(_, trace)| pictures(&trace, &kernels::source));
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

fn programs_trace() -> impl Strategy<Value = Value> {
    let part = (number(), number(), number(), number()).prop_map(
        |(first, rows, columns, pitch)| json!({"first": first, "rows": rows, "columns": columns, "pitch": pitch}),
    );
    let part = prop_oneof![part, Just(Value::Null)];
    let touch = (any::<[u8; 3]>(), 0_usize..5, prop_oneof![Just("Read"), Just("Write"), Just("Add")], part).prop_map(
        |(program, buffer, does, part)| json!({"program": program, "buffer": buffer, "does": does, "part": part}),
    );
    let buffer = (text(), number()).prop_map(|(name, len)| json!({"name": name, "len": len}));
    (prop::collection::vec(buffer, 0..5), prop::collection::vec(touch, 0..30), any::<bool>())
        .prop_map(|(buffers, accesses, cut)| json!({"buffers": buffers, "accesses": accesses, "cut": cut}))
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
        trace in prop_oneof![trace(), programs_trace()],
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
