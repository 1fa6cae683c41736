//! One check of one step: start the answer, grade it, record it. The one place where an attempt comes to be.

use super::context::Context;
use super::{json, machine};
use crate::error::{Doing, Error, Result};
use crate::grading::{Build, Grader, Lab, Measure, Seed, asked, grade_build, grade_measure, grade_predict};
use crate::lab::Step;
use crate::progress::Checked;
use crate::submission::{
    Child, Compiled, Fault, Language, Limits, Link, Progress, Subject, Table, Worker, beside, build_sdk_in_background,
    compile, find_python, sdk_progress, start_program,
};
use crate::term;
use crate::verdict::{Finding, Graded, Kind, Verdict};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// What is asked of a check.
pub struct Asked<'a> {
    /// The answer's language.
    pub language: Language,
    /// `--seed`.
    pub seed: Option<Seed>,
    /// `--answer`.
    pub answers: &'a [(Option<String>, String)],
    /// `--model`.
    pub model: Option<&'a Path>,
}

/// A check and, where it counts, the number of the attempt at its step.
pub struct Outcome {
    /// What came of it.
    pub graded: Graded,
    /// 1 and up; 0 where nothing was recorded.
    pub attempt: u64,
}

/// Checks `step` and records it.
pub fn check(context: &mut Context, lab: &Lab, step: &Step, ask: &Asked<'_>) -> Result<Outcome> {
    let seed = ask.seed.unwrap_or_else(|| Seed::new(fresh_seed(context, lab, step)));
    if step.kind != Kind::Predict && ask.language == Language::Rust && written(context, lab) {
        // Built once; the seconds are no attempt's.
        wait_for_link(context)?;
    }
    let started = Instant::now();
    let edited = edited(&context.workspace.answer(lab.slug(), ask.language)).filter(|_| step.kind != Kind::Predict);
    let (mut graded, answer) = match step.kind {
        Kind::Predict => {
            let hint = format!("roadmap lab {} --step {}", lab.slug(), step.id);
            (grade_predict(lab, step, seed, ask.answers).map_err(|e| Error::usage(e).hint(hint))?, None)
        }
        Kind::Build | Kind::Measure => run_answer(context, lab, step, ask, seed)?,
    };
    graded.seconds = started.elapsed().as_secs_f64();
    let chosen = ask.seed.is_some_and(|s| s.case.is_some() || step.kind == Kind::Predict);
    if matches!(graded.verdict, Verdict::Nothing(_)) || chosen {
        return Ok(Outcome { graded, attempt: 0 });
    }
    let language = (step.kind != Kind::Predict).then_some(ask.language);
    let content = lab.content();
    let detail = json::stored(&graded).to_string();
    let answer = answer.as_deref();
    let checked = Checked { lab: lab.slug(), graded: &graded, language, answer, edited, content: &content, detail };
    let attempt = context.store.record(&checked)?;
    if graded.verdict.passed() {
        super::review::enrol(&mut context.store, &context.labs)?;
    }
    Ok(Outcome { graded, attempt })
}

/// The lab's last step was passed without the others: they count as passed too, each with a row that says so.
pub fn test_out(context: &mut Context, lab: &Lab, last: &Step) -> Result<Vec<String>> {
    let study = context.study()?;
    let open = lab.manifest.steps.iter().filter(|s| !s.optional && s.id != last.id && !study.state(lab, &s.id).done());
    let open: Vec<Step> = open.cloned().collect();
    let content = lab.content();
    for step in &open {
        let mut graded = Graded::nothing(&step.id, step.kind, 0, "");
        graded.verdict = Verdict::Pass;
        graded.remarks = vec![format!("tested out by `{}`", last.id)];
        let detail = json::stored(&graded).to_string();
        let (language, answer, edited, lab) = (None, None, None, lab.slug());
        context.store.record(&Checked { lab, graded: &graded, language, answer, edited, content: &content, detail })?;
    }
    super::review::enrol(&mut context.store, &context.labs)?;
    Ok(open.into_iter().map(|step| step.id).collect())
}

/// Whether the Rust answer is more than the starter.
fn written(context: &Context, lab: &Lab) -> bool {
    let source = fs::read_to_string(context.workspace.answer(lab.slug(), Language::Rust));
    source.is_ok_and(|source| source != lab.starter(Language::Rust))
}

