//! Asking and waiting. Only with a terminal; both speak on stderr.

use crate::error::{Error, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use inquire::{InquireError, Text};

/// One line from the learner; `None` when they want to stop (Escape).
pub fn ask_line(label: &str, help: &str) -> Result<Option<String>> {
    match Text::new(label).with_help_message(help).prompt() {
        Ok(text) => Ok(Some(text)),
        Err(InquireError::OperationCanceled) => Ok(None),
        Err(InquireError::OperationInterrupted) => Err(Error::interrupted()),
        Err(e) => {
            Err(Error::environment(format!("the terminal cannot ask: {e}"))
                .hint("answer on the command line: --answer X"))
        }
    }
}

/// A bar of `total` steps; hidden without a terminal.
pub fn bar(total: u64, visible: bool) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    if let Ok(style) = ProgressStyle::with_template("  {bar:30.cyan/dim} {pos}/{len}  {wide_msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar
}

/// A spinner with words; hidden without a terminal.
pub fn spinner(visible: bool) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let spinner = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg}") {
        spinner.set_style(style);
    }
    spinner
}
