//! Planes in the terminal: the axes and the legend around the grid on which points and lines are drawn.

use super::canvas::{Grid, picture, sample};
use super::{clean, cut, heading, indent};
use crate::chart::{Frame, Scale, frame};
use crate::term::{Paint, Screen};
use crate::verdict::{Axis, Series};
use textwrap::core::display_width;

/// Lines between the axes.
const ROWS: usize = 10;
const TICKS_DOWN: usize = 5;
/// Columns that a tick of the horizontal axis has, more or less.
const TICK_COLUMNS: usize = 9;
/// Numbers of the vertical axis wider than this are cut.
const WIDEST: usize = 8;

/// Points and lines over two axes.
pub fn plane(screen: &Screen, title: &str, x: &Axis, y: &Axis, series: &[Series]) -> String {
    let drawn = match frame(x, y, series) {
        Ok(drawn) => drawn,
        Err(why) => return heading(screen, &format!("{title}: {why}")),
    };
    let ticks = drawn.y.ticks(TICKS_DOWN, &y.unit);
    let left = ticks.iter().map(|tick| display_width(&tick.text)).max().unwrap_or(0).min(WIDEST);
    let columns = screen.width - indent(screen).len() - left - 2;
    let grid = Grid { columns, rows: ROWS, unicode: screen.unicode };
    let lines = picture(screen, &drawn, grid);
    let mut numbers = vec![String::new(); ROWS];
    for tick in ticks {
        numbers[grid.cell(0.0, tick.share).1] = cut(&tick.text, WIDEST);
    }
    let mut out = heading(screen, title);
    let dim = |text: &str| screen.paint(Paint::Dim, text);
    let names =
        [x, y].map(|axis| cut(&clean(screen, &crate::chart::heading(axis)), screen.width - indent(screen).len()));
    if !names[1].is_empty() {
        out.push_str(&format!("{}{}\n", indent(screen), dim(&names[1])));
    }
    for (number, line) in numbers.iter().zip(&lines) {
        let edge = if number.is_empty() { "│" } else { "┤" };
        let number = format!("{}{number} {edge}", " ".repeat(left - display_width(number)));
        out.push_str(format!("{}{}{line}", indent(screen), dim(&number)).trim_end());
        out.push('\n');
    }
    for line in below(&drawn.x, &x.unit, grid) {
        let line = format!("{}{line}", " ".repeat(left + 1));
        out.push_str(&format!("{}{}\n", indent(screen), dim(line.trim_end())));
    }
    out.push_str(&legend(screen, &drawn, &names[0]));
    if !drawn.left_out.is_empty() {
        let text = clean(screen, &format!("not drawn: {}", drawn.left_out));
        out.push_str(&format!("{}\n", dim(&screen.wrap(indent(screen), indent(screen), &text))));
    }
    out
}

/// The horizontal axis and its numbers, from the column of the vertical axis on: as many ticks as have room.
fn below(scale: &Scale, unit: &str, grid: Grid) -> [String; 2] {
    let columns = grid.columns;
    for most in (2..=(columns / TICK_COLUMNS).max(2)).rev() {
        let (mut axis, mut numbers, mut free, mut fits) = (vec!['─'; columns], String::new(), 0, true);
        for tick in scale.ticks(most, unit) {
            let column = grid.cell(tick.share, 0.0).0;
            let wide = display_width(&tick.text);
            // One column more than the grid: the number of the low end may stand under the corner.
            let at = (column + 1).saturating_sub(wide / 2).min((columns + 1).saturating_sub(wide));
            fits &= at >= free && wide <= columns + 1;
            if fits {
                axis[column] = '┬';
                numbers.push_str(&" ".repeat(at - display_width(&numbers)));
                numbers.push_str(&tick.text);
                free = at + wide + 1;
            }
        }
        if fits || most == 2 {
            return [format!("└{}", axis.into_iter().collect::<String>()), numbers];
        }
    }
    [format!("└{}", "─".repeat(columns)), String::new()]
}

/// The series with a piece of each, and at the right what the horizontal axis counts.
fn legend(screen: &Screen, drawn: &Frame<'_>, axis: &str) -> String {
    const GAP: usize = 3;
    let room = screen.width - indent(screen).len();
    let mut lines: Vec<(String, usize)> = vec![(String::new(), 0)];
    for series in drawn.series.iter().filter(|series| !series.name.trim().is_empty()) {
        let piece = sample(screen, series);
        let bare = sample(&Screen { color: false, ..*screen }, series);
        let name = cut(&clean(screen, &series.name), room - display_width(&bare) - 1);
        let wide = display_width(&bare) + 1 + display_width(&name);
        match lines.last_mut() {
            Some((line, used)) if *used == 0 => (*line, *used) = (format!("{piece} {name}"), wide),
            Some((line, used)) if *used + GAP + wide <= room => {
                line.push_str(&format!("{}{piece} {name}", " ".repeat(GAP)));
                *used += GAP + wide;
            }
            _ => lines.push((format!("{piece} {name}"), wide)),
        }
    }
    let mut out = String::new();
    let wide = display_width(axis);
    let shared = lines.len() == 1 && (lines[0].1 == 0 || lines[0].1 + GAP + wide <= room);
    let end = |used: usize| format!("{}{}", " ".repeat(room - used - wide), screen.paint(Paint::Dim, axis));
    if !shared && wide > 0 {
        out.push_str(&format!("{}{}\n", indent(screen), end(0)));
    }
    for (line, used) in lines {
        let end = if shared { end(used) } else { String::new() };
        let line = format!("{line}{end}");
        if !line.trim().is_empty() {
            out.push_str(&format!("{}{}\n", indent(screen), line.trim_end()));
        }
    }
    out
}
