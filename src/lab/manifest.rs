//! `lab.toml`: steps, functions, misconceptions, bars, cards. Unknown keys and references are refused with their line.

use super::kernel::Kernel;
use super::signature::{Argument, Type};
use crate::curriculum::{Problem, line_of, toml_problem};
use crate::verdict::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Seconds that a check may be allowed at most.
const LONGEST_LIMIT: f64 = 3600.0;

/// One lab.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the learner can do afterwards.
    pub title: String,
    /// One sentence.
    pub about: String,
    /// Minutes it takes, as planned.
    pub minutes: u32,
    /// Topics that should come first.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Seconds of wall-clock for one check.
    #[serde(deserialize_with = "limit", default = "ten_seconds")]
    pub limit_s: f64,
    /// In the order of work.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
    /// What build steps ask for.
    #[serde(rename = "function", default)]
    pub functions: Vec<Function>,
    /// Known mistakes.
    #[serde(rename = "misconception", default)]
    pub misconceptions: Vec<Misconception>,
    /// Thresholds of measure steps, by name.
    #[serde(rename = "bar", default)]
    pub bars: BTreeMap<String, Bar>,
    /// Questions to come back to.
    #[serde(rename = "card", default)]
    pub cards: Vec<Card>,
    /// Papers, specifications, code.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Kebab-case, unique in the lab.
    pub id: String,
    /// Predict, build or measure.
    pub kind: Kind,
    /// A short name on screen.
    pub title: String,
    /// The topics that it exercises.
    pub topics: Vec<String>,
    /// The functions that a build step asks for, or that a measure step runs.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Offered last, counts for nothing.
    #[serde(default)]
    pub optional: bool,
    /// What a measure step takes as a model of the learner's own (`--model`), in words.
    pub model: Option<String>,
    /// Seconds of wall-clock for a check of this step, where it differs from the lab's.
    #[serde(deserialize_with = "some_limit", default)]
    pub limit_s: Option<f64>,
}

/// One function that the learner writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its name in both languages.
    pub name: String,
    /// `name: type`, in order.
    #[serde(deserialize_with = "arguments")]
    pub args: Vec<Argument>,
    /// Its type; a kernel has none.
    #[serde(deserialize_with = "result_type", default = "Type::nothing")]
    pub returns: Type,
    /// What must be refused.
    #[serde(default)]
    pub errors: Vec<String>,
    /// Functions of the learner's that it needs to be right first.
    #[serde(default)]
    pub uses: Vec<String>,
}

/// A plausible wrong function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misconception {
    /// Kebab-case, says the mistake; the Rust function has underscores.
    pub id: String,
    /// The function that it overrides, or the predict step whose wrong number it is.
    pub function: String,
    /// Why it is a mistake.
    pub says: String,
}

/// A threshold, set by calibration unless it is `fixed`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// The most it may be.
    pub at_most: Option<f64>,
    /// The least it must be.
    pub at_least: Option<f64>,
    /// Why no calibration moves it: an exact statement of the subject, a published figure.
    pub fixed: Option<String>,
}

/// A question to come back to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The question.
    pub question: String,
    /// Its answer.
    pub answer: String,
}

impl Manifest {
    /// Reads `lab.toml` of `slug` and holds it to its own references.
    pub fn parse(slug: &str, text: &str) -> Result<Self, Problem> {
        let file = format!("labs/{slug}/lab.toml");
        let manifest: Self = toml::from_str(text).map_err(|e| toml_problem(&file, text, &e))?;
        match manifest.contradiction() {
            Some((what, offending)) => {
                let line = line_of(text, &offending);
                Err(Problem { file, line, column: 1, what, offending }.located(text))
            }
            None => Ok(manifest),
        }
    }

    /// The step called `id`.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The function called `name`.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The misconception called `id`.
    pub fn misconception(&self, id: &str) -> Option<&Misconception> {
        self.misconceptions.iter().find(|known| known.id == id)
    }

    /// Seconds of wall-clock for a check of `step`.
    pub fn limit_of(&self, step: &Step) -> f64 {
        step.limit_s.unwrap_or(self.limit_s)
    }

