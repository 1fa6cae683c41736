//! Typed signatures with symbolic dimensions: `x: f32[T, K]`, `axis: usize?`, `(f32, i32)`.
//! The one source of stubs, glue, shape notes and the coercion of Python's numbers.

use lab_sdk::named::{DATA, OBJECTS};
use std::fmt;

/// The type of an argument or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `f32[T, K]`: a tensor; `i8[..]` is held as `I8`.
    Tensor {
        /// candle's name of the dtype, or `i8`.
        dtype: String,
        /// Its extents.
        dims: Vec<Dimension>,
    },
    /// `f32`, `usize`, `bool`, `str`, `bytes`, `json`, ...
    Scalar(String),
    /// `[T]`.
    List(Box<Type>),
    /// `T?`.
    Option(Box<Type>),
    /// `(T, U)`.
    Tuple(Vec<Type>),
    /// `{str: T}`.
    Map(Box<Type>),
    /// `Cost`: a data type of the SDK; JSON on the wire, a dict in Python.
    Data(String),
    /// `Warp`, `&Prog`, `G<f32>`, `Ptr`: what a kernel works with on the simulated GPU.
    Gpu(String),
    /// `&Lm`, `&mut Cache`: an object of the SDK.
    Object {
        /// The type's name.
        name: String,
        /// Whether the function may change it.
        mutable: bool,
    },
}

/// One extent of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A number.
    Fixed(usize),
    /// A name, bound by the inputs.
    Named(String),
    /// `..s`: any number of axes, bound together.
    Rest(String),
}

/// A named argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name that the stub, the brief and the verdict use.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

const DTYPES: [&str; 10] = ["f32", "f64", "f16", "bf16", "u8", "u32", "i16", "i32", "i64", "i8"];
const GPU: [&str; 8] = ["Warp", "&Prog", "Ptr", "G<f32>", "G<u32>", "G<i32>", "G<f16>", "G<bf16>"];
const SCALARS: [&str; 11] = ["f32", "f64", "i32", "i64", "u32", "u64", "usize", "bool", "str", "bytes", "json"];

/// Characters of a type: it is read from the outside in, and each layer takes some of the stack.
const LONGEST: usize = 256;

impl Argument {
    /// Reads `name: type`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, ty) = text.split_once(':').ok_or_else(|| format!("`{text}` is not of the form `name: type`"))?;
        Ok(Self { name: name.trim().to_owned(), ty: Type::parse(ty)? })
    }
}

