//! Typed answers to cards. A card's answer begins with what is to be known, up to its first `: `, `; ` or full stop; the
//! rest explains. A number is compared as a number, anything else by its words, in any order.

use crate::grading::parse_number;

/// How far off a number may be that is no integer.
const WITHIN: f64 = 0.01;

/// Words that carry no knowledge.
const EMPTY: &[&str] = &[
    "a", "an", "the", "is", "are", "be", "it", "its", "of", "to", "in", "on", "at", "and", "or", "so", "that", "this",
    "for", "by", "with", "as", "if", "then", "they", "them", "which", "because", "has", "have", "would", "must", "one",
    "both", "from", "when", "where", "what", "there", "i", "we", "you", "get", "do", "does",
];

/// An answer, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// It says what the card says.
    Right,
    /// It does not; with the words that were missed, if it is one of words.
    Wrong(Vec<String>),
}

/// Compares `given` with the answer of a card. A number that cannot be read is an `Err` that says so; nothing typed is wrong.
pub fn read(answer: &str, given: &str) -> Result<Read, String> {
    let key = key(answer);
    if given.trim().is_empty() {
        return Ok(Read::Wrong(Vec::new()));
    }
    if let Some((wanted, unit)) = number(key) {
        let given = typed(given, unit)?;
        let right = if wanted.fract() == 0.0 {
            given == wanted
        } else {
            (given - wanted).abs() <= WITHIN * wanted.abs() * (1.0 + 1e-9)
        };
        return Ok(if right { Read::Right } else { Read::Wrong(Vec::new()) });
    }
    let (wanted, said) = (significant(key), words(given));
    let has = |word: &String| said.iter().any(|other| same(word, other));
    let missed: Vec<String> = wanted.iter().filter(|word| !has(word)).cloned().collect();
    // Figures are never optional. A sentence may be said in other words: two thirds of its own will do.
    let figures = missed.iter().any(|word| word.chars().any(|c| c.is_ascii_digit()));
    let spare = if wanted.len() > 3 { wanted.len() / 3 } else { 0 };
    Ok(if !figures && missed.len() <= spare { Read::Right } else { Read::Wrong(missed) })
}

/// The first half of what is to be known, cut between words where there are several.
pub fn half(answer: &str) -> String {
    let key = key(answer);
    let words: Vec<&str> = key.split_whitespace().collect();
    if words.len() > 1 {
        return format!("{} ...", words[..words.len().div_ceil(2).min(words.len() - 1)].join(" "));
    }
    let length = key.chars().count();
    format!("{} ...", key.chars().take(length / 2).collect::<String>())
}

/// What is to be known: the answer up to its explanation.
fn key(answer: &str) -> &str {
    let answer = answer.trim();
    let end = [": ", "; ", ". "].iter().filter_map(|mark| answer.find(mark)).min().unwrap_or(answer.len());
    answer[..end].trim().trim_end_matches('.')
}

/// The number that a key is, and its unit: `6.02`, `K = 1032`, `80 GB`.
fn number(key: &str) -> Option<(f64, &str)> {
    let text = after_equals(key);
    if let Ok(value) = parse_number(text, "") {
        return Some((value, ""));
    }
    let (_, unit) = text.rsplit_once(' ')?;
    if unit.is_empty() || !unit.chars().all(|c| c.is_alphabetic() || c == '%' || c == '/') {
        return None;
    }
    let unit = if unit.ends_with('B') && unit != "dB" { "B" } else { unit };
    parse_number(text, unit).ok().map(|value| (value, unit))
}

/// A number as it was typed, with its unit or without, among words or alone.
fn typed(given: &str, unit: &str) -> Result<f64, String> {
    let text = after_equals(given);
    let whole = parse_number(text, unit).or_else(|why| parse_number(text, "").map_err(|_| why));
    whole.or_else(|why| text.split_whitespace().find_map(|word| parse_number(word, unit).ok()).ok_or(why))
}

fn after_equals(text: &str) -> &str {
    text.rsplit_once('=').map_or(text, |(_, value)| value).trim()
}

/// The words that a right answer has, each once.
fn significant(key: &str) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for word in words(key) {
        if !EMPTY.contains(&word.as_str()) && !kept.contains(&word) {
            kept.push(word);
        }
    }
    if kept.is_empty() { words(key) } else { kept }
}

