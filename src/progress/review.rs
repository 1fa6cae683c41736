//! What comes back and when. Rows of `review` are appended and are the truth; `memory` has one row an item, follows from
//! them, and can be made again.

use super::Store;
use crate::error::{Doing, Error, Result};
use crate::review::{DAY, Rating, Strength, days_between, next};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use std::collections::BTreeSet;

/// Items that come back on one day, unless the learner asks for more.
pub const A_DAY: usize = 10;

/// What is remembered of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// `step:LAB/STEP` or `card:LAB/HASH`.
    pub item: String,
    /// Its lab.
    pub lab: String,
    /// Its step, where it is one.
    pub step: Option<String>,
    /// How well; none for a card that was never asked.
    pub strength: Option<Strength>,
    /// When it comes back, milliseconds since 1970.
    pub due: i64,
    /// When it was last answered.
    pub last_at: i64,
    /// How often it was answered in a review.
    pub reviews: u64,
}

/// Something that may be remembered from now on.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub item: String,
    /// Its lab.
    pub lab: String,
    /// Its step, where it is one.
    pub step: Option<String>,
}

/// One answer to one item.
#[derive(Clone, Debug)]
pub struct Reviewed<'a> {
    /// What was typed.
    pub given: &'a str,
    /// How it went.
    pub rating: Rating,
}

const MEMORY: &str = "SELECT item, lab, step, stability, difficulty, due, last_at, reviews FROM memory";

impl Store {
    /// Takes in what has not been taken in yet: predict steps that were passed, cards of labs with a passed step. What is
    /// remembered and not among `all` is forgotten until it comes back. Returns how many are new.
    pub fn enrol(&mut self, all: &[Entry]) -> Result<usize> {
        let known = self.texts("SELECT item FROM memory")?;
        let labs = self.texts("SELECT DISTINCT lab FROM summary WHERE passed_at IS NOT NULL")?;
        let steps = self.texts("SELECT lab || '/' || step FROM summary WHERE passed_at IS NOT NULL")?;
        let begun = |e: &Entry| match &e.step {
            Some(step) => steps.contains(&format!("{}/{step}", e.lab)),
            None => labs.contains(&e.lab),
        };
        let gone: Vec<&String> = known.iter().filter(|item| all.iter().all(|entry| entry.item != **item)).collect();
        let new: Vec<&Entry> = all.iter().filter(|e| !known.contains(&e.item) && begun(e)).collect();
        if gone.is_empty() && new.is_empty() {
            return Ok(0);
        }
        self.write(|all| {
            for item in &gone {
                all.execute("DELETE FROM memory WHERE item = ?1", [item])?;
            }
            let mut count = 0;
            for entry in &new {
                count += usize::from(enter(all, entry)?);
            }
            Ok(count)
        })
    }

    /// What is left for the day of `now`, at most `most` a day with what was answered already; longest due first.
    pub fn due(&self, now: i64, most: usize) -> Result<Vec<Memory>> {
        let left = most.saturating_sub(self.reviewed_today(now)?);
        let sql = format!("{MEMORY} WHERE due < ?1 ORDER BY due, item LIMIT ?2");
        self.rows(&sql, params![day(now)?.1, left as i64], memory)
    }

    /// How many items are left for the day of `now`: never more than [`A_DAY`], whatever has piled up.
    pub fn due_today(&self, now: i64) -> Result<usize> {
        let left = A_DAY.saturating_sub(self.reviewed_today(now)?);
        let sql = "SELECT count(*) FROM (SELECT 1 FROM memory WHERE due < ?1 LIMIT ?2)";
        let found = self.rows(sql, params![day(now)?.1, left as i64], |row| row.get::<_, i64>(0))?;
        Ok(found.first().map_or(0, |n| *n as usize))
    }

    /// How many answers were given on the day of `now`.
    pub fn reviewed_today(&self, now: i64) -> Result<usize> {
        let (start, end) = day(now)?;
        let sql = "SELECT count(*) FROM review WHERE at >= ?1 AND at < ?2 AND given <> ''";
        let found = self.rows(sql, [start, end], |row| row.get::<_, i64>(0))?;
        Ok(found.first().map_or(0, |n| *n as usize))
    }

