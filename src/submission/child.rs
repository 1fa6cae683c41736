//! A child process spoken to in frames, under limits of time, memory and output. One poll loop, no threads.

#[cfg(test)]
mod tests;

use super::coerce::coerce;
use super::walls::Scratch;
use super::{Block, Fault, Observation, Subject, Timed, Walls, sweep};
use crate::lab::Type;
use lab_sdk::Value;
use lab_sdk::wire::{Frame, HEADER, body_length};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What an answer may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall-clock for all calls together, without what it waits for a core.
    pub wall: Duration,
    /// Address space in bytes, where the system can hold it to that.
    pub memory: u64,
    /// Bytes that it may print.
    pub output: u64,
}

impl Limits {
    /// The limits of a check that may take `seconds`.
    pub fn seconds(seconds: f64) -> Self {
        Self { wall: Duration::from_secs_f64(seconds), memory: sweep::memory_limit(), output: 16 << 20 }
    }
}

/// The most bytes of a reply to something small: a shared model or cache may be asked for, and it is not sent with the call.
const LARGEST_REPLY: u64 = 64 << 20;
/// By how many times the largest frame that was sent a reply may be larger.
const GROWTH: u64 = 4;
/// The most bytes of JSON in a reply: read, they take thirty times as many.
const LARGEST_HEAD: u64 = 16 << 20;
/// What is kept of the learner's prints, to be shown.
const KEPT_OUTPUT: usize = 16 << 10;
/// By how many times its limit a check may take longer while other programs have the cores.
const PATIENCE: u32 = 3;
/// One write or read; also the size asked of the pipes.
const CHUNK: usize = 1 << 20;

/// A running child. Dropping it ends its whole process group.
pub struct Child {
    process: std::process::Child,
    stdin: ChildStdin,
    replies: ChildStdout,
    noise: ChildStderr,
    pending: Vec<u8>,
    /// Bytes of the largest frame that was sent.
    sent: u64,
    printed: Vec<u8>,
    printed_bytes: u64,
    limits: Limits,
    started: Instant,
    lost: Option<Fault>,
    names: Vec<String>,
    interrupt: Arc<AtomicBool>,
    handler: Option<signal_hook::SigId>,
    mark: String,
    returns: Vec<(String, Type)>,
    /// Removed after the process has ended.
    _scratch: Option<Scratch>,
}

