//! The program as a learner meets it: commands in an empty home, what stands on the screen, and the exit code.

#[path = "cli/attacks.rs"]
mod attacks;
#[path = "cli/author.rs"]
mod author;
#[path = "cli/charts.rs"]
mod charts;
#[path = "cli/environment.rs"]
mod environment;
#[path = "cli/export.rs"]
mod export;
#[path = "cli/gpu.rs"]
mod gpu;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/learner.rs"]
mod learner;
#[path = "cli/loop.rs"]
mod learner_loop;
#[path = "cli/log.rs"]
mod log;
#[path = "cli/machine.rs"]
mod machine;
#[path = "cli/notes.rs"]
mod notes;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/review.rs"]
mod review;
#[path = "cli/screens.rs"]
mod screens;
#[path = "cli/store.rs"]
mod store;
