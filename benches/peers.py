"""Measures `roadmap` beside its peers, in one run and in turn: seconds from save to verdict, start-up with a year of history,
memory. Needs only what is found; a peer that is missing is told and left out.

    cargo install --path .                                          # the binary, as users have it
    cargo install rustlings; pip install pytest numpy; apt install taskwarrior
    cargo bench --bench year -- --keep /tmp/year                    # a database of 100,000 attempts
    python3 benches/peers.py --year /tmp/year                       # medians [min .. max] of 11 rounds
"""

import argparse
import json
import os
import pty
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

LABS = Path(__file__).resolve().parent.parent / "labs"
TASKS = 100_000

# What `quantize` of labs/quantize-int8 asks for, as a hand-written test file would ask it.
PYTEST = '''
import numpy as np
import pytest
from answer import quantize

@pytest.mark.parametrize("x, scale, want", [
    ([1.0, -0.5, 0.25], [0.0078125], [127, -64, 32]),
    ([0.0, 0.0], [1.0], [0, 0]),
    ([3.5, -3.5, 2.5], [1.0], [4, -4, 3]),
])
def test_quantize(x, scale, want):
    got = quantize(np.array(x, np.float32), np.array(scale, np.float32), np.array([0], np.int32), None, -128)
    assert got.dtype == np.int8 and got.tolist() == want
'''


