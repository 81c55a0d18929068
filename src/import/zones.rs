//! Which zones there are: where a local domain begins, and a zone of its own for each name outside of one.

use super::line::Origin;
use super::model::Model;
use super::model::Rule;
use super::model::Says;
use super::naming::is_wildcard;
use super::naming::name;
use super::places::Place;
use super::places::Places;
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

/// Domains that no public server knows: a name in one of them belongs to this network.
const PRIVATE: [&str; 11] =
    ["lan", "home", "internal", "intranet", "private", "corp", "localdomain", "local", "test", "home.arpa", "localnet"];

/// Chooses the zones of a configuration.
pub(super) fn places(model: &mut Model) -> Places {
    let mut places = Places { routes: routes(model), ..Places::default() };
    if model.everything.has_addresses() {
        places.apexes.insert(Name::root_bytes(), Kind::Local);
    }
    // A parent comes before its children in the order of names.
    for (domain, rules) in &model.rules {
        let [subtree, below] = rules;
        let inside = places.zone(domain).is_some();
        let stops = subtree.nothing.is_some() || below.nothing.is_some();
        let covered = domain.parent().is_some_and(|parent| is_covered(model, &parent));
        // Where servers are named for the domain as well, they are asked.
        let asked = subtree.forwards() && !subtree.has_addresses();
        if stops && !asked && (!inside || covered) {
            let kind = if subtree.nothing.is_some() { Kind::Local } else { Kind::Own };
            places.apexes.insert(domain.clone(), kind);
        } else if rules.iter().any(Rule::has_addresses) && !inside {
            places.apexes.insert(domain.clone(), Kind::Own);
        }
    }
    let domains: BTreeSet<Name> = model.domains.iter().map(|known| known.domain.clone()).collect();
    for domain in &domains {
        if places.of(domain) == Place::Nowhere && (private_suffix(domain).is_some() || !model.forwards()) {
            places.apexes.insert(domain.clone(), Kind::Local);
        }
    }
    let owners: BTreeSet<Name> = model.records.iter().map(|record| record.owner.clone()).collect();
    for owner in &owners {
        let (apex, kind) = match places.of(owner) {
            Place::Zone(..) => continue,
            Place::Route => zone_of_its_own(owner),
            Place::Nowhere => zone_for(owner),
        };
        places.apexes.insert(apex, kind);
    }
    held(model, &places);
    places
}

/// The domains that are forwarded by a line of their own; none where nothing is forwarded.
fn routes(model: &Model) -> BTreeSet<Name> {
    let routes = model.rules.iter().filter(|(_, rules)| rules.iter().any(Rule::forwards) && model.forwards());
    routes.map(|(domain, _)| domain.clone()).collect()
}

/// True when an address from above would hold for names at or below this one.
fn is_covered(model: &Model, name: &Name) -> bool {
    [Rtype::A, Rtype::AAAA].iter().any(|rtype| matches!(model.says(name, *rtype), Some(Says::Addresses(_))))
}

/// The zone for a name that neither a zone nor a forwarded domain covers.
fn zone_for(owner: &Name) -> (Name, Kind) {
    if let Some(zone) = reverse::zone_of(owner) {
        return (zone, Kind::Own);
    }
    match private_suffix(owner) {
        Some(zone) => (zone, Kind::Local),
        None => zone_of_its_own(owner),
    }
}

/// The zone for a name whose neighbours come from elsewhere.
fn zone_of_its_own(owner: &Name) -> (Name, Kind) {
    match owner.parent().filter(|_| is_wildcard(owner)) {
        Some(parent) => (parent, Kind::Own),
        None => (owner.clone(), Kind::Own),
    }
}

/// The private domain that a name lies in.
fn private_suffix(owner: &Name) -> Option<Name> {
    PRIVATE.iter().filter_map(|suffix| name(suffix).ok()).find(|suffix| owner.ends_with(suffix) && owner != suffix)
}

/// Tells what is forwarded no longer because a zone has its name, and which public names a zone takes along.
fn held(model: &mut Model, places: &Places) {
    let (mut findings, mut held) = (Vec::new(), Vec::new());
    for (domain, rules) in model.rules.iter().filter(|(domain, _)| places.is_held(domain)) {
        let origin = |rule: &Rule| rule.upstreams.first().map(|(_, origin)| origin).or(rule.default.as_ref()).cloned();
        let Some(origin) = rules.iter().find_map(origin) else { continue };
        let what = format!(
            "names at and below {domain} are not forwarded: {domain} is a zone, which holds them with all types"
        );
        let remedy = "forward those that are needed by longer domains, which go before the zone, or write them into it";
        held.push((origin.clone(), what.clone()));
        findings.push(
            Finding::new("IMPORT_HELD", Severity::Warning, domain.to_string(), what, remedy).seen_at(origin.at(1)),
        );
    }
    if model.forwards() {
        findings.extend(taken_along(model, places));
    }
    model.held.append(&mut held);
    model.findings.append(&mut findings);
}

/// A name that was known by itself among public names: what is below it does not come from outside any more.
fn taken_along(model: &Model, places: &Places) -> Vec<Finding> {
    let mut first: BTreeMap<&Name, &Origin> = BTreeMap::new();
    for record in &model.records {
        if let Some(origin) = &record.origin {
            first.entry(&record.owner).or_insert(origin);
        }
    }
    let own = places.apexes.iter().filter(|(apex, kind)| **kind == Kind::Own && apex.label_count() > 2);
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
