//! What stands in each zone: the records that were written, and what a rule for a whole subtree comes to.
//!
//! `address=/d/ip` of dnsmasq holds at `d` and at everything below it, at any depth. A wildcard of a zone does not reach below
//! a name that exists (RFC 4592 section 2.2.1), so that every name in the subtree needs a wildcard of its own.

use super::line::Origin;
use super::model::Model;
use super::model::Raw;
use super::model::Says;
use super::naming::address_octets;
use super::naming::is_wildcard;
use super::naming::wildcard;
use super::places::Places;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::finding::Finding;
use crate::finding::Severity;
use std::collections::BTreeMap;

/// The zones with their records, SOA and NS not counted.
pub(super) type Zones = BTreeMap<Name, Nodes>;

/// The names of a zone in their order.
pub(super) type Nodes = BTreeMap<Name, Vec<Entry>>;

/// One record of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) rtype: Rtype,
    /// Seconds; none for that of the zone.
    pub(super) ttl: Option<u32>,
    pub(super) data: Vec<u8>,
    /// The line it came from; none for the server's own.
    pub(super) origin: Option<Origin>,
}

/// Lays all records out.
pub(super) fn zones(model: &mut Model, places: &Places) -> Zones {
    let mut zones: Zones = places.apexes.keys().map(|apex| (apex.clone(), Nodes::new())).collect();
    for record in &model.records {
        let Some(apex) = places.zone(&record.owner) else { continue };
        let nodes = zones.entry(apex.clone()).or_default();
        push(nodes.entry(record.owner.clone()).or_default(), entry(record));
    }
    let mut findings = Vec::new();
    for (apex, nodes) in &mut zones {
        aliases_stand_alone(nodes, &mut findings);
        exist(model, places, apex, nodes);
        subtrees(model, nodes);
    }
    flatten(&mut zones, places, &mut findings);
    model.findings.append(&mut findings);
    zones
}

fn entry(record: &Raw) -> Entry {
    Entry { rtype: record.rtype, ttl: record.ttl, data: record.data.clone(), origin: record.origin.clone() }
}

/// Adds a record that is not there yet; the records of a type share the TTL of the first (RFC 2181 section 5.2).
fn push(entries: &mut Vec<Entry>, mut new: Entry) {
    if let Some(first) = entries.iter().find(|known| known.rtype == new.rtype) {
        new.ttl = first.ttl;
    }
    if !entries.iter().any(|known| known.rtype == new.rtype && known.data == new.data) {
        entries.push(new);
    }
}

/// A name with a CNAME record has no other records (RFC 1034 section 3.6.2); in dnsmasq, too, the alias wins.
fn aliases_stand_alone(nodes: &mut Nodes, findings: &mut Vec<Finding>) {
    for (owner, entries) in nodes {
        if !entries.iter().any(|entry| entry.rtype == Rtype::CNAME) {
            continue;
        }
        for lost in entries.iter().filter(|entry| entry.rtype != Rtype::CNAME) {
            let what = format!("{owner} is an alias, so that its {} record is left out", lost.rtype);
            let finding = Finding::new("IMPORT_ALIAS", Severity::Warning, owner.to_string(), what, "keep one of both");
            findings.push(match &lost.origin {
                Some(origin) => finding.seen_at(origin.at(1)),
                None => finding,
            });
        }
        entries.retain(|entry| entry.rtype == Rtype::CNAME);
    }
}

/// Every name that exists in the zone gets its place: the domains of rules, and the names between others and the apex.
fn exist(model: &Model, places: &Places, apex: &Name, nodes: &mut Nodes) {
    let below = model.rules.range(apex.clone()..).map(|(name, _)| name).take_while(|name| name.ends_with(apex));
    let ruled: Vec<Name> = below.filter(|name| places.zone(name) == Some(apex)).cloned().collect();
    let mut names: Vec<Name> = nodes.keys().cloned().chain(ruled).collect();
    names.push(apex.clone());
    while let Some(name) = names.pop() {
        let new = !nodes.contains_key(&name);
        nodes.entry(name.clone()).or_default();
        if let Some(parent) = name.parent().filter(|_| name != *apex)
            && (new || !nodes.contains_key(&parent))
        {
            names.push(parent);
        }
    }
}

