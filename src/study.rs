//! Where a learner stands and what comes next: roadmap, labs and summaries put together. No I/O, no drawing.

pub mod calibration;
mod load;
pub mod logbook;
pub mod plan;

use crate::curriculum::{Phase, Roadmap, Stage, Topic};
use crate::grading::Lab;
use crate::lab::Step;
use crate::progress::{State, Summary};
use crate::verdict::Kind;
use std::collections::BTreeMap;

/// Everything that is known about a learner's way.
pub struct Study<'a> {
    /// The roadmap.
    pub roadmap: &'a Roadmap,
    /// All labs.
    pub labs: &'a [Lab],
    summaries: BTreeMap<(String, String), Summary>,
    contents: Vec<String>,
}

/// Passed of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Done.
    pub passed: usize,
    /// Of these.
    pub total: usize,
}

/// Progress over a stage, and so over its phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Steps of labs whose topics belong to it.
    pub steps: Count,
    /// The same by kind: predict, build, measure.
    pub kinds: [Count; 3],
    /// Topics: done, of all (those without a lab are never done).
    pub topics: Count,
    /// Topics that have a lab.
    pub with_lab: usize,
    /// Labs: finished, of all.
    pub labs: Count,
    /// Minutes spent.
    pub minutes: f64,
    /// Minutes that its labs are planned to take.
    pub planned: u32,
}

/// A lab to do, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The lab.
    pub lab: &'static str,
    /// Its first open step.
    pub step: String,
    /// One line.
    pub why: String,
    /// What is left of it, as planned.
    pub minutes: u32,
}

impl<'a> Study<'a> {
    /// Puts the parts together.
    pub fn new(roadmap: &'a Roadmap, labs: &'a [Lab], summaries: Vec<Summary>) -> Self {
        let summaries = summaries.into_iter().map(|s| ((s.lab.clone(), s.step.clone()), s)).collect();
        Self { roadmap, labs, summaries, contents: labs.iter().map(Lab::content).collect() }
    }

    /// The summary of a step, if it was ever touched.
    pub fn summary(&self, lab: &str, step: &str) -> Option<&Summary> {
        self.summaries.get(&(lab.to_owned(), step.to_owned()))
    }

    /// Where a step stands.
    pub fn state(&self, lab: &Lab, step: &str) -> State {
        let content = self.labs.iter().position(|l| l.slug() == lab.slug()).map_or("", |at| self.contents[at].as_str());
        self.summary(lab.slug(), step).map_or(State::Open, |summary| summary.state(content))
    }

    /// The first step that counts and is not passed; optional ones after all others.
    pub fn first_open(&self, lab: &'a Lab) -> Option<&'a Step> {
        let open = |optional: bool| {
            lab.manifest.steps.iter().find(move |s| s.optional == optional && !self.state(lab, &s.id).done())
        };
        open(false).or_else(|| open(true))
    }

    /// The labs that exercise a topic, with the steps that do.
    pub fn labs_of(&self, topic: &str) -> Vec<(&'a Lab, Vec<&'a Step>)> {
        let steps = |lab: &'a Lab| {
            lab.manifest.steps.iter().filter(|s| s.topics.iter().any(|t| t == topic)).collect::<Vec<_>>()
        };
        self.labs.iter().map(|lab| (lab, steps(lab))).filter(|(_, steps)| !steps.is_empty()).collect()
    }

