//! What pictures of a run are drawn from: which program touched which part of which buffer, in order. Recorded only with
//! [`Cfg::trace`](super::Cfg).

use super::access::{Access, Does, Run};
use serde::{Deserialize, Serialize};

/// Accesses that are kept at most.
const KEPT: usize = 1 << 12;

/// The accesses of a launch. One that a mask switches off as a whole is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The buffers in the order in which they were first touched; [`Touch::buffer`] counts in them.
    pub buffers: Vec<Extent>,
    /// In the order in which they were done.
    pub accesses: Vec<Touch>,
    /// Whether there were more than are kept.
    pub cut: bool,
}

/// A buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Its name.
    pub name: String,
    /// Elements, also before and behind what a view shows.
    pub len: usize,
}

/// One load, store or atomic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The program.
    pub program: [usize; 3],
    /// In [`Trace::buffers`].
    pub buffer: usize,
    /// What it did.
    pub does: Does,
    /// Nothing where the elements form no rectangle: a gather, a triangle.
    pub part: Option<Part>,
}

/// A rectangle of a matrix that lies in a buffer row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its first element, in the whole buffer.
    pub first: usize,
    /// Its sides.
    pub rows: usize,
    /// Its sides.
    pub columns: usize,
    /// Elements from a row to the next, and so those of a row of the matrix; `columns` where there is one row.
    pub pitch: usize,
}

/// A trace that grows.
#[derive(Default)]
pub struct Recorder {
    trace: Trace,
    /// The address of each buffer, which tells it from others of its name.
    bases: Vec<u64>,
}

impl Recorder {
    pub fn touch(&mut self, program: [usize; 3], runs: &[Run], access: Access<'_>) {
        if runs.is_empty() {
            return;
        }
        if self.trace.accesses.len() == KEPT {
            self.trace.cut = true;
            return;
        }
        let (buffer, start) = (&access.p.buffer, access.p.start);
        let number = self.bases.iter().position(|base| *base == buffer.base).unwrap_or_else(|| {
            self.bases.push(buffer.base);
            self.trace.buffers.push(Extent { name: buffer.name.clone(), len: buffer.bits.borrow().len() });
            self.bases.len() - 1
        });
        let each = |run: &Run| {
            let (element, index) = (run.element, start + run.index);
            (0..run.len).map(move |k| (element + k, index + k))
        };
        let touched: Vec<(usize, usize)> = runs.iter().flat_map(each).collect();
        let part = Part::of(access.shape.sides[1], &touched);
        self.trace.accesses.push(Touch { program, buffer: number, does: access.does, part });
    }

    pub fn done(self) -> Trace {
        self.trace
    }
}

impl Part {
    /// The rectangle of these elements, each by its number in a tile of so many columns and in the buffer.
    fn of(columns: usize, touched: &[(usize, usize)]) -> Option<Self> {
        let (&(element, origin), &(last, _)) = (touched.first()?, touched.last()?);
        let (top, left) = (element / columns, element % columns);
        let high = last / columns - top + 1;
        let wide = (last % columns + 1).checked_sub(left)?;
        if high * wide != touched.len() {
            return None;
        }
        let from_origin = |at: usize| touched.get(at).map_or(0, |(_, index)| *index as i64 - origin as i64);
        let (down, right) = (if high > 1 { from_origin(wide) } else { 0 }, if wide > 1 { from_origin(1) } else { 0 });
        let fits = touched.iter().enumerate().all(|(at, &(element, index))| {
            let (row, column) = (at / wide, at % wide);
            element == (top + row) * columns + left + column
                && index as i64 == origin as i64 + row as i64 * down + column as i64 * right
        });
        if !fits {
            return None;
        }
        // Steps of 0 repeat elements; those below 0 go backwards.
        let mut first = origin as i64;
        let mut axes = Vec::new();
        for (count, step) in [(high, down), (wide, right)] {
            if step < 0 {
                first += step * (count as i64 - 1);
            }
            if step != 0 {
                axes.push((step.unsigned_abs() as usize, count));
            }
        }
        axes.sort_unstable();
        let (rows, columns, pitch) = match axes[..] {
            [] => (1, 1, 1),
            [(1, count)] => (1, count, count),
            [(step, count)] => (count, 1, step),
            [(1, columns), (pitch, rows)] if pitch >= columns => (rows, columns, pitch),
            [(step, inner), (outer_step, outer)] if outer_step == step * inner => (inner * outer, 1, step),
            _ => return None,
        };
        Some(Self { first: first as usize, rows, columns, pitch })
    }
}
