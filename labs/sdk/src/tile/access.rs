//! How a program reads and writes global memory, and what that costs. What may be wrong with it is in `order.rs`.

use super::now::At;
use super::shape::{Shape, stretch};
use super::{B, Dtype, I, Prog, Ptr, T, now};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::panic::Location;

/// What the elements of one access have in common.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    pub at: At,
    pub p: &'a Ptr,
    pub shape: Shape,
    pub does: Does,
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Does {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An atomic.
    Add,
}

impl Does {
    /// As sentences say it.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Add => "adds to",
        }
    }
}

/// Elements of a tile side by side that are side by side in the buffer too.
#[derive(Clone, Copy)]
pub struct Run {
    /// In the tile.
    pub element: usize,
    /// In the buffer's view.
    pub index: usize,
    pub len: usize,
}

/// What a store writes: a tile of floats or of integers.
pub trait Values: sealed::Sealed {}
impl Values for T {}
impl Values for I {}

mod sealed {
    use super::{Dtype, Shape};

    pub trait Sealed {
        fn shape_of(&self) -> Shape;
        /// What a buffer of this type keeps of the elements.
        fn bits(&self, dtype: Dtype) -> Vec<u32>;
    }
}

impl sealed::Sealed for T {
    fn shape_of(&self) -> Shape {
        self.shape
    }
    fn bits(&self, dtype: Dtype) -> Vec<u32> {
        match dtype {
            Dtype::F32 => self.data.values.iter().map(|x| x.to_bits()).collect(),
            _ => self.data.values.iter().map(|&x| dtype.bits(x)).collect(),
        }
    }
}

impl sealed::Sealed for I {
    fn shape_of(&self) -> Shape {
        self.shape
    }
    fn bits(&self, dtype: Dtype) -> Vec<u32> {
        self.data.values.iter().map(|&x| dtype.bits_of_int(x)).collect()
    }
}

