//! What an answer can make this program hold: its own memory stays below a bound, whatever comes through the pipes.

use crate::learner::{LAB, Learner, numpy};
use std::fs;
use std::process::Stdio;
use std::time::Duration;

/// The most bytes that the program itself may have held.
const MOST: u64 = 300 << 20;

/// The most that process `id` has held so far.
fn peak(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib << 10)
}

#[test]
fn the_grader_stays_small_while_an_answer_is_large() {
    if !numpy() || peak(std::process::id()).is_none() {
        return;
    }
    let attacks = [
        ("a flood of words", "while True: print('x' * 1000000)", "printed more than 16 MB"),
        ("a frame of 2^40 bytes", "send(b'RMAPwire' + struct.pack('<Q', 1 << 40))", "it announces 1099511627776 bytes"),
        (
            "a frame of 2^40 bytes that come",
            "send(b'RMAPwire' + struct.pack('<Q', 1 << 40))\nwhile True: send(b'x' * 1000000)",
            "it announces 1099511627776 bytes",
        ),
        ("a frame of 2^30 bytes", "send(b'RMAPwire' + struct.pack('<Q', 1 << 30))", "it announces 1073741824 bytes"),
        ("the largest frame", "send(many({'bytes': 't0'}, 2, b'x' * ((1 << 26) - 4096)))", "stands for two values"),
        // 900 kB of text that would be a million copies of a tensor.
        ("one tensor a million times", "send(many({'bytes': 't0'}, 60000, b'x' * 1000000))", "stands for two values"),
        ("lists without end", "send(many([[], [], []], 3000000, b''))", "describes its values in"),
    ];
    for (name, body, says) in attacks {
        let learner = Learner::new();
        let body = body.replace('\n', "\n    ");
        learner.answer(
            "answer.py",
            &format!(
                "import json, os, struct

def send(data):
    pipe = next(fd for fd in range(3, 64) if os.path.exists(f'/proc/self/fd/{{fd}}') and 'pipe' in os.readlink(f'/proc/self/fd/{{fd}}'))
    while data:
        data = data[os.write(pipe, data):]

def many(value, times, data):
    head = json.dumps({{'returned': True, 'values': [value] * times}})
    entry = {{'dtype': 'U8', 'shape': [len(data)], 'data_offsets': [0, len(data)]}}
    text = json.dumps({{'t0': entry, '__metadata__': {{'head': head}}}}).encode()
    return b'RMAPwire' + struct.pack('<QQ', 8 + len(text) + len(data), len(text)) + text + data

def qparams(min, max):
    {body}
    return 1.0, 0
"
            ),
        );
        let mut command = learner.command(&["lab", LAB, "--step", "quantize", "--lang", "python"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut most = 0;
        while child.try_wait().expect("its state").is_none() {
            most = peak(child.id()).unwrap_or(0).max(most);
            std::thread::sleep(Duration::from_millis(2));
        }
        let output = child.wait_with_output().expect("its words");
        let told = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.status.code() == Some(5) && told.contains(says), "{name}: {:?}\n{told}", output.status);
        assert!(most > 1 << 20 && most < MOST, "{name}: the program held {} MB", most >> 20);
        eprintln!("{name}: at most {} MB", most >> 20);
    }
}