    /// The next time that anything comes back.
    pub fn next_due(&self) -> Result<Option<i64>> {
        Ok(self.rows("SELECT min(due) FROM memory", [], |row| row.get(0))?.pop().flatten())
    }

    /// Everything that is remembered, by item.
    pub fn memory(&self) -> Result<Vec<Memory>> {
        self.rows(&format!("{MEMORY} ORDER BY item"), [], memory)
    }

    /// Whether a hint was read for an item since it was last answered: for its step, or half of its card.
    pub fn hinted(&self, memory: &Memory) -> Result<bool> {
        let sql = "SELECT count(*) FROM event WHERE kind = 'hint' AND lab = ?1 AND at > ?2
                   AND ((?3 IS NOT NULL AND step = ?3) OR detail = ?4)";
        let values = params![memory.lab, memory.last_at, memory.step, memory.item];
        Ok(self.rows(sql, values, |row| row.get::<_, i64>(0))?.first().is_some_and(|n| *n > 0))
    }

    /// Records an answer to an item that is remembered, given at `at`; what is remembered afterwards.
    pub fn review(&mut self, item: &str, reviewed: &Reviewed<'_>, at: i64) -> Result<Memory> {
        // An empty `given` marks the row by which an item enters.
        let given = if reviewed.given.trim().is_empty() { "-" } else { reviewed.given };
        let (item, rating) = (item.to_owned(), reviewed.rating);
        let after = self.write(|all| {
            let sql = format!("{MEMORY} WHERE item = ?1");
            let Some(before) = all.query_row(&sql, [&item], memory).optional()? else { return Ok(None) };
            let after = answered(before, rating, at)?;
            append(all, &after, given, rating as i64, at)?;
            keep(all, &after)?;
            Ok(Some(after))
        })?;
        after.ok_or_else(|| Error::usage("this item is not remembered yet").hint("see what is due: roadmap review"))
    }

    /// Makes `memory` again from the rows of `review`: after an import, or at any time.
    pub fn rebuild_memory(&mut self) -> Result<()> {
        self.write(|all| {
            all.execute("DELETE FROM memory", [])?;
            let items: Vec<String> = all
                .prepare("SELECT DISTINCT item FROM review")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            items.iter().try_for_each(|item| replay(all, item).map(|_| ()))
        })
    }

    fn texts(&self, sql: &str) -> Result<BTreeSet<String>> {
        Ok(self.rows(sql, [], |row| row.get(0))?.into_iter().collect())
    }

    /// Runs `body` in one transaction.
    pub(super) fn write<T>(&mut self, body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let run = |store: &mut Store| -> rusqlite::Result<T> {
            let all = store.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let out = body(&all)?;
            all.commit()?;
            Ok(out)
        };
        run(self).map_err(|e| self.explain(&e))
    }
}

