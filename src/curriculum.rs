//! The roadmap as data: stages, sections, topics, phases. Parsing and its refusals; no files are opened here.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The whole way.
#[derive(Clone, Debug)]
pub struct Roadmap {
    /// By number.
    pub stages: Vec<Stage>,
    /// By number.
    pub phases: Vec<Phase>,
}

/// One stage of study.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// 1 and up.
    pub number: u32,
    /// Kebab-case.
    pub id: String,
    /// As in the plan.
    pub title: String,
    /// What you can do afterwards.
    pub about: String,
    /// In order.
    #[serde(rename = "section")]
    pub sections: Vec<Section>,
}

/// A group of topics.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// As in the plan.
    pub title: String,
    /// In order.
    #[serde(rename = "topic")]
    pub topics: Vec<Topic>,
}

/// One thing to master.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Kebab-case, unique over all stages.
    pub id: String,
    /// Short.
    pub title: String,
    /// What it is.
    pub what: String,
    /// Why an engineer needs it.
    pub why: String,
    /// Items of the plan, verbatim.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Topics that come first.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Papers and documents.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// A stage seen as a schedule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// 1 and up.
    pub number: u32,
    /// The stage that it schedules.
    pub stage: u32,
    /// As in the plan.
    pub title: String,
    /// Least and most weeks.
    pub weeks: [u32; 2],
    /// The plan's own line.
    pub line: String,
    /// All topics of the stage, in the order of study.
    pub order: Vec<String>,
}

/// `phases.toml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhasesFile {
    /// By number.
    pub phase: Vec<Phase>,
}

/// Why data cannot be used: file, line, the offending text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as the learner knows it.
    pub file: String,
    /// 1 and up.
    pub line: usize,
    /// 1 and up, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// The text that it is wrong at.
    pub offending: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)?;
        if self.offending.is_empty() || self.what.contains(&format!("`{}`", self.offending)) {
            return Ok(());
        }
        write!(f, " (at `{}`)", self.offending)
    }
}

impl From<Problem> for crate::error::Error {
    fn from(problem: Problem) -> Self {
        crate::error::Error::usage(problem.to_string()).hint(format!("mend line {} of {}", problem.line, problem.file))
    }
}

impl Problem {
    /// The same, with the column where the offending text begins in its line of `text`.
    pub fn located(mut self, text: &str) -> Self {
        let line = text.lines().nth(self.line.saturating_sub(1)).unwrap_or_default();
        let quoted = format!("\"{}\"", self.offending);
        let at = line.find(&quoted).map(|at| at + 1).or_else(|| line.find(&self.offending));
        self.column = at.map_or(1, |at| line[..at].chars().count() + 1);
        self
    }
}

/// A TOML error as a [`Problem`] in `file`.
pub fn toml_problem(file: &str, text: &str, error: &toml::de::Error) -> Problem {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let offending = text.lines().nth(line - 1).unwrap_or_default().trim().to_owned();
    let what = unknown_key(error.message().lines().next().unwrap_or_default());
    Problem { file: file.to_owned(), line, column, what, offending }
}

/// serde's `unknown field` with the nearest known key in place of all of them.
fn unknown_key(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match (message.starts_with("unknown field"), &names[..]) {
        (true, [unknown, known @ ..]) => match crate::error::nearest(unknown, known.iter().copied()) {
            Some(near) => format!("unknown key `{unknown}`; did you mean `{near}`?"),
            None => format!("unknown key `{unknown}`; the keys here are {}", known.join(", ")),
        },
        _ => message.to_owned(),
    }
}

/// The first line of `text` that holds `needle` as a TOML string, 1 if none does.
pub fn line_of(text: &str, needle: &str) -> usize {
    let quoted = format!("\"{needle}\"");
    text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1)
}

/// The line where `id` is declared (`id = "..."`), or where it first stands.
fn declared(text: &str, id: &str, last: bool) -> usize {
    let is_declaration = |line: &str| {
        let mut halves = line.splitn(2, '=');
        let key = halves.next().unwrap_or_default().trim();
        let value = halves.next().unwrap_or_default();
        matches!(key, "id" | "number") && (value.contains(&format!("\"{id}\"")) || value.trim() == id)
    };
    let mut lines = text.lines().enumerate().filter(|(_, line)| is_declaration(line));
    let found = if last { lines.last() } else { lines.next() };
    found.map_or_else(|| line_of(text, id), |(at, _)| at + 1)
}

impl Roadmap {
    /// Reads the roadmap from `(file name, text)` pairs: `phases.toml`, and one TOML file a stage.
    pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Problem> {
        let mut stages: Vec<(Stage, &str, &str)> = Vec::new();
        let mut phases: Option<(Vec<Phase>, &str, &str)> = None;
        for (file, text) in files {
            if file.ends_with("phases.toml") {
                let read: PhasesFile = toml::from_str(text).map_err(|e| toml_problem(file, text, &e))?;
                phases = Some((read.phase, file, text));
            } else {
                stages.push((toml::from_str(text).map_err(|e| toml_problem(file, text, &e))?, file, text));
            }
        }
        stages.sort_by_key(|(stage, ..)| stage.number);
        let Some((mut phases, file, text)) = phases else {
            let what = "there is no phases.toml in this roadmap".to_owned();
            return Err(Problem { file: "phases.toml".to_owned(), line: 1, column: 1, what, offending: String::new() });
        };
        check_stages(&stages).map_err(|problem| {
            let text = stages.iter().find(|(_, file, _)| *file == problem.file).map_or("", |(.., text)| text);
            problem.located(text)
        })?;
        check_phases(&phases, &stages, file, text).map_err(|problem| problem.located(text))?;
        phases.sort_by_key(|phase| phase.number);
        Ok(Self { stages: stages.into_iter().map(|(stage, ..)| stage).collect(), phases })
    }

