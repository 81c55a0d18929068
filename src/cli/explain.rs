//! `explain`: why a client gets the answer it gets.

use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::get::from;
use super::get::place;
use super::horizon_match::sentence;
use super::screen::hint;
use super::screen::show;
use super::seat::answer;
use super::style::DIM;
use super::style::HEAD;
use super::style::MAIN;
use super::style::painted;
use super::table::Table;
use crate::control::ExplainAnswer;
use crate::control::RecordShown;
use crate::control::Request;
use anstyle::Style;
use std::fmt::Write;
use std::net::IpAddr;

/// Shows horizon, steps and records.
pub(super) fn explain(scope: &Scope, name: &str, rtype: &str, client: IpAddr) -> Result<Exit, Failure> {
    let request = Request::Explain { name: name.to_owned(), rtype: rtype.to_owned(), from: client };
    let answer: ExplainAnswer = answer(scope, &request)?;
    show(scope.output, &answer, text)?;
    if answer.answer.is_empty() && answer.client.horizon.is_some() {
        hint(&format!("`zonectl get {}` shows what the other horizons have", answer.name));
    }
    Ok(Exit::Done)
}

fn text(answer: &ExplainAnswer) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(
        text,
        "{}  {} {} asked by {}",
        painted(HEAD, "question"),
        painted(MAIN, &answer.name),
        answer.rtype,
        answer.client.address
    );
    let _ = writeln!(text, "{}   {}", painted(HEAD, "horizon"), sentence(&answer.client));
    for step in &answer.steps {
        let zone = step.zone.as_ref().map_or("no zone".to_owned(), |zone| format!("zone {zone}"));
        let _ =
            writeln!(text, "{}      {}: {zone}, rule {}: {}", painted(HEAD, "step"), step.name, step.rule, step.why);
    }
    let flags = if answer.authoritative { ", authoritative" } else { "" };
    let _ = write!(text, "{}    {}{flags}", painted(HEAD, "result"), painted(MAIN, &answer.rcode));
    match &answer.extended_error {
        Some(error) => {
            let _ = writeln!(text, "; extended error {} \"{}\" (RFC 8914)", error.code, error.text);
        }
        None => text.push('\n'),
    }
    let horizon = answer.client.horizon.as_deref().unwrap_or_default();
    for (head, records) in
        [("answer", &answer.answer), ("authority", &answer.authority), ("additional", &answer.additional)]
    {
        if !records.is_empty() {
            let _ = writeln!(text, "\n{}", painted(HEAD, head));
            text.push_str(&section(records, horizon));
        }
    }
    text
}

fn section(records: &[RecordShown], horizon: &str) -> String {
    let mut table = Table::new(&["NAME", "TTL", "TYPE", "DATA", "FROM", "FILE"]);
    for record in records {
        let origin = record.from.as_ref();
        let plain = |text: &str| (Style::new(), text.to_owned());
        table.row([
            plain(&record.name),
            plain(&record.ttl.to_string()),
            plain(&record.rtype),
            (MAIN, record.data.clone()),
            (DIM, origin.map_or("made by the server".to_owned(), |origin| from(origin, horizon))),
            (DIM, origin.map_or(String::new(), place)),
        ]);
    }
    table.text()
}
