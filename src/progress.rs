//! The progress store: SQLite, appended rows as the truth, one summary row a step written in the same transaction.
//! The only module that speaks SQL.

mod exchange;
mod guess;
mod log;
mod notes;
mod open;
mod read;
mod review;
mod rows;
mod write;

pub use exchange::{Exported, ExportedRow, Merged};
pub use guess::Guess;
pub use log::{Correction, Tracked};
pub use notes::{Document, Found, Match, Note};
pub use open::Store;
pub use read::{Attempt, State, Summary};
pub use review::{A_DAY, Entry, Memory, Reviewed};
pub use rows::{MeasurementRow, PredictionRow};
pub use write::{Checked, Event};
