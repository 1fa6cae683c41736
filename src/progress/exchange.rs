//! The SQL of export and import: all appended rows as plain values, and their union with what is here. Tables and columns
//! are read from the database, so a column that a migration adds travels without a line here.

use super::Store;
use crate::error::{Error, Result};
use rusqlite::types::{Type, Value as Cell, ValueRef};
use rusqlite::{Connection, Transaction, TransactionBehavior, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// The tables whose rows are appended and never changed, parents first, with the column that identifies a row.
const APPENDED: &[(&str, &str)] = &[
    ("attempt", "id"),
    ("prediction", "id"),
    ("measurement", "id"),
    ("snapshot", "hash"),
    ("event", "id"),
    ("review", "id"),
    ("note", "id"),
    ("correction", "id"),
];

/// The form of the object, apart from the columns of the store.
const FORM: u64 = 1;

/// One row: columns by name.
pub type ExportedRow = Map<String, Value>;

/// Everything that a store cannot derive: the truth about one learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exported {
    /// The form of this object.
    pub schema: u64,
    /// The version of the store that it was read from.
    pub store: u64,
    /// Whose it is.
    pub learner: String,
    /// Rows by table.
    pub tables: BTreeMap<String, Vec<ExportedRow>>,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Rows that were not here before, by table.
    pub added: BTreeMap<String, u64>,
    /// Rows that were here already.
    pub known: u64,
    /// Whether this store was empty and now is the same learner's.
    pub learner_taken: bool,
}

impl Exported {
    /// Reads what `roadmap export` wrote; `name` is what the errors call it.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<Value>,
            store: Option<Value>,
        }
        let refuse = |e: serde_json::Error| match e.classify() {
            serde_json::error::Category::Data => {
                no_export(name, &format!(": line {}, column {} holds something else", e.line(), e.column()))
            }
            kind => {
                let early = if kind == serde_json::error::Category::Eof { ", where it ends too early" } else { "" };
                Error::usage(format!("{name} is broken JSON at line {}, column {}{early}", e.line(), e.column()))
                    .hint("export it again: roadmap export > all.json")
            }
        };
        let head: Head = serde_json::from_slice(bytes).map_err(refuse)?;
        match (head.schema.as_ref().and_then(Value::as_u64), head.store.as_ref().and_then(Value::as_u64)) {
            (Some(form), _) if form > FORM => return Err(newer(name, form, FORM)),
            (Some(_), Some(_)) => {}
            _ => return Err(no_export(name, "")),
        }
        serde_json::from_slice(bytes).map_err(refuse)
    }

    /// How many rows there are, by table.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        self.tables.iter().map(|(table, rows)| (table.as_str(), rows.len())).collect()
    }
}

impl Store {
    /// All appended rows, as they are at one moment.
    pub fn export(&self) -> Result<Exported> {
        let learner = self.learner()?;
        let read = || -> rusqlite::Result<Exported> {
            let all = self.db.unchecked_transaction()?;
            let mut tables = BTreeMap::new();
            for (table, key) in APPENDED {
                tables.insert((*table).to_owned(), rows(&all, table, key)?);
            }
            Ok(Exported { schema: FORM, store: version(&all)?, learner, tables })
        };
        read().map_err(|e| self.explain(&e))
    }

    /// Adds the rows of `other` that are not here; what is here stays. All of it or, on an error, nothing.
    pub fn merge(&mut self, other: &Exported, name: &str) -> Result<Merged> {
        let merged = {
            let sql = |e: rusqlite::Error| self.explain(&e);
            let all = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate).map_err(sql)?;
            let here = version(&all).map_err(sql)?;
            if other.schema > FORM || other.store > here {
                return Err(newer(name, other.store, here));
            }
            if let Some(unknown) = other.tables.keys().find(|table| APPENDED.iter().all(|(known, _)| known != table)) {
                return Err(no_export(name, &format!(": there is no table `{unknown}` in a store")));
            }
            if other.learner.is_empty() || !other.learner.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Err(no_export(name, ": the learner's id is no id"));
            }
            let mut merged = Merged::default();
            let mut empty = true;
            for (table, key) in APPENDED {
                let before = count(&all, table).map_err(sql)?;
                empty &= before == 0;
                let theirs = other.tables.get(*table).map(Vec::as_slice).unwrap_or_default();
                if let Some(refusal) = insert(&all, table, key, theirs).map_err(sql)? {
                    return Err(no_export(name, &format!(": {refusal}")));
                }
                let added = count(&all, table).map_err(sql)? - before;
                merged.known += (theirs.len() as u64).saturating_sub(added);
                merged.added.insert((*table).to_owned(), added);
            }
            if empty {
                let taken = all.execute(
                    "UPDATE meta SET value = ?1 WHERE key = 'learner' AND value <> ?1",
                    [other.learner.as_str()],
                );
                merged.learner_taken = taken.map_err(sql)? > 0;
            }
            all.commit().map_err(sql)?;
            merged
        };
        self.rebuild()?;
        self.rebuild_memory()?;
        Ok(merged)
    }
}

