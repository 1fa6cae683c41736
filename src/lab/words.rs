//! The prose of a lab: `brief.md` by step, `hints.md` by step and level.

/// The sections of a lab's Markdown files.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// `brief.md`: the idea, then one section a step.
    pub brief: &'static str,
    /// `hints.md`: three levels a step.
    pub hints: &'static str,
}

impl Words {
    /// The text before the first step: the idea of the lab.
    pub fn idea(&self) -> &'static str {
        match self.brief.find("\n## ") {
            Some(end) => self.brief[..end].trim(),
            None => self.brief.trim(),
        }
    }

    /// What the brief says of one step.
    pub fn step(&self, id: &str) -> &'static str {
        section(self.brief, id)
    }

    /// The hints of one step, from nudge to nearly the answer.
    pub fn hints(&self, id: &str) -> Vec<&'static str> {
        let text = section(self.hints, id);
        let mut starts: Vec<usize> = Vec::new();
        for level in 1.. {
            let mark = format!("{level}. ");
            let from = starts.last().map_or(0, |s| s + 1);
            let next = match text[from..].find(&format!("\n{mark}")) {
                _ if level == 1 && text.starts_with(&mark) => 0,
                Some(at) => from + at + 1,
                None => break,
            };
            starts.push(next);
        }
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        starts.iter().zip(ends).map(|(&start, end)| text[start + 3..end].trim()).collect()
    }
}

fn section(text: &'static str, id: &str) -> &'static str {
    let mark = format!("## {id}\n");
    let start = if text.starts_with(&mark) { Some(0) } else { text.find(&format!("\n{mark}")).map(|at| at + 1) };
    let Some(start) = start else { return "" };
    let body = &text[start + mark.len()..];
    body[..body.find("\n## ").unwrap_or(body.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::Words;

    const WORDS: Words = Words {
        brief: "# Title\nThe idea.\n\n## one\nFirst.\n\n## two\nSecond.\n",
        hints: "## one\n1. nudge\n   more\n2. push\n3. nearly\n",
    };

    #[test]
    fn sections_are_found_by_step() {
        assert_eq!(WORDS.idea(), "# Title\nThe idea.");
        assert_eq!(WORDS.step("one"), "First.");
        assert_eq!(WORDS.step("two"), "Second.");
        assert_eq!(WORDS.step("three"), "");
    }

    #[test]
    fn hints_come_in_levels() {
        assert_eq!(WORDS.hints("one"), ["nudge\n   more", "push", "nearly"]);
        assert!(WORDS.hints("two").is_empty());
    }
}
