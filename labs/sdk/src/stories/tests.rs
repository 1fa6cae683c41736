//! The claims of `stories`: the text tells every choice, what returns is forced, the splits never meet.

use super::draw::{Piece, alternatives, charge, held_out, pieces, table_of};
use super::grammar::{COMPUTED, SLOTS, TABLES};
use super::{CALIBRATION_SEED, Split, TEST_SEED, TRAIN_SEED, Text, stories};
use std::collections::HashSet;

/// What every alternative of a table may begin with: a literal, or the values of one table.
fn heads(table: &str) -> Vec<Option<&'static str>> {
    let first = |template: &&'static str| match pieces(template).into_iter().next() {
        Some(Piece::Literal(words)) => Some(words),
        _ => None,
    };
    alternatives(table).iter().map(first).collect()
}

#[test]
fn text_tells_which_alternative_was_drawn() {
    for (table, templates) in TABLES.iter().filter(|(_, templates)| templates.len() > 1) {
        let heads = heads(table);
        if heads.iter().all(Option::is_none) {
            // Slots of one table never hold the same words, and no name begins another.
            let drawn_from: HashSet<&str> = templates.iter().map(|template| first_slot(template)).collect();
            assert_eq!(drawn_from, HashSet::from(["name"]), "{table}");
            continue;
        }
        for (i, a) in heads.iter().enumerate() {
            for (j, b) in heads.iter().enumerate().filter(|(j, _)| *j != i) {
                let (a, b) = (a.expect("a literal beside literals"), b.expect("a literal beside literals"));
                assert!(!b.starts_with(a), "{table}: `{a}` ({i}) begins `{b}` ({j})");
            }
        }
    }
}

fn first_slot(template: &'static str) -> &'static str {
    match pieces(template).first() {
        Some(Piece::Slot(slot)) => table_of(slot),
        other => panic!("{template} begins with {other:?}"),
    }
}

#[test]
fn every_place_is_there_and_every_table_is_used() {
    let mut used = HashSet::from(["story"]);
    for template in TABLES.iter().flat_map(|(_, templates)| templates.iter()) {
        assert!(template.is_ascii());
        for piece in pieces(template) {
            match piece {
                Piece::Literal(words) => assert!(!words.contains(['<', '>', '{', '}']), "{template}"),
                Piece::Fresh(table) => assert!(used.insert(table) || !alternatives(table).is_empty(), "{table}"),
                Piece::Slot(slot) if COMPUTED.iter().any(|(name, _)| *name == slot) => {}
                Piece::Slot(slot) => assert!(used.insert(table_of(slot)) || !table_of(slot).is_empty(), "{slot}"),
            }
        }
    }
    let tables: HashSet<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    assert_eq!(used, tables);
    assert!(SLOTS.iter().all(|(_, table)| tables.contains(table)));
}

#[test]
fn same_seed_same_text_and_a_longer_one_continues() {
    let text = stories(7, Split::Train, 20_000);
    let start = stories(7, Split::Train, 999);
    assert!((&text.bytes[..999], &text.bits[..999]) == (&start.bytes[..], &start.bits[..]));
    assert!(text.bytes[..999] != stories(8, Split::Train, 999).bytes[..]);
    assert_eq!((text.bytes.len(), text.bits.len()), (20_000, 20_000));
    assert!(text.bytes.iter().all(|&byte| byte == b'\n' || (b' '..=b'~').contains(&byte)));
    assert_eq!(stories(7, Split::Train, 0).entropy(), 0.0);
}

#[test]
fn spans_are_whole_stories_of_the_promised_length() {
    let text = stories(5, Split::HeldOut, 300_000);
    let spans = text.spans();
    assert_eq!(spans.iter().map(|span| span.len()).sum::<usize>(), 300_000);
    let (cut, whole) = spans.split_last().expect("stories");
    assert!(!text.bytes[cut.clone()].ends_with(b"\n\n"));
    for span in whole {
        assert!(text.bytes[span.clone()].ends_with(b"\n\n"));
        assert!((500..=750).contains(&span.len()), "{} bytes", span.len());
    }
}

#[test]
fn a_choice_costs_the_logarithm_of_its_alternatives() {
    for (table, templates) in TABLES {
        for head in heads(table).into_iter().flatten() {
            let all: Vec<Vec<u8>> = heads(table).into_iter().flatten().map(|head| head.as_bytes().to_vec()).collect();
            let mut text = Text { bytes: head.into(), bits: vec![0.0; head.len()] };
            charge(&all, &mut text);
            let bits = text.entropy() * head.len() as f64;
            assert!((bits - (templates.len() as f64).log2()).abs() < 1e-5, "{table}: {bits} bits");
        }
    }
}

#[test]
fn entropy_is_that_of_the_seeds_in_the_model_cards() {
    for (seed, split) in [(TRAIN_SEED, Split::Train), (CALIBRATION_SEED, Split::Train), (TEST_SEED, Split::HeldOut)] {
        let text = stories(seed, split, 400_000);
        assert!((0.30..0.33).contains(&text.entropy()), "{}", text.entropy());
        assert!(text.bits.iter().all(|bits| (0.0..=6.0).contains(bits)));
    }
}

/// What follows `before` in a story up to `after`, and where it begins.
fn between<'a>(story: &'a str, before: &str, after: &str) -> Option<(usize, &'a str)> {
    let start = story.find(before)? + before.len();
    let length = story[start..].find(after)?;
    Some((start, &story[start..start + length]))
}

