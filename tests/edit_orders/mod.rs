//! What the tests of edits share: orders as lines of text, and zones.

#![allow(dead_code)]

use horizon_dns::dns::{Name, parse_data, parse_name, parse_rtype};
use horizon_dns::edit::{Placed, RecordEdit};
use horizon_dns::zone::{LoadedZone, parse_zone};
use std::path::Path;

pub(crate) const FILE: &str = "example.org.zone";

/// The zone of most tests.
pub(crate) fn origin() -> Name {
    parse_name("example.org").unwrap()
}

/// The records of a text.
pub(crate) fn load(text: &str, origin: &Name) -> LoadedZone {
    match parse_zone(text.as_bytes(), Path::new(FILE), origin) {
        Ok(zone) => zone,
        Err(findings) => panic!("{}\n{text}", findings[0]),
    }
}

/// A name below the origin; `@` is the origin.
pub(crate) fn owner(text: &str, origin: &Name) -> Name {
    let text = text.trim_end_matches('.');
    parse_name(&if text == "@" { origin.to_string() } else { format!("{text}.{origin}") }).unwrap()
}

/// One edit a line: `set OWNER [TTL] TYPE DATA | DATA`, `add ...`, `rm OWNER [TYPE [DATA]]`, `mv OLD NEW [keep]`.
pub(crate) fn placed(orders: &str, origin: &Name) -> Vec<Placed> {
    let lines = orders.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| Placed {
            horizon: "internal".into(),
            origin: origin.clone(),
            edit: edit(line, origin),
            expects: Vec::new(),
        })
        .collect()
}

/// One line of orders.
pub(crate) fn edit(line: &str, origin: &Name) -> RecordEdit {
    let mut words = line.splitn(3, ' ');
    let (verb, name) = (words.next().unwrap(), words.next().unwrap());
    let rest = words.next().unwrap_or("");
    let name = owner(name, origin);
    if verb == "mv" {
        let (to, keep) = rest.split_once(' ').map_or((rest, false), |(to, _)| (to, true));
        return RecordEdit::Move { from: name, to: owner(to, origin), keep_cname: keep };
    }
    let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
    let ttl: Option<u32> = first.parse().ok();
    let (rtype, data) = if ttl.is_some() { after.split_once(' ').unwrap() } else { (first, after) };
    let rtype = parse_rtype(rtype.as_bytes());
    let data: Vec<Vec<u8>> = data
        .split(" | ")
        .filter(|data| !data.is_empty())
        .map(|data| parse_data(rtype.unwrap(), data, origin).unwrap())
        .collect();
    match verb {
        "set" => RecordEdit::Set { owner: name, rtype: rtype.unwrap(), ttl, data },
        "add" => RecordEdit::Add { owner: name, rtype: rtype.unwrap(), ttl, data },
        "rm" => RecordEdit::Remove { owner: name, rtype, data: data.into_iter().next() },
        _ => panic!("{line}"),
    }
}
