//! The attacks in Python, each the body of `qparams`.

use super::{Attack, attack};

/// The file of an answer with this body. `pipe` finds the descriptor on which replies go.
pub fn answer(body: &str) -> String {
    format!(
        "import ctypes, gc, json, os, signal, socket, struct, subprocess, sys, threading, time
import numpy as np
import lab_sdk

def pipe():
    return next(fd for fd in range(3, 64) if os.path.exists(f'/proc/self/fd/{{fd}}') and 'pipe' in os.readlink(f'/proc/self/fd/{{fd}}'))

def send(data):
    os.write(pipe(), data)

def qparams(min, max):
    {}
",
        body.replace('\n', "\n    ")
    )
}

pub const ATTACKS: &[Attack] = &[
    // What goes wrong by itself.
    attack("an exception", "raise KeyError('scale')", 5, "KeyError"),
    attack("an assertion", "assert min > max", 5, "AssertionError"),
    attack("recursion without end", "return qparams(min, max)", 5, "RecursionError"),
    attack("exit", "sys.exit(3)", 5, "SystemExit"),
    attack("exit at once", "os._exit(7)", 5, "ended by itself (exit code 7)"),
    attack("abort", "os.abort()", 5, "SIGABRT"),
    attack("a null pointer", "ctypes.string_at(0)", 5, "SIGSEGV"),
    attack("killed", "os.kill(os.getpid(), signal.SIGKILL)", 5, "SIGKILL"),
    attack("stopped", "os.kill(os.getpid(), signal.SIGSTOP)", 5, "no answer within"),
    attack("an endless loop", "while True: pass", 5, "no answer within"),
    attack("a deadlock", "lock = threading.Lock(); lock.acquire(); lock.acquire()", 5, "no answer within"),
    attack("signals ignored", "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)", 5, "no answer within"),
    // What it takes.
    attack("memory", "return float(np.ones(50 << 27).sum()), 0", 5, "MemoryError"),
    attack("memory, piece by piece", "kept = []\nwhile True: kept.append(np.empty(1 << 27))", 5, "MemoryError"),
    attack("printing without end", "while True: print('x' * 100000)", 5, "printed more than 16 MB"),
    attack(
        "a fork bomb",
        "for _ in range(40):\n    if os.fork() == 0: time.sleep(99)\ntime.sleep(99)",
        5,
        "no answer within",
    ),
    attack(
        "threads without end",
        "for _ in range(64): threading.Thread(target=time.sleep, args=(99,), daemon=False).start()\nreturn 1.0, 0",
        1,
        "yours",
    ),
    attack(
        "a file of its own size",
        "open('big', 'wb').write(b'x' * (1 << 20)); os.remove('big'); return 1.0, 0",
        1,
        "yours",
    ),
    // The pipe.
    attack(
        "a frame cut short",
        "send(b'RMAPwire' + struct.pack('<Q', 100) + b'{}'); os._exit(0)",
        5,
        "ended by itself",
    ),
    attack(
        "a wrong magic word",
        "send(b'NOTAWIRE' + struct.pack('<Q', 8) + b'x' * 8); time.sleep(99)",
        5,
        "reply cannot be read",
    ),
    attack("a frame of 2^40 bytes", "send(b'RMAPwire' + struct.pack('<Q', 1 << 40)); time.sleep(99)", 5, "reply"),
    attack(
        "a header that lies",
        "send(b'RMAPwire' + struct.pack('<QQ', 16, 1 << 30) + b'x' * 8); time.sleep(99)",
        5,
        "reply cannot be read",
    ),
    attack(
        "a header of NaN",
        "b = b'{\"__metadata__\":NaN}'; send(b'RMAPwire' + struct.pack('<QQ', 8 + len(b), len(b)) + b); time.sleep(99)",
        5,
        "reply cannot be read",
    ),
    attack(
        "a name that is no text",
        "b = b'{\"\\xff\\xfe\":1}'; send(b'RMAPwire' + struct.pack('<QQ', 8 + len(b), len(b)) + b); time.sleep(99)",
        5,
        "reply cannot be read",
    ),
    attack(
        "a reply of its own, right in form",
        "send(lab_sdk.encode({'returned': True}, [(1.0, 0)])); return 2.0, 0",
        1,
        "yours",
    ),
    attack(
        "replies twice",
        "r = lab_sdk.encode({'returned': True}, [(1.0, 0)]); send(r + r); return 1.0, 0",
        1,
        "yours",
    ),
    attack(
        "a head that promises more",
        "send(lab_sdk.encode({'returned': True, 'values': [{'tensor': 't9'}]})); time.sleep(99)",
        5,
        "reply",
    ),
    attack("closes stdin", "os.close(0); return 1.0, 0", 5, "before it answered"),
    attack("closes the pipe", "os.close(pipe()); return 1.0, 0", 5, "before it answered"),
    attack("writes on stdout", "os.write(1, b'\\x00\\xff' * 64); return 1.0, 0", 1, "yours"),
    // What it looks for, and what it changes.
    attack(
        "the seed in the environment",
        "s = [v for k, v in os.environ.items() if 'SEED' in k]; assert s, 'none'; return 1.0, 0",
        5,
        "none",
    ),
    attack(
        "the solution in the package",
        "import importlib; importlib.import_module('lab_sdk.solution'); return 1.0, 0",
        5,
        "ModuleNotFoundError",
    ),
    attack("patched clocks", "time.perf_counter = time.time = lambda: 0.0; return 1.0, 0", 1, "yours"),
    attack("a patched encoder", "lab_sdk.encode = lambda *_: b'nothing'; return 1.0, 0", 5, "no answer within"),
    attack("patched NumPy", "np.ndarray.__eq__ = None", 5, "TypeError"),
    attack(
        "an object of its own",
        "class Near(float):\n    def __eq__(self, other): return True\nreturn Near(1.0), 0",
        1,
        "yours",
    ),
    attack("a generator", "return (x for x in (1.0, 0))", 5, "generator"),
    attack("a function", "return qparams, 0", 5, "function cannot be sent"),
    attack("complex numbers", "return 1j, 0", 5, "complex cannot be sent"),
    attack("strings in an array", "return np.array(['1.0']), 0", 5, "cannot be sent"),
    attack(
        "deleting the workspace",
        "import shutil; shutil.rmtree(os.path.dirname(__file__), ignore_errors=True); return 1.0, 0",
        1,
        "yours",
    ),
    attack(
        "a link out of the workspace",
        "p = os.path.join(os.path.dirname(__file__), 'out')\nos.path.islink(p) or os.symlink('/etc', p)\nreturn 1.0, 0",
        1,
        "yours",
    ),
    attack(
        "a child that stays",
        "subprocess.Popen(['sleep', '99'], start_new_session=True); return 1.0, 0",
        1,
        "yours",
    ),
    attack(
        "the network",
        "s = socket.socket(); s.settimeout(1); s.connect(('192.0.2.1', 9)); return 1.0, 0",
        5,
        "Error",
    ),
];
