//! `acme explain`: one name, challenge by challenge: told, meant, seen, wrong, to do.

use super::acme_status::ago;
use super::acme_status::conclude;
use super::acme_status::head;
use super::acme_status::only;
use super::acme_status::plain;
use super::acme_status::problem_text;
use super::acme_status::span;
use super::acme_status::style;
use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::show;
use super::seat::answer;
use super::style::DIM;
use super::style::HEAD;
use super::style::MAIN;
use super::style::painted;
use crate::control::AcmeAnswer;
use crate::control::AcmeChallenge;
use crate::control::AcmeName;
use crate::control::Request;
use crate::plugin::acme::reach::Reach;
use crate::plugin::acme::reach::Told;
use std::fmt::Write;

/// Explains a name.
pub(super) fn explain(scope: &Scope, name: &str) -> Result<Exit, Failure> {
    let request = Request::AcmeStatus { name: Some(name.to_owned()) };
    let answer: AcmeAnswer = only(scope, answer(scope, &request)?);
    show(scope.output, &answer, |answer| {
        head(answer) + &answer.names.iter().map(|name| of_name(answer, name)).collect::<String>()
    })?;
    Ok(conclude(&answer))
}

fn of_name(answer: &AcmeAnswer, name: &AcmeName) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(text, "{}     {}", painted(HEAD, "name"), painted(MAIN, &name.name));
    for need in &name.needs {
        let _ = writeln!(text, "{}   {need}", painted(HEAD, "wanted"));
    }
    if let Some(told) = name.challenges.iter().find_map(|one| one.reach.facts.told.as_ref()) {
        let _ = writeln!(text, "{}     {}", painted(HEAD, "told"), told_text(told));
    }
    let by = name.best.as_ref().map_or_else(String::new, |best| format!(" by {best}"));
    let _ = writeln!(text, "{}     {}{by}", painted(HEAD, "best"), painted(style(&name.state), &name.state));
    if let Some(hint) = &name.hint {
        let _ = writeln!(text, "{}     {hint}", painted(HEAD, "hint"));
    }
    let mut before: Vec<&AcmeChallenge> = Vec::new();
    for one in &name.challenges {
        let _ = write!(text, "\n{}  {}", painted(HEAD, &one.challenge), painted(style(&one.state), &one.state));
        if let Some(reason) = &one.reason {
            let _ = writeln!(text, ": {reason}");
            continue;
        }
        let age = one.age.map_or_else(String::new, |age| format!(", {}", ago(age)));
        let stale = if one.stale { ", longer ago than it counts" } else { "" };
        let _ = writeln!(text, "  {}", painted(DIM, &format!("evidence {}{age}{stale}", one.evidence)));
        text.push_str(&facts(&one.reach, answer.at));
        for problem in &one.problems {
            if let Some(other) = before.iter().find(|other| other.problems.contains(problem)) {
                let _ = writeln!(text, "  {} {}", problem.code, painted(DIM, &format!("as for {}", other.challenge)));
            } else {
                let _ = write!(text, "  {}", problem_text(problem, "  "));
            }
        }
        before.push(one);
    }
    text
}

/// What the CA gets when it asks now.
fn told_text(told: &Told) -> String {
    let asker = told.asker.map_or_else(|| "the CA".to_owned(), |asker| format!("the CA {asker}"));
    let by = match (&told.zone, told.rule.as_str()) {
        (Some(zone), rule) => format!(" by zone {zone} in horizon `{}`, rule {rule}", told.horizon),
        (None, _) if told.horizon.is_empty() => ": no horizon has it among its clients".to_owned(),
        (None, _) => format!(": no zone of horizon `{}` holds it", told.horizon),
    };
    let chain: String = told.chain.iter().map(|target| format!(" -> {target}")).collect();
    let addresses: Vec<String> = told.addresses.iter().map(|(address, ttl)| format!("{address} (TTL {ttl})")).collect();
    let what = if addresses.is_empty() { "no address".to_owned() } else { addresses.join(", ") };
    format!("{asker} is told {what}{by}{chain}")
}

/// Where it is meant to be answered, what probes and the CA's side showed.
fn facts(reach: &Reach, at: u64) -> String {
    let mut text = String::new();
    let mut line = |head: &str, what: &str| {
        let _ = writeln!(text, "  {} {}", painted(DIM, head), plain(what));
    };
    if !reach.basis.expected_targets.is_empty() {
        let targets: Vec<String> = reach.basis.expected_targets.iter().map(ToString::to_string).collect();
        line("meant to be answered at", &targets.join(", "));
    }
    for seen in &reach.facts.addresses {
        let took = seen.connect_ms.map_or_else(String::new, |ms| format!(", connected in {ms} ms"));
        let status = seen.status.map_or_else(String::new, |status| format!(", HTTP {status}"));
        let server = seen.server.as_ref().map_or_else(String::new, |server| format!(", server {server}"));
        let alert = seen.alert.map_or_else(String::new, |alert| format!(", TLS alert {alert}"));
        line("probe of", &format!("{}: {}{took}{status}{server}{alert}", seen.target, seen.outcome));
    }
    for query in reach.facts.queries.iter().rev().take(SHOWN) {
        let ago = ago(at.saturating_sub(query.at));
        let over = if query.transport.is_empty() { String::new() } else { format!(" over {}", query.transport) };
        line("the CA asked", &format!("{} {}{over}, {ago}", query.name, query.rtype));
    }
    for hit in reach.facts.hits.iter().rev().take(SHOWN) {
        let to = hit.came_to.map_or_else(|| "this host".to_owned(), |address| address.to_string());
        line("the CA came to", &format!("{to} for {}, {}", hit.host, ago(at.saturating_sub(hit.at))));
    }
    if let Some(error) = reach.facts.ca.as_ref().and_then(|ca| ca.last_error.as_ref()) {
        line("the CA said", &format!("{} {}, {}", error.urn, error.detail, ago(at.saturating_sub(error.at))));
    }
    if let Some(issued) = reach.facts.issued {
        line("issued", &format!("{}, for {}", ago(at.saturating_sub(issued.at)), span(issued.lifetime)));
    }
    if let Some(acked) = &reach.facts.acked {
        line("settled by", &format!("{}, {}", acked.by, ago(at.saturating_sub(acked.at))));
    }
    if let Some(next) = reach.next_at.filter(|next| *next > at) {
        line("next probe", &format!("in {} at the earliest", span(next - at)));
    }
    text
}

/// Queries and hits that are shown.
const SHOWN: usize = 3;