impl Child {
    /// Starts `command`, within `walls` if there are any, and waits for its greeting.
    pub fn start(mut command: Command, limits: Limits, walls: Option<&Walls>) -> Result<Self, Fault> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let mark = format!("{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        command.env(sweep::MARK, &mark).env("LAB_SDK_MODELS", lab_sdk::models::folder());
        sweep::adopt_orphans();
        let unstarted = |what: String| Fault::Unstarted(what);
        let program = command.get_program().to_string_lossy().into_owned();
        let spawned = match walls {
            Some(walls) => walls.start(&mut command, &mark).map(|(process, scratch)| (process, Some(scratch))),
            None => command.spawn().map(|process| (process, None)),
        };
        let (mut process, scratch) = spawned.map_err(|e| unstarted(format!("`{program}` does not start: {e}")))?;
        sweep::limit(process.id(), &limits);
        let (Some(stdin), Some(replies), Some(noise)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            return Err(unstarted(format!("`{program}` has no pipes")));
        };
        nonblocking(&stdin, &replies, &noise).map_err(|e| unstarted(format!("pipes of `{program}`: {e}")))?;
        let interrupt = Arc::new(AtomicBool::new(false));
        let handler = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&interrupt)).ok();
        let mut child = Self {
            process,
            stdin,
            replies,
            noise,
            pending: Vec::new(),
            sent: 0,
            printed: Vec::new(),
            printed_bytes: 0,
            limits,
            started: Instant::now(),
            lost: None,
            names: Vec::new(),
            interrupt,
            handler,
            mark,
            returns: Vec::new(),
            _scratch: scratch,
        };
        match child.receive() {
            Ok(greeting) => {
                let names = greeting.head.get("hello").and_then(|names| names.as_array().cloned()).unwrap_or_default();
                child.names = names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
                if let Some(why) = greeting.text("crashed") {
                    return Err(Fault::Ended(why.to_owned()));
                }
                Ok(child)
            }
            Err(fault) => Err(child.lose(fault)),
        }
    }

    /// Coerces results to the declared types from now on.
    pub fn coerce(&mut self, returns: Vec<(String, Type)>) {
        self.returns = returns;
    }

    /// The functions that it says it has.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What it printed, cut to what can be shown.
    pub fn printed(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.printed).into_owned();
        if self.printed_bytes > self.printed.len() as u64 {
            text.push_str(&format!("\n... {} bytes in all", self.printed_bytes));
        }
        text
    }

    /// Why it is gone, if it is.
    pub fn fault(&self) -> Option<&Fault> {
        self.lost.as_ref()
    }

    /// Sends a frame and waits for the reply.
    pub fn exchange(&mut self, frame: &Frame) -> Result<Frame, Fault> {
        if let Some(fault) = &self.lost {
            return Err(fault.clone());
        }
        let bytes = frame.encode().map_err(|e| Fault::Garbled(e.to_string()))?;
        let reply = self.send(&bytes).and_then(|()| self.receive());
        reply.map_err(|fault| self.lose(fault))
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        self.sent = self.sent.max(bytes.len() as u64);
        while !bytes.is_empty() {
            match self.stdin.write(&bytes[..bytes.len().min(CHUNK)]) {
                Ok(n) => bytes = &bytes[n..],
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.wait(true)?;
                    self.silent()?;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.ended()),
            }
        }
        Ok(())
    }

    /// Nobody has a reason to reply to half a frame. One that writes now may never read the rest: both would wait.
    fn silent(&mut self) -> Result<(), Fault> {
        match self.replies.read(&mut [0]) {
            Ok(0) => Err(self.ended()),
            Ok(_) => Err(Fault::Garbled("it replies before it has read the call".to_owned())),
            Err(_) => Ok(()),
        }
    }

    fn receive(&mut self) -> Result<Frame, Fault> {
        let header = self.take(HEADER)?;
        let header: [u8; HEADER] = header.try_into().unwrap_or_default();
        let length = body_length(&header).map_err(|e| Fault::Garbled(e.to_string()))?;
        if length > LARGEST_REPLY.max(GROWTH.saturating_mul(self.sent)) {
            return Err(Fault::Garbled(format!("it announces {length} bytes")));
        }
        let body = self.take(length as usize)?;
        let described = body.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
        if described > LARGEST_HEAD {
            return Err(Fault::Garbled(format!("it describes its values in {described} bytes")));
        }
        Frame::decode(&body).map_err(|e| Fault::Garbled(e.to_string()))
    }

    /// The next `length` bytes of the reply pipe.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, Fault> {
        while self.pending.len() < length {
            let mut chunk = vec![0; (length - self.pending.len()).clamp(4096, CHUNK)];
            match self.replies.read(&mut chunk) {
                Ok(0) => return Err(self.ended()),
                Ok(n) => self.pending.extend_from_slice(&chunk[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.wait(false)?,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(Fault::Garbled(e.to_string())),
            }
        }
        let rest = self.pending.split_off(length);
        Ok(std::mem::replace(&mut self.pending, rest))
    }

    /// Waits until a pipe is ready, drains what the learner prints, and holds the limits.
    fn wait(&mut self, writing: bool) -> Result<(), Fault> {
        self.drain()?;
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(Fault::Interrupted);
        }
        let mut left = self.limits.wall.saturating_sub(self.started.elapsed());
        if left.is_zero() {
            // On a busy machine it may have waited more than it ran. That is not held against it, within reason.
            let waited = sweep::waited(self.process.id()).min(self.limits.wall * PATIENCE);
            left = (self.limits.wall + waited).saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return Err(Fault::TimedOut(self.limits.wall));
            }
        }
        if sweep::over_memory(self.process.id(), &self.limits) {
            return Err(Fault::Memory(self.limits.memory));
        }
        let pause = left.min(Duration::from_millis(100));
        let timeout = rustix::event::Timespec { tv_sec: 0, tv_nsec: pause.as_nanos().min(999_999_999) as _ };
        let mut fds = vec![PollFd::new(&self.replies, PollFlags::IN), PollFd::new(&self.noise, PollFlags::IN)];
        if writing {
            fds.push(PollFd::new(&self.stdin, PollFlags::OUT));
        }
        let _ = poll(&mut fds, Some(&timeout));
        Ok(())
    }

    /// Reads what the learner has printed so far.
    fn drain(&mut self) -> Result<(), Fault> {
        let mut chunk = [0; 1 << 16];
        loop {
            match self.noise.read(&mut chunk) {
                Ok(0) | Err(_) => return Ok(()),
                Ok(n) => {
                    let room = KEPT_OUTPUT.saturating_sub(self.printed.len());
                    self.printed.extend_from_slice(&chunk[..n.min(room)]);
                    self.printed_bytes += n as u64;
                    if self.printed_bytes > self.limits.output {
                        return Err(Fault::Flooded(self.limits.output));
                    }
                }
            }
        }
    }

    /// The reply pipe closed: how did the process end?
    fn ended(&mut self) -> Fault {
        let patience = Instant::now() + Duration::from_millis(500);
        let status = loop {
            match self.process.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(2)),
                _ => break None,
            }
        };
        let _ = self.drain();
        let printed = String::from_utf8_lossy(&self.printed);
        if printed.contains("memory allocation of") || printed.contains("MemoryError") {
            return Fault::Memory(self.limits.memory);
        }
        if printed.contains("has overflowed its stack") {
            return Fault::Ended("the stack overflowed (a recursion without end?)".to_owned());
        }
        Fault::Ended(match status {
            Some(status) => in_words(status),
            None => "closed its reply pipe without answering".to_owned(),
        })
    }

    /// The observation, its value in the type that `function` declares.
    fn coerced(&self, function: &str, observation: Observation) -> Observation {
        match (observation, self.returns.iter().find(|(name, _)| name == function)) {
            (Observation::Value(value), Some((_, ty))) => Observation::Value(coerce(ty, value)),
            (observation, _) => observation,
        }
    }

    fn lose(&mut self, fault: Fault) -> Fault {
        let _ = self.drain();
        sweep::end_group(&mut self.process, &self.mark);
        self.lost = Some(fault.clone());
        fault
    }
}

