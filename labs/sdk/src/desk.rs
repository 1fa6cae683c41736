//! A desk: the functions of an answer and the objects that their calls share. The child process has one, and so has each
//! table of our own functions.

use crate::built_in::{BUILT_IN, BuiltIn};
use crate::lend::{Args, Room, Waiting};
use crate::serve::{Function, Outcome, caught};
use crate::{Result, Value};
use std::any::Any;
use std::collections::BTreeMap;

/// The built-in call that clears the desk: nothing outlives a case.
pub const FORGET: &str = "forget";

/// Functions by name, and objects by number.
pub struct Desk<'t> {
    functions: &'t [(&'t str, Function)],
    objects: BTreeMap<u64, Box<dyn Any>>,
    made: u64,
}

impl<'t> Desk<'t> {
    /// A desk without objects.
    pub fn new(functions: &'t [(&'t str, Function)]) -> Self {
        Self { functions, objects: BTreeMap::new(), made: 0 }
    }

    /// Calls the function or the built-in called `name`.
    pub fn call(&mut self, name: &str, values: &[Value]) -> Outcome {
        if name == FORGET {
            (self.objects, self.made) = (BTreeMap::new(), 0);
            return Outcome::Value(Value::None);
        }
        let functions = self.functions;
        let function = |name: &str| functions.iter().find(|(known, _)| *known == name).map(|(_, function)| *function);
        let built_in = || BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, built_in)| built_in);
        match (function(name), built_in()) {
            (Some(function), _) => self.lend(values, |args| caught(|| function(args))),
            (None, Some(BuiltIn::Ask(ask))) => self.lend(values, |args| caught(|| outcome(ask(args)))),
            (None, Some(BuiltIn::Make(make))) => {
                let made = self.lend(values, make);
                self.put(made)
            }
            (None, Some(BuiltIn::Call(called, make))) => match function(called) {
                Some(function) => {
                    let made = self.lend(values, |args| make(args, function));
                    self.put(made)
                }
                None => Outcome::NotDone,
            },
            (None, None) => Outcome::NotDone,
        }
    }

    fn put(&mut self, made: Result<Box<dyn Any>>) -> Outcome {
        match made {
            Ok(object) => {
                self.made += 1;
                self.objects.insert(self.made, object);
                Outcome::Value(Value::Object(self.made))
            }
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }

    /// Takes the objects that `values` name from the desk for one call, and puts them back.
    fn lend<T>(&mut self, values: &[Value], call: impl FnOnce(&Args<'_>) -> T) -> T {
        let mut taken: Vec<Option<(u64, Box<dyn Any>)>> = values
            .iter()
            .map(|value| match value {
                Value::Object(number) => self.objects.remove(number).map(|object| (*number, object)),
                _ => None,
            })
            .collect();
        let result = {
            let lent = |taken: _| -> &mut (dyn Any + 'static) {
                let (_, object): &mut (u64, Box<dyn Any>) = taken;
                object.as_mut()
            };
            let rooms: Vec<Room> = values.iter().map(|_| Room::new()).collect();
            let objects: Vec<Waiting<'_>> = taken.iter_mut().map(|t| Waiting::new(t.as_mut().map(lent))).collect();
            call(&Args::new(values, &rooms, &objects))
        };
        self.objects.extend(taken.into_iter().flatten());
        result
    }
}

fn outcome(result: Result<Value>) -> Outcome {
    match result {
        Ok(value) => Outcome::Value(value),
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Desk, Function, Outcome};
    use crate::{DType, Device, IntoValue, Reply, Tensor, Value, Vjp, glue};

    /// Twice g for every input.
    fn vjp(a: &crate::Args<'_>) -> Outcome {
        glue(|| {
            let (ins, g): (&[Tensor], &Tensor) = (a.get(1)?, a.get(3)?);
            let twice = (g * 2.0)?;
            Ok(vec![Some(twice); ins.len()].reply())
        })
    }

    /// What the object says of node 1.
    fn asks(a: &crate::Args<'_>) -> Outcome {
        glue(|| Ok(a.get::<&Vjp>(0)?.call(1, &Tensor::ones(2, DType::F32, &Device::Cpu)?)?.reply()))
    }

    #[test]
    fn an_object_calls_a_function_of_the_answer() {
        let leaf = Value::Json(serde_json::json!({"ins": [], "shape": [2], "requires_grad": true}));
        let made = Value::Json(serde_json::json!({"ins": [0], "shape": [2], "requires_grad": true}));
        let x = Tensor::new(&[1.0_f32, -1.0], &Device::Cpu).expect("a vector");
        let args = [
            Value::List(vec![leaf, made]),
            Value::List(vec![Value::Json(serde_json::json!({"op": "relu"}))]),
            vec![x.clone(), x].into_value(),
        ];
        let functions: [(&str, Function); 2] = [("vjp", vjp), ("asks", asks)];
        let mut desk = Desk::new(&functions);
        let Outcome::Value(object) = desk.call("Vjp.yours", &args) else { panic!("no object") };
        let Outcome::Value(Value::List(grads)) = desk.call("asks", &[object]) else { panic!("no gradients") };
        let Value::Tensor(g) = &grads[0] else { panic!("no tensor") };
        assert_eq!(g.to_vec1::<f32>().expect("a vector"), [2.0, 2.0]);
        assert!(matches!(Desk::new(&functions[1..]).call("Vjp.yours", &args), Outcome::NotDone));
    }
}
