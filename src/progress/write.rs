//! Writing: one transaction appends the rows of an event and brings the summary up to date.

use super::Store;
use super::log::spent;
use crate::error::Result;
use crate::submission::Language;
use crate::verdict::{Graded, Verdict};
use rusqlite::{Transaction, params};
use std::time::{SystemTime, UNIX_EPOCH};

/// One check of one step, to be recorded.
pub struct Checked<'a> {
    /// The lab.
    pub lab: &'a str,
    /// What came of it.
    pub graded: &'a Graded,
    /// The answer's language, for build and measure steps.
    pub language: Option<Language>,
    /// The answer's text.
    pub answer: Option<&'a str>,
    /// When its file was last changed, milliseconds since 1970: time counts from the edit, not from the check.
    pub edited: Option<i64>,
    /// The lab's content hash.
    pub content: &'a str,
    /// The object printed by `--json`.
    pub detail: String,
}

/// Something that happened beside checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A lab was opened.
    Opened,
    /// A hint was read; the detail is its level.
    Hint,
    /// The solution was shown; the detail says whether the learner gave up.
    Solution,
    /// An answer was put back to the starter.
    Reset,
    /// An earlier answer was restored.
    Restored,
    /// Questions were shown; the detail is their seed.
    Asked,
}

impl Event {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Event::Opened => "opened",
            Event::Hint => "hint",
            Event::Solution => "solution",
            Event::Reset => "reset",
            Event::Restored => "restored",
            Event::Asked => "asked",
        }
    }
}

impl Store {
    /// Records a check: attempt, predictions, measurements, snapshot, summary. Returns the attempt's number for its step.
    pub fn record(&mut self, checked: &Checked<'_>) -> Result<u64> {
        let write = |store: &mut Store| -> rusqlite::Result<u64> {
            let all = store.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let number = append(&all, checked)?;
            all.commit()?;
            Ok(number)
        };
        write(self).map_err(|e| self.explain(&e))
    }

    /// Records something that happened in a lab.
    pub fn happened(&mut self, lab: &str, step: Option<&str>, event: Event, detail: &str) -> Result<()> {
        let write = |store: &mut Store| -> rusqlite::Result<()> {
            let all = store.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let at = now();
            let spent = if event == Event::Opened { 0.0 } else { spent(&all, lab, at, None)? };
            all.execute(
                "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![id(), at, lab, step, event.word(), detail, spent],
            )?;
            if let Some(step) = step {
                summarise(&all, lab, step, at, spent, 0)?;
            }
            all.commit()
        };
        write(self).map_err(|e| self.explain(&e))
    }

    /// Keeps a text of an answer; the same text is kept once. Returns its hash.
    pub fn snapshot(&mut self, lab: &str, language: Language, text: &str) -> Result<String> {
        let hash = hash(lab, language, text);
        let kept = self.db.execute(
            "INSERT OR IGNORE INTO snapshot VALUES (?1, ?2, ?3, ?4, ?5)",
            params![hash, lab, language.word(), now(), text],
        );
        kept.map_err(|e| self.explain(&e))?;
        Ok(hash)
    }
}

fn append(all: &Transaction<'_>, checked: &Checked<'_>) -> rusqlite::Result<u64> {
    let (at, attempt, graded) = (now(), id(), checked.graded);
    let (lab, step) = (checked.lab, graded.step.as_str());
    let spent = spent(all, lab, at, checked.edited)?;
    let snapshot = match (checked.answer, checked.language) {
        (Some(text), Some(language)) => {
            let hash = hash(lab, language, text);
            all.execute(
                "INSERT OR IGNORE INTO snapshot VALUES (?1, ?2, ?3, ?4, ?5)",
                params![hash, lab, language.word(), at, text],
            )?;
            Some(hash)
        }
        _ => None,
    };
    let language = checked.language.map(Language::word);
    let named = graded.named.first().map(|named| named.id.as_str());
    all.prepare_cached("INSERT INTO attempt VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)")?
        .execute(params![
            attempt,
            at,
            lab,
            step,
            graded.kind.word(),
            language,
            format!("{:x}", graded.seed),
            graded.verdict.word(),
            graded.passed as i64,
            graded.total as i64,
            graded.inputs as i64,
            graded.seconds,
            spent,
            named,
            snapshot,
            checked.content,
            checked.detail
        ])?;
    let after: bool = all.query_row(
        "SELECT EXISTS (SELECT 1 FROM summary WHERE lab = ?1 AND passed_at IS NOT NULL AND kind <> 'predict')",
        [lab],
        |row| row.get(0),
    )?;
    for (asked, predicted) in graded.questions.iter().zip(&graded.predicted) {
        let parameters = serde_json::to_string(&asked.parameters).unwrap_or_default();
        all.execute(
            "INSERT INTO prediction VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
            params![
                id(),
                attempt,
                at,
                lab,
                step,
                predicted.id,
                parameters,
                predicted.given,
                predicted.value,
                predicted.wanted,
                predicted.right,
                after
            ],
        )?;
    }
    for m in &graded.measurements {
        let kind = format!("{:?}", m.kind).to_lowercase();
        all.execute(
            "INSERT INTO measurement VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
            params![id(), attempt, at, lab, step, m.name, m.value, m.unit, m.bar, m.pass, kind, machine()],
        )?;
    }
    let counted = i64::from(!matches!(graded.verdict, Verdict::Nothing(_)));
    summarise(all, lab, step, at, spent, counted)?;
    if graded.verdict.passed() {
        all.execute(
            "UPDATE summary SET passed_at = ?3, content = ?4, language = coalesce(?5, language), kind = ?6
             WHERE lab = ?1 AND step = ?2",
            params![lab, step, at, checked.content, language, graded.kind.word()],
        )?;
    }
    all.query_row("SELECT attempts FROM summary WHERE lab = ?1 AND step = ?2", [lab, step], |row| row.get::<_, i64>(0))
        .map(|attempts| attempts as u64)
}

