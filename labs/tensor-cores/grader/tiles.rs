//! The step `tiles`: tiles and waves of a product, and how much of them is useful.

use crate::args;
use crate::grading::{Check, Draw, Rule, Script};
use lab_sdk::Result;

/// m, n, tile_m, tile_n and SMs.
type Launch = [u64; 5];

/// Products of a check.
const PRODUCTS: usize = 40;

/// Tiles of cuBLAS, and SMs of four GPUs.
const TILES: [[u64; 2]; 5] = [[256, 128], [128, 256], [128, 64], [64, 128], [64, 256]];
const SMS: [u64; 4] = [80, 82, 108, 132];

/// The checks of `tiles`.
pub fn checks(draw: &mut Draw) -> Result<Vec<Check>> {
    let known = [
        [1792, 1792, 256, 128, 108],
        [1793, 1792, 256, 128, 108],
        [1793, 1793, 256, 128, 108],
        [2304, 1536, 256, 128, 108],
    ];
    let mut drawn = |of: fn(&mut Draw, [u64; 2], u64) -> [u64; 2]| -> Vec<Script> {
        let one = |_| {
            let ([tile_m, tile_n], sms) = (*draw.choose(&TILES), *draw.choose(&SMS));
            let [m, n] = of(draw, [tile_m, tile_n], sms);
            case([m, n, tile_m, tile_n, sms])
        };
        (0..PRODUCTS).map(one).collect()
    };
    let fits = drawn(|draw, tile, _| tile.map(|t| t * draw.int(1..=40) as u64));
    let ragged = drawn(|draw, tile, _| tile.map(|t| t * draw.int(1..=40) as u64 + draw.int(1..=40) as u64));
    let small = drawn(|draw, tile, _| tile.map(|t| draw.int(1..=t as i64) as u64));
    // One row of tiles: as many as the SMs, one more, one less, and multiples.
    let around = drawn(|draw, [tile_m, tile_n], sms| {
        let tiles = sms * draw.int(1..=3) as u64 + draw.int(0..=2) as u64 - 1;
        [tile_m - draw.int(0..=5) as u64, tile_n * tiles]
    });
    let zeros = (0..5).map(|at| case(std::array::from_fn(|i| if i == at { 0 } else { 64 })));
    let rule = Rule::Each(&[Rule::Exact, Rule::Exact, Rule::Ulps(4), Rule::Ulps(4)]);
    Ok(vec![
        Check::by("the products of the brief", rule, known.map(case).to_vec()),
        Check::by("sides that whole tiles fill", rule, fits),
        Check::by("sides that end inside a tile", rule, ragged),
        Check::by("a product smaller than a tile", rule, small),
        Check::by("as many tiles as SMs, and one more", rule, around),
        Check::refuses("`waves` refuses a 0", zeros.collect()),
    ])
}

fn case([m, n, tile_m, tile_n, sms]: Launch) -> Script {
    Script::call("waves", args![m, n, tile_m, tile_n, sms]).keep(&[2, 3, 4])
}
