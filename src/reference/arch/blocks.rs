//! Blocks of convolutional nets. Each reads the last node of the net, adds its own, and repeats: the first of `n` has the
//! stride, the others stride 1.

use super::net::{Conv, Net, divisible};
use lab_sdk::{Op, Pool, Result, ensure};

/// MobileNetV1: a depthwise and a pointwise convolution.
pub fn separable(net: &mut Net, name: &str, (cout, k, stride): (u64, u64, u64), act: &str) -> Result<()> {
    let groups = net.channels()?;
    let act = Some(act);
    net.conv(&format!("{name}.dw"), Conv { cout: groups, k, stride, groups, act, ..Conv::default() })?;
    net.conv(&format!("{name}.pw"), Conv { cout, act, ..Conv::default() })
}

/// What squeeze-and-excitation squeezes to.
#[derive(Clone, Copy)]
pub enum Squeeze {
    /// A part of the channels that the block reads (EfficientNet).
    Input(u64),
    /// A part of its hidden channels, to a multiple of 8 (MobileNetV3).
    Hidden(u64),
}

/// An inverted residual's sizes.
pub struct Inverted<'a> {
    pub hidden: u64,
    pub cout: u64,
    pub k: u64,
    pub stride: u64,
    pub squeeze: Option<Squeeze>,
    pub act: &'a str,
}

/// MobileNetV2 and after: expand, depthwise, squeeze and excite, project; a sum where the shape stays.
pub fn inverted(net: &mut Net, name: &str, block: &Inverted<'_>) -> Result<()> {
    let &Inverted { hidden, cout, k, stride, squeeze, act } = block;
    let (cin, read, act) = (net.channels()?, net.last.clone(), Some(act));
    if hidden != cin {
        net.conv(&format!("{name}.expand"), Conv { cout: hidden, act, ..Conv::default() })?;
    }
    net.conv(&format!("{name}.dw"), Conv { cout: hidden, k, stride, groups: hidden, act, ..Conv::default() })?;
    if let Some(squeeze) = squeeze {
        let image = net.last.clone();
        let to = match squeeze {
            Squeeze::Input(part) => (cin / part.max(1)).max(1),
            Squeeze::Hidden(part) => divisible((hidden / part.max(1)) as f64, 8),
        };
        let small = |cout, act| Conv { cout, bias: true, bn: false, act: Some(act), ..Conv::default() };
        net.then(&format!("{name}.se.pool"), Op::GlobalPool {})?;
        net.conv(&format!("{name}.se.squeeze"), small(to, "relu"))?;
        net.conv(&format!("{name}.se.excite"), small(hidden, "sigmoid"))?;
        let gate = net.last.clone();
        net.add(&format!("{name}.se"), Op::Mul {}, &[&image, &gate])?;
    }
    net.conv(&format!("{name}.project"), Conv { cout, ..Conv::default() })?;
    if stride == 1 && cin == cout {
        let own = net.last.clone();
        net.add(&format!("{name}.add"), Op::Add {}, &[&read, &own])?;
    }
    Ok(())
}

/// ResNet's bottleneck: 1x1, 3x3, 1x1 and a sum. The stride stands on the 3x3 (v1.5) or on the first 1x1 (v1).
pub fn bottleneck(net: &mut Net, name: &str, (mid, cout): (u64, u64), stride: u64, on_3x3: bool) -> Result<()> {
    let (cin, read, act) = (net.channels()?, net.last.clone(), Some("relu"));
    let (first, second) = if on_3x3 { (1, stride) } else { (stride, 1) };
    net.conv(&format!("{name}.1x1a"), Conv { cout: mid, stride: first, act, ..Conv::default() })?;
    net.conv(&format!("{name}.3x3"), Conv { cout: mid, k: 3, stride: second, act, ..Conv::default() })?;
    net.conv(&format!("{name}.1x1b"), Conv { cout, ..Conv::default() })?;
    shortcut(net, name, &read, (cin, cout, stride))
}

/// ResNet-18 and -34: two 3x3 and a sum.
pub fn basic(net: &mut Net, name: &str, cout: u64, stride: u64) -> Result<()> {
    let (cin, read) = (net.channels()?, net.last.clone());
    net.conv(&format!("{name}.a"), Conv { cout, k: 3, stride, act: Some("relu"), ..Conv::default() })?;
    net.conv(&format!("{name}.b"), Conv { cout, k: 3, ..Conv::default() })?;
    shortcut(net, name, &read, (cin, cout, stride))
}

