//! Aligned columns.

use super::style::HEAD;
use super::style::painted;
use anstyle::Style;

/// Between two columns.
const GAP: usize = 2;
/// A longer cell does not push the columns behind it further out, unless a table says so.
const WIDEST: usize = 60;

/// Rows of cells under heads.
#[derive(Debug)]
pub(super) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<(Style, String)>>,
    widest: usize,
}

impl Table {
    pub(super) fn new(heads: &[&'static str]) -> Self {
        Table { heads: heads.to_vec(), rows: Vec::new(), widest: WIDEST }
    }

    /// Columns may be as wide as this.
    pub(super) fn up_to(mut self, widest: usize) -> Self {
        self.widest = widest;
        self
    }

    /// Adds a row; cells beyond the heads are left out.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = (Style, String)>) {
        self.rows.push(cells.into_iter().take(self.heads.len()).collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines; no line ends in blanks, and columns without any content are left out.
    pub(super) fn text(&self) -> String {
        let shown: Vec<usize> = (0..self.heads.len())
            .filter(|column| self.rows.iter().any(|row| row.get(*column).is_some_and(|(_, text)| !text.is_empty())))
            .collect();
        let wide = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| width(text));
            cells.chain([width(self.heads[column])]).map(|width| width.min(self.widest)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.heads.len()).map(wide).collect();
        let heads: Vec<_> = self.heads.iter().map(|head| (HEAD, (*head).to_owned())).collect();
        let mut text = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let mut blanks = 0;
            for column in &shown {
                let Some((style, cell)) = row.get(*column) else { continue };
                if !cell.is_empty() {
                    text.extend(std::iter::repeat_n(' ', blanks));
                    text.push_str(&painted(*style, cell));
                    blanks = 0;
                }
                blanks += widths[*column].saturating_sub(width(cell)) + GAP;
            }
            text.push('\n');
        }
        text
    }
}

/// Columns that a text takes on a terminal: none for combining marks, two for East Asian wide characters and emoji.
pub(super) fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
            0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
            0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns stand under each other, whatever the characters; a long cell does not tear the rest apart.
    #[test]
    fn columns_stand_under_each_other() {
        let mut table = Table::new(&["NAME", "NEVER", "DATA", "FROM"]);
        let mut add = |name: &str, data: &str, from: &str| {
            table.row([name, "", data, from].map(|cell| (Style::new(), cell.to_owned())));
        };
        add("größe", "x", "a");
        add("漢字", "y", "");
        add("b", &"z".repeat(70), "c");
        let text = anstream::adapter::strip_str(&table.text()).to_string();
        let long = "z".repeat(70);
        let gap = " ".repeat(60 - 4 + 2);
        let expected = format!("NAME   DATA{gap}FROM\ngröße  x{}a\n漢字   y\nb      {long}  c\n", " ".repeat(61));
        assert_eq!(text, expected);
    }
}
