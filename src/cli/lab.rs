//! `roadmap lab`: goes to the first open step; asks, shows the brief, or checks.

use super::check::{self, Asked, Outcome};
use super::context::{self, Context};
use super::{completions, json, model, pictures, watch};
use crate::error::{Doing, Error, Result, nearest};
use crate::grading::{Answer, Lab, Seed, ask, example};
use crate::lab::Step;
use crate::progress::Event;
use crate::study::Study;
use crate::submission::{Language, Link, build_sdk_in_background, on_path, toolchain};
use crate::term::{self, Paint, Shown, prose};
use crate::verdict::{Asked as Question, Graded, Kind, Verdict};
use clap_complete::ArgValueCompleter;
use std::path::{Path, PathBuf};

/// `roadmap lab`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The lab, or the beginning of its name [default: this folder's, or the last one]
    #[arg(add = ArgValueCompleter::new(completions::slugs))]
    pub lab: Option<String>,
    /// The step: an id, or `last` [default: the first open one]
    #[arg(long, value_name = "ID", conflicts_with = "all", add = ArgValueCompleter::new(completions::steps))]
    pub step: Option<String>,
    /// Check every step in order, without stopping at a failure
    #[arg(long)]
    pub all: bool,
    /// rust or python [default: the one you last used]
    #[arg(long, value_name = "LANG", value_parser = context::language)]
    pub lang: Option<Language>,
    /// Check again at each save
    #[arg(long)]
    pub watch: bool,
    /// Draw the inputs from this seed, or run only one case of it
    #[arg(long, value_name = "HEX[:CASE]", value_parser = seed)]
    pub seed: Option<Seed>,
    /// Answer a question of a predict step; repeat it, or name the question
    #[arg(long = "answer", value_name = "[ID=]X", allow_hyphen_values = true)]
    pub answers: Vec<String>,
    /// Draw what a kernel did: lanes over time, sectors, banks; as SVG too, beside your answer
    #[arg(long, conflicts_with_all = ["all", "watch"])]
    pub show: bool,
    /// Measure with a model of your own
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub model: Option<PathBuf>,
}

fn seed(text: &str) -> Result<Seed, String> {
    Seed::parse(text).ok_or_else(|| "a seed is hexadecimal, as a verdict prints it: 7f31 or 7f31:4".to_owned())
}

impl Arguments {
    /// The words of the same command without `--watch`.
    fn once(&self, lab: &str) -> Vec<String> {
        let mut words = vec!["lab".to_owned(), lab.to_owned()];
        let mut option =
            |name: &str, value: Option<String>| words.extend(value.map(|v| [name.to_owned(), v]).into_iter().flatten());
        option("--step", self.step.clone());
        option("--lang", self.lang.map(|language| language.word().to_owned()));
        option("--seed", self.seed.map(|seed| seed.to_string()));
        option("--model", self.model.as_ref().map(|file| file.display().to_string()));
        words
    }
}