class Screen:
    """A program in a terminal of 40 lines and 100 columns."""

    def __init__(self, words, where, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(where)
            os.execvpe(words[0], words, env)
        termios.tcsetwinsize(self.fd, (40, 100))

    def quiet(self, seconds):
        """Reads until nothing has come for so long."""
        while select.select([self.fd], [], [], seconds)[0]:
            self.read()

    def read(self):
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:
            sys.exit("a watched program ended")

    def until(self, pattern, most=60.0):
        """Seconds until `pattern` is on the screen."""
        started, seen = time.perf_counter(), b""
        while not re.search(pattern, seen):
            if not select.select([self.fd], [], [], most)[0]:
                sys.exit(f"{pattern} did not come; last seen:\n{seen[-2000:].decode(errors='replace')}")
            seen += self.read()
        return time.perf_counter() - started

    def close(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


# The peak of a child counts what its parent held when it was forked: a small parent measures.
PEAK = """
import os, sys
child = os.fork()
if child == 0:
    for fd in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    os.execvp(sys.argv[1], sys.argv[1:])
print(os.wait4(child, 0)[2].ru_maxrss)
"""


class Run:
    def __init__(self, words, where, env, passes=(0,)):
        self.words, self.where, self.env, self.passes = words, where, env, passes

    def __call__(self):
        """Wall seconds of the whole process."""
        started = time.perf_counter()
        code = subprocess.run(self.words, cwd=self.where, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        took = time.perf_counter() - started
        if code not in self.passes:
            sys.exit(f"{' '.join(map(str, self.words))} ended with {code}")
        return took

    def peak(self):
        """The most memory of the process, or of the largest of its children, in MB; not below 10."""
        words = [sys.executable, "-S", "-c", PEAK, *map(str, self.words)]
        said = subprocess.run(words, cwd=self.where, env=self.env, capture_output=True, text=True, check=True).stdout
        return int(said) / 1e3


def tell(name, seconds, memory=None):
    ms = [1e3 * s for s in seconds]
    memory = f"   {memory:7.0f} MB" if memory else ""
    print(f"{name:<58} {statistics.median(ms):8.1f} ms  [{min(ms):.1f} .. {max(ms):.1f}]{memory}", flush=True)
    return statistics.median(ms)


def in_turn(rounds, rows):
    """Runs every row (name, function of the round, what to measure the memory of) once a round; the first round warms
    caches and is dropped."""
    times = {name: [] for name, *_ in rows}
    for at in range(rounds + 1):
        for name, row, *_ in rows:
            took = row(at)
            if at:
                times[name].append(took)
    return {name: tell(name, times[name], run[0].peak() if run else None) for name, _, *run in rows}


def save(path, text, mark):
    """Writes what was not there yet, and compiles all the same."""
    path.write_text(f"{text}\n{mark} {time.time()}\n")


def rust(args, home, env):
    """Save to verdict of a Rust answer, as a command and then in watch mode."""
    answer, text = home / "roadmap/quantize-int8/answer.rs", (LABS / "quantize-int8/solution.rs").read_text()
    words = [args.roadmap, "lab", "quantize-int8", "--step", "quantize", "--lang", "rust"]
    subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    answer.write_text(text)
    ours = Run(words, home, env)
    print(f"{'the first Rust verdict, with the SDK built':<58} {ours():8.1f} s")

    def command(run, path, source):
        def row(_):
            save(path, source, "//")
            return run()
        return row

    def watched(screen, path, source, word):
        def row(_):
            save(path, source, "//")
            took = screen.until(word)
            screen.quiet(0.3)
            return took
        return row

    rows, watches = [("roadmap, Rust: a command", command(ours, answer, text), ours)], []
    if args.rustlings:
        (home / "peer").mkdir()
        subprocess.run([args.rustlings, "init"], cwd=home / "peer", env=env, input=b"\n", capture_output=True, check=True)
        place = home / "peer/rustlings"
        exercise = next(place.glob("exercises/*/if1.rs"))
        solved = re.sub(r"(fn bigger\([^{]*\{)", r"\1 if a > b { a } else { b }", exercise.read_text())
        exercise.write_text(solved)
        theirs = Run([args.rustlings, "run", "if1"], place, env)
        rows.append(("rustlings: a command", command(theirs, exercise, solved), theirs))
    else:
        print("rustlings was not found: left out")
    medians = in_turn(args.rounds, rows)
    # Two processes that see the same save would wait for each other: watching comes afterwards.
    watch = Screen([*words, "--watch"], home, env)
    watch.until(rb"PASS")
    rows = [("roadmap, Rust: from save to PASS in --watch", watched(watch, answer, text, rb"PASS"))]
    watches.append(watch)
    if args.rustlings:
        # A command moved the current exercise on.
        (place / ".rustlings-state.txt").write_text("DON'T EDIT THIS FILE!\n\nif1\n\n")
        watch = Screen([args.rustlings], place, env)
        watch.until(rb"Current exercise")
        rows.append(("rustlings: from save to done in watch", watched(watch, exercise, solved, rb"Exercise done")))
        watches.append(watch)
    for watch in watches:
        watch.quiet(2.0)
    medians |= in_turn(args.rounds, rows)
    for watch in watches:
        watch.close()
    return medians


def python(args, home, env):
    """Save to verdict of a Python answer beside pytest on the same function."""
    folder = home / "roadmap" / "quantize-int8"
    answer, text = folder / "answer.py", (LABS / "quantize-int8" / "solution.py").read_text()
    words = [args.roadmap, "lab", "quantize-int8", "--step", "quantize", "--lang", "python"]
    subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    place = home / "pytest"
    place.mkdir()
    (place / "test_answer.py").write_text(PYTEST)

    def command(at):
        save(answer, text, "#")
        return Run(words, home, env)()

    tested = Run([sys.executable, "-m", "pytest", "-q"], place, env)

    def peer(at):
        save(place / "answer.py", text, "#")
        return tested()

    rows = [("roadmap, Python: a command", command, Run(words, home, env))]
    if subprocess.run([sys.executable, "-c", "import pytest"], capture_output=True).returncode == 0:
        rows.append(("pytest: three cases of the same function", peer, tested))
    else:
        print("pytest was not found: left out")
    return in_turn(args.rounds, rows)


def history(args, home, env):
    """Commands that read a year: 100,000 attempts, and as many tasks."""
    rows = []
    if args.year:
        year = env | {"ROADMAP_DATA": str(args.year), "ROADMAP_WORKSPACE": str(home / "year")}
        for words in (["status"], ["next"], ["--version"]):
            run = Run([args.roadmap, *words], home, year)
            rows.append((f"roadmap {' '.join(words)}, {TASKS:,} attempts", lambda at, run=run: run(), run))
    else:
        print("no --year: commands over 100,000 attempts left out")
    if args.task:
        data = home / "task"
        data.mkdir()
        rc = home / "taskrc"
        rc.write_text(f"data.location={data}\nconfirmation=no\nnews.version=2.6.0\nverbose=nothing\n")
        lines = [json.dumps({"description": f"attempt {n}", "project": f"lab.{n % 40}",
                             "status": "pending" if n % 10 < 3 else "completed", "entry": "20260101T000000Z",
                             "end": "20260101T000000Z"}) for n in range(TASKS)]
        (home / "tasks.json").write_text("\n".join(lines))
        tasks = env | {"TASKRC": str(rc)}
        started = time.perf_counter()
        subprocess.run([args.task, "import", str(home / "tasks.json")], env=tasks, capture_output=True, check=True)
        print(f"{'Taskwarrior took the tasks in':<58} {time.perf_counter() - started:8.1f} s")
        for words in (["list"], ["summary"], ["--version"]):
            run = Run([args.task, *words], home, tasks, passes=(0, 1))
            rows.append((f"task {' '.join(words)}, {TASKS:,} tasks", lambda at, run=run: run(), run))
    else:
        print("Taskwarrior was not found: left out")
    return in_turn(min(args.rounds, 5), rows) if rows else {}


def labs(args, home, env):
    """Every step of every lab with its model answer, in both languages, on all cores."""
    total = 0.0
    for lab in sorted(path.parent for path in LABS.glob("*/lab.toml")):
        took = []
        for language, ending in (("rust", "rs"), ("python", "py")):
            words = [args.roadmap, "lab", lab.name, "--lang", language]
            subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True)
            shutil.copy(lab / f"solution.{ending}", home / "roadmap" / lab.name / f"answer.{ending}")
            took.append(Run([*words, "--all"], home, env, passes=(0, 1, 4))())
            total += took[-1]
        print(f"{'roadmap lab ' + lab.name + ' --all':<58} Rust {took[0]:5.1f} s   Python {took[1]:5.1f} s", flush=True)
    print(f"{'all labs, both languages':<58} {total:8.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--roadmap", default=shutil.which("roadmap"))
    parser.add_argument("--rustlings", default=shutil.which("rustlings"))
    parser.add_argument("--task", default=shutil.which("task"))
    parser.add_argument("--year", type=Path, help="the folder that `cargo bench --bench year -- --keep` wrote")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", choices=["rust", "python", "history", "labs"])
    args = parser.parse_args()
    if not args.roadmap:
        sys.exit("roadmap was not found: cargo install --path ., or --roadmap PATH")
    args.roadmap = str(Path(args.roadmap).resolve())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        real = Path.home()
        env = os.environ | {"HOME": folder, "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real / ".rustup")),
                            "CARGO_HOME": os.environ.get("CARGO_HOME", str(real / ".cargo")), "TERM": "xterm-256color"}
        for name in ("ROADMAP_DATA", "ROADMAP_WORKSPACE"):
            env.pop(name, None)
        print(f"medians of {args.rounds} rounds in turn [min .. max], most memory\n")
        found = {}
        for part in (rust, python, history, labs):
            if args.only in (None, part.__name__):
                found |= part(args, home, env) or {}
                print()
        for ours, peer in (("roadmap, Rust: from save to PASS in --watch", "rustlings: from save to done in watch"),
                           ("roadmap, Rust: a command", "rustlings: a command"),
                           ("roadmap, Python: a command", "pytest: three cases of the same function"),
                           (f"roadmap status, {TASKS:,} attempts", f"task list, {TASKS:,} tasks")):
            if ours in found and peer in found:
                print(f"{ours}: {found[peer] / found[ours]:.1f} times as fast as `{peer}`")


if __name__ == "__main__":
    main()