/// Writes the addresses of rules at every name in their subtree, and below it.
fn subtrees(model: &Model, nodes: &mut Nodes) {
    let names: Vec<Name> = nodes.keys().cloned().collect();
    for name in names {
        let here = nodes.entry(name.clone()).or_default();
        addresses(model, &name, here);
        let Some(below) = wildcard(&name).filter(|_| !is_wildcard(&name)) else { continue };
        let mut entries = nodes.remove(&below).unwrap_or_default();
        addresses(model, &below, &mut entries);
        if !entries.is_empty() {
            nodes.insert(below, entries);
        }
    }
    // A rule's domain and a name between others are there only where something stands at or below them.
    nodes.retain(|_, entries| !entries.is_empty());
}

/// What rules say of a name goes beside what it has; records of the name itself win, family by family.
fn addresses(model: &Model, name: &Name, entries: &mut Vec<Entry>) {
    if entries.iter().any(|entry| entry.rtype == Rtype::CNAME) {
        return;
    }
    for rtype in [Rtype::A, Rtype::AAAA] {
        if entries.iter().any(|entry| entry.rtype == rtype) {
            continue;
        }
        let Some(Says::Addresses(found)) = model.says(name, rtype) else { continue };
        for (address, origin) in found {
            entries.push(Entry { rtype, ttl: None, data: address_octets(address), origin: Some(origin) });
        }
    }
}

/// An alias at an apex, where the SOA stands, can be none: the records of its target take its place.
fn flatten(zones: &mut Zones, places: &Places, findings: &mut Vec<Finding>) {
    let apexes: Vec<Name> = zones.keys().cloned().collect();
    for apex in apexes {
        let Some(alias) = zones.get(&apex).and_then(|nodes| alias_of(nodes, &apex)) else { continue };
        let mut found = Vec::new();
        let mut target = crate::dns::name_from_wire(&alias.data).ok();
        // dnsmasq refuses circles; the bound holds for those that only a mended file could make.
        for _ in 0..16 {
            let Some(name) = target.take() else { break };
            let entries = lookup(zones, places, &name);
            match entries.iter().find(|entry| entry.rtype == Rtype::CNAME) {
                Some(next) => target = crate::dns::name_from_wire(&next.data).ok(),
                None => {
                    found.extend(entries.into_iter().filter(|entry| matches!(entry.rtype, Rtype::A | Rtype::AAAA)));
                }
            }
        }
        let what = match found.is_empty() {
            true => {
                format!("{apex} is an alias of a name that is not known here, in a zone of its own: it gets no records")
            }
            false => format!(
                "{apex} is an alias in a zone of its own, where none may stand (RFC 1034 section 3.6.2): it gets the addresses of its target"
            ),
        };
        let remedy = "make its domain local (`local=/domain/`) when nothing else of it comes from outside";
        let finding = Finding::new("IMPORT_APEX_ALIAS", Severity::Warning, apex.to_string(), what, remedy);
        findings.push(match &alias.origin {
            Some(origin) => finding.seen_at(origin.at(1)),
            None => finding,
        });
        let copies = found.into_iter().map(|entry| Entry { origin: alias.origin.clone(), ttl: alias.ttl, ..entry });
        if let Some(nodes) = zones.get_mut(&apex) {
            nodes.insert(apex, copies.collect());
        }
    }
}

fn alias_of(nodes: &Nodes, apex: &Name) -> Option<Entry> {
    nodes.get(apex)?.iter().find(|entry| entry.rtype == Rtype::CNAME).cloned()
}

/// The records that a name has in the zones, by a wildcard if need be.
fn lookup(zones: &Zones, places: &Places, name: &Name) -> Vec<Entry> {
    let Some(nodes) = places.zone(name).and_then(|apex| zones.get(apex)) else { return Vec::new() };
    let above = || nodes.get(&wildcard(&name.parent()?)?);
    nodes.get(name).or_else(above).cloned().unwrap_or_default()
}
