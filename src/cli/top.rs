//! `top`: what goes on, again and again.

use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::live::until_interrupted;
use super::screen::Output;
use super::screen::write;
use super::seat::PATIENCE;
use super::seat::refused;
use super::seat::socket_of_server;
use super::style::BAD;
use super::style::GOOD;
use super::style::HEAD;
use super::style::painted;
use super::table::Table;
use super::tail::duration;
use crate::control;
use crate::control::Counted;
use crate::control::Request;
use crate::control::TopAnswer;
use anstyle::Style;
use std::fmt::Write;
use std::io::IsTerminal;
use std::thread;
use std::time::Duration;

/// To the upper left corner; what stands below is cleared once the new picture is there, so that nothing flickers.
const HOME: &str = "\x1b[H";
const REST: &str = "\x1b[J";
const END_OF_LINE: &str = "\x1b[K\n";
const CLEAR: &str = "\x1b[2J";
/// Names and clients that are shown.
const ROWS: usize = 10;

/// Looks until Ctrl-C, or so many times.
pub(super) fn top(scope: &Scope, interval: u64, count: Option<u64>) -> Result<Exit, Failure> {
    let (socket, output) = (socket_of_server(scope)?, scope.output);
    let screen = std::io::stdout().is_terminal() && output != Output::Json && count != Some(1);
    until_interrupted(move || {
        let mut looks = 0;
        if screen {
            write(CLEAR)?;
        }
        loop {
            let answer: TopAnswer = control::ask(&socket, &Request::Top, PATIENCE).map_err(refused)?;
            let text = match output {
                Output::Json => serde_json::to_string(&answer).unwrap_or_default() + "\n",
                Output::Text | Output::Wide => text(&answer),
            };
            let text = match screen {
                true => format!("{HOME}{}{REST}", text.replace('\n', END_OF_LINE)),
                false if looks > 0 && output != Output::Json => format!("\n{text}"),
                false => text,
            };
            looks += 1;
            if !write(&text)? || count.is_some_and(|count| looks >= count) {
                return Ok(());
            }
            thread::sleep(Duration::from_secs(interval));
        }
    })?;
    Ok(Exit::Done)
}

fn text(answer: &TopAnswer) -> String {
    let mut text = String::new();
    let seconds = answer.pace.queries.len();
    let last = answer.pace.queries.last().copied().unwrap_or_default();
    let mean = answer.pace.queries.iter().sum::<u64>() / seconds.max(1) as u64;
    let peak = answer.pace.queries.iter().max().copied().unwrap_or_default();
    // Writing into a string does not fail.
    let _ = writeln!(
        text,
        "{}  {last} q/s now, {mean} on average and {peak} at most in {seconds} s; {} since the start",
        painted(HEAD, "queries"),
        answer.queries
    );
    let latency = &answer.pace.latency;
    let bound = |bound: Option<u64>| bound.map_or("-".to_owned(), duration);
    let (median, p90, p99) = (bound(latency.median), bound(latency.p90), bound(latency.p99));
    let _ = writeln!(
        text,
        "{}  half within {median}, 90 % within {p90}, 99 % within {p99} ({} looked at)",
        painted(HEAD, "replies"),
        latency.looked_at
    );
    let total: u64 = answer.pace.replies.values().sum();
    let rcodes = answer.pace.replies.iter().map(|(rcode, count)| {
        let style = if matches!(rcode.as_str(), "SERVFAIL" | "REFUSED") { BAD } else { Style::new() };
        format!("{} {:.1} %", painted(style, rcode), *count as f64 * 100.0 / total.max(1) as f64)
    });
    let _ = writeln!(text, "{}   {}", painted(HEAD, "rcodes"), rcodes.collect::<Vec<_>>().join("  "));
    let frequent = &answer.frequent;
    for (head, rows) in [("NAME", &frequent.names), ("CLIENT", &frequent.clients)] {
        let _ = write!(text, "\n{}", most(head, rows, frequent.queries));
    }
    let mut table = Table::new(&["UPSTREAM", "STATE", "RTT", "ASKED", "TIMEOUTS"]);
    for one in &answer.upstreams {
        let plain = |text: String| (Style::new(), text);
        table.row([
            plain(one.upstream.clone()),
            (if one.state == "up" { GOOD } else { BAD }, one.state.clone()),
            plain(one.srtt.map_or(String::new(), duration)),
            plain(one.asked.to_string()),
            plain(one.timeouts.to_string()),
        ]);
    }
    if !table.is_empty() {
        let _ = write!(text, "\n{}", table.text());
    }
    text
}

fn most(head: &'static str, rows: &[Counted], total: u64) -> String {
    let mut table = Table::new(&["QUERIES", "SHARE", head]);
    for row in rows.iter().take(ROWS) {
        let share = format!("{:.1} %", row.queries as f64 * 100.0 / total.max(1) as f64);
        table.row([row.queries.to_string(), share, row.what.clone()].map(|text| (Style::new(), text)));
    }
    if table.is_empty() { format!("{}\nnone yet\n", painted(HEAD, head)) } else { table.text() }
}
