//! The figures that a lab's texts print: computed again, and looked for.

use lab_sdk::{Result, ensure};

/// A lab's texts, and how many figures were found in them.
#[derive(Clone, Debug)]
pub struct Printed {
    text: String,
    count: usize,
}

impl Printed {
    /// Of texts, whose lines may be broken anywhere.
    pub fn new(texts: &[&str]) -> Self {
        Self { text: squeezed(&texts.join("\n")), count: 0 }
    }

    /// The texts print `figure`, which stands for itself: `3.5` is not in `13.5`.
    ///
    /// # Errors
    /// They do not.
    pub fn says(&mut self, figure: &str) -> Result<()> {
        let figure = squeezed(figure);
        let number = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let goes_on = |c: Option<char>, next: Option<char>| number(c) || (matches!(c, Some('.' | ',')) && number(next));
        let alone = |(at, _): (usize, &str)| {
            let (mut before, mut after) = (self.text[..at].chars().rev(), self.text[at + figure.len()..].chars());
            let from = number(figure.chars().next()) && goes_on(before.next(), before.next());
            let to = number(figure.chars().next_back()) && goes_on(after.next(), after.next());
            !from && !to
        };
        let found = !figure.is_empty() && self.text.match_indices(figure.as_str()).any(alone);
        ensure!(found, "the texts do not print `{figure}`");
        self.count += 1;
        Ok(())
    }

    /// How many figures were found.
    pub fn count(&self) -> usize {
        self.count
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A count as texts print it: `16,777,216`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|c| std::str::from_utf8(c).ok()).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_over_lines_and_only_whole() {
        let mut printed = Printed::new(&["it takes 8 of\n16, and 1,234.5 s", "| GPT-3   | 80 |"]);
        for figure in ["8 of 16", "16", "1,234.5 s", "GPT-3  |  80"] {
            printed.says(figure).expect(figure);
        }
        for figure in ["", "1", "234.5", "1,234", "6", "17"] {
            assert!(printed.says(figure).is_err(), "{figure}");
        }
        assert_eq!(printed.count(), 4);
    }

    #[test]
    fn counts_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 16_777_216].map(grouped), ["0", "999", "1,000", "16,777,216"]);
    }
}
