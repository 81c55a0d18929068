//! The CA's own name: ACME clients must find the CA by it, and nothing in between may need the CA itself.

use super::asking::Asker;
use super::ground::Ground;
use super::seat::Seat;
use crate::dns::{parse_name, present_name};
use crate::flow::Known;
use crate::inventory::name_not_at_ca;
use crate::plugin::acme::reach::{Gravity, Problem, Remedy};
use std::net::IpAddr;

/// CA_NAME_NOT_AT_CA for each private horizon in which the host of the directory leads elsewhere than to the CA; with the index
/// of that horizon.
pub(super) fn look(ground: &Ground<'_>, known: Option<&Known<'_>>, seat: &Seat) -> Vec<(usize, Problem)> {
    let Some(name) = parse_name(&seat.host).ok().filter(|_| !seat.host.is_empty()) else { return Vec::new() };
    if seat.host.parse::<IpAddr>().is_ok() || seat.addresses.is_empty() || ground.asker.is_some() {
        return Vec::new();
    }
    let horizons = ground.snapshot.settings.horizons.iter().enumerate();
    let private = horizons.filter(|(_, horizon)| !horizon.is_public());
    let found = private.filter_map(|(index, horizon)| {
        let client = ground.snapshot.horizons.client_of(index)?;
        let (heard, addresses) = Asker { snapshot: ground.snapshot, client }.addresses(&name);
        // A name of others' zones is not ours to judge.
        heard.zone()?;
        let told: Vec<IpAddr> = addresses.into_iter().map(|(address, _)| address).collect();
        Some((index, judged(known, seat, &horizon.name, &told)?))
    });
    found.collect()
}

fn judged(known: Option<&Known<'_>>, seat: &Seat, horizon: &str, told: &[IpAddr]) -> Option<Problem> {
    let by_inventory = known.and_then(|known| {
        let claim = known.ca().filter(|claim| claim.name.to_string().eq_ignore_ascii_case(&seat.host))?;
        name_not_at_ca(claim, horizon, told, known.inventory())
    });
    if let Some(finding) = by_inventory {
        let mut problem = Problem::new("CA_NAME_NOT_AT_CA", Gravity::Error, finding.what, Remedy::new(finding.remedy));
        problem.places = finding.places;
        problem.evidence = finding.cause.into_iter().collect();
        return Some(problem);
    }
    let host = parse_name(&seat.host).map(|name| present_name(name.as_slice())).unwrap_or_default();
    let right = seat.addresses.first()?;
    let command =
        format!("zonectl set {host} {} {right} --horizon {horizon}", if right.is_ipv4() { "A" } else { "AAAA" });
    let (gravity, summary) = match told.iter().find(|address| !seat.addresses.contains(address)) {
        // `ca_addresses` says where it asks from; it may be reached elsewhere.
        Some(astray) => {
            let summary = format!(
                "in horizon `{horizon}` the CA's name {host} leads to {astray}, and the CA asks from {right}: see that it is \
                 reached there"
            );
            (Gravity::Warning, summary)
        }
        None if told.is_empty() => {
            let summary = format!("in horizon `{horizon}` the CA's name {host} has no address: no client finds it");
            (Gravity::Error, summary)
        }
        None => return None,
    };
    Some(Problem::new("CA_NAME_NOT_AT_CA", gravity, summary, Remedy::new("lead it to the CA").run(command)))
}
