//! `diff`: what clients of two horizons see differently.

use super::arguments::Scope;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::say;
use super::screen::show;
use super::seat::answer;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::table::Table;
use crate::control::DiffAnswer;
use crate::control::DiffRow;
use crate::control::Request;
use anstyle::Style;

/// Shows every name and type that differs.
pub(super) fn diff(scope: &Scope, left: &str, right: &str) -> Result<Exit, Failure> {
    let request = Request::Diff { left: left.to_owned(), right: right.to_owned() };
    let answer: DiffAnswer = answer(scope, &request)?;
    show(scope.output, &answer, text)?;
    say(&format!(
        "{}, {} the same in {left} and {right}",
        many(answer.rows.len(), "difference"),
        many(answer.same, "record set")
    ));
    Ok(Exit::Done)
}

fn text(answer: &DiffAnswer) -> String {
    let mut table = Table::new(&["", "HORIZON", "NAME", "TTL", "TYPE", "DATA"]);
    for row in &answer.rows {
        side(&mut table, row, (BAD, "-"), &answer.left, &row.left, row.left_ttl);
        side(&mut table, row, (GOOD, "+"), &answer.right, &row.right, row.right_ttl);
    }
    if table.is_empty() { String::new() } else { table.text() }
}

fn side(
    table: &mut Table,
    row: &DiffRow,
    (style, mark): (Style, &str),
    horizon: &str,
    data: &[String],
    ttl: Option<u32>,
) {
    let plain = |text: &str| (Style::new(), text.to_owned());
    let head = [(style, mark.to_owned()), plain(horizon), plain(&row.name)];
    if data.is_empty() {
        let none = [plain(""), plain(&row.rtype), (DIM, "nothing".to_owned())];
        return table.row(head.into_iter().chain(none));
    }
    for text in data {
        let ttl = ttl.map_or(String::new(), |ttl| ttl.to_string());
        let cells = [(Style::new(), ttl), plain(&row.rtype), (style, text.clone())];
        table.row(head.clone().into_iter().chain(cells));
    }
}
