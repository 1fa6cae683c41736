//! Reading: summaries for `status` and `next`, attempts for `history`, snapshots for `restore`.

use super::Store;
use super::write::hash;
use crate::error::Result;
use crate::submission::Language;
use rusqlite::Row;

/// One step's row of the summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The lab.
    pub lab: String,
    /// The step.
    pub step: String,
    /// When it was last passed, milliseconds since 1970.
    pub passed_at: Option<i64>,
    /// The lab's content hash at that time.
    pub content: Option<String>,
    /// The language of that answer.
    pub language: Option<String>,
    /// Checks that came to a verdict.
    pub attempts: u64,
    /// Seconds spent, idle time cut.
    pub spent: f64,
    /// When something last happened.
    pub last_at: i64,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not passed.
    Open,
    /// Passed.
    Passed,
    /// Passed, and the lab has changed since.
    Changed,
}

impl State {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Passed => "passed",
            State::Changed => "changed",
        }
    }

    /// Whether it counts as done: what was passed is never lost.
    pub fn done(self) -> bool {
        self != State::Open
    }
}

impl Summary {
    /// The state against the lab's present content.
    pub fn state(&self, content: &str) -> State {
        match (&self.passed_at, &self.content) {
            (Some(_), Some(then)) if then == content => State::Passed,
            (Some(_), _) => State::Changed,
            (None, _) => State::Open,
        }
    }
}

/// One row of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Its id.
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The step.
    pub step: String,
    /// predict, build, measure.
    pub kind: String,
    /// The answer's language.
    pub language: Option<String>,
    /// `HEX`.
    pub seed: String,
    /// pass, fail, error.
    pub verdict: String,
    /// Checks that held.
    pub passed: u64,
    /// Checks that ran.
    pub total: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// The mistake that was named.
    pub misconception: Option<String>,
    /// The answer's text, by hash.
    pub snapshot: Option<String>,
    /// The object that `--json` printed.
    pub detail: String,
}

const ATTEMPT: &str = "SELECT id, at, step, kind, language, seed, verdict, passed, total, seconds, misconception, snapshot, detail FROM attempt";

impl Store {
    /// All summary rows.
    pub fn summaries(&self) -> Result<Vec<Summary>> {
        self.rows("SELECT lab, step, passed_at, content, language, attempts, spent, last_at FROM summary", [], |row| {
            Ok(Summary {
                lab: row.get(0)?,
                step: row.get(1)?,
                passed_at: row.get(2)?,
                content: row.get(3)?,
                language: row.get(4)?,
                attempts: row.get::<_, i64>(5)? as u64,
                spent: row.get(6)?,
                last_at: row.get(7)?,
            })
        })
    }

    /// The attempts at a lab, oldest first.
    pub fn attempts(&self, lab: &str) -> Result<Vec<Attempt>> {
        self.rows(&format!("{ATTEMPT} WHERE lab = ?1 ORDER BY id"), [lab], attempt)
    }

    /// Whether the last check of a step with this very answer, under this very content of the lab, passed.
    pub fn stands(&self, lab: &str, step: &str, language: Language, answer: &str, content: &str) -> Result<bool> {
        let sql = "SELECT verdict FROM attempt WHERE lab = ?1 AND step = ?2 AND snapshot = ?3 AND content = ?4
                   ORDER BY id DESC LIMIT 1";
        let last = self.rows(sql, [lab, step, &hash(lab, language, answer), content], |row| row.get::<_, String>(0))?;
        Ok(last.first().is_some_and(|verdict| verdict == "pass"))
    }

    /// The text of a snapshot, with its language.
    pub fn snapshot_text(&self, hash: &str) -> Result<Option<(String, String)>> {
        let mut found = self.rows("SELECT language, text FROM snapshot WHERE hash = ?1", [hash], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(found.pop())
    }

    /// The last event of a kind in a lab: its step and detail.
    pub fn last_event(&self, lab: &str, kind: &str) -> Result<Option<(Option<String>, String)>> {
        let sql = "SELECT step, detail FROM event WHERE lab = ?1 AND kind = ?2 ORDER BY at DESC, id DESC LIMIT 1";
        Ok(self.rows(sql, [lab, kind], |row| Ok((row.get(0)?, row.get(1)?)))?.pop())
    }

    /// The detail of the last event of a kind in any lab.
    pub fn last_event_anywhere(&self, kind: &str) -> Result<Option<String>> {
        let sql = "SELECT detail FROM event WHERE kind = ?1 ORDER BY id DESC LIMIT 1";
        Ok(self.rows(sql, [kind], |row| row.get(0))?.pop())
    }

    /// How often something happened at a step.
    pub fn count_events(&self, lab: &str, step: &str, kind: &str) -> Result<u64> {
        let sql = "SELECT count(*) FROM event WHERE lab = ?1 AND step = ?2 AND kind = ?3";
        let found = self.rows(sql, [lab, step, kind], |row| row.get::<_, i64>(0))?;
        Ok(found.first().map_or(0, |n| *n as u64))
    }

    /// Makes the summary again from attempts and events.
    pub fn rebuild(&mut self) -> Result<()> {
        let rebuild = |store: &mut Store| -> rusqlite::Result<()> {
            let all = store.db.transaction()?;
            all.execute_batch(
                "DELETE FROM summary;
                 INSERT INTO summary (lab, step, kind, passed_at, content, language, attempts, spent, last_at)
                 SELECT lab, step, kind, passed_at, content, language, attempts, spent, last_at FROM (
                     SELECT lab, step, sum(counted) AS attempts, sum(spent) AS spent, max(at) AS last_at
                     FROM (SELECT lab, step, at, spent, verdict <> 'nothing' AS counted FROM attempt
                           UNION ALL SELECT lab, step, at, spent, 0 FROM event WHERE step IS NOT NULL)
                     GROUP BY lab, step)
                 LEFT JOIN (SELECT lab AS l, step AS s, kind, max(at) AS passed_at, content, language FROM attempt
                            WHERE verdict = 'pass' GROUP BY lab, step) ON lab = l AND step = s;",
            )?;
            all.commit()
        };
        rebuild(self).map_err(|e| self.explain(&e))
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let run = || -> rusqlite::Result<Vec<T>> { self.db.prepare_cached(sql)?.query_map(values, read)?.collect() };
        run().map_err(|e| self.explain(&e))
    }
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
        id: row.get(0)?,
        at: row.get(1)?,
        step: row.get(2)?,
        kind: row.get(3)?,
        language: row.get(4)?,
        seed: row.get(5)?,
        verdict: row.get(6)?,
        passed: row.get::<_, i64>(7)? as u64,
        total: row.get::<_, i64>(8)? as u64,
        seconds: row.get(9)?,
        misconception: row.get(10)?,
        snapshot: row.get(11)?,
        detail: row.get(12)?,
    })
}
