//! The checks of `lottery_round`: who dies, and from which values the others restart.

use super::mask::normal;
use super::super::solution;
use super::floats;
use crate::args;
use crate::grading::{Check, Draw, Rule, Script, Seen, part, tensors};
use lab_sdk::{Device, Result, Tensor, Value};

/// The tensors of one round.
#[derive(Clone)]
struct Net {
    trained: Vec<Tensor>,
    init: Vec<Tensor>,
    mask: Vec<Tensor>,
}

/// The checks.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    const SHAPES: &[&[usize]] = &[&[6, 8], &[5, 6], &[3, 5]];
    let dense = |draw: &mut Draw| net(draw, SHAPES, 0, false);
    let sparse = |draw: &mut Draw| net(draw, SHAPES, 3, false);
    let (first, second) = (dense(draw)?, sparse(draw)?);
    // 9.6, 6 and 1.5 of 48, 30 and 15 in the first; never a whole number of survivors in the others.
    let begins = vec![case(&first, &[0.2, 0.21, 0.1]), case(&net(draw, &[&[4, 5]], 0, false)?, &[0.33])];
    let later = vec![
        case(&second, &fractions(draw, &second)?),
        case(&net(draw, &[&[7, 7]], 2, false)?, &[0.217]),
        case(&net(draw, &[&[4, 4], &[9, 9]], 2, false)?, &[0.313, 0.113]),
    ];
    let own = |draw: &mut Draw| -> Result<Script> {
        let net = sparse(draw)?;
        Ok(case(&net, &[0.117, 0.613, 0.377]))
    };
    let apart = vec![own(draw)?, own(draw)?];
    let dead = vec![
        case(&net(draw, SHAPES, 2, true)?, &[0.23, 0.23, 0.13]),
        case(&net(draw, &[&[5, 9]], 2, true)?, &[0.31]),
        case(&net(draw, &[&[8, 8]], 4, true)?, &[0.213]),
    ];
    let coins = |draw: &mut Draw, shape: &[usize]| draw.tensor(shape, |draw| *draw.choose(&[0.5, -0.5, 1.0, -1.0]));
    let mut equal = sparse(draw)?;
    equal.trained = SHAPES.iter().map(|shape| coins(draw, shape)).collect::<Result<_>>()?;
    let mut level = dense(draw)?;
    level.trained = SHAPES.iter().map(|shape| Ok(Tensor::full(-0.25f32, *shape, &Device::Cpu)?)).collect::<Result<_>>()?;
    let ties = vec![case(&equal, &[0.27, 0.37, 0.13]), case(&level, &[0.29, 0.21, 0.31])];
    let mut emptied = net(draw, &[&[3, 4], &[2, 3]], 0, false)?;
    emptied.mask[1] = emptied.mask[1].zeros_like()?;
    let ends = vec![case(&second, &[0.0, 1.0, 0.0]), case(&first, &[1.0, 0.0, 1.0]), case(&emptied, &[0.3, 0.5])];
    let deaths = Rule::at_most(deaths, 0.0, "off");
    let counted = vec![case(&first, &[0.2, 0.21, 0.1]), case(&second, &[0.117, 0.613, 0.377])];
    let strangers = Rule::at_most(strangers, 0.0, "survivors elsewhere");
    let home = vec![case(&first, &[0.2, 0.21, 0.1]), case(&second, &[0.117, 0.613, 0.377])];
    Ok(vec![
        Check::exact("the first round: ceil(frac n) of each tensor die", begins),
        Check::exact("a later round: ceil(frac remaining) of the survivors die", later),
        Check::exact("each tensor has its own fraction", apart),
        Check::exact("three rounds, each under the mask of the last", vec![three(draw)?]),
        Check::exact("the dead stay dead, whatever `trained` holds there", dead),
        Check::exact("of equal weights the earlier die, and no more than the count", ties),
        Check::exact("fractions 0 and 1, and a tensor without survivors", ends),
        Check::by("exactly ceil(frac remaining) die in each tensor", deaths, counted),
        Check::by("survivors restart at their values in `init`", strangers, home),
        Check::refuses("`lottery_round` refuses tensors that do not fit, NaN, and fractions beyond 0 and 1", refused(&first)?),
    ])
}

fn case(net: &Net, frac: &[f64]) -> Script {
    let Net { trained, init, mask } = net.clone();
    Script::call("lottery_round", args![trained, init, mask, frac.to_vec()]).keep(&[3])
}

/// A net whose mask kills one weight in `dead` (0: none). Dead weights are 0 in `trained`, unless they `wander`.
fn net(draw: &mut Draw, shapes: &[&[usize]], dead: u32, wander: bool) -> Result<Net> {
    let (mut trained, mut init, mut mask) = (Vec::new(), Vec::new(), Vec::new());
    for (at, shape) in shapes.iter().enumerate() {
        let size = 0.5 + at as f64;
        let alive = draw.tensor(shape, |draw| f64::from(u8::from(dead == 0 || !draw.one_in(dead))))?;
        let values = normal(draw, shape, size)?;
        trained.push(if wander { values } else { (values * &alive)? });
        init.push(normal(draw, shape, size)?);
        mask.push(alive.to_dtype(lab_sdk::DType::U8)?);
    }
    Ok(Net { trained, init, mask })
}

