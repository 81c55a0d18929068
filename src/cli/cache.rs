//! `cache`: what is kept of upstreams' answers.

use super::arguments::Scope;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::ask;
use super::style::BAD;
use super::style::DIM;
use super::style::MAIN;
use super::style::WARN;
use super::table::Table;
use crate::control::CacheAnswer;
use crate::control::CacheEntryShown;
use crate::control::FlushAnswer;
use crate::control::Request;
use crate::forward::Stats;
use anstyle::Style;

/// Shows kept answers, one line for each record.
pub(super) fn show_entries(
    scope: &Scope,
    name: Option<&str>,
    below: bool,
    rtype: Option<&str>,
    limit: usize,
) -> Result<Exit, Failure> {
    let request = Request::CacheShow {
        name: name.map(str::to_owned),
        below,
        rtype: rtype.map(str::to_owned),
        horizon: scope.horizon.clone(),
        limit,
    };
    let answer: CacheAnswer = ask(scope, &request)?;
    show(scope.output, &answer, text)?;
    if answer.more {
        hint(&format!("there are more than {limit}; `--limit` shows more"));
    } else if answer.entries.is_empty() {
        hint("nothing of that is kept; `zonectl cache stats` counts what is");
    }
    Ok(Exit::Done)
}

/// Forgets kept answers.
pub(super) fn flush(scope: &Scope, name: Option<&str>, below: bool) -> Result<Exit, Failure> {
    let request = Request::CacheFlush { name: name.map(str::to_owned), below, horizon: scope.horizon.clone() };
    let answer: FlushAnswer = ask(scope, &request)?;
    show(scope.output, &answer, |_| String::new())?;
    let of = match &answer.name {
        Some(name) if below => format!(" of {name} and below it"),
        Some(name) => format!(" of {name}"),
        None => String::new(),
    };
    say(&format!("{}{of} forgotten", many(answer.forgotten, "answer")));
    Ok(Exit::Done)
}

/// Shows counts.
pub(super) fn stats(scope: &Scope) -> Result<Exit, Failure> {
    let answer: Stats = ask(scope, &Request::CacheStats)?;
    show(scope.output, &answer, counts)?;
    Ok(Exit::Done)
}

/// How full it is and how often it helped, in one line.
pub(super) fn summary(stats: &Stats) -> String {
    let percent = (stats.hits * 100).checked_div(stats.hits + stats.misses);
    let helped = percent.map_or(String::new(), |percent| format!(", {percent} % of questions"));
    format!(
        "{} in {} of {} octets; {} hits{helped}\n",
        many(stats.entries, "answer"),
        stats.octets,
        stats.size,
        stats.hits
    )
}

fn counts(stats: &Stats) -> String {
    let mut table = Table::new(&["NOW", ""]);
    let mut row = |what: &str, count: u64| table.row([what.to_owned(), count.to_string()].map(plain));
    row("octets", stats.octets as u64);
    row("octets at most", stats.size as u64);
    row("answers", stats.entries as u64);
    row("denials among them", stats.negative as u64);
    row("failures among them", stats.failures as u64);
    row("ended, for when no upstream answers", stats.stale as u64);
    let mut since = Table::new(&["SINCE START", ""]);
    let mut row = |what: &str, count: u64| since.row([what.to_owned(), count.to_string()].map(plain));
    row("hits", stats.hits);
    row("with an answer that had ended", stats.stale_hits);
    row("with a failure", stats.failure_hits);
    row("because a name above does not exist", stats.cut_hits);
    row("misses", stats.misses);
    row("stored", stats.stored);
    row("gone early, to make room", stats.evicted);
    row("asked for again before their end", stats.refreshes);
    format!("{}\n{}", table.text(), since.text())
}

fn text(answer: &CacheAnswer) -> String {
    let mut table = Table::new(&["HORIZON", "NAME", "TYPE", "KIND", "LEFT", "HITS", "FOR", "RECORDS"]);
    for entry in &answer.entries {
        let flags = [(entry.dnssec_ok, "DO"), (entry.checking_disabled, "CD")];
        let flags: Vec<_> = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
        let left =
            if entry.left > 0 { plain(format!("{} s", entry.left)) } else { (WARN, format!("{} s", entry.left)) };
        let mut heads = vec![
            plain(entry.horizon.clone().unwrap_or_default()),
            (MAIN, entry.name.clone()),
            plain(entry.rtype.clone()),
            kind(entry),
            left,
            plain(entry.hits.to_string()),
            (DIM, flags.join(" ")),
        ];
        let told = entry.extended_error.as_ref().map(|(code, text)| format!("; extended error {code} \"{text}\""));
        let records = entry.records.iter().map(|record| plain(record.clone()));
        for record in records.chain(told.map(|told| (DIM, told))).collect::<Vec<_>>() {
            heads.push(record);
            table.row(std::mem::replace(&mut heads, vec![plain(String::new()); 7]));
        }
        if entry.records.is_empty() && entry.extended_error.is_none() {
            table.row(heads);
        }
    }
    if table.is_empty() { String::new() } else { table.up_to(100).text() }
}

fn kind(entry: &CacheEntryShown) -> (Style, String) {
    let style = if entry.kind == "failure" { BAD } else { Style::new() };
    (style, entry.kind.clone())
}

fn plain(text: String) -> (Style, String) {
    (Style::new(), text)
}