/// Takes in one item, if its time has come: by its history, or from the first pass of its step or lab.
fn enter(all: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<bool> {
    if replay(all, &entry.item)? {
        return Ok(true);
    }
    let sql = "SELECT min(at) FROM attempt WHERE lab = ?1 AND verdict = 'pass' AND (?2 IS NULL OR step = ?2)";
    let first: Option<i64> = all.query_row(sql, params![entry.lab, entry.step], |row| row.get(0))?;
    let Some(at) = first else { return Ok(false) };
    let rating = match &entry.step {
        Some(step) => Some(first_answer(all, &entry.lab, step, at)?),
        None => None,
    };
    let new = Memory {
        item: entry.item.clone(),
        lab: entry.lab.clone(),
        step: entry.step.clone(),
        strength: None,
        due: at + DAY,
        last_at: at,
        reviews: 0,
    };
    let new = match rating {
        Some(rating) => Memory { reviews: 0, ..answered(new, rating, at)? },
        None => new,
    };
    append(all, &new, "", rating.map_or(0, |r| r as i64), at)?;
    keep(all, &new)?;
    Ok(true)
}

/// The rating of the way to a step's first pass at `at`.
fn first_answer(all: &Transaction<'_>, lab: &str, step: &str, at: i64) -> rusqlite::Result<Rating> {
    let count = |sql: &str| all.query_row(sql, params![lab, step, at], |row| row.get::<_, i64>(0));
    let missed = count("SELECT count(*) FROM attempt WHERE lab = ?1 AND step = ?2 AND at <= ?3 AND verdict = 'fail'")?;
    let hints = count("SELECT count(*) FROM event WHERE lab = ?1 AND step = ?2 AND at <= ?3 AND kind = 'hint'")?;
    Ok(Rating::of(missed == 0, hints > 0))
}

/// Makes the memory of one item from its rows, in the order of time; `false` when there are none.
fn replay(all: &Transaction<'_>, item: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT lab, step, given, rating, at, due FROM review WHERE item = ?1 ORDER BY at, id";
    let rows: Vec<(String, Option<String>, String, i64, i64, i64)> = all
        .prepare_cached(sql)?
        .query_map([item], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)))?
        .collect::<Result<_, _>>()?;
    let mut known: Option<Memory> = None;
    for (lab, step, given, rating, at, due) in rows {
        let enters = given.is_empty();
        // Two machines may both have taken the item in; it enters once.
        if enters && known.is_some() {
            continue;
        }
        let (item, new) = (item.to_owned(), known.is_none());
        let before = known.take().unwrap_or(Memory { item, lab, step, strength: None, due, last_at: at, reviews: 0 });
        known = Some(match Rating::numbered(rating) {
            Some(rating) => {
                let after = answered(before, rating, at)?;
                if new && enters { Memory { reviews: 0, ..after } } else { after }
            }
            None => before,
        });
    }
    known.as_ref().map_or(Ok(false), |memory| keep(all, memory).map(|()| true))
}

fn answered(before: Memory, rating: Rating, at: i64) -> rusqlite::Result<Memory> {
    let days = days_between(before.last_at, at);
    let (strength, wait) =
        next(before.strength, rating, days).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    let due = at + i64::from(wait) * DAY;
    Ok(Memory { strength: Some(strength), due, last_at: at, reviews: before.reviews + 1, ..before })
}

fn append(all: &Transaction<'_>, m: &Memory, given: &str, rating: i64, at: i64) -> rusqlite::Result<()> {
    let (stability, difficulty) = m.strength.map_or((0.0, 0.0), |s| (f64::from(s.stability), f64::from(s.difficulty)));
    let id = uuid::Uuid::now_v7().simple().to_string();
    let right = rating > Rating::Again as i64;
    all.prepare_cached(
        "INSERT INTO review (id, at, item, lab, step, given, right, rating, stability, difficulty, due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![id, at, m.item, m.lab, m.step, given, right, rating, stability, difficulty, m.due])?;
    Ok(())
}

fn keep(all: &Transaction<'_>, m: &Memory) -> rusqlite::Result<()> {
    let (stability, difficulty) = m.strength.map_or((0.0, 0.0), |s| (f64::from(s.stability), f64::from(s.difficulty)));
    all.prepare_cached(
        "INSERT OR REPLACE INTO memory (item, lab, step, stability, difficulty, due, last_at, reviews)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![m.item, m.lab, m.step, stability, difficulty, m.due, m.last_at, m.reviews as i64])?;
    Ok(())
}

fn memory(row: &Row<'_>) -> rusqlite::Result<Memory> {
    let (stability, difficulty) = (row.get::<_, f64>(3)? as f32, row.get::<_, f64>(4)? as f32);
    Ok(Memory {
        item: row.get(0)?,
        lab: row.get(1)?,
        step: row.get(2)?,
        strength: (stability > 0.0).then_some(Strength { stability, difficulty }),
        due: row.get(5)?,
        last_at: row.get(6)?,
        reviews: row.get::<_, i64>(7)? as u64,
    })
}

/// The local day of a time: its first millisecond, and that of the next day.
fn day(at: i64) -> Result<(i64, i64)> {
    let bounds = || -> Result<(i64, i64), jiff::Error> {
        let start = jiff::Timestamp::from_millisecond(at)?.to_zoned(jiff::tz::TimeZone::system()).start_of_day()?;
        let end = start.tomorrow()?.start_of_day()?;
        Ok((start.timestamp().as_millisecond(), end.timestamp().as_millisecond()))
    };
    bounds().doing(|| "finding today in the calendar".to_owned())
}

#[cfg(test)]
mod tests;
