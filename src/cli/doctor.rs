//! `roadmap doctor`: what was found, each problem with its fix. Exit 3 when nothing can run.

use super::context::Context;
use super::machine as kept;
use crate::error::Result;
use crate::grading::plain;
use crate::machine::{Fingerprint, Measured};
use crate::submission::{
    Link, Progress, find_python, held, machine_memory, on_path, sdk_progress, toolchain, version_of,
};
use crate::term::{Column, Paint, table};
use serde_json::json;

struct Finding {
    what: &'static str,
    found: String,
    /// What to do about it; nothing where it is well.
    fix: Option<String>,
}

/// Looks at everything that a check needs; `measure`: the roofs of this machine are measured again first.
pub fn run(context: &Context, measure: bool) -> Result<u8> {
    if measure {
        kept::measure(context)?;
    }
    let findings =
        [rust(context), python(context), workspace(context), progress(context), limits(), walls(), machine(), roofs()];
    let findings: Vec<Finding> = findings.into_iter().flatten().collect();
    let usable = findings.iter().any(|f| matches!(f.what, "Rust answers" | "NumPy") && f.fix.is_none());
    if context.json {
        let rows: Vec<_> = findings.iter().map(|f| json!({"what": f.what, "found": f.found, "fix": f.fix})).collect();
        context.screen.print(&format!("{}\n", json!({"schema": 1, "findings": rows})));
        return Ok(if usable { 0 } else { 3 });
    }
    let screen = &context.screen;
    let rows = findings.iter().map(|f| {
        let mark = if f.fix.is_none() { screen.paint(Paint::Good, "✓") } else { screen.paint(Paint::Bad, "x") };
        vec![mark, f.what.to_owned(), f.found.clone()]
    });
    let mut out = table(screen, &[Column::Left(""), Column::Left(""), Column::Left("")], rows.collect());
    for finding in &findings {
        if let Some(fix) = &finding.fix {
            out.push_str(&format!("{}\n", screen.wrap(&format!("\n{}: ", finding.what), "    ", fix)));
        }
    }
    screen.print(&out);
    Ok(if usable { 0 } else { 3 })
}

fn rust(context: &Context) -> Vec<Finding> {
    let install = "install Rust from https://rustup.rs, or answer in Python: --lang python";
    let mut findings = Vec::new();
    let rustc = toolchain();
    findings.push(match &rustc {
        Ok(rustc) => well("rustc", format!("{}, {}", version_of(rustc).unwrap_or_default(), rustc.display())),
        Err(error) => Finding { what: "rustc", found: error.message.clone(), fix: error.hint.clone() },
    });
    let cargo = on_path("cargo").and_then(|cargo| version_of(&cargo));
    let link = Link::find(&context.workspace);
    findings.push(match (&link, cargo, sdk_progress(&context.workspace)) {
        (Some(link), ..) => well("Rust answers", format!("link against {}", link.sdk.display())),
        (None, None, _) => {
            Finding { what: "Rust answers", found: "no cargo".to_owned(), fix: Some(install.to_owned()) }
        }
        (None, _, Progress::Failed(said)) => Finding {
            what: "Rust answers",
            found: "the lab SDK did not build".to_owned(),
            fix: Some(format!("the first build needs the crates.io registry once; cargo said: {said}")),
        },
        (None, Some(_), Progress::Running(done, total)) => {
            well("Rust answers", format!("the lab SDK is being built: {done} of {total} crates"))
        }
        (None, Some(cargo), _) => {
            well("Rust answers", format!("the lab SDK is built at the first Rust answer ({cargo})"))
        }
    });
    findings
}

fn python(context: &Context) -> Vec<Finding> {
    match find_python(&context.workspace) {
        Ok(python) => {
            let numpy = match &python.numpy {
                Some(version) => well("NumPy", version.clone()),
                None => Finding {
                    what: "NumPy",
                    found: "none; Python answers need it".to_owned(),
                    fix: Some(format!("{} -m pip install numpy", python.path.display())),
                },
            };
            vec![well("python3", format!("{}, {}", python.version, python.path.display())), numpy]
        }
        Err(error) => vec![Finding { what: "python3", found: error.message, fix: error.hint }],
    }
}

