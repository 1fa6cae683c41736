//! The modules of `torch.nn` that graphs here may call: each is an operator with settings and weights of its own.

use super::operands::{Operands, number};
use super::{FxArg, FxModule, FxValue, Params, call, conv};
use crate::{Error, Result, Tensor, ensure};
use std::collections::BTreeMap;

/// Calls `module`, whose weights lie in `params` below `path`.
pub fn call(module: &FxModule, params: &Params, path: &str, o: &Operands<'_>) -> Result<FxValue> {
    o.at_most(1, &["input"])?;
    let x = o.tensor(0, "input")?;
    let weight = |name: &str| params.get(&format!("{path}.{name}"));
    let wanted = |name: &str| weight(name).ok_or_else(|| Error::new(format!("there is no parameter `{path}.{name}`")));
    let settings = Settings::new(module)?;
    Ok(match module.kind.as_str() {
        "Conv2d" => {
            let by = conv::Window {
                stride: settings.pair("stride", 1)?,
                padding: settings.pair("padding", 0)?,
                dilation: settings.pair("dilation", 1)?,
            };
            let groups = settings.float("groups", 1.0) as usize;
            conv::conv2d(x, wanted("weight")?, weight("bias"), by, groups)?
        }
        "BatchNorm1d" | "BatchNorm2d" => {
            let running = match module.training {
                true => None,
                false => weight("running_mean").zip(weight("running_var")),
            };
            conv::batch_norm(x, running, weight("weight"), weight("bias"), settings.float("eps", 1e-5))?
        }
        "LayerNorm" => {
            let over = weight("weight").map_or(1, Tensor::rank);
            conv::layer_norm(x, over, weight("weight"), weight("bias"), settings.float("eps", 1e-5))?
        }
        "Linear" => call::linear(x, wanted("weight")?, weight("bias"))?,
        "MaxPool2d" | "AvgPool2d" => {
            let window = settings.pair("kernel_size", 1)?;
            let stride = if settings.has("stride") { settings.pair("stride", 1)? } else { window };
            conv::pool2d(x, window, stride, settings.pair("padding", 0)?, module.kind == "MaxPool2d")?
        }
        "AdaptiveAvgPool2d" => {
            ensure!(settings.pair("output_size", 1)? == [1, 1], "only an adaptive pool to 1 x 1 is here");
            x.mean_keepdim(3)?.mean_keepdim(2)?
        }
        "Identity" => x.clone(),
        "Dropout" | "Dropout2d" => {
            ensure!(!module.training, "dropout in training mode draws random numbers, which nothing here does");
            x.clone()
        }
        "Flatten" => {
            let end = settings.float("end_dim", -1.0) as i64;
            let args = [x.clone().into(), FxValue::Int(settings.float("start_dim", 1.0) as i64), FxValue::Int(end)];
            return call::function("flatten", &args, &BTreeMap::new());
        }
        "Softmax" => {
            let args = [x.clone().into(), FxValue::Int(settings.float("dim", -1.0) as i64)];
            return call::function("softmax", &args, &BTreeMap::new());
        }
        "ReLU" | "ReLU6" | "Sigmoid" | "Tanh" | "GELU" | "SiLU" | "Hardswish" | "Hardsigmoid" => {
            let kwargs = settings.inplace.then(|| ("inplace".to_owned(), FxValue::Bool(true)));
            return call::function(&module.kind.to_lowercase(), &[x.clone().into()], &kwargs.into_iter().collect());
        }
        other => return Err(format!("the module `{path}` is a {other}, which is not known here").into()),
    }
    .into())
}

/// The settings of a module as values.
struct Settings {
    values: BTreeMap<String, FxValue>,
    inplace: bool,
}

impl Settings {
    fn new(module: &FxModule) -> Result<Self> {
        let literal = |arg: &FxArg| arg.value(&mut |n| Err(Error::new(format!("a setting refers to the node `{n}`"))));
        let values =
            module.settings.iter().map(|(key, arg)| Ok((key.clone(), literal(arg)?))).collect::<Result<_>>()?;
        Ok(Self { values, inplace: module.settings.get("inplace") == Some(&FxArg::Bool(true)) })
    }

    fn has(&self, key: &str) -> bool {
        !matches!(self.values.get(key), None | Some(FxValue::None))
    }

    fn float(&self, key: &str, otherwise: f64) -> f64 {
        self.values.get(key).and_then(number).unwrap_or(otherwise)
    }

    fn pair(&self, key: &str, otherwise: i64) -> Result<[usize; 2]> {
        conv::pair(&Operands { name: key, args: &[], kwargs: &self.values }, 0, key, otherwise)
    }
}
