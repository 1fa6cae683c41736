//! The questions: an amount and a rate, working sets, and the traffic of layers with equal MACs.

use super::GPUS;
use crate::grading::{Answer, Draw, Question, plain, real};

/// The questions of `throughput`.
pub fn throughput(draw: &mut Draw) -> Vec<Question> {
    let gpu = draw.choose(&GPUS);
    let peak = (2 * gpu.sms * gpu.macs) as f64 * gpu.ghz * 1e9;
    let (model, macs) = *draw.choose(&[("ResNet-50", 4.09e9), ("ResNet-34", 3.66e9), ("MobileNetV2", 0.30e9)]);
    let batch = 8 * draw.size(2..=16);
    let part = draw.uniform(0.05, 0.6);
    // A latency with three digits; what is asked follows from what is printed.
    let ms: f64 = format!("{:.2e}", 2e3 * macs * batch as f64 / (part * peak)).parse().unwrap_or(1.0);
    let achieved = 2.0 * macs * batch as f64 / (ms / 1e3);
    let utilisation = 100.0 * achieved / peak;
    let parameters = vec![
        ("SMs", gpu.sms.to_string()),
        ("multiply-adds a clock and SM", gpu.macs.to_string()),
        ("clock", format!("{} GHz", gpu.ghz)),
        ("MACs an image", format!("{} G", plain(macs / 1e9, 3))),
        ("batch", batch.to_string()),
        ("time", format!("{ms} ms")),
    ];
    vec![
        Question {
            id: "peak",
            text: format!(
                "the {} has {} SMs that run at {} GHz; each does {} fp16 multiply-adds in a clock. Its peak?",
                gpu.name, gpu.sms, gpu.ghz, gpu.macs
            ),
            parameters: parameters.clone(),
            answer: Answer::near(peak, "FLOP/s", 0.01),
            mistakes: vec![("one-flop-a-mac", peak / 2.0), ("one-sm", peak / gpu.sms as f64)],
            because: format!(
                "{} x {} x 2 x {} GHz = {} TFLOP/s",
                gpu.sms, gpu.macs, gpu.ghz, plain(peak / 1e12, 4)
            ),
        },
        Question {
            id: "achieved",
            text: format!(
                "{model} takes {} G MACs an image. A batch of {batch} runs in {ms} ms on it. How many FLOP/s is that?",
                plain(macs / 1e9, 3)
            ),
            parameters: parameters.clone(),
            answer: Answer::near(achieved, "FLOP/s", 0.01),
            mistakes: vec![("one-flop-a-mac", achieved / 2.0), ("batch-forgotten", achieved / batch as f64)],
            because: format!(
                "2 x {} G x {batch} FLOPs in {ms} ms = {} TFLOP/s",
                plain(macs / 1e9, 3), plain(achieved / 1e12, 4)
            ),
        },
        Question {
            id: "utilisation",
            text: "and which part of the peak?".to_owned(),
            parameters,
            answer: Answer::near(utilisation, "%", 0.01),
            mistakes: vec![
                ("one-flop-a-mac", utilisation / 2.0),
                ("batch-forgotten", utilisation / batch as f64),
                ("bytes-for-peak", 100.0 * achieved / gpu.bw),
            ],
            because: format!("{} of {} TFLOP/s", plain(achieved / 1e12, 4), plain(peak / 1e12, 4)),
        },
        which(draw),
    ]
}

/// Two ways to serve one model: which is quicker to answer, and which answers more.
fn which(draw: &mut Draw) -> Question {
    let (one, batch) = (draw.int(2..=9), 16 * draw.int(2..=8));
    // A batch takes longer than one image and less than as many single ones.
    let all = one * draw.int(3..=8);
    let a_is_batch = draw.one_in(2);
    let (a, b) = if a_is_batch { ((batch, all), (1, one)) } else { ((1, one), (batch, all)) };
    let choices = ["A has both", "B has both", "A the lower latency, B the higher throughput", "B the lower latency, A the higher throughput"];
    let right = if a_is_batch { 3 } else { 2 };
    let rate = |(batch, ms): (i64, i64)| plain(1e3 * batch as f64 / ms as f64, 3);
    Question {
        id: "which",
        text: format!(
            "A answers batches of {} in {} ms, B batches of {} in {} ms. Which has the lower latency, and which the higher throughput?",
            a.0, a.1, b.0, b.1
        ),
        parameters: vec![("A", format!("{} in {} ms", a.0, a.1)), ("B", format!("{} in {} ms", b.0, b.1))],
        answer: Answer::one_of(choices, right),
        mistakes: (0..4).filter(|at| *at != right).map(|at| ("latency-is-throughput", at as f64)).collect(),
        because: format!("{} ms against {} ms; {} images a second against {}", a.1, b.1, rate(a), rate(b)),
    }
}

