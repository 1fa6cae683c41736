//! Every architecture expands; files that are wrong say where.

use super::{all, load, parse};
use crate::reference::flops::count;
use lab_sdk::Convention;
use std::collections::BTreeSet;

#[test]
fn every_architecture_expands_and_can_be_counted() {
    let nets = all().expect("the files read");
    let names: BTreeSet<&str> = nets.iter().map(|net| net.name.as_str()).collect();
    assert_eq!(names.len(), nets.len(), "two nets have one name");
    for net in &nets {
        let report = count(net, &Convention::default()).expect("it runs");
        println!("{} {} {}", net.name, report.params, report.macs);
        assert!(report.macs > 0);
        assert_eq!(load(&net.name).expect("it is found"), *net);
    }
}

#[test]
fn a_file_may_be_one_net_and_begin_with_a_mark() {
    let text = "\u{feff}name = \"mine\"\ninput = [2, 3]\nnode = [{ op = \"linear\", out = 4 }]";
    let nets = parse(text).expect("it reads");
    let report = count(&nets[0], &Convention::default()).expect("it runs");
    assert_eq!((nets[0].name.as_str(), report.macs, report.params), ("mine", 24, 16));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let said = |nodes: &str| {
        let text = format!("name = \"mine\"\ninput = [1, 3, 8, 8]\nnode = [{nodes}]");
        parse(&text).expect_err("it is wrong").to_string()
    };
    let cases = [
        ("{ op = \"conv2d\", out = 4, k = 3, g = 2 }", "mine, node 1: `conv2d`: 3 and 4 channels in 2 groups"),
        ("{ op = \"conv2d\", out = 4, k = 3, g = 0 }", "mine, node 1: `conv2d`: a size of 0"),
        ("{ op = \"warp\" }", "mine, node 1: warp: unknown variant `warp`"),
        ("{ op = \"linear\", out = 4, colour = 1 }", "mine, node 1: linear: unknown field `colour`"),
        ("{ op = \"add\", from = [\"a\", \"input\"] }, { op = \"act\", of = \"relu\", name = \"a\" }", "called `a`"),
        ("{ op = \"linear\", out = \"$d\" }", "mine, node 1: the net has no `d`"),
        ("{ block = \"separable\", out = 3, k = 1, s = 1, n = 1000000, act = \"relu\" }", "more than 20000 nodes"),
        ("{ op = \"reshape\", shape = [4294967296, 4294967296] }", "more than 2^64"),
        ("{ out = 4 }", "mine, node 1: wanted either `op` or `block`"),
    ];
    for (nodes, wanted) in cases {
        let got = said(nodes);
        assert!(got.contains(wanted), "{nodes}: {got}");
    }
}
