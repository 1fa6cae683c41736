//! The child's side of the pipe: reads calls on stdin, runs the learner's function, answers on what was stdout.
//! Limits and time are the parent's business.

use crate::desk::Desk;
use crate::lend::Args;
use crate::wire::Frame;
use crate::{Error, IntoValue, Result, Value};
use serde_json::{Value as Json, json};
use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// A function behind a name: arguments in, what happened out.
pub type Function = fn(&Args<'_>) -> Outcome;

/// What one call did.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It returned this.
    Value(Value),
    /// It refused, with this sentence.
    Refused(String),
    /// It panicked or raised.
    Crashed(String),
    /// It is not written yet (`todo!()`, `NotImplementedError`, or no such function).
    NotDone,
}

/// What a function may return: a value, or a `Result` of one with any printable error.
pub trait Reply {
    /// The outcome that is sent.
    fn reply(self) -> Outcome;
}

impl<T: IntoValue> Reply for T {
    fn reply(self) -> Outcome {
        Outcome::Value(self.into_value())
    }
}

impl<T: IntoValue, E: Display> Reply for std::result::Result<T, E> {
    fn reply(self) -> Outcome {
        match self {
            Ok(value) => Outcome::Value(value.into_value()),
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }
}

/// The body of one line of glue: a call whose arguments may not fit.
pub fn glue(call: impl FnOnce() -> Result<Outcome>) -> Outcome {
    call().unwrap_or_else(|e| Outcome::Crashed(e.to_string()))
}

/// Where and why the last panic happened: the hook sees the place, `catch_unwind` does not.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Turns a panic of `call` into an outcome.
pub fn caught(call: impl FnOnce() -> Outcome) -> Outcome {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => outcome,
        Err(payload) => {
            let message = payload.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panicked");
            if message.starts_with("not yet implemented") || message.starts_with("not implemented") {
                return Outcome::NotDone;
            }
            let place = LAST_PANIC.lock().ok().and_then(|mut place| place.take());
            Outcome::Crashed(match place {
                Some(place) => format!("panicked at {place}: {message}"),
                None => format!("panicked: {message}"),
            })
        }
    }
}

/// Answers calls until stdin ends. `functions` are the learner's, by name.
pub fn serve(functions: &[(&str, Function)]) {
    std::panic::set_hook(Box::new(|info| {
        // The learner knows the folder.
        let file = |l: &std::panic::Location<'_>| l.file().rsplit('/').next().unwrap_or_default().to_owned();
        let place = info.location().map(|l| format!("{}:{}", file(l), l.line()));
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = place;
        }
    }));
    let pool = rayon::ThreadPoolBuilder::new().build();
    let result = match pool {
        Ok(pool) => pool.install(|| answer_calls(functions)),
        Err(_) => answer_calls(functions),
    };
    if let Err(error) = result {
        eprintln!("lab-sdk: {error}");
        std::process::exit(70);
    }
}

fn answer_calls(functions: &[(&str, Function)]) -> Result<()> {
    // What the learner prints goes to stderr; the pipe is ours alone.
    let io = |e: rustix::io::Errno| Error::new(format!("moving stdout away: {e}"));
    let mut replies = File::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).map_err(io)?);
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).map_err(io)?;
    let names: Vec<&str> = functions.iter().map(|(name, _)| *name).collect();
    send(&mut replies, &Frame::new("hello", json!(names)))?;
    let mut stdin = std::io::stdin().lock();
    let mut desk = Desk::new(functions);
    while let Some(frame) = Frame::read(&mut stdin)? {
        if frame.head.contains_key("block") {
            block(&mut desk, frame, &mut stdin, &mut replies)?;
            continue;
        }
        let outcome = desk.call(frame.text("call").unwrap_or_default(), &frame.values);
        send(&mut replies, &reply(outcome))?;
    }
    Ok(())
}

/// A timed block: the calls have come, `ready` is said, and `go` is waited for; nothing is sent until all are done. The
/// parent's clock runs between `go` and `done`, which brings the number of `go` back.
fn block(desk: &mut Desk<'_>, frame: Frame, stdin: &mut impl Read, replies: &mut File) -> Result<()> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = frame.head["block"].as_array().map_or(Vec::new(), |all| all.iter().map(text).collect());
    let calls: Vec<(String, Vec<Value>)> = names
        .into_iter()
        .zip(frame.values)
        .map(|(name, values)| match values {
            Value::Tuple(values) => (name, values),
            other => (name, vec![other]),
        })
        .collect();
    let kept = frame.head.get("keep").and_then(Json::as_u64).unwrap_or(0) as usize;
    send(replies, &Frame::new("ready", true))?;
    let Some(mut go) = Frame::read(stdin)? else { return Ok(()) };
    let mut last = Vec::new();
    for (at, (name, values)) in calls.iter().enumerate() {
        let outcome = desk.call(name, values);
        let fine = matches!(outcome, Outcome::Value(_));
        if at + kept >= calls.len() || !fine {
            last.push(outcome);
        }
        if !fine {
            break;
        }
    }
    go.head.insert("done".to_owned(), last.len().into());
    send(replies, &go)?;
    last.into_iter().try_for_each(|outcome| send(replies, &reply(outcome)))
}

fn reply(outcome: Outcome) -> Frame {
    match outcome {
        Outcome::Value(value) => Frame::new("returned", true).with(vec![value]),
        Outcome::Refused(message) => Frame::new("refused", message),
        Outcome::Crashed(message) => Frame::new("crashed", message),
        Outcome::NotDone => Frame::new("undone", true),
    }
}

fn send(replies: &mut File, frame: &Frame) -> Result<()> {
    let bytes = frame.encode()?;
    replies.write_all(&bytes).map_err(|e| Error::new(format!("the grader is gone: {e}")))
}
