//! A plane as a table: a column a series where all of them have the same places, else a row a point.

use super::escape;
use crate::chart::heading;
use crate::grading::plain;
use crate::verdict::{Axis, Point, Series};

/// Rows of a table before the later ones are only counted.
const ROWS: usize = 60;

/// The title and the table.
pub fn table(title: &str, x: &Axis, y: &Axis, series: &[Series]) -> String {
    let (columns, mut rows) = beside(x, y, series).unwrap_or_else(|| below(x, y, series));
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let more = if more > 0 { format!("\n{more} more points.\n") } else { String::new() };
    let columns: Vec<String> = columns.iter().map(|column| escape(column)).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    format!("\n**{}**\n{}{more}", escape(title), super::table(&columns, &rows))
}

type Table = (Vec<String>, Vec<Vec<String>>);

/// One row a place; none where points have names or lie elsewhere.
fn beside(x: &Axis, y: &Axis, series: &[Series]) -> Option<Table> {
    let first = series.first()?;
    let alike = |one: &Series| {
        let same = |(a, b): (&Point, &Point)| a.x == b.x && a.label.is_empty() && b.label.is_empty();
        one.points.len() == first.points.len() && one.points.iter().zip(&first.points).all(same)
    };
    if !series.iter().all(alike) {
        return None;
    }
    let name = |one: &Series| if one.name.is_empty() { heading(y) } else { format!("{}, {}", one.name, heading(y)) };
    let columns = std::iter::once(heading(x)).chain(series.iter().map(name)).collect();
    let row = |at: usize| {
        let values = series.iter().filter_map(|one| one.points.get(at)).map(|point| number(point.y));
        std::iter::once(number(first.points[at].x)).chain(values).collect()
    };
    Some((columns, (0..first.points.len()).map(row).collect()))
}

/// One row a point.
fn below(x: &Axis, y: &Axis, series: &[Series]) -> Table {
    let named = series.iter().flat_map(|one| &one.points).any(|point| !point.label.is_empty());
    let kept = |cells: [String; 4]| {
        let cells = cells.into_iter().enumerate().filter(|(at, _)| *at != 1 || named);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>()
    };
    let row =
        |one: &Series, point: &Point| kept([one.name.clone(), point.label.clone(), number(point.x), number(point.y)]);
    let rows =
        series.iter().flat_map(|one| one.points.iter().map(|point| row(one, point)).collect::<Vec<_>>()).collect();
    (kept(["series".to_owned(), "point".to_owned(), heading(x), heading(y)]), rows)
}

fn number(value: f64) -> String {
    if value.is_finite() { plain(value, 5) } else { "no number".to_owned() }
}