/// When a file was last changed, milliseconds since 1970.
fn edited(path: &Path) -> Option<i64> {
    let changed = fs::metadata(path).and_then(|file| file.modified()).ok()?;
    i64::try_from(changed.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// A seed that nobody chose. Predict steps draw it from learner, step and attempt: a question stays until it is answered.
pub fn fresh_seed(context: &Context, lab: &Lab, step: &Step) -> u64 {
    use std::hash::BuildHasher;
    const BITS: u64 = 0xff_ffff;
    if step.kind != Kind::Predict {
        return std::hash::RandomState::new().hash_one(0) & BITS;
    }
    let attempts =
        context.study().ok().and_then(|study| study.summary(lab.slug(), &step.id).map(|s| s.attempts)).unwrap_or(0);
    let learner = context.store.learner().unwrap_or_default();
    let name = format!("{learner}/{}/{}/{attempts}", lab.slug(), step.id);
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
    id.as_u128() as u64 & BITS
}

/// Runs a build or measure step; also returns the answer's text.
fn run_answer(
    context: &Context,
    lab: &Lab,
    step: &Step,
    ask: &Asked<'_>,
    seed: Seed,
) -> Result<(Graded, Option<String>)> {
    let language = ask.language;
    let path = context.workspace.answer(lab.slug(), language);
    let source = fs::read_to_string(&path).map_err(|e| {
        Error::environment(format!("the answer {} cannot be read: {e}", path.display()))
            .hint(format!("put the starter back: roadmap reset {}", lab.slug()))
    })?;
    let nothing = |why: &str| Graded::nothing(&step.id, step.kind, seed.value, why);
    if source == lab.starter(language) {
        return Ok((nothing("your file is still the starter; write the functions, then run this again"), None));
    }
    let _lock = context.workspace.lock(lab.slug(), || {
        context.screen.note(&format!("another terminal is checking {}; waiting for it\n", lab.slug()));
    })?;
    let mut start = match Starter::new(context, lab, step, language, &path, lab.slug())? {
        Ok(starter) => starter,
        Err(mut finding) => {
            let check = std::mem::take(&mut finding.check);
            let graded =
                Graded { verdict: Verdict::Error(vec![Finding { check, ..finding }]), total: 1, ..nothing("") };
            return Ok((graded, Some(source)));
        }
    };
    let limits = Limits::seconds(lab.manifest.limit_of(step));
    let mut answer = match start.start(limits) {
        Ok(answer) => answer,
        Err(Fault::Interrupted) => return Err(Error::interrupted()),
        Err(fault) => {
            let finding = Finding { check: "your file loads".to_owned(), got: fault.to_string(), ..Finding::default() };
            return Ok((Graded { verdict: Verdict::Error(vec![finding]), total: 1, ..nothing("") }, Some(source)));
        }
    };
    let mut graded = match lab.grader(&step.id) {
        Some(Grader::Build(_)) => build(lab, step, seed, &mut answer, limits)?,
        Some(Grader::Measure(_) | Grader::MeasureModel(..)) => {
            match unproven(context, lab, step, seed.value, language, &source, &mut start)? {
                Some(why) => nothing(&why),
                None => measure(context, lab, step, seed, ask, &mut answer)?,
            }
        }
        _ => return Err(Error::environment(format!("labs/{} does not grade `{}`", lab.slug(), step.id))),
    };
    if answer.fault() == Some(&Fault::Interrupted) {
        return Err(Error::interrupted());
    }
    graded.printed = answer.printed();
    let written = leave(&path, &graded.files)?;
    graded.remarks.extend(written);
    if matches!(graded.verdict, Verdict::Fail(_) | Verdict::Error(_))
        && step.kind == Kind::Build
        && let Some(first) = first_failing(lab, step, &mut start, limits)?
    {
        graded = nothing(&format!("first: {first} (a function that this one uses does not pass its own step yet)"));
    }
    Ok((graded, Some(source)))
}

/// Writes what an experiment leaves beside the answer, and says where it lies.
fn leave(answer: &Path, files: &[(&'static str, Vec<u8>)]) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for (name, bytes) in files {
        let file = answer.with_file_name(name);
        fs::write(&file, bytes).doing(|| format!("writing {}", file.display()))?;
        written.push(format!("written: {}", file.display()));
    }
    Ok(written)
}

fn build(lab: &Lab, step: &Step, seed: Seed, answer: &mut dyn Subject, limits: Limits) -> Result<Graded> {
    let binary = std::env::current_exe().doing(|| "finding this program".to_owned())?;
    let hypotheses = Box::new(move || {
        Worker::start(&binary, lab.slug(), limits).ok().map(|worker| Box::new(worker) as Box<dyn Subject>)
    });
    let mut solution = Table::new(lab.embedded.solution);
    let build = Build { lab, step, seed, answer, solution: &mut solution, hypotheses };
    grade_build(build).map_err(|e| Error::environment(format!("a fault of the lab, not of your answer: {e}")))
}

/// Why the experiment `step` does not run yet: a build step of its functions that does not pass, for a wrong function is
/// better named there. Steps that passed with this very text are not run again.
fn unproven(
    context: &Context,
    lab: &Lab,
    step: &Step,
    seed: u64,
    language: Language,
    source: &str,
    start: &mut Starter<'_>,
) -> Result<Option<String>> {
    let content = lab.content();
    let stands = |step: &str| context.store.stands(lab.slug(), step, language, source, &content);
    if stands(&step.id)? {
        return Ok(None);
    }
    let limits = Limits::seconds(lab.manifest.limit_s);
    for needed in steps_of(lab, &step.functions) {
        if stands(&needed.id)? {
            continue;
        }
        let Ok(mut child) = start.start(limits) else { continue };
        let graded = build(lab, needed, Seed::new(seed), &mut child, limits)?;
        if !graded.verdict.passed() {
            let stopped = match &graded.verdict {
                Verdict::Error(findings) => findings.first().map(|f| format!(": {}", f.got)).unwrap_or_default(),
                _ => String::new(),
            };
            return Ok(Some(format!(
                "first: {} (the experiment runs your functions, and this step does not pass with this file yet{stopped})",
                needed.id
            )));
        }
    }
    Ok(None)
}

/// An experiment.
fn measure(
    context: &Context,
    lab: &Lab,
    step: &Step,
    seed: Seed,
    ask: &Asked<'_>,
    answer: &mut Child,
) -> Result<Graded> {
    let spinner = term::spinner(context.screen.interactive && !context.json);
    spinner.enable_steady_tick(Duration::from_millis(120));
    let mut solution = Table::new(lab.embedded.solution);
    let mut progress = |what: &str, done: f64| spinner.set_message(format!("{:>3.0} %  {what}", done * 100.0));
    let graded = grade_measure(Measure {
        lab,
        step,
        seed,
        answer,
        solution: &mut solution,
        baseline: Box::new(|| baseline(context, lab, step, ask.language)),
        roofs: Box::new(|when| machine::roofs(context, when).map_err(|e| lab_sdk::Error::new(e.to_string()))),
        model: ask.model,
        progress: &mut progress,
    });
    spinner.finish_and_clear();
    if answer.fault() == Some(&Fault::Interrupted) {
        return Err(Error::interrupted());
    }
    graded.map_err(|e| Error::environment(format!("a fault of the lab, not of your answer: {e}")))
}

/// The solution, started as an answer in the learner's language.
fn baseline(context: &Context, lab: &Lab, step: &Step, language: Language) -> Option<Box<dyn Subject>> {
    let path = context.workspace.solution(lab.slug(), language, lab.solution(language)).ok()?;
    let mut start = Starter::new(context, lab, step, language, &path, &beside(lab.slug())).ok()?.ok()?;
    let child = start.start(Limits::seconds(lab.manifest.limit_of(step))).ok()?;
    Some(Box::new(child))
}

/// The build steps that ask for `functions`.
fn steps_of<'a>(lab: &'a Lab, functions: &[String]) -> Vec<&'a Step> {
    let asks = |step: &&Step| step.kind == Kind::Build && step.functions.iter().any(|f| functions.contains(f));
    lab.manifest.steps.iter().filter(asks).collect()
}

/// The first step of a function that `step`'s functions use and that does not pass by itself.
fn first_failing(lab: &Lab, step: &Step, start: &mut Starter<'_>, limits: Limits) -> Result<Option<String>> {
    let used: Vec<String> = asked(lab, step).iter().flat_map(|f| f.uses.clone()).collect();
    for needed in steps_of(lab, &used).into_iter().filter(|needed| needed.id != step.id) {
        let Ok(mut child) = start.start(limits) else { return Ok(None) };
        let graded = build(lab, needed, Seed::new(1), &mut child, limits)?;
        if matches!(graded.verdict, Verdict::Fail(_)) {
            return Ok(Some(needed.id.clone()));
        }
    }
    Ok(None)
}

/// A way to start the answer, as often as needed: compiled once, or interpreted.
pub struct Starter<'a> {
    run: Box<dyn FnMut(Limits) -> Result<Child, Fault> + 'a>,
}

