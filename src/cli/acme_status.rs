//! `acme status`, `acme check` and `acme ack`: names and challenges side by side.

use super::arguments::Scope;
use super::author::author;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::answer;
use super::seat::ask;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::style::HEAD;
use super::style::MAIN;
use super::style::WARN;
use super::style::painted;
use super::table::Table;
use crate::control::AckAnswer;
use crate::control::AcmeAnswer;
use crate::control::AcmeChallenge;
use crate::control::AcmeName;
use crate::control::Request;
use crate::plugin::acme::reach::Gravity;
use crate::plugin::acme::reach::Problem;
use anstyle::Style;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

/// Shows what is known of every name, or of one.
pub(super) fn status(scope: &Scope, name: Option<&str>) -> Result<Exit, Failure> {
    let request = Request::AcmeStatus { name: name.map(str::to_owned) };
    let answer: AcmeAnswer = only(scope, answer(scope, &request)?);
    let wide = scope.output == Output::Wide;
    show(scope.output, &answer, |answer| head(answer) + &matrix(answer, wide))?;
    Ok(conclude(&answer))
}

/// Checks names anew.
pub(super) fn check(scope: &Scope, names: &[String], asker: Option<IpAddr>) -> Result<Exit, Failure> {
    let request = Request::AcmeCheck { names: names.to_vec(), asker };
    let answer: AcmeAnswer = only(scope, answer(scope, &request)?);
    let wide = scope.output == Output::Wide;
    show(scope.output, &answer, |answer| head(answer) + &matrix(answer, wide) + &problems(answer))?;
    Ok(conclude(&answer))
}

/// Passes on a person's word.
pub(super) fn ack(scope: &Scope, name: &str) -> Result<Exit, Failure> {
    let author = author();
    let request = Request::AcmeAck { name: name.to_owned(), by: format!("{}@{}", author.user, author.host) };
    let answer: AckAnswer = ask(scope, &request)?;
    show(scope.output, &answer, |answer| format!("{}: {} settled\n", answer.name, answer.settled.join(" and ")))?;
    Ok(Exit::Done)
}

/// Leaves out what `--horizon` does not name.
pub(super) fn only(scope: &Scope, mut answer: AcmeAnswer) -> AcmeAnswer {
    if let Some(horizon) = &scope.horizon {
        answer.names.retain(|name| name.challenges.iter().any(|one| one.reach.key.horizon == *horizon));
    }
    answer
}

/// The last words, and the exit code.
pub(super) fn conclude(answer: &AcmeAnswer) -> Exit {
    let shut = answer.names.iter().filter(|name| name.shut).count();
    if answer.names.is_empty() {
        hint("no name needs a certificate: write `names` under [acme], or a certificate manifest");
    } else if shut > 0 {
        say(&format!("{} of {}: some challenge would fail", shut, many(answer.names.len(), "name")));
        if let Some(first) = answer.names.iter().find(|name| name.shut) {
            hint(&format!("`zonectl acme explain {}` says why, and what to do", first.name));
        }
    }
    if shut > 0 { Exit::CheckFailed } else { Exit::Done }
}

/// The CA and where it sits.
pub(super) fn head(answer: &AcmeAnswer) -> String {
    let ca = &answer.ca;
    let mut text = String::new();
    let directory = if ca.directory.is_empty() { "no `directory` under [acme]" } else { &ca.directory };
    // Writing into a string does not fail.
    let _ = writeln!(text, "{}       {}", painted(HEAD, "CA"), painted(MAIN, directory));
    let addresses: Vec<String> = ca.addresses.iter().map(ToString::to_string).collect();
    let at = if addresses.is_empty() { "nobody knows where".to_owned() } else { addresses.join(", ") };
    let guest = ca.guest.as_ref().map_or_else(String::new, |guest| format!(" in {guest}"));
    let horizon = ca.horizon.as_ref().map_or_else(|| "no horizon".to_owned(), |own| format!("horizon `{own}`"));
    let _ = writeln!(text, "{}     {at}{guest}, {horizon}; known by {}", painted(HEAD, "seat"), ca.known_by);
    let from = if answer.live { "the server that runs" } else { "files alone: nothing was probed or seen" };
    let _ = writeln!(text, "{}     {}; said by {from}", painted(HEAD, "gate"), answer.gate);
    text
}