/// Runs the command; the exit code is that of the checks.
pub fn run(context: &mut Context, arguments: &Arguments) -> Result<u8> {
    let lab = context.lab(arguments.lab.as_deref())?;
    let language = context.language(lab.slug(), arguments.lang)?;
    let (starter, words) = (lab.starter(language), lab.words());
    let (answer, new) = context.workspace.prepare(lab.slug(), language, starter, words.brief)?;
    lab_sdk::models::set_folder(context.workspace.models()).doing(|| "finding the shipped models".to_owned())?;
    let step = match &arguments.step {
        Some(id) => Some(step_of(&lab, id)?.clone()),
        None => context.study()?.first_open(&lab).cloned(),
    };
    context.store.happened(lab.slug(), None, Event::Opened, language.word())?;
    let answers: Vec<(Option<String>, String)> = arguments.answers.iter().map(|text| split(&lab, text)).collect();
    if let Some(file) = &arguments.model {
        model::allowed(&lab, step.as_ref(), file)?;
    }
    let ask = Asked { language, seed: arguments.seed, answers: &answers, model: arguments.model.as_deref() };
    if arguments.all {
        let steps = lab.manifest.steps.clone();
        return check_all(context, &lab, &steps, &ask, &answer);
    }
    let Some(step) = step else {
        return all_passed(context, &lab, language, &answer);
    };
    if arguments.watch {
        if step.kind == Kind::Predict && arguments.step.is_none() {
            let error =
                Error::usage(format!("the next step, `{}`, is a prediction: there is nothing to watch yet", step.id));
            return Err(error.hint(format!("roadmap lab {}", lab.slug())));
        }
        return watch::run(context, &lab, &answer, &arguments.once(lab.slug()));
    }
    if language == Language::Rust && step.kind == Kind::Predict {
        warm_up(context);
    }
    let testing_out = arguments.step.as_deref() == Some("last");
    if arguments.show {
        return pictures::run(context, &lab, &step, &ask, &answer);
    }
    let mut session = Session { context, lab: &lab, ask: &ask, answer: &answer, new, testing_out };
    session.step(&step, arguments.step.is_some() || arguments.seed.is_some())
}

/// Starts the one build of the SDK while the learner reads and predicts.
fn warm_up(context: &Context) {
    if Link::find(&context.workspace).is_some() || on_path("cargo").is_none() || toolchain().is_err() {
        return;
    }
    if let Ok(binary) = std::env::current_exe()
        && build_sdk_in_background(&context.workspace, &binary).is_ok()
    {
        context.screen.note("the lab SDK is being built in the background, once, while you read and predict\n\n");
    }
}

