//! Small tile programs, drawn from a seed.

use super::noise;
use serde_json::{Value, json};

/// What is known of a value when the program is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ints,
    Floats,
    Mask,
    None,
}

struct Draw {
    numbers: std::vec::IntoIter<f32>,
    code: Vec<Value>,
    known: Vec<(Kind, Vec<usize>)>,
}

/// A program: mostly right, with offsets that may lie outside, shapes that may not fit and axes that may not be there.
pub fn program(seed: u64) -> Value {
    let mut d = Draw { numbers: noise(4000, seed).into_iter(), code: Vec::new(), known: Vec::new() };
    let names = ["f32", "f16", "bf16", "i8", "i32"];
    let buffers: Vec<Value> = (0..3)
        .map(|number| {
            // The first holds indices.
            let (len, offset) = (16 + d.below(300), d.below(9) * usize::from(number > 0));
            let dtype = if number == 0 { "i32" } else { names[d.below(5)] };
            let scale = if dtype.starts_with('i') { 40.0 } else { 4.0 };
            let data: Vec<f32> = (0..len).map(|_| (d.next() * scale * 16.0).round() / 16.0).collect();
            let data = if number == 2 && d.below(2) == 0 { Value::Null } else { json!(data) };
            json!({"dtype": dtype, "len": len, "offset": offset, "data": data})
        })
        .collect();
    d.op(Kind::Ints, vec![], json!(["pid", 0]));
    d.op(Kind::Ints, vec![16], json!(["arange", 16]));
    d.op(Kind::Floats, vec![16], json!(["full", [16], 1.5]));
    for _ in 0..12 + d.below(30) {
        d.draw();
    }
    let grid = [1 + d.below(3), 1 + d.below(2), 1];
    json!({"grid": grid, "l2": 128 * d.below(9), "buffers": buffers, "code": d.code})
}

impl Draw {
    fn next(&mut self) -> f32 {
        self.numbers.next().unwrap_or(0.5)
    }

    fn below(&mut self, n: usize) -> usize {
        (((self.next() + 1.0) / 2.0 * n as f32) as usize).min(n - 1)
    }