impl<'a> Starter<'a> {
    /// Prepares `answer`, built as `name`. An inner `Err` is the learner's: it does not compile, or a signature is another.
    pub fn new(
        context: &'a Context,
        lab: &'a Lab,
        step: &'a Step,
        language: Language,
        answer: &'a Path,
        name: &str,
    ) -> Result<Result<Self, Finding>> {
        // Functions of the other steps may be needed too: what this one uses, what an experiment runs.
        let mut functions = asked(lab, step);
        for name in functions.clone().iter().flat_map(|f| &f.uses) {
            functions.extend(steps_of(lab, std::slice::from_ref(name)).iter().flat_map(|s| asked(lab, s)));
        }
        if step.kind == Kind::Measure {
            functions.extend(steps_of(lab, &step.functions).iter().flat_map(|s| asked(lab, s)));
        }
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        functions.dedup_by(|a, b| a.name == b.name);
        match language {
            Language::Python => {
                let python = find_python(&context.workspace)?;
                if python.numpy.is_none() {
                    let what = format!("Python {} at {} has no NumPy", python.version, python.path.display());
                    return Err(
                        Error::environment(what).hint(format!("{} -m pip install numpy", python.path.display()))
                    );
                }
                let workspace = &context.workspace;
                let signatures: Vec<_> = functions.iter().map(|f| (f.name.clone(), f.returns.clone())).collect();
                let run = move |limits| {
                    let mut child = python.start(workspace, answer, &functions, limits)?;
                    child.coerce(signatures.clone());
                    Ok(child)
                };
                Ok(Ok(Self { run: Box::new(run) }))
            }
            Language::Rust => {
                let link = wait_for_link(context)?;
                match compile(&context.workspace, &link, name, answer, &functions)? {
                    Compiled::Program(program) => {
                        let workspace = &context.workspace;
                        Ok(Ok(Self { run: Box::new(move |limits| start_program(workspace, &program, answer, limits)) }))
                    }
                    Compiled::Signature(finding) => Ok(Err(finding)),
                    Compiled::Broken(said) => {
                        Ok(Err(Finding { check: "your file compiles".to_owned(), got: said, ..Finding::default() }))
                    }
                }
            }
        }
    }

