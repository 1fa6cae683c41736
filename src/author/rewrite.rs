//! New numbers in lab.toml, everything else of the file byte for byte as it was.

use crate::error::{Error, Result};
use crate::lab::Bar;
use toml::de::DeTable;

/// `text` with the numbers of `bars` in place of those that it has.
pub fn with_bars(text: &str, bars: &[(&str, Bar)]) -> Result<String> {
    let lost = |name: &str| Error::usage(format!("lab.toml has no number for the bar `{name}`"));
    let root = DeTable::parse(text).map_err(|e| Error::usage(format!("lab.toml cannot be read: {e}")))?;
    let mut spans = Vec::new();
    for (name, bar) in bars {
        let ends = [("at_most", bar.at_most), ("at_least", bar.at_least)];
        for (end, number) in ends.into_iter().filter_map(|(end, number)| Some((end, number?))) {
            let old = root.get_ref().get("bar").and_then(|bars| bars.get_ref().get(*name)?.get_ref().get(end));
            spans.push((old.ok_or_else(|| lost(name))?.span(), number));
        }
    }
    spans.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_owned();
    for (span, number) in spans {
        let fraction = text[span.clone()].contains('.') && number.fract() == 0.0;
        text.replace_range(span, &if fraction { format!("{number:.1}") } else { number.to_string() });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::with_bars;
    use crate::lab::Bar;

    #[test]
    fn only_the_numbers_change() {
        let text = "# kept\n[bar.\"a b\"]   # so is this\nat_least = -2 # and this\n\n[bar]\n\"c\" = { at_most = 1.0, fixed = \"x\" }\n";
        let bar = |at_most, at_least| Bar { at_most, at_least, fixed: None };
        let new = with_bars(text, &[("a b", bar(None, Some(-1.65))), ("c", bar(Some(2.0), None))]);
        assert_eq!(new.expect("rewritten"), text.replace("-2 ", "-1.65 ").replace("1.0", "2.0"));
        assert!(with_bars(text, &[("d", bar(Some(1.0), None))]).is_err());
    }
}
