//! How a step is graded: scripts replayed on the answer and on the solution, rules of comparison, the naming of
//! mistakes, predictions, measurements. The graders of labs are written against this module.

mod build;
mod clock;
mod compare;
mod degenerate;
pub mod device;
mod draw;
pub mod golden;
mod json;
mod judge;
mod lab;
mod margin;
mod measure;
mod medal;
mod name;
mod predict;
mod printed;
mod ran;
mod replay;
mod sentence;
mod show;
mod shrink;
mod transcript;
mod units;
mod values;

pub use build::{Build, asked, grade_build};
pub use clock::{QUIET, ROUNDS, Timings, Whose, repeats};
pub use compare::{Difference, Property, Rule, compare};
pub use degenerate::{Degenerate, Lazy, degenerates, differs};
pub use draw::{Draw, Seed};
pub use lab::{Embedded, Fact, Facts, Files, Grader, Lab};
pub use margin::{Drawn, Wider};
pub use measure::{Baseline, Bench, Measure, Reached, RoofsOf, Stop, grade_measure};
pub use medal::{Medal, Rung};
pub use name::{Hypotheses, Overridden};
pub use predict::{Answer, Figure, Question, Within, ask, grade_predict, real};
pub use printed::{Printed, grouped};
pub use replay::{Argument, Call, Look, Script, Seen, count, replay};
pub use sentence::{filled, is_whole};
pub use show::{number, value_text};
pub use units::{example, parse as parse_number, plain};
pub use values::{floats, numbers, part, read, scalar, tensors};

/// The values of one call, in order: `args![x, scale, None::<usize>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        Vec::from([$(lab_sdk::IntoValue::into_value($value)),*])
    };
}

/// One thing that has to hold, over one or more cases.
#[derive(Clone, Debug)]
pub struct Check {
    /// What holds, in words: `ties round away from zero`.
    pub name: &'static str,
    /// How results are compared.
    pub rule: Rule,
    /// The hidden inputs.
    pub cases: Vec<Script>,
}

impl Check {
    /// Results equal the solution's.
    pub fn exact(name: &'static str, cases: Vec<Script>) -> Self {
        Self { name, rule: Rule::Exact, cases }
    }

    /// Results follow `rule`.
    pub fn by(name: &'static str, rule: Rule, cases: Vec<Script>) -> Self {
        Self { name, rule, cases }
    }

    /// The last call of each case is refused.
    pub fn refuses(name: &'static str, cases: Vec<Script>) -> Self {
        Self { name, rule: Rule::Refused, cases }
    }
}
