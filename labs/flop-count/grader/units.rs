//! The questions of `units`: one drawn convolution by hand, and one disagreement between tools.

use super::conventions::ptflops_new;
use crate::grading::{Answer, Draw, Question};
use crate::reference::{arch, flops};
use lab_sdk::{Convention, OpSpec};

/// The questions.
pub fn ask(draw: &mut Draw) -> Vec<Question> {
    let mut questions = by_hand(draw);
    // Without the nets that ship there is nothing to ask about them.
    questions.extend(between_tools(draw).ok());
    questions
}

fn by_hand(draw: &mut Draw) -> Vec<Question> {
    let groups = *draw.choose(&[2_u64, 4, 8]);
    let (cin, cout) = (groups * draw.count(2..=6), groups * draw.count(2..=6));
    let k = *draw.choose(&[3_u64, 5]);
    let side = 2 * draw.count(4..=12);
    let (h, stride, pad) = (side, 2, k / 2);
    let op = |groups: u64| OpSpec::Conv2d {
        n: 1,
        cin,
        h,
        w: h,
        cout,
        k: [k; 2],
        stride: [stride; 2],
        pad: [pad; 2],
        dil: [1; 2],
        groups,
        bias: true,
    };
    let cost = |groups: u64| flops::op_cost(&op(groups)).map(|cost| (cost.macs as f64, cost.params as f64));
    let (Ok((macs, params)), Ok((dense_macs, dense_params))) = (cost(groups), cost(1)) else { return Vec::new() };
    let out = (h + 2 * pad - k) / stride + 1;
    let (each, pixels) = (cin / groups * k * k, out * out);
    let on_input = macs / pixels as f64 * (h * h) as f64;
    let shown = vec![
        ("cin", cin.to_string()),
        ("cout", cout.to_string()),
        ("kernel", format!("{k} x {k}")),
        ("stride", stride.to_string()),
        ("padding", pad.to_string()),
        ("groups", groups.to_string()),
        ("image", format!("{h} x {h}")),
    ];
    let question = |id, text: String, (value, unit): (f64, &'static str), mistakes, because| Question {
        id,
        text,
        parameters: shown.clone(),
        answer: Answer::exact(value, unit),
        mistakes,
        because,
    };
    vec![
        question(
            "params",
            format!(
                "a convolution from {cin} to {cout} channels, kernel {k}x{k}, stride {stride}, padding {pad}, {groups} groups, \
                 with a bias, on an image of {h}x{h}. How many learned numbers, exactly?"
            ),
            (params, ""),
            vec![("forgot-groups", dense_params), ("bias-not-learned", params - cout as f64)],
            format!(
                "each of the {cout} filters sees {cin} / {groups} channels: {each} weights, and a bias: {cout} * {} = {params}",
                each + 1
            ),
        ),
        question(
            "macs",
            "and how many MACs, exactly?".to_owned(),
            (macs, "MACs"),
            vec![
                ("forgot-groups", dense_macs),
                ("input-pixels", on_input),
                ("flops-for-macs", 2.0 * macs),
                ("bias-as-macs", macs + (cout * pixels) as f64),
            ],
            format!(
                "{out} x {out} results for each of {cout} filters, {each} products each: {pixels} * {cout} * {each} = {macs}"
            ),
        ),
        question(
            "flops",
            "and as PyTorch's FlopCounterMode prints it?".to_owned(),
            (2.0 * macs, "FLOPs"),
            vec![("macs-for-flops", macs), ("forgot-groups", 2.0 * dense_macs), ("input-pixels", 2.0 * on_input)],
            "FlopCounterMode counts a multiply-add as two and leaves the bias out: twice the MACs".to_owned(),
        ),
    ]
}

/// What two tools print for one net, and why.
fn between_tools(draw: &mut Draw) -> lab_sdk::Result<Question> {
    let net = arch::load("resnet50")?;
    let macs = |c: Convention| flops::count(&net, &c).map(|report| report.macs);
    let strict = macs(Convention::default())?;
    let beside = |c: Convention| macs(c).map(|all| all - strict);
    let norms = beside(Convention { bn_per_elem: 2, ..Convention::default() })?;
    let acts = beside(Convention { act_per_elem: 2, ..Convention::default() })?;
    let pools = beside(Convention { pool_per_in_elem: 2, ..Convention::default() })?;
    let biases = beside(Convention { bias_per_out: 1, ..Convention::default() })?;
    let printed = macs(ptflops_new())?;
    let mut choices = [
        ("batch norms, ReLUs and pools", None),
        ("the classifier", Some("classifier-in-both")),
        ("taps that lie on the padding", Some("padding-in-both")),
        ("the sums of the residuals", Some("sums-in-neither")),
    ];
    draw.shuffle(&mut choices);
    let right = choices.iter().position(|(_, id)| id.is_none()).unwrap_or_default();
    let mistakes = choices.iter().enumerate().filter_map(|(at, (_, id))| id.map(|id| (id, at as f64)));
    Ok(Question {
        id: "tools",
        text: format!(
            "for one ResNet-50 ptflops 0.7.5 prints {:.2} G MACs, and FlopCounterMode's FLOPs are twice {:.2} G. What does \
             only one of them count?",
            printed as f64 / 1e9,
            strict as f64 / 1e9
        ),
        parameters: Vec::new(),
        mistakes: mistakes.collect(),
        answer: Answer::one_of(choices.map(|(text, _)| text), right),
        because: format!(
            "the products make {strict}; ptflops adds {norms} for batch norms, {acts} for ReLUs, {pools} for pools and {biases} \
             for the last bias"
        ),
    })
}
