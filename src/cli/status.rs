//! `status`: how the server is.

use super::arguments::Scope;
use super::cache::summary;
use super::check::line;
use super::check::many;
use super::clock::ago;
use super::clock::date;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::Output;
use super::screen::hint;
use super::screen::show;
use super::seat::ask;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::style::HEAD;
use super::style::painted;
use super::table::Table;
use crate::control::HorizonStatus;
use crate::control::Request;
use crate::control::StatusAnswer;
use crate::finding::Severity;
use anstyle::Style;
use std::fmt::Write;

/// Shows what runs; exit code 1 when the last load was refused.
pub(super) fn status(scope: &Scope) -> Result<Exit, Failure> {
    let mut answer: StatusAnswer = ask(scope, &Request::Status)?;
    if let Some(only) = &scope.horizon {
        answer.horizons.retain(|horizon| horizon.name == *only);
    }
    show(scope.output, &answer, |answer| text(answer, scope.output == Output::Wide))?;
    if answer.healthy {
        return Ok(Exit::Done);
    }
    hint("correct what is named above; the server reads the files again by itself");
    Ok(Exit::Error)
}

fn text(answer: &StatusAnswer, wide: bool) -> String {
    let mut text = String::new();
    let (style, verdict) = match answer.healthy {
        true => (GOOD, "serves what the files say"),
        false => (BAD, "does not serve all that the files say"),
    };
    // Writing into a string does not fail.
    let _ = writeln!(text, "horizond {} (process {}) {}", answer.version, answer.pid, painted(style, verdict));
    let mut row = |head: &str, cell: String| {
        let _ = writeln!(text, "{}{}{cell}", painted(HEAD, head), " ".repeat(10usize.saturating_sub(head.len())));
    };
    row("started", format!("{} ({})", date(answer.started), ago(answer.started)));
    let loaded = if answer.healthy { "loaded" } else { "tried" };
    row(loaded, format!("{} ({})", date(answer.last_reload.at), ago(answer.last_reload.at)));
    row("config", answer.config.display().to_string());
    let each = if answer.listen.len() == 1 { "" } else { " each" };
    let workers = format!("{}{each}", many(answer.workers, "UDP worker"));
    row("listens", format!("{} (UDP and TCP, {})", answer.listen.join(", "), workers));
    if !answer.encrypted_listen.is_empty() {
        row("encrypted", answer.encrypted_listen.join(", "));
    }
    if !answer.acme_listen.is_empty() {
        row("hears", format!("ACME clients on {}", answer.acme_listen.join(", ")));
    }
    if !answer.web.is_empty() {
        row("shows", format!("status page and metrics on {}", answer.web.join(", ")));
    }
    if answer.challenges > 0 {
        row(
            "acme",
            format!("{}; `zonectl acme challenges` shows them", many(answer.challenges, "live challenge value")),
        );
    }
    let findings = &answer.last_reload.findings;
    let (told, notes): (Vec<_>, Vec<_>) = findings.iter().partition(|one| wide || one.severity > Severity::Info);
    told.into_iter().for_each(|finding| text.push_str(&line(finding)));
    if !notes.is_empty() {
        text.push_str(&painted(DIM, &format!("{}; `zonectl status -o wide` shows them\n", many(notes.len(), "note"))));
    }
    for horizon in &answer.horizons {
        text.push_str(&horizon_text(horizon, wide));
    }
    text.push_str(&upstreams(answer, wide));
    if let Some(cache) = &answer.cache {
        let _ = write!(text, "\n{}  {}", painted(HEAD, "cache"), summary(cache));
    }
    text.push_str(&kept_out(answer));
    text.push_str(&counters(answer, wide));
    text
}

/// Lists of blocked names, and names whose answers were not let in.
fn kept_out(answer: &StatusAnswer) -> String {
    let plain = |text: String| (Style::new(), text);
    let mut lists = Table::new(&["LIST", "NAMES", "ANSWERED"]);
    for list in &answer.lists {
        lists.row([list.list.clone(), list.names.to_string(), list.answered.to_string()].map(plain));
    }
    let mut caught = Table::new(&["PRIVATE ADDRESSES KEPT OUT OF", "ANSWERS"]);
    for (name, count) in &answer.rebinding {
        caught.row([name.clone(), count.to_string()].map(plain));
    }
    let shown = [lists, caught].into_iter().filter(|table| !table.is_empty());
    shown.map(|table| format!("\n{}", table.text())).collect()
}

/// One line each: who is asked for names outside the zones, and how well that goes.
fn upstreams(answer: &StatusAnswer, wide: bool) -> String {
    let mut table = Table::new(&["UPSTREAM", "STATE", "SINCE", "RTT", "ASKED", "TIMEOUTS", "FAILED", "LAST ERROR"]);
    for one in &answer.upstreams {
        let plain = |text: String| (Style::new(), text);
        let style = match one.state.as_str() {
            "up" => GOOD,
            _ => BAD,
        };
        // An old fault of one that is well now is of interest only to those who look closer.
        let error = one.last_error.as_ref().filter(|_| wide || one.state != "up");
        table.row([
            plain(one.upstream.clone()),
            (style, one.state.clone()),
            plain(ago(one.since)),
            plain(one.srtt.map_or(String::new(), |time| format!("{:.1} ms", time as f64 / 1000.0))),
            plain(one.asked.to_string()),
            plain(one.timeouts.to_string()),
            plain((one.servfail + one.refused + one.useless).to_string()),
            (DIM, error.cloned().unwrap_or_default()),
        ]);
    }
    if table.is_empty() { String::new() } else { format!("\n{}", table.text()) }
}

fn horizon_text(horizon: &HorizonStatus, wide: bool) -> String {
    let mut head = format!("\n{} {}", painted(HEAD, "horizon"), painted(HEAD, &horizon.name));
    let _ = write!(head, "  clients {}", horizon.clients.join(", "));
    if let Some(outer) = &horizon.inherits {
        let _ = write!(head, "; inherits from {outer}");
    }
    if horizon.forward {
        head.push_str("; may use the forwarder");
    }
    head.push('\n');
    let mut table = Table::new(&["ZONE", "SERIAL", "RECORDS", "NAMES", "", "FILE"]);
    for zone in &horizon.zones {
        let plain = |text: String| (Style::new(), text);
        let file = zone.file.as_ref().map_or(String::new(), |file| file.display().to_string());
        table.row([
            plain(zone.origin.clone()),
            plain(zone.serial.to_string()),
            plain(zone.records.to_string()),
            plain(if wide { zone.names.to_string() } else { String::new() }),
            (DIM, if zone.inherited { "inherited".to_owned() } else { String::new() }),
            (DIM, file),
        ]);
    }
    if table.is_empty() { head + "no zones: every query is refused\n" } else { head + &table.text() }
}

/// Counters that moved; all of them when wide.
fn counters(answer: &StatusAnswer, wide: bool) -> String {
    let mut table = Table::new(&["COUNTER", "SINCE START"]);
    for (name, count) in answer.counters.iter().filter(|(_, count)| wide || **count > 0) {
        table.row([(Style::new(), name.clone()), (Style::new(), count.to_string())]);
    }
    if table.is_empty() { String::new() } else { format!("\n{}", table.text()) }
}
