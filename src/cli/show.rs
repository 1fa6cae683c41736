//! `roadmap list` and `roadmap show`: topics and labs.

use super::context::Context;
use super::json;
use super::status::spent;
use crate::error::{Error, Result, nearest};
use crate::grading::Lab;
use crate::progress::A_DAY;
use crate::study::Study;
use crate::term::{Column, Paint, Screen, prose, table};
use serde_json::json;

/// Which topics `list` shows.
pub struct Filter<'a> {
    /// Only those that are open.
    pub open: bool,
    /// Only those that are done.
    pub done: bool,
    /// Only those that come back today.
    pub due: bool,
    /// Only those of this stage.
    pub stage: Option<u32>,
    /// Only those with this word in id, title or section.
    pub tag: Option<&'a str>,
}

impl Filter<'_> {
    fn keeps(&self, study: &Study<'_>, id: &str) -> bool {
        let Some((stage, section, topic)) = study.roadmap.topics().find(|(.., t)| t.id == id) else { return false };
        let words = format!("{} {} {}", topic.id, topic.title, section.title).to_lowercase();
        let done = study.topic_state(id) == "done";
        !(self.open && done || self.done && !done)
            && self.stage.is_none_or(|number| number == stage.number)
            && self.tag.is_none_or(|tag| words.contains(&tag.to_lowercase()))
    }
}

/// `roadmap list`.
pub fn list(context: &Context, filter: &Filter<'_>) -> Result<u8> {
    let study = context.study()?;
    if let Some(number) = filter.stage.filter(|n| study.roadmap.stages.iter().all(|s| s.number != *n)) {
        let known: Vec<String> = study.roadmap.stages.iter().map(|s| s.number.to_string()).collect();
        let hint = format!("the stages are {}", known.join(", "));
        return Err(Error::usage(format!("there is no stage {number}")).hint(hint));
    }
    let due: Vec<(String, Option<String>)> = match filter.due {
        true => {
            let now = jiff::Timestamp::now().as_millisecond();
            context.store.due(now, A_DAY)?.into_iter().map(|item| (item.lab, item.step)).collect()
        }
        false => Vec::new(),
    };
    // A card belongs to its whole lab, a step to the topics that it exercises.
    let comes_back = |id: &str| {
        let steps = study.labs_of(id);
        steps.iter().any(|(lab, steps)| {
            due.iter().any(|(slug, step)| {
                *slug == lab.slug() && step.as_ref().is_none_or(|step| steps.iter().any(|s| s.id == *step))
            })
        })
    };
    let kept = |id: &str| filter.keeps(&study, id) && (!filter.due || comes_back(id));
    if context.json {
        let topics: Vec<_> =
            study.roadmap.topics().filter(|(.., t)| kept(&t.id)).map(|(.., t)| json::topic(&study, &t.id)).collect();
        context.screen.print(&format!("{}\n", json!({"schema": json::SCHEMA, "topics": topics})));
        return Ok(0);
    }
    let screen = &context.screen;
    let mut out = String::new();
    for stage in &study.roadmap.stages {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for topic in stage.topics().filter(|t| kept(&t.id)) {
            let state = study.topic_state(&topic.id);
            let mark = match state {
                "done" => screen.paint(Paint::Good, "✓"),
                "started" => "~".to_owned(),
                _ => " ".to_owned(),
            };
            let labs: Vec<&str> = study.labs_of(&topic.id).iter().map(|(lab, _)| lab.slug()).collect();
            let labs = if labs.is_empty() {
                screen.paint(Paint::Dim, "no lab yet")
            } else {
                screen.paint(Paint::Name, labs.join(", "))
            };
            rows.push(vec![mark, topic.id.clone(), topic.title.clone(), labs]);
        }
        if !rows.is_empty() {
            let heading = screen.wrap("", "  ", &format!("Stage {}: {}", stage.number, stage.title));
            out.push_str(&format!("{}\n", screen.paint(Paint::Bold, heading)));
            out.push_str(&table(
                screen,
                &[Column::Left(""), Column::Left(""), Column::Left(""), Column::Left("")],
                rows,
            ));
            out.push('\n');
        }
    }
    if out.is_empty() {
        out = "no topic is of that kind\n".to_owned();
    }
    screen.print(&out);
    Ok(0)
}

/// `roadmap show TOPIC|LAB`. A name that is both shows both.
pub fn run(context: &Context, name: &str) -> Result<u8> {
    let study = context.study()?;
    let topic = study.roadmap.topic(name);
    let lab = context.labs.iter().find(|lab| lab.slug() == name);
    if topic.is_none() && lab.is_none() {
        let topics = study.roadmap.topics().map(|(.., t)| t.id.as_str());
        let names: Vec<&str> = topics.chain(context.labs.iter().map(|lab| lab.slug() as &str)).collect();
        let starting: Vec<&&str> = names.iter().filter(|n| n.starts_with(name)).collect();
        if let [only] = starting[..] {
            return run(context, only);
        }
        let error = Error::usage(format!("there is no topic or lab `{name}`"));
        return Err(match nearest(name, names) {
            Some(near) => error.hint(format!("did you mean: roadmap show {near}")),
            None => error.hint("see what there is: roadmap list"),
        });
    }
    if context.json {
        let object = json!({
            "schema": json::SCHEMA,
            "topic": topic.map(|t| topic_object(&study, &t.id)),
            "lab": lab.map(|l| lab_object(&study, l)),
        });
        context.screen.print(&format!("{object}\n"));
        return Ok(0);
    }
    let mut out = String::new();
    if topic.is_some() {
        out.push_str(&topic_page(&context.screen, &study, name));
    }
    if let Some(lab) = lab {
        out.push_str(&lab_page(&context.screen, &study, lab));
    }
    context.screen.print(&out);
    Ok(0)
}