    fn one_of<'a>(&mut self, names: &[&'a str]) -> &'a str {
        names[self.below(names.len())]
    }

    fn op(&mut self, kind: Kind, shape: Vec<usize>, op: Value) -> usize {
        self.code.push(op);
        self.known.push((kind, shape));
        self.known.len() - 1
    }

    /// A value of this kind, where there is one: a late one rather than an early one.
    fn pick(&mut self, kind: Kind) -> Option<usize> {
        let all: Vec<usize> = (0..self.known.len()).filter(|&at| self.known[at].0 == kind).collect();
        if all.is_empty() {
            return None;
        }
        let late = self.below(all.len()).max(self.below(all.len()));
        Some(all[late])
    }

    /// A value that broadcasts with `a`; now and then any.
    fn partner(&mut self, kind: Kind, a: usize) -> Option<usize> {
        let any = self.below(40) == 0;
        for _ in 0..20 {
            let b = self.pick(kind)?;
            if any || joined(&self.known[a].1, &self.known[b].1).is_some() {
                return Some(b);
            }
        }
        None
    }

    fn draw(&mut self) {
        if self.try_draw().is_none() {
            let n = [1, 2, 4, 8, 16, 32][self.below(6)];
            self.op(Kind::Ints, vec![n], json!(["arange", n]));
        }
    }

    fn try_draw(&mut self) -> Option<()> {
        let v = |at: usize| json!({"v": at});
        let choice = self.below(20);
        match choice {
            0 | 1 => {
                let (a, name) =
                    (self.pick(Kind::Ints)?, self.one_of(&["add", "sub", "mul", "idiv", "irem", "max", "min"]));
                let shape = self.known[a].1.clone();
                if self.below(2) == 0 {
                    let number = self.below(9) + usize::from(self.below(5) > 0);
                    self.op(Kind::Ints, shape, json!([name, v(a), number]));
                } else {
                    let b = self.partner(Kind::Ints, a)?;
                    let shape = joined(&shape, &self.known[b].1).unwrap_or_default();
                    self.op(Kind::Ints, shape, json!([name, v(a), v(b)]));
                }
            }
            2 | 3 => {
                let kind = [Kind::Ints, Kind::Floats][self.below(2)];
                let a = self.pick(kind)?;
                let name = self.one_of(&["lt", "ge", "le", "gt", "eq", "ne"]);
                let b = self.partner(kind, a)?;
                let shape = joined(&self.known[a].1, &self.known[b].1).unwrap_or_default();
                self.op(Kind::Mask, shape, json!([name, v(a), v(b)]));
            }
            4 => {
                let (a, name) = (self.pick(Kind::Mask)?, self.one_of(&["and", "or", "xor", "not"]));
                let shape = self.known[a].1.clone();
                if name == "not" {
                    self.op(Kind::Mask, shape, json!([name, v(a)]));
                } else {
                    let b = self.partner(Kind::Mask, a)?;
                    let shape = joined(&shape, &self.known[b].1).unwrap_or_default();
                    self.op(Kind::Mask, shape, json!([name, v(a), v(b)]));
                }
            }
            5 => {
                let kind = [Kind::Ints, Kind::Floats, Kind::Mask][self.below(3)];
                let a = self.pick(kind)?;
                let shape = self.known[a].1.clone();
                let name = self.one_of(&["col", "row"]);
                if shape.len() != 1 && self.below(30) > 0 {
                    return None;
                }
                let n = shape.first().copied().unwrap_or(1);
                self.op(kind, if name == "col" { vec![n, 1] } else { vec![1, n] }, json!([name, v(a)]));
            }
            6..=8 => {
                let (offs, number) = (self.pick(Kind::Ints)?, 1 + self.below(2));
                let shape = self.known[offs].1.clone();
                let mask = self.mask_for(offs);
                self.op(Kind::Floats, shape, json!(["load", number, v(offs), mask, 0.75]));
            }
            9 => {
                let offs = self.pick(Kind::Ints)?;
                let shape = self.known[offs].1.clone();
                let mask = self.mask_for(offs);
                self.op(Kind::Ints, shape, json!(["load_int", 0, v(offs), mask, 3]));
            }
            10 | 11 => {
                let offs = self.pick(Kind::Ints)?;
                let kind = [Kind::Ints, Kind::Floats][self.below(2)];
                let (value, mask) = (self.partner(kind, offs)?, self.mask_for(offs));
                let number = 1 + self.below(2);
                self.op(Kind::None, vec![], json!(["store", number, v(offs), v(value), mask]));
            }
            12 => {
                let offs = self.pick(Kind::Ints)?;
                let (value, mask) = (self.partner(Kind::Floats, offs)?, self.mask_for(offs));
                let shape = self.known[offs].1.clone();
                let number = 1 + self.below(2);
                self.op(Kind::Floats, shape, json!(["atomic_add", number, v(offs), v(value), mask]));
            }
            13 | 14 => {
                let (a, name) = (self.pick(Kind::Floats)?, self.one_of(&["add", "sub", "mul", "div", "max", "min"]));
                let shape = self.known[a].1.clone();
                if self.below(3) == 0 {
                    let number = (self.next() * 64.0).round() / 16.0;
                    self.op(Kind::Floats, shape, json!([name, v(a), number]));
                } else {
                    let b = self.partner(Kind::Floats, a)?;
                    let shape = joined(&shape, &self.known[b].1).unwrap_or_default();
                    self.op(Kind::Floats, shape, json!([name, v(a), v(b)]));
                }
            }
            15 => {
                let a = self.pick(Kind::Floats)?;
                let shape = self.known[a].1.clone();
                let name = self.one_of(&["exp", "log", "sqrt", "rsqrt", "tanh", "erf", "abs", "neg"]);
                // Most functions are of f32; now and then of what there is.
                let wide = self.below(20) > 0 && !matches!(name, "abs" | "neg");
                let a = if wide { self.op(Kind::Floats, shape.clone(), json!(["to", v(a), "f32"])) } else { a };
                self.op(Kind::Floats, shape, json!([name, v(a)]));
            }
            16 => {
                let a = self.pick(Kind::Floats)?;
                let shape = self.known[a].1.clone();
                if self.below(2) == 0 {
                    let dtype = self.one_of(&["f16", "bf16", "f32"]);
                    self.op(Kind::Floats, shape, json!(["to", v(a), dtype]));
                } else if shape.len() == 2 {
                    self.op(Kind::Floats, vec![shape[1], shape[0]], json!(["t", v(a)]));
                } else {
                    let ints = self.pick(Kind::Ints)?;
                    let shape = self.known[ints].1.clone();
                    self.op(Kind::Floats, shape, json!(["float", v(ints)]));
                }
            }
            17 => {
                let a = self.pick(Kind::Floats)?;
                let mut shape = self.known[a].1.clone();
                let axis = self.below(shape.len().max(1));
                let axis = if self.below(40) == 0 { 2 } else { axis };
                if axis < shape.len() {
                    shape.remove(axis);
                }
                let name = self.one_of(&["sum", "max_red", "min_red"]);
                self.op(Kind::Floats, shape, json!([name, v(a), axis]));
            }
            18 => {
                let mask = self.pick(Kind::Mask)?;
                let kind = [Kind::Ints, Kind::Floats][self.below(2)];
                let a = self.partner(kind, mask)?;
                let both = joined(&self.known[mask].1, &self.known[a].1).unwrap_or_default();
                let b = (0..20).find_map(|_| self.pick(kind).filter(|&b| joined(&both, &self.known[b].1).is_some()))?;
                let shape = joined(&both, &self.known[b].1)?;
                self.op(kind, shape, json!(["where", v(mask), v(a), v(b)]));
            }
            _ => return self.product(),
        }
        if self.below(6) == 0 {
            let at = self.pick(Kind::Floats)?;
            self.known[at].0 = Kind::None;
            self.op(Kind::None, vec![], json!(["drop", v(at)]));
        }
        Some(())
    }

    fn mask_for(&mut self, offs: usize) -> Value {
        let fits = |d: &Self, at: usize| joined(&d.known[offs].1, &d.known[at].1).as_ref() == Some(&d.known[offs].1);
        let mask = self.pick(Kind::Mask).filter(|&at| fits(self, at) || self.below(30) == 0);
        mask.map_or(Value::Null, |at| json!({"v": at}))
    }

    /// (m, k) by (k, n), of one type, into an accumulator or none.
    fn product(&mut self) -> Option<()> {
        let v = |at: usize| json!({"v": at});
        let a = (0..20).find_map(|_| self.pick(Kind::Floats).filter(|&a| self.known[a].1.len() == 2))?;
        let b = (0..20).find_map(|_| {
            self.pick(Kind::Floats).filter(|&b| self.known[b].1.len() == 2 && self.known[b].1[0] == self.known[a].1[1])
        });
        let (shape, dtype) = (self.known[a].1.clone(), self.one_of(&["f16", "bf16", "f32"]));
        let (b, n) = match b {
            Some(b) => (b, self.known[b].1[1]),
            None => (self.op(Kind::Floats, vec![shape[1], shape[0]], json!(["t", v(a)])), shape[0]),
        };
        let left = self.op(Kind::Floats, shape.clone(), json!(["to", v(a), dtype]));
        let of_right = self.known[b].1.clone();
        let right = self.op(Kind::Floats, of_right, json!(["to", v(b), dtype]));
        let acc = if self.below(2) == 0 {
            v(self.op(Kind::Floats, vec![shape[0], n], json!(["full", [shape[0], n], 0.5])))
        } else {
            Value::Null
        };
        self.op(Kind::Floats, vec![shape[0], n], json!(["dot", v(left), v(right), acc]));
        Some(())
    }
}

/// The shape of both, where they broadcast to no more than 4096 elements.
fn joined(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let side = |shape: &[usize], at: usize| (at + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
    let sides: Option<Vec<usize>> = (0..rank)
        .map(|at| match (side(a, at), side(b, at)) {
            (1, n) | (n, 1) => Some(n),
            (m, n) => (m == n).then_some(m),
        })
        .collect();
    sides.filter(|sides| sides.iter().product::<usize>() <= 4096)
}
