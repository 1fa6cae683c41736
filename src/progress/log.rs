//! Time: what a row's `spent` is, the rows of the log with their corrections, and the plan that they are held against.

use super::Store;
use crate::error::Result;
use rusqlite::{OptionalExtension, Transaction, params};

/// Idle time beyond this is not study time.
const IDLE_MS: i64 = 10 * 60 * 1000;

/// After a pause of this length a new sitting begins: nothing of the pause is study time.
const SITTING_MS: i64 = 2 * 60 * 60 * 1000;

/// Time that was tracked.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracked {
    /// When it ended, milliseconds since 1970.
    pub at: i64,
    /// The lab.
    pub lab: String,
    /// Its length.
    pub seconds: f64,
}

/// A correction of the log by the learner.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// When it was made, milliseconds since 1970.
    pub at: i64,
    /// The day that it is about, `2026-06-01`.
    pub day: String,
    /// The lab; empty for all labs of a dropped day.
    pub lab: String,
    /// Minutes to add.
    pub minutes: f64,
    /// Whether it hides what was recorded before it.
    pub dropped: bool,
}

impl Store {
    /// Time tracked since a moment, in order.
    pub fn tracked(&self, since: i64) -> Result<Vec<Tracked>> {
        let sql = "SELECT at, lab, spent FROM attempt WHERE at >= ?1 AND spent > 0
                   UNION ALL SELECT at, lab, spent FROM event WHERE at >= ?1 AND spent > 0 ORDER BY 1";
        self.rows(sql, [since], |row| Ok(Tracked { at: row.get(0)?, lab: row.get(1)?, seconds: row.get(2)? }))
    }

    /// Corrections about `day` and later ones, oldest first.
    pub fn corrections(&self, day: &str) -> Result<Vec<Correction>> {
        let sql = "SELECT at, day, lab, minutes, dropped FROM correction WHERE day >= ?1 ORDER BY at, id";
        self.rows(sql, [day], |row| {
            Ok(Correction {
                at: row.get(0)?,
                day: row.get(1)?,
                lab: row.get(2)?,
                minutes: row.get(3)?,
                dropped: row.get(4)?,
            })
        })
    }

    /// Adds minutes to a day and lab.
    pub fn add_time(&mut self, day: &str, lab: &str, minutes: f64) -> Result<()> {
        self.correct(day, lab, minutes, false)
    }

    /// Hides what has been recorded for a day: for one lab, or for all with an empty name.
    pub fn drop_time(&mut self, day: &str, lab: &str) -> Result<()> {
        self.correct(day, lab, 0.0, true)
    }

    fn correct(&mut self, day: &str, lab: &str, minutes: f64, dropped: bool) -> Result<()> {
        let values = params![super::write::id(), super::write::now(), day, lab, minutes, dropped];
        let written = self.db.execute("INSERT INTO correction VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values);
        written.map(|_| ()).map_err(|e| self.explain(&e))
    }

    /// When each lab was first attempted, milliseconds since 1970.
    pub fn first_attempts(&self) -> Result<Vec<(String, i64)>> {
        let sql = "SELECT lab, min(at) FROM (SELECT lab, (SELECT min(at) FROM attempt a WHERE a.lab = s.lab AND
                   a.step = s.step) AS at FROM summary s) WHERE at IS NOT NULL GROUP BY lab";
        self.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The plan that was made: its first day and hours a week.
    pub fn plan(&self) -> Result<Option<(String, f64)>> {
        let sql = "SELECT s.value, CAST(h.value AS REAL) FROM meta s JOIN meta h ON h.key = 'plan.hours'
                   WHERE s.key = 'plan.start'";
        Ok(self.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?.pop())
    }

    /// Keeps a plan in place of the last one.
    pub fn keep_plan(&mut self, start: &str, hours: f64) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO meta VALUES ('plan.start', ?1), ('plan.hours', ?2)";
        self.db.execute(sql, [start, &hours.to_string()]).map(|_| ()).map_err(|e| self.explain(&e))
    }
}

