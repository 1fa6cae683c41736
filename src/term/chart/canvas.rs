//! Lines, marks and names of a plane on a grid of characters: eight dots a character in braille, one without UTF-8.

use super::{clean, cut};
use crate::chart::{Area, Drawn, Frame, Segment, Spot, place};
use crate::term::{Paint, Screen};
use crate::verdict::Mark;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Style};
use ratatui_core::symbols::Marker;
use ratatui_core::widgets::Widget;
use ratatui_widgets::canvas::{Canvas, Line};
use textwrap::core::display_width;

/// Marks of measured series, in the order of the legend.
const MARKS: [char; 8] = ['●', '◆', '▲', '■', '○', '◇', '△', '□'];
const ASCII_MARKS: [char; 8] = ['o', '*', '+', 'x', '@', '%', '&', '#'];
/// Theories: dots drawn and dots left out, by turns.
const DASHES: [&[f64]; 4] = [&[4.0, 2.0], &[1.0, 1.0], &[6.0, 2.0, 1.0, 2.0], &[1.0, 3.0]];
const ASCII_DASHES: [char; 4] = ['-', ':', '=', '~'];
/// Where a line has so many points that their marks would hide it, they stand at least so many columns apart.
const APART: usize = 10;
/// What a mark and a piece of line need.
const MARK: usize = 3;
/// Names longer than this are cut.
const LONGEST: usize = 24;

/// A grid of `columns` and `rows`.
#[derive(Clone, Copy)]
pub struct Grid {
    /// Characters across.
    pub columns: usize,
    /// Lines.
    pub rows: usize,
    /// Whether braille is understood.
    pub unicode: bool,
}

impl Grid {
    /// Dots a character, across and down.
    fn dots(self) -> (usize, usize) {
        if self.unicode { (2, 4) } else { (1, 1) }
    }

    /// The dot of a share of each side, from the lower left.
    fn dot(self, x: f64, y: f64) -> (f64, f64) {
        let (across, down) = self.dots();
        let at = |share: f64, cells: usize, dots: usize| (share * (cells * dots - 1) as f64).round();
        (at(x, self.columns, across), at(y, self.rows, down))
    }

    /// The column and row of a share of each side, from the upper left.
    pub fn cell(self, x: f64, y: f64) -> (usize, usize) {
        let ((x, y), (across, down)) = (self.dot(x, y), self.dots());
        (x as usize / across, self.rows - 1 - y as usize / down)
    }

    fn mark(self, look: usize) -> char {
        let marks = if self.unicode { MARKS } else { ASCII_MARKS };
        marks[look % marks.len()]
    }
}

/// The plane, as lines of the screen.
pub fn picture(screen: &Screen, frame: &Frame<'_>, grid: Grid) -> Vec<String> {
    let area = Rect::new(0, 0, grid.columns as u16, grid.rows as u16);
    let mut buffer = Buffer::empty(area);
    let mut lines: Vec<(Segment, Color)> = Vec::new();
    for theory in [true, false] {
        for (at, series) in frame.series.iter().enumerate() {
            if (series.mark == Mark::Theory) == theory && series.mark != Mark::Dots {
                let ink = Color::Indexed(at as u8);
                lines.extend(segments(series, grid).into_iter().map(|segment| (segment, ink)));
            }
        }
    }
    draw(grid, &lines, &mut buffer);
    for (at, series) in frame.series.iter().enumerate().filter(|(_, series)| series.mark != Mark::Theory) {
        let style = Style::new().fg(Color::Indexed(at as u8));
        let all = series.mark == Mark::Dots || series.spots().count() * MARK < grid.columns;
        let mut last: Option<usize> = None;
        for spot in series.spots() {
            let (column, row) = grid.cell(spot.x, spot.y);
            if all || last.is_none_or(|last| column.abs_diff(last) >= APART) || !spot.point.label.is_empty() {
                buffer.set_string(column as u16, row as u16, grid.mark(series.look).to_string(), style);
                last = Some(column);
            }
        }
    }
    let segments: Vec<Segment> = lines.iter().map(|(segment, _)| cells(*segment, grid)).collect();
    name(screen, frame, grid, &segments, &mut buffer);
    (0..area.height).map(|row| text(screen, &frame.series, &buffer, row)).collect()
}

