//! What authors of labs do in a checkout: a new lab from a template, its trials on all cores, bars from ten seeds. Nothing
//! here prints; files are written in the checkout only.

mod calibrate;
mod checkout;
mod pool;
mod rewrite;
mod scaffold;

pub use calibrate::{Calibrated, SEEDS, calibrated};
pub use checkout::Checkout;
pub use pool::{Job, ONE_THREAD, Ran, alone, run};
pub use rewrite::with_bars;
pub use scaffold::scaffold;