    /// `done`, `started`, `open`, or `no lab` for a topic.
    pub fn topic_state(&self, topic: &str) -> &'static str {
        let steps: Vec<State> = self
            .labs_of(topic)
            .iter()
            .flat_map(|(lab, steps)| steps.iter().filter(|s| !s.optional).map(|s| self.state(lab, &s.id)))
            .collect();
        match steps.iter().filter(|s| s.done()).count() {
            _ if steps.is_empty() => "no lab",
            done if done == steps.len() => "done",
            0 => "open",
            _ => "started",
        }
    }

    /// Where a stage stands. A lab belongs to the stage of its earliest topic.
    pub fn standing(&self, stage: &Stage) -> Standing {
        let mut standing = Standing::default();
        for topic in stage.topics() {
            let state = self.topic_state(&topic.id);
            standing.topics.add(state == "done");
            standing.with_lab += usize::from(state != "no lab");
        }
        for lab in self.labs.iter().filter(|lab| self.stage_of(lab).is_some_and(|s| s.number == stage.number)) {
            let counted: Vec<&Step> = lab.manifest.steps.iter().filter(|s| !s.optional).collect();
            for step in &counted {
                let done = self.state(lab, &step.id).done();
                standing.steps.add(done);
                standing.kinds[kind_index(step.kind)].add(done);
            }
            standing.labs.add(counted.iter().all(|s| self.state(lab, &s.id).done()));
            standing.planned += lab.manifest.minutes;
            standing.minutes += self.spent(lab) / 60.0;
        }
        standing
    }

    /// Seconds spent in a lab.
    pub fn spent(&self, lab: &Lab) -> f64 {
        lab.manifest.steps.iter().filter_map(|s| self.summary(lab.slug(), &s.id)).map(|s| s.spent).sum()
    }

    /// Minutes of a lab that are left, as planned and at the learner's own pace.
    pub fn minutes_left(&self, lab: &Lab) -> u32 {
        let counted: Vec<&Step> = lab.manifest.steps.iter().filter(|s| !s.optional).collect();
        let open = counted.iter().filter(|s| !self.state(lab, &s.id).done()).count();
        let planned = f64::from(lab.manifest.minutes) * open as f64 / counted.len().max(1) as f64;
        (planned * self.pace().unwrap_or(1.0)).ceil() as u32
    }

    /// The median of spent over planned minutes of passed steps; unknown before three of them. Steps that took less
    /// than a minute were not studied here.
    pub fn pace(&self) -> Option<f64> {
        let mut ratios: Vec<f64> = Vec::new();
        for lab in self.labs {
            let counted = lab.manifest.steps.iter().filter(|s| !s.optional).count().max(1);
            let planned = f64::from(lab.manifest.minutes) / counted as f64;
            let summaries = lab.manifest.steps.iter().filter_map(|s| self.summary(lab.slug(), &s.id));
            let studied = summaries.filter(|s| s.passed_at.is_some() && s.spent >= 60.0);
            ratios.extend(studied.map(|s| s.spent / 60.0 / planned));
        }
        ratios.sort_by(f64::total_cmp);
        (ratios.len() >= 3).then(|| ratios[ratios.len() / 2].clamp(0.25, 4.0))
    }

    /// The labs in the order of study, each at its earliest topic.
    pub fn labs_in_order(&self) -> Vec<&'a Lab> {
        let order = self.roadmap.study_order();
        let place =
            |lab: &Lab| topics_of(lab).filter_map(|t| order.iter().position(|o| *o == t)).min().unwrap_or(usize::MAX);
        let mut labs: Vec<&Lab> = self.labs.iter().collect();
        labs.sort_by_key(|lab| (place(lab), lab.slug()));
        labs
    }

    /// The stage of a lab's earliest topic.
    pub fn stage_of(&self, lab: &Lab) -> Option<&'a Stage> {
        let order = self.roadmap.study_order();
        let earliest = topics_of(lab).filter_map(|t| order.iter().position(|o| *o == t)).min()?;
        self.roadmap.stage_of(order[earliest])
    }

    /// What to do now, and up to two alternatives. With `minutes`, what fits into them comes first.
    pub fn next(&self, minutes: Option<u32>) -> Vec<Proposal> {
        let open = |lab: &&&Lab| lab.manifest.steps.iter().any(|s| !s.optional && !self.state(lab, &s.id).done());
        let ordered = self.labs_in_order();
        let open: Vec<&Lab> = ordered.iter().filter(open).copied().collect();
        let ready = |lab: &&Lab| self.unmet(lab).is_empty();
        let started = |lab: &&Lab| lab.manifest.steps.iter().any(|s| self.state(lab, &s.id).done());
        let mut ranked: Vec<&Lab> = Vec::new();
        ranked.extend(open.iter().filter(|l| started(l)));
        ranked.extend(open.iter().filter(|l| !started(l) && ready(l)));
        ranked.extend(open.iter().filter(|l| !started(l) && !ready(l)));
        if let Some(minutes) = minutes {
            ranked.sort_by_key(|lab| u32::from(self.minutes_left(lab) > minutes && self.step_minutes(lab) > minutes));
        }
        ranked.iter().take(3).filter_map(|lab| self.proposal(lab, minutes)).collect()
    }

    fn proposal(&self, lab: &'a Lab, minutes: Option<u32>) -> Option<Proposal> {
        let step = self.first_open(lab)?;
        let left = self.minutes_left(lab);
        let mut why = self.why(lab);
        if let Some(minutes) = minutes
            && left > minutes
        {
            let one = self.step_minutes(lab);
            why.push_str(&if one <= minutes {
                format!("; its next step takes about {one} of your {minutes} min")
            } else {
                format!("; its next step takes about {one} min, more than your {minutes}")
            });
        }
        Some(Proposal { lab: lab.slug(), step: step.id.clone(), why, minutes: left })
    }

    fn step_minutes(&self, lab: &Lab) -> u32 {
        let counted = lab.manifest.steps.iter().filter(|s| !s.optional).count();
        (f64::from(lab.manifest.minutes) / counted.max(1) as f64 * self.pace().unwrap_or(1.0)).ceil() as u32
    }

    fn why(&self, lab: &Lab) -> String {
        let done = lab.manifest.steps.iter().filter(|s| self.state(lab, &s.id).done()).count();
        if done > 0 {
            return format!("you are in the middle of it: {done} of {} steps passed", lab.manifest.steps.len());
        }
        let unmet = self.unmet(lab);
        if let Some(first) = unmet.first() {
            return format!("it needs `{first}` first, which is not done yet");
        }
        let place = match self.stage_of(lab).map(|stage| (stage, self.roadmap.phase_of(stage.number))) {
            Some((_, Some(phase))) => format!("next in the study order of phase {}, {}", phase.number, phase.title),
            Some((stage, None)) => format!("next in stage {}, {}", stage.number, stage.title),
            None => "it belongs to no topic of this roadmap".to_owned(),
        };
        let unwritten = self.unwritten_before(lab);
        let met = lab.manifest.needs.iter().filter(|t| self.topic_state(t) == "no lab").count();
        match (unwritten, met) {
            (_, met) if met > 0 => format!("{place}; {met} of the topics it needs have no lab yet and count as met"),
            (0, _) => place,
            (n, _) => format!("{place}; the {n} topics before it have no lab yet"),
        }
    }

    /// Topics before a lab's earliest one that no lab exercises.
    fn unwritten_before(&self, lab: &Lab) -> usize {
        let order = self.roadmap.study_order();
        let earliest = topics_of(lab).filter_map(|t| order.iter().position(|o| *o == t)).min().unwrap_or(0);
        order[..earliest].iter().filter(|t| self.topic_state(t) == "no lab").count()
    }

    /// Needed topics that have a lab and are not done.
    pub fn unmet(&self, lab: &Lab) -> Vec<String> {
        lab.manifest.needs.iter().filter(|t| matches!(self.topic_state(t), "open" | "started")).cloned().collect()
    }

    /// The phase and standing of each phase.
    pub fn phases(&self) -> Vec<(&'a Phase, Standing)> {
        let stage = |number: u32| self.roadmap.stages.iter().find(|s| s.number == number);
        self.roadmap.phases.iter().filter_map(|p| Some((p, self.standing(stage(p.stage)?)))).collect()
    }

    /// Topics that need `topic` directly.
    pub fn unlocks(&self, topic: &str) -> Vec<&'a Topic> {
        self.roadmap.topics().map(|(.., t)| t).filter(|t| t.needs.iter().any(|n| n == topic)).collect()
    }
}

impl Count {
    fn add(&mut self, done: bool) {
        self.total += 1;
        self.passed += usize::from(done);
    }
}

fn topics_of(lab: &Lab) -> impl Iterator<Item = &str> {
    lab.manifest.steps.iter().filter(|s| !s.optional).flat_map(|s| s.topics.iter().map(String::as_str))
}

fn kind_index(kind: Kind) -> usize {
    match kind {
        Kind::Predict => 0,
        Kind::Build => 1,
        Kind::Measure => 2,
    }
}
