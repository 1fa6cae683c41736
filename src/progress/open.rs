//! Opening, migrating, backing up. Each failure says what to do.

use crate::error::{Doing, Error, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Each migration takes the database from its index to the next version.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE attempt (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, lab TEXT NOT NULL, step TEXT NOT NULL, kind TEXT NOT NULL,
        language TEXT, seed TEXT NOT NULL, verdict TEXT NOT NULL, passed INTEGER NOT NULL, total INTEGER NOT NULL,
        inputs INTEGER NOT NULL, seconds REAL NOT NULL, spent REAL NOT NULL, misconception TEXT, snapshot TEXT,
        content TEXT NOT NULL, detail TEXT NOT NULL
    );
    CREATE INDEX attempt_step ON attempt (lab, step, at);
    CREATE INDEX attempt_lab ON attempt (lab, at);
    CREATE TABLE prediction (
        id TEXT PRIMARY KEY, attempt TEXT NOT NULL, at INTEGER NOT NULL, lab TEXT NOT NULL, step TEXT NOT NULL,
        question TEXT NOT NULL, parameters TEXT NOT NULL, given TEXT NOT NULL, value REAL, wanted REAL,
        right INTEGER NOT NULL, after INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE measurement (
        id TEXT PRIMARY KEY, attempt TEXT NOT NULL, at INTEGER NOT NULL, lab TEXT NOT NULL, step TEXT NOT NULL,
        name TEXT NOT NULL, value REAL NOT NULL, unit TEXT NOT NULL, bar TEXT, pass INTEGER NOT NULL, kind TEXT NOT NULL,
        machine TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE snapshot (hash TEXT PRIMARY KEY, lab TEXT NOT NULL, language TEXT NOT NULL, at INTEGER NOT NULL,
        text TEXT NOT NULL);
    CREATE TABLE event (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, lab TEXT NOT NULL, step TEXT, kind TEXT NOT NULL, detail TEXT NOT NULL,
        spent REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX event_lab ON event (lab, at);
    CREATE INDEX event_step ON event (lab, step, kind);
    CREATE TABLE summary (
        lab TEXT NOT NULL, step TEXT NOT NULL, kind TEXT, passed_at INTEGER, content TEXT, language TEXT, attempts INTEGER NOT NULL,
        spent REAL NOT NULL, last_at INTEGER NOT NULL, PRIMARY KEY (lab, step)
    ) WITHOUT ROWID;
",
    // Reviews, notes, corrections of the log, full-text search.
    "
    CREATE TABLE review (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, item TEXT NOT NULL, lab TEXT NOT NULL, step TEXT, given TEXT NOT NULL,
        right INTEGER NOT NULL, rating INTEGER NOT NULL, stability REAL NOT NULL, difficulty REAL NOT NULL, due INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE memory (
        item TEXT PRIMARY KEY, lab TEXT NOT NULL, step TEXT, stability REAL NOT NULL, difficulty REAL NOT NULL,
        due INTEGER NOT NULL, last_at INTEGER NOT NULL, reviews INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX memory_due ON memory (due);
    CREATE INDEX review_at ON review (at);
    CREATE INDEX review_item ON review (item, at);
    CREATE TABLE note (id TEXT PRIMARY KEY, at INTEGER NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX note_subject ON note (subject, at);
    CREATE TABLE correction (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, day TEXT NOT NULL, lab TEXT NOT NULL, minutes REAL NOT NULL, dropped INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX attempt_time ON attempt (at, lab, spent);
    CREATE INDEX event_time ON event (at, lab, spent);
    CREATE INDEX prediction_question ON prediction (lab, step, question, at);
    CREATE VIRTUAL TABLE text USING fts5 (kind UNINDEXED, name UNINDEXED, place UNINDEXED, body, tokenize = 'porter unicode61');
"];

/// An open progress store.
pub struct Store {
    pub(super) db: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the store at `path`, creating or migrating it.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| {
                Error::environment(format!("the folder {} cannot be made: {e}", folder.display()))
                    .hint("name a folder that can be written: set ROADMAP_DATA")
            })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|e| explain(&e, path))?;
        let mut store = Self { db, path: path.to_owned() };
        store.prepare().map_err(|e| explain(&e, path))?;
        store.migrate()?;
        Ok(store)
    }

    /// A store that is forgotten: for tests and for looking around.
    pub fn in_memory() -> Result<Self> {
        let db = Connection::open_in_memory().doing(|| "opening a store in memory".to_owned())?;
        let mut store = Self { db, path: PathBuf::new() };
        store.migrate()?;
        Ok(store)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The learner's id: drawn once, random, says nothing about them.
    pub fn learner(&self) -> Result<String> {
        let known = self.db.query_row("SELECT value FROM meta WHERE key = 'learner'", [], |row| row.get(0));
        known.map_err(|e| self.explain(&e))
    }

    /// An SQLite error as a sentence with a way out.
    pub(super) fn explain(&self, error: &rusqlite::Error) -> Error {
        explain(error, &self.path)
    }

    fn prepare(&mut self) -> rusqlite::Result<()> {
        self.db.busy_timeout(Duration::from_secs(5))?;
        self.db.pragma_update(None, "journal_mode", "WAL")?;
        self.db.pragma_update(None, "synchronous", "FULL")
    }

    fn migrate(&mut self) -> Result<()> {
        let path = self.path.clone();
        let version = self.db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let version = version.map_err(|e| explain(&e, &path))? as usize;
        if version > MIGRATIONS.len() {
            return Err(Error::environment(format!(
                "the progress in {} was written by a newer roadmap (schema {version}, this one knows {})",
                path.display(),
                MIGRATIONS.len()
            ))
            .hint("update roadmap: cargo install roadmap"));
        }
        if version == MIGRATIONS.len() {
            return Ok(());
        }
        if version > 0 {
            let backup = claimed(&path, version).map_err(|e| {
                Error::environment(format!("no backup can be made beside {}: {e}", path.display()))
                    .hint("free some space there, or make the folder yours")
            })?;
            self.db.execute("VACUUM INTO ?1", [backup.display().to_string()]).map_err(|e| explain(&e, &path))?;
        }
        let learner = uuid::Uuid::now_v7().simple().to_string();
        let run = |db: &mut Connection| -> rusqlite::Result<()> {
            let all = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let version: i64 = all.pragma_query_value(None, "user_version", |row| row.get(0))?;
            for migration in MIGRATIONS.iter().skip(version as usize) {
                all.execute_batch(migration)?;
            }
            all.execute("INSERT OR IGNORE INTO meta VALUES ('learner', ?1)", [learner])?;
            all.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
            all.commit()
        };
        run(&mut self.db).map_err(|e| explain(&e, &path))
    }
}

/// An empty file for the backup of schema `version`, beside the store and nobody else's: an earlier backup stays, and of two
/// programs that begin at once each has its own.
fn claimed(path: &Path, version: usize) -> std::io::Result<PathBuf> {
    let names = (1..).map(|n| {
        path.with_extension(if n == 1 { format!("v{version}.backup") } else { format!("v{version}.{n}.backup") })
    });
    for name in names {
        match fs::File::create_new(&name) {
            Ok(_) => return Ok(name),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

fn explain(error: &rusqlite::Error, path: &Path) -> Error {
    let at = path.display();
    let beside = format!("mv {at} {at}.damaged    (then run the command again; nothing else is lost)");
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            Error::environment(format!("the progress in {at} is damaged: {error}")).hint(beside)
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::environment(format!("the progress in {at} is locked by another program"))
                .hint("wait for it to end, then run the command again")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::environment(format!("the progress in {at} cannot be written: {error}"))
                .hint(format!("make it yours: chmod u+rw {at}, or set ROADMAP_DATA to another folder"))
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            Error::environment(format!("the disk with {at} is full or failing: {error}"))
                .hint("free some space, then run it again")
        }
        _ => Error::environment(format!("the progress in {at}: {error}")).hint("see what is there: roadmap doctor"),
    }
}
