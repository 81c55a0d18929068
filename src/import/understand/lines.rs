//! Every line to the function that knows its option, and a verdict for each.

use super::domains;
use super::records;
use super::switches;
use super::synth;
use crate::import::line::Line;
use crate::import::line::Wrong;
use crate::import::model::Model;
use crate::import::option::Stand;
use crate::import::value::Value;
use crate::import::verdict::Verdict;

/// What a line became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) enum Heard {
    /// What the table of options says.
    AsUsual,
    /// Understood, in other words.
    Became(String),
    /// Done otherwise.
    Otherwise(String),
    /// Not done.
    Refused(String),
}

/// Takes every line into the model.
pub(in crate::import) fn lines(lines: &[Line], model: &mut Model) -> Vec<Verdict> {
    let mut verdicts = Vec::with_capacity(lines.len());
    for line in lines {
        match heard(line, model) {
            Ok(heard) => verdicts.push(verdict(line, heard)),
            Err(wrong) => model.findings.push(wrong.finding(&line.origin, line.known.name)),
        }
    }
    verdicts
}

fn heard(line: &Line, model: &mut Model) -> Result<Heard, Wrong> {
    let none = Value::default();
    let value = line.value.as_ref().unwrap_or(&none);
    let origin = &line.origin;
    match line.known.name {
        "address" => domains::address(value, origin, model),
        "server" | "local" => domains::server(value, origin, model),
        "rev-server" => domains::rev_server(value, origin, model),
        "rebind-domain-ok" => domains::rebind_ok(value, origin, model),
        "domain" | "domain-suffix" => domains::domain(value, origin, model),
        "auth-zone" => domains::auth_zone(value, origin, model),
        "host-record" => records::host(value, origin, model),
        "cname" => records::cname(value, origin, model),
        "mx-host" => records::mx(value, origin, model),
        "mx-target" => records::mx_target(value, model),
        "srv-host" => records::srv(value, origin, model),
        "txt-record" => records::txt(value, origin, model),
        "ptr-record" => records::ptr(value, origin, model),
        "naptr-record" => records::naptr(value, origin, model),
        "caa-record" => records::caa(value, origin, model),
        "dns-rr" => records::any(value, origin, model),
        "synth-domain" => synth::synth(value, origin, model),
        _ => switches::switch(line.known, value, origin, model),
    }
}

fn verdict(line: &Line, heard: Heard) -> Verdict {
    let (stand, what) = match heard {
        Heard::AsUsual => (line.known.stand, line.known.text.to_owned()),
        Heard::Became(what) => (Stand::Understood, what),
        Heard::Otherwise(what) => (Stand::Otherwise, what),
        Heard::Refused(what) => (Stand::Refused, what),
    };
    Verdict {
        place: line.origin.at(1),
        option: line.known.name,
        text: line.text.clone(),
        stand,
        what,
        origin: line.origin.clone(),
    }
}
