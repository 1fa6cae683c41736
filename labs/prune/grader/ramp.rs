//! The checks of `cubic`: inside the ramp, at its ends, and beyond them.

use crate::args;
use crate::grading::{Check, Draw, Rule, Script};

/// A ramp: t0, t1, si, sf.
type Ramp = (u64, u64, f64, f64);

/// The checks.
pub fn checks(draw: &mut Draw) -> Vec<Check> {
    let case = |t: u64, (t0, t1, si, sf): Ramp| Script::call("cubic", args![t, t0, t1, si, sf]).keep(&[1, 2, 3, 4]);
    let mut ramp = || -> Ramp {
        let t0 = draw.int(20..=400) as u64;
        (t0, t0 + draw.int(50..=900) as u64, draw.uniform(0.05, 0.4), draw.uniform(0.6, 0.97))
    };
    let from_zero: Ramp = (0, 4, 0.0, 0.9);
    let inside = [ramp(), ramp(), ramp()];
    let (before, after) = ([ramp(), ramp()], [ramp(), ramp()]);
    let thirds = |ramp: Ramp| [1, 2].map(|third| case(ramp.0 + third * (ramp.1 - ramp.0) / 3, ramp));
    let mut climbing: Vec<Script> = inside.into_iter().flat_map(thirds).collect();
    climbing.extend((1..4).map(|t| case(t, from_zero)));
    let ends = inside.into_iter().flat_map(|ramp| [case(ramp.0, ramp), case(ramp.1, ramp)]).collect();
    let early = before.into_iter().flat_map(|ramp| [case(0, ramp), case(ramp.0 - 1, ramp)]).collect();
    let late = after.into_iter().flat_map(|ramp| [case(ramp.1 + 1, ramp), case(ramp.1 + 5000, ramp)]).collect();
    let none = vec![case(5, (10, 10, 0.0, 0.9)), case(5, (10, 9, 0.0, 0.9)), case(20, (10, 3, 0.1, 0.5))];
    // Both languages compute in f64; cubes may be taken by a power or by products.
    let near = Rule::Ulps(2);
    vec![
        Check::by("the ramp between t0 and t1", near, climbing),
        Check::by("the ends of the ramp", near, ends),
        Check::by("si before the ramp", near, early),
        Check::by("sf after the ramp", near, late),
        Check::refuses("`cubic` refuses t1 <= t0", none),
    ]
}
