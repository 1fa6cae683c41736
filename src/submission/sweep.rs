//! Limits on a child and the end of everything that it started. Where the system offers no limit, memory is polled.

use super::Limits;
use rustix::process::{Pid, Signal, kill_process_group};
use std::process::Child;
use std::time::{Duration, Instant};

/// What an answer may use of this machine's memory: three quarters, and no more than 16 GB.
pub fn memory_limit() -> u64 {
    machine_memory().map_or(8 << 30, |all| (all / 4 * 3).clamp(2 << 30, 16 << 30))
}

/// Bytes of memory, where the system says.
pub fn machine_memory() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let machine = rustix::system::sysinfo();
        Some(machine.totalram as u64 * u64::from(machine.mem_unit))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Makes orphans of our children our own, so that they can be found and ended.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Holds process `id` to `limits` of memory and CPU time; no core files.
pub fn limit(id: u32, limits: &Limits) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, prlimit};
        let to = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        let _ = prlimit(pid, Resource::As, to(limits.memory));
        let _ = prlimit(pid, Resource::Core, to(0));
        let _ = prlimit(pid, Resource::Cpu, to(limits.wall.as_secs() * 4 + 10));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (id, limits);
}

/// For how long process `id` was ready to run and waited for a core, where the system says: other programs' doing.
pub fn waited(id: u32) -> Duration {
    // Nanoseconds on a core, nanoseconds of waiting for one, turns.
    let of = |schedstat: String| schedstat.split_whitespace().nth(1)?.parse().ok();
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| of(std::fs::read_to_string(thread.path().join("schedstat")).ok()?));
    Duration::from_nanos(nanos.max().unwrap_or(0))
}

/// Whether process `id` holds more than it may, where no limit is in force.
pub fn over_memory(id: u32, limits: &Limits) -> bool {
    if cfg!(target_os = "linux") {
        return false;
    }
    let output = std::process::Command::new("ps").args(["-o", "rss=", "-p", &id.to_string()]).output();
    let kib = output.ok().and_then(|o| String::from_utf8_lossy(&o.stdout).trim().parse::<u64>().ok());
    kib.is_some_and(|kib| kib * 1024 > limits.memory)
}

/// The environment variable by which everything that an answer starts is recognised.
pub const MARK: &str = "ROADMAP_ANSWER";

/// Ends the process group of `process`, and what escaped from it but still carries `mark`.
pub fn end_group(process: &mut Child, mark: &str) {
    if let Some(group) = i32::try_from(process.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = process.kill();
    let _ = process.wait();
    end_orphans(mark);
}

/// Ends processes that we adopted because an answer left them behind, in a session of their own or not.
#[cfg(target_os = "linux")]
fn end_orphans(mark: &str) {
    let patience = Instant::now() + Duration::from_millis(200);
    while Instant::now() < patience {
        let orphans = orphans_with(mark);
        if orphans.is_empty() {
            return;
        }
        for pid in orphans {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn end_orphans(_mark: &str) {
    let _ = (Instant::now(), Duration::ZERO);
}

/// Children of this process whose environment carries `mark`.
#[cfg(target_os = "linux")]
fn orphans_with(mark: &str) -> Vec<Pid> {
    let wanted = format!("{MARK}={mark}");
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|children| children.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|pid| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|b| *b == 0).any(|variable| variable == wanted.as_bytes())
        })
        .filter_map(|pid| pid.parse().ok().and_then(Pid::from_raw))
        .collect()
}
