//! The command line: words to calls, errors to exit codes. Each command is a file below.

mod actual;
mod author;
mod calibration;
mod chart;
mod check;
mod completions;
mod config;
mod context;
mod doctor;
mod export;
mod find;
mod hint;
mod history;
mod ics;
mod json;
mod lab;
mod log;
mod machine;
mod model;
mod note;
mod overview;
mod pictures;
mod plan;
mod review;
mod show;
mod solution;
mod status;
mod watch;

use crate::error::{Code, Error, Result};
use crate::submission::{self, Workspace};
use crate::term::{Paint, Screen};
use clap::{Parser, Subcommand};
use clap_complete::ArgValueCompleter;
use context::Context;
use std::path::PathBuf;
use std::process::ExitCode;

/// From FLOPs to serving: a study plan for ML model optimization, with labs that name your mistake.
#[derive(Parser)]
#[command(name = "roadmap", version, max_term_width = 100, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(clap::Args, Clone)]
pub struct Global {
    /// Print one JSON object on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder of your answers [default: ~/roadmap]
    #[arg(long, global = true, value_name = "DIR", env = "ROADMAP_WORKSPACE", hide_env_values = true)]
    pub workspace: Option<PathBuf>,
    /// A roadmap of your own: a folder with one TOML file a stage, and phases.toml
    #[arg(long, global = true, value_name = "DIR")]
    pub roadmap: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// What to do now, why, and two alternatives
    Next {
        /// Minutes that you have
        #[arg(short, long, value_name = "MINUTES")]
        minutes: Option<u32>,
    },
    /// Work on a lab: asks, shows the brief, or checks your answer
    Lab(lab::Arguments),
    /// Read the next hint of a step
    Hint {
        /// The lab [default: this folder's, or the last one]
        lab: Option<String>,
        /// The step [default: the first open one]
        #[arg(long, value_name = "ID")]
        step: Option<String>,
    },
    /// The model answer, after you passed
    Solution(solution::Arguments),
    /// Put the starter back; your answer is kept in the history
    Reset {
        /// The lab [default: this folder's, or the last one]
        lab: Option<String>,
        /// rust or python [default: the one you last used]
        #[arg(long, value_name = "LANG", value_parser = context::language)]
        lang: Option<submission::Language>,
    },
    /// What is due comes back, a minute each, with new numbers
    Review(review::Arguments),
    /// A line or a page on a topic or lab
    Note(note::Arguments),
    /// Words in topics, labs, briefs, cards and your notes
    Find {
        /// The words; quote several to find them together
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Your attempts at a lab, what changed between them, and the way back
    History(history::Arguments),
    /// Where you stand, by phase and stage
    Status {
        /// Only this phase, topic by topic
        #[arg(long, value_name = "N")]
        phase: Option<u32>,
        /// Planned against actual weeks by phase
        #[arg(long, conflicts_with = "phase")]
        plan: bool,
    },
    /// A calendar by phase: weeks, finish dates at two paces, and what holds them
    Plan(plan::Arguments),
    /// Days, labs and hours; time tracks itself
    Log(log::Arguments),
    /// All topics and their labs
    List {
        /// Only topics that are open
        #[arg(long, conflicts_with = "done")]
        open: bool,
        /// Only topics that are done
        #[arg(long)]
        done: bool,
        /// Only topics that come back for review today
        #[arg(long)]
        due: bool,
        /// Only topics of this stage
        #[arg(long, value_name = "N")]
        stage: Option<u32>,
        /// Only topics with this word in id, title or section
        #[arg(long, value_name = "WORD")]
        tag: Option<String>,
    },
    /// One topic or lab in full
    Show {
        /// A topic's id or a lab's slug
        #[arg(add = ArgValueCompleter::new(completions::names))]
        name: String,
    },
    /// What you measured, drawn again: on the screen or as SVG
    Chart(chart::Arguments),
    /// Everything you did: as JSON for `import`, a notebook, or a page
    Export(export::Arguments),
    /// Take in an export; what is here stays
    Import {
        /// The file, or - [default: stdin]
        file: Option<PathBuf>,
    },
    /// What was found on this machine, and what to do about what was not
    Doctor {
        /// Measure the roofs of this machine again
        #[arg(long)]
        measure: bool,
    },
    /// What is set, and where things lie
    Config(config::Arguments),
    /// Write labs, in a checkout: a new one, its trials, its bars
    #[command(subcommand)]
    Author(author::Command),
    /// Shell completions on stdout: source <(roadmap completions bash)
    Completions {
        /// bash, zsh, fish, elvish, powershell; or man for the manual page
        what: String,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    if let Some(code) = hidden() {
        return code;
    }
    completions::answer_shell();
    let screen = Screen::here();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => return usage(&e, &screen),
    };
    let json = arguments.global.json;
    match run(arguments, screen) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report(&error, json, &screen);
            ExitCode::from(error.code.exit())
        }
    }
}

