//! The progress store: SQLite, appended rows as the truth, one summary row a step written in the same transaction.
//! The only module that speaks SQL.

mod open;
mod read;
mod write;

pub use open::Store;
pub use read::{Attempt, State, StepState, Summary};
pub use write::{Checked, Event};