impl Prog {
    /// Reads `p[offs]`; where the mask is off nothing is read, and the element is `other`. The tile has the type of the
    /// buffer. Beyond the end an element reads poison: NaN, or an odd number of an integer type.
    #[track_caller]
    pub fn load<'a>(&self, p: &Ptr, offs: &I, mask: impl Into<Option<&'a B>>, other: f32) -> T {
        self.load_floats(p, offs, mask.into(), other, Location::caller())
    }

    /// Reads `p[offs]` of a buffer of integers, as integers: indices to load by.
    #[track_caller]
    pub fn load_int<'a>(&self, p: &Ptr, offs: &I, mask: impl Into<Option<&'a B>>, other: i64) -> I {
        self.load_ints(p, offs, mask.into(), other, Location::caller())
    }

    /// Writes `p[offs] = v`, converted to the type of the buffer: a float to nearest even, an integer towards zero.
    /// Where the mask is off, and beyond the end, nothing is written.
    #[track_caller]
    pub fn store<'a>(&self, p: &Ptr, offs: &I, v: &impl Values, mask: impl Into<Option<&'a B>>) {
        let bits = v.bits(p.dtype());
        self.store_bits(p, offs, v.shape_of(), &bits, mask.into(), Location::caller());
    }

    /// Adds `v` to `p[offs]`, element after element, each sum rounded to the type of the buffer, and returns what was
    /// there before; where the mask is off, 0. Every element is an operation of its own (`Counters::atomics`), and
    /// reads and writes its bytes.
    #[track_caller]
    pub fn atomic_add<'a>(&self, p: &Ptr, offs: &I, v: &T, mask: impl Into<Option<&'a B>>) -> T {
        self.add(p, offs, v, mask.into(), Location::caller())
    }

    fn load_floats(&self, p: &Ptr, offs: &I, mask: Option<&B>, other: f32, at: At) -> T {
        let dtype = p.dtype();
        let mut values = vec![dtype.round(other); offs.shape.elements()];
        let access = Access { at, p, shape: offs.shape, does: Does::Read };
        let runs = self.reach(access, &offs.data.values, mask, |element| {
            values[element] = dtype.float(dtype.poison());
        });
        self.check_loads(&runs, access);
        let bits = p.buffer.bits.borrow();
        for run in &runs {
            let from = &bits[p.start + run.index..][..run.len];
            let into = values[run.element..][..run.len].iter_mut();
            match dtype {
                Dtype::I32 => into.zip(from).for_each(|(x, &bits)| *x = dtype.float(bits)),
                _ => into.zip(from).for_each(|(x, &bits)| *x = f32::from_bits(bits)),
            }
        }
        drop(bits);
        self.count_load(&runs, access);
        T::exact(offs.shape, dtype, values, at)
    }

    fn load_ints(&self, p: &Ptr, offs: &I, mask: Option<&B>, other: i64, at: At) -> I {
        let dtype = p.dtype();
        if dtype.is_float() {
            now::refuse(super::FaultKind::Dtype, at, |program| {
                format!("{program} loads integers from {}, which holds {dtype}", p.buffer.name)
            });
        }
        let mut values = vec![dtype.int(dtype.bits_of_int(other)); offs.shape.elements()];
        let access = Access { at, p, shape: offs.shape, does: Does::Read };
        let runs = self.reach(access, &offs.data.values, mask, |element| {
            values[element] = dtype.int(dtype.poison());
        });
        self.check_loads(&runs, access);
        let bits = p.buffer.bits.borrow();
        for run in &runs {
            for (k, x) in values[run.element..][..run.len].iter_mut().enumerate() {
                *x = dtype.int(bits[p.start + run.index + k]);
            }
        }
        drop(bits);
        self.count_load(&runs, access);
        I::loaded(offs.shape, values, dtype.bytes(), at)
    }

    fn store_bits(&self, p: &Ptr, offs: &I, shape: Shape, bits: &[u32], mask: Option<&B>, at: At) {
        let bits = stretch(shape, bits, offs.shape, "tile", at);
        let access = Access { at, p, shape: offs.shape, does: Does::Write };
        let runs = self.reach(access, &offs.data.values, mask, |_| ());
        self.write(&runs, &bits, access);
        let (bytes, sectors) = self.moved(&runs, access);
        let mut counters = self.machine.counters.borrow_mut();
        counters.stores += 1;
        counters.st_bytes += bytes;
        counters.st_sectors += sectors;
    }

    fn add(&self, p: &Ptr, offs: &I, v: &T, mask: Option<&B>, at: At) -> T {
        let dtype = p.dtype();
        let v = stretch(v.shape, &v.data.values, offs.shape, "tile", at);
        let mut old = vec![0.0; offs.shape.elements()];
        let access = Access { at, p, shape: offs.shape, does: Does::Add };
        let runs = self.reach(access, &offs.data.values, mask, |element| {
            old[element] = dtype.float(dtype.poison());
        });
        self.machine.atomic.set(true);
        self.check_atomics(&runs, access);
        let mut words = p.buffer.bits.borrow_mut();
        for run in &runs {
            for k in 0..run.len {
                let (word, v) = (&mut words[p.start + run.index + k], v[run.element + k]);
                old[run.element + k] = dtype.float(*word);
                *word = match dtype {
                    Dtype::I32 => word.wrapping_add(dtype.bits(v)),
                    Dtype::I8 => dtype.bits_of_int(dtype.int(*word) + dtype.round(v) as i64),
                    _ => dtype.bits(f32::from_bits(*word) + dtype.round(v)),
                };
            }
        }
        drop(words);
        let (bytes, sectors) = self.moved(&runs, access);
        let mut counters = self.machine.counters.borrow_mut();
        counters.atomics += bytes / dtype.bytes() as u64;
        counters.ld_bytes += bytes;
        counters.ld_sectors += sectors;
        counters.st_bytes += bytes;
        counters.st_sectors += sectors;
        drop(counters);
        T::exact(offs.shape, dtype, old, at)
    }

    /// The elements that touch the buffer, as runs. `missed` is told of those that lie beyond it.
    fn reach(&self, access: Access<'_>, offs: &[i64], mask: Option<&B>, mut missed: impl FnMut(usize)) -> Vec<Run> {
        self.machine.work(offs.len(), access.at);
        let mask: Option<Cow<'_, [bool]>> =
            mask.map(|mask| stretch(mask.shape, &mask.bits, access.shape, "mask", access.at));
        let mask = mask.as_deref();
        let mut runs = Vec::new();
        let mut run = Run { element: 0, index: 0, len: 0 };
        for (element, &index) in offs.iter().enumerate() {
            if mask.is_some_and(|mask| !mask[element]) {
                continue;
            }
            let at = index as usize;
            if index < 0 || at >= access.p.len {
                missed(element);
                self.beyond(index, element, access);
            } else if element == run.element + run.len && at == run.index + run.len {
                run.len += 1;
            } else {
                runs.push(run);
                run = Run { element, index: at, len: 1 };
            }
        }
        runs.push(run);
        runs.retain(|run| run.len > 0);
        runs
    }

    fn count_load(&self, runs: &[Run], access: Access<'_>) {
        let (bytes, sectors) = self.moved(runs, access);
        let mut counters = self.machine.counters.borrow_mut();
        counters.loads += 1;
        counters.ld_bytes += bytes;
        counters.ld_sectors += sectors;
    }

    /// Bytes and sectors of an access (R1 over all its elements); tells the cache of its lines, in the order of
    /// addresses, and the trace of it.
    fn moved(&self, runs: &[Run], access: Access<'_>) -> (u64, u64) {
        let p = access.p;
        let elements: usize = runs.iter().map(|run| run.len).sum();
        let spans = spans(runs.iter().map(|run| p.sectors(run.index, run.len)));
        let mut seen = p.buffer.seen_by(self.machine.serial);
        let mut counters = self.machine.counters.borrow_mut();
        let mut sectors = 0;
        for &(first, last) in &spans {
            sectors += (last - first + 1) as u64;
            counters.unique_sectors += seen.new_sectors(first, last);
        }
        if let (Some(l2), Some(cache)) = (self.machine.cfg.l2, &mut *self.machine.l2.borrow_mut()) {
            let mut before = None;
            for &(first, last) in &spans {
                for line in p.line(first, l2.line)..=p.line(last, l2.line) {
                    // What is written need not be fetched.
                    if before.replace(line) != Some(line) && !cache.touch(line) && access.does != Does::Write {
                        counters.l2_misses += 1;
                    }
                }
            }
        }
        drop((seen, counters));
        if self.machine.cfg.trace {
            self.machine.trace.borrow_mut().touch(self.pid, runs, access);
        }
        ((elements * p.dtype().bytes()) as u64, sectors)
    }
}

/// Sectors from first to last without those that are named twice, in order.
fn spans(each: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut sorted = true;
    for (first, last) in each {
        match spans.last_mut() {
            Some(span) if first >= span.0 && first <= span.1 + 1 => span.1 = span.1.max(last),
            span => {
                sorted &= span.is_none_or(|span| first > span.1);
                spans.push((first, last));
            }
        }
    }
    if !sorted {
        spans.sort_unstable();
        spans = joined(spans);
    }
    spans
}

/// Sorted spans, those that touch or overlap made one.
fn joined(sorted: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::with_capacity(sorted.len());
    for (first, last) in sorted {
        match spans.last_mut() {
            Some(span) if first <= span.1 + 1 => span.1 = span.1.max(last),
            _ => spans.push((first, last)),
        }
    }
    spans
}
