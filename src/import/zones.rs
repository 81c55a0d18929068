//! Which zones there are: where a local domain begins, and a zone of its own for each name outside of one.

use super::line::Origin;
use super::model::Model;
use super::model::Rule;
use super::model::Says;
use super::naming::is_wildcard;
use super::naming::name;
use super::reverse;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::finding::Finding;
use crate::finding::Severity;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// What a zone stands for: it decides what a difference from the old server means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A domain that the old server never forwarded: what is not in it did not exist before either.
    Local,
    /// A name that the old server knew by itself, while it forwarded the types and the names below that it did not know.
    Own,
}

/// All apexes with what they stand for.
pub(super) type Apexes = BTreeMap<Name, Kind>;

/// Domains that no public server knows: a name in one of them belongs to this network.
const PRIVATE: [&str; 11] =
    ["lan", "home", "internal", "intranet", "private", "corp", "localdomain", "local", "test", "home.arpa", "localnet"];

/// Chooses the zones of a configuration.
pub(super) fn apexes(model: &mut Model) -> Apexes {
    let mut apexes = Apexes::new();
    if model.everything.has_addresses() {
        everything(model, &mut apexes);
    }
    // A parent comes before its children in the order of names.
    for (domain, [subtree, below]) in &model.rules {
        let inside = nearest(&apexes, domain).is_some();
        let stops = subtree.nothing.is_some() || below.nothing.is_some();
        let covered = domain.parent().is_some_and(|parent| is_covered(model, &parent));
        // Where servers are named for the domain as well, they are asked.
        let asked = subtree.forwards() && !subtree.has_addresses();
        if stops && !asked && (!inside || covered) {
            let kind = if subtree.nothing.is_some() { Kind::Local } else { Kind::Own };
            apexes.insert(domain.clone(), kind);
        } else if (subtree.has_addresses() || below.has_addresses()) && !inside {
            apexes.insert(domain.clone(), Kind::Own);
        }
    }
    let forwarded: Vec<Name> = model
        .rules
        .iter()
        .filter(|(_, rules)| rules.iter().any(Rule::forwards))
        .map(|(name, _)| name.clone())
        .collect();
    let domains: BTreeSet<Name> = model.domains.iter().map(|known| known.domain.clone()).collect();
    for domain in &domains {
        if nearest(&apexes, domain).is_none()
            && (private_suffix(domain).is_some() || !model.forwards())
            && keeps_to_itself(&forwarded, domain)
        {
            apexes.insert(domain.clone(), Kind::Local);
        }
    }
    let owners: BTreeSet<Name> = model.records.iter().map(|record| record.owner.clone()).collect();
    for owner in &owners {
        if nearest(&apexes, owner).is_none() {
            let (apex, kind) = zone_for(&forwarded, owner);
            apexes.insert(apex, kind);
        }
    }
    held(model, &apexes);
    apexes
}

/// The apex at or above a name.
pub(super) fn nearest(apexes: &Apexes, name: &Name) -> Option<Name> {
    let mut at = Some(name.clone());
    while let Some(domain) = at {
        if apexes.contains_key(&domain) {
            return Some(domain);
        }
        at = domain.parent();
    }
    None
}

/// `/#/`: the root zone, unless something is forwarded by its domain, for a zone goes before that.
fn everything(model: &mut Model, apexes: &mut Apexes) {
    let origin = model.everything.origin().cloned();
    let forwarded = model.rules.iter().find(|(_, rules)| rules.iter().any(Rule::forwards));
    let finding = match forwarded {
        None => {
            apexes.insert(Name::root_bytes(), Kind::Local);
            None
        }
        Some((domain, _)) => {
            let what = format!(
                "an address for every name, while {domain} is forwarded: a zone for every name would hold that one, too"
            );
            Some(Finding::new("IMPORT_EVERYTHING", Severity::Error, "/#/", what, "keep one of both"))
        }
    };
    if let (Some(finding), Some(origin)) = (finding, origin) {
        model.findings.push(finding.seen_at(origin.at(1)));
    }
}

/// True when an address from above would hold for names at or below this one.
fn is_covered(model: &Model, name: &Name) -> bool {
    [Rtype::A, Rtype::AAAA].iter().any(|rtype| matches!(model.says(name, *rtype), Some(Says::Addresses(_))))
}

/// The zone for a name that lies in none.
fn zone_for(forwarded: &[Name], owner: &Name) -> (Name, Kind) {
    if !forwarded.iter().any(|domain| owner.ends_with(domain)) {
        if let Some(zone) = reverse::zone_of(owner).filter(|zone| keeps_to_itself(forwarded, zone)) {
            return (zone, Kind::Own);
        }
        if let Some(zone) = private_suffix(owner).filter(|zone| keeps_to_itself(forwarded, zone)) {
            return (zone, Kind::Local);
        }
    }
    match owner.parent().filter(|_| is_wildcard(owner)) {
        Some(parent) => (parent, Kind::Own),
        None => (owner.clone(), Kind::Own),
    }
}

/// True when nothing at or below the domain is forwarded by a domain of its own.
fn keeps_to_itself(forwarded: &[Name], domain: &Name) -> bool {
    !forwarded.iter().any(|name| name.ends_with(domain))
}

/// The private domain that a name lies in.
fn private_suffix(owner: &Name) -> Option<Name> {
    PRIVATE.iter().filter_map(|suffix| name(suffix).ok()).find(|suffix| owner.ends_with(suffix) && owner != suffix)
}

/// Tells what is forwarded no longer because a zone holds it, and which public names a zone takes along.
fn held(model: &mut Model, apexes: &Apexes) {
    let (mut findings, mut held) = (Vec::new(), Vec::new());
    for (domain, rules) in &model.rules {
        let origin = |rule: &Rule| rule.upstreams.first().map(|(_, origin)| origin).or(rule.default.as_ref()).cloned();
        let Some(origin) = rules.iter().find_map(origin) else { continue };
        if let Some(apex) = nearest(apexes, domain) {
            let what =
                format!("names at and below {domain} are not forwarded: the zone {apex} holds them, with all types");
            let remedy = "write what is needed of them into the zone, or give the names round them zones of their own";
            held.push((origin.clone(), what.clone()));
            findings.push(
                Finding::new("IMPORT_HELD", Severity::Warning, domain.to_string(), what, remedy).seen_at(origin.at(1)),
            );
        }
    }
    if model.forwards() {
        findings.extend(taken_along(model, apexes));
    }
    model.held.append(&mut held);
    model.findings.append(&mut findings);
}

/// A name that was known by itself among public names: what is below it does not come from outside any more.
fn taken_along(model: &Model, apexes: &Apexes) -> Vec<Finding> {
    let mut first: BTreeMap<&Name, &Origin> = BTreeMap::new();
    for record in &model.records {
        if let Some(origin) = &record.origin {
            first.entry(&record.owner).or_insert(origin);
        }
    }
    let own = apexes.iter().filter(|(apex, kind)| **kind == Kind::Own && apex.label_count() > 2);
    own.filter(|(apex, _)| !is_covered(model, apex))
        .filter_map(|(apex, _)| {
            let origin = first.get(apex)?;
            let what = format!(
                "{apex} becomes a zone: other types of it, and names below it, do not come from outside any more"
            );
            let remedy = "write those that are needed into the zone";
            Some(Finding::new("IMPORT_OWNED", Severity::Warning, apex.to_string(), what, remedy).seen_at(origin.at(1)))
        })
        .collect()
}
