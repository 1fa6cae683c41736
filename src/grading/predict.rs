//! Predict steps: questions whose parameters are drawn for this learner, and the reading of answers.

use super::sentence::filled;
use super::units;
use super::{Draw, Grader, Lab, Seed};
use crate::lab::Step;
use crate::verdict::{Asked, Finding, Graded, Kind, Named, Predicted, Verdict};

/// One question with its right answer.
#[derive(Clone, Debug)]
pub struct Question {
    /// Unique in the step.
    pub id: &'static str,
    /// The question, with its numbers in it.
    pub text: String,
    /// The drawn numbers.
    pub parameters: Vec<(&'static str, String)>,
    /// What is right.
    pub answer: Answer,
    /// Numbers that a known mistake leads to: misconception and number (or choice, by its index).
    pub mistakes: Vec<(&'static str, f64)>,
    /// How it is worked out, shown after an answer.
    pub because: String,
}

/// A right answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A number.
    Number {
        /// The number.
        value: f64,
        /// Its unit; empty for none.
        unit: &'static str,
        /// How far off an answer may be.
        within: Within,
    },
    /// One of several.
    Choice {
        /// As shown, in this order.
        choices: Vec<String>,
        /// Index of the right one.
        right: usize,
    },
}

/// A number of any type that a question is worked out in.
pub trait Figure {
    /// As it is held against an answer.
    fn real(self) -> f64;
}

macro_rules! figures {
    ($($ty:ty),*) => {$(
        impl Figure for $ty {
            fn real(self) -> f64 {
                self as f64
            }
        }
    )*};
}

figures!(f64, i32, u32, i64, u64, usize);

/// A number as it is held against an answer: those that mistakes lead to.
pub fn real(figure: impl Figure) -> f64 {
    figure.real()
}

impl Answer {
    /// A number, to the last digit.
    pub fn exact(value: impl Figure, unit: &'static str) -> Self {
        Self::Number { value: value.real(), unit, within: Within::Exact }
    }

    /// A number, off by this part of it at most.
    pub fn near(value: impl Figure, unit: &'static str, part: f64) -> Self {
        Self::Number { value: value.real(), unit, within: Within::Relative(part) }
    }

    /// A number, off by this much at most.
    pub fn within(value: impl Figure, unit: &'static str, most: f64) -> Self {
        Self::Number { value: value.real(), unit, within: Within::Absolute(most) }
    }

    /// One of several, by its place.
    pub fn one_of(choices: impl IntoIterator<Item: Into<String>>, right: usize) -> Self {
        Self::Choice { choices: choices.into_iter().map(Into::into).collect(), right }
    }
}

/// How far off an answer may be.
#[derive(Clone, Copy, Debug)]
pub enum Within {
    /// Not at all.
    Exact,
    /// By this part of the right number.
    Relative(f64),
    /// By this much.
    Absolute(f64),
}

impl Within {
    fn allows(self, given: f64, wanted: f64) -> bool {
        match self {
            Within::Exact => given == wanted,
            // A typed decimal of the right value may be half a unit of its last digit off.
            Within::Relative(part) => (given - wanted).abs() <= part * wanted.abs() * (1.0 + 1e-9),
            Within::Absolute(most) => (given - wanted).abs() <= most * (1.0 + 1e-9),
        }
    }

    fn words(self, unit: &str) -> String {
        match self {
            Within::Exact => "exact".to_owned(),
            Within::Relative(part) if part >= 1e-4 => format!("within {} %", part * 100.0),
            Within::Relative(part) => format!("within {part:e} of it"),
            Within::Absolute(most) => format!("within {most} {unit}").trim_end().to_owned(),
        }
    }
}

/// The questions of a predict step for one learner and attempt.
pub fn ask(lab: &Lab, step: &Step, seed: Seed) -> Vec<Question> {
    match lab.grader(&step.id) {
        Some(Grader::Predict(draw)) => draw(&mut Draw::new(seed.value, &step.id)),
        _ => Vec::new(),
    }
}

/// Grades `given`: answers by question id, or in order where the id is `None`. An unreadable answer is an `Err`.
pub fn grade_predict(lab: &Lab, step: &Step, seed: Seed, given: &[(Option<String>, String)]) -> Result<Graded, String> {
    let questions = ask(lab, step, seed);
    let mut graded = Graded::nothing(&step.id, Kind::Predict, seed.value, "no answer was given");
    graded.questions = questions.iter().map(Question::asked).collect();
    if given.is_empty() {
        return Ok(graded);
    }
    let answers = match_up(&questions, given)?;
    let mut findings = Vec::new();
    for (question, text) in questions.iter().zip(&answers) {
        let Some(text) = text else {
            let missing = format!("`{}` was not answered; all questions of a step are answered together", question.id);
            return Err(missing);
        };
        let predicted = question.read(text)?;
        if !predicted.right {
            findings.push(question.finding(&predicted));
            if let Some(known) = question.mistake(&predicted).and_then(|id| lab.manifest.misconception(id))
                && graded.named.iter().all(|n| n.id != known.id)
            {
                let says = filled(&known.id, &known.says, &question.parameters);
                graded.named.push(Named { id: known.id.clone(), says, agrees: 1 });
            }
        }
        graded.remarks.push(question.because.clone());
        graded.predicted.push(predicted);
    }
    graded.total = questions.len();
    graded.inputs = questions.len();
    graded.passed = graded.predicted.iter().filter(|p| p.right).count();
    graded.verdict = if findings.is_empty() { Verdict::Pass } else { Verdict::Fail(findings) };
    Ok(graded)
}

/// The answer to each question, by id or by position.
fn match_up(questions: &[Question], given: &[(Option<String>, String)]) -> Result<Vec<Option<String>>, String> {
    let mut answers: Vec<Option<String>> = vec![None; questions.len()];
    let ids = || questions.iter().map(|q| format!("`{}`", q.id)).collect::<Vec<_>>().join(", ");
    for (id, text) in given {
        let at = match id {
            Some(id) => questions.iter().position(|q| q.id == id),
            None => answers.iter().position(Option::is_none),
        };
        match at {
            Some(at) => answers[at] = Some(text.clone()),
            None => {
                let what =
                    id.as_ref().map_or("one answer too many".to_owned(), |id| format!("there is no question `{id}`"));
                return Err(format!("{what}; this step asks {}", ids()));
            }
        }
    }
    Ok(answers)
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-4 * b.abs()
}

impl Question {
    /// As it is shown and stored.
    pub fn asked(&self) -> Asked {
        let (unit, choices) = match &self.answer {
            Answer::Number { unit, .. } => (Some((*unit).to_owned()), Vec::new()),
            Answer::Choice { choices, .. } => (None, choices.clone()),
        };
        let parameters = self.parameters.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        Asked { id: self.id.to_owned(), text: self.text.clone(), parameters, unit, choices }
    }

