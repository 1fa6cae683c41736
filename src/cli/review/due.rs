//! One item that is due: its questions with this time's numbers, and the reading of answers to them.

use crate::grading::{Lab, Question, Seed, ask, example, grade_predict};
use crate::progress::Memory;
use crate::review::{Item, Read, What, items, read};
use crate::verdict::Asked;

/// An item that is due.
pub struct Due<'a> {
    /// What is remembered of it.
    pub memory: Memory,
    /// What it is.
    pub item: Item<'a>,
    /// As they are shown.
    pub questions: Vec<Asked>,
    drawn: Vec<Question>,
    seed: Seed,
}

/// What came of an answer.
pub struct Answered {
    /// Whether it is right.
    pub right: bool,
    /// What was typed.
    pub given: String,
    /// What was expected, where it is wrong; of a card always.
    pub wanted: Vec<String>,
    /// Words of a card that were missed.
    pub missed: Vec<String>,
    /// The known mistakes that lead to this answer.
    pub says: Vec<String>,
    /// How it is worked out.
    pub because: Vec<String>,
}

impl<'a> Due<'a> {
    /// The item with this time's numbers: they stay until it is answered. `None` where the lab is gone.
    pub fn new(labs: &'a [Lab], learner: &str, memory: Memory) -> Option<Self> {
        let lab = labs.iter().find(|lab| lab.slug() == memory.lab)?;
        let item = items(lab).find(|item| item.id == memory.item)?;
        let name = format!("{learner}/{}/{}", memory.item, memory.reviews);
        let seed =
            Seed::new(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).as_u128() as u64 & 0xff_ffff);
        let drawn = match item.what {
            What::Step(step) => ask(lab, step, seed),
            What::Card(_) => Vec::new(),
        };
        let questions = match item.what {
            What::Step(_) => drawn.iter().map(Question::asked).collect(),
            What::Card(card) => {
                let id = item.id.rsplit('/').next().unwrap_or_default().to_owned();
                let text = card.question.clone();
                vec![Asked { id, text, parameters: Vec::new(), unit: None, choices: Vec::new() }]
            }
        };
        Some(Self { memory, item, questions, drawn, seed })
    }

    /// The lab, and the step where it is one.
    pub fn place(&self) -> String {
        match self.item.what {
            What::Step(step) => format!("{}, {}", self.item.lab.slug(), step.id),
            What::Card(_) => format!("{}, card", self.item.lab.slug()),
        }
    }

    /// The line under the prompt.
    pub fn help(&self, number: usize) -> String {
        match self.drawn.get(number).map(|question| &question.answer) {
            Some(crate::grading::Answer::Number { unit, .. }) => {
                format!("a number such as {}; `?` for a hint; Esc to stop", example(unit))
            }
            Some(crate::grading::Answer::Choice { .. }) => "a letter; `?` for a hint; Esc to stop".to_owned(),
            None => "`?` shows half of it; Enter alone if you do not know; Esc to stop".to_owned(),
        }
    }

    /// Whether an answer can be read; if not, why.
    pub fn readable(&self, number: usize, text: &str) -> Result<(), String> {
        match (self.item.what, self.drawn.get(number)) {
            (What::Step(_), Some(question)) => question.read(text).map(|_| ()),
            (What::Step(_), None) => Ok(()),
            (What::Card(card), _) => read(&card.answer, text).map(|_| ()),
        }
    }

    /// Grades the answers to all its questions, in order.
    pub fn grade(&self, answers: &[String]) -> Result<Answered, String> {
        match self.item.what {
            What::Card(card) => {
                let given = answers.first().map(|text| text.trim().to_owned()).unwrap_or_default();
                let outcome = read(&card.answer, &given)?;
                let right = outcome == Read::Right;
                let missed = if let Read::Wrong(missed) = outcome { missed } else { Vec::new() };
                let (says, because) = (Vec::new(), Vec::new());
                Ok(Answered { right, given, wanted: vec![card.answer.clone()], missed, says, because })
            }
            What::Step(step) => {
                let ids = self.questions.iter().map(|question| Some(question.id.clone()));
                let named: Vec<(Option<String>, String)> = ids.zip(answers.iter().cloned()).collect();
                let graded = grade_predict(self.item.lab, step, self.seed, &named)?;
                let given: Vec<String> = graded.predicted.iter().map(|p| format!("{}={}", p.id, p.given)).collect();
                let findings = graded.verdict.findings();
                let wanted = findings.iter().map(|f| match f.allowed.as_str() {
                    "" => format!("{}: {}", f.check, f.wanted),
                    allowed => format!("{}: {} ({allowed})", f.check, f.wanted),
                });
                Ok(Answered {
                    right: graded.verdict.passed(),
                    given: given.join("; "),
                    wanted: wanted.collect(),
                    missed: Vec::new(),
                    says: graded.named.iter().map(|named| named.says.clone()).collect(),
                    because: graded.remarks,
                })
            }
        }
    }
}

