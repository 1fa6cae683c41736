//! Programs over matrices that are cut into tiles: which tiles the first programs write, and which they load for it.

use super::count;

/// Matrices side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// What it shows.
    pub title: String,
    /// From left to right.
    pub sheets: Vec<Sheet>,
    /// Programs that have run.
    pub programs: usize,
    /// Loads of a tile, also of one that was loaded before.
    pub loads: usize,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// A matrix, as tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// How it is cut: `3 x 2 tiles of 32 x 32`.
    pub cut: String,
    /// Tiles across.
    pub columns: usize,
    /// Row by row. The last row may be short.
    pub cells: Vec<Cell>,
}

/// What happened to a tile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Untouched,
    /// It was loaded.
    Loaded,
    /// The program of this number wrote it.
    Written(usize),
    /// It was loaded too.
    Updated(usize),
}

impl Sheet {
    /// So many tiles of which nothing has happened to any.
    pub fn new(name: &str, rows: usize, columns: usize) -> Self {
        let cut = format!("{rows} x {columns} tiles");
        Self { name: name.to_owned(), cut, columns, cells: vec![Cell::Untouched; rows * columns] }
    }

    /// Sets a tile; one beyond the matrix is none.
    pub fn set(&mut self, row: usize, column: usize, cell: Cell) {
        if column < self.columns
            && let Some(place) = self.cells.get_mut(row * self.columns + column)
        {
            *place = cell;
        }
    }

    /// What happened to a tile; nothing to one beyond the matrix.
    pub fn get(&self, row: usize, column: usize) -> Cell {
        let inside = column < self.columns;
        inside.then(|| self.cells.get(row * self.columns + column)).flatten().copied().unwrap_or_default()
    }

    /// Its name, and how it is cut.
    pub fn caption(&self) -> String {
        format!("{}, {}", self.name, self.cut)
    }

    /// The tiles, row by row.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[Cell]> {
        self.cells.chunks(self.columns.max(1))
    }

    /// Tiles that were loaded.
    pub fn loaded(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell, Cell::Loaded | Cell::Updated(_))).count()
    }
}

impl Tiles {
    /// The first programs of a matrix product: A of `rows x inner` tiles, B of `inner x columns`, and C, of which program
    /// n writes the tile `order[n]`, row and column. Each loads a row of A and a column of B.
    pub fn product(title: &str, [rows, inner, columns]: [usize; 3], order: &[(usize, usize)]) -> Self {
        let (mut a, mut b, mut c) =
            (Sheet::new("A", rows, inner), Sheet::new("B", inner, columns), Sheet::new("C", rows, columns));
        for (n, &(row, column)) in order.iter().enumerate() {
            c.set(row, column, Cell::Written(n));
            for k in 0..inner {
                a.set(row, k, Cell::Loaded);
                b.set(k, column, Cell::Loaded);
            }
        }
        let loads = 2 * inner * order.len();
        Self { title: title.to_owned(), sheets: vec![a, b, c], programs: order.len(), loads, notes: Vec::new() }
    }

    /// What it costs.
    pub fn says(&self) -> Vec<String> {
        let loads: Vec<(&str, usize)> =
            self.sheets.iter().map(|sheet| (sheet.name.as_str(), sheet.loaded())).filter(|(_, n)| *n > 0).collect();
        let all: usize = loads.iter().map(|(_, n)| n).sum();
        if all == 0 {
            return self.notes.clone();
        }
        let parts: Vec<String> = loads.iter().map(|(name, n)| format!("{n} of {name}")).collect();
        let parts = if parts.len() > 1 { format!(": {}", parts.join(" + ")) } else { format!(" of {}", loads[0].0) };
        let programs = if self.programs == 1 {
            "the first program loads".to_owned()
        } else {
            format!("the first {} programs load", self.programs)
        };
        let mut says = vec![format!("{programs} {}{parts}", count(all, "different tile"))];
        if let Some(again) = self.loads.checked_sub(all).filter(|again| *again > 0) {
            says.push(format!(
                "{} in all, {again} of them of a tile that was loaded before",
                count(self.loads, "load")
            ));
        }
        says.extend_from_slice(&self.notes);
        says
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two orders of Triton's tutorial 03: 90 blocks against 54.
    #[test]
    fn grouping_loads_fewer_tiles() {
        let by_row: Vec<(usize, usize)> = (0..9).map(|n| (0, n)).collect();
        let grouped: Vec<(usize, usize)> = (0..9).map(|n| (n % 3, n / 3)).collect();
        for (order, says, again) in [
            (by_row, "the first 9 programs load 90 different tiles: 9 of A + 81 of B", 162 - 90),
            (grouped, "the first 9 programs load 54 different tiles: 27 of A + 27 of B", 162 - 54),
        ] {
            let loads = format!("162 loads in all, {again} of them of a tile that was loaded before");
            assert_eq!(Tiles::product("", [9, 9, 9], &order).says(), [says, &loads]);
        }
    }

    #[test]
    fn what_lies_beyond_a_matrix_is_left_out() {
        let tiles = Tiles::product("", [2, 1, 2], &[(0, 1), (0, 2), (9, 9)]);
        let written: Vec<Cell> = tiles.sheets[2].cells.clone();
        assert_eq!(written, [Cell::Untouched, Cell::Written(0), Cell::Untouched, Cell::Untouched]);
        assert_eq!(Tiles::product("", [0, 0, 0], &[]).says(), [""; 0]);
    }
}
