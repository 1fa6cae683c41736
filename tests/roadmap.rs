//! The roadmap as data: every item of the plan is covered, once and verbatim; what is broken is said with its line.

use roadmap::curriculum::{Problem, Roadmap};
use roadmap::labs;
use std::collections::BTreeMap;

const PLAN: &str = include_str!("../roadmap/seed.txt");

fn embedded() -> Roadmap {
    labs::roadmap(None).expect("the embedded roadmap")
}

/// `(stage number, item)` of each bullet of the plan.
fn items() -> Vec<(u32, String)> {
    let mut stage = 0;
    let mut items = Vec::new();
    for line in PLAN.lines() {
        if let Some(rest) = line.strip_prefix("## STAGE ") {
            stage = rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a stage number");
        }
        if let Some(item) = line.strip_prefix("- ") {
            items.push((stage, item.trim().to_owned()));
        }
    }
    items
}

#[test]
fn every_item_of_the_plan_is_covered_once_and_verbatim() {
    let roadmap = embedded();
    let mut covered: BTreeMap<(u32, String), Vec<&str>> = BTreeMap::new();
    for (stage, _, topic) in roadmap.topics() {
        for item in &topic.covers {
            covered.entry((stage.number, item.clone())).or_default().push(&topic.id);
        }
    }
    for item in items() {
        let topics = covered.remove(&item).unwrap_or_default();
        assert_eq!(topics.len(), 1, "{item:?} is covered by {topics:?}");
    }
    assert!(covered.is_empty(), "not in the plan: {covered:?}");
}

#[test]
fn phases_have_the_weeks_and_words_of_the_plan() {
    let roadmap = embedded();
    let headings: Vec<&str> = PLAN.lines().filter_map(|line| line.strip_prefix("### **Phase ")).collect();
    assert_eq!(roadmap.phases.len(), headings.len());
    for (phase, heading) in roadmap.phases.iter().zip(headings) {
        assert!(heading.contains(&phase.title), "{heading} has another title than {}", phase.title);
        let [least, most] = phase.weeks;
        let weeks = if least == most { format!("({least} weeks)") } else { format!("({least}–{most} weeks)") };
        assert!(heading.contains(&weeks), "{heading} has other weeks than {weeks}");
        assert!(PLAN.lines().any(|line| line.trim() == phase.line), "not a line of the plan: {}", phase.line);
    }
}

#[test]
fn the_order_of_study_respects_what_topics_need() {
    let roadmap = embedded();
    let order = roadmap.study_order();
    for (.., topic) in roadmap.topics() {
        let place = |id: &str| order.iter().position(|o| *o == id).expect("every topic is in the order");
        for needed in &topic.needs {
            assert!(place(needed) < place(&topic.id), "`{}` comes before `{needed}`, which it needs", topic.id);
        }
    }
}

#[test]
fn every_lab_names_topics_that_exist() {
    let roadmap = embedded();
    for lab in labs::all().expect("labs") {
        for step in &lab.manifest.steps {
            for id in step.topics.iter().chain(&lab.manifest.needs) {
                assert!(
                    roadmap.topic(id).is_some(),
                    "labs/{} names the topic `{id}`, which does not exist",
                    lab.slug()
                );
            }
        }
    }
}

const STAGE: &str = r#"
number = 1
id = "one"
title = "One"
about = "."
[[section]]
title = "A"
[[section.topic]]
id = "a"
title = "A"
what = "."
why = "."
[[section.topic]]
id = "b"
title = "B"
what = "."
why = "."
needs = ["a"]
"#;

const PHASES: &str = r#"
[[phase]]
number = 1
stage = 1
title = "One"
weeks = [1, 2]
line = "."
order = ["a", "b"]
"#;

fn broken(stage: &str, phases: &str) -> String {
    let problem: Result<Roadmap, Problem> = Roadmap::parse([("1.toml", stage), ("phases.toml", phases)]);
    problem.map_or_else(|p| p.to_string(), |_| "it loads".to_owned())
}

#[test]
fn a_small_roadmap_loads() {
    assert_eq!(broken(STAGE, PHASES), "it loads");
}

#[test]
fn what_is_broken_is_said_with_file_line_and_text() {
    let cases = [
        (STAGE.replace("id = \"b\"", "id = \"a\""), PHASES.to_owned(), "1.toml:14:7: there are two topics called `a`"),
        (
            STAGE.replace("needs = [\"a\"]", "needs = [\"aa\"]"),
            PHASES.to_owned(),
            "1.toml:18:11: `b` needs `aa`, which is no topic; did you mean `a`?",
        ),
        (
            STAGE.replace("why = \".\"\n[[", "why = \".\"\nneeds = [\"b\"]\n[["),
            PHASES.to_owned(),
            "1.toml:9:7: `needs` goes round in a circle: a -> b -> a",
        ),
        (STAGE.replace("what", "whta"), PHASES.to_owned(), "1.toml:11:1: unknown key `whta`; did you mean `what`?"),
        (
            STAGE.to_owned(),
            PHASES.replace("[1, 2]", "[3, 2]"),
            "phases.toml:6:1: phase 1 takes at least 3 and at most 2 weeks (at `weeks = [3, 2]`)",
        ),
        (
            STAGE.to_owned(),
            PHASES.replace("\"a\", \"b\"", "\"a\", \"c\""),
            "phases.toml:8:16: `c` is no topic of stage 1",
        ),
        (
            STAGE.to_owned(),
            PHASES.replace("\"a\", \"b\"", "\"a\""),
            "phases.toml:3:4: the order of phase 1 leaves out `b`",
        ),
        (
            STAGE.to_owned(),
            PHASES.replace("stage = 1", "stage = 2"),
            "phases.toml:3:1: phase 1 schedules stage 2, which does not exist",
        ),
        ("number = ".to_owned(), PHASES.to_owned(), "1.toml:1:"),
    ];
    for (stage, phases, says) in cases {
        let said = broken(&stage, &phases);
        assert!(said.starts_with(says), "wanted `{says}`\n   got `{said}`");
    }
}

#[test]
fn the_example_in_the_documentation_loads() {
    let page = include_str!("../docs/own-roadmap.md");
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [stage, phases] = blocks[..] else { panic!("two examples, found {}", blocks.len()) };
    assert_eq!(broken(stage, phases), "it loads");
}
