//! `roadmap note`: a line or a page on a topic or lab.

use super::context::Context;
use super::json;
use crate::error::{Error, Result, nearest};
use crate::progress::Note;
use crate::submission::edit;
use crate::term::{Paint, Screen};
use serde_json::{Value, json};

/// `roadmap note`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The topic or lab, or the beginning of its name
    pub name: Option<String>,
    /// What to note [default: opens $VISUAL or $EDITOR]
    pub text: Vec<String>,
    /// Print the notes instead
    #[arg(long, conflicts_with = "text")]
    pub list: bool,
}

/// Takes a note, or prints notes.
pub fn run(context: &mut Context, arguments: &Arguments) -> Result<u8> {
    let subject = arguments.name.as_deref().map(|name| subject(context, name)).transpose()?;
    let text = arguments.text.join(" ");
    let (Some(subject), false) = (subject.as_deref(), arguments.list) else {
        return list(context, subject.as_deref(), arguments.list);
    };
    let text = match text.trim() {
        "" if context.json => return list(context, Some(subject), true),
        "" if !arguments.text.is_empty() => return Err(no_words(subject)),
        "" if !context.screen.interactive => return Err(no_words(subject)),
        "" => edit(&context.workspace.hidden().join(format!("note-{subject}.md")))?.trim().to_owned(),
        text => text.to_owned(),
    };
    if text.is_empty() {
        context.screen.note("nothing was saved, so nothing was noted\n");
        return Ok(4);
    }
    let now = jiff::Timestamp::now().as_millisecond();
    context.store.note(subject, &text, now)?;
    if context.json {
        return list(context, Some(subject), true);
    }
    let count = context.store.notes(Some(subject))?.len();
    let command = context.screen.paint(Paint::Name, format!("roadmap note {subject} --list"));
    context.screen.print(&format!("noted    {command}    {count} note{}\n", if count == 1 { "" } else { "s" }));
    Ok(0)
}

fn no_words(subject: &str) -> Error {
    Error::usage("there is nothing to note").hint(format!("give the words: roadmap note {subject} \"what I learnt\""))
}

/// The notes on a subject, or all.
fn list(context: &Context, subject: Option<&str>, asked: bool) -> Result<u8> {
    if subject.is_none() && !asked && !context.json {
        let error = Error::usage("a note is on a topic or a lab");
        return Err(error.hint("roadmap note TOPIC \"what I learnt\", or all notes: roadmap note --list"));
    }
    let notes = context.store.notes(subject)?;
    if context.json {
        let notes: Vec<Value> = notes
            .iter()
            .map(|n| json!({"id": n.id, "at": time(n.at).0, "subject": n.subject, "text": n.text}))
            .collect();
        let object = json!({"schema": json::SCHEMA, "subject": subject, "notes": notes});
        context.screen.print(&format!("{object}\n"));
        return Ok(0);
    }
    let screen = &context.screen;
    if notes.is_empty() {
        let name = subject.unwrap_or("TOPIC");
        screen.print("no note yet\n");
        screen.note(&format!(" hint: roadmap note {name} \"what I learnt\"\n"));
        return Ok(0);
    }
    screen.print(&notes.iter().map(|note| page(screen, note, subject.is_none())).collect::<String>());
    Ok(0)
}

fn page(screen: &Screen, note: &Note, named: bool) -> String {
    let when = screen.paint(Paint::Dim, time(note.at).1);
    let name = if named { format!("  {}", screen.paint(Paint::Name, &note.subject)) } else { String::new() };
    let mut out = format!("{when}{name}\n");
    for line in note.text.lines() {
        out.push_str(&format!("{}\n", screen.wrap("  ", "  ", line).trim_end()));
    }
    out
}

/// A time for scripts and for the screen.
fn time(at: i64) -> (String, String) {
    let Ok(time) = jiff::Timestamp::from_millisecond(at) else { return (String::new(), String::new()) };
    let local = time.to_zoned(jiff::tz::TimeZone::system());
    (time.to_string(), local.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The topic or lab that `name` means: exactly, or as the only one that begins so.
pub fn subject(context: &Context, name: &str) -> Result<String> {
    let topics = context.roadmap.topics().map(|(.., topic)| topic.id.as_str());
    let mut names: Vec<&str> = topics.chain(context.labs.iter().map(|lab| lab.slug())).collect();
    names.sort_unstable();
    names.dedup();
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    let starting: Vec<&str> = names.iter().copied().filter(|n| !name.is_empty() && n.starts_with(name)).collect();
    match starting[..] {
        [only] => Ok(only.to_owned()),
        [] => {
            let error = Error::usage(format!("there is no topic or lab `{name}`"));
            Err(match nearest(name, names) {
                Some(near) => error.hint(format!("did you mean: roadmap note {near}")),
                None => error.hint("see what there is: roadmap list"),
            })
        }
        _ => {
            let some: Vec<String> = starting.iter().take(6).map(|n| format!("`{n}`")).collect();
            Err(Error::usage(format!("`{name}` begins several names: {}", some.join(", ")))
                .hint("type one letter more"))
        }
    }
}
