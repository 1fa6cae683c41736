//! Kernels as answers: what a learner sees of a slow, a wrong and an endless one.

use crate::learner::{Learner, numpy};
use std::fs;

const STEP: &str = "lab gpu-simt --step indexing";

/// A learner whose answer is this kernel.
fn learner(file: &str, text: &str) -> Learner {
    learner_of("gpu-simt", file, text)
}

/// The same in another lab.
fn learner_of(lab: &str, file: &str, text: &str) -> Learner {
    let learner = Learner::new();
    let path = learner.path(&format!("roadmap/{lab}/{file}"));
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of the lab");
    fs::write(path, text).expect("the answer");
    learner
}

fn python(body: &str) -> Option<Learner> {
    let text = format!("from lab_sdk import simt\n\n\ndef saxpy2d(w, x, y, a, rows, cols, pitch):\n{body}");
    numpy().then(|| learner("answer.py", &text))
}

#[test]
fn a_kernel_that_walks_columns_is_named_and_drawn() {
    let body = "    r = w.tx() + w.bid[0] * w.bdim[0]\n    c = w.ty() + w.bid[1] * w.bdim[1]\n    \
                with w.if_((r < rows) & (c < cols)):\n        i = r * pitch + c\n        \
                w.st(y, i, a * w.ld(x, i) + w.ld(y, i))\n";
    let Some(learner) = python(body) else { return };
    learner.run(&format!("{STEP} --lang python")).exits(1).shows("(rows-along-x)").shows("saxpy2d(grid ");
    let ran = learner.run(&format!("{STEP} --lang python --show"));
    ran.exits(0).shows("answer.py:9 reads x: ").shows("lanes that are on, instruction by instruction");
    let svg = fs::read_to_string(learner.path("roadmap/gpu-simt/indexing-1.svg")).expect("a picture");
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{svg}");
}

#[test]
fn an_endless_kernel_is_stopped_at_its_line() {
    let body = "    while w.any(w.tx() < 1):\n        pass\n";
    let Some(learner) = python(body) else { return };
    learner.run(&format!("{STEP} --lang python")).exits(5).shows("answer.py:5, block (0, 0, 0)").shows("does not end");
}

#[test]
fn a_barrier_in_a_branch_is_explained() {
    let kernel = "use lab_sdk::simt::{G, Warp};\n\nasync fn saxpy2d(w: Warp, x: G<f32>, y: G<f32>, a: f32, rows: u32, cols: u32, \
                  pitch: u32) {\n    let c = w.tx();\n    w.if_(c.lt(cols * rows * pitch), || {\n        w.st(&y, c, w.ld(&x, c) * a);\n        \
                  w.sync().await;\n    });\n}\n";
    let learner = learner("answer.rs", kernel);
    learner
        .run(&format!("{STEP} --lang rust"))
        .exits(5)
        .shows("a barrier stands inside `if_`")
        .shows("the others wait for ever");
}

#[test]
fn a_step_without_a_kernel_has_nothing_to_show() {
    let learner = Learner::new();
    learner.run("lab gpu-simt --step occupancy --show").exits(2).one_sentence().says("launches no kernel");
}

/// A product of tiles with other barriers, in Rust.
fn product(before: &str, after: &str) -> Learner {
    let kernel = format!(
        "use lab_sdk::simt::{{F, G, Reg, Warp}};

        async fn matmul(w: Warp, a: G<f32>, b: G<f32>, c: G<f32>, m: u32, n: u32, k: u32) {{
            let t = w.bdim[0];
            let (of_a, of_b) = (w.shared::<f32>(\"a\", t * t), w.shared::<f32>(\"b\", t * t));
            let (row, col) = (w.ty() + t * w.bid[1], w.tx() + t * w.bid[0]);
            let mut sum = F::splat(0.0);
            for first in (0..k).step_by(t as usize) {{
                let (across, down) = (w.tx() + first, w.ty() + first);
                let (of_row, of_column) = (Reg::new(0.0), Reg::new(0.0));
                w.if_(row.lt(m) & across.lt(k), || of_row.set(w.ld(&a, row * k + across)));
                w.if_(down.lt(k) & col.lt(n), || of_column.set(w.ld(&b, down * n + col)));
                w.sts(of_a, w.ty() * t + w.tx(), of_row.get());
                w.sts(of_b, w.ty() * t + w.tx(), of_column.get());
                {before}
                for i in 0..t {{
                    sum = w.lds(of_a, w.ty() * t + i).fma(w.lds(of_b, w.tx() + t * i), sum);
                }}
                {after}
            }}
            w.if_(row.lt(m) & col.lt(n), || w.st(&c, row * n + col, sum));
        }}
"
    );
    learner_of("gpu-memory", "answer.rs", &kernel)
}

const PRODUCT: &str = "lab gpu-memory --step tiled-matmul --lang rust";

#[test]
fn a_missing_barrier_names_both_sides_of_the_race() {
    let learner = product("", "w.sync().await;");
    learner.run(PRODUCT).exits(1).shows("(no-sync-after-loading)");
    let learner = product("w.sync().await;", "");
    learner.run(PRODUCT).exits(1).shows("(one-sync-a-step)").shows("answer.rs:").shows("with no barrier");
}

#[test]
fn an_endless_product_has_no_other_name() {
    let learner =
        product("w.sync().await;", "w.sync().await; let mut more = true; while more { more = w.any(w.tx().lt(99)); }");
    let ran = learner.run(PRODUCT);
    ran.exits(5).shows("does not end");
    assert!(!ran.out.contains("your output equals"), "{}", ran.out);
}
