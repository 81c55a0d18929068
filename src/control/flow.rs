//! `flow`: where names lead in each horizon, for a picture.

use super::Published;
use super::Refusal;
use super::get::outcome;
use super::horizon_match::chain;
use super::origin::Origins;
use super::reply::Decoded;
use super::resolve::resolve;
use super::resolve::views;
use crate::answer::Rule;
use crate::answer::Step;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::name_from_wire;
use crate::dns::present_data;
use crate::dns::present_name;
use crate::finding::Place;
use crate::flow::Seen;
use crate::flow::SeenAddress;
use crate::flow::SeenHorizon;
use crate::flow::SeenName;
use crate::query;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// A picture of more names shows nothing.
const MOST_NAMES: usize = 5_000;
/// Records that may be walked over to find where each address was written: for each name all zones of a horizon are.
const MOST_WALKED: usize = 20_000_000;

/// Asks each horizon where names lead: A and AAAA, aliases followed. All names with an address or an alias when none is
/// given; names that are given are resolved as in `get`.
///
/// # Errors
/// `BAD_NAME`, `AMBIGUOUS_NAME`, `UNKNOWN_HORIZON`.
pub fn flow(published: &Published, names: &[String], horizon: Option<&str>) -> Result<Seen, Refusal> {
    let views = views(&published.snapshot, horizon)?;
    let mut wanted: BTreeSet<Name> = BTreeSet::new();
    for name in names {
        wanted.insert(resolve(&views, &views, published, name)?);
    }
    if names.is_empty() {
        let shown: Vec<&str> = views.iter().map(|(view, _)| view.name.as_str()).collect();
        wanted = leading(published, &shown);
    }
    let left_out = wanted.len().saturating_sub(MOST_NAMES);
    let wanted: Vec<Name> = wanted.into_iter().take(MOST_NAMES).collect();
    let records: usize = published.zones.iter().map(|zone| zone.records.len()).sum();
    let mut origins = (records.saturating_mul(wanted.len()) <= MOST_WALKED).then(|| Origins::new(published));
    let mut seen = Seen { config: published.snapshot.settings.file.clone(), horizons: Vec::new(), left_out };
    for (view, client) in views {
        let settings = published.snapshot.settings.horizons.iter().find(|known| known.name == view.name);
        let clients = settings.map(|known| known.clients.iter().map(ToString::to_string).collect());
        let names = wanted.iter().map(|name| one(published, origins.as_mut(), &view.name, client, name)).collect();
        seen.horizons.push(SeenHorizon { name: view.name.clone(), clients: clients.unwrap_or_default(), names });
    }
    Ok(seen)
}

/// Owners of addresses and aliases in the zones that these horizons see.
pub(super) fn leading(published: &Published, horizons: &[&str]) -> BTreeSet<Name> {
    let seen: BTreeSet<&str> = horizons.iter().flat_map(|horizon| chain(&published.snapshot, horizon)).collect();
    let zones = published.zones.iter().filter(|zone| seen.contains(zone.horizon.as_str()));
    let records = zones.flat_map(|zone| zone.records.iter());
    let leading = records.filter(|record| matches!(record.rtype, Rtype::A | Rtype::AAAA | Rtype::CNAME));
    leading.filter_map(|record| name_from_wire(record.owner).ok()).collect()
}

fn one(
    published: &Published,
    mut origins: Option<&mut Origins<'_>>,
    horizon: &str,
    client: IpAddr,
    name: &Name,
) -> SeenName {
    let mut seen = SeenName { name: present_name(name.as_slice()), ..SeenName::default() };
    for rtype in [Rtype::A, Rtype::AAAA] {
        let explanation = query::explain_own(&published.snapshot, client, name, rtype);
        let Some(reply) = Decoded::read(&explanation.reply) else { continue };
        for record in &reply.answer {
            if record.rtype == Rtype::CNAME && rtype == Rtype::A {
                seen.aliases.push(present_data(Rtype::CNAME, &record.data));
            }
            let Some(address) = address(record.rtype, &record.data) else { continue };
            let mut found = SeenAddress { address, traced: origins.is_some(), source: None, place: None };
            // Of an alias the first record decides where the name leads.
            let first = reply.answer.first().filter(|first| first.rtype == Rtype::CNAME).unwrap_or(record);
            let owners = owners(&explanation.steps, &first.owner);
            let origin = origins.as_mut().and_then(|origins| origins.find(horizon, &owners, first.rtype, &first.data));
            if let Some(origin) = origin {
                found.source = origin.source;
                found.place = origin.file.map(|file| Place { line: origin.line, ..Place::file(file) });
            }
            seen.addresses.push(found);
        }
        if rtype == Rtype::A || !seen.addresses.is_empty() && seen.outcome != "NOERROR" {
            let last = explanation.steps.last().map(|step| step.rule);
            seen.outcome = match (last, seen.addresses.is_empty()) {
                (Some(Rule::NotOurs), true) if !seen.aliases.is_empty() => "ELSEWHERE".to_owned(),
                (_, true) if reply.rcode == "NOERROR" && last != Some(Rule::Delegation) => "NODATA".to_owned(),
                (_, none) => outcome(&explanation, &reply, none),
            };
        }
    }
    seen.addresses.sort_by_key(|one| one.address);
    seen.addresses.dedup_by_key(|one| one.address);
    seen
}

/// The owner, and the wildcards or DNAMEs that it may stand for.
fn owners(steps: &[Step], owner: &Name) -> Vec<Name> {
    let others = steps.iter().filter(|step| step.name == *owner).filter_map(|step| step.owner.clone());
    std::iter::once(owner.clone()).chain(others).collect()
}

fn address(rtype: Rtype, data: &[u8]) -> Option<IpAddr> {
    match rtype {
        Rtype::A => data.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        Rtype::AAAA => data.first_chunk::<16>().map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}