/// The key of each question, in order: as much of the end of its full name as no other shares.
pub fn keys(due: &[Due<'_>]) -> Vec<String> {
    let full = full_keys(due);
    let shared = |end: &str| full.iter().filter(|key| ends(key, end)).count() > 1;
    full.iter()
        .map(|key| {
            let cuts = key.match_indices(['/', ':']).map(|(at, _)| &key[at + 1..]);
            let shortest = cuts.rev().find(|end| !shared(end));
            shortest.unwrap_or(key).to_owned()
        })
        .collect()
}

/// The answers by item: `None` for an item that none of them is for. An item is answered as a whole.
pub fn distribute(due: &[Due<'_>], given: &[String]) -> Result<Vec<Option<Vec<String>>>, String> {
    let full = full_keys(due);
    let mut answers: Vec<Option<String>> = vec![None; full.len()];
    for text in given {
        let (key, answer) = split(&full, text);
        let at = match key {
            Some(key) => {
                let meant: Vec<usize> = (0..full.len()).filter(|&at| ends(&full[at], key)).collect();
                match meant[..] {
                    [at] => at,
                    [] => return Err(format!("there is no question `{key}` today")),
                    _ => return Err(format!("`{key}` is the end of several keys; write more of it")),
                }
            }
            None => answers.iter().position(Option::is_none).ok_or("there are more answers than questions today")?,
        };
        answers[at] = Some(answer.to_owned());
    }
    let (mut from, mut out) = (0, Vec::new());
    for one in due {
        let mine = &answers[from..from + one.questions.len()];
        let missing = mine.iter().position(Option::is_none);
        let hint = mine.iter().flatten().any(|answer| answer.trim() == "?");
        out.push(match missing {
            Some(_) if mine.iter().all(Option::is_none) => None,
            Some(at) if !hint => {
                let id = &one.questions[at].id;
                return Err(format!("`{id}` was not answered; all questions of a step are answered together"));
            }
            _ => Some(mine.iter().flatten().cloned().collect()),
        });
        from += one.questions.len();
    }
    Ok(out)
}

/// `KEY=X` or `X`; an `=` after something that looks like no key belongs to the answer.
fn split<'t>(full: &[String], text: &'t str) -> (Option<&'t str>, &'t str) {
    let Some((key, answer)) = text.split_once('=') else { return (None, text.trim()) };
    let key = key.trim();
    let known = full.iter().any(|name| ends(name, key));
    let looks = key.len() > 1 && key.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '/' | ':'));
    if known || looks { (Some(key), answer.trim()) } else { (None, text.trim()) }
}

fn ends(name: &str, end: &str) -> bool {
    name == end || name.strip_suffix(end).is_some_and(|rest| !end.is_empty() && rest.ends_with(['/', ':']))
}

fn full_keys(due: &[Due<'_>]) -> Vec<String> {
    due.iter()
        .flat_map(|one| {
            one.questions.iter().map(|question| match one.item.what {
                What::Step(_) => format!("{}/{}", one.item.id, question.id),
                What::Card(_) => one.item.id.clone(),
            })
        })
        .collect()
}