/// The roles that this binary plays for itself: a worker for misconceptions, the background build of the SDK.
fn hidden() -> Option<ExitCode> {
    let mut words = std::env::args().skip(1);
    let (role, what) = (words.next()?, words.next());
    match (role.as_str(), what) {
        (submission::WORKER, Some(slug)) => {
            let lab = crate::labs::embedded().iter().find(|lab| lab.slug == slug)?;
            submission::work(lab.solution, lab.misconceptions);
            Some(ExitCode::SUCCESS)
        }
        (submission::BUILD_SDK, Some(root)) => {
            let code = submission::build_sdk(&Workspace { root: root.into() });
            Some(ExitCode::from(code as u8))
        }
        _ => None,
    }
}

fn run(arguments: Arguments, screen: Screen) -> Result<u8> {
    if let Some(Command::Completions { what }) = &arguments.command {
        screen.print(&completions::text(what)?);
        return Ok(0);
    }
    // Labs are written without a workspace, and nothing of it is stored.
    if let Some(Command::Author(command)) = &arguments.command {
        return author::run(&arguments.global, &screen, command);
    }
    let mut context = Context::new(arguments.global, screen)?;
    match arguments.command {
        None => overview::run(&mut context),
        Some(Command::Next { minutes }) => overview::next(&context, minutes),
        Some(Command::Lab(arguments)) => lab::run(&mut context, &arguments),
        Some(Command::Hint { lab, step }) => hint::run(&mut context, lab.as_deref(), step.as_deref()),
        Some(Command::Solution(arguments)) => solution::run(&mut context, &arguments),
        Some(Command::Reset { lab, lang }) => history::reset(&mut context, lab.as_deref(), lang),
        Some(Command::Review(arguments)) => review::run(&mut context, &arguments),
        Some(Command::Note(arguments)) => note::run(&mut context, &arguments),
        Some(Command::Find { words }) => find::run(&mut context, &words),
        Some(Command::History(arguments)) => history::run(&mut context, &arguments),
        Some(Command::Status { phase, plan }) => status::run(&context, phase, plan),
        Some(Command::Plan(arguments)) => plan::run(&mut context, &arguments),
        Some(Command::Log(arguments)) => log::run(&mut context, &arguments),
        Some(Command::List { open, done, due, stage, tag }) => {
            show::list(&context, &show::Filter { open, done, due, stage, tag: tag.as_deref() })
        }
        Some(Command::Show { name }) => show::run(&context, &name),
        Some(Command::Chart(arguments)) => chart::run(&context, &arguments),
        Some(Command::Export(arguments)) => export::run(&context, &arguments),
        Some(Command::Import { file }) => export::import(&mut context, file.as_deref()),
        Some(Command::Doctor { measure }) => doctor::run(&context, measure),
        Some(Command::Config(arguments)) => config::run(&context, &arguments),
        Some(Command::Author(_) | Command::Completions { .. }) => Ok(0),
    }
}

/// clap's own words, with our exit code and our form of hints.
fn usage(error: &clap::Error, screen: &Screen) -> ExitCode {
    use clap::error::ErrorKind;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        screen.print(&error.render().to_string());
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|word| word == "--json") {
        let message = error.render().to_string();
        let first = message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        report(&Error::usage(first).hint("see: roadmap --help"), true, screen);
    } else {
        screen.note(&error.render().to_string());
    }
    ExitCode::from(Code::Usage.exit())
}

fn report(error: &Error, json: bool, screen: &Screen) {
    if json {
        screen.print(&format!("{}\n", json::error(error)));
        return;
    }
    if error.code == Code::Interrupted {
        screen.note("\ninterrupted\n");
        return;
    }
    let paint = |paint, text: &str| if screen.interactive { screen.paint(paint, text) } else { text.to_owned() };
    screen.note(&format!("{} {}\n", paint(Paint::Bad, "error:"), error.message));
    if let Some(hint) = &error.hint {
        screen.note(&format!(" {} {hint}\n", paint(Paint::Name, "hint:")));
    }
}