fn workspace(context: &Context) -> Vec<Finding> {
    let root = &context.workspace.root;
    let probe = root.join(".roadmap");
    vec![match std::fs::create_dir_all(&probe).and_then(|()| std::fs::write(probe.join("probe"), "")) {
        Ok(()) => well("workspace", root.display().to_string()),
        Err(e) => Finding {
            what: "workspace",
            found: format!("{}: {e}", root.display()),
            fix: Some("name a folder that can be written: --workspace DIR, or set ROADMAP_WORKSPACE".to_owned()),
        },
    }]
}

fn progress(context: &Context) -> Vec<Finding> {
    let path = context.store.path();
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    vec![well("progress", format!("{}, {} kB", path.display(), size / 1000))]
}

/// What the kernel keeps answers from.
fn walls() -> Vec<Finding> {
    vec![well("walls around answers", held().words())]
}

fn limits() -> Vec<Finding> {
    let words = if cfg!(target_os = "linux") {
        "time, address space, output and CPU time are limited by the system; children are ended with the answer"
    } else {
        "time and output are limited; memory is polled, because this system offers no limit on it"
    };
    vec![well("limits on answers", words.to_owned())]
}

fn machine() -> Vec<Finding> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut features: Vec<&str> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let known = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
            ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
            ("avx512bf16", std::arch::is_x86_feature_detected!("avx512bf16")),
        ];
        features.extend(known.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
    }
    #[cfg(target_arch = "aarch64")]
    {
        let known = [
            ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
            ("i8mm", std::arch::is_aarch64_feature_detected!("i8mm")),
            ("bf16", std::arch::is_aarch64_feature_detected!("bf16")),
        ];
        features.extend(known.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
    }
    let memory = machine_memory().map(|bytes| format!(", {:.1} GiB", bytes as f64 / f64::from(1 << 30)));
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let words = format!("{os} {arch}, {cores} threads{}, {}", memory.unwrap_or_default(), features.join(" "));
    vec![well("machine", words)]
}

/// What one thread of this machine reaches at best.
fn roofs() -> Vec<Finding> {
    let again = "measure this machine: roadmap doctor --measure".to_owned();
    let (found, fix) = match kept::read() {
        Ok(None) => (
            "not measured yet; the first experiment that needs them does, or: roadmap doctor --measure".to_owned(),
            None,
        ),
        Ok(Some(measured)) => {
            let apart = measured.fingerprint.differences(&Fingerprint::here());
            let fix = (!apart.is_empty()).then(|| format!("of another machine ({}); {again}", apart.join("; ")));
            (reached(&measured), fix)
        }
        Err(why) => (why.message, Some(again)),
    };
    vec![Finding { what: "roofs, one thread", found, fix }]
}

/// `88 GFLOP/s, 80 in a blocked product; int8 170 GOP/s; 110 GB/s in L1, 16 GB/s from memory; ridge 5.5 FLOP/B; each reached twice within 3 %`.
fn reached(measured: &Measured) -> String {
    let roofs = &measured.roofs;
    let rate = |what: &str, bytes: f64| format!("{} GB/s {what}", plain(bytes / 1e9, 3));
    // A working set that lies well inside a cache and well above the one before it.
    let caches = measured.fingerprint.caches.iter().scan(None::<u64>, |nearer, cache| {
        let inside = nearer.map_or(cache.bytes / 2, |nearer| (nearer * cache.bytes).isqrt());
        *nearer = Some(cache.bytes);
        Some(rate(&format!("in L{}", cache.level), roofs.near(inside)))
    });
    let rates: Vec<String> = caches.chain([rate("from memory", roofs.memory())]).collect();
    let ridge = roofs.flops / roofs.memory();
    let steady = match 100.0 * roofs.apart {
        apart if apart <= 5.0 => format!("each reached twice within {} %", apart.ceil().max(1.0)),
        apart => format!("reached a second time only within {apart:.0} %: the machine was busy"),
    };
    let integer = match roofs.integer {
        0.0 => String::new(),
        rate => format!("int8 {} GOP/s; ", plain(rate / 1e9, 3)),
    };
    format!(
        "{} GFLOP/s, {} in a blocked product; {integer}{}; ridge {ridge:.1} FLOP/B; {steady}",
        plain(roofs.flops / 1e9, 3),
        plain(roofs.gemm / 1e9, 3),
        rates.join(", "),
    )
}

fn well(what: &'static str, found: String) -> Finding {
    Finding { what, found, fix: None }
}
