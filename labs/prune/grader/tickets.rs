//! The experiment `tickets`: rounds of training and pruning by the learner's `lottery_round`, against a control with the
//! same masks and new initial weights.

use super::training::{DIGITS, SIDE, TEST, density, flat, rows, train};
use crate::args;
use crate::grading::{Bench, Rule, Stop, part, plain, tensors};
use crate::reference::mlp::{Mlp, Rows};
use crate::verdict::{Axis, Chart, Clock, Series};
use lab_sdk::glyphs::{Style, TEST_SEED, TRAIN_SEED};
use lab_sdk::{DType, Tensor};

/// The net of the lottery ticket paper, on smaller images.
const SIZES: [usize; 4] = [SIDE * SIDE, 300, 100, DIGITS];
/// Images that are trained on.
const IMAGES: usize = 4000;
const STEPS: usize = 400;
const RATE: f32 = 2e-3;
const ROUNDS: usize = 10;
/// What dies in each round, by layer; the last has few weights and loses half as much.
const FRACTIONS: [f64; 3] = [0.2, 0.2, 0.1];
/// Controls after every second round, and so many after the last, which the bar is about.
const CONTROLS: u64 = 2;

/// The experiment.
pub fn measure(bench: &mut Bench<'_>) -> Result<(), Stop> {
    bench.progress("drawing images", 0.0);
    let seed = bench.seed;
    let (data, test) = (rows(TRAIN_SEED, IMAGES, &Style::HARD)?, rows(TEST_SEED, TEST, &Style::HARD)?);
    let init = Mlp::new(&SIZES, seed);
    let start = init.tensors()?;
    let all = (1 + ROUNDS + ROUNDS / 2 - 1 + CONTROLS as usize) as f64;
    let mut runs = 0.0;
    let mut score = |bench: &mut Bench<'_>, what: &str, net: &mut Mlp, masks: &[Vec<u8>]| -> Result<f64, Stop> {
        bench.progress(what, runs / all);
        runs += 1.0;
        accuracy(net, masks, &data, &test, seed)
    };

    let mut net = init.clone();
    let dense = score(bench, "training the dense net", &mut net, &[])?;
    let mut masks = start.iter().map(|w| w.ones_like()?.to_dtype(DType::U8)).collect::<Result<Vec<Tensor>, _>>()?;
    let (mut ticket, mut control) = (vec![(100.0, dense)], Vec::new());
    let mut reinit = 0.0;
    for round in 1..=ROUNDS {
        let values = args![net.tensors()?, start.clone(), masks.clone(), FRACTIONS.to_vec()];
        let check = format!("restart and mask of round {round}");
        let found = bench.same(&check, "lottery_round", &values, Rule::Exact)?;
        net.set(&tensors(part(&found, 0)))?;
        masks = tensors(part(&found, 1));
        let flat = flat(&masks)?;
        let kept = 100.0 * density(&flat);
        let found = score(bench, &format!("training the ticket of round {round}"), &mut net, &flat)?;
        ticket.push((kept, found));
        if round % 2 == 0 {
            let controls = if round == ROUNDS { CONTROLS } else { 1 };
            let mut sum = 0.0;
            for other in 1..=controls {
                let mut fresh = Mlp::new(&SIZES, seed.wrapping_add(0x5eed * other));
                sum += score(bench, "training the same mask from new weights", &mut fresh, &flat)?;
            }
            reinit = sum / controls as f64;
            control.push((kept, reinit));
        }
    }
    bench.held();

    let (kept, won) = ticket[ROUNDS];
    bench.measured("weights that are left", kept, "%", Clock::Count);
    bench.measured("accuracy, dense", dense, "%", Clock::Count);
    bench.measured("accuracy, ticket", won, "%", Clock::Count);
    bench.measured("accuracy, new weights", reinit, "%", Clock::Count);
    bench.measured("ticket above dense", won - dense, "points", Clock::Count);
    bench.measured("ticket above new weights", won - reinit, "points", Clock::Count);
    bench.remark(format!(
        "every mask and every restart is your `lottery_round`'s; {} nets were trained here, {STEPS} steps of 64 images \
         each, and scored on {TEST} images. New weights: the same masks, other initial values (mean of {CONTROLS})",
        all
    ));
    let as_good = ticket[1..].iter().rfind(|(_, accuracy)| *accuracy >= dense);
    bench.remark(match as_good {
        Some((kept, accuracy)) => format!(
            "the smallest ticket that is as good as the dense net keeps {} %: accuracy {} %",
            plain(*kept, 3),
            plain(*accuracy, 4)
        ),
        None => "no ticket is as good as the dense net in so few steps; the claim that is checked here is the control's: \
                 the initial values count, not the shape alone"
            .to_owned(),
    });
    let series = [
        Series::line("dense", [(kept, dense), (100.0, dense)]),
        Series::line("ticket", ticket),
        Series::line("new weights", control),
    ];
    let (x, y) = (Axis::new("weights left", "%").log(), Axis::new("accuracy", "%"));
    bench.chart(Chart::plane(format!("accuracy after {STEPS} steps"), x, y, series));
    Ok(())
}

/// Trains a net under its masks and scores it.
fn accuracy(net: &mut Mlp, masks: &[Vec<u8>], data: &Rows, test: &Rows, seed: u64) -> Result<f64, Stop> {
    train(net, data, masks, STEPS, RATE, seed)?;
    Ok(net.accuracy(test)?)
}
