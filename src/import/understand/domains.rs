//! `address`, `server`, `local`, `rev-server` and what else speaks of domains.

use super::lines::Heard;
use super::upstream;
use crate::config::Prefix;
use crate::import::line::Origin;
use crate::import::line::Wrong;
use crate::import::model::Completion;
use crate::import::model::Model;
use crate::import::model::Rule;
use crate::import::model::range_of;
use crate::import::naming::name_of;
use crate::import::pattern::Pattern;
use crate::import::pattern::domains;
use crate::import::reverse;
use crate::import::settings::Section;
use crate::import::settings::quoted;
use crate::import::value::Value;
use std::net::IpAddr;

const INSIDE_LABELS: &str =
    "`/*name/` also covers names that only end so inside a label; write one line for each domain that is meant";

/// `address=/domain/../[address|#]`
pub(super) fn address(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let (patterns, rest) = domains(value)?;
    if patterns.is_empty() {
        return Err(Wrong::new(value.column(), "no domain between slashes", "write `address=/domain/ADDRESS`"));
    }
    let text = rest.text();
    let address = match text.as_str() {
        "" | "#" => None,
        text => Some(text.parse::<IpAddr>().map_err(|_| {
            Wrong::new(
                rest.column(),
                format!("`{text}` is not an address"),
                "write an address, `#` for none, or nothing",
            )
        })?),
    };
    let write = |rule: &mut Rule| match address {
        Some(IpAddr::V4(v4)) if rule.v4.iter().all(|(known, _)| *known != v4) => rule.v4.push((v4, origin.clone())),
        Some(IpAddr::V6(v6)) if rule.v6.iter().all(|(known, _)| *known != v6) => rule.v6.push((v6, origin.clone())),
        Some(_) => {}
        None if text == "#" => rule.zero = rule.zero.take().or_else(|| Some(origin.clone())),
        None => {
            rule.blocked = rule.nothing.is_none();
            rule.nothing = rule.nothing.take().or_else(|| Some(origin.clone()));
        }
    };
    into_rules(&patterns, model, write, "an address for names without a dot")
}

/// `server=[/domain/../]server`, `local=/domain/../`
pub(super) fn server(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let (patterns, rest) = domains(value)?;
    if rest.is_empty() {
        if patterns.is_empty() {
            return Err(Wrong::new(value.column(), "neither a domain nor a server", "write `/domain/`, or an address"));
        }
        if patterns == [Pattern::Plain] {
            model.settings.set(Section::Guard, "plain_names", "false", origin);
            return Ok(Heard::Became("`plain_names = false` of [forward.guard]".to_owned()));
        }
        let write = |rule: &mut Rule| {
            rule.blocked = false;
            rule.nothing = rule.nothing.take().or_else(|| Some(origin.clone()));
        };
        let heard = into_rules(&patterns, model, write, "names without a dot")?;
        return Ok(if heard == Heard::AsUsual { Heard::Became("a zone with SOA and NS".to_owned()) } else { heard });
    }
    if rest.text() == "#" {
        let write = |rule: &mut Rule| rule.default = Some(origin.clone());
        into_rules(&patterns, model, write, "servers for names without a dot")?;
        return Ok(Heard::Became("a [[forward.domain]] with `upstreams = [\"default\"]`".to_owned()));
    }
    let server = upstream::read(&rest)?;
    let said = |what: &str| match &server.left_out {
        Some(left_out) => Heard::Became(format!("{what}; {left_out}")),
        None => Heard::Became(what.to_owned()),
    };
    if patterns.is_empty() {
        model.settings.add(Section::Forward, "upstreams", quoted(&server.text), origin);
        model.everything.upstreams.push((server.text.clone(), origin.clone()));
        return Ok(said("`upstreams` of [forward]"));
    }
    let write = |rule: &mut Rule| {
        if rule.upstreams.iter().all(|(known, _)| *known != server.text) {
            rule.upstreams.push((server.text.clone(), origin.clone()));
        }
    };
    if patterns.contains(&Pattern::Everything) {
        model.settings.add(Section::Forward, "upstreams", quoted(&server.text), origin);
    }
    let heard = into_rules(&patterns, model, write, "servers for names without a dot")?;
    Ok(if heard == Heard::AsUsual { said("`upstreams` of a [[forward.domain]]") } else { heard })
}

fn into_rules(patterns: &[Pattern], model: &mut Model, write: impl Fn(&mut Rule), plain: &str) -> Result<Heard, Wrong> {
    let mut heard = Heard::AsUsual;
    for pattern in patterns {
        match pattern {
            Pattern::Everything => write(&mut model.everything),
            Pattern::Subtree(name) => write(&mut model.rules.entry(name.clone()).or_default()[0]),
            Pattern::Below(name) => write(&mut model.rules.entry(name.clone()).or_default()[1]),
            Pattern::Ending(_) => heard = Heard::Refused(INSIDE_LABELS.to_owned()),
            Pattern::Plain => {
                heard = Heard::Refused(format!(
                    "{plain}: they are machines of this network; give them records, or a domain"
                ));
            }
        }
    }
    Ok(heard)
}

