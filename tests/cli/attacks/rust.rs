//! The attacks in Rust, each an arm of one program; its number is read from a file.

use super::{Attack, attack};
use std::path::Path;

/// The answer with all of them; `file` holds the number of the one that is on.
pub fn answer(file: &Path) -> String {
    let arms: Vec<String> =
        ATTACKS.iter().enumerate().map(|(at, a)| format!("        {at} => {{ {} }}", a.body)).collect();
    format!(
        "use lab_sdk::Result;
use std::io::Write;
use std::time::Duration;

fn sleep() {{
    std::thread::sleep(Duration::from_secs(99));
}}

fn down(n: u64) -> u64 {{
    if n == u64::MAX {{ 0 }} else {{ 1 + down(std::hint::black_box(n + 1)) }}
}}

fn send(data: &[u8]) {{
    for fd in 3..64 {{
        let path = format!(\"/proc/self/fd/{{fd}}\");
        let pipe = std::fs::read_link(&path).is_ok_and(|to| to.to_string_lossy().contains(\"pipe\"));
        if pipe && let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(path) {{
            let _ = file.write_all(data);
        }}
    }}
}}

fn frame(length: u64, rest: &[u8]) -> Vec<u8> {{
    [b\"RMAPwire\".as_slice(), &length.to_le_bytes(), rest].concat()
}}

fn header(text: &[u8]) -> Vec<u8> {{
    frame(8 + text.len() as u64, &[&(text.len() as u64).to_le_bytes(), text].concat())
}}

#[allow(unconditional_recursion, unreachable_code, invalid_value)]
fn qparams(min: f32, max: f32) -> Result<(f32, i32)> {{
    let number: usize = std::fs::read_to_string({file:?}).unwrap().parse().unwrap();
    match number {{
{}
        _ => unreachable!(),
    }}
    Ok((1.0 + 0.0 * (min + max), 0))
}}
",
        arms.join("\n")
    )
}

pub const ATTACKS: &[Attack] = &[
    // What goes wrong by itself.
    attack("a panic", "panic!(\"boom\")", 5, "boom"),
    attack("a panic without words", "std::panic::resume_unwind(Box::new(7))", 5, "STOP"),
    attack("an index", "let v: Vec<f32> = Vec::new(); return Ok((v[number], 0));", 5, "index out of bounds"),
    attack("a division", "return Ok((1.0, number as i32 / (number as i32 - number as i32)));", 5, "divide by zero"),
    attack("an overflow", "let mut n = u8::MAX; n += (number > 0) as u8; return Ok((n as f32, 0));", 5, "overflow"),
    attack("an unwrap", "let none: Option<f32> = None; return Ok((none.unwrap(), 0));", 5, "unwrap"),
    attack("a refusal", "return Err(\"not today\".into());", 1, "refused: not today"),
    attack("recursion without end", "return Ok((down(0) as f32, 0));", 5, "the stack overflowed"),
    attack("exit", "std::process::exit(3)", 5, "ended by itself (exit code 3)"),
    attack("abort", "std::process::abort()", 5, "SIGABRT"),
    attack("a null pointer", "unsafe { std::ptr::null_mut::<u32>().write_volatile(1) }", 5, "SIGSEGV"),
    attack(
        "exit in a thread",
        "let _ = std::thread::spawn(|| std::process::exit(9)).join();",
        5,
        "ended by itself (exit code 9)",
    ),
    attack(
        "killed",
        "let _ = std::process::Command::new(\"kill\").args([\"-9\", &std::process::id().to_string()]).status();",
        5,
        "SIGKILL",
    ),
    attack("an endless loop", "loop { std::hint::spin_loop(); }", 5, "no answer within"),
    attack("sleeping", "sleep()", 5, "no answer within"),
    attack(
        "a deadlock",
        "let lock = std::sync::Mutex::new(0); let _one = lock.lock().unwrap(); let _two = lock.lock().unwrap();",
        5,
        "no answer within",
    ),
    attack("a thread that panics", "let _ = std::thread::spawn(|| panic!(\"elsewhere\")).join();", 1, "yours"),
    // What it takes.
    attack("memory", "let v = vec![1u8; 50 << 30]; return Ok((v[number] as f32, 0));", 5, "that an answer may use"),
    attack(
        "memory, piece by piece",
        "let mut kept = Vec::new(); loop { kept.push(vec![0u8; 1 << 30]); }",
        5,
        "that an answer may use",
    ),
    attack(
        "an absurd capacity",
        "let v: Vec<u64> = Vec::with_capacity(usize::MAX / 4); return Ok((v.len() as f32, 0));",
        5,
        "capacity overflow",
    ),
    attack("printing without end", "loop { println!(\"{}\", \"x\".repeat(100_000)); }", 5, "printed more than 16 MB"),
    attack("errors without end", "loop { eprintln!(\"{}\", \"x\".repeat(100_000)); }", 5, "printed more than 16 MB"),
    attack("threads", "for _ in 0..64 { std::thread::spawn(sleep); }", 1, "yours"),
    attack(
        "children",
        "for _ in 0..40 { let _ = std::process::Command::new(\"sleep\").arg(\"99\").spawn(); } sleep()",
        5,
        "no answer within",
    ),
    // The pipe.
    attack("a frame cut short", "send(&frame(100, b\"{}\")); std::process::exit(0)", 5, "ended by itself"),
    attack(
        "a wrong magic word",
        "send(b\"NOTAWIRE\\x08\\0\\0\\0\\0\\0\\0\\0xxxxxxxx\"); sleep()",
        5,
        "reply cannot be read",
    ),
    attack("a frame of 2^40 bytes", "send(&frame(1 << 40, b\"\")); sleep()", 5, "reply"),
    attack(
        "a header that lies",
        "send(&frame(16, &[&(1u64 << 30).to_le_bytes()[..], b\"xxxxxxxx\"].concat())); sleep()",
        5,
        "reply cannot be read",
    ),
    attack("a header of NaN", "send(&header(b\"{\\\"__metadata__\\\":NaN}\")); sleep()", 5, "reply cannot be read"),
    attack("a name that is no text", "send(&header(b\"{\\\"\\xff\\xfe\\\":1}\")); sleep()", 5, "reply cannot be read"),
    attack("an empty header", "send(&header(b\"\")); sleep()", 5, "reply cannot be read"),
    attack("garbage", "send(&[0xff; 4096]); sleep()", 5, "reply cannot be read"),
    attack("writes on stdout", "print!(\"raw\"); let _ = std::io::stdout().flush();", 1, "yours"),
    attack(
        "writes on the first descriptor",
        "if let Ok(mut f) = std::fs::OpenOptions::new().write(true).open(\"/proc/self/fd/1\") { let _ = f.write_all(b\"raw\"); }",
        1,
        "yours",
    ),
    // What it looks for, and what it changes.
    attack(
        "the seed in the environment",
        "assert!(std::env::vars().any(|(key, _)| key.contains(\"SEED\")), \"no seed\")",
        5,
        "no seed",
    ),
    attack("a variable for what follows", "unsafe { std::env::set_var(\"ROADMAP_DATA\", \"/nowhere\") }", 1, "yours"),
    attack("the binary", "let _ = std::fs::remove_file(std::env::current_exe().unwrap());", 1, "yours"),
    attack(
        "a link out of the workspace",
        "let _ = std::os::unix::fs::symlink(\"/etc\", \"out\"); let _ = std::fs::remove_file(\"out\");",
        1,
        "yours",
    ),
    attack(
        "a child that stays",
        "let _ = std::process::Command::new(\"setsid\").args([\"sleep\", \"99\"]).spawn();",
        1,
        "yours",
    ),
    attack(
        "the network",
        "std::net::TcpStream::connect_timeout(&\"192.0.2.1:9\".parse().unwrap(), Duration::from_secs(1)).unwrap();",
        5,
        "unwrap",
    ),
    attack("NaN", "return Ok((f32::NAN, i32::MIN));", 1, "NaN"),
    attack("infinity", "return Ok((f32::INFINITY, i32::MAX));", 1, "inf"),
    attack("a panic hook", "std::panic::set_hook(Box::new(|_| loop {})); panic!(\"held\")", 5, "no answer within"),
];