    /// A fresh process of the answer.
    pub fn start(&mut self, limits: Limits) -> Result<Child, Fault> {
        (self.run)(limits)
    }
}

/// What Rust answers link against; waits for the one build of the SDK, behind a bar.
pub fn wait_for_link(context: &Context) -> Result<Link> {
    if let Some(link) = Link::find(&context.workspace) {
        return Ok(link);
    }
    crate::submission::toolchain()?;
    let binary = std::env::current_exe().doing(|| "finding this program".to_owned())?;
    build_sdk_in_background(&context.workspace, &binary)?;
    let visible = context.screen.interactive && !context.json;
    if !visible {
        context.screen.note("building the lab SDK, once; this takes a minute or two\n");
    }
    let bar = term::bar(1, visible);
    bar.set_message("building the lab SDK, once");
    bar.enable_steady_tick(Duration::from_millis(250));
    loop {
        match sdk_progress(&context.workspace) {
            Progress::Running(done, total) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
                std::thread::sleep(Duration::from_millis(200));
            }
            Progress::Done => {
                bar.finish_and_clear();
                let gone =
                    || Error::environment("the lab SDK was built but cannot be linked").hint("see why: roadmap doctor");
                return Link::find(&context.workspace).ok_or_else(gone);
            }
            Progress::Failed(said) => {
                bar.finish_and_clear();
                let what = format!("the lab SDK does not build:\n{said}");
                let hint = "the first build needs the crates.io registry once; or answer in Python: --lang python";
                return Err(Error::environment(what).hint(hint));
            }
            Progress::Idle => {
                return Err(Error::environment("the build of the lab SDK did not start").hint("run it again"));
            }
        }
    }
}
