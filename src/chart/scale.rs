//! One axis: the round numbers that it runs between, where a value lies on it, and its ticks.

use super::number::texts;

/// Magnitudes beyond these measure nothing, and their differences and quotients are no numbers.
pub const LARGEST: f64 = 1e300;
pub const SMALLEST: f64 = 1e-300;

/// Values nearer to each other than this share of them are one value.
const SAME: f64 = 1e-9;
/// Room for what the division of a round number by a round step loses.
const ROUNDING: f64 = 1e-6;

/// A range of values along one side of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

/// A number at its place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// From 0, the low end, to 1.
    pub share: f64,
    /// What is written there.
    pub text: String,
}

impl Scale {
    /// From `low` to `high` as they are.
    pub fn exactly(low: f64, high: f64) -> Self {
        Self { low, high, log: false }
    }

    /// The round numbers around `values`, which lie within the magnitudes above and, for a log axis, over zero. Zero belongs
    /// to it where it is no further off than the values are apart.
    pub fn around(values: impl IntoIterator<Item = f64>, log: bool) -> Self {
        let ends = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
        if log { factors(low, high) } else { differences(low, high) }
    }

    /// One number, as on a log axis: `10k`.
    pub fn number(value: f64) -> String {
        texts(&[value], None, "").concat()
    }

