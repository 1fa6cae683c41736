//! Processes that say what no runner says, or say it too early: each is refused at once, and the limit is not waited for.

use super::{Child, LARGEST_REPLY, Limits};
use crate::submission::{Block, Fault, Observation, Subject};
use lab_sdk::Value;
use lab_sdk::wire::{Frame, MAGIC};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A shell that has said these bytes, and then does what `then` says.
struct Speaker {
    child: Child,
    file: PathBuf,
}

impl Speaker {
    fn new(says: &[&[u8]], then: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("roadmap-child-{}-{count}", std::process::id()));
        let hello = Frame::new("hello", json!(["f"])).encode().expect("a frame");
        std::fs::write(&file, [&[hello.as_slice()], says].concat().concat()).expect("a file");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("cat \"$0\"; {then}")]).arg(&file);
        let child = Child::start(command, Limits::seconds(100.0), None).expect("it greets");
        Self { child, file }
    }

    /// What is seen of a call with a list of so many bytes.
    fn call(&mut self, bytes: usize) -> Observation {
        self.child.call("f", &[Value::Bytes(vec![1; bytes])])
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn garbled(seen: Observation) -> String {
    match seen {
        Observation::Lost(Fault::Garbled(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn header(length: u64) -> Vec<u8> {
    [MAGIC.as_slice(), &length.to_le_bytes()].concat()
}

#[test]
fn one_that_writes_and_never_reads_is_ended_at_once() {
    let began = Instant::now();
    let why = garbled(Speaker::new(&[], "exec cat /dev/zero").call(8 << 20));
    assert_eq!(why, "it replies before it has read the call");
    let gone = Speaker::new(&[], "exec >&-; exec sleep 99").call(8 << 20);
    assert!(matches!(gone, Observation::Lost(Fault::Ended(_))), "{gone:?}");
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
}

#[test]
fn a_block_that_was_ended_ahead_takes_no_time_and_is_refused() {
    let frame = |frame: Frame| frame.encode().expect("a frame");
    let result = frame(Frame::new("returned", true).with(vec![Value::Int(4)]));
    let block = Block { calls: vec![("f".to_owned(), vec![Value::Int(2)])], keep: 1 };
    let mut known = Frame::new("done", 1);
    known.head.insert("go".to_owned(), true.into());
    for done in [Frame::new("done", 1), known] {
        let says = [&frame(Frame::new("ready", true))[..], &frame(done), &result];
        let mut speaker = Speaker::new(&says, "exec cat >/dev/null");
        let fault = speaker.child.time(&block).expect_err("it forged");
        assert_eq!(fault, Fault::Garbled("the end of a timed block is not the runner's".to_owned()));
    }
}

#[test]
fn a_reply_is_as_large_as_what_was_sent_allows() {
    let announce = |bytes: u64| Speaker::new(&[&header(bytes)], "exec cat >/dev/null");
    assert_eq!(garbled(announce(LARGEST_REPLY + 1).call(1000)), format!("it announces {} bytes", LARGEST_REPLY + 1));
    // Of a larger call it is read: here until the stream ends.
    let (name, args) = ("f", vec![Value::Bytes(vec![1; 18 << 20])]);
    let sent = Frame::new("call", name).with(args.clone()).encode().expect("a frame").len();
    let mut speaker = Speaker::new(&[&header(LARGEST_REPLY + 1)], &format!("head -c {sent} >/dev/null"));
    let seen = speaker.child.call(name, &args);
    assert!(matches!(seen, Observation::Lost(Fault::Ended(_))), "{seen:?}");
}