impl Type {
    /// Reads a type.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(format!("a type of {} characters; at most {LONGEST} are read", text.len()));
        }
        if GPU.contains(&text) {
            return Ok(Type::Gpu(text.to_owned()));
        }
        if let Some(inner) = text.strip_suffix('?') {
            return Ok(Type::Option(Box::new(Type::parse(inner)?)));
        }
        if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            return Ok(Type::Tuple(split(inner).into_iter().map(Type::parse).collect::<Result<_, _>>()?));
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            return Ok(Type::List(Box::new(Type::parse(inner)?)));
        }
        if let Some(inner) = text.strip_prefix("{str:").and_then(|t| t.strip_suffix('}')) {
            return Ok(Type::Map(Box::new(Type::parse(inner)?)));
        }
        if let Some((dtype, dims)) = text.strip_suffix(']').and_then(|t| t.split_once('[')) {
            let dtype = dtype.trim();
            if !DTYPES.contains(&dtype) {
                return Err(format!("`{dtype}` is not a dtype (one of {})", DTYPES.join(", ")));
            }
            let dims = split(dims).into_iter().map(dimension).collect();
            return Ok(Type::Tensor { dtype: dtype.to_owned(), dims });
        }
        if let Some(name) = text.strip_prefix('&') {
            let (name, mutable) = name.strip_prefix("mut ").map_or((name, false), |name| (name, true));
            return match OBJECTS.contains(&name) {
                true => Ok(Type::Object { name: name.to_owned(), mutable }),
                false => Err(format!("`{name}` is no object of the SDK (one of {})", OBJECTS.join(", "))),
            };
        }
        match text {
            _ if SCALARS.contains(&text) => Ok(Type::Scalar(text.to_owned())),
            _ if DATA.contains(&text) => Ok(Type::Data(text.to_owned())),
            _ => Err(format!("`{text}` is not a type")),
        }
    }

    /// What a function without a result returns.
    pub fn nothing() -> Self {
        Type::Tuple(Vec::new())
    }

    /// As a Rust argument (`&Tensor`) or, with `owned`, a result (`Tensor`).
    pub fn rust(&self, owned: bool) -> String {
        match self {
            Type::Tensor { dtype, .. } => {
                let name = if dtype == "i8" { "I8" } else { "Tensor" };
                if owned { name.to_owned() } else { format!("&{name}") }
            }
            Type::Scalar(name) => match (name.as_str(), owned) {
                ("str", false) => "&str".into(),
                ("str", true) => "String".into(),
                ("bytes", false) => "&[u8]".into(),
                ("bytes", true) => "Vec<u8>".into(),
                ("json", false) => "&serde_json::Value".into(),
                ("json", true) => "serde_json::Value".into(),
                (name, _) => name.to_owned(),
            },
            Type::List(item) if owned => format!("Vec<{}>", item.rust(true)),
            Type::List(item) => format!("&[{}]", item.rust(true)),
            Type::Option(inner) => format!("Option<{}>", inner.rust(owned)),
            Type::Tuple(items) => format!("({})", join(items, |t| t.rust(owned))),
            Type::Map(inner) if owned => format!("BTreeMap<String, {}>", inner.rust(true)),
            Type::Map(inner) => format!("&BTreeMap<String, {}>", inner.rust(true)),
            Type::Gpu(name) => name.to_owned(),
            Type::Data(name) if owned => name.to_owned(),
            Type::Data(name) => format!("&{name}"),
            Type::Object { name, mutable: false } => format!("&{name}"),
            Type::Object { name, mutable: true } => format!("&mut {name}"),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Tensor { dtype, dims } => write!(f, "{dtype}[{}]", join(dims, Dimension::to_string)),
            Type::Scalar(name) | Type::Gpu(name) => f.write_str(name),
            Type::List(item) => write!(f, "[{item}]"),
            Type::Option(inner) => write!(f, "{inner}?"),
            Type::Tuple(items) => write!(f, "({})", join(items, Type::to_string)),
            Type::Map(inner) => write!(f, "{{str: {inner}}}"),
            Type::Data(name) => f.write_str(name),
            Type::Object { name, mutable } => write!(f, "&{}{name}", if *mutable { "mut " } else { "" }),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Fixed(n) => write!(f, "{n}"),
            Dimension::Named(name) => f.write_str(name),
            Dimension::Rest(name) => write!(f, "..{name}"),
        }
    }
}

fn dimension(text: &str) -> Dimension {
    match (text.parse(), text.strip_prefix("..")) {
        (Ok(n), _) => Dimension::Fixed(n),
        (_, Some(rest)) => Dimension::Rest(rest.to_owned()),
        _ => Dimension::Named(text.to_owned()),
    }
}

/// Splits at the commas outside brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn join<T>(items: &[T], each: impl Fn(&T) -> String) -> String {
    items.iter().map(each).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Argument, Type};

    #[test]
    fn types_read_and_print_back() {
        for text in ["f32[T, K]", "i8[..s]", "usize?", "(f32, i32)", "[f32]", "{str: f32[4, 4]}", "[(usize, str)]"] {
            assert_eq!(Type::parse(text).map(|t| t.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn rust_forms_follow_the_contract() {
        let rust = |text| Argument::parse(text).map(|a| a.ty.rust(false)).unwrap_or_default();
        assert_eq!(rust("x: f32[..s]"), "&Tensor");
        assert_eq!(rust("q: i8[T, K]"), "&I8");
        assert_eq!(rust("scale: [f32]"), "&[f32]");
        assert_eq!(rust("axis: usize?"), "Option<usize>");
        assert_eq!(Type::parse("(f32, [i32])").map(|t| t.rust(true)), Ok("(f32, Vec<i32>)".to_owned()));
    }

    #[test]
    fn unknown_types_are_named() {
        assert_eq!(
            Type::parse("f8[3]"),
            Err("`f8` is not a dtype (one of f32, f64, f16, bf16, u8, u32, i16, i32, i64, i8)".into())
        );
        assert_eq!(Type::parse("float"), Err("`float` is not a type".into()));
    }
}
