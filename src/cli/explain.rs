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
use crate::control::ForwardedShown;
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
    let ours = answer.forwarded.is_none();
    if answer.answer.is_empty() && answer.client.horizon.is_some() && ours {
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
    if let Some(forwarded) = &answer.forwarded {
        let _ = writeln!(text, "{}   {}", painted(HEAD, "forward"), forwarded_text(forwarded));
    }
    let flags = if answer.authoritative { ", authoritative" } else { "" };
    let waits = answer.forwarded.as_ref().is_some_and(|forwarded| forwarded.asked);
    let result = if waits { "waits for an upstream" } else { answer.rcode.as_str() };
    let _ = write!(text, "{}    {}{flags}", painted(HEAD, "result"), painted(MAIN, result));
    match &answer.extended_error {
        Some(error) => {
            let _ = writeln!(text, "; extended error {} \"{}\" (RFC 8914)", error.code, error.text);
        }
        None => text.push('\n'),
    }
    let horizon = answer.client.horizon.as_deref().unwrap_or_default();
    let unwritten = if answer.forwarded.is_some() { "an upstream" } else { "made by the server" };
    for (head, records) in
        [("answer", &answer.answer), ("authority", &answer.authority), ("additional", &answer.additional)]
    {
        if !records.is_empty() {
            let _ = writeln!(text, "\n{}", painted(HEAD, head));
            text.push_str(&section(records, horizon, unwritten));
        }
    }
    text
}

/// Who is asked for a name that no zone holds, and what is known of it.
fn forwarded_text(forwarded: &ForwardedShown) -> String {
    if let Some(held) = &forwarded.held {
        return format!("{} is not asked for: {held}", forwarded.name);
    }
    let by = match forwarded.by.as_str() {
        "none" => return format!("{}: no upstream is set for it, so it is refused", forwarded.name),
        "horizon" => "the upstreams of the horizon".to_owned(),
        "default" => "the upstreams of [forward]".to_owned(),
        domain => format!("those of the {domain}"),
    };
    let cached = forwarded.cached.as_ref();
    let known = match cached.map(|entry| (entry.kind.as_str(), entry.left)) {
        None if forwarded.asked => "not cached: an upstream is asked".to_owned(),
        None => "answered here without asking".to_owned(),
        Some(("failure", left)) => format!("no upstream could tell; they are asked again in {} s", left.max(0)),
        Some((kind, left)) if left > 0 => format!("cached ({kind}), {left} s left"),
        Some((kind, left)) => format!("cached ({kind}), ended {} s ago", -left),
    };
    let policy = forwarded.policy.as_deref().unwrap_or_default();
    format!("{} goes to {by} ({policy}: {}); {known}", forwarded.name, forwarded.upstreams.join(", "))
}

/// `unwritten` says where records come from that stand in no file.
fn section(records: &[RecordShown], horizon: &str, unwritten: &str) -> String {
    let mut table = Table::new(&["NAME", "TTL", "TYPE", "DATA", "FROM", "FILE"]);
    for record in records {
        let origin = record.from.as_ref();
        let plain = |text: &str| (Style::new(), text.to_owned());
        table.row([
            plain(&record.name),
            plain(&record.ttl.to_string()),
            plain(&record.rtype),
            (MAIN, record.data.clone()),
            (DIM, origin.map_or_else(|| unwritten.to_owned(), |origin| from(origin, horizon))),
            (DIM, origin.map_or(String::new(), place)),
        ]);
    }
    table.text()
}