    /// Every topic, with its stage and section, in the order of the files.
    pub fn topics(&self) -> impl Iterator<Item = (&Stage, &Section, &Topic)> {
        self.stages.iter().flat_map(|stage| {
            stage
                .sections
                .iter()
                .flat_map(move |section| section.topics.iter().map(move |topic| (stage, section, topic)))
        })
    }

    /// The topic called `id`.
    pub fn topic(&self, id: &str) -> Option<&Topic> {
        self.topics().map(|(.., topic)| topic).find(|topic| topic.id == id)
    }

    /// The stage that a topic belongs to.
    pub fn stage_of(&self, topic: &str) -> Option<&Stage> {
        self.topics().find(|(.., t)| t.id == topic).map(|(stage, ..)| stage)
    }

    /// The phase that schedules `stage`.
    pub fn phase_of(&self, stage: u32) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.stage == stage)
    }

    /// All topics in the order of study: phase by phase, then the stages without a phase.
    pub fn study_order(&self) -> Vec<&str> {
        let scheduled: Vec<&str> =
            self.phases.iter().flat_map(|phase| phase.order.iter().map(String::as_str)).collect();
        let rest =
            self.topics().filter(|(stage, ..)| self.phase_of(stage.number).is_none()).map(|(.., t)| t.id.as_str());
        scheduled.iter().copied().chain(rest).collect()
    }
}

impl Stage {
    /// The topics of all sections.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.sections.iter().flat_map(|section| &section.topics)
    }
}

fn check_stages(stages: &[(Stage, &str, &str)]) -> Result<(), Problem> {
    let problem = |file: &str, line: usize, what: String, offending: &str| {
        Err(Problem { file: file.to_owned(), line, column: 1, what, offending: offending.to_owned() })
    };
    let mut numbers = BTreeSet::new();
    let mut topics: BTreeMap<&str, &Topic> = BTreeMap::new();
    for (stage, file, text) in stages {
        if !numbers.insert(stage.number) {
            let (number, line) = (stage.number.to_string(), declared(text, &stage.number.to_string(), false));
            return problem(file, line, format!("there are two stages with number {number}"), &number);
        }
        for topic in stage.topics() {
            if topics.insert(&topic.id, topic).is_some() {
                let line = declared(text, &topic.id, true);
                return problem(file, line, format!("there are two topics called `{}`", topic.id), &topic.id);
            }
        }
    }
    for (stage, file, text) in stages {
        for topic in stage.topics() {
            if let Some(lost) = topic.needs.iter().find(|id| !topics.contains_key(id.as_str())) {
                let near = crate::error::nearest(lost, topics.keys().copied());
                let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                let what = format!("`{}` needs `{lost}`, which is no topic{near}", topic.id);
                return problem(file, line_of(text, lost), what, lost);
            }
            if let Some(path) = cycle(&topic.id, &topics) {
                let what = format!("`needs` goes round in a circle: {}", path.join(" -> "));
                return problem(file, declared(text, &topic.id, false), what, &topic.id);
            }
        }
    }
    Ok(())
}

/// A path from `start` along `needs` back to itself.
fn cycle(start: &str, topics: &BTreeMap<&str, &Topic>) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut paths = vec![vec![start.to_owned()]];
    while let Some(path) = paths.pop() {
        let here = path.last()?.as_str();
        for next in topics.get(here).map_or(&[][..], |topic| &topic.needs[..]) {
            let mut longer = path.clone();
            longer.push(next.clone());
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                paths.push(longer);
            }
        }
    }
    None
}

fn check_phases(phases: &[Phase], stages: &[(Stage, &str, &str)], file: &str, text: &str) -> Result<(), Problem> {
    let problem = |line: usize, what: String, offending: String| {
        Err(Problem { file: file.to_owned(), line, column: 1, what, offending })
    };
    let mut numbers = BTreeSet::new();
    for phase in phases {
        let line = declared(text, &phase.number.to_string(), false);
        let [least, most] = phase.weeks;
        if !numbers.insert(phase.number) {
            let line = declared(text, &phase.number.to_string(), true);
            return problem(
                line,
                format!("there are two phases with number {}", phase.number),
                phase.number.to_string(),
            );
        }
        if least > most || most == 0 {
            let offending = format!("weeks = [{least}, {most}]");
            let line = text.lines().position(|l| l.trim() == offending).map_or(line, |at| at + 1);
            return problem(
                line,
                format!("phase {} takes at least {least} and at most {most} weeks", phase.number),
                offending,
            );
        }
        let Some((stage, ..)) = stages.iter().find(|(stage, ..)| stage.number == phase.stage) else {
            let what = format!("phase {} schedules stage {}, which does not exist", phase.number, phase.stage);
            return problem(line, what, format!("stage = {}", phase.stage));
        };
        let of_stage: BTreeSet<&str> = stage.topics().map(|t| t.id.as_str()).collect();
        let mut ordered = BTreeSet::new();
        for id in &phase.order {
            if !of_stage.contains(id.as_str()) {
                let near = crate::error::nearest(id, of_stage.iter().copied());
                let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                return problem(
                    line_of(text, id),
                    format!("`{id}` is no topic of stage {}{near}", stage.number),
                    id.clone(),
                );
            }
            if !ordered.insert(id.as_str()) {
                return problem(
                    line_of(text, id),
                    format!("`{id}` stands twice in the order of phase {}", phase.number),
                    id.clone(),
                );
            }
        }
        if let Some(left) = of_stage.iter().find(|id| !ordered.contains(*id)) {
            return problem(
                line,
                format!("the order of phase {} leaves out `{left}`", phase.number),
                (*left).to_owned(),
            );
        }
    }
    Ok(())
}
