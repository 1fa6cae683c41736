//! The program as a learner meets it: commands in an empty home, what stands on the screen, and the exit code.

#[path = "cli/environment.rs"]
mod environment;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/learner.rs"]
mod learner;
#[path = "cli/loop.rs"]
mod learner_loop;
#[path = "cli/screens.rs"]
mod screens;
