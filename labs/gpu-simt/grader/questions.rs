//! The questions: what a launch consists of, and what a branch and a gathered load cost.

use crate::grading::{Answer, Draw, Question, plain, real};

/// Questions of `launch`.
pub fn launch(draw: &mut Draw) -> Vec<Question> {
    let block = 32 * draw.int(4..=16) as u64;
    // The last block has work for at least one warp and leaves more than one idle.
    let n = block * draw.int(20..=400) as u64 + draw.int(1..=(block as i64 - 64)) as u64;
    let odd = 8 * *draw.choose(&[5, 6, 9, 10, 11, 13, 14, 17, 18, 19]);
    let (blocks, odd_warps) = (n.div_ceil(block), u64::div_ceil(odd, 32));
    let (warps, idle) = (blocks * block / 32, blocks * block - n);
    let wasted = |of: u64| 100.0 * (32 * odd_warps - odd) as f64 / of as f64;
    let parameters = vec![("n", n.to_string()), ("threads", block.to_string())];
    let part = vec![("threads", odd.to_string())];
    vec![
        Question {
            id: "blocks",
            text: format!("{n} elements, one a thread, in blocks of {block} threads. How many blocks?"),
            parameters: parameters.clone(),
            answer: Answer::exact(blocks, "blocks"),
            mistakes: vec![("rounds-blocks-down", real(n / block))],
            because: format!("{n} / {block} = {}, rounded up: {blocks}", plain(real(n) / real(block), 6)),
        },
        Question {
            id: "warps",
            text: "how many warps are launched in all?".to_owned(),
            parameters: parameters.clone(),
            answer: Answer::exact(warps, "warps"),
            mistakes: vec![("only-busy-warps", real(n.div_ceil(32)))],
            because: format!("{blocks} blocks of {} warps each, whether they have work or not", block / 32),
        },
        Question {
            id: "idle",
            text: "how many threads of the last block have no element?".to_owned(),
            parameters,
            answer: Answer::exact(idle, "threads"),
            mistakes: vec![
                ("only-the-last-warp", real(n.next_multiple_of(32) - n)),
                ("counts-the-busy", real(block - idle)),
            ],
            because: format!("{blocks} x {block} - {n} = {idle}"),
        },
        Question {
            id: "part-warps",
            text: format!("a block has {odd} threads. How many warps does it take?"),
            parameters: part.clone(),
            answer: Answer::exact(odd_warps, "warps"),
            mistakes: vec![("rounds-warps-down", real(odd / 32)), ("rounds-warps-down", real(odd) / 32.0)],
            because: format!("{odd} / 32 = {}, rounded up: a warp belongs to one block", plain(real(odd) / 32.0, 5)),
        },
        Question {
            id: "wasted",
            text: "what part of their lanes has no thread?".to_owned(),
            parameters: part,
            answer: Answer::within(wasted(32 * odd_warps), "%", 0.1),
            mistakes: vec![("wasted-of-the-threads", wasted(odd)), ("counts-the-busy", 100.0 - wasted(32 * odd_warps))],
            because: format!("{odd_warps} warps are {} lanes: {} of them idle", 32 * odd_warps, 32 * odd_warps - odd),
        },
    ]
}

/// Questions of `gathered`.
pub fn gathered(draw: &mut Draw) -> Vec<Question> {
    let every = *draw.choose(&[2_u64, 4]);
    let warps = every * draw.int(8..=60) as u64;
    let (f, g) = (4 * draw.int(5..=9) as u64, 4 * draw.int(1..=4) as u64);
    let (mixed, sorted) = (warps * (f + g), warps / every * (f + (every - 1) * g));
    let parameters =
        vec![("warps", warps.to_string()), ("k", every.to_string()), ("f", f.to_string()), ("g", g.to_string())];
    vec![
        Question {
            id: "as-they-came",
            text: format!(
                "{} elements; every {}, from 0 on, takes a branch of {f} instructions, all others one of {g}. Thread t \
                 does element t. How many instructions do the warps issue inside the branches?",
                32 * warps,
                if every == 2 { "2nd" } else { "4th" }
            ),
            parameters: parameters.clone(),
            answer: Answer::exact(mixed, "instructions"),
            mistakes: vec![("sides-side-by-side", real(warps * f)), ("lanes-pay-for-themselves", real(sorted))],
            because: format!("each of the {warps} warps holds both kinds and issues both sides: {warps} x ({f} + {g})"),
        },
        Question {
            id: "sorted",
            text: "and when the elements are ordered by kind, each kind in its own warps?".to_owned(),
            parameters: parameters.clone(),
            answer: Answer::exact(sorted, "instructions"),
            mistakes: vec![("both-sides-still", real(mixed))],
            because: format!("{} warps issue {f}, {} issue {g}", warps / every, warps - warps / every),
        },
        Question {
            id: "sectors",
            text: format!(
                "a warp that holds every {} element now loads them, f32, in order. How many sectors does a load touch?",
                if every == 2 { "2nd" } else { "4th" }
            ),
            parameters,
            answer: Answer::exact(4 * every, "sectors"),
            mistakes: vec![("still-coalesced", 4.0), ("a-sector-a-lane", 32.0)],
            because: format!(
                "32 lanes, {} bytes apart, span {} bytes: {} sectors of 32. In the order in which they came it was 4; \
                 divergence was paid for with memory",
                4 * every,
                128 * every,
                4 * every
            ),
        },
    ]
}
