//! Ctrl-C, and a polite end by the system, for work that no answer's process is waited for in: a flag, raised once and for all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Whether Ctrl-C was pressed or SIGTERM came since the first call. From then on it does not end this process by itself.
pub fn interrupted() -> bool {
    static RAISED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let raised = RAISED.get_or_init(|| {
        let raised = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let _ = signal_hook::flag::register(signal, Arc::clone(&raised));
        }
        raised
    });
    raised.load(Ordering::Relaxed)
}