/// The questions of `caches`.
pub fn caches(draw: &mut Draw) -> Vec<Question> {
    let (l1, l2, l3) = (*draw.choose(&[32, 48]), *draw.choose(&[256, 512, 1024, 2048]), *draw.choose(&[16, 24, 32]));
    let kib = f64::from(1 << 10);
    let fits = f64::from(l2) * kib / 12.0;
    let parameters =
        vec![("L1", format!("{l1} KiB")), ("L2", format!("{l2} KiB")), ("L3", format!("{l3} MiB"))];
    let machine = format!("a core has {l1} KiB of L1, {l2} KiB of L2 and {l3} MiB of L3");
    // One array fits the last level that two do not fit.
    let levels = [("L1", f64::from(l1) * kib), ("L2", f64::from(l2) * kib), ("L3", f64::from(l3) * kib * kib)];
    let at = draw.size(0..=2);
    let n = (levels[at].1 * draw.uniform(0.6, 0.9) / 4.0 / 1000.0).floor() * 1000.0;
    let choices = ["L1", "L2", "L3", "memory"];
    let right = (at..3).find(|&level| 8.0 * n <= levels[level].1).unwrap_or(3);
    vec![
        Question {
            id: "triad",
            text: format!("{machine}. The loop a = b + s c runs over three arrays of n f32. Up to which n do they all fit L2?"),
            parameters: parameters.clone(),
            answer: Answer::near(fits, "elements", 0.01),
            mistakes: vec![("one-array", 3.0 * fits), ("doubles", fits / 2.0), ("bytes-for-elements", 4.0 * fits)],
            because: format!("12 n bytes have to fit {l2} KiB: n = {}", plain(fits.floor(), 8)),
        },
        Question {
            id: "relu",
            text: format!("a ReLU reads {n} f32 and writes them to another array, again and again. From where do they come in the end?"),
            parameters: [parameters, vec![("n", n.to_string())]].concat(),
            answer: Answer::one_of(choices, right),
            mistakes: vec![("one-array", at as f64)],
            because: format!("{} KiB are touched, {} of them read: more than {}, room enough in {}", plain(8.0 * n / kib, 4), plain(4.0 * n / kib, 4), levels[at].0, choices[right]),
        },
    ]
}

/// What the ShuffleNet V2 paper ran: channels of 1x1 convolutions at 56 x 56, and batches a second on a GPU (table 1).
pub const SHUFFLE: [(u64, u64, f64); 4] = [(128, 128, 1480.0), (90, 180, 1296.0), (52, 312, 876.0), (36, 432, 748.0)];

/// The questions of `access-cost`.
pub fn access_cost(draw: &mut Draw) -> Vec<Question> {
    let (side, equal, ratio) = (*draw.choose(&[28_u64, 40, 56]), 8 * draw.count(6..=20), *draw.choose(&[4_u64, 9, 16]));
    // c1 c2 = equal^2, exactly.
    let root = (ratio as f64).sqrt() as u64;
    let equal = equal / root * root;
    let (c1, c2) = (equal / root, equal * root);
    let pixels = side * side;
    let elements = |a: u64, b: u64| (pixels * (a + b) + a * b) as f64;
    let (uneven, even) = (elements(c1, c2), elements(equal, equal));
    let macs = (pixels * c1 * c2) as f64;
    let one_side = |c: u64| (pixels * c + c1 * c2) as f64;
    let parameters = vec![("c1", c1.to_string()), ("c2", c2.to_string()), ("h, w", side.to_string())];
    let published = [(0, "about 1450"), (1, "about 1200"), (2, "about 750"), (3, "about 100")];
    vec![
        Question {
            id: "elements",
            text: format!("a 1x1 convolution from {c1} to {c2} channels, without a bias, on one image of {side} x {side}. How many elements cross memory?"),
            parameters: parameters.clone(),
            answer: Answer::exact(uneven, "elements"),
            mistakes: vec![
                ("weights-alone", real(c1 * c2)),
                ("macs-for-access", macs),
                ("one-side", one_side(c1)),
                ("one-side", one_side(c2)),
            ],
            because: format!("{pixels} x ({c1} + {c2}) + {c1} x {c2} = {uneven}"),
        },
        Question {
            id: "times",
            text: format!("and how many times as many as from {equal} to {equal} channels, which takes as many MACs?"),
            parameters,
            answer: Answer::near(uneven / even, "times", 0.01),
            mistakes: vec![("macs-for-access", 1.0), ("one-side", one_side(c2) / one_side(equal))],
            because: format!("{uneven} / {even} = {}", plain(uneven / even, 4)),
        },
        Question {
            id: "published",
            text: "in the table of the brief, how many batches a second did (36, 432) reach? The MACs are the first layer's, within 5 %.".to_owned(),
            parameters: Vec::new(),
            answer: Answer::one_of(published.map(|(_, text)| text), 2),
            mistakes: vec![("macs-decide", 0.0), ("macs-decide", 1.0)],
            because: "748: 1.98 times slower than (128, 128), with 1.81 times the elements".to_owned(),
        },
    ]
}
