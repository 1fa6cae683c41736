//! Notes, and the full-text index over them and over what the roadmap and the labs say.

use super::Store;
use crate::error::Result;
use rusqlite::{OptionalExtension, Transaction, params};

/// Results of one search.
const MOST: i64 = 20;

/// Marks around what matched, as the index returns them; they occur in no text.
const OPEN: char = '\u{2}';
/// The end of what matched.
const CLOSE: char = '\u{3}';

/// Which notes there are: it changes with each.
const NOTES: &str = "SELECT count(*) || '/' || coalesce(max(id), '') FROM note";

/// A note.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Its id.
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The topic or lab.
    pub subject: String,
    /// What was noted.
    pub text: String,
}

/// A text that can be found.
#[derive(Clone, Debug)]
pub struct Document {
    /// topic, lab, brief or card.
    pub kind: &'static str,
    /// The topic's id or the lab's slug.
    pub name: String,
    /// The step; empty for none.
    pub place: String,
    /// The text.
    pub body: String,
}

/// How strictly a search takes its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// All of them occur.
    All,
    /// All of them occur, and the last word of each may be only the beginning of one.
    Begun,
    /// One of them occurs, or begins a word.
    Any,
}

/// A place where words were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// topic, lab, brief, card or note.
    pub kind: String,
    /// The topic's id or the lab's slug.
    pub name: String,
    /// The step; empty for none.
    pub place: String,
    /// The text around the match: pieces, and whether each is what matched.
    pub snippet: Vec<(String, bool)>,
}

impl Store {
    /// Notes something on a topic or lab at `at`.
    pub fn note(&mut self, subject: &str, text: &str, at: i64) -> Result<()> {
        let id = uuid::Uuid::now_v7().simple().to_string();
        self.write(|all| {
            let indexed = all.query_row("SELECT value FROM meta WHERE key = 'text-notes'", [], |row| row.get(0));
            let indexed: Option<String> = indexed.optional()?;
            let current = indexed.is_some() && indexed == Some(all.query_row(NOTES, [], |row| row.get(0))?);
            let values = params![id, at, subject, text];
            all.execute("INSERT INTO note (id, at, subject, text) VALUES (?1, ?2, ?3, ?4)", values)?;
            // Notes that came another way are left to the next search, which then reads all.
            if current {
                let body = text.to_owned();
                insert(all, &Document { kind: "note", name: subject.to_owned(), place: String::new(), body })?;
                let notes: String = all.query_row(NOTES, [], |row| row.get(0))?;
                all.execute("INSERT OR REPLACE INTO meta VALUES ('text-notes', ?1)", [notes])?;
            }
            Ok(())
        })
    }

    /// The notes on a subject, or all of them, oldest first.
    pub fn notes(&self, subject: Option<&str>) -> Result<Vec<Note>> {
        let sql = "SELECT id, at, subject, text FROM note WHERE ?1 IS NULL OR subject = ?1 ORDER BY at, id";
        self.rows(sql, [subject], |row| {
            Ok(Note { id: row.get(0)?, at: row.get(1)?, subject: row.get(2)?, text: row.get(3)? })
        })
    }

    /// Brings the index up to date: `documents` are read only where `content`, their hash, differs from what was indexed.
    pub fn index(&mut self, content: &str, documents: impl FnOnce() -> Vec<Document>) -> Result<()> {
        let indexed = |key: &str| -> Result<String> {
            let found = self.rows("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))?;
            Ok(found.into_iter().next().unwrap_or_default())
        };
        let notes = self.rows(NOTES, [], |row| row.get(0))?;
        let notes: String = notes.into_iter().next().unwrap_or_default();
        let (texts_new, notes_new) = (indexed("text")? != content, indexed("text-notes")? != notes);
        if !texts_new && !notes_new {
            return Ok(());
        }
        let documents = if texts_new { documents() } else { Vec::new() };
        self.write(|all| {
            if texts_new {
                all.execute("DELETE FROM text WHERE kind <> 'note'", [])?;
                for document in &documents {
                    insert(all, document)?;
                }
                all.execute("INSERT OR REPLACE INTO meta VALUES ('text', ?1)", [content])?;
            }
            if notes_new {
                all.execute("DELETE FROM text WHERE kind = 'note'", [])?;
                all.execute(
                    "INSERT INTO text (kind, name, place, body) SELECT 'note', subject, '', text FROM note",
                    [],
                )?;
                all.execute("INSERT OR REPLACE INTO meta VALUES ('text-notes', ?1)", [notes])?;
            }
            Ok(())
        })
    }

    /// Where `phrases` occur, best first. What a learner types is never a query's syntax.
    pub fn find(&self, phrases: &[String], matching: Match) -> Result<Vec<Found>> {
        let quoted: Vec<String> = phrases
            .iter()
            .filter(|phrase| phrase.chars().any(char::is_alphanumeric))
            .map(|phrase| phrase.replace(|c: char| c == '"' || c.is_control(), " "))
            .map(|phrase| format!("\"{phrase}\"{}", if matching == Match::All { "" } else { " *" }))
            .collect();
        if quoted.is_empty() {
            return Ok(Vec::new());
        }
        let query = quoted.join(if matching == Match::Any { " OR " } else { " AND " });
        let sql = "SELECT kind, name, place, snippet(text, 3, char(2), char(3), '...', 16) FROM text
                   WHERE text MATCH ?1 ORDER BY rank LIMIT ?2";
        self.rows(sql, params![query, MOST], |row| {
            let snippet = pieces(&row.get::<_, String>(3)?);
            Ok(Found { kind: row.get(0)?, name: row.get(1)?, place: row.get(2)?, snippet })
        })
    }
}

fn insert(all: &Transaction<'_>, document: &Document) -> rusqlite::Result<()> {
    all.prepare_cached("INSERT INTO text (kind, name, place, body) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        document.kind,
        document.name,
        document.place,
        document.body
    ])?;
    Ok(())
}

