//! Answers that reach out of their folder: what they try, and what came of it by the walls that this kernel offers.

use crate::learner::{LAB, Learner, numpy};
use roadmap::submission::{Held, held};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;

/// The landlock ABI of this kernel; 0 for none.
fn abi() -> i32 {
    match held() {
        Held::Nothing => 0,
        Held::Landlock(abi) => abi,
    }
}

/// What an answer tries, and the ABI from which on it is kept from it; none for what it may do.
const TRIED: &[(&str, Option<i32>)] = &[
    ("beside", None),
    ("temporary", None),
    ("null", None),
    ("home", Some(1)),
    ("other-answer", Some(1)),
    ("progress", Some(1)),
    ("parent", Some(1)),
    ("truncate", Some(3)),
    ("connect", Some(4)),
    ("listen", Some(4)),
    ("signal", Some(6)),
];

/// A home with something to lose, and a port that someone could call.
struct Target {
    learner: Learner,
    port: TcpListener,
}

impl Target {
    fn new() -> Self {
        let learner = Learner::new();
        learner.run(&format!("note {LAB} before")).exits(0);
        fs::create_dir_all(learner.path("roadmap/other")).expect("a folder");
        fs::create_dir_all(learner.path("thesis")).expect("a folder");
        for file in ["precious", "thesis/precious", "roadmap/other/answer.py"] {
            fs::write(learner.path(file), "mine").expect("a file");
        }
        let port = TcpListener::bind("127.0.0.1:0").expect("a port");
        port.set_nonblocking(true).expect("a port");
        Self { learner, port }
    }

    fn number(&self) -> u16 {
        self.port.local_addr().expect("an address").port()
    }

    /// Checks the answer and holds its own report, and what is left of the home, to what this kernel promises.
    fn holds(&self, language: &str) {
        let (learner, abi) = (&self.learner, abi());
        let ran = learner.run(&format!("lab {LAB} --step quantize --lang {language}"));
        assert!([1, 5].contains(&ran.code), "{}{}", ran.out, ran.err);
        let report = fs::read_to_string(learner.path(&format!("roadmap/{LAB}/report"))).expect("its report");
        let report: BTreeMap<&str, &str> = report.lines().filter_map(|line| line.split_once(' ')).collect();
        for (what, from) in TRIED {
            let kept = from.is_some_and(|from| abi >= from);
            let wanted = if kept { "refused" } else { "done" };
            // Without signals held, the answer does not try: it would end this test's program.
            if *what != "signal" || kept {
                assert_eq!(report.get(what), Some(&wanted), "`{what}` with ABI {abi}: {report:?}");
            }
        }
        if abi >= 1 {
            for file in ["precious", "thesis/precious", "roadmap/other/answer.py"] {
                assert_eq!(fs::read_to_string(learner.path(file)).expect(file), "mine");
            }
            assert!(!learner.path("out").exists());
            learner.run("note --list").exits(0).shows("before");
        }
        assert_eq!(self.port.accept().is_ok(), abi < 4, "somebody called");
        let left = fs::read_dir(learner.path("roadmap/.roadmap/tmp")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "temporary folders of runs are left");
    }
}

#[test]
fn an_answer_in_python_stays_within_its_walls() {
    if !numpy() {
        return;
    }
    let target = Target::new();
    let home = target.learner.path("").display().to_string();
    let body = format!(
        "import os, shutil, signal, socket, tempfile

HOME, PORT, ABI = {home:?}, {port}, {abi}
report = {{}}

def attempt(what, do):
    try:
        do()
        report.setdefault(what, 'done')
    except OSError as error:
        assert isinstance(error, PermissionError), error
        report.setdefault(what, 'refused')

def write(path):
    with open(path, 'w') as file:
        file.write('theirs')

def listen():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))

