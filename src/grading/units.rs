//! Numbers as people type them: `792.6k`, `1.5 MiB`, `2^10`, `5.1/255`, `1e-6`, `-3`.

/// Reads `text` as a number in `unit` (`B` takes KiB and GB, `""` takes bare suffixes). The error says what was read.
pub fn parse(text: &str, unit: &str) -> Result<f64, String> {
    let text = text.trim().replace(['_', '\u{2009}', '\u{a0}'], "").replace('−', "-").replace('×', "*");
    if text.is_empty() {
        return Err("no number was given".to_owned());
    }
    let mut reader = Reader { rest: &text, unit };
    let value = reader.product()?;
    // A fraction is one of the whole: 2/3 of it is 66.7 %.
    let value = if unit == "%" && !text.contains('%') && text.contains('/') && value.abs() <= 1.0 {
        100.0 * value
    } else {
        value
    };
    match reader.rest.trim() {
        "" if value.is_finite() => Ok(value),
        "" => Err(format!("`{text}` is not a finite number")),
        rest if rest.starts_with(',') => {
            Err(format!("`{rest}` was not understood in `{text}`; a fraction is written `1.5`"))
        }
        rest => Err(format!("`{rest}` was not understood in `{text}`; write a number such as {}", example(unit))),
    }
}

/// What a number with a prefix, such as `3.516 GiB`, may stand for: half a unit of its last digit, and how many digits were
/// typed. `None` for what is typed in full, or computed.
pub fn rounding(text: &str, unit: &str) -> Option<(f64, usize)> {
    let value = parse(text, unit).ok()?;
    let number: String = text.trim().chars().take_while(|c| c.is_ascii_digit() || ".,_+-".contains(*c)).collect();
    let bare: f64 = number.replace([',', '_'], "").parse().ok()?;
    let factor = value / bare;
    let after = number.split_once('.').map_or(0, |(_, after)| after.len());
    let digits = number.chars().filter(char::is_ascii_digit).collect::<String>();
    let typed = digits.trim_start_matches('0').len();
    let half = 0.5 * factor * 10f64.powi(-(after as i32));
    let plain = text.contains(['*', '/', '^', 'e', 'E']);
    (factor.is_finite() && factor > 1.0 && !plain).then_some((half, typed))
}