/// A snippet without its marks, in one line.
fn pieces(marked: &str) -> Vec<(String, bool)> {
    let mut out: Vec<(String, bool)> = vec![(String::new(), false)];
    for c in marked.chars() {
        match c {
            OPEN | CLOSE => out.push((String::new(), c == OPEN)),
            c => {
                let blank = out.last().is_some_and(|(text, _)| text.ends_with(' '));
                let c = if c.is_whitespace() { ' ' } else { c };
                if let Some((text, _)) = out.last_mut().filter(|_| !(blank && c == ' ')) {
                    text.push(c);
                }
            }
        }
    }
    out.retain(|(text, _)| !text.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::{Document, Match, Store};

    fn document(name: &str, body: &str) -> Document {
        Document { kind: "brief", name: name.into(), place: "a-step".into(), body: body.into() }
    }

    fn store() -> Store {
        let mut store = Store::in_memory().expect("a store");
        let documents =
            || vec![document("one", "The zero point is a code."), document("two", "A pointed\nremark about zeros")];
        store.index("c1", documents).expect("indexed");
        store
    }

    fn names(store: &Store, phrases: &[&str]) -> Vec<String> {
        let phrases: Vec<String> = phrases.iter().map(|p| (*p).to_owned()).collect();
        store.find(&phrases, Match::Begun).expect("found").into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn words_and_phrases_are_found() {
        let store = store();
        assert_eq!(names(&store, &["zero point"]), ["one"]);
        assert_eq!(names(&store, &["zero", "point"]).len(), 2);
        assert_eq!(names(&store, &["rema"]), ["two"]);
        let found = store.find(&["zero point".to_owned()], Match::All).expect("found");
        assert!(found[0].snippet.contains(&("zero point".to_owned(), true)), "{:?}", found[0].snippet);
    }

    #[test]
    fn what_is_typed_is_never_syntax() {
        let store = store();
        for typed in ["\"", "zero\"", "NOT", "a AND", "(", "x:y", "-", "*", "^", "NEAR(a b)", "zero*", "", "\u{0}", "'"]
        {
            assert!(store.find(&[typed.to_owned()], Match::All).is_ok(), "{typed}");
            assert!(store.find(&[typed.to_owned(), "zero".to_owned()], Match::Any).is_ok(), "{typed}");
        }
    }

    #[test]
    fn texts_are_read_once_for_a_content() {
        let mut store = store();
        store.index("c1", || panic!("read again")).expect("indexed");
        store.note("one", "the zero point of mine", 1).expect("noted");
        store.index("c1", || panic!("read again")).expect("indexed");
        assert_eq!(names(&store, &["mine"]), ["one"]);
        store.index("c2", || vec![document("three", "nothing")]).expect("indexed");
        assert_eq!(names(&store, &["zero point"]), ["one"], "the note is still there");
        assert_eq!(names(&store, &["nothing"]), ["three"]);
    }

    #[test]
    fn notes_are_kept_by_subject() {
        let mut store = store();
        store.note("one", "first", 1).expect("noted");
        store.note("two", "second", 2).expect("noted");
        assert_eq!(store.notes(None).expect("notes").len(), 2);
        assert_eq!(store.notes(Some("two")).expect("notes")[0].text, "second");
    }
}
