//! The build step `fewer-params`: the pair that saves most parameters and no time.

use super::super::{misconceptions, solution};
use super::family::{Site, Way, family, sites};
use super::GPUS;
use crate::args;
use crate::grading::{Check, Draw, Script, Seen, read};
use crate::reference::kernels::kernel;
use lab_sdk::{LayerOpt, Machine, Op, Result};

type Pick = fn(&[LayerOpt], u32, &Machine) -> Result<(usize, usize)>;

/// Mistakes that every family has to show.
const EVERYWHERE: &[Pick] =
    &[misconceptions::ranks_by_params, misconceptions::ranks_by_macs, misconceptions::faster_too];

/// Drawn families at most, for one that tells mistakes apart.
const TRIES: usize = 2000;
/// Sides of the images of a convolutional net.
const SIDES: [u64; 5] = [7, 14, 28, 56, 112];
/// Families of a check.
const FAMILIES: usize = 6;

/// The checks of `pick`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    use Way::{Dense, Depthwise, Grouped, LowRank, Unbalanced};
    let plain = [Dense(1), Dense(3), Depthwise, Grouped(4), Grouped(8), Unbalanced(2)];
    let ranks = [Dense(1), Dense(3), Depthwise, LowRank(4), LowRank(8), Grouped(4)];
    let mut single = Vec::new();
    let mut pairs = Vec::new();
    let mut batches = Vec::new();
    for _ in 0..FAMILIES {
        single.push(telling(draw, &[], |draw| {
            let batch = *draw.choose(&[1, 32]);
            let sites = sites(draw, batch, 4, &SIDES);
            family(draw, &sites, &plain)
        })?);
        pairs.push(telling(draw, &[misconceptions::one_launch, misconceptions::kernels_overlap], |draw| {
            let batch = *draw.choose(&[1, 8]);
            let sites = sites(draw, batch, 4, &SIDES);
            family(draw, &sites, &ranks)
        })?);
        batches.push(telling(draw, &[misconceptions::any_batch], |draw| {
            let two: Vec<Site> = [sites(draw, 1, 2, &SIDES), sites(draw, 32, 2, &SIDES)].concat();
            family(draw, &two, &plain)
        })?);
    }
    // Parameters that are never multiplied: the cheapest to have.
    let sites = sites(draw, 1, 4, &SIDES);
    let mut with_table = family(draw, &sites, &plain)?;
    let rows = 1000 * draw.count(20..=60);
    let kernels = vec![kernel(Op::Embedding { rows, dim: 512 }, &[&[1, 16]])?];
    with_table.push(LayerOpt { name: format!("a table of {rows} rows"), batch: 1, kernels });
    let table = case(with_table, GPUS[1].machine(4.0));
    Ok(vec![
        Check::exact("24 layers at one batch", single),
        Check::exact("low-rank pairs among them", pairs),
        Check::exact("two batches among them", batches),
        Check::exact("a table that is only looked up", vec![table]),
        Check::exact("exactly half is enough", vec![exactly_half(draw)?]),
        Check::refuses("`pick` refuses a family without such a pair", refused(draw)?),
    ])
}

/// A family, on a drawn GPU in fp16, in which the right pair stands alone and mistakes lead to other pairs.
fn telling(draw: &mut Draw, shown: &[Pick], mut one: impl FnMut(&mut Draw) -> Result<Vec<LayerOpt>>) -> Result<Script> {
    for _ in 0..TRIES {
        let family = one(draw)?;
        let launch = draw.int(4..=32) as f64 / 4.0;
        let m = draw.choose(&GPUS).machine(launch);
        let Ok(right) = solution::pick(&family, 2, &m) else { continue };
        // The same without a doubt: a little more or less than 0.9 changes nothing.
        let (shorter, longer) = (Machine { launch_us: 0.999 * launch, ..m }, Machine { launch_us: 1.001 * launch, ..m });
        let alone = [shorter, longer].iter().all(|m| solution::pick(&family, 2, m).is_ok_and(|pair| pair == right));
        if !alone || ties(solution::pick, &family, &m) {
            continue;
        }
        // Each mistake has a pair of its own: neither the right one, nor that of another mistake that is shown here.
        let mistakes: Vec<Pick> = EVERYWHERE.iter().chain(shown).copied().collect();
        let pairs: Vec<Option<(usize, usize)>> = mistakes.iter().map(|pick| pick(&family, 2, &m).ok()).collect();
        let own = &pairs[EVERYWHERE.len()..];
        let apart = own.iter().enumerate().all(|(at, pair)| !own[..at].contains(pair));
        if apart && !pairs.contains(&Some(right)) && !mistakes.iter().any(|pick| ties(*pick, &family, &m)) {
            return Ok(case(family, m));
        }
    }
    Err("no family tells the mistakes apart".into())
}

/// Whether another pair is as good: then the same layers in the opposite order lead to it.
fn ties(pick: Pick, family: &[LayerOpt], m: &Machine) -> bool {
    let opposite: Vec<LayerOpt> = family.iter().rev().cloned().collect();
    let place = |at: usize| family.len() - 1 - at;
    match (pick(family, 2, m), pick(&opposite, 2, m)) {
        (Ok(pair), Ok((small, base))) => pair != (place(small), place(base)),
        (one, other) => one.is_ok() != other.is_ok(),
    }
}

fn case(family: Vec<LayerOpt>, m: Machine) -> Script {
    Script::call("pick", args![family, 2_u32, m]).keep(&[0, 1, 2])
}

/// Two layers that move nearly the same, one with half the weights of the other.
fn exactly_half(draw: &mut Draw) -> Result<Script> {
    let site = Site { batch: 32, c: 64, side: 56 };
    Ok(case(family(draw, &[site], &[Way::Dense(1), Way::Grouped(2)])?, GPUS[1].machine(4.0)))
}

fn refused(draw: &mut Draw) -> Result<Vec<Script>> {
    let m = GPUS[1].machine(4.0);
    let site = |c| Site { batch: 1, c, side: 14 };
    let equal = family(draw, &[site(256)], &[Way::Dense(1), Way::Unbalanced(2)])?;
    // Half the parameters, and half the time: both layers are bound by their weights.
    let linear = |cout: u64| kernel(Op::Linear { cout, bias: false }, &[&[1, 8192]]);
    let layer = |cout: u64, batch: u64| Ok::<_, lab_sdk::Error>(LayerOpt { name: format!("linear to {cout}"), batch, kernels: vec![linear(cout)?] });
    let faster = vec![layer(16384, 1)?, layer(4096, 1)?];
    let apart = vec![layer(8192, 1)?, layer(1024, 32)?];
    let hollow = vec![layer(8192, 1)?, LayerOpt { name: "nothing".to_owned(), batch: 1, kernels: Vec::new() }];
    Ok([Vec::new(), equal, faster, apart, hollow]
        .into_iter()
        .map(|family| case(family, m))
        .chain([case(vec![layer(8192, 1)?, layer(64, 1)?], Machine { bw: 0.0, ..m })])
        .collect())
}

/// Fills `{launch}`.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let machine: Option<Machine> = read(seen.argument(0, 2));
    vec![("launch", machine.map(|m| m.launch_us.to_string()).unwrap_or_default())]
}
