//! A case as text: `name = value` pairs for one call, a line a call for several.

use super::Lab;
use super::replay::{Argument, Call, Script};
use super::show::value_text;

/// What was called, in parts that may stand on one line.
pub fn transcript(lab: &Lab, script: &Script) -> Vec<String> {
    match &script.calls[..] {
        [call] => named_arguments(lab, call),
        calls => calls.iter().enumerate().map(|(at, _)| line(script, at)).collect(),
    }
}

fn named_arguments(lab: &Lab, call: &Call) -> Vec<String> {
    let function = lab.manifest.function(call.function);
    let name = |i: usize| function.and_then(|f| f.args.get(i)).map_or_else(|| format!("#{i}"), |a| a.name.clone());
    let value = |arg: &Argument| match arg {
        Argument::Value(value) => value_text(value),
        Argument::Result(at) => format!("result {at}"),
    };
    call.args.iter().enumerate().map(|(i, arg)| format!("{} = {}", name(i), value(arg))).collect()
}

/// `cache = Cache.new(lm)`, `forward_cached(lm, [3, 1], cache)`.
fn line(script: &Script, at: usize) -> String {
    let call = &script.calls[at];
    let argument = |arg: &Argument| match arg {
        Argument::Value(value) => value_text(value),
        Argument::Result(of) => result_name(script, *of),
    };
    let args = || call.args.iter().map(argument).collect::<Vec<String>>().join(", ");
    let args = call.words.clone().unwrap_or_else(args);
    let named = if is_used(script, at) { format!("{} = ", result_name(script, at)) } else { String::new() };
    format!("{named}{}({args})", call.function)
}

/// An object is called by its type, the second of a type with a number; other results by their call.
fn result_name(script: &Script, of: usize) -> String {
    let ty = |at: usize| script.calls.get(at).and_then(|call| call.function.split_once('.')).map(|(ty, _)| ty);
    let Some(name) = ty(of) else { return format!("result{of}") };
    let makes = |at: &usize| ty(*at) == Some(name) && is_used(script, *at);
    match (0..of).filter(makes).count() {
        0 => name.to_lowercase(),
        before => format!("{}{}", name.to_lowercase(), before + 1),
    }
}

fn is_used(script: &Script, at: usize) -> bool {
    script.calls.iter().flat_map(|c| &c.args).any(|arg| matches!(arg, Argument::Result(of) if *of == at))
}
