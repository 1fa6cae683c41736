//! What a function is a kernel for, and the Rust that launches it: for answers, and for the labs that build.rs embeds, which
//! reads this same file. Std only.

/// What a kernel is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Warps of 32 lanes: its first argument is a `Warp`.
    Simt,
    /// Tiles: its first argument is a `&Prog`.
    Tile,
}

impl Kernel {
    /// The launcher's name in `lab_sdk::device`, and what the Python runner is told.
    pub fn word(self) -> &'static str {
        match self {
            Kernel::Simt => "simt",
            Kernel::Tile => "tile",
        }
    }

    /// The launch of `function` as an expression: arguments are taken once, and each warp or program gets copies. `args` are
    /// the expressions of all arguments; in place of the first stands the launch's `Cfg`.
    pub fn launch(self, function: &str, args: &[String]) -> String {
        let taken: String = args.iter().enumerate().skip(1).map(|(i, get)| format!("let k{i} = {get}; ")).collect();
        let copies: Vec<String> = (1..args.len()).map(|i| format!("Clone::clone(&k{i})")).collect();
        let (word, copies) = (self.word(), copies.join(", "));
        format!("{{ {taken}lab_sdk::device::{word}(a.get(0)?, |w| {function}(w, {copies})) }}")
    }
}