impl Subject for Child {
    fn call(&mut self, function: &str, args: &[Value]) -> Observation {
        let frame = Frame::new("call", function).with(args.to_vec());
        match self.exchange(&frame) {
            Ok(reply) => self.coerced(function, observation(reply)),
            Err(fault) => Observation::Lost(fault),
        }
    }

    fn time(&mut self, block: &Block) -> Result<Timed, Fault> {
        let (names, values): (Vec<&str>, Vec<Value>) =
            block.calls.iter().map(|(name, args)| (name.as_str(), Value::Tuple(args.clone()))).unzip();
        let mut frame = Frame::new("block", names).with(values);
        frame.head.insert("keep".to_owned(), block.keep.into());
        let ready = self.exchange(&frame)?;
        if !ready.head.contains_key("ready") {
            return Err(self.lose(Fault::Garbled("a frame that nobody asked for".to_owned())));
        }
        // A number that nobody knows before: a `done` that was written ahead does not have it.
        let token = RandomState::new().hash_one(());
        let go = Frame::new("go", token).encode().map_err(|e| Fault::Garbled(e.to_string()))?;
        let started = Instant::now();
        let done = self.send(&go).and_then(|()| self.receive());
        let took = started.elapsed();
        let done = done.map_err(|fault| self.lose(fault))?;
        if done.head.get("go").and_then(|n| n.as_u64()) != Some(token) {
            return Err(self.lose(Fault::Garbled("the end of a timed block is not the runner's".to_owned())));
        }
        let count = done.head.get("done").and_then(|n| n.as_u64());
        let Some(count) = count.filter(|count| *count <= block.keep.max(1) as u64) else {
            return Err(self.lose(Fault::Garbled(format!("`done` of a timed block is {count:?}"))));
        };
        let mut last = Vec::new();
        for at in (0..count as usize).rev() {
            let reply = self.receive().map_err(|fault| self.lose(fault))?;
            let name = block.calls.len().checked_sub(at + 1).map_or("", |index| block.calls[index].0.as_str());
            last.push(self.coerced(name, observation(reply)));
        }
        Ok(Timed { took, last })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        sweep::end_group(&mut self.process, &self.mark);
        if let Some(handler) = self.handler.take() {
            signal_hook::low_level::unregister(handler);
        }
    }
}

fn observation(mut reply: Frame) -> Observation {
    if let Some(message) = reply.text("refused") {
        return Observation::Refused(message.to_owned());
    }
    if let Some(message) = reply.text("crashed") {
        return Observation::Crashed(message.to_owned());
    }
    if reply.head.contains_key("undone") {
        return Observation::NotDone;
    }
    match reply.values.pop() {
        Some(value) if reply.head.contains_key("returned") => Observation::Value(value),
        _ => Observation::Lost(Fault::Garbled("a reply without a result".to_owned())),
    }
}

fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("the process ended by itself (exit code {code}) before it answered"),
        (_, Some(6)) => "the process aborted (SIGABRT)".to_owned(),
        (_, Some(9)) => "the process was killed (SIGKILL), as the system does when memory runs out".to_owned(),
        (_, Some(11)) => "segmentation fault (SIGSEGV)".to_owned(),
        (_, Some(signal)) => format!("the process was ended by signal {signal}"),
        _ => "the process ended".to_owned(),
    }
}

fn nonblocking(stdin: &ChildStdin, replies: &ChildStdout, noise: &ChildStderr) -> rustix::io::Result<()> {
    for fd in [stdin.as_fd(), replies.as_fd(), noise.as_fd()] {
        fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
    }
    #[cfg(target_os = "linux")]
    for fd in [stdin.as_fd(), replies.as_fd()] {
        // A larger pipe triples the throughput of large tensors; a refusal costs nothing.
        let _ = rustix::pipe::fcntl_setpipe_size(fd, CHUNK);
    }
    Ok(())
}