/// `rev-server=address[/length][,server]`
pub(super) fn rev_server(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let value = value.unquoted();
    let mut parts = value.split(',');
    let network = parts.remove(0);
    let prefix = prefix_of(&network)?;
    let server = parts.first().filter(|part| !part.is_empty()).map(upstream::read).transpose()?;
    let zones = reverse::zones(&prefix).map_err(|what| Wrong::new(network.column(), what, "write a longer prefix"))?;
    for zone in zones {
        let rule = &mut model.rules.entry(zone).or_default()[0];
        match &server {
            Some(server) if rule.upstreams.iter().any(|(known, _)| *known == server.text) => {}
            Some(server) => rule.upstreams.push((server.text.clone(), origin.clone())),
            None => rule.nothing = rule.nothing.take().or_else(|| Some(origin.clone())),
        }
    }
    Ok(match server {
        Some(upstream::Read { left_out: Some(left_out), .. }) => {
            Heard::Became(format!("a [[forward.domain]] for each reverse zone; {left_out}"))
        }
        Some(_) => Heard::AsUsual,
        None => Heard::Became("a reverse zone".to_owned()),
    })
}

/// An address with or without a length; bits beyond the length do not count.
pub(super) fn prefix_of(value: &Value) -> Result<Prefix, Wrong> {
    let text = value.text();
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address.to_owned(), Some(length.to_owned())),
        None => (text.clone(), None),
    };
    let wrong = |what: String| Wrong::new(value.column(), what, "write an address such as 10.0.0.0/24");
    let address: IpAddr = address.trim().parse().map_err(|_| wrong(format!("`{address}` is not an address")))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => longest,
        Some(length) => length
            .trim()
            .parse()
            .ok()
            .filter(|length| (1..=longest).contains(length))
            .ok_or_else(|| wrong(format!("`/{length}` is not a prefix length")))?,
    };
    Ok(Prefix::new(address, length))
}

/// `rebind-domain-ok=domain`, `rebind-domain-ok=/domain/../`
pub(super) fn rebind_ok(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let (mut patterns, rest) = domains(value)?;
    if patterns.is_empty() {
        patterns.push(Pattern::Subtree(name_of(&rest)?));
    }
    let mut heard = Heard::AsUsual;
    for pattern in patterns {
        let name = match pattern {
            Pattern::Subtree(name) | Pattern::Below(name) => quoted(&name.to_string()),
            Pattern::Everything => quoted("."),
            Pattern::Ending(_) => {
                heard = Heard::Refused(INSIDE_LABELS.to_owned());
                continue;
            }
            Pattern::Plain => {
                heard = Heard::Otherwise("names without a dot are not forwarded".to_owned());
                continue;
            }
        };
        model.settings.add(Section::Guard, "rebind_except", name, origin);
    }
    Ok(heard)
}

/// `domain=name[,range[,local]]`
pub(super) fn domain(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let mut parts = value.split(',');
    let first = parts.remove(0);
    if first.text() == "#" {
        return Ok(Heard::Refused("the domain of resolv.conf is not read: write it out".to_owned()));
    }
    let name = name_of(&first)?;
    let range = match parts.as_slice() {
        [] => None,
        [network, ..] if network.text().contains('/') => Some(range_of(&prefix_of(&network.unquoted())?)),
        [one, rest @ ..] => {
            let read = |part: &Value| part.text().parse::<IpAddr>().ok();
            match (read(one), rest.first().map(read)) {
                (Some(first), None) => Some((first, first)),
                (Some(first), Some(Some(last))) => Some((first, last)),
                _ => {
                    let what = format!("`{}` is not a range of addresses", one.text());
                    return if one.text().parse::<IpAddr>().is_err() && rest.is_empty() {
                        Ok(Heard::Refused(
                            "the networks of an interface are not known here: write them as addresses".to_owned(),
                        ))
                    } else {
                        Err(Wrong::new(one.column(), what, "write `FIRST,LAST` or a prefix"))
                    };
                }
            }
        }
    };
    model.domains.push(Completion { range, domain: name.clone() });
    if parts.last().is_some_and(|part| part.text() == "local") {
        let mut owned = vec![name];
        if let Ok(prefix) = prefix_of(&parts[0].unquoted()) {
            owned.extend(reverse::zones(&prefix).unwrap_or_default());
        }
        for zone in owned {
            let rule = &mut model.rules.entry(zone).or_default()[0];
            rule.nothing = rule.nothing.take().or_else(|| Some(origin.clone()));
        }
        return Ok(Heard::Became("completes plain names; a zone, and a reverse zone".to_owned()));
    }
    Ok(Heard::AsUsual)
}

/// `auth-zone=domain[,subnet..]`
pub(super) fn auth_zone(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let name = name_of(&value.split(',').remove(0))?;
    let rule = &mut model.rules.entry(name).or_default()[0];
    rule.nothing = rule.nothing.take().or_else(|| Some(origin.clone()));
    Ok(Heard::AsUsual)
}
