//! Hosts files and resolv.conf into the model.

use crate::import::hosts::HostsLine;
use crate::import::line::Origin;
use crate::import::model::Model;
use crate::import::naming::joined;
use crate::import::option::Stand;
use crate::import::settings::Section;
use crate::import::settings::quoted;
use crate::import::verdict::Verdict;
use std::net::IpAddr;

/// Names that are always answered here (RFC 6761 section 6.3).
const BUILT_IN: [&str; 1] = ["localhost"];

/// Takes the lines of hosts files in, save those that block names; those of `host-record` are in already and lead back first.
pub(in crate::import) fn hosts(lines: &[HostsLine], kept: &[bool], model: &mut Model) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (line, kept) in lines.iter().zip(kept) {
        if !kept {
            let text = format!("{} ({} names)", line.address, line.names.len());
            let what = (Stand::Understood, "a [[block]]: the names are blocked, not those below them");
            verdicts.push(verdict(&line.origin, "hosts", text, what));
            continue;
        }
        let domain = model.domain_of(line.address).filter(|_| model.expand_hosts).cloned();
        let mut built_in = 0;
        for (name, plain) in &line.names {
            if BUILT_IN.contains(&name.to_string().as_str()) {
                built_in += 1;
                continue;
            }
            let whole = domain.as_ref().filter(|_| *plain).and_then(|domain| joined(&name.to_string(), domain).ok());
            if let Some(whole) = whole {
                model.host(&whole, line.address, None, &line.origin);
            }
            model.host(name, line.address, None, &line.origin);
        }
        let shown: Vec<String> = line.names.iter().map(|(name, _)| name.to_string()).collect();
        let text = format!("{} {}", line.address, shown.join(" "));
        let what = match built_in == line.names.len() {
            true => (Stand::Otherwise, "`localhost` is always answered here (RFC 6761)"),
            false => (Stand::Understood, "records of the names, and PTR for the first"),
        };
        verdicts.push(verdict(&line.origin, "hosts", text, what));
    }
    verdicts
}

/// Takes the nameservers of resolv.conf in.
pub(in crate::import) fn nameservers(lines: &[(IpAddr, Origin)], model: &mut Model) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (address, origin) in lines {
        model.settings.add(Section::Forward, "upstreams", quoted(&address.to_string()), origin);
        model.everything.upstreams.push((address.to_string(), origin.clone()));
        let text = format!("nameserver {address}");
        verdicts.push(verdict(origin, "nameserver", text, (Stand::Understood, "`upstreams` of [forward]")));
    }
    verdicts
}

fn verdict(origin: &Origin, option: &'static str, text: String, (stand, what): (Stand, &str)) -> Verdict {
    Verdict { place: origin.at(1), option, text, stand, what: what.to_owned(), origin: origin.clone() }
}
