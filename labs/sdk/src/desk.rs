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
        let function = self.functions.iter().find(|(known, _)| *known == name).map(|(_, function)| *function);
        let built_in = || BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, built_in)| built_in);
        match (function, built_in()) {
            (Some(function), _) => self.lend(values, |args| caught(|| function(args))),
            (None, Some(BuiltIn::Ask(ask))) => self.lend(values, |args| caught(|| outcome(ask(args)))),
            (None, Some(BuiltIn::Make(make))) => match self.lend(values, make) {
                Ok(object) => self.put(object),
                Err(error) => Outcome::Refused(error.to_string()),
            },
            (None, None) => Outcome::NotDone,
        }
    }

    fn put(&mut self, object: Box<dyn Any>) -> Outcome {
        self.made += 1;
        self.objects.insert(self.made, object);
        Outcome::Value(Value::Object(self.made))
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