/// A column, as SQLite describes it.
struct Column {
    name: String,
    kind: String,
    /// A row without it is refused.
    needed: bool,
}

fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    db.prepare_cached(
        "SELECT name, upper(type), (\"notnull\" OR pk > 0) AND dflt_value IS NULL FROM pragma_table_info(?1)",
    )?
    .query_map([table], |row| Ok(Column { name: row.get(0)?, kind: row.get(1)?, needed: row.get(2)? }))?
    .collect()
}

fn version(db: &Connection) -> rusqlite::Result<u64> {
    db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map(|version| version as u64)
}

fn count(db: &Connection, table: &str) -> rusqlite::Result<u64> {
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).map(|rows| rows as u64)
}

fn listed(columns: &[Column]) -> String {
    columns.iter().map(|c| format!("\"{}\"", c.name)).collect::<Vec<_>>().join(", ")
}

fn rows(db: &Connection, table: &str, key: &str) -> rusqlite::Result<Vec<ExportedRow>> {
    let columns = columns(db, table)?;
    let mut select = db.prepare(&format!("SELECT {} FROM {table} ORDER BY {key}", listed(&columns)))?;
    let read = |row: &rusqlite::Row<'_>| {
        let cell = |(at, column): (usize, &Column)| Ok((column.name.clone(), value(at, row.get_ref(at)?)?));
        columns.iter().enumerate().map(cell).collect()
    };
    select.query_map([], read)?.collect()
}

/// A cell in JSON. What JSON has no number for is a word.
fn value(at: usize, cell: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => v.into(),
        ValueRef::Real(v) => match Number::from_f64(v) {
            Some(number) => Value::Number(number),
            None => Value::from(if v > 0.0 { INFINITE[0] } else { INFINITE[1] }),
        },
        ValueRef::Text(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(_) => return Err(rusqlite::Error::InvalidColumnType(at, String::new(), Type::Blob)),
    })
}

const INFINITE: [&str; 2] = ["Infinity", "-Infinity"];

/// The end of the year 9999 in milliseconds: no time and no count of a store is larger, and none is negative.
const LAST: i64 = 253_402_300_799_999;

/// A JSON value as a cell of its column, or nothing where it is of another type: what is read later must be readable.
fn cell(column: &Column, value: &Value) -> Option<Cell> {
    match (column.kind.as_str(), value) {
        (_, Value::Null) => (!column.needed).then_some(Cell::Null),
        ("INTEGER", Value::Number(v)) => v.as_i64().filter(|v| (0..=LAST).contains(v)).map(Cell::Integer),
        ("REAL", Value::Number(v)) => v.as_f64().map(Cell::Real),
        ("REAL", Value::String(v)) => match INFINITE.iter().position(|word| word == v)? {
            0 => Some(Cell::Real(f64::INFINITY)),
            _ => Some(Cell::Real(f64::NEG_INFINITY)),
        },
        ("TEXT", Value::String(v)) => Some(Cell::Text(v.clone())),
        _ => None,
    }
}

/// Inserts the rows whose key is not there. Returns why a row cannot be one of this table.
fn insert(db: &Connection, table: &str, key: &str, rows: &[ExportedRow]) -> rusqlite::Result<Option<String>> {
    let columns = columns(db, table)?;
    for (at, row) in rows.iter().enumerate() {
        let row_name = || format!("row {} of `{table}`", at + 1);
        if let Some(unknown) = row.keys().find(|name| columns.iter().all(|c| c.name != **name)) {
            return Ok(Some(format!("{} has a column `{unknown}` that a store has not", row_name())));
        }
        let mut names = Vec::new();
        let mut cells = Vec::new();
        for column in &columns {
            match row.get(&column.name) {
                Some(value) => match cell(column, value) {
                    Some(cell) => {
                        names.push(format!("\"{}\"", column.name));
                        cells.push(cell);
                    }
                    None => return Ok(Some(format!("`{}` in {} is {}", column.name, row_name(), shown(value)))),
                },
                None if column.needed => return Ok(Some(format!("{} has no `{}`", row_name(), column.name))),
                None => {}
            }
        }
        // Two machines may keep the same text at different times: the earlier one holds, whichever is merged into which.
        let twice = match table {
            "snapshot" => "DO UPDATE SET at = excluded.at WHERE excluded.at < at",
            _ => "DO NOTHING",
        };
        let marks = vec!["?"; cells.len()].join(", ");
        let names = names.join(", ");
        db.prepare_cached(&format!("INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({key}) {twice}"))?
            .execute(params_from_iter(cells))?;
    }
    Ok(None)
}

/// A value of the wrong type, short enough for a sentence.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn no_export(name: &str, why: &str) -> Error {
    Error::usage(format!("{name} is no export of roadmap{why}")).hint("write one: roadmap export > all.json")
}

fn newer(name: &str, theirs: u64, ours: u64) -> Error {
    Error::usage(format!("{name} was written by a newer roadmap (schema {theirs}, this one knows {ours})"))
        .hint("update roadmap: cargo install roadmap")
}
