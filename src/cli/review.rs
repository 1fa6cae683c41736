//! `roadmap review`: what was learnt comes back, a minute each, with new numbers.

mod due;

use super::context::Context;
use super::{json, lab};
use crate::error::{Error, Result};
use crate::grading::Lab;
use crate::progress::{A_DAY, Entry, Event, Memory, Reviewed, Store};
use crate::review::{DAY, Rating, What, half, items};
use crate::term::{self, Paint, Screen};
use due::{Answered, Due, distribute};
use serde_json::{Value, json};

/// `roadmap review`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Items for today, those answered already among them [default: 10]
    #[arg(long, value_name = "N")]
    pub max: Option<usize>,
    /// Answer a question without a terminal; repeat it, name the question by its key; `?` asks for a hint
    #[arg(long = "answer", value_name = "[KEY=]X", allow_hyphen_values = true)]
    pub answers: Vec<String>,
}

/// Asks what is due today, or reads the answers to it.
pub fn run(context: &mut Context, arguments: &Arguments) -> Result<u8> {
    let labs = context.labs.clone();
    enrol(&mut context.store, &labs)?;
    let (now, most) = (now(), arguments.max.unwrap_or(A_DAY));
    let learner = context.store.learner()?;
    let memory = context.store.due(now, most)?;
    let due: Vec<Due> = memory.into_iter().filter_map(|memory| Due::new(&labs, &learner, memory)).collect();
    if due.is_empty() {
        return nothing(context, now, most);
    }
    if !arguments.answers.is_empty() {
        return answered(context, &due, &arguments.answers);
    }
    if context.json || !context.screen.interactive {
        return listed(context, &due);
    }
    ask(context, &due)
}

/// Takes in what was passed since. Called after each pass, so that what is due can be counted without the labs.
pub fn enrol(store: &mut Store, labs: &[Lab]) -> Result<()> {
    let entry = |item: crate::review::Item<'_>| Entry {
        lab: item.lab.slug().to_owned(),
        step: item.step().map(str::to_owned),
        item: item.id,
    };
    let all: Vec<Entry> = labs.iter().flat_map(items).map(entry).collect();
    store.enrol(&all).map(|_| ())
}

/// Nothing is due: says what comes.
fn nothing(context: &Context, now: i64, most: usize) -> Result<u8> {
    if context.json {
        context.screen.print(&format!("{}\n", object(&[], Vec::new())));
        return Ok(0);
    }
    let done = context.store.reviewed_today(now)?;
    let next = context.store.next_due()?;
    let what = match next {
        None => "nothing is due; the questions of a lab come back here once you passed one of its steps".to_owned(),
        Some(_) if done > 0 && done >= most => format!("nothing is due: {done} answered today, and that is enough"),
        Some(next) => format!("nothing is due; the next question comes back {}", wait(now, next)),
    };
    context.screen.print(&format!("{}\n", context.screen.wrap("", "", &what)));
    Ok(0)
}