/// The step called `id`; `last` is the last that counts.
fn step_of<'a>(lab: &'a Lab, id: &str) -> Result<&'a Step> {
    let steps = &lab.manifest.steps;
    if id == "last"
        && let Some(last) = steps.iter().rfind(|s| !s.optional)
    {
        return Ok(last);
    }
    lab.manifest.step(id).ok_or_else(|| {
        let error = Error::usage(format!("{} has no step `{id}`", lab.slug()));
        let ids = steps.iter().map(|s| s.id.as_str());
        match nearest(id, ids.clone()) {
            Some(near) => error.hint(format!("did you mean: roadmap lab {} --step {near}", lab.slug())),
            None => error.hint(format!("its steps are {}", ids.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// `ID=X` or `X`; an `=` after something that is no question's id belongs to the answer.
fn split(lab: &Lab, text: &str) -> (Option<String>, String) {
    let known = |id: &str| {
        let steps = lab.manifest.steps.iter().filter(|s| s.kind == Kind::Predict);
        steps.flat_map(|s| ask(lab, s, Seed::new(1))).any(|q| q.id == id)
    };
    match text.split_once('=') {
        Some((id, answer)) if known(id.trim()) || id.trim().chars().all(|c| c.is_ascii_lowercase() || c == '-') => {
            (Some(id.trim().to_owned()), answer.trim().to_owned())
        }
        _ => (None, text.trim().to_owned()),
    }
}

struct Session<'a> {
    context: &'a mut Context,
    lab: &'a Lab,
    ask: &'a Asked<'a>,
    answer: &'a Path,
    new: bool,
    /// `--step last`: a pass counts for the whole lab.
    testing_out: bool,
}

impl Session<'_> {
    /// Does what the step asks for; goes on to the next while a person is there to be asked.
    fn step(&mut self, step: &Step, chosen: bool) -> Result<u8> {
        if self.context.json || !self.ask.answers.is_empty() || step.kind != Kind::Predict {
            return self.check_once(step, chosen);
        }
        if !self.context.screen.interactive {
            return self.question_only(step);
        }
        self.introduce(step)?;
        let mut step = step.clone();
        loop {
            if !self.predict(&step)? {
                return Ok(4);
            }
            let next = self.context.study()?.first_open(self.lab).cloned();
            let Some(next) = next.filter(|_| !chosen) else { return Ok(0) };
            self.context.screen.print("\n");
            if next.kind != Kind::Predict {
                self.brief(&next);
                return Ok(0);
            }
            self.heading(&next);
            step = next;
        }
    }

    /// The lab's idea, once, then the step's heading.
    fn introduce(&mut self, step: &Step) -> Result<()> {
        let begun = self.context.study()?.summary(self.lab.slug(), &self.lab.manifest.steps[0].id).is_some();
        let screen = &self.context.screen;
        if !begun {
            screen.print(&format!("{}\n", prose(screen, self.lab.words().idea())));
        }
        self.heading(step);
        Ok(())
    }

    fn heading(&self, step: &Step) {
        let screen = &self.context.screen;
        let at = self.lab.manifest.steps.iter().position(|s| s.id == step.id).map_or(0, |at| at + 1);
        let of = self.lab.manifest.steps.len();
        let title = format!("{}: {}", step.kind.word(), step.id);
        let line = screen.wrap("", "    ", &format!("{title}    step {at} of {of}, {}", step.title));
        screen.print(&format!("{}\n\n", line.replacen(&title, &screen.paint(Paint::Bold, &title), 1)));
        let words = self.lab.words().step(&step.id);
        if !words.is_empty() {
            screen.print(&format!("{}\n", prose(screen, words)));
        }
    }

    /// Asks until the answer is right, each time with new numbers; `false` when the learner stops.
    fn predict(&mut self, step: &Step) -> Result<bool> {
        loop {
            let seed = Seed::new(check::fresh_seed(self.context, self.lab, step));
            let questions = ask(self.lab, step, seed);
            self.context.store.happened(self.lab.slug(), Some(&step.id), Event::Asked, &seed.to_string())?;
            let mut answers: Vec<(Option<String>, String)> = Vec::new();
            for question in &questions {
                self.context.screen.print(&question_text(self.context, &question.asked()));
                loop {
                    let help = match &question.answer {
                        Answer::Number { unit, .. } => format!("a number such as {}; Esc to stop", example(unit)),
                        Answer::Choice { .. } => "a letter; Esc to stop".to_owned(),
                    };
                    let Some(text) = term::ask_line("your prediction", &help)? else { return Ok(false) };
                    match question.read(&text) {
                        Ok(_) => {
                            answers.push((Some(question.id.to_owned()), text));
                            break;
                        }
                        Err(why) => self.context.screen.note(&format!("  {why}\n")),
                    }
                }
            }
            let ask = Asked { seed: None, answers: &answers, ..*self.ask };
            let outcome = check::check(self.context, self.lab, step, &ask)?;
            let shown = show(self.context, self.lab, &ask, &outcome)?;
            self.context.screen.print(&format!("\n{shown}"));
            if outcome.graded.verdict.passed() {
                return Ok(true);
            }
            self.context.screen.print("\nThe same question with new numbers:\n");
        }
    }

    /// Without a person: prints the question and says how to answer.
    fn question_only(&mut self, step: &Step) -> Result<u8> {
        self.introduce(step)?;
        let seed = self.ask.seed.unwrap_or_else(|| Seed::new(check::fresh_seed(self.context, self.lab, step)));
        let questions = ask(self.lab, step, seed);
        for question in &questions {
            self.context.screen.print(&question_text(self.context, &question.asked()));
        }
        let answers: Vec<String> = questions.iter().map(|q| format!("--answer {}=X", q.id)).collect();
        let command = format!("roadmap lab {} --step {} {}", self.lab.slug(), step.id, answers.join(" "));
        self.context.screen.note(&format!(" hint: {command}\n"));
        Ok(4)
    }

    /// The brief of a step, the file, and what to run.
    fn brief(&mut self, step: &Step) {
        self.heading(step);
        let screen = &self.context.screen;
        if step.kind == Kind::Build {
            let functions: Vec<String> = step
                .functions
                .iter()
                .filter_map(|name| self.lab.manifest.function(name))
                .map(|f| if self.ask.language == Language::Rust { f.rust() } else { f.python() })
                .collect();
            screen.print(&format!("    {}\n\n", functions.join("\n    ")));
        }
        let again = format!("roadmap lab {}", self.lab.slug());
        screen.print(&format!("your file    {}\n", screen.paint(Paint::Name, self.answer.display().to_string())));
        screen.print(&format!(
            "check it     {}    ({again} --watch checks at each save)\n",
            screen.paint(Paint::Name, &again)
        ));
        if let Some(takes) = &step.model {
            screen.print(&screen.wrap(
                "your model   ",
                "             ",
                &format!("{again} --step {} --model FILE    {takes}", step.id),
            ));
            screen.print("\n");
        }
        if self.new {
            let other = Language::ALL.into_iter().find(|l| *l != self.ask.language).map_or("", Language::word);
            screen.print(&format!("in {other:<9} {again} --lang {other}\n"));
        }
    }

    /// Checks one step and prints the verdict; an untouched function shows the brief instead.
    fn check_once(&mut self, step: &Step, chosen: bool) -> Result<u8> {
        let outcome = check::check(self.context, self.lab, step, self.ask)?;
        let skipped = match self.testing_out && outcome.attempt > 0 && outcome.graded.verdict.passed() {
            true => check::test_out(self.context, self.lab, step)?,
            false => Vec::new(),
        };
        if self.context.json {
            let study = self.context.study()?;
            let seed = self.ask.seed.map(|s| s.to_string());
            let checked = std::slice::from_ref(&outcome.graded);
            let object = json::lab(&study, self.lab, self.ask.language.word(), self.answer, seed, checked);
            self.context.screen.print(&format!("{object}\n"));
            return Ok(outcome.graded.verdict.exit());
        }
        if let (Verdict::Nothing(_), Kind::Build | Kind::Measure) = (&outcome.graded.verdict, step.kind)
            && outcome.graded.inputs == 0
            && !matches!(&outcome.graded.verdict, Verdict::Nothing(why) if why.starts_with("first:"))
        {
            self.brief(step);
            self.context.screen.print("\n");
        }
        let mut text = printed(self.context, &outcome.graded);
        text.push_str(&show(self.context, self.lab, self.ask, &outcome)?);
        if !skipped.is_empty() {
            let line = format!("you tested out: {} count as passed", skipped.join(", "));
            text.push_str(&format!("{}\n", self.context.screen.wrap("", "      ", &line)));
        }
        if outcome.graded.verdict.passed() && !chosen {
            text.push_str(&self.what_now()?);
        }
        self.context.screen.print(&text);
        Ok(outcome.graded.verdict.exit())
    }

    /// One line after a pass.
    fn what_now(&self) -> Result<String> {
        let screen = &self.context.screen;
        let study = self.context.study()?;
        Ok(match study.first_open(self.lab) {
            Some(next) => {
                let command = screen.paint(Paint::Name, format!("roadmap lab {}", self.lab.slug()));
                format!("next  {command}    {}: {}, {}\n", next.kind.word(), next.id, next.title)
            }
            None => format!(
                "done  every step of {} is passed{}: {}\n",
                self.lab.slug(),
                ended(self.context, &study, self.lab),
                screen.paint(Paint::Name, "roadmap next")
            ),
        })
    }
}

/// What has ended with the last step of a lab: its stage, and the phase of that.
fn ended(context: &Context, study: &Study<'_>, lab: &Lab) -> String {
    let Some(stage) = study.stage_of(lab) else { return String::new() };
    let topics = study.standing(stage).topics;
    if topics.passed < topics.total {
        return String::new();
    }
    let phase = context.roadmap.phase_of(stage.number);
    let phase = phase.map(|phase| format!(", and with it phase {}, {}", phase.number, phase.title));
    format!(", and so is stage {}, {}{}", stage.number, stage.title, phase.unwrap_or_default())
}

/// A question as it is asked.
pub fn question_text(context: &Context, question: &Question) -> String {
    // A prompt names the unit; without one the question does.
    let unit = question.unit.as_deref().filter(|unit| !context.screen.interactive && !unit.is_empty());
    let unit = unit.map(|unit| format!(" ({unit})")).unwrap_or_default();
    let mut out = format!("{}\n", context.screen.wrap("  ", "  ", &format!("{}{unit}", question.text)));
    for (at, choice) in question.choices.iter().enumerate() {
        out.push_str(&format!("    {}) {choice}\n", char::from(b'a' + at as u8)));
    }
    out
}

/// What the learner's program printed, marked as theirs.
fn printed(context: &Context, graded: &Graded) -> String {
    let lines: Vec<&str> = graded.printed.lines().collect();
    if lines.is_empty() {
        return String::new();
    }
    let screen = &context.screen;
    let mut out: String =
        lines.iter().take(12).map(|line| format!("{} {line}\n", screen.paint(Paint::Dim, "you |"))).collect();
    if lines.len() > 12 {
        out.push_str(&format!("{} ... {} more lines\n", screen.paint(Paint::Dim, "you |"), lines.len() - 12));
    }
    out
}

/// The verdict and its charts.
fn show(context: &Context, lab: &Lab, ask: &Asked<'_>, outcome: &Outcome) -> Result<String> {
    let (graded, screen) = (&outcome.graded, &context.screen);
    let read = context.store.count_events(lab.slug(), &graded.step, Event::Hint.word())? as usize;
    let hints = (lab.words().hints(&graded.step).len(), read + 1);
    let shown = Shown { lab: lab.slug(), attempt: outcome.attempt, model: ask.model, hints };
    let mut text = term::verdict(screen, graded, &shown);
    for chart in &graded.charts {
        text.push_str(&format!("\n{}", term::chart(screen, chart)));
    }
    Ok(text)
}

/// `--all`.
fn check_all(context: &mut Context, lab: &Lab, steps: &[Step], ask: &Asked<'_>, answer: &Path) -> Result<u8> {
    let mut checked: Vec<Graded> = Vec::new();
    for step in steps {
        // Questions are not answered in passing: a predict step only shows what it asks.
        let ask = Asked { answers: &[], ..*ask };
        let outcome = check::check(context, lab, step, &ask)?;
        if !context.json {
            let text = format!("{}{}", printed(context, &outcome.graded), show(context, lab, &ask, &outcome)?);
            context.screen.print(&text);
        }
        checked.push(outcome.graded);
    }
    if context.json {
        let object =
            json::lab(&context.study()?, lab, ask.language.word(), answer, ask.seed.map(|s| s.to_string()), &checked);
        context.screen.print(&format!("{object}\n"));
    }
    let codes: Vec<u8> = checked.iter().map(|graded| graded.verdict.exit()).collect();
    Ok([3, 5, 1, 4].into_iter().find(|code| codes.contains(code)).unwrap_or(0))
}

/// Every step is passed: says so, and what can be done now.
fn all_passed(context: &Context, lab: &Lab, language: Language, answer: &Path) -> Result<u8> {
    let study = context.study()?;
    if context.json {
        let object = json::lab(&study, lab, language.word(), answer, None, &[]);
        context.screen.print(&format!("{object}\n"));
        return Ok(4);
    }
    let screen = &context.screen;
    let name = |command: String| screen.paint(Paint::Name, command);
    let mut out = format!("{}    every step is passed; nothing was checked\n", screen.paint(Paint::Bold, lab.slug()));
    out.push_str(&format!("  check your file again   {}\n", name(format!("roadmap lab {} --all", lab.slug()))));
    if let Some(step) = lab.manifest.steps.iter().find(|step| step.kind != Kind::Predict) {
        let again = format!("roadmap lab {} --step {} --lang {}", lab.slug(), step.id, language.word());
        out.push_str(&format!("  one step again          {}\n", name(again)));
    }
    out.push_str(&format!("  the model answer        {}\n", name(format!("roadmap solution {}", lab.slug()))));
    out.push_str(&format!("  what comes next         {}\n", name("roadmap next".to_owned())));
    screen.print(&out);
    Ok(4)
}