#[test]
fn what_returns_is_forced_and_right() {
    let text = stories(TEST_SEED, Split::HeldOut, 200_000);
    let mut kinds = HashSet::new();
    for span in text.spans().into_iter().filter(|span| text.bytes[span.clone()].ends_with(b"\n\n")) {
        let story = String::from_utf8(text.bytes[span.clone()].to_vec()).unwrap();
        let free = |(start, words): (usize, &str)| {
            let bits: f32 = text.bits[span.start + start..][..words.len()].iter().sum();
            assert_eq!(bits, 0.0, "`{words}` of {story}");
        };
        let sum = between(&story, " = ", ".").expect("a sum");
        let (_, line) = between(&story, "\n", ".").expect("what they have");
        let words: Vec<&str> = line.split(' ').collect(); // Mona had 4 shells and Otto had 7
        let (a, b): (usize, usize) = (words[2].parse().unwrap(), words[7].parse().unwrap());
        assert_eq!(sum.1, (a + b).to_string());
        free(sum);
        let (at, door) = door(&story);
        let again = story[at + 3..].find(door).expect("the number returns") + at + 3;
        free((again, door));
        let refrain = story.trim_end().rfind(": \"").expect("a refrain") + 2;
        assert!(story[..refrain].contains(story[refrain..].trim_end()), "{story}");
        free((refrain, &story[refrain..]));
        if let Some(counted) = between(&story, "counted: ", ".") {
            assert_eq!(counted.1.split(", ").count(), b);
            free(counted);
            kinds.insert("count");
        }
        if let Some((_, gift)) = between(&story, " gave ", " to ") {
            let (left, _) = (between(&story, &format!("- {gift} = "), ".").unwrap(), kinds.insert("gift"));
            let had = if story.contains(&format!("{} gave", words[0])) { a } else { b };
            assert_eq!(left.1.parse(), Ok(had - gift.parse::<usize>().unwrap()));
            free(left);
        }
    }
    assert_eq!(kinds.len(), 2);
}

/// The first three digits in a row.
fn door(story: &str) -> (usize, &str) {
    let digits = |at: &usize| story.as_bytes()[*at..][..3].iter().all(u8::is_ascii_digit);
    let at = (0..story.len() - 3).find(digits).expect("a number");
    (at, &story[at..at + 3])
}

#[test]
fn no_combination_of_names_and_things_is_in_both_splits() {
    for (split, out) in [(Split::Train, false), (Split::HeldOut, true)] {
        let text = stories(9, split, 100_000);
        for span in text.spans().into_iter().filter(|span| text.bytes[span.clone()].ends_with(b"\n\n")) {
            let story = String::from_utf8(text.bytes[span].to_vec()).unwrap();
            let (_, line) = between(&story, "\n", ".").expect("what they have");
            let words: Vec<&str> = line.split(' ').collect();
            let towns = [" lived in ", " came to ", " left "].map(|before| between(&story, before, "."));
            let old = between(&story, &format!("Old {} of ", words[0]), " ");
            let (_, town) = old.or(towns.into_iter().flatten().next()).expect("a town");
            assert_eq!(held_out([words[0], words[5], town, words[3]].map(str::as_bytes)), out, "{story}");
        }
    }
}
