//! Charts of the kinds that labs draw, with fixed numbers.

use roadmap::verdict::{Axis, Chart, Lane, Mark, Point, Series, Span};

pub fn axis(label: &str, unit: &str, log: bool) -> Axis {
    Axis { label: label.to_owned(), unit: unit.to_owned(), log }
}

pub fn series(name: &str, mark: Mark, points: &[(f64, f64)]) -> Series {
    Series { name: name.to_owned(), mark, points: points.iter().map(|point| Point::from(*point)).collect() }
}

pub fn named(name: &str, mark: Mark, points: &[(&str, f64, f64)]) -> Series {
    let point = |(label, x, y): &(&str, f64, f64)| Point { x: *x, y: *y, label: (*label).to_owned() };
    Series { name: name.to_owned(), mark, points: points.iter().map(point).collect() }
}

pub fn plane(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> Chart {
    Chart::Plane { title: title.to_owned(), x, y, series }
}

/// Parameters and multiplications of known networks.
pub fn scatter() -> Chart {
    let dense = [
        ("alexnet", 61.1e6, 0.714e9),
        ("vgg16", 138.4e6, 15.47e9),
        ("resnet18", 11.69e6, 1.814e9),
        ("resnet50", 25.56e6, 4.089e9),
        ("resnet152", 60.19e6, 11.51e9),
        ("densenet121", 7.98e6, 2.834e9),
    ];
    let small = [
        ("mobilenet_v2", 3.505e6, 0.301e9),
        ("mobilenet_v3_small", 2.543e6, 0.0565e9),
        ("squeezenet1_1", 1.236e6, 0.349e9),
        ("shufflenet_v2", 2.279e6, 0.1446e9),
        ("efficientnet_b0", 5.289e6, 0.3864e9),
        ("mnasnet1_0", 4.383e6, 0.3142e9),
    ];
    plane(
        "parameters and multiplications of 12 networks",
        axis("parameters", "", true),
        axis("multiplications", "MACs", true),
        vec![named("for servers", Mark::Dots, &dense), named("for phones", Mark::Dots, &small)],
    )
}

/// Accuracy over sparsity, three ways of pruning.
pub fn sparsity() -> Chart {
    let at = |accuracies: [f64; 7]| -> Vec<(f64, f64)> {
        [0.0, 50.0, 70.0, 80.0, 90.0, 95.0, 98.0].into_iter().zip(accuracies).collect()
    };
    plane(
        "accuracy over sparsity",
        axis("sparsity", "%", false),
        axis("accuracy", "%", false),
        vec![
            series("magnitude", Mark::Line, &at([95.8, 95.7, 95.1, 93.9, 88.2, 71.0, 38.5])),
            series("whole channels", Mark::Line, &at([95.8, 91.4, 80.2, 64.7, 35.1, 20.3, 11.2])),
            series("random", Mark::Line, &at([95.8, 79.3, 48.0, 27.5, 13.8, 10.4, 10.0])),
        ],
    )
}

/// Tokens a second over context, measured and as the bytes say.
pub fn tokens() -> Chart {
    let bytes = |context: f64| 41.0 / (1.0 + context / 3000.0);
    let contexts = [128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0];
    let slower = [0.97, 0.95, 0.96, 0.93, 0.9, 0.88, 0.83];
    let measured: Vec<(f64, f64)> = contexts.into_iter().zip(slower).map(|(c, share)| (c, bytes(c) * share)).collect();
    let theory: Vec<(f64, f64)> =
        (0..=60).map(|n| 128.0 * 64f64.powf(f64::from(n) / 60.0)).map(|c| (c, bytes(c))).collect();
    plane(
        "tokens a second over context",
        axis("context", "tokens", true),
        axis("speed", "tokens/s", false),
        vec![series("measured", Mark::Line, &measured), series("bytes over bandwidth", Mark::Theory, &theory)],
    )
}

/// A roofline with two roofs and what stands under them.
pub fn roofline() -> Chart {
    let (flops, bandwidth, cache) = (180.0, 24.0, 160.0);
    let memory = [(0.05, 0.05 * bandwidth), (flops / bandwidth, flops)];
    let near = [(0.05, 0.05 * cache), (flops / cache, flops)];
    plane(
        "roofline of this machine",
        axis("intensity", "FLOP/B", true),
        axis("speed", "GFLOP/s", true),
        vec![
            series("memory, 24 GB/s", Mark::Theory, &memory),
            series("L2, 160 GB/s", Mark::Theory, &near),
            series("multiply-add, 180 GFLOP/s", Mark::Theory, &[(flops / cache, flops), (500.0, flops)]),
            named(
                "kernels",
                Mark::Dots,
                &[
                    ("add", 0.083, 1.7),
                    ("gemv", 0.5, 10.4),
                    ("softmax", 0.62, 3.1),
                    ("conv 3x3", 38.0, 96.0),
                    ("gemm 512", 85.0, 151.0),
                ],
            ),
        ],
    )
}

pub fn bars() -> Chart {
    let rows = [("f32", 95.75), ("per tensor", 95.5), ("per channel", 95.55), ("per channel + clip", 95.8)];
    Chart::Bars {
        title: "accuracy on 2000 images".to_owned(),
        unit: "%".to_owned(),
        rows: rows.map(|(name, value)| (name.to_owned(), value)).to_vec(),
    }
}

pub fn histogram() -> Chart {
    let counts = [1, 4, 40, 900, 5000, 2000, 300, 40, 9, 0, 1, 0, 1];
    let marks = [("clip", 4.5), ("largest", 11.7)].map(|(name, at)| (name.to_owned(), at)).to_vec();
    Chart::Histogram {
        title: "activations".to_owned(),
        unit: "V".to_owned(),
        low: -3.0,
        high: 12.0,
        counts: counts.to_vec(),
        marks,
    }
}

/// Two threads and a stream of a GPU.
pub fn spans() -> Chart {
    let lane = |name: &str, spans: &[(f64, f64, &str)]| Lane {
        name: name.to_owned(),
        spans: spans.iter().map(|&(from, to, kind)| Span { from, to, kind: kind.to_owned() }).collect(),
    };
    Chart::Spans {
        title: "one step".to_owned(),
        unit: "us".to_owned(),
        lanes: vec![
            lane("thread 7", &[(0.0, 100.0, "DataLoader"), (100.0, 180.0, "CPU"), (150.0, 152.0, "runtime")]),
            lane("thread 8", &[]),
            lane("stream 7", &[(160.0, 230.0, "kernel"), (230.0, 260.0, "memcpy")]),
        ],
    }
}

pub fn all() -> [Chart; 7] {
    [scatter(), sparsity(), tokens(), roofline(), bars(), histogram(), spans()]
}
