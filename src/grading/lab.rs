//! A lab at run time: what build.rs embeds, and the manifest that is read from it.

use super::{Bench, Check, Draw, Question, Seen, Stop};
use crate::curriculum::Problem;
use crate::lab::{Manifest, Words};
use crate::submission::Language;
use lab_sdk::Function;
use std::path::Path;

/// The texts of a lab's folder.
#[derive(Clone, Copy, Debug)]
pub struct Files {
    /// lab.toml.
    pub manifest: &'static str,
    /// brief.md.
    pub brief: &'static str,
    /// hints.md.
    pub hints: &'static str,
    /// starter.rs and starter.py.
    pub starters: [&'static str; 2],
    /// solution.rs and solution.py.
    pub solutions: [&'static str; 2],
    /// misconceptions.rs.
    pub misconceptions: &'static str,
    /// misconceptions.py: those that are written by hand in Python.
    pub by_hand: &'static str,
    /// grader.rs, then what stands in grader/.
    pub grader: &'static str,
}

/// How one step is graded.
#[derive(Clone, Copy)]
pub enum Grader {
    /// Questions with their right answers.
    Predict(fn(&mut Draw) -> Vec<Question>),
    /// Checks with their hidden inputs.
    Build(fn(&mut Draw) -> lab_sdk::Result<Vec<Check>>),
    /// An experiment.
    Measure(Experiment),
    /// An experiment that takes a model of the learner's own, and what looks at its file before anything runs.
    MeasureModel(Look, Experiment),
}

/// What a measure step runs.
pub type Experiment = fn(&mut Bench<'_>) -> Result<(), Stop>;

/// Why a model of the learner's own cannot be used, in a sentence.
pub type Look = fn(&Path) -> Result<(), String>;

impl Grader {
    /// The experiment of a measure step.
    pub fn experiment(self) -> Option<Experiment> {
        match self {
            Grader::Measure(experiment) | Grader::MeasureModel(_, experiment) => Some(experiment),
            Grader::Predict(_) | Grader::Build(_) => None,
        }
    }
}

/// Fills the `{placeholders}` of a misconception's sentence from the learner's own run.
pub type Fact = fn(&Seen<'_>) -> Vec<(&'static str, String)>;

/// Facts by misconception.
pub type Facts = &'static [(&'static str, Fact)];

/// A lab's folder, as build.rs embeds it.
#[derive(Clone, Copy)]
pub struct Embedded {
    /// The folder's name.
    pub slug: &'static str,
    /// Its texts.
    pub files: Files,
    /// Each file of the folder with a print of what is in it: the folder on disk may have changed since.
    pub prints: &'static [(&'static str, u64)],
    /// `pub fn`s of solution.rs.
    pub solution: &'static [(&'static str, Function)],
    /// `pub fn`s of misconceptions.rs.
    pub misconceptions: &'static [(&'static str, Function)],
    /// `STEPS` of grader.rs.
    pub graders: &'static [(&'static str, Grader)],
    /// `FACTS` of grader.rs.
    pub facts: Facts,
    /// `oracle` of grader.rs: replays golden data through the solution and counts what was compared.
    pub oracle: fn() -> lab_sdk::Result<usize>,
}

/// A lab whose manifest has been read.
#[derive(Clone)]
pub struct Lab {
    /// What was embedded.
    pub embedded: Embedded,
    /// lab.toml.
    pub manifest: Manifest,
}

impl Lab {
    /// Reads the manifest of `embedded`.
    pub fn read(embedded: Embedded) -> Result<Self, Problem> {
        Ok(Self { embedded, manifest: Manifest::parse(embedded.slug, embedded.files.manifest)? })
    }

    /// The folder's name.
    pub fn slug(&self) -> &'static str {
        self.embedded.slug
    }

    /// brief.md and hints.md.
    pub fn words(&self) -> Words {
        Words { brief: self.embedded.files.brief, hints: self.embedded.files.hints }
    }

    /// What the learner gets to begin with.
    pub fn starter(&self, language: Language) -> &'static str {
        self.embedded.files.starters[language as usize]
    }

    /// The model answer.
    pub fn solution(&self, language: Language) -> &'static str {
        self.embedded.files.solutions[language as usize]
    }

    /// The grader of a step.
    pub fn grader(&self, step: &str) -> Option<Grader> {
        self.embedded.graders.iter().find(|(id, _)| *id == step).map(|(_, grader)| *grader)
    }

    /// What decides a step: signatures, grader, misconceptions, solution and bars, but no words. A step passed under
    /// another hash has changed since.
    pub fn content(&self) -> String {
        let files = &self.embedded.files;
        let bars: Vec<_> = self.manifest.bars.iter().map(|(name, bar)| (name, bar.at_most, bar.at_least)).collect();
        let mut text = format!("{:?}{bars:?}", self.manifest.functions);
        for step in &self.manifest.steps {
            text.push_str(&format!("{}{:?}{:?}", step.id, step.kind, step.functions));
        }
        for part in [files.grader, files.misconceptions, files.solutions[0], files.solutions[1]] {
            text.push_str(part);
        }
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text.as_bytes()).simple().to_string()
    }
}
