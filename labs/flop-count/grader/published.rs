//! Figures as they were printed, and whether a count agrees with them.

use lab_sdk::{Arch, Convention, Op, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// oracle/published.json.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Where the figures stand, by a short name.
    pub sources: BTreeMap<String, String>,
    /// In the order of the table.
    pub figures: Vec<Figure>,
}

/// One printed figure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The architecture.
    pub arch: String,
    /// `macs`, `flops` (two for each MAC) or `params`.
    pub what: What,
    /// The digits as printed.
    pub printed: String,
    /// `K`, `M`, `G`, `T`, or nothing.
    #[serde(default)]
    pub unit: String,
    /// Nodes that the source leaves out; `norms` stands for all of them.
    #[serde(default)]
    pub without: Vec<String>,
    /// How far the figure may be off as a part of itself, where its source says no more exactly what it counted.
    pub within: Option<f64>,
    /// A key of `sources`.
    pub source: String,
}

/// What a figure counts.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Multiply-adds.
    Macs,
    /// Two for each multiply-add.
    Flops,
    /// Learned numbers.
    Params,
}

/// The figures.
pub fn published() -> Result<Published> {
    Ok(serde_json::from_slice(include_bytes!("../oracle/published.json"))?)
}

impl Figure {
    /// What its source counts.
    pub fn convention(&self, arch: &Arch) -> Convention {
        let left_out = |node: &lab_sdk::Node| {
            let norm = matches!(node.op, Op::Norm { .. }) && self.without.iter().any(|name| name == "norms");
            norm || self.without.contains(&node.name)
        };
        let skip = arch.nodes.iter().filter(|node| left_out(node)).map(|node| node.name.clone());
        Convention { skip: skip.collect(), ..Convention::default() }
    }

    /// Whether a count is what was printed: cut off or rounded to the printed digits, or near enough.
    pub fn agrees(&self, macs: u64, params: u64) -> bool {
        let count = match self.what {
            What::Macs => macs as f64,
            What::Flops => 2.0 * macs as f64,
            What::Params => params as f64,
        };
        let Ok(printed) = self.printed.parse::<f64>() else { return false };
        let scaled = count / self.scale();
        if let Some(part) = self.within {
            return (scaled - printed).abs() <= part * printed;
        }
        let digits = self.printed.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let last = 10_f64.powi(digits as i32);
        let units = scaled * last;
        let wanted = (printed * last).round();
        units.floor() == wanted || units.round() == wanted
    }

    /// How many a unit of the figure stands for.
    fn scale(&self) -> f64 {
        match self.unit.as_str() {
            "K" => 1e3,
            "M" => 1e6,
            "G" => 1e9,
            "T" => 1e12,
            _ => 1.0,
        }
    }

    /// `569 M MACs`.
    pub fn words(&self) -> String {
        let what = match self.what {
            What::Macs => "MACs",
            What::Flops => "FLOPs",
            What::Params => "parameters",
        };
        format!("{} {} {what}", self.printed, self.unit).replace("  ", " ")
    }
}
