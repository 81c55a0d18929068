//! `get`: records of a name, all horizons side by side.

use super::arguments::Scope;
use super::check::line;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::Output;
use super::screen::hint;
use super::screen::show;
use super::seat::answer;
use super::style::DIM;
use super::style::MAIN;
use super::style::WARN;
use super::table::Table;
use crate::control::GetAnswer;
use crate::control::HorizonRecords;
use crate::control::RecordOrigin;
use crate::control::Request;
use anstyle::Style;

/// Shows what each horizon answers.
pub(super) fn get(scope: &Scope, name: &str, rtype: Option<&str>) -> Result<Exit, Failure> {
    let request =
        Request::Get { name: name.to_owned(), rtype: rtype.map(str::to_owned), horizon: scope.horizon.clone() };
    let answer: GetAnswer = answer(scope, &request)?;
    show(scope.output, &answer, |answer| text(answer, scope.output == Output::Wide))?;
    if answer.horizons.iter().all(|horizon| horizon.records.is_empty()) {
        let rtype = answer.rtype.as_deref().unwrap_or("A");
        hint(&format!("`zonectl explain {} {rtype} --from IP` says why a client gets no record", answer.name));
    }
    Ok(Exit::Done)
}

fn text(answer: &GetAnswer, wide: bool) -> String {
    let mut table = Table::new(&["HORIZON", "NAME", "TTL", "TYPE", "DATA", "FROM", "FILE"]);
    for horizon in &answer.horizons {
        let plain = |text: &str| (Style::new(), text.to_owned());
        if horizon.records.is_empty() {
            let (name, rtype) = (plain(&answer.name), plain(answer.rtype.as_deref().unwrap_or("")));
            table.row([plain(&horizon.horizon), name, plain(""), rtype, (WARN, outcome(horizon))]);
        }
        for record in &horizon.records {
            let (from, file) = match &record.from {
                Some(origin) => (from(origin, &horizon.horizon), place(origin)),
                None => ("made by the server".to_owned(), String::new()),
            };
            let noted = record.from.as_ref().is_some_and(|origin| note(origin).is_some());
            // Without a note the place stands in its place.
            let (from, file) = match (noted, wide) {
                (false, false) => (join(from, &file), String::new()),
                _ => (from, file),
            };
            table.row([
                plain(&horizon.horizon),
                plain(&record.name),
                plain(&record.ttl.to_string()),
                plain(&record.rtype),
                (MAIN, record.data.clone()),
                (DIM, from),
                (DIM, if wide { file } else { String::new() }),
            ]);
        }
    }
    let text = if table.is_empty() { String::new() } else { table.text() };
    answer.findings.iter().filter(|_| wide).fold(text, |text, finding| text + &line(finding))
}

fn outcome(horizon: &HorizonRecords) -> String {
    match horizon.outcome.as_str() {
        "NODATA" => "no record of this type (NODATA)".to_owned(),
        "NXDOMAIN" => "no such name (NXDOMAIN)".to_owned(),
        "REFUSED" => "not served here (REFUSED)".to_owned(),
        "FORWARDED" => "upstreams are asked (FORWARDED)".to_owned(),
        other => other.to_owned(),
    }
}

/// What the generator or a person noted, and whose record it is when not the horizon's own.
pub(super) fn from(origin: &RecordOrigin, horizon: &str) -> String {
    let inherited = (origin.horizon != horizon).then(|| format!("inherited from {}", origin.horizon));
    join(inherited.unwrap_or_default(), &note(origin).unwrap_or_default())
}

fn note(origin: &RecordOrigin) -> Option<String> {
    origin.source.clone().or_else(|| origin.comment.as_ref().map(|comment| format!("\"{comment}\"")))
}

fn join(first: String, second: &str) -> String {
    let separator = if first.is_empty() || second.is_empty() { "" } else { ": " };
    first + separator + second
}

/// File and line.
pub(super) fn place(origin: &RecordOrigin) -> String {
    match (&origin.file, origin.line) {
        (Some(file), Some(line)) => format!("{}:{line}", file.display()),
        (Some(file), None) => file.display().to_string(),
        (None, _) => String::new(),
    }
}