/// Prints the questions and how to answer them.
fn listed(context: &Context, due: &[Due<'_>]) -> Result<u8> {
    if context.json {
        context.screen.print(&format!("{}\n", object(due, Vec::new())));
        return Ok(4);
    }
    let keys = due::keys(due);
    let mut out = format!("{}\n", for_today(due));
    let mut given = String::new();
    for ((one, question), key) in due.iter().flat_map(|d| d.questions.iter().map(move |q| (d, q))).zip(&keys) {
        out.push_str(&format!("\n{}    {}\n", context.screen.paint(Paint::Name, key), one.place()));
        out.push_str(&lab::question_text(context, question));
        given.push_str(&format!(" --answer {key}=X"));
    }
    context.screen.print(&out);
    context.screen.note(&format!(" hint: roadmap review{given}\n"));
    Ok(4)
}

/// Reads, grades and records what `--answer` gives; what it does not name stays due.
fn answered(context: &mut Context, due: &[Due<'_>], given: &[String]) -> Result<u8> {
    let unusable = |why: String| Error::usage(why).hint("see the questions and their keys: roadmap review");
    let mut graded = Vec::new();
    for (one, answers) in due.iter().zip(distribute(due, given).map_err(unusable)?) {
        let Some(answers) = answers else { continue };
        let hint = answers.iter().any(|answer| answer.trim() == "?");
        graded.push((one, if hint { None } else { Some(one.grade(&answers).map_err(unusable)?) }));
    }
    let (mut results, mut right, mut hints) = (Vec::new(), true, false);
    for (one, answer) in graded {
        let Some(answer) = answer else {
            let hint = read_hint(context, one)?;
            hints = true;
            if !context.json {
                context.screen.print(&format!("{}\n", context.screen.wrap("  hint    ", "          ", &hint)));
            }
            results.push(json!({"item": one.memory.item, "hint": hint}));
            continue;
        };
        let (rating, after) = record(context, one, &answer)?;
        right &= answer.right;
        if !context.json {
            context.screen.print(&format!("{}    {}", one.place(), verdict(&context.screen, &answer, &after)));
        }
        results.push(result(one, &answer, rating, &after));
    }
    let nothing = results.iter().all(|result| result.get("hint").is_some()) && hints;
    if context.json {
        context.screen.print(&format!("{}\n", object(due, results)));
    }
    Ok(if nothing { 4 } else { u8::from(!right) })
}

/// Asks one after the other; Escape leaves the rest for later.
fn ask(context: &mut Context, due: &[Due<'_>]) -> Result<u8> {
    context.screen.print(&format!("{}\n", for_today(due)));
    let (mut done, mut right) = (0, 0);
    'items: for (at, one) in due.iter().enumerate() {
        let place = format!("{} of {}    {}", at + 1, due.len(), one.place());
        context.screen.print(&format!("\n{}\n", context.screen.paint(Paint::Dim, place)));
        let mut answers = Vec::new();
        for number in 0..one.questions.len() {
            context.screen.print(&lab::question_text(context, &one.questions[number]));
            loop {
                let Some(text) = term::ask_line("your answer", &one.help(number))? else { break 'items };
                if text.trim() == "?" {
                    let hint = read_hint(context, one)?;
                    context.screen.print(&format!("{}\n", context.screen.wrap("  ", "  ", &hint)));
                    continue;
                }
                match one.readable(number, &text) {
                    Ok(()) => {
                        answers.push(text);
                        break;
                    }
                    Err(why) => context.screen.note(&format!("{}\n", context.screen.wrap("  ", "  ", &why))),
                }
            }
        }
        let mut answer = one.grade(&answers).map_err(Error::usage)?;
        if !answer.missed.is_empty() {
            let lines = context.screen.wrap("  wanted  ", "          ", &answer.wanted.join("; "));
            context.screen.print(&format!("{lines}\n"));
            answer.wanted.clear();
            // Words are read by rule; whether a sentence means the same, its writer knows.
            match term::ask_line("did yours say this?", "y if it did; Enter if not; Esc to stop")? {
                Some(word) => answer.right = matches!(word.trim().to_lowercase().as_str(), "y" | "yes"),
                None => break 'items,
            }
            if answer.right {
                answer.missed.clear();
            }
        }
        let (_, after) = record(context, one, &answer)?;
        done += 1;
        right += usize::from(answer.right);
        context.screen.print(&format!("\n{}", verdict(&context.screen, &answer, &after)));
    }
    if done == 0 {
        context.screen.print("nothing was answered; it stays for later\n");
        return Ok(4);
    }
    let tomorrow = |next: &i64| *next > now() + DAY / 2;
    let next = context.store.next_due()?.filter(tomorrow);
    let next = next.map(|next| format!("; the next one comes back {}", wait(now(), next)));
    let rest = if done < due.len() { "; the rest stays for later".to_owned() } else { next.unwrap_or_default() };
    context.screen.print(&format!("\n{right} of {done} right{rest}\n"));
    Ok(0)
}

/// Half of a card's answer, or the next hint of a step. The answer that follows is one after a hint.
fn read_hint(context: &mut Context, due: &Due<'_>) -> Result<String> {
    let (slug, store) = (due.item.lab.slug(), &mut context.store);
    match due.item.what {
        What::Card(card) => {
            store.happened(slug, None, Event::Hint, &due.memory.item)?;
            Ok(half(&card.answer))
        }
        What::Step(step) => {
            let hints = due.item.lab.words().hints(&step.id);
            let read = store.count_events(slug, &step.id, Event::Hint.word())? as usize;
            let level = (read + 1).min(hints.len());
            let Some(hint) = level.checked_sub(1).and_then(|at| hints.get(at)) else {
                return Ok(format!("step `{}` has no hints", step.id));
            };
            store.happened(slug, Some(&step.id), Event::Hint, &level.to_string())?;
            Ok(hint.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

fn record(context: &mut Context, due: &Due<'_>, answer: &Answered) -> Result<(Rating, Memory)> {
    let rating = Rating::of(answer.right, context.store.hinted(&due.memory)?);
    let after = context.store.review(&due.memory.item, &Reviewed { given: &answer.given, rating }, now())?;
    Ok((rating, after))
}

/// What the screen says of an answer. Nothing here is red: a miss costs a day.
fn verdict(screen: &Screen, answer: &Answered, after: &Memory) -> String {
    let word = if answer.right { screen.paint(Paint::Good, "right") } else { screen.paint(Paint::Bold, "not yet") };
    let mut out = format!("{word}    comes back {}\n", wait(after.last_at, after.due));
    let mut line = |name: &str, text: &str| {
        let lead = format!("  {name:<8}");
        out.push_str(&format!("{}\n", screen.wrap(&lead, "          ", text)));
    };
    answer.says.iter().for_each(|says| line("why", says));
    let name = if answer.right { "answer" } else { "wanted" };
    answer.wanted.iter().for_each(|wanted| line(name, wanted));
    if !answer.missed.is_empty() {
        line("missed", &answer.missed.join(", "));
    }
    answer.because.iter().for_each(|because| line("because", because));
    out
}

fn for_today(due: &[Due<'_>]) -> String {
    format!("{} for today", due.len())
}

/// `tomorrow`, `in 5 days`, `today`.
fn wait(now: i64, then: i64) -> String {
    match (then - now + DAY / 2).div_euclid(DAY) {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

fn object(due: &[Due<'_>], results: Vec<Value>) -> Value {
    let mut keys = due::keys(due).into_iter();
    let asked: Vec<Value> = due
        .iter()
        .map(|one| {
            let questions: Vec<Value> = one
                .questions
                .iter()
                .map(|question| {
                    let mut object = json!(question);
                    object["key"] = json!(keys.next());
                    object
                })
                .collect();
            json!({"item": one.memory.item, "lab": one.item.lab.slug(), "step": one.item.step(), "questions": questions})
        })
        .collect();
    json!({"schema": json::SCHEMA, "due": due.len(), "asked": asked, "results": results})
}

fn result(due: &Due<'_>, answer: &Answered, rating: Rating, after: &Memory) -> Value {
    let back = jiff::Timestamp::from_millisecond(after.due).map(|t| t.to_string()).unwrap_or_default();
    json!({
        "item": due.memory.item, "lab": due.item.lab.slug(), "step": due.item.step(), "right": answer.right,
        "rating": rating.word(), "given": answer.given, "wanted": answer.wanted, "missed": answer.missed,
        "says": answer.says, "because": answer.because, "due": back,
    })
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