/// Names down, challenges across, and what the colours mean.
fn matrix(answer: &AcmeAnswer, wide: bool) -> String {
    if answer.names.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["NAME", "HTTP-01", "TLS-ALPN-01", "DNS-01", "BEST", "WANTED BY"]);
    for name in &answer.names {
        let cell = |challenge: &str| {
            let one = name.challenges.iter().find(|one| one.challenge == challenge);
            one.map_or_else(|| (DIM, "-".to_owned()), |one| cell(one, wide))
        };
        let wanted = if wide { name.needs.join(", ") } else { String::new() };
        table.row([
            (MAIN, name.name.clone()),
            cell("http-01"),
            cell("tls-alpn-01"),
            cell("dns-01"),
            best(name),
            (DIM, wanted),
        ]);
    }
    format!("\n{}\n{}", table.text(), legend())
}

fn best(name: &AcmeName) -> (Style, String) {
    let hint = name.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
    let by = name.best.as_ref().map_or_else(String::new, |best| format!(" by {best}"));
    (style(&name.state), format!("{}{by}{hint}", name.state))
}

/// The state, what is wrong or how it is known, and since when.
fn cell(one: &AcmeChallenge, wide: bool) -> (Style, String) {
    if one.reason.is_some() {
        return (DIM, "-".to_owned());
    }
    let code = one.problems.iter().find(|problem| problem.stops()).map(|problem| problem.code.to_string());
    let shut = style(&one.state) == BAD;
    let mut text = one.state.clone();
    if let Some(code) = code.filter(|_| shut) {
        let _ = write!(text, " {code}");
    } else if one.evidence != "static" || wide {
        let _ =
            write!(text, " ({}{})", one.evidence, one.age.map_or_else(String::new, |age| format!(", {}", ago(age))));
    }
    if one.stale {
        text.push_str(", stale");
    }
    if one.suspended {
        text.push_str(", suspended");
    }
    let warned = one.problems.iter().any(|problem| problem.severity == Gravity::Warning) && wide;
    if warned {
        text.push_str(" !");
    }
    (style(&one.state), text)
}

/// `just now`, `3 min ago`
pub(super) fn ago(seconds: u64) -> String {
    if seconds < 5 { "just now".to_owned() } else { format!("{} ago", span(seconds)) }
}

/// `90 s`, `15 min`, `6 h`, `3 d`: in the largest unit that says something.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The colour of a state.
pub(super) fn style(state: &str) -> Style {
    match state {
        "verified" | "reachable" => GOOD,
        "degraded" => WARN,
        "blocked" | "unreachable" | "contradicted" => BAD,
        "plausible" => Style::new(),
        _ => DIM,
    }
}

fn legend() -> String {
    let words = [
        ("verified", "issued"),
        ("reachable", "a probe met the server"),
        ("degraded", "with a fault"),
        ("plausible", "nothing speaks against it"),
        ("blocked", "our own data forbid it"),
        ("unreachable", "a probe failed"),
        ("contradicted", "the CA went elsewhere"),
    ];
    let words = words.map(|(word, meaning)| format!("{} {}", painted(style(word), word), painted(DIM, meaning)));
    words.join(", ") + "\n"
}

/// Each problem once a name, the worst first.
fn problems(answer: &AcmeAnswer) -> String {
    let mut text = String::new();
    for name in &answer.names {
        let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
        for problem in name.challenges.iter().flat_map(|one| &one.problems) {
            if told.insert((&problem.code, &problem.summary)) {
                let _ = write!(text, "\n{}: ", painted(HEAD, &name.name));
                text.push_str(&problem_text(problem, ""));
            }
        }
    }
    text
}

/// A problem with its evidence, places and commands; every line but the first is indented.
pub(super) fn problem_text(problem: &Problem, indent: &str) -> String {
    let style = match problem.severity {
        Gravity::Debug | Gravity::Info => DIM,
        Gravity::Warning => WARN,
        Gravity::Error | Gravity::Fatal => BAD,
    };
    let word = painted(style, &format!("{} {}", problem.severity, problem.code));
    let mut text = format!("{word} {}\n", plain(&problem.summary));
    let mut line = |head: &str, what: &str| {
        let _ = writeln!(text, "{indent}  {} {}", painted(DIM, head), plain(what));
    };
    if !problem.detail.is_empty() {
        line("detail", &problem.detail);
    }
    for seen in &problem.evidence {
        line("because", seen);
    }
    for place in &problem.places {
        line("written", &place.to_string());
    }
    let on = problem.remedy.on.as_ref().map_or_else(String::new, |on| format!(" ({on})"));
    line("remedy", &format!("{}{on}", problem.remedy.text));
    for command in &problem.remedy.commands {
        let _ = writeln!(text, "{indent}         {}", painted(MAIN, &plain(command)));
    }
    text
}

/// Texts of others hold no escape code for the terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
