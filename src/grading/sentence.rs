//! Sentences with placeholders, filled with what a run or a question has.

/// `says` with each `{key}` replaced. A sentence whose key has no value is left out, for nobody can read `{got}`; where
/// no sentence stays, it is the mistake's name in words.
pub fn filled<K: AsRef<str>, V: AsRef<str>>(id: &str, says: &str, values: &[(K, V)]) -> String {
    let whole = |sentence: &&str| placeholders(sentence).all(|key| value(values, key).is_some());
    let kept: Vec<&str> = says.split_inclusive(". ").filter(whole).collect();
    let mut text = kept.concat().trim_end().to_owned();
    for (key, value) in values {
        text = text.replace(&format!("{{{}}}", key.as_ref()), value.as_ref());
    }
    if text.is_empty() { id.replace('-', " ") } else { text }
}

/// Whether a sentence that was filled lost nothing of `says`: what stands before the first placeholder, between two, and
/// behind the last.
pub fn is_whole(says: &str, filled: &str) -> bool {
    let mut rest = filled;
    let parts: Vec<&str> =
        says.split('{').enumerate().map(|(at, part)| if at == 0 { part } else { behind(part) }).collect();
    parts.iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

fn behind(part: &str) -> &str {
    part.split_once('}').map_or(part, |(_, rest)| rest)
}

fn placeholders(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(key, _)| key))
}

fn value<'a, K: AsRef<str>, V: AsRef<str>>(values: &'a [(K, V)], key: &str) -> Option<&'a str> {
    let found = values.iter().find(|(known, _)| known.as_ref() == key);
    found.map(|(_, value)| value.as_ref()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAYS: &str = "{got} went instead of {wanted}. Prune a count, not a threshold.";
    const NONE: [(&str, &str); 0] = [];

    #[test]
    fn a_sentence_is_filled_or_left_out() {
        let all = filled("one-more", SAYS, &[("got", "3"), ("wanted", "2")]);
        assert_eq!(all, "3 went instead of 2. Prune a count, not a threshold.");
        assert!(is_whole(SAYS, &all));
        for some in [vec![], vec![("got", "3")], vec![("got", "3"), ("wanted", "")]] {
            let text = filled("one-more", SAYS, &some);
            assert_eq!(text, "Prune a count, not a threshold.");
            assert!(!is_whole(SAYS, &text));
        }
        assert_eq!(filled("forgets-the-output", "it came out {got}.", &NONE), "forgets the output");
        assert_eq!(filled("one-more", "nothing to fill.", &NONE), "nothing to fill.");
    }
}
