//! Hostile input is refused in words and never panics; what is written is read back as it was.

#[path = "properties/shrinking.rs"]
mod shrinking;

use lab_sdk::wire::{Frame, HEADER, body_length};
use lab_sdk::{Device, I8, Tensor, Value};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use roadmap::curriculum::Roadmap;
use roadmap::grading::{Rule, Seed, compare, parse_number, plain};
use roadmap::lab::{Manifest, Type};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|v| Value::Int(v.into())),
        any::<f64>().prop_map(Value::Float),
        ".{0,12}".prop_map(Value::Str),
        prop::collection::vec(any::<f32>(), 0..9).prop_map(Value::F32s),
        prop::collection::vec(any::<i32>(), 0..9).prop_map(Value::I32s),
        prop::collection::vec(any::<usize>(), 0..9).prop_map(Value::Usizes),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::Bytes),
        prop::collection::vec(any::<i8>(), 0..9).prop_map(|v| Value::I8(I8 { shape: vec![v.len()], data: v })),
        prop::collection::vec(any::<f32>(), 6..7)
            .prop_map(|v| Value::Tensor(Tensor::from_vec(v, (2, 3), &Device::Cpu).expect("six values"))),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Tuple),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..3).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn frames_come_back_as_they_were(values in prop::collection::vec(value(), 0..5)) {
        let bytes = Frame::new("call", "f").with(values.clone()).encode().expect("it encodes");
        let header: [u8; HEADER] = bytes[..HEADER].try_into().expect("a header");
        prop_assert_eq!(body_length(&header).expect("a length") as usize, bytes.len() - HEADER);
        let back = Frame::decode(&bytes[HEADER..]).expect("it decodes");
        prop_assert_eq!(back.text("call"), Some("f"));
        for (a, b) in back.values.iter().zip(&values) {
            prop_assert!(compare(Rule::Exact, a, b, 0.0).is_none(), "{:?} became {:?}", b, a);
        }
    }

    #[test]
    fn a_damaged_frame_is_refused(
        values in prop::collection::vec(value(), 0..3), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let bytes = Frame::new("call", "f").with(values).encode().expect("it encodes");
        let mut body = bytes[HEADER..].to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        let _ = Frame::decode(&body);
        let _ = Frame::decode(&body[..cut.index(body.len())]);
    }

    #[test]
    fn typed_numbers_never_panic(text in "\\PC{0,16}", unit in "(B|dB|%|ms|)") {
        let _ = parse_number(&text, &unit);
        let _ = Seed::parse(&text);
    }

    #[test]
    fn a_number_that_was_printed_is_read_back(value in -1e12f64..1e12) {
        let read = parse_number(&format!("{value}"), "").expect("a number");
        prop_assert!((read - value).abs() <= value.abs() * 1e-15);
    }

    #[test]
    fn types_and_toml_never_panic(text in "\\PC{0,40}") {
        let _ = Type::parse(&text);
        let _ = Manifest::parse("a-lab", &text);
        let _ = Roadmap::parse([("1.toml", text.as_str()), ("phases.toml", text.as_str())]);
    }
}

#[test]
fn a_number_of_any_size_is_printed_and_read_back_in_its_unit() {
    let mut runner = TestRunner::default();
    let drawn = (any::<f64>(), prop::sample::select(vec!["", "B", "dB", "%", "ms"]));
    let read_back = |(value, unit): (f64, &str)| {
        prop_assume!(value.is_finite());
        prop_assert_eq!(parse_number(&plain(value, 17), unit), Ok(value));
        Ok(())
    };
    runner.run(&drawn, read_back).expect("it is read back");
}

#[test]
fn a_tensor_of_a_frame_stands_for_one_value() {
    let bytes = |n| Value::Bytes(vec![n; 4]);
    let frame = Frame::new("call", "f").with(vec![bytes(1), bytes(2)]).encode().expect("it encodes");
    let mut body = frame[HEADER..].to_vec();
    let second = body.windows(4).position(|four| four == br#"t1\""#).expect("where the second value names its tensor");
    body[second + 1] = b'0';
    let why = Frame::decode(&body).expect_err("it is refused").to_string();
    assert!(why.contains("`t0` stands for two values"), "{why}");
}

#[test]
fn a_frame_is_no_larger_than_its_stream() {
    let lying = [b"RMAPwire".as_slice(), &u64::MAX.to_le_bytes(), b"{}"].concat();
    let why = Frame::read(&mut lying.as_slice()).expect_err("it is cut short").to_string();
    assert!(why.contains("2 of 18446744073709551615 bytes came"), "{why}");
    assert!(Frame::read(&mut [].as_slice()).expect("the end").is_none());
}

#[test]
fn a_limit_is_a_time_and_a_type_is_short() {
    let manifest = |limit: &str| {
        Manifest::parse("a", &format!("title = \"a\"\nabout = \"a\"\nminutes = 1\nstep = []\nlimit_s = {limit}\n"))
    };
    assert!(manifest("3600.0").is_ok());
    for limit in ["-1.0", "0.0", "nan", "inf", "1e300"] {
        let problem = manifest(limit).expect_err("it is no limit");
        assert!(problem.what.starts_with("`limit_s` is"), "{problem:?}");
        assert_eq!((problem.line, problem.offending), (5, format!("limit_s = {limit}")));
    }
    let step = |limit: &str| {
        let head = "title = \"a\"\nabout = \"a\"\nminutes = 1\n\n";
        let step = "[[step]]\nid = \"a\"\nkind = \"build\"\ntitle = \"a\"\ntopics = []\n";
        Manifest::parse("a", &format!("{head}{step}limit_s = 5\n{}{step}limit_s = {limit}\n", "\n"))
    };
    assert!(step("1").is_err_and(|problem| problem.what == "there are two steps called `a`"));
    let problem = step("-1").expect_err("it is no limit");
    assert_eq!((problem.line, problem.offending.as_str()), (17, "limit_s = -1"), "{problem:?}");
    assert!(Type::parse(&"(".repeat(100_000)).expect_err("too long").contains("at most 256"));
}