    /// The first reference that leads nowhere, and the text it stands in.
    fn contradiction(&self) -> Option<(String, String)> {
        let twice = |what: &str, ids: Vec<&str>| {
            let again = ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id))?.1;
            Some((format!("there are two {what}s called `{again}`"), (*again).to_owned()))
        };
        twice("step", self.steps.iter().map(|s| s.id.as_str()).collect())
            .or_else(|| twice("function", self.functions.iter().map(|f| f.name.as_str()).collect()))
            .or_else(|| twice("misconception", self.misconceptions.iter().map(|m| m.id.as_str()).collect()))
            .or_else(|| {
                let missing =
                    self.steps.iter().flat_map(|s| &s.functions).find(|name| self.function(name).is_none())?;
                Some((format!("a step asks for `{missing}`, which no [[function]] declares"), missing.clone()))
            })
            .or_else(|| {
                let lost =
                    |m: &&Misconception| self.function(&m.function).is_none() && self.step(&m.function).is_none();
                let lost = self.misconceptions.iter().find(lost)?;
                Some((
                    format!("`{}` overrides `{}`, which is no function or step", lost.id, lost.function),
                    lost.id.clone(),
                ))
            })
            .or_else(|| {
                let used = self.functions.iter().flat_map(|f| &f.uses).find(|name| self.function(name).is_none())?;
                Some((format!("a function uses `{used}`, which no [[function]] declares"), used.clone()))
            })
    }
}

impl Function {
    /// What it is a kernel for, if it is one.
    pub fn kernel(&self) -> Option<Kernel> {
        match &self.args.first()?.ty {
            Type::Gpu(name) if name == "Warp" => Some(Kernel::Simt),
            Type::Gpu(name) if name == "&Prog" => Some(Kernel::Tile),
            _ => None,
        }
    }

    /// `fn quantize(x: &Tensor, scale: &[f32]) -> Result<I8>`, `async fn saxpy(w: Warp, x: G<f32>)`.
    pub fn rust(&self) -> String {
        let args: Vec<String> = self.args.iter().map(|a| format!("{}: {}", a.name, a.ty.rust(false))).collect();
        let call = format!("fn {}({})", self.name, args.join(", "));
        match self.kernel() {
            Some(Kernel::Simt) => format!("async {call}"),
            Some(Kernel::Tile) => call,
            None => format!("{call} -> Result<{}>", self.returns.rust(true)),
        }
    }

    /// `def quantize(x, scale) -> i8[..s]`. A tile kernel has no `p`: Python's programs are those of Triton.
    pub fn python(&self) -> String {
        let skipped = usize::from(self.kernel() == Some(Kernel::Tile));
        let args: Vec<&str> = self.args.iter().skip(skipped).map(|a| a.name.as_str()).collect();
        let call = format!("def {}({})", self.name, args.join(", "));
        match self.kernel() {
            Some(Kernel::Simt) => call,
            Some(Kernel::Tile) => format!("@triton.jit {call}"),
            None => format!("{call} -> {}", self.returns),
        }
    }

    /// Its name as the Python runner takes it: `simt:saxpy` is launched.
    pub fn served(&self) -> String {
        self.kernel().map_or_else(|| self.name.clone(), |kernel| format!("{}:{}", kernel.word(), self.name))
    }
}

impl Misconception {
    /// The name of its Rust function.
    pub fn rust(&self) -> String {
        self.id.replace('-', "_")
    }
}

impl Bar {
    /// Whether `value` reaches it.
    pub fn holds(&self, value: f64) -> bool {
        self.at_most.is_none_or(|most| value <= most) && self.at_least.is_none_or(|least| value >= least)
    }

    /// `at most 1`, `exactly 191`.
    pub fn words(&self) -> String {
        if self.at_most == self.at_least
            && let Some(exactly) = self.at_most
        {
            return format!("exactly {exactly}");
        }
        let number = |value: f64| match value.abs() {
            tiny if tiny > 0.0 && tiny < 1e-4 => format!("{value:e}"),
            _ => value.to_string(),
        };
        let most = self.at_most.map(|most| format!("at most {}", number(most)));
        let least = self.at_least.map(|least| format!("at least {}", number(least)));
        [most, least].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn ten_seconds() -> f64 {
    10.0
}

fn limit<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let limit = f64::deserialize(deserializer)?;
    match (f64::MIN_POSITIVE..=LONGEST_LIMIT).contains(&limit) {
        true => Ok(limit),
        false => {
            Err(serde::de::Error::custom(format!("`limit_s` is {limit}; it is above 0 and at most {LONGEST_LIMIT}")))
        }
    }
}

fn some_limit<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    limit(deserializer).map(Some)
}

fn arguments<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Argument>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| Argument::parse(text)).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
}

fn result_type<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Type, D::Error> {
    Type::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}
