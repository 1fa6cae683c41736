//! The `roadmap` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    roadmap::cli::main()
}