/// Fractions of the survivors whose counts have a fraction well inside (0, 1).
fn fractions(draw: &mut Draw, net: &Net) -> Result<Vec<f64>> {
    let each = net.mask.iter().map(|mask| {
        let remaining = floats(mask).iter().sum::<f64>();
        let dying = draw.int(1..=remaining as i64 / 2) as f64 + draw.uniform(0.2, 0.8);
        Ok(dying / remaining)
    });
    each.collect()
}

/// Three rounds in which the solution's masks lead from one to the next.
fn three(draw: &mut Draw) -> Result<Script> {
    let mut now = net(draw, &[&[6, 7], &[4, 6]], 0, false)?;
    let frac = [0.23, 0.13];
    let mut script = Script::default();
    for _ in 0..3 {
        let values = args![now.trained.clone(), now.init.clone(), now.mask.clone(), frac.to_vec()];
        script = script.then_values("lottery_round", values).keep(&[3]);
        now.mask = solution::lottery_round(&now.trained, &now.init, &now.mask, &frac)?.1;
        for (trained, mask) in now.trained.iter_mut().zip(&now.mask) {
            let moved = normal(draw, trained.dims(), 1.0)?;
            *trained = (moved * mask.to_dtype(lab_sdk::DType::F32)?)?;
        }
    }
    Ok(script)
}

fn refused(net: &Net) -> Result<Vec<Script>> {
    let frac = [0.2, 0.2, 0.1];
    let with = |change: &dyn Fn(&mut Net)| {
        let mut net = net.clone();
        change(&mut net);
        case(&net, &frac)
    };
    let nan = Tensor::full(f32::NAN, net.trained[1].dims(), &Device::Cpu)?;
    let flat = net.mask[0].flatten_all()?;
    let none = Net { trained: Vec::new(), init: Vec::new(), mask: Vec::new() };
    Ok(vec![
        case(&none, &[]),
        with(&|net| net.mask[0] = flat.clone()),
        with(&|net| net.mask.swap(0, 1)),
        with(&|net| drop(net.init.pop())),
        with(&|net| drop(net.mask.pop())),
        with(&|net| net.trained[1] = nan.clone()),
        case(net, &[0.2, 0.2]),
        case(net, &[0.2, -0.1, 0.1]),
        case(net, &[0.2, 1.1, 0.1]),
        case(net, &[0.2, f64::NAN, 0.1]),
    ])
}

/// Survivors that do not restart where `init` has them.
fn strangers(seen: &Seen<'_>) -> (f64, String) {
    let all = |tensors: Vec<Tensor>| tensors.iter().flat_map(floats).collect::<Vec<f64>>();
    let init = all(tensors(seen.argument(0, 1)));
    let (restart, mask) = (all(tensors(part(seen.result(0), 0))), all(tensors(part(seen.result(0), 1))));
    let mut moved = restart.iter().zip(&mask).zip(&init).filter(|((r, m), i)| **m != 0.0 && r != i);
    let at = moved.clone().next().map_or(String::new(), |((r, _), i)| format!("{r:.4} where `init` has {i:.4}"));
    (moved.by_ref().count() as f64, at)
}

/// How many died in the tensor where another number should have.
fn deaths(seen: &Seen<'_>) -> (f64, String) {
    let (tensor, _, got, wanted) = furthest(seen);
    (got.abs_diff(wanted) as f64, format!("tensor {tensor}, where {got} died instead of {wanted}"))
}

/// Remaining weights of the tensor in which another number dies than should.
pub fn facts(seen: &Seen<'_>) -> Vec<(&'static str, String)> {
    let (tensor, remaining, got, wanted) = furthest(seen);
    vec![
        ("tensor", tensor.to_string()),
        ("remaining", remaining.to_string()),
        ("got", got.to_string()),
        ("wanted", wanted.to_string()),
    ]
}

/// The tensor of the last call whose count is furthest off, the weights that remained in it, and how many of them died
/// in the answer and in the solution.
fn furthest(seen: &Seen<'_>) -> (usize, usize, usize, usize) {
    let count = |t: &Tensor| floats(t).iter().filter(|m| **m != 0.0).count();
    let last = seen.last();
    let masks = |value: Option<&Value>| tensors(part(value, 1)).iter().map(count).collect::<Vec<usize>>();
    let old: Vec<usize> = tensors(seen.argument(last, 2)).iter().map(count).collect();
    let (got, wanted) = (masks(seen.result(last)), masks(seen.right(last)));
    let died = old.iter().zip(&got).zip(&wanted).map(|((old, got), wanted)| {
        (*old, old.saturating_sub(*got), old.saturating_sub(*wanted))
    });
    let all = died.enumerate().map(|(tensor, (old, got, wanted))| (tensor, old, got, wanted));
    all.max_by_key(|(_, _, got, wanted)| got.abs_diff(*wanted)).unwrap_or_default()
}
