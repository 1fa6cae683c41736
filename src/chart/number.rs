//! How the numbers of an axis are written: short, alike, and with a prefix where the unit leaves room for one.

const PREFIXES: [(f64, &str); 6] = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

/// Decimals that still read as a plain number.
const DECIMALS: i32 = 4;

/// The texts of ticks. Those of a linear axis, `step` apart, share a prefix and a number of decimals; each of a log axis has
/// its own.
pub fn texts(values: &[f64], step: Option<f64>, unit: &str) -> Vec<String> {
    let Some(step) = step else {
        let from = if prefixed(unit) { 1e5 } else { 1e3 };
        return values.iter().map(|value| short(*value, from)).collect();
    };
    let largest = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let from = if prefixed(unit) { 1e5 } else { 1e4 };
    let (mut factor, mut prefix) = prefix(largest, from);
    if decimals(step / factor) > DECIMALS {
        (factor, prefix) = (1.0, "");
    }
    let decimals = decimals(step / factor);
    let plain = |value: &f64| match value / factor {
        0.0 => "0".to_owned(),
        value if decimals > DECIMALS || value.abs() >= 1e15 => exponent(value, (value.abs() * factor / step).log10()),
        value => format!("{value:.*}{prefix}", decimals as usize),
    };
    values.iter().map(plain).collect()
}

/// Whether a unit carries a prefix of its own, as GB/s and ms do, and takes no second one.
fn prefixed(unit: &str) -> bool {
    let mut letters = unit.chars();
    let rest = match letters.next() {
        Some('k' | 'K' | 'M' | 'G' | 'T' | 'm' | 'µ' | 'n') => letters.as_str(),
        _ => return unit == "%",
    };
    let base = rest.split(['/', ' ']).next().unwrap_or_default();
    ["B", "iB", "b", "bit", "FLOP", "FLOPs", "OP", "OPs", "MAC", "MACs", "s", "Hz", "W", "J"].contains(&base)
}

fn prefix(value: f64, from: f64) -> (f64, &'static str) {
    let found =
        PREFIXES.into_iter().find(|(factor, _)| value >= from.max(*factor) * (1.0 - 1e-9) && value < factor * 1e4);
    found.unwrap_or((1.0, ""))
}

fn short(value: f64, from: f64) -> String {
    let (factor, prefix) = prefix(value.abs(), from);
    let value = value / factor;
    match value.abs().log10() {
        power if !(-4.0..15.0).contains(&power) => exponent(value, 3.0),
        _ => format!("{}{prefix}", trimmed(format!("{value:.6}"))),
    }
}

/// `2e-5`, with as many digits as tell it from the next.
fn exponent(value: f64, digits: f64) -> String {
    let text = format!("{value:.*e}", digits.ceil().clamp(0.0, 12.0) as usize);
    match text.split_once('e') {
        Some((mantissa, power)) => format!("{}e{power}", trimmed(mantissa.to_owned())),
        None => text,
    }
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Digits after the point that a round number needs.
fn decimals(round: f64) -> i32 {
    (-(round.log10() + 1e-9).floor() as i32).max(0)
}

#[cfg(test)]
mod tests {
    use super::texts;

    #[test]
    fn numbers_are_short_and_alike() {
        let cases: [(&[f64], Option<f64>, &str, &str); 9] = [
            (&[0.0, 500.0, 1000.0, 1500.0], Some(500.0), "", "0 500 1000 1500"),
            (&[0.0, 5e4, 1e5], Some(5e4), "B", "0 50k 100k"),
            (&[0.0, 0.5e6, 1e6], Some(0.5e6), "", "0 0.5M 1.0M"),
            (&[0.0, 20000.0, 40000.0], Some(2e4), "GB/s", "0 20000 40000"),
            (&[0.05, 0.1, 0.15], Some(0.05), "s", "0.05 0.10 0.15"),
            (&[1e22, 1.002e22], Some(2e19), "", "1e22 1.002e22"),
            (&[0.01, 1.0, 100.0, 1e4, 1e6, 1e9, 1e12], None, "", "0.01 1 100 10k 1M 1G 1T"),
            (&[1e3, 1e4, 1e5], None, "GFLOP/s", "1000 10000 100k"),
            (&[1e-6, 5e-5, 1e30], None, "s", "1e-6 5e-5 1e30"),
        ];
        for (values, step, unit, wanted) in cases {
            assert_eq!(texts(values, step, unit).join(" "), wanted, "{values:?}");
        }
    }
}
