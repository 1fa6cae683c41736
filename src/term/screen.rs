//! What the terminal can do, and the one way to print.

use std::io::{IsTerminal, Write};

/// A terminal, a pipe, or a file, as far as drawing is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Escape codes for colours are understood and wanted.
    pub color: bool,
    /// Characters beyond ASCII are understood.
    pub unicode: bool,
    /// A person can be asked.
    pub interactive: bool,
}

/// The three colours, and weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// It holds.
    Good,
    /// It does not.
    Bad,
    /// A command that can be typed, a name.
    Name,
    /// A heading.
    Bold,
    /// Less important.
    Dim,
}

impl Screen {
    /// This process's terminal.
    pub fn here() -> Self {
        let out = std::io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        // No locale at all is common in containers, whose terminals take UTF-8 all the same.
        let unicode = locale.is_none_or(|l| l.to_lowercase().replace('-', "").contains("utf8"));
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
        let width = size.filter(|w| *w > 0).or(columns).unwrap_or(100).clamp(20, 110);
        Self {
            width,
            color: out && !dumb && set("NO_COLOR").is_none(),
            unicode: unicode && !dumb,
            interactive: out && !dumb && std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        }
    }

    /// A screen of `width` columns without colour: for tests and files.
    pub fn plain(width: usize) -> Self {
        Self { width, color: false, unicode: true, interactive: false }
    }

    /// `text` in a colour.
    pub fn paint(&self, paint: Paint, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        let code = match paint {
            Paint::Good => "32",
            Paint::Bad => "31",
            Paint::Name => "36",
            Paint::Bold => "1",
            Paint::Dim => "2",
        };
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Writes to stdout; a closed pipe ends the output, not the program.
    pub fn print(&self, text: &str) {
        let _ = std::io::stdout().write_all(self.encoded(text).as_bytes()).and_then(|()| std::io::stdout().flush());
    }

    /// Writes to stderr.
    pub fn note(&self, text: &str) {
        let _ = std::io::stderr().write_all(self.encoded(text).as_bytes());
    }

    /// The text as this terminal can show it.
    pub fn encoded(&self, text: &str) -> String {
        if self.unicode || text.is_ascii() { text.to_owned() } else { to_ascii(text) }
    }

    /// `text` broken into lines of at most the width, the later ones indented.
    pub fn wrap(&self, first: &str, rest: &str, text: &str) -> String {
        let options = textwrap::Options::new(self.width).initial_indent(first).subsequent_indent(rest);
        textwrap::fill(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
    }
}

/// The nearest ASCII, column by column where there is one.
fn to_ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '─' | '━' | '–' | '—' | '−' | '┄' => "-".to_owned(),
            '│' | '┃' | '┆' | '┊' | '╎' => "|".to_owned(),
            '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╰' | '╯' => {
                "+".to_owned()
            }
            '█' | '▉' | '▊' | '▋' | '▌' | '▐' | '▀' | '▄' => "#".to_owned(),
            '▁'..='▇' | '▍' | '▎' | '▏' => ":".to_owned(),
            '░' | '▒' | '·' => ".".to_owned(),
            '✓' => "+".to_owned(),
            '✗' => "x".to_owned(),
            '▲' => "^".to_owned(),
            '▼' => "v".to_owned(),
            '≤' => "<=".to_owned(),
            '≥' => ">=".to_owned(),
            c if c.is_ascii() => c.to_string(),
            c => deunicode::deunicode_char(c).unwrap_or("?").to_owned(),
        })
        .collect()
}
