//! Which machine this is, as far as the standard library, /proc and /sys tell: enough to know that roofs are of another one.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// A machine. What a system does not tell stays empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The processor's name.
    pub cpu: String,
    /// Logical processors of the machine.
    pub cores: usize,
    /// The data caches of the first processor, the nearest first.
    pub caches: Vec<Cache>,
    /// The highest clock that its governor allows, kHz.
    pub clock_khz: Option<u64>,
}

/// A cache that holds data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// 1 is the nearest.
    pub level: u32,
    /// Its size.
    pub bytes: u64,
}

impl Fingerprint {
    /// Of this machine.
    pub fn here() -> Self {
        Self::under(Path::new("/"))
    }

    /// Of the machine whose /proc and /sys lie under `root`.
    fn under(root: &Path) -> Self {
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let cpuinfo = text("proc/cpuinfo");
        let field = |wanted: &str| {
            let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim().to_owned())
        };
        let name = field("model name").or_else(|| field("Hardware")).or_else(|| field("CPU part"));
        let listed =
            cpuinfo.lines().filter(|line| line.split(':').next().is_some_and(|n| n.trim() == "processor")).count();
        let cpu0 = "sys/devices/system/cpu/cpu0";
        let clock = text(&format!("{cpu0}/cpufreq/scaling_max_freq")).trim().parse();
        let mut caches: Vec<Cache> =
            (0..16).filter_map(|at| cache(&|file| text(&format!("{cpu0}/cache/index{at}/{file}")))).collect();
        caches.sort_by_key(|cache| cache.level);
        Self {
            cpu: name.unwrap_or_else(|| format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
            cores: if listed > 0 { listed } else { std::thread::available_parallelism().map_or(1, usize::from) },
            caches,
            clock_khz: clock.ok(),
        }
    }

    /// The caches in words: `L1 32 KiB, L2 512 KiB`.
    pub fn caches(&self) -> String {
        let words = |cache: &Cache| match cache.bytes {
            bytes if bytes % (1 << 20) == 0 => format!("L{} {} MiB", cache.level, bytes >> 20),
            bytes => format!("L{} {} KiB", cache.level, bytes >> 10),
        };
        self.caches.iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// What of `self` is not as in `other`, a part each: `8 cores, not 2`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let clock = |f: &Self| f.clock_khz.map_or("no clock limit".to_owned(), |khz| format!("{} MHz", khz / 1000));
        let caches = |f: &Self| if f.caches.is_empty() { "unknown caches".to_owned() } else { f.caches() };
        let pairs = [
            (self.cpu.clone(), other.cpu.clone()),
            (format!("{} processors", self.cores), format!("{}", other.cores)),
            (caches(self), caches(other)),
            (clock(self), clock(other)),
        ];
        let differs = [
            self.cpu != other.cpu,
            self.cores != other.cores,
            self.caches != other.caches,
            self.clock_khz != other.clock_khz,
        ];
        let differing = pairs.iter().zip(differs).filter(|(_, differs)| *differs);
        differing.map(|((mine, theirs), _)| format!("{mine}, not {theirs}")).collect()
    }
}

/// What /sys says of one cache; `None` where there is none, or it holds instructions.
fn cache(text: &impl Fn(&str) -> String) -> Option<Cache> {
    if text("type").trim() == "Instruction" {
        return None;
    }
    let size = text("size");
    let size = size.trim();
    let (number, unit) = size.split_at(size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len()));
    let unit = match unit {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    Some(Cache { level: text("level").trim().parse().ok()?, bytes: number.parse::<u64>().ok()? * unit })
}

#[cfg(test)]
mod tests {
    use super::{Cache, Fingerprint};
    use std::fs;

    #[test]
    fn proc_and_sys_are_read() {
        let root = tempfile::tempdir().expect("a folder");
        let cpu0 = root.path().join("sys/devices/system/cpu/cpu0");
        let write = |path: &str, text: &str| {
            let path = cpu0.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, text).expect("a file");
        };
        for (at, kind, level, size) in
            [(0, "Data", 1, "48K"), (1, "Instruction", 1, "32K"), (2, "Unified", 2, "2048K"), (3, "Unified", 3, "36M")]
        {
            write(&format!("cache/index{at}/type"), kind);
            write(&format!("cache/index{at}/level"), &format!("{level}\n"));
            write(&format!("cache/index{at}/size"), &format!("{size}\n"));
        }
        write("cpufreq/scaling_max_freq", "4800000\n");
        fs::create_dir_all(root.path().join("proc")).expect("a folder");
        let cpuinfo =
            "processor\t: 0\nmodel name\t: Some CPU @ 2.4 GHz\n\nprocessor\t: 1\nmodel name\t: Some CPU @ 2.4 GHz\n";
        fs::write(root.path().join("proc/cpuinfo"), cpuinfo).expect("a file");
        let seen = Fingerprint::under(root.path());
        let caches = [(1, 48 << 10), (2, 2 << 20), (3, 36 << 20)].map(|(level, bytes)| Cache { level, bytes }).to_vec();
        let wanted = Fingerprint { cpu: "Some CPU @ 2.4 GHz".to_owned(), cores: 2, caches, clock_khz: Some(4_800_000) };
        assert_eq!(seen, wanted);
        assert_eq!(seen.caches(), "L1 48 KiB, L2 2 MiB, L3 36 MiB");
        let other = Fingerprint { cores: 8, clock_khz: None, ..wanted };
        assert_eq!(other.differences(&seen), ["8 processors, not 2", "no clock limit, not 4800 MHz"]);
        assert_eq!(seen.differences(&seen), [""; 0]);
    }

    #[test]
    fn a_system_that_tells_nothing_still_has_a_name() {
        let root = tempfile::tempdir().expect("a folder");
        let seen = Fingerprint::under(root.path());
        assert!(!seen.cpu.is_empty() && seen.cores > 0 && seen.caches.is_empty() && seen.clock_khz.is_none());
        assert!(!Fingerprint::here().cpu.is_empty());
    }
}