/// A number with at most `digits` significant digits, as it would be typed.
pub fn plain(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let exponent = value.abs().log10().floor() as i32;
    if !(-5..15).contains(&exponent) {
        return format!("{value:.*e}", digits - 1);
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// How a number in `unit` may be typed.
pub fn example(unit: &str) -> String {
    match unit {
        "B" => "`1.5 MiB` or `792.6k`".to_owned(),
        "" => "`792.6k`, `2^10` or `5.1/255`".to_owned(),
        unit => format!("`24` or `24 {unit}`"),
    }
}

struct Reader<'a> {
    rest: &'a str,
    unit: &'a str,
}

impl Reader<'_> {
    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.power()?;
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix('*') {
                self.rest = rest;
                value *= self.power()?;
            } else if let Some(rest) = self.rest.strip_prefix('/') {
                self.rest = rest;
                value /= self.power()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn power(&mut self) -> Result<f64, String> {
        let base = self.number()?;
        match self.rest.trim_start().strip_prefix('^') {
            Some(rest) => {
                self.rest = rest;
                Ok(base.powf(self.number()?))
            }
            None => Ok(base),
        }
    }

    fn number(&mut self) -> Result<f64, String> {
        self.rest = self.rest.trim_start();
        let bytes = self.rest.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        // A comma parts thousands, 39,204; a decimal comma is not understood.
        let group = |at: usize| bytes.get(at) == Some(&b',') && (1..4).all(|i| digit(at + i)) && !digit(at + 4);
        let lead = (start..).take_while(|&at| digit(at)).count();
        let grouped = (1..=3).contains(&lead) && bytes[start] != b'0';
        let mut end = start;
        while digit(end) || bytes.get(end) == Some(&b'.') || (grouped && group(end)) {
            end += 1;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            if digit(end + 1 + sign) {
                end += 1 + sign;
                while digit(end) {
                    end += 1;
                }
            }
        }
        let (number, rest) = self.rest.split_at(end);
        let value: f64 = number
            .replace(',', "")
            .parse()
            .map_err(|_| format!("`{}` is not a number; write one such as {}", self.rest.trim(), example(self.unit)))?;
        self.rest = rest;
        Ok(value * self.suffix())
    }

    /// The factor of the suffix that follows, which is consumed: a prefix, the unit, or both. Where the unit has a prefix of its
    /// own, as TFLOP/s has, a bare `T` is that prefix, and `GFLOP/s` is a thousandth of it.
    fn suffix(&mut self) -> f64 {
        let trimmed = self.rest.trim_start();
        let length = match trimmed.get(..self.unit.len()) {
            Some(start) if !self.unit.is_empty() && start.eq_ignore_ascii_case(self.unit) => self.unit.len(),
            _ => {
                let part = |text: &str| text.find(|c: char| !(c.is_alphabetic() || c == '%')).unwrap_or(text.len());
                let word = part(trimmed);
                // `/s` belongs to the word; `/2` is a division.
                let per = trimmed[word..].strip_prefix('/').map_or(0, part);
                if word > 0 && per > 0 { word + 1 + per } else { word }
            }
        };
        let word = &trimmed[..length];
        let (own, base) = prefix(self.unit);
        let factor = match self.unit {
            "" => factor(word),
            unit if word.eq_ignore_ascii_case(unit) => Some(1.0),
            _ if word.is_empty() => Some(1.0),
            _ => {
                let bare = word.strip_suffix(base).or_else(|| word.strip_suffix("bytes")).unwrap_or(word);
                factor(bare).map(|factor| factor / own)
            }
        };
        let Some(factor) = factor else { return 1.0 };
        self.rest = &trimmed[length..];
        factor
    }
}

/// What a prefix multiplies by.
fn factor(prefix: &str) -> Option<f64> {
    Some(match prefix {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" | "ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0_f64.powi(4),
        _ => return None,
    })
}

/// The factor of the prefix that a unit has itself, and the unit without it: `TFLOP/s`, `MB`, `kB`. `MACs` has none.
fn prefix(unit: &str) -> (f64, &str) {
    let known = |rest: &&str| ["FLOP", "MAC", "B"].iter().any(|base| rest.starts_with(base));
    match (unit.get(1..).filter(known), unit.get(..1).and_then(factor)) {
        (Some(bare), Some(own)) => (own, bare),
        _ => (1.0, unit),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, plain, rounding};

    #[test]
    fn suffixes_units_and_small_arithmetic() {
        for (text, unit, wanted) in [
            ("792.6k", "", 792_600.0),
            ("1.5 MiB", "B", 1_572_864.0),
            ("2^10", "", 1024.0),
            ("1e9", "", 1e9),
            ("5.1/255", "", 0.02),
            ("24 dB", "dB", 24.0),
            ("-3", "", -3.0),
            ("1_000", "", 1000.0),
            ("4 KB", "B", 4000.0),
            ("2*3G", "", 6e9),
            ("1e-6", "", 1e-6),
            ("25 %", "%", 25.0),
            ("2/3", "%", 200.0 / 3.0),
            ("39,204", "", 39_204.0),
            ("-1,234,567.5 kB", "B", -1_234_567_500.0),
            ("78.4 kMACs", "MACs", 78_400.0),
            ("574.3 TFLOP/s", "TFLOP/s", 574.3),
            ("574.3TFLOP/s", "TFLOP/s", 574.3),
            ("574.3T", "TFLOP/s", 574.3),
            ("574.3", "TFLOP/s", 574.3),
            ("574300 GFLOP/s", "TFLOP/s", 574.3),
            ("125.3 TFLOP/s", "FLOP/s", 125.3e12),
            ("125.3T", "FLOP/s", 125.3e12),
            ("900 GB/s", "GB/s", 900.0),
            ("0.9 TB/s", "GB/s", 900.0),
            ("1.5 GiB", "GB", 1.610_612_736),
            ("6 TFLOP/s/2", "TFLOP/s", 3.0),
            ("48 FLOP/B", "FLOP/B", 48.0),
            ("96/2 FLOP/B", "FLOP/B", 48.0),
            ("10 img/s", "img/s", 10.0),
        ] {
            let read = parse(text, unit);
            assert!(read.as_ref().is_ok_and(|v| (v / wanted - 1.0).abs() < 1e-12), "{text}: {read:?}");
        }
    }

    #[test]
    fn a_prefix_rounds() {
        assert_eq!(rounding("3.516 GiB", "B"), Some((0.0005 * 1024.0 * 1024.0 * 1024.0, 4)));
        assert_eq!(rounding("424k", ""), Some((500.0, 3)));
        assert_eq!(rounding("424000", ""), None);
        assert_eq!(rounding("2*3G", ""), None);
    }

    #[test]
    fn what_is_not_a_number_is_said() {
        assert_eq!(parse("", ""), Err("no number was given".into()));
        assert!(parse("twelve", "").is_err_and(|e| e.starts_with("`twelve` is not a number")));
        assert!(parse("12 apples", "").is_err_and(|e| e.starts_with("`apples` was not understood")));
        assert!(parse("1/0", "").is_err_and(|e| e.contains("finite")));
        assert!(parse("0,125", "").is_err_and(|e| e.starts_with("`,125` was not understood")));
        assert!(parse("1,5", "").is_err_and(|e| e.starts_with("`,5` was not understood")));
    }

    #[test]
    fn plain_numbers_are_as_typed() {
        assert_eq!(plain(0.0200000001, 6), "0.02");
        assert_eq!(plain(24.08, 3), "24.1");
        assert_eq!(plain(-20.0, 6), "-20");
    }
}