def qparams(min, max):
    if report:
        return 1.0, 0
    attempt('beside', lambda: write('beside'))
    attempt('temporary', lambda: write(os.path.join(tempfile.gettempdir(), 'x')))
    attempt('null', lambda: write('/dev/null'))
    attempt('connect', lambda: socket.create_connection(('127.0.0.1', PORT), 1).close())
    attempt('listen', listen)
    if ABI >= 6:
        attempt('signal', lambda: os.kill(os.getppid(), signal.SIGTERM))
    if ABI >= 3:
        attempt('truncate', lambda: os.truncate(HOME + 'precious', 0))
    else:
        report['truncate'] = 'done'
    attempt('home', lambda: write(HOME + 'out'))
    attempt('other-answer', lambda: write(HOME + 'roadmap/other/answer.py'))
    attempt('progress', lambda: open(HOME + '.local/share/roadmap/progress.db', 'r+').close())
    attempt('parent', lambda: shutil.rmtree(HOME + 'thesis'))
    shutil.rmtree(HOME + 'roadmap/other', ignore_errors=True)
    with open('report', 'w') as file:
        file.writelines(f'{{what}} {{how}}\\n' for what, how in report.items())
    return 1.0, 0
",
        port = target.number(),
        abi = abi(),
    );
    target.learner.answer("answer.py", &body);
    target.holds("python");
}

#[test]
fn an_answer_in_rust_stays_within_its_walls() {
    let target = Target::new();
    let home = target.learner.path("").display().to_string();
    let body = format!(
        "use lab_sdk::Result;
use std::fs::{{self, File, OpenOptions}};
use std::io::{{self, ErrorKind}};

const HOME: &str = {home:?};

fn tell(report: &mut String, what: &str, done: io::Result<()>) {{
    let how = match done {{
        Ok(()) => \"done\",
        Err(e) if e.kind() == ErrorKind::PermissionDenied => \"refused\",
        Err(e) => panic!(\"{{what}}: {{e}}\"),
    }};
    report.push_str(&format!(\"{{what}} {{how}}\\n\"));
}}

fn qparams(min: f32, max: f32) -> Result<(f32, i32)> {{
    if fs::metadata(\"report\").is_ok() {{
        return Ok((1.0 + 0.0 * (min + max), 0));
    }}
    let at = |file: &str| format!(\"{{HOME}}{{file}}\");
    let mut report = String::new();
    tell(&mut report, \"beside\", fs::write(\"beside\", \"theirs\"));
    tell(&mut report, \"temporary\", fs::write(std::env::temp_dir().join(\"x\"), \"theirs\"));
    tell(&mut report, \"null\", fs::write(\"/dev/null\", \"theirs\"));
    tell(&mut report, \"connect\", std::net::TcpStream::connect((\"127.0.0.1\", {port})).map(drop));
    tell(&mut report, \"listen\", std::net::TcpListener::bind(\"127.0.0.1:0\").map(drop));
    if {abi} >= 6 {{
        let kill = format!(\"kill -TERM {{}}\", std::os::unix::process::parent_id());
        let killed = std::process::Command::new(\"sh\").args([\"-c\", &kill]).status().is_ok_and(|s| s.success());
        tell(&mut report, \"signal\", if killed {{ Ok(()) }} else {{ Err(ErrorKind::PermissionDenied.into()) }});
    }}
    tell(&mut report, \"truncate\", if {abi} < 3 {{ Ok(()) }} else {{
        OpenOptions::new().write(true).truncate(true).open(at(\"precious\")).map(drop)
    }});
    tell(&mut report, \"home\", fs::write(at(\"out\"), \"theirs\"));
    tell(&mut report, \"other-answer\", fs::write(at(\"roadmap/other/answer.py\"), \"theirs\"));
    tell(&mut report, \"progress\", OpenOptions::new().write(true).open(at(\".local/share/roadmap/progress.db\")).map(drop));
    tell(&mut report, \"parent\", fs::remove_dir_all(at(\"thesis\")));
    let _ = fs::remove_dir_all(at(\"roadmap/other\"));
    let _ = File::open(\"/etc/hostname\");
    fs::write(\"report\", report).unwrap();
    Ok((1.0, 0))
}}
",
        port = target.number(),
        abi = abi(),
    );
    target.learner.answer("answer.rs", &body);
    target.holds("rust");
}

#[test]
fn doctor_says_what_is_held() {
    let learner = Learner::new();
    let findings = learner.json("doctor")["findings"].as_array().expect("findings").clone();
    let found = findings.iter().find(|f| f["what"] == "walls around answers").expect("a finding");
    assert_eq!(found["found"], held().words().as_str());
}
