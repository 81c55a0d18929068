//! `tail`: queries as they are answered, one line each.

use super::arguments::Scope;
use super::check::many;
use super::clock::time_of_day;
use super::exit::Exit;
use super::exit::Failure;
use super::live::until_interrupted;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::write;
use super::seat::PATIENCE;
use super::seat::refused;
use super::seat::socket_of_server;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::style::MAIN;
use super::style::WARN;
use super::style::painted;
use crate::control;
use crate::control::QueryShown;
use crate::control::Request;
use crate::control::TailAnswer;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Shows queries until Ctrl-C, or until nobody reads them any more.
pub(super) fn tail(
    scope: &Scope,
    client: Option<&str>,
    name: Option<&str>,
    rcode: Option<&str>,
) -> Result<Exit, Failure> {
    let request = Request::Tail {
        client: client.map(str::to_owned),
        name: name.map(str::to_owned),
        rcode: rcode.map(str::to_owned),
        horizon: scope.horizon.clone(),
    };
    let (socket, output) = (socket_of_server(scope)?, scope.output);
    let (shown, left_out) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    if std::io::stdout().is_terminal() && output != Output::Json {
        hint("queries are shown as they are answered; Ctrl-C ends it");
    }
    let counts = (Arc::clone(&shown), Arc::clone(&left_out));
    let ended = until_interrupted(move || {
        let mut trouble = None;
        let watched = control::watch(&socket, &request, PATIENCE, |answer: TailAnswer| {
            counts.0.fetch_add(answer.queries.len() as u64, Ordering::Relaxed);
            counts.1.fetch_add(answer.left_out, Ordering::Relaxed);
            match write(&lines(&answer, output)) {
                Ok(true) => true,
                Ok(false) => false,
                Err(failure) => {
                    trouble = Some(failure);
                    false
                }
            }
        });
        watched.map_err(refused)?;
        trouble.map_or(Ok(()), Err)
    })?;
    let count = |count: &AtomicU64| many(count.load(Ordering::Relaxed) as usize, "query").replace("querys", "queries");
    let rest = match left_out.load(Ordering::Relaxed) {
        0 => String::new(),
        _ => format!(", {} left out", count(&left_out)),
    };
    say(&format!("{} shown{rest}", count(&shown)));
    if ended.is_some() && std::io::stdout().is_terminal() {
        say("the server has ended it");
    }
    Ok(Exit::Done)
}

fn lines(answer: &TailAnswer, output: Output) -> String {
    let mut text = String::new();
    for one in &answer.queries {
        match output {
            Output::Json => text.push_str(&serde_json::to_string(one).unwrap_or_default()),
            Output::Text | Output::Wide => text.push_str(&line(one)),
        }
        text.push('\n');
    }
    text
}

fn line(one: &QueryShown) -> String {
    let style = match one.rcode.as_str() {
        "NOERROR" => GOOD,
        "NXDOMAIN" => WARN,
        _ => BAD,
    };
    format!(
        "{} {} {} {} {} {} {} {}",
        painted(DIM, &time_of_day(one.at)),
        one.client,
        painted(DIM, &one.transport),
        one.horizon.as_deref().unwrap_or("-"),
        painted(MAIN, &one.name),
        one.rtype,
        painted(style, &one.rcode),
        painted(DIM, &format!("{} octets {}", one.octets, duration(one.micros))),
    )
}

/// Microseconds in the unit that says something.
pub(super) fn duration(micros: u64) -> String {
    match micros {
        0..=999 => format!("{micros} us"),
        1000..=999_999 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}
