//! What the phases ask for and how fast the learner goes: the numbers that a plan is made of.

use super::Study;
use super::plan::Load;
use crate::curriculum::Phase;
use crate::grading::Lab;

impl Study<'_> {
    /// What each phase asks for, from the labs that belong to it.
    pub fn loads(&self) -> Vec<Load> {
        let load = |phase: &Phase| {
            let mut load =
                Load { number: phase.number, title: phase.title.clone(), weeks: phase.weeks, ..Load::default() };
            for lab in self.labs_of_phase(phase.stage) {
                let [all, passed] = self.planned(lab);
                load.minutes += all;
                load.left += all - passed;
            }
            load
        };
        self.roadmap.phases.iter().map(load).collect()
    }

    /// The labs of a stage, by their earliest topics.
    pub fn labs_of_phase(&self, stage: u32) -> impl Iterator<Item = &Lab> {
        self.labs.iter().filter(move |lab| self.stage_of(lab).is_some_and(|s| s.number == stage))
    }

    /// Planned minutes of a lab, and of those the ones of passed steps.
    fn planned(&self, lab: &Lab) -> [f64; 2] {
        let counted = lab.manifest.steps.iter().filter(|s| !s.optional);
        let passed = counted.clone().filter(|s| self.state(lab, &s.id).done()).count() as f64;
        let all = f64::from(lab.manifest.minutes);
        [all, all * passed / counted.count().max(1) as f64]
    }

    /// Minutes spent for each planned minute, over all passed steps; `None` until there is one. Steps that took less than
    /// a minute were not studied here and say nothing. [`Study::pace`] is the median of the same: that is for one lab,
    /// this for many, where long ones weigh more.
    pub fn total_pace(&self) -> Option<f64> {
        let (mut spent, mut planned) = (0.0, 0.0);
        for lab in self.labs {
            let counted = lab.manifest.steps.iter().filter(|s| !s.optional);
            let each = f64::from(lab.manifest.minutes) / counted.clone().count().max(1) as f64;
            let passed = counted.filter(|s| self.state(lab, &s.id).done());
            for summary in passed.filter_map(|s| self.summary(lab.slug(), &s.id)).filter(|s| s.spent >= 60.0) {
                planned += each;
                spent += summary.spent / 60.0;
            }
        }
        (planned > 0.0).then(|| spent / planned)
    }
}
