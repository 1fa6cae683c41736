//! How things look: colours, widths, tables, charts, verdicts, prompts. Plain values in, text out.

mod chart;
mod picture;
mod prompt;
mod prose;
mod screen;
mod table;
mod verdict;

pub use chart::chart;
pub use picture::picture;
pub use prompt::{ask_line, bar, spinner};
pub use prose::prose;
pub use screen::{Paint, Screen};
pub use table::{Column, bar_text, table};
pub use verdict::{Shown, seconds, verdict};