/// Lower case, without punctuation; `-127..127` is two words, and a minus belongs to its figure.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace(['−', '–'], "-").replace("..", " ").replace(['\'', '’'], "");
    let mut out: Vec<String> = Vec::new();
    for piece in text.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-')) {
        let minus = usize::from(piece.starts_with('-'));
        let digits = piece[minus..].find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(piece.len() - minus);
        let figure = piece[minus..].starts_with(|c: char| c.is_ascii_digit());
        let (number, rest) = piece.split_at(if figure { minus + digits } else { 0 });
        out.extend(Some(number.trim_end_matches('.')).filter(|n| !n.is_empty()).map(str::to_owned));
        out.extend(rest.split(['-', '.']).filter(|part| !part.is_empty()).map(str::to_owned));
    }
    out
}

/// The same word: equal, in another form, cut short, or one letter off where it is long enough to be recognised. The first
/// letter is never off: `asymmetric` is not `symmetric`.
fn same(wanted: &str, said: &str) -> bool {
    if wanted == said {
        return true;
    }
    let figures = wanted.chars().chain(said.chars()).any(|c| c.is_ascii_digit());
    if figures || wanted.chars().next() != said.chars().next() {
        return false;
    }
    let count = |word: &str| word.chars().count();
    let shared = wanted.chars().zip(said.chars()).take_while(|(a, b)| a == b).count();
    let longer = count(wanted).max(count(said));
    let cut_short = shared == count(said) && shared >= 3;
    let plural = shared + 2 >= longer && shared >= 3 && (wanted.ends_with('s') || said.ends_with('s'));
    let form = shared >= 5 && 2 * shared >= longer;
    let typo = count(wanted) >= 6 && strsim::damerau_levenshtein(wanted, said) <= 1;
    cut_short || plural || form || typo
}

#[cfg(test)]
mod tests {
    use super::{Read, half, read};

    #[track_caller]
    fn right(answer: &str, given: &str) {
        assert_eq!(read(answer, given), Ok(Read::Right), "{given}");
    }

    #[track_caller]
    fn wrong(answer: &str, given: &str) {
        assert!(matches!(read(answer, given), Ok(Read::Wrong(_))), "{given}: {:?}", read(answer, given));
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let answer = "6.02: half the step is a quarter of the error's energy.";
        for given in ["6.02", "6", "6.02 dB", "about 6.0 dB a bit"] {
            right(answer, given);
        }
        for given in ["3.01", "12", ""] {
            wrong(answer, given);
        }
        assert!(read(answer, "six").is_err_and(|why| why.contains("`six` is not a number")));
        right("80 GB of them", "80 GB of them");
        right("80 GB", "80GB");
        right("80 GB", "80e9");
        wrong("80 GB", "81 GB");
    }

    #[test]
    fn integers_are_exact() {
        let answer = "K = 1032: 1032 * 128 * 127 is the last such sum below 2^24.";
        right(answer, "1032");
        right(answer, "k = 1032");
        wrong(answer, "1033");
        wrong(answer, "1000");
    }

    #[test]
    fn words_come_in_any_order() {
        right("The ring buffer: it never grows.", "buffer, a RING!");
        wrong("The ring buffer: it never grows.", "a buffer");
        right("-127..127: symmetric, so that w and -w both exist.", "from -127 to 127");
        wrong("-127..127: symmetric, so that w and -w both exist.", "-128 to 127");
    }

    #[test]
    fn a_sentence_may_be_said_in_other_words() {
        let answer = "Padding and ReLU write exact zeros; if 0 is no code, they become an error at every border.";
        right(answer, "because padding and relu give exact zeros");
        wrong(answer, "because zero is nice");
        right("Quantization of weights", "quantisation of the weight");
        let answer = "The high multiplication rounds halves upwards, the shift rounds halves away from zero.";
        right(answer, "high mul rounds halves up, shift away from zero");
        wrong(answer, "both round to even");
        wrong("symmetric: w and -w", "asymmetric");
        wrong("the floor", "a float");
        right("symmetric: w and -w", "symmetry");
        right("32-bit integers", "32 bit integer");
    }

    #[test]
    fn a_missed_word_is_told() {
        assert_eq!(read("The ring buffer: it never grows.", "ring"), Ok(Read::Wrong(vec!["buffer".into()])));
    }

    #[test]
    fn half_an_answer_is_a_hint() {
        assert_eq!(half("6.02: half the step"), "6. ...");
        assert_eq!(half("ring buffer of pages: it"), "ring buffer ...");
        assert_eq!(half("ring buffer: it"), "ring ...");
    }
}
