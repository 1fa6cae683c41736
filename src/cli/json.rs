//! The JSON objects of lab-contract.md section 9, in one place: what scripts read must not drift.

use crate::error::Error;
use crate::grading::Lab;
use crate::study::{Count, Proposal, Standing, Study};
use crate::verdict::Graded;
use serde_json::{Value, json};
use std::path::Path;

/// The schema number in each object.
pub const SCHEMA: u32 = 1;

/// What stands on stdout when a command could not do its work.
pub fn error(error: &Error) -> Value {
    json!({"schema": SCHEMA, "error": {"code": error.code.word(), "message": error.message, "hint": error.hint}})
}

/// One checked step.
pub fn graded(graded: &Graded) -> Value {
    let first = graded.named.first();
    json!({
        "step": graded.step,
        "kind": graded.kind.word(),
        "verdict": graded.verdict.word(),
        "checks": {"passed": graded.passed, "total": graded.total},
        "inputs": graded.inputs,
        "seconds": graded.seconds,
        "seed": format!("{:x}", graded.seed),
        "misconception": first.map(|named| json!({"id": named.id, "says": named.says})),
        "findings": graded.verdict.findings(),
        "floor_ratio": graded.floor_ratio,
        "questions": graded.questions,
        "measurements": graded.measurements,
    })
}

/// `lab`.
pub fn lab(
    study: &Study<'_>,
    lab: &Lab,
    language: &str,
    answer: &Path,
    seed: Option<String>,
    checked: &[Graded],
) -> Value {
    let steps: Vec<Value> = lab
        .manifest
        .steps
        .iter()
        .map(|step| {
            let state = study.state(lab, &step.id).word();
            json!({"id": step.id, "kind": step.kind.word(), "state": state, "optional": step.optional})
        })
        .collect();
    let seed = seed.or_else(|| checked.first().map(|graded| format!("{:x}", graded.seed)));
    json!({
        "schema": SCHEMA, "lab": lab.slug(), "language": language, "answer": answer, "seed": seed, "steps": steps,
        "checked": checked.iter().map(graded).collect::<Vec<_>>(),
    })
}

/// One topic, as in `list`.
pub fn topic(study: &Study<'_>, id: &str) -> Value {
    let Some((stage, section, topic)) = study.roadmap.topics().find(|(.., t)| t.id == id) else { return Value::Null };
    let labs: Vec<Value> = study
        .labs_of(id)
        .iter()
        .flat_map(|(lab, steps)| steps.iter().map(|step| json!({"slug": lab.slug(), "step": step.id})))
        .collect();
    json!({
        "id": topic.id, "title": topic.title, "stage": stage.number, "section": section.title, "covers": topic.covers,
        "phase": study.roadmap.phase_of(stage.number).map(|p| p.number), "labs": labs, "state": study.topic_state(id),
    })
}

/// `status`.
pub fn status(study: &Study<'_>) -> Value {
    let phases: Vec<Value> = study
        .phases()
        .iter()
        .map(|(phase, standing)| {
            let mut object = standing_of(standing);
            object["id"] = json!(phase.number);
            object["title"] = json!(phase.title);
            object["weeks"] = json!(phase.weeks);
            object["stage"] = json!(phase.stage);
            object
        })
        .collect();
    let stages: Vec<Value> = study
        .roadmap
        .stages
        .iter()
        .map(|stage| {
            let mut object = standing_of(&study.standing(stage));
            object["id"] = json!(stage.id);
            object["title"] = json!(stage.title);
            object["weeks"] = json!(study.roadmap.phase_of(stage.number).map(|p| p.weeks));
            object["stage"] = json!(stage.number);
            object
        })
        .collect();
    json!({"schema": SCHEMA, "phases": phases, "stages": stages})
}

fn standing_of(standing: &Standing) -> Value {
    let steps = |count: Count| json!({"passed": count.passed, "total": count.total});
    json!({
        "steps": steps(standing.steps),
        "topics": {"done": standing.topics.passed, "total": standing.topics.total},
        "minutes": (standing.minutes * 10.0).round() / 10.0,
    })
}

/// `next`.
pub fn next(proposals: &[Proposal]) -> Value {
    let object = |p: &Proposal| json!({"lab": p.lab, "step": p.step, "why": p.why, "minutes": p.minutes});
    json!({
        "schema": SCHEMA,
        "next": proposals.first().map(object),
        "or": proposals.iter().skip(1).map(object).collect::<Vec<_>>(),
    })
}

/// What the store keeps of a check: the object of `--json`, and what the screen showed beside it.
pub fn stored(graded: &Graded) -> Value {
    let mut object = self::graded(graded);
    object["predicted"] = json!(graded.predicted);
    object["charts"] = json!(graded.charts);
    object["remarks"] = json!(graded.remarks);
    object
}
