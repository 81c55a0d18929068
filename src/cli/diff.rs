//! `diff`: what clients of two horizons see differently; and the form that every comparison of records has.

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
use crate::dns::parse_name;
use crate::zone::Below;
use crate::zone::Records;
use crate::zone::parse_zone;
use crate::zone::parse_zone_with;
use anstyle::Style;
use std::path::Path;

/// Shows every name and type that differs.
pub(super) fn diff(scope: &Scope, left: &str, right: &str) -> Result<Exit, Failure> {
    let request = Request::Diff { left: left.to_owned(), right: right.to_owned() };
    let answer: DiffAnswer = answer(scope, &request)?;
    show_diff(scope, &answer)?;
    Ok(Exit::Done)
}

/// Shows rows of differences, and says how many there are.
pub(super) fn show_diff(scope: &Scope, answer: &DiffAnswer) -> Result<(), Failure> {
    show(scope.output, answer, text)?;
    let (left, right) = (&answer.left, &answer.right);
    let (rows, same) = (many(answer.rows.len(), "difference"), many(answer.same, "record set"));
    say(&format!("{rows}, {same} the same in {left} and {right}"));
    Ok(())
}

/// True when two texts name the same zone; case and the final dot make no difference.
pub(super) fn is_zone(one: &str, other: &str) -> bool {
    match (parse_name(one), parse_name(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// The records of a zone's text; what it includes is read from below `root`.
pub(super) fn parsed(origin: &str, text: &[u8], file: &Path, root: Option<&Path>) -> Result<Records, Failure> {
    let broken = |lines: Vec<String>| Failure { lines, ..Failure::new(Exit::Error, "") };
    let origin = parse_name(origin).map_err(|error| broken(vec![error.to_string()]))?;
    let zone = match root {
        Some(root) => parse_zone_with(text, file, &origin, &Below::new(root)),
        None => parse_zone(text, file, &origin),
    };
    let zone = zone.map_err(|findings| broken(findings.iter().map(ToString::to_string).collect()))?;
    Ok(zone.records)
}

fn text(answer: &DiffAnswer) -> String {
    let mut table = Table::new(&["", "HORIZON", "NAME", "TTL", "TYPE", "DATA"]);
    for row in &answer.rows {
        // Between states of the zones the signs tell which state it is.
        let (left, right) = match &row.horizon {
            Some(horizon) => (horizon, horizon),
            None => (&answer.left, &answer.right),
        };
        side(&mut table, row, (BAD, "-"), left, &row.left, row.left_ttl);
        side(&mut table, row, (GOOD, "+"), right, &row.right, row.right_ttl);
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