/// The sum with what the block read, by way of a 1x1 where the shape changes, and the activation after it.
fn shortcut(net: &mut Net, name: &str, read: &str, (cin, cout, stride): (u64, u64, u64)) -> Result<()> {
    let own = net.last.clone();
    net.last = read.to_owned();
    if stride != 1 || cin != cout {
        net.conv(&format!("{name}.down"), Conv { cout, stride, ..Conv::default() })?;
    }
    let other = net.last.clone();
    net.add(&format!("{name}.add"), Op::Add {}, &[&own, &other])?;
    net.dressed(name, None, Some("relu"))
}

/// SqueezeNet: squeeze with a 1x1, expand with 1x1 and 3x3 side by side. Biased, without a norm.
pub fn fire(net: &mut Net, name: &str, squeeze: u64, e1: u64, e3: u64) -> Result<()> {
    let conv = |cout, k| Conv { cout, k, bias: true, bn: false, act: Some("relu"), ..Conv::default() };
    net.conv(&format!("{name}.squeeze"), conv(squeeze, 1))?;
    let small = net.last.clone();
    net.conv(&format!("{name}.1x1"), conv(e1, 1))?;
    let one = std::mem::replace(&mut net.last, small);
    net.conv(&format!("{name}.3x3"), conv(e3, 3))?;
    let three = net.last.clone();
    net.add(name, Op::Concat { axis: 1 }, &[&one, &three])
}

/// ShuffleNetV1: grouped 1x1, shuffle, depthwise, grouped 1x1; a sum, or at stride 2 beside the pooled input.
pub fn shuffle_unit(net: &mut Net, name: &str, cout: u64, stride: u64, groups: (u64, u64)) -> Result<()> {
    let (cin, read, mid) = (net.channels()?, net.last.clone(), cout / 4);
    ensure!(stride == 1 || cout > cin, "{cout} channels beside {cin}");
    let own = if stride == 1 { cout } else { cout - cin };
    let (first, last) = groups;
    net.conv(&format!("{name}.1x1a"), Conv { cout: mid, groups: first, act: Some("relu"), ..Conv::default() })?;
    net.then(&format!("{name}.shuffle"), Op::Shuffle { groups: last })?;
    net.conv(&format!("{name}.dw"), Conv { cout: mid, k: 3, stride, groups: mid, ..Conv::default() })?;
    net.conv(&format!("{name}.1x1b"), Conv { cout: own, groups: last, ..Conv::default() })?;
    let made = net.last.clone();
    if stride == 1 {
        net.add(&format!("{name}.add"), Op::Add {}, &[&read, &made])?;
    } else {
        let pool = Op::Pool { kind: Pool::Avg, k: [3; 2], stride: [stride; 2], pad: [1; 2], ceil: false };
        net.add(&format!("{name}.pool"), pool, &[&read])?;
        net.add(&format!("{name}.concat"), Op::Concat { axis: 1 }, &[&format!("{name}.pool"), &made])?;
    }
    net.dressed(name, None, Some("relu"))
}

/// ShuffleNetV2: half of the channels pass, the other half is transformed; at stride 2 both halves are, from all channels.
pub fn shuffle_unit_v2(net: &mut Net, name: &str, cout: u64, stride: u64) -> Result<()> {
    let (cin, read, half, act) = (net.channels()?, net.last.clone(), cout / 2, Some("relu"));
    let kept = if stride == 1 {
        net.then(&format!("{name}.kept"), Op::Slice { axis: 1, start: 0, end: half })?;
        let kept = std::mem::replace(&mut net.last, read);
        net.then(&format!("{name}.split"), Op::Slice { axis: 1, start: half, end: cin })?;
        kept
    } else {
        let dw = Conv { cout: cin, k: 3, stride, groups: cin, ..Conv::default() };
        net.conv(&format!("{name}.left.dw"), dw)?;
        net.conv(&format!("{name}.left.pw"), Conv { cout: half, act, ..Conv::default() })?;
        std::mem::replace(&mut net.last, read)
    };
    net.conv(&format!("{name}.1x1a"), Conv { cout: half, act, ..Conv::default() })?;
    net.conv(&format!("{name}.dw"), Conv { cout: half, k: 3, stride, groups: half, ..Conv::default() })?;
    net.conv(&format!("{name}.1x1b"), Conv { cout: half, act, ..Conv::default() })?;
    let made = net.last.clone();
    net.add(&format!("{name}.concat"), Op::Concat { axis: 1 }, &[&kept, &made])?;
    net.then(&format!("{name}.shuffle"), Op::Shuffle { groups: 2 })
}