fn topic_object(study: &Study<'_>, id: &str) -> serde_json::Value {
    let mut object = json::topic(study, id);
    if let Some(topic) = study.roadmap.topic(id) {
        object["what"] = json!(topic.what);
        object["why"] = json!(topic.why);
        object["needs"] = json!(topic.needs);
        object["unlocks"] = json!(study.unlocks(id).iter().map(|t| &t.id).collect::<Vec<_>>());
        object["sources"] = json!(topic.sources);
    }
    object
}

fn lab_object(study: &Study<'_>, lab: &Lab) -> serde_json::Value {
    let steps: Vec<_> = lab
        .manifest
        .steps
        .iter()
        .map(|s| {
            json!({
                "id": s.id, "kind": s.kind.word(), "title": s.title, "topics": s.topics, "optional": s.optional,
                "state": study.state(lab, &s.id).word(),
                "attempts": study.summary(lab.slug(), &s.id).map_or(0, |x| x.attempts),
            })
        })
        .collect();
    let functions: Vec<_> =
        lab.manifest.functions.iter().map(|f| json!({"rust": f.rust(), "python": f.python()})).collect();
    json!({
        "slug": lab.slug(), "title": lab.manifest.title, "about": lab.manifest.about, "minutes": lab.manifest.minutes,
        "needs": lab.manifest.needs, "steps": steps, "functions": functions, "sources": lab.manifest.sources,
    })
}

fn topic_page(screen: &Screen, study: &Study<'_>, id: &str) -> String {
    let Some((stage, section, topic)) = study.roadmap.topics().find(|(.., t)| t.id == id) else { return String::new() };
    let mut out = format!(
        "{}    topic {} of stage {}, {}\n\n",
        screen.paint(Paint::Bold, &topic.title),
        topic.id,
        stage.number,
        section.title
    );
    let mut field = |name: &str, text: String| {
        if !text.is_empty() {
            out.push_str(&format!("{}\n", screen.wrap(&format!("{name:<8} "), "         ", &text)));
        }
    };
    field("what", topic.what.clone());
    field("why", topic.why.clone());
    field("needs", topic.needs.join(", "));
    field("unlocks", study.unlocks(id).iter().map(|t| t.id.as_str()).collect::<Vec<_>>().join(", "));
    let labs = study.labs_of(id);
    if labs.is_empty() {
        field("labs", "no lab yet".to_owned());
    }
    for (lab, steps) in labs {
        let steps: Vec<String> =
            steps.iter().map(|s| format!("{} ({})", s.id, study.state(lab, &s.id).word())).collect();
        field("lab", format!("{}: {}", lab.slug(), steps.join(", ")));
    }
    let tried: u64 = study
        .labs_of(id)
        .iter()
        .flat_map(|(lab, steps)| steps.iter().filter_map(|s| study.summary(lab.slug(), &s.id)))
        .map(|summary| summary.attempts)
        .sum();
    field("yours", if tried == 0 { String::new() } else { format!("{tried} attempts; roadmap history shows them") });
    field("sources", topic.sources.join("; "));
    out.push('\n');
    out
}

fn lab_page(screen: &Screen, study: &Study<'_>, lab: &Lab) -> String {
    let mut out = format!(
        "{}    lab {}, about {} min\n\n",
        screen.paint(Paint::Bold, &lab.manifest.title),
        lab.slug(),
        lab.manifest.minutes
    );
    out.push_str(&format!("{}\n\n", screen.wrap("", "", &lab.manifest.about)));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for step in &lab.manifest.steps {
        let summary = study.summary(lab.slug(), &step.id);
        let mark = if study.state(lab, &step.id).done() { screen.paint(Paint::Good, "✓") } else { " ".to_owned() };
        let attempts = summary.map_or(0, |s| s.attempts);
        let title = if step.optional { format!("{} (optional)", step.title) } else { step.title.clone() };
        let time = spent(summary.map_or(0.0, |s| s.spent / 60.0));
        rows.push(vec![mark, step.id.clone(), step.kind.word().to_owned(), title, attempts.to_string(), time]);
    }
    let columns = [
        Column::Left(""),
        Column::Left("step"),
        Column::Left(""),
        Column::Left(""),
        Column::Right("attempts"),
        Column::Right("spent"),
    ];
    out.push_str(&table(screen, &columns, rows));
    out.push('\n');
    out.push_str(&prose(screen, lab.words().idea()));
    out.push('\n');
    if !lab.manifest.sources.is_empty() {
        out.push_str(&format!("{}\n", screen.wrap("sources  ", "         ", &lab.manifest.sources.join("; "))));
    }
    out
}
