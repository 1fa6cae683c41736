//! The child's side of the pipe: reads calls on stdin, runs the learner's function, answers on what was stdout.
//! Limits and time are the parent's business.

use crate::wire::{Frame, HEADER, body_length};
use crate::{Error, FromArg, IntoValue, Result, Value};
use serde_json::json;
use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// A function behind a name: arguments in, what happened out.
pub type Function = fn(&Args<'_>) -> Outcome;

/// The arguments of one call.
pub struct Args<'a>(pub &'a [Value]);

impl<'a> Args<'a> {
    /// Argument `index` as the type that the function asks for.
    pub fn get<T: FromArg<'a>>(&self, index: usize) -> Result<T> {
        let value = self.0.get(index).ok_or_else(|| format!("there is no argument {index}"))?;
        T::from_arg(value).map_err(|e| format!("argument {index}: {e}").into())
    }
}

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

/// Calls `function` and turns a panic into an outcome.
pub fn guarded(function: Function, values: &[Value]) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| function(&Args(values)))) {
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
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
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
    while let Some(frame) = receive(&mut stdin)? {
        let outcome = match frame.text("call").and_then(|name| functions.iter().find(|(known, _)| *known == name)) {
            Some((_, function)) => guarded(*function, &frame.values),
            None => Outcome::NotDone,
        };
        let reply = match outcome {
            Outcome::Value(value) => Frame::new("returned", true).with(vec![value]),
            Outcome::Refused(message) => Frame::new("refused", message),
            Outcome::Crashed(message) => Frame::new("crashed", message),
            Outcome::NotDone => Frame::new("undone", true),
        };
        send(&mut replies, &reply)?;
    }
    Ok(())
}

fn receive(stdin: &mut impl Read) -> Result<Option<Frame>> {
    let mut header = [0; HEADER];
    if stdin.read_exact(&mut header).is_err() {
        return Ok(None);
    }
    let mut body = vec![0; body_length(&header)? as usize];
    stdin.read_exact(&mut body).map_err(|e| Error::new(format!("a frame was cut short: {e}")))?;
    Frame::decode(&body).map(Some)
}

fn send(replies: &mut File, frame: &Frame) -> Result<()> {
    let bytes = frame.encode()?;
    replies.write_all(&bytes).map_err(|e| Error::new(format!("the grader is gone: {e}")))
}
