//! Tables for people: aligned on the decimal point, one thin rule, units under the names.

use unicode_width::UnicodeWidthStr;

use crate::color::{Tone, printable};

/// Spaces between columns.
const GAP: usize = 3;
/// Longer text than this is cut.
const WIDEST: usize = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    /// On the decimal point.
    Point,
}

/// A column: its name, its unit where it has one, and how it is aligned.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    unit: String,
    align: Align,
}

/// A column of text.
pub(crate) fn text(name: impl Into<String>) -> Column {
    Column { name: name.into(), unit: String::new(), align: Align::Left }
}

/// A column of figures with the same number of places.
pub(crate) fn figures(name: impl Into<String>) -> Column {
    Column { name: name.into(), unit: String::new(), align: Align::Right }
}

/// A column of figures aligned on their decimal points.
pub(crate) fn points(name: impl Into<String>) -> Column {
    Column { name: name.into(), unit: String::new(), align: Align::Point }
}

impl Column {
    /// What it is counted in.
    pub(crate) fn in_unit(self, unit: impl Into<String>) -> Self {
        Self { unit: unit.into(), ..self }
    }
}

/// A piece of text in a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell in a tone.
    pub(crate) fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        let mut text: String = text.as_ref().chars().map(printable).collect();
        if text.width() > WIDEST {
            while text.width() >= WIDEST {
                text.pop();
            }
            text.push('…');
        }
        Self { text, tone }
    }

    fn width(&self) -> usize {
        self.text.width()
    }

    /// Width from the decimal point on.
    fn tail(&self) -> usize {
        self.text.find('.').map_or(0, |at| self.text[at..].width())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
enum Row {
    Cells(Vec<Cell>),
    Space,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row, one cell a column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// Adds an empty line.
    pub(crate) fn space(&mut self) {
        self.rows.push(Row::Space);
    }

    /// Writes the table, with its head.
    pub(crate) fn render(&self, out: &mut String) {
        let shapes = self.shapes();
        let head = |of: fn(&Column) -> &str, tone| {
            self.columns.iter().map(|column| Cell::new(of(column), tone)).collect::<Vec<_>>()
        };
        self.line(&head(|column| &column.name, Tone::Strong), &shapes, out);
        if self.columns.iter().any(|column| !column.unit.is_empty()) {
            self.line(&head(|column| &column.unit, Tone::Quiet), &shapes, out);
        }
        let width = shapes.iter().map(|shape| shape.width).sum::<usize>() + GAP * shapes.len().saturating_sub(1);
        Tone::Quiet.paint(&"─".repeat(width), out);
        out.push('\n');
        self.lines(&shapes, out);
    }

    /// Writes the rows without a head.
    pub(crate) fn render_rows(&self, out: &mut String) {
        let shapes = self.shapes_of_rows(|_| 0);
        self.lines(&shapes, out);
    }

    fn lines(&self, shapes: &[Shape], out: &mut String) {
        for row in &self.rows {
            match row {
                Row::Cells(cells) => self.line(cells, shapes, out),
                Row::Space => out.push('\n'),
            }
        }
    }

    fn shapes(&self) -> Vec<Shape> {
        self.shapes_of_rows(|column| column.name.width().max(column.unit.width()))
    }

    fn shapes_of_rows(&self, head: impl Fn(&Column) -> usize) -> Vec<Shape> {
        let mut shapes: Vec<Shape> = self.columns.iter().map(|_| Shape::default()).collect();
        for row in &self.rows {
            let Row::Cells(cells) = row else { continue };
            for ((cell, shape), column) in cells.iter().zip(&mut shapes).zip(&self.columns) {
                shape.tail = shape.tail.max(if column.align == Align::Point { cell.tail() } else { 0 });
            }
        }
        for row in &self.rows {
            let Row::Cells(cells) = row else { continue };
            for ((cell, shape), column) in cells.iter().zip(&mut shapes).zip(&self.columns) {
                let after = if column.align == Align::Point { shape.tail - cell.tail() } else { 0 };
                shape.width = shape.width.max(cell.width() + after);
            }
        }
        for (shape, column) in shapes.iter_mut().zip(&self.columns) {
            shape.width = shape.width.max(head(column));
        }
        shapes
    }

    fn line(&self, cells: &[Cell], shapes: &[Shape], out: &mut String) {
        let mut line = String::new();
        let mut owed = 0;
        for ((cell, shape), column) in cells.iter().zip(shapes).zip(&self.columns) {
            let spare = shape.width.saturating_sub(cell.width());
            let is_figure = cell.text.bytes().any(|byte| byte.is_ascii_digit());
            let (before, after) = match column.align {
                Align::Left => (0, spare),
                Align::Point if is_figure => {
                    let after = spare.min(shape.tail.saturating_sub(cell.tail()));
                    (spare - after, after)
                }
                Align::Right | Align::Point => (spare, 0),
            };
            owed += before;
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', owed));
                owed = 0;
                cell.tone.paint(&cell.text, &mut line);
            } else {
                owed += cell.width();
            }
            owed += after + GAP;
        }
        out.push_str(&line);
        out.push('\n');
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    width: usize,
    /// Of which from the decimal point on.
    tail: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table) -> String {
        let mut out = String::new();
        table.render(&mut out);
        anstream::adapter::strip_str(&out).to_string()
    }

    #[test]
    fn decimals_align_on_their_points_and_no_line_ends_in_spaces() {
        let mut table = Table::new([text("name"), points("size").in_unit("BTC"), text("note")]);
        table.row(["a".into(), "1,000".into(), "".into()]);
        table.row(["bc".into(), "-0.125".into(), "x".into()]);
        table.row(["d".into(), "none".into(), "".into()]);
        let lines = ["name        size   note", "             BTC", "───────────────────────"];
        let rows = ["a      1,000", "bc        -0.125   x", "d           none"];
        let expected: String = lines.iter().chain(&rows).map(|line| format!("{line}\n")).collect();
        assert_eq!(plain(&table), expected);
    }

    #[test]
    fn what_a_document_says_cannot_steer_the_terminal() {
        let mut table = Table::new([text("account")]);
        table.row(["\x1b[2Jevil\n\u{202e}".into()]);
        assert_eq!(plain(&table), "account\n──────────\n·[2Jevil··\n");
    }
}