fn summarise(all: &Transaction<'_>, lab: &str, step: &str, at: i64, spent: f64, attempts: i64) -> rusqlite::Result<()> {
    all.execute(
        "INSERT INTO summary (lab, step, attempts, spent, last_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (lab, step) DO UPDATE SET attempts = attempts + ?3, spent = spent + ?4, last_at = ?5",
        params![lab, step, attempts, spent, at],
    )?;
    Ok(())
}

/// The name of an answer's text in the store.
pub(super) fn hash(lab: &str, language: Language, text: &str) -> String {
    let content = format!("{lab}\0{}\0{text}", language.word());
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, content.as_bytes()).simple().to_string()
}

pub(super) fn id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// What a measurement was made on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{} {} {cores} threads", std::env::consts::OS, std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::{Checked, Store};
    use crate::submission::Language;
    use crate::verdict::{Finding, Graded, Kind, Verdict};

    fn checked(graded: &Graded) -> Checked<'_> {
        let (language, answer) = (Some(Language::Rust), Some("fn f() {}"));
        Checked { lab: "a-lab", graded, language, answer, edited: None, content: "c1", detail: "{}".into() }
    }

    #[test]
    fn attempts_count_and_a_pass_is_never_lost() {
        let mut store = Store::in_memory().expect("a store");
        let mut graded = Graded::nothing("a-step", Kind::Build, 7, "");
        graded.verdict = Verdict::Pass;
        assert_eq!(store.record(&checked(&graded)).expect("recorded"), 1);
        graded.verdict = Verdict::Fail(vec![Finding::default()]);
        assert_eq!(store.record(&checked(&graded)).expect("recorded"), 2);
        let summaries = store.summaries().expect("summaries");
        assert!(summaries[0].passed_at.is_some());
        assert_eq!(summaries[0].attempts, 2);
    }

    #[test]
    fn an_answer_stands_until_it_the_lab_or_the_verdict_changes() {
        let mut store = Store::in_memory().expect("a store");
        let mut graded = Graded::nothing("a-step", Kind::Build, 7, "");
        let stands = |store: &Store, step: &str, answer: &str, content: &str| {
            store.stands("a-lab", step, Language::Rust, answer, content).expect("asked")
        };
        assert!(!stands(&store, "a-step", "fn f() {}", "c1"));
        graded.verdict = Verdict::Pass;
        store.record(&checked(&graded)).expect("recorded");
        assert!(stands(&store, "a-step", "fn f() {}", "c1"));
        for [step, answer, content] in
            [["b-step", "fn f() {}", "c1"], ["a-step", "fn f() { }", "c1"], ["a-step", "fn f() {}", "c2"]]
        {
            assert!(!stands(&store, step, answer, content));
        }
        graded.verdict = Verdict::Fail(vec![Finding::default()]);
        store.record(&checked(&graded)).expect("recorded");
        assert!(!stands(&store, "a-step", "fn f() {}", "c1"));
    }

    #[test]
    fn the_summary_can_be_rebuilt_from_the_rows() {
        let mut store = Store::in_memory().expect("a store");
        let mut graded = Graded::nothing("a-step", Kind::Build, 7, "");
        graded.verdict = Verdict::Pass;
        store.record(&checked(&graded)).expect("recorded");
        store.happened("a-lab", Some("a-step"), super::Event::Hint, "1").expect("recorded");
        let before = store.summaries().expect("summaries");
        store.rebuild().expect("rebuilt");
        assert_eq!(store.summaries().expect("summaries"), before);
    }
}