    /// Reads one answer.
    pub fn read(&self, text: &str) -> Result<Predicted, String> {
        let (value, wanted, right) = match &self.answer {
            Answer::Number { value, unit, within } => {
                let given = units::parse(text, unit)?;
                // An exact number that is long may be typed with a prefix, in four digits.
                let rounds = units::rounding(text, unit).filter(|(half, _)| (given - value).abs() <= *half);
                let right = match (within, rounds) {
                    (Within::Exact, Some((_, 4..))) => true,
                    (Within::Exact, Some((_, digits))) if given != *value => {
                        return Err(format!(
                            "`{}` is rounded to {digits} digits; this number is wanted exactly, or in four digits",
                            text.trim()
                        ));
                    }
                    _ => within.allows(given, *value),
                };
                (Some(given), Some(*value), right)
            }
            Answer::Choice { choices, right } => {
                let at = choice(text, choices)?;
                (Some(at as f64), Some(*right as f64), at == *right)
            }
        };
        Ok(Predicted { id: self.id.to_owned(), given: text.trim().to_owned(), value, wanted, right })
    }

    /// The known mistake whose number is nearest to the answer, if it is as near as a right answer has to be.
    fn mistake(&self, predicted: &Predicted) -> Option<&'static str> {
        let given = predicted.value?;
        let near = |wrong: f64| match &self.answer {
            Answer::Number { within, .. } => close(given, wrong) || within.allows(given, wrong),
            Answer::Choice { .. } => given == wrong,
        };
        let distance = |wrong: &f64| (given - wrong).abs();
        let near = self.mistakes.iter().filter(|(_, wrong)| near(*wrong));
        near.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b))).map(|(id, _)| *id)
    }

    fn finding(&self, predicted: &Predicted) -> Finding {
        let (got, wanted, allowed) = match &self.answer {
            Answer::Number { value, unit, within } => {
                let wanted = format!("{} {unit}", units::plain(*value, 8)).trim_end().to_owned();
                // 0.6667 for 66.67 %: say how it was read.
                let bare = !predicted.given.contains(|c: char| c.is_alphabetic() || c == '%');
                let read = predicted.value.filter(|_| *unit == "%" && bare);
                let read = read.map(|v| format!(", read as {} %", units::plain(v, 6))).unwrap_or_default();
                (format!("{}{read}", predicted.given), wanted, within.words(unit))
            }
            Answer::Choice { choices, right } => {
                let chosen = predicted.value.and_then(|at| choices.get(at as usize));
                (chosen.unwrap_or(&predicted.given).clone(), choices[*right].clone(), String::new())
            }
        };
        let parameters: Vec<String> = self.parameters.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        Finding { check: self.id.to_owned(), at: parameters.join(", "), got, wanted, allowed }
    }
}

/// A choice by letter, number or the beginning of its words.
fn choice(text: &str, choices: &[String]) -> Result<usize, String> {
    let text = text.trim().to_lowercase();
    let letter = |at: usize| char::from(b'a' + at as u8).to_string();
    let by_letter = (0..choices.len()).find(|&at| text == letter(at) || text == format!("{})", letter(at)));
    let starts: Vec<usize> =
        (0..choices.len()).filter(|&at| !text.is_empty() && choices[at].to_lowercase().starts_with(&text)).collect();
    match (by_letter, &starts[..]) {
        (Some(at), _) | (None, &[at]) => Ok(at),
        _ => {
            let letters: Vec<String> = (0..choices.len()).map(|at| format!("`{}`", letter(at))).collect();
            Err(format!("`{text}` is none of the choices; answer {}", letters.join(", ")))
        }
    }
}
