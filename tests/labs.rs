//! The trials of every lab (`roadmap::trials`) as tests with names: `cargo test --test labs -- SLUG`.

use libtest_mimic::{Arguments, Completion, Failed};
use roadmap::author::{ONE_THREAD, alone};
use roadmap::labs;
use roadmap::submission::once_more;
use roadmap::trials::{self, Outcome, Tried};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::var_os(ONE_THREAD.0).is_none() {
        return once_more(ONE_THREAD).map_or(ExitCode::FAILURE, ExitCode::from);
    }
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("labs");
    let trials = match labs::all() {
        Ok(labs) => labs.into_iter().flat_map(|lab| {
            let folder = folder.join(lab.slug());
            trials::of(Tried::new(lab), &folder)
        }),
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    libtest_mimic::run(&arguments, trials.map(test).collect()).exit_code()
}

fn test(trial: trials::Trial) -> libtest_mimic::Trial {
    let name = trial.name.clone();
    let run = |trial: trials::Trial| match alone(|| trial.run()) {
        Ok(Outcome::Holds(seen)) => {
            seen.iter().for_each(|line| println!("{line}"));
            Ok(Completion::Completed)
        }
        Ok(Outcome::Ignored(why)) => Ok(Completion::ignored_with(why)),
        Err(why) => Err(Failed::from(why)),
    };
    match trial.ignorable {
        true => libtest_mimic::Trial::ignorable_test(name, move || run(trial)),
        false => libtest_mimic::Trial::test(name, move || run(trial).map(|_| ())),
    }
}