/// How a series is told in the legend: a piece of it.
pub fn sample(screen: &Screen, series: &Drawn<'_>) -> String {
    let columns = match series.mark {
        Mark::Dots => 1,
        Mark::Theory if screen.width >= 40 => 5,
        Mark::Line | Mark::Theory => 3,
    };
    let grid = Grid { columns, rows: 1, unicode: screen.unicode };
    let mut buffer = Buffer::empty(Rect::new(0, 0, grid.columns as u16, 1));
    let ((width, _), ink) = (grid.dot(1.0, 0.0), Color::Indexed(0));
    let middle = if screen.unicode { 2.0 } else { 0.0 };
    let line = Segment { from: (0.0, middle), to: (width, middle) };
    match series.mark {
        Mark::Line => draw(grid, &[(line, ink)], &mut buffer),
        Mark::Theory => {
            let pieces: Vec<_> =
                dashed(&[line.from, line.to], pattern(series, grid)).into_iter().map(|p| (p, ink)).collect();
            draw(grid, &pieces, &mut buffer);
        }
        Mark::Dots => {}
    }
    if series.mark != Mark::Theory {
        let column = grid.columns as u16 / 2;
        buffer.set_string(column, 0, grid.mark(series.look).to_string(), Style::new().fg(ink));
    }
    text(screen, std::slice::from_ref(series), &buffer, 0)
}

fn draw(grid: Grid, lines: &[(Segment, Color)], buffer: &mut Buffer) {
    let (right, top) = grid.dot(1.0, 1.0);
    let area = buffer.area;
    let canvas = Canvas::default()
        .marker(if grid.unicode { Marker::Braille } else { Marker::Dot })
        .x_bounds([0.0, right.max(1.0)])
        .y_bounds([0.0, top.max(1.0)])
        .paint(|context| {
            for (line, ink) in lines {
                context.draw(&Line::new(line.from.0, line.from.1, line.to.0, line.to.1, *ink));
            }
        });
    canvas.render(area, buffer);
}

/// The lines of a series, in dots.
fn segments(series: &Drawn<'_>, grid: Grid) -> Vec<Segment> {
    let mut all = Vec::new();
    for run in &series.runs {
        let dots: Vec<(f64, f64)> = run.iter().map(|spot| grid.dot(spot.x, spot.y)).collect();
        match series.mark {
            Mark::Theory => all.extend(dashed(&dots, pattern(series, grid))),
            _ => all.extend(dots.windows(2).map(|pair| Segment { from: pair[0], to: pair[1] })),
        }
    }
    all
}

fn pattern(series: &Drawn<'_>, grid: Grid) -> &'static [f64] {
    // Without braille, theories have characters of their own instead.
    if grid.unicode { DASHES[series.look % DASHES.len()] } else { &[1.0, 0.0] }
}

/// The pieces of a way that are drawn. A piece of `n` dots is `n - 1` long, and the next begins a dot after what is left out.
fn dashed(way: &[(f64, f64)], pattern: &[f64]) -> Vec<Segment> {
    let (mut pieces, mut turn, mut left) = (Vec::new(), 0, pattern[0]);
    let mut way = way.to_vec();
    way.dedup();
    for (nth, pair) in way.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).abs().max((to.1 - from.1).abs());
        let at = |done: f64| {
            let share = if length > 0.0 { (done / length).min(1.0) } else { 0.0 };
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        // Where two pieces of the way meet there is one dot.
        let mut done = if nth == 0 { 0.0 } else { 1.0 };
        while done <= length {
            let end = (done + left - 1.0).min(length);
            if turn % 2 == 0 && end >= done {
                pieces.push(Segment { from: at(done), to: at(end) });
            }
            let drawn = (end - done + 1.0).max(0.0);
            (done, left) = (done + drawn, left - drawn);
            if left < 1.0 {
                turn = (turn + 1) % pattern.len();
                left = pattern[turn];
                if left < 1.0 {
                    turn = (turn + 1) % pattern.len();
                    left = pattern[turn];
                }
            }
        }
    }
    pieces
}