    /// Where `value` lies: 0 at the low end, 1 at the high end.
    pub fn share(&self, value: f64) -> f64 {
        let share = match self.log {
            true => (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10()),
            false => (value - self.low) / (self.high - self.low),
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// At most `most` ticks (two at least), as numbers in `unit`.
    pub fn ticks(&self, most: usize, unit: &str) -> Vec<Tick> {
        let most = most.max(2);
        let (values, step) = if self.log { self.log_values(most) } else { self.steps(most) };
        let texts = texts(&values, step, unit);
        values.iter().zip(texts).map(|(value, text)| Tick { share: self.share(*value), text }).collect()
    }

    /// Multiples of a round step.
    fn steps(&self, most: usize) -> (Vec<f64>, Option<f64>) {
        let span = self.high - self.low;
        if !(span > 0.0 && span.is_finite()) {
            return (vec![self.low], None);
        }
        let mut step = round_step(span / most as f64);
        loop {
            let first = (self.low / step - ROUNDING).ceil();
            let last = (self.high / step + ROUNDING).floor();
            let count = last - first + 1.0;
            if count <= most as f64 || !step.is_finite() {
                let count = if count > 0.0 { count.min(most as f64) as usize } else { 0 };
                return ((0..count).map(|at| (first + at as f64) * step).collect(), Some(step));
            }
            step = round_step(step * 1.5);
        }
    }

    /// 1, 2 and 5 times the powers of ten, or the powers, or each second, third, .. of them; the ends where that is too few.
    fn log_values(&self, most: usize) -> (Vec<f64>, Option<f64>) {
        if self.high / self.low < 2.0 {
            return self.steps(most);
        }
        let powers = (self.low.log10() - ROUNDING).floor() as i32..=(self.high.log10() + ROUNDING).ceil() as i32;
        let within = |value: &f64| *value >= self.low * (1.0 - SAME) && *value <= self.high * (1.0 + SAME);
        let fine = powers.clone().flat_map(|power| [1.0, 2.0, 5.0].map(|m| times(m, power))).filter(within).collect();
        let coarse = [1, 2, 3, 5, 10, 20, 50, 100, 200].map(|each: i32| {
            powers.clone().filter(|power| power % each == 0).map(|power| times(1.0, power)).filter(within).collect()
        });
        let fits = |values: &Vec<f64>| (2..=most).contains(&values.len());
        let found = std::iter::once(fine).chain(coarse).find(fits);
        (found.unwrap_or_else(|| vec![self.low, self.high]), None)
    }
}

fn differences(low: f64, high: f64) -> Scale {
    let size = low.abs().max(high.abs());
    if size == 0.0 {
        return Scale::exactly(-1.0, 1.0);
    }
    let (low, high) = match () {
        () if high - low > size * SAME && high - low < size / 2.0 => (low, high),
        () => (low.min(0.0), high.max(0.0)),
    };
    let step = round_step((high - low) / 5.0);
    Scale::exactly((low / step + ROUNDING).floor() * step, (high / step - ROUNDING).ceil() * step)
}

fn factors(low: f64, high: f64) -> Scale {
    let near = high / low < 2.0;
    // Within a factor of two, round steps lie nearer than round factors.
    if near && high / low > 1.0 + SAME {
        let step = round_step((high - low) / 4.0);
        let ends = ((low / step + ROUNDING).floor() * step, (high / step - ROUNDING).ceil() * step);
        if ends.0 > 0.0 && ends.1 / ends.0 < 2.0 {
            return Scale { low: ends.0, high: ends.1, log: true };
        }
    }
    let (low, high) = if near { (low / 1.5, high * 1.5) } else { (low, high) };
    let around = |value: f64| {
        let power = value.log10().floor() as i32;
        [times(1.0, power), times(2.0, power), times(5.0, power), times(1.0, power + 1), times(2.0, power + 1)]
    };
    let below = around(low).into_iter().rev().find(|round| *round <= low * (1.0 + SAME));
    let above = around(high).into_iter().find(|round| *round >= high * (1.0 - SAME));
    Scale { low: below.unwrap_or(low), high: above.unwrap_or(high), log: true }
}

/// 1, 2 or 5 times a power of ten, `least` or the next above it.
fn round_step(least: f64) -> f64 {
    let power = least.log10().floor() as i32;
    let near = [times(1.0, power), times(2.0, power), times(5.0, power), times(1.0, power.saturating_add(1))];
    near.into_iter().find(|step| *step >= least * (1.0 - SAME)).unwrap_or(least)
}

/// `mantissa` times ten to the `power`, as it would be read: 0.2, not the next number to it.
fn times(mantissa: f64, power: i32) -> f64 {
    format!("{mantissa}e{power}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::Scale;

    fn texts(scale: Scale, most: usize, unit: &str) -> String {
        scale.ticks(most, unit).into_iter().map(|tick| tick.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ends_and_ticks_are_round() {
        let cases: [(&[f64], bool, usize, &str, &str); 14] = [
            (&[61.5, 97.2], false, 6, "%", "60 70 80 90 100"),
            (&[12.0, 57.0], false, 7, "tokens/s", "0 10 20 30 40 50 60"),
            (&[0.1, 0.3], false, 4, "", "0 0.1 0.2 0.3"),
            (&[128.0, 4096.0], true, 6, "", "100 200 500 1k 2k 5k"),
            (&[1.2e6, 138e6], true, 5, "", "1M 10M 100M"),
            (&[0.25, 900.0], true, 6, "FLOP/B", "1 10 100 1k"),
            (&[1e-3, 1e12], true, 6, "", "0.001 1 1k 1M 1G 1T"),
            (&[7.0], false, 5, "", "0 2 4 6 8"),
            (&[-7.0], false, 5, "", "-8 -6 -4 -2 0"),
            (&[0.0], false, 3, "", "-1 0 1"),
            (&[7.0], true, 4, "", "2 5 10 20"),
            (&[70.0, 80.0], true, 6, "", "70 72 74 76 78 80"),
            (&[1e5, 2.5e5], false, 6, "B", "0 50k 100k 150k 200k 250k"),
            (&[0.0, 2e-5], false, 3, "s", "0 1e-5 2e-5"),
        ];
        for (values, log, most, unit, wanted) in cases {
            let scale = Scale::around(values.iter().copied(), log);
            assert_eq!(texts(scale, most, unit), wanted, "{values:?}");
        }
    }

    #[test]
    fn every_value_lies_on_its_scale() {
        for log in [false, true] {
            for values in
                [[1e-299, 1e299], [3.0, 3.0], [1.0, 1.0 + 1e-12], [0.7, 0.71], [999.0, 1001.0], [1e15, 1e15 + 1.0]]
            {
                let scale = Scale::around(values, log);
                for value in values {
                    assert!((0.0..=1.0).contains(&scale.share(value)), "{values:?} {scale:?}");
                }
                for most in 0..9 {
                    let ticks = scale.ticks(most, "");
                    assert!(ticks.len() <= most.max(2), "{values:?} {ticks:?}");
                    assert!(ticks.windows(2).all(|pair| pair[0].share < pair[1].share), "{values:?} {ticks:?}");
                }
            }
        }
    }
}
