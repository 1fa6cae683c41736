//! Bars from what the solution measures: four standard deviations on the safe side of the mean of ten seeds. Which bars
//! are no matter of calibration is said here too.

use crate::lab::{Bar, Manifest};
use crate::verdict::{Clock, Measurement};

/// What each experiment is drawn from. They are fixed, so that two calibrations of one lab agree.
pub const SEEDS: [u64; 10] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa];

/// Standard deviations between the mean and the bar.
const SIGMAS: f64 = 4.0;

/// One bar and what was measured for it.
#[derive(Clone, Debug)]
pub struct Calibrated {
    /// Its name.
    pub name: String,
    /// What the solution reached, seed by seed.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub sigma: f64,
    /// The bar as it is.
    pub old: Bar,
    /// The bar as it should be, or why it stays.
    pub new: Result<Bar, String>,
}

/// Every bar of a lab, held against the measurements of the seeds.
pub fn calibrated(manifest: &Manifest, runs: &[Vec<Measurement>]) -> Vec<Calibrated> {
    manifest.bars.iter().map(|(name, bar)| of(name, bar, runs)).collect()
}

fn of(name: &str, bar: &Bar, runs: &[Vec<Measurement>]) -> Calibrated {
    let found: Vec<&Measurement> = runs.iter().flatten().filter(|m| m.name == name).collect();
    let values: Vec<f64> = found.iter().map(|m| m.value).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    let sigma = if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
    let new = match (&bar.fixed, bar.at_most, bar.at_least) {
        (Some(why), ..) => Err(format!("fixed: {why}")),
        _ if values.is_empty() => Err("no measure step measures it".to_owned()),
        _ if found.iter().any(|m| m.kind == Clock::Clock) => Err("a time of this machine: set by hand".to_owned()),
        _ if values.iter().any(|v| !v.is_finite()) => Err("a seed gave no number".to_owned()),
        (None, Some(_), None) => Ok(Bar { at_most: Some(outside(mean, sigma, 1.0)), ..bar.clone() }),
        (None, None, Some(_)) => Ok(Bar { at_least: Some(outside(mean, sigma, -1.0)), ..bar.clone() }),
        (None, ..) => Err("it has two ends, or none: say why in `fixed`".to_owned()),
    };
    Calibrated { name: name.to_owned(), values, mean, sigma, old: bar.clone(), new }
}

/// `SIGMAS` beyond the mean, rounded away from it to the leading digit of what lies between, or of the mean itself.
fn outside(mean: f64, sigma: f64, towards: f64) -> f64 {
    let away = SIGMAS * sigma;
    // Where nothing varies, a thousandth of the number is no information.
    let scale = if away > 0.0 { away } else { mean.abs() * 1e-3 };
    if scale == 0.0 {
        return mean;
    }
    let exponent = scale.log10().floor() as i32 - i32::from(away > 0.0);
    let steps = (mean + towards * away) / 10f64.powi(exponent);
    let rounded = if towards > 0.0 { (steps - 1e-9).ceil() } else { (steps + 1e-9).floor() };
    // Through text, so that the number has the digits that were meant.
    format!("{:.*}", usize::try_from(-exponent).unwrap_or(0), rounded * 10f64.powi(exponent)).parse().unwrap_or(mean)
}

#[cfg(test)]
mod tests {
    use super::{calibrated, outside};
    use crate::lab::Manifest;
    use crate::verdict::{Clock, Measurement};

    #[test]
    fn bars_lie_four_sigma_off_and_are_rounded_to_the_safe_side() {
        assert_eq!(outside(1.234, 0.1, 1.0), 1.64);
        assert_eq!(outside(1.234, 0.1, -1.0), 0.83);
        assert_eq!(outside(-0.5, 0.3, -1.0), -1.7);
        assert_eq!(outside(1234.0, 30.0, 1.0), 1360.0);
        assert_eq!(outside(98.4, 0.0, -1.0), 98.4);
        assert_eq!(outside(0.0, 0.0, 1.0), 0.0);
    }

    #[test]
    fn what_is_no_matter_of_calibration_stays_and_says_why() {
        let text = "title = \"t\"\nabout = \"a\"\nminutes = 1\nstep = []\n[bar]\nfree = { at_least = 1 }\nexact = { at_most = 0, fixed = \
                    \"integers only\" }\ntime = { at_most = 2.0 }\nboth = { at_most = 1, at_least = 1 }\nlost = { at_most = 1 }\n";
        let manifest = Manifest::parse("x", text).expect("a manifest");
        let one = |name: &str, value: f64, kind| {
            let (unit, bar) = (String::new(), None);
            Measurement { name: name.to_owned(), value, unit, bar, pass: true, undecided: false, kind }
        };
        let run = |value: f64| -> Vec<Measurement> {
            let counted = ["free", "exact", "both"].map(|name| one(name, value, Clock::Count));
            counted.into_iter().chain([one("time", value, Clock::Clock)]).collect()
        };
        let runs = [run(2.0), run(4.0)];
        let said = |name: &str| {
            let all = calibrated(&manifest, &runs);
            let one = all.into_iter().find(|c| c.name == name).expect("a bar");
            one.new.map_or_else(|why| why, |bar| bar.words())
        };
        assert_eq!(said("free"), "at least -2.7");
        assert_eq!(said("exact"), "fixed: integers only");
        assert!(said("time").contains("machine"));
        assert!(said("both").contains("two ends"));
        assert!(said("lost").contains("no measure step"));
    }
}
