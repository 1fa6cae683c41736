//! Global memory: buffers that the host fills, programs read and write by tile, and the host reads back. How a program
//! reaches them is in `access.rs`.

use super::{Dtype, now};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

/// The first address that is handed out.
const FIRST_ADDRESS: u64 = 0x7E00_0000_0000;
/// Buffers begin at multiples of this (R2).
const ALIGNMENT: u64 = 256;

thread_local! {
    static NEXT_ADDRESS: Cell<u64> = const { Cell::new(FIRST_ADDRESS) };
}

/// A buffer in the memory of the device, or a view of one that begins at an offset. Clones share their elements, as
/// copies of a pointer do.
#[derive(Clone)]
pub struct Ptr {
    pub(super) buffer: Rc<Buffer>,
    /// The first element, and how many there are.
    pub(super) start: usize,
    pub(super) len: usize,
}

/// A buffer, whatever it holds.
pub struct Buffer {
    pub name: String,
    pub base: u64,
    pub dtype: Dtype,
    /// Elements that have no value yet; empty where all were made with one.
    pub unset: RefCell<Vec<bool>>,
    /// An i32 by its bits, all others by those of the float with their value.
    pub bits: RefCell<Vec<u32>>,
    pub seen: RefCell<Seen>,
}

/// What the launch of this number has touched.
#[derive(Default)]
pub struct Seen {
    pub launch: u64,
    /// A bit for each sector.
    sectors: Vec<u64>,
    /// Who stored each element last; empty before the first store.
    pub marks: Vec<Mark>,
}

/// Who stored an element last.
#[derive(Clone, Copy, Default)]
pub struct Mark {
    /// The program's number plus 1; 0 is nobody.
    pub program: u32,
    /// The number of the store; 0 is an atomic.
    pub store: u32,
}

impl Ptr {
    /// A buffer that holds these elements, rounded to `dtype`. Faults call it by `name`.
    pub fn new(name: &str, dtype: Dtype, data: impl AsRef<[f32]>) -> Self {
        let bits = data.as_ref().iter().map(|&x| dtype.bits(x)).collect();
        Self::with(name, dtype, bits, Vec::new())
    }

    /// A buffer of f32.
    pub fn f32(name: &str, data: impl AsRef<[f32]>) -> Self {
        Self::new(name, Dtype::F32, data)
    }

    /// A buffer of i32.
    pub fn i32(name: &str, data: impl AsRef<[i32]>) -> Self {
        Self::with(name, Dtype::I32, data.as_ref().iter().map(|x| x.cast_unsigned()).collect(), Vec::new())
    }

    /// A buffer in which no element has a value yet: all are poison, and reading one is a fault.
    pub fn poisoned(name: &str, dtype: Dtype, len: usize) -> Self {
        Self::with(name, dtype, vec![dtype.poison(); len], vec![true; len])
    }

    fn with(name: &str, dtype: Dtype, bits: Vec<u32>, unset: Vec<bool>) -> Self {
        let (len, size) = (bits.len(), (bits.len() * dtype.bytes()) as u64);
        assert!(size < 1 << 31, "a simulated buffer holds less than 2 GiB, and `{name}` has {size} bytes");
        let base = NEXT_ADDRESS.with(|next| next.replace((next.get() + size + ALIGNMENT).next_multiple_of(ALIGNMENT)));
        let (bits, unset, seen) = (RefCell::new(bits), RefCell::new(unset), RefCell::default());
        Self { buffer: Rc::new(Buffer { name: name.to_owned(), base, dtype, unset, bits, seen }), start: 0, len }
    }

    /// Elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What an element is.
    pub fn dtype(&self) -> Dtype {
        self.buffer.dtype
    }

    /// The same buffer from element `n` on, as `pointer + n`. Its addresses may not divide by 32 any more.
    pub fn offset(&self, n: usize) -> Self {
        self.part(n, self.len)
    }

    /// `len` elements from element `first` on, or as many as there are: what lies behind them is out of bounds.
    pub fn part(&self, first: usize, len: usize) -> Self {
        let first = first.min(self.len);
        Self { buffer: Rc::clone(&self.buffer), start: self.start + first, len: len.min(self.len - first) }
    }

    /// The elements as floats, for the host. A kernel reads with [`Prog::load`](super::Prog::load), where it is
    /// counted.
    ///
    /// # Panics
    /// During a launch.
    pub fn to_vec(&self) -> Vec<f32> {
        self.elements(|bits| self.dtype().float(bits))
    }

    /// The elements as integers, for the host: all 32 bits of an i32.
    ///
    /// # Panics
    /// During a launch.
    pub fn to_ints(&self) -> Vec<i64> {
        self.elements(|bits| self.dtype().int(bits))
    }

    fn elements<E>(&self, of: impl Fn(u32) -> E) -> Vec<E> {
        let name = &self.buffer.name;
        assert!(now::machine().is_none(), "`{name}` lies on the device: a kernel reads it with p.load(&{name}, ..)");
        self.buffer.bits.borrow()[self.start..self.start + self.len].iter().map(|&bits| of(bits)).collect()
    }

    /// Device address of an element, also of one that is not there.
    pub(super) fn address(&self, index: i64) -> u64 {
        let bytes = (self.start as i64).wrapping_add(index).wrapping_mul(self.dtype().bytes() as i64);
        self.buffer.base.wrapping_add_signed(bytes)
    }

    /// The first and the last sector of `len` elements from `index` on.
    #[inline]
    pub(super) fn sectors(&self, index: usize, len: usize) -> (usize, usize) {
        let bytes = self.dtype().bytes();
        let first = (self.start + index) * bytes;
        (first >> 5, (first + len * bytes - 1) >> 5)
    }

    /// The line of the device's memory that a sector of this buffer lies in.
    pub(super) fn line(&self, sector: usize, bytes: u64) -> u64 {
        (self.buffer.base + 32 * sector as u64) / bytes
    }
}

impl Buffer {
    /// What this launch has touched of the buffer; forgets what an earlier one has.
    pub fn seen_by(&self, launch: u64) -> std::cell::RefMut<'_, Seen> {
        let mut seen = self.seen.borrow_mut();
        if seen.launch != launch {
            *seen = Seen { launch, ..Seen::default() };
        }
        seen
    }
}

impl Seen {
    /// Sectors from `first` to `last` that are seen for the first time.
    pub fn new_sectors(&mut self, first: usize, last: usize) -> u64 {
        let words = last / 64 + 1;
        if self.sectors.len() < words {
            self.sectors.resize(words.next_power_of_two(), 0);
        }
        let mut new = 0;
        for sector in first..=last {
            let (word, bit) = (&mut self.sectors[sector / 64], 1 << (sector % 64));
            new += u64::from(*word & bit == 0);
            *word |= bit;
        }
        new
    }
}

impl fmt::Debug for Ptr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] of {}", self.buffer.name, self.len, self.buffer.dtype)
    }
}