/// A line in characters, from the upper left.
fn cells(line: Segment, grid: Grid) -> Segment {
    let (across, down) = grid.dots();
    let cell = |(x, y): (f64, f64)| ((x + 0.5) / across as f64, grid.rows as f64 - (y + 0.5) / down as f64);
    Segment { from: cell(line.from), to: cell(line.to) }
}

/// Writes the names of points where there is room.
fn name(screen: &Screen, frame: &Frame<'_>, grid: Grid, lines: &[Segment], buffer: &mut Buffer) {
    let area = |(column, row): (f64, f64), wide: f64| Area { x: column, y: row, wide, high: 1.0 };
    let cell = |spot: &Spot<'_>| {
        let (column, row) = grid.cell(spot.x, spot.y);
        (column as f64, row as f64)
    };
    let all = || frame.series.iter().flat_map(|series| series.spots().map(move |spot| (series.mark, spot)));
    let marks: Vec<Area> =
        all().filter(|(mark, _)| *mark != Mark::Theory).map(|(_, spot)| area(cell(spot), 1.0)).collect();
    let named: Vec<(&Spot<'_>, String)> = all()
        .filter(|(_, spot)| !spot.point.label.trim().is_empty())
        .map(|(_, spot)| (spot, cut(&clean(screen, &spot.point.label), LONGEST)))
        .collect();
    let places = |(spot, text): &(&Spot<'_>, String)| {
        let ((column, row), wide) = (cell(spot), display_width(text) as f64);
        let (right, left, middle) = (column + 2.0, column - 1.0 - wide, column - (wide / 2.0).floor());
        let around = [
            (right, row),
            (middle, row - 1.0),
            (left, row),
            (middle, row + 1.0),
            (column + 1.0, row - 1.0),
            (column + 1.0, row + 1.0),
            (column - wide, row - 1.0),
            (column - wide, row + 1.0),
        ];
        around.into_iter().map(|at| area(at, wide)).collect()
    };
    let wanted: Vec<Vec<Area>> = named.iter().map(places).collect();
    let whole = Area { x: 0.0, y: 0.0, wide: grid.columns as f64, high: grid.rows as f64 };
    for (found, (_, text)) in place(whole, &marks, lines, 1.0, &wanted).into_iter().zip(&named) {
        if let Some(area) = found {
            buffer.set_string(area.x as u16, area.y as u16, text, Style::new().fg(Color::Reset));
        }
    }
}

/// A row of the grid in the colours of its series.
fn text(screen: &Screen, series: &[Drawn<'_>], buffer: &Buffer, row: u16) -> String {
    let mut pieces: Vec<(Option<Paint>, String)> = Vec::new();
    let mut column = 0;
    while column < buffer.area.width {
        let cell = &buffer[(column, row)];
        let of = match cell.fg {
            Color::Indexed(at) => series.get(usize::from(at)),
            _ => None,
        };
        let symbol = match (cell.symbol(), of) {
            ("•", Some(series)) if series.mark == Mark::Theory => {
                ASCII_DASHES[series.look % ASCII_DASHES.len()].to_string()
            }
            ("•", _) => ".".to_owned(),
            (symbol, _) => symbol.to_owned(),
        };
        column += display_width(&symbol).max(1) as u16;
        let paint = of.and_then(paint);
        match pieces.last_mut() {
            Some((last, text)) if *last == paint => text.push_str(&symbol),
            _ => pieces.push((paint, symbol)),
        }
    }
    let last = pieces.iter().rposition(|(_, text)| !text.trim_end().is_empty()).map_or(0, |at| at + 1);
    pieces.truncate(last);
    if let Some((_, text)) = pieces.last_mut() {
        text.truncate(text.trim_end().len());
    }
    let painted = |(paint, text): (Option<Paint>, String)| match paint {
        Some(paint) => screen.paint(paint, text),
        None => text,
    };
    pieces.into_iter().map(painted).collect()
}

/// The three inks by turns; a theory that no measured series is called like is dim.
fn paint(series: &Drawn<'_>) -> Option<Paint> {
    const INKS: [Option<Paint>; 3] = [Some(Paint::Name), Some(Paint::Good), None];
    match (series.mark, series.of) {
        (Mark::Theory, None) => Some(Paint::Dim),
        (_, Some(look)) => INKS[look % INKS.len()],
        (_, None) => INKS[series.look % INKS.len()],
    }
}
