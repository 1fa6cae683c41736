//! Global memory: buffers that the host fills, kernels read and write by element, and the host reads back. How a warp
//! reaches them is in `access.rs`.

use super::history::Mark;
use super::{Element, Half, now};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

/// The first address that is handed out.
const FIRST_ADDRESS: u64 = 0x7F00_0000_0000;
/// Buffers begin at multiples of this (R2).
const ALIGNMENT: u64 = 256;

thread_local! {
    static NEXT_ADDRESS: Cell<u64> = const { Cell::new(FIRST_ADDRESS) };
}

/// A buffer in the memory of the device, or a view of one that begins at an offset. Clones share their elements, as
/// copies of a pointer do.
#[derive(Clone)]
pub struct G<T> {
    pub(super) view: View,
    of: PhantomData<T>,
}

/// A buffer, whatever it holds.
pub struct Buffer {
    pub name: String,
    base: u64,
    /// Bytes of an element, as the buffer was made.
    pub bytes: u32,
    /// Made without values: an element that still is poison has none.
    pub blank: bool,
    pub words: RefCell<Vec<u32>>,
    pub stores: RefCell<Stores>,
}

/// Who stored each element last in the launch of this number; empty before the first store.
#[derive(Default)]
pub struct Stores {
    pub launch: u64,
    pub marks: Vec<Mark>,
}

/// Elements of a buffer from a byte on.
#[derive(Clone)]
pub struct View {
    pub buffer: Rc<Buffer>,
    start: u32,
    pub len: u32,
    pub bytes: u32,
    pub poison: u32,
}

impl<T: Element> G<T> {
    /// A buffer that holds these elements. Faults call it by `name`.
    pub fn new(name: &str, data: impl AsRef<[T]>) -> Self {
        let data = data.as_ref();
        let words = if T::BYTES == 4 {
            data.iter().map(|x| x.bits()).collect()
        } else {
            data.chunks(2).map(|pair| pair.iter().rev().fold(0, |word, x| word << 16 | x.bits())).collect()
        };
        Self::with(name, words, data.len(), false)
    }

    /// A buffer in which no element has a value yet: all are poison, and reading one is a fault.
    pub fn poisoned(name: &str, len: usize) -> Self {
        let (of_word, word) = if T::BYTES == 4 { (1, T::POISON) } else { (2, T::POISON << 16 | T::POISON) };
        Self::with(name, vec![word; len.div_ceil(of_word)], len, true)
    }

    fn with(name: &str, words: Vec<u32>, len: usize, blank: bool) -> Self {
        let size = words.len() as u64 * 4;
        assert!(size < 1 << 31, "a simulated buffer holds less than 2 GiB, and `{name}` has {size} bytes");
        let base = NEXT_ADDRESS.with(|next| next.replace((next.get() + size + ALIGNMENT).next_multiple_of(ALIGNMENT)));
        let words = RefCell::new(words);
        let buffer = Buffer { name: name.to_owned(), base, bytes: T::BYTES, blank, words, stores: RefCell::default() };
        let view = View { buffer: Rc::new(buffer), start: 0, len: len as u32, bytes: T::BYTES, poison: T::POISON };
        Self { view, of: PhantomData }
    }

    /// Elements.
    pub fn len(&self) -> usize {
        self.view.len as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.view.len == 0
    }

    /// The same buffer from element `n` on, as `pointer + n`. Its addresses may not divide by 32 any more.
    pub fn offset(&self, n: usize) -> Self {
        let n = n.min(self.len()) as u32;
        let view = View { start: self.view.start + n * T::BYTES, len: self.view.len - n, ..self.view.clone() };
        Self { view, of: PhantomData }
    }

    /// The elements, for the host. A kernel reads with [`Warp::ld`](super::Warp::ld), where it is counted.
    ///
    /// # Panics
    /// During a launch.
    pub fn to_vec(&self) -> Vec<T> {
        let name = &self.view.buffer.name;
        assert!(now::machine().is_none(), "`{name}` lies on the device: a kernel reads it with w.ld(&{name}, i)");
        let words = self.view.buffer.words.borrow();
        (0..self.view.len).map(|i| T::of(get(&words, self.view.offset(i), T::BYTES))).collect()
    }
}

impl<T: Half> G<T> {
    /// The same halves, two at a time: element i is halves 2i and 2i + 1, one 32-bit access.
    pub fn pairs(&self) -> G<[T; 2]> {
        let view = View { len: self.view.len / 2, bytes: 4, poison: <[T; 2]>::POISON, ..self.view.clone() };
        G { view, of: PhantomData }
    }
}

impl<T> fmt::Debug for G<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.view.buffer.name, self.view.len)
    }
}

impl View {
    /// Byte offset of an element in its buffer. The buffer begins at a multiple of 256.
    #[inline]
    pub fn offset(&self, index: u32) -> u32 {
        self.start.wrapping_add(index.wrapping_mul(self.bytes))
    }

    /// Device address of an element, also of one beyond the end.
    pub fn address(&self, index: u32) -> u64 {
        self.buffer.base + u64::from(self.start) + u64::from(index) * u64::from(self.bytes)
    }

    /// The element's number in the whole buffer, as faults name it.
    pub fn number(&self, index: u32) -> u64 {
        u64::from(self.start / self.bytes) + u64::from(index)
    }
}

/// The element at a byte offset.
#[inline]
pub fn get(words: &[u32], offset: u32, bytes: u32) -> u32 {
    let word = words[(offset / 4) as usize];
    if bytes == 4 { word } else { word >> (offset % 4 * 8) & 0xFFFF }
}

/// Writes the element at a byte offset; true if it was another.
#[inline]
pub fn put(words: &mut [u32], offset: u32, bytes: u32, value: u32) -> bool {
    let word = &mut words[(offset / 4) as usize];
    let new = match (bytes, offset % 4) {
        (4, _) => value,
        (_, 0) => *word & 0xFFFF_0000 | value,
        _ => *word & 0xFFFF | value << 16,
    };
    std::mem::replace(word, new) != new
}
