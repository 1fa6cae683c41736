//! The Rust glue of an answer: which asked functions its file holds, and the lines that call them. Nothing is compiled here.

use crate::lab::{Argument, Function};
use crate::verdict::Finding;
use quote::ToTokens;
use std::fmt::Write as _;

/// The module that is declared in the copy of a learner's file.
pub const MODULE: &str = "__lab_glue";

/// Where one function's glue begins and ends in the generated file, to read rustc's complaints.
#[derive(Clone, Debug)]
pub struct Glue {
    /// The file's text.
    pub text: String,
    /// `(function, first line, last line)`.
    pub lines: Vec<(String, usize, usize)>,
}

/// The asked functions that stand in `source` at the top level; `None` where it is not Rust.
pub fn present(source: &str, asked: &[&Function]) -> Option<Vec<String>> {
    let file = syn::parse_file(source).ok()?;
    let names = file.items.iter().filter_map(|item| match item {
        syn::Item::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    });
    Some(names.filter(|name| asked.iter().any(|f| f.name == *name)).collect())
}

/// The learner's own signature of `name`, on one line.
pub fn yours(source: &str, name: &str) -> Option<String> {
    let file = syn::parse_file(source).ok()?;
    file.items.into_iter().find_map(|item| match item {
        syn::Item::Fn(function) if function.sig.ident == name => {
            Some(tidy(&function.sig.to_token_stream().to_string()))
        }
        _ => None,
    })
}

/// A function that takes another number of arguments than asked.
pub fn wrong_arity(source: &str, asked: &[&Function]) -> Option<Finding> {
    let file = syn::parse_file(source).ok()?;
    file.items.iter().find_map(|item| match item {
        syn::Item::Fn(function) => {
            let wanted = asked.iter().find(|f| function.sig.ident == f.name)?;
            (function.sig.inputs.len() != wanted.args.len()).then(|| wrong_signature(source, wanted))
        }
        _ => None,
    })
}

/// The finding for a function whose types are not those asked.
pub fn wrong_signature(source: &str, wanted: &Function) -> Finding {
    Finding {
        check: "signature".to_owned(),
        at: format!("`{}`", wanted.name),
        got: yours(source, &wanted.name).unwrap_or_default(),
        wanted: wanted.rust(),
        allowed: "a return of `T` or `Result<T, E>`".to_owned(),
    }
}

/// The glue for `names`.
pub fn write(names: &[String], asked: &[&Function]) -> Glue {
    let mut text = String::from(
        "#![allow(unused_imports)]\nuse lab_sdk::{Args, Function, Outcome, Reply, *};\n\
         use lab_sdk::simt::{G, bf16, f16};\nuse lab_sdk::tile::Ptr;\nuse std::collections::BTreeMap;\n",
    );
    let mut lines = Vec::new();
    for function in asked.iter().filter(|f| names.contains(&f.name)) {
        let first = text.lines().count() + 1;
        // The declared types are spelled out, so that another one is rustc's complaint about this line.
        let get = |(i, arg): (usize, &Argument)| format!("a.get::<{}>({i})?", arg.ty.rust(false));
        let args: Vec<String> = function.args.iter().enumerate().map(get).collect();
        let name = &function.name;
        let body = match function.kernel() {
            None => format!("Ok(super::{name}({}).reply())", args.join(", ")),
            Some(kernel) => kernel.launch(&format!("super::{name}"), &args),
        };
        let _ = write!(text, "fn {name}(a: &Args<'_>) -> Outcome {{\n    lab_sdk::glue(|| {body})\n}}\n");
        lines.push((name.clone(), first, text.lines().count()));
    }
    let table: Vec<String> = lines.iter().map(|(name, ..)| format!("(\"{name}\", {name})")).collect();
    let _ = writeln!(text, "pub const TABLE: &[(&str, Function)] = &[{}];", table.join(", "));
    Glue { text, lines }
}

/// Token text as a person writes it.
fn tidy(tokens: &str) -> String {
    let mut text = tokens.to_owned();
    for (from, to) in [
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ,", ","),
        (" :", ":"),
        ("& ", "&"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("[ ", "["),
        (" ]", "]"),
        ("- >", "->"),
        (":: ", "::"),
        (" ->", "->"),
        ("->", " ->"),
        (",)", ")"),
    ] {
        text = text.replace(from, to);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{present, wrong_arity, yours};
    use crate::lab::{Argument, Function, Type};

    fn asked() -> Function {
        Function {
            name: "scale".into(),
            args: vec![Argument::parse("x: f32[n]").expect("a type"), Argument::parse("by: f32").expect("a type")],
            returns: Type::parse("f32[n]").expect("a type"),
            errors: Vec::new(),
            uses: Vec::new(),
        }
    }

    #[test]
    fn private_functions_are_found_and_others_left_alone() {
        let source = "//! mine\nfn scale(x: &Tensor, by: f32) -> Result<Tensor> { todo!() }\nfn other() {}\n";
        assert_eq!(present(source, &[&asked()]), Some(vec!["scale".to_owned()]));
        assert_eq!(present("fn scale(", &[&asked()]), None);
    }

    #[test]
    fn a_wrong_number_of_arguments_shows_both_signatures() {
        let finding = wrong_arity("fn scale(x: &Tensor) -> Tensor { x.clone() }", &[&asked()]).expect("a finding");
        assert_eq!(finding.got, "fn scale(x: &Tensor) -> Tensor");
        assert_eq!(finding.wanted, "fn scale(x: &Tensor, by: f32) -> Result<Tensor>");
    }

    #[test]
    fn signatures_print_as_written() {
        let source = "pub fn f(a: &[f32], b: Option<usize>) -> lab_sdk::Result<(f32, i32)> { todo!() }";
        let wanted = "fn f(a: &[f32], b: Option<usize>) -> lab_sdk::Result<(f32, i32)>";
        assert_eq!(yours(source, "f").as_deref(), Some(wanted));
    }
}