/// Seconds of study that end at `at`: from the last row of this lab that counted, over the openings of the lab and the
/// last edit of the answer in between, each pause cut. Where another lab was worked on since, from its last row: no minute
/// belongs to two labs. Rows of a clock that was ahead are left aside.
pub(super) fn spent(all: &Transaction<'_>, lab: &str, at: i64, edited: Option<i64>) -> rusqlite::Result<f64> {
    let attempt: Option<i64> = all
        .prepare_cached("SELECT max(at) FROM attempt WHERE lab = ?1 AND at <= ?2")?
        .query_row(params![lab, at], |row| row.get(0))?;
    let event: Option<i64> = all
        .prepare_cached(
            "SELECT at FROM event WHERE lab = ?1 AND at <= ?2 AND kind <> 'opened' ORDER BY at DESC LIMIT 1",
        )?
        .query_row(params![lab, at], |row| row.get(0))
        .optional()?;
    let last = attempt.max(event);
    let elsewhere: Option<i64> = all
        .prepare_cached(
            "SELECT max(at) FROM (SELECT max(at) AS at FROM attempt WHERE lab <> ?1 AND at > ?2 AND at < ?3
             UNION ALL SELECT max(at) FROM event WHERE lab <> ?1 AND at > ?2 AND at < ?3 AND kind <> 'opened')",
        )?
        .query_row(params![lab, last.unwrap_or(0), at], |row| row.get(0))?;
    // A lab that was never worked on begins when it is opened.
    let last = last.map(|last| elsewhere.map_or(last, |elsewhere| elsewhere.max(last)));
    let from = last.or(elsewhere).unwrap_or(0);
    let mut moments: Vec<i64> = all
        .prepare_cached("SELECT at FROM event WHERE lab = ?1 AND at > ?2 AND kind = 'opened'")?
        .query_map(params![lab, from], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    moments.extend(last);
    moments.extend(edited);
    moments.push(at);
    moments.retain(|moment| (from..=at).contains(moment));
    moments.sort_unstable();
    let pause = |pair: &[i64]| match pair[1] - pair[0] {
        long if long > SITTING_MS => 0,
        pause => pause.min(IDLE_MS),
    };
    Ok(moments.windows(2).map(pause).sum::<i64>() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::{Correction, Store, Tracked, spent};

    const MINUTE: i64 = 60_000;
    const NOON: i64 = 1_780_000_000_000;

    fn opened(store: &Store, at: i64) {
        event(store, at, "opened", 0.0);
    }

    fn event(store: &Store, at: i64, kind: &str, spent: f64) {
        event_of(store, "a-lab", at, kind, spent);
    }

    fn event_of(store: &Store, lab: &str, at: i64, kind: &str, spent: f64) {
        let id = format!("{at}{kind}");
        let sql = "INSERT INTO event VALUES (?1, ?2, ?3, NULL, ?4, '', ?5)";
        store.db.execute(sql, rusqlite::params![id, at, lab, kind, spent]).expect("an event");
    }

    fn minutes(store: &mut Store, at: i64, edited: Option<i64>) -> f64 {
        let all = store.db.transaction().expect("a transaction");
        spent(&all, "a-lab", at, edited).expect("a time") / 60.0
    }

    #[test]
    fn a_first_edit_counts_before_the_first_check() {
        let mut store = Store::in_memory().expect("a store");
        assert_eq!(minutes(&mut store, NOON, None), 0.0);
        // The check itself opens the lab.
        opened(&store, NOON - 1000);
        assert_eq!(minutes(&mut store, NOON, Some(NOON - 3 * MINUTE)), 3.0);
        assert_eq!(minutes(&mut store, NOON, Some(NOON - 40 * MINUTE)), 10.0 + 1.0 / 60.0, "idle time is cut");
        assert_eq!(minutes(&mut store, NOON, Some(NOON + MINUTE)), 1.0 / 60.0, "a clock that is wrong adds nothing");
    }

    #[test]
    fn an_opening_does_not_end_what_came_before_it() {
        let mut store = Store::in_memory().expect("a store");
        event(&store, NOON, "hint", 0.0);
        opened(&store, NOON + 4 * MINUTE);
        opened(&store, NOON + 8 * MINUTE);
        assert_eq!(minutes(&mut store, NOON + 8 * MINUTE, None), 8.0);
        assert_eq!(minutes(&mut store, NOON + 8 * MINUTE, Some(NOON - MINUTE)), 8.0, "an edit before counts nothing");
    }

    #[test]
    fn no_minute_belongs_to_two_labs() {
        let mut store = Store::in_memory().expect("a store");
        event(&store, NOON, "hint", 0.0);
        event_of(&store, "b-lab", NOON + 7 * MINUTE, "hint", 0.0);
        event_of(&store, "b-lab", NOON + 8 * MINUTE, "opened", 0.0);
        assert_eq!(minutes(&mut store, NOON + 9 * MINUTE, None), 2.0);
        assert_eq!(minutes(&mut store, NOON + 9 * MINUTE, Some(NOON + 5 * MINUTE)), 2.0);
        opened(&store, NOON + 15 * MINUTE);
        assert_eq!(minutes(&mut store, NOON + 18 * MINUTE, None), 11.0);
        // One that was never worked on begins when it is opened.
        let mut store = Store::in_memory().expect("a store");
        event_of(&store, "b-lab", NOON, "hint", 0.0);
        opened(&store, NOON + 2 * MINUTE);
        assert_eq!(minutes(&mut store, NOON + 5 * MINUTE, Some(NOON - MINUTE)), 3.0);
    }

    #[test]
    fn the_night_is_no_study_time() {
        let mut store = Store::in_memory().expect("a store");
        event(&store, NOON, "hint", 0.0);
        let morning = NOON + 20 * 60 * MINUTE;
        assert_eq!(minutes(&mut store, morning, Some(morning - 5 * MINUTE)), 5.0);
        opened(&store, morning - 12 * MINUTE);
        assert_eq!(minutes(&mut store, morning, Some(morning - 5 * MINUTE)), 12.0);
        assert_eq!(minutes(&mut store, morning, None), 10.0);
    }

    #[test]
    fn corrections_are_rows_beside_what_was_tracked() {
        let mut store = Store::in_memory().expect("a store");
        event(&store, NOON, "hint", 90.0);
        store.add_time("2026-05-28", "a-lab", 25.0).expect("added");
        store.drop_time("2026-05-29", "").expect("dropped");
        assert_eq!(store.tracked(0).expect("rows"), [Tracked { at: NOON, lab: "a-lab".to_owned(), seconds: 90.0 }]);
        assert!(store.tracked(NOON + 1).expect("rows").is_empty());
        let rows = store.corrections("2026-05-28").expect("rows");
        let shape = |c: &Correction| (c.day.clone(), c.lab.clone(), c.minutes, c.dropped);
        assert_eq!(
            rows.iter().map(shape).collect::<Vec<_>>(),
            [("2026-05-28".into(), "a-lab".into(), 25.0, false), ("2026-05-29".into(), String::new(), 0.0, true)]
        );
        assert_eq!(store.corrections("2026-05-29").expect("rows").len(), 1);
    }

    #[test]
    fn the_last_plan_is_kept() {
        let mut store = Store::in_memory().expect("a store");
        assert_eq!(store.plan().expect("a read"), None);
        store.keep_plan("2026-06-01", 8.0).expect("kept");
        store.keep_plan("2026-06-08", 6.5).expect("kept");
        assert_eq!(store.plan().expect("a read"), Some(("2026-06-08".to_owned(), 6.5)));
    }
}
