//! The CA's name must lead to the guest that runs the CA, from every place inside.
//!
//! A proxy in between needs the CA for its own certificate: when that runs out, so does the way to a new one.

use super::claims::{CaClaim, Claims, Undecided};
use super::model::Inventory;
use super::roles::Roles;
use crate::config::{Prefix, Route, Settings};
use crate::finding::{Finding, Severity};
use std::net::IpAddr;

pub(super) fn check(inventory: &Inventory, settings: &Settings, roles: &Roles, claims: &mut Claims) {
    let Some(ca) = &inventory.ca else { return };
    let Some(guest) = roles.ca.guest(inventory) else {
        let needed = format!("`{}` must lead there, which cannot be checked now", ca.name);
        let hint = "write `step_ca` among the `features` of the guest that runs the CA";
        let finding = roles.ca.finding("ca", &needed, hint, inventory);
        claims.findings.extend(finding.map(|finding| finding.seen_at(ca.place.clone())));
        return;
    };
    let claim = CaClaim {
        name: ca.name.clone(),
        guest: guest.id.clone(),
        addresses: guest.addresses.iter().map(|own| own.address).collect(),
        place: ca.place.clone(),
    };
    for (index, horizon) in settings.horizons.iter().enumerate().filter(|(_, horizon)| !horizon.is_public()) {
        let published = &claims.horizons[index];
        match published.names.get(&ca.name) {
            Some(entry) => {
                let addresses: Vec<IpAddr> = entry.addresses.keys().copied().collect();
                let finding = name_not_at_ca(&claim, &horizon.name, &addresses, inventory);
                let astray = entry.addresses.iter().find(|(address, _)| !claim.addresses.contains(address));
                let finding = finding.map(|mut finding| {
                    let Some((_, origin)) = astray else { return finding };
                    // A route cannot help where the claim itself leads elsewhere.
                    if entry.route == Route::Direct {
                        finding.remedy =
                            format!("take the name out of {}, or correct `dns_name` of `step_ca`", origin.label());
                    }
                    finding.seen_at(origin.place.clone())
                });
                claims.findings.extend(finding);
            }
            None if horizon.inherits.is_some() || published.withheld.contains(&ca.name) => {}
            None => {
                let finding = match claims.zone_of(&ca.name) {
                    Some(_) => unpublished(&claim, &horizon.name, inventory),
                    None => outside_zones(unpublished(&claim, &horizon.name, inventory), &claim),
                };
                claims.undecided.push(Undecided { name: ca.name.clone(), horizons: vec![index], finding });
            }
        }
    }
    claims.ca = Some(claim);
}

/// CA_NAME_NOT_AT_CA: some address of the CA's name in a private horizon is none of the CA's guest. It refuses the load.
pub fn name_not_at_ca(ca: &CaClaim, horizon: &str, addresses: &[IpAddr], inventory: &Inventory) -> Option<Finding> {
    let astray = addresses.iter().find(|address| !ca.addresses.contains(address))?;
    let owner = inventory.guests.iter().find(|guest| !guest.template && guest.has(*astray));
    let who = owner.map_or_else(|| "no guest".to_owned(), |guest| guest.id.to_string());
    let what =
        format!("in horizon `{horizon}` the CA's name leads to {astray} ({who}), but the CA runs in {}", ca.guest);
    let remedy =
        format!("write `{horizon} = \"direct\"` under [routes.name.\"{}\"], and no other record of that name", ca.name);
    let finding = Finding::new("CA_NAME_NOT_AT_CA", Severity::Error, ca.name.to_string(), what, remedy);
    let finding = match owner {
        Some(guest) => finding.because(format!(
            "{} does not speak for the CA, or needs the CA for its own certificate: a circle",
            guest.id
        )),
        None => finding,
    };
    Some(finding.seen_at(ca.place.clone()))
}

fn unpublished(ca: &CaClaim, horizon: &str, inventory: &Inventory) -> Finding {
    let domain = inventory.domain.as_ref().map(|domain| domain.name.to_string()).unwrap_or_default();
    let full = ca.name.to_string();
    let remedy = match full.strip_suffix(&domain).map(|labels| labels.trim_end_matches('.')) {
        Some(labels) if !labels.is_empty() && !domain.is_empty() => {
            format!("write `\"traefik_service\": {{\"name\": \"{labels}\", \"port\": 9000}}` in {}", ca.guest)
        }
        _ => format!("write `{{\"hostname\": \"{full}\"}}` in `dns_records` of {}", ca.guest),
    };
    let what = format!("nothing publishes the CA's name in horizon `{horizon}`: no ACME client there finds the CA");
    Finding::new("CA_NAME_NOT_AT_CA", Severity::Error, full, what, remedy).tolerated().seen_at(ca.place.clone())
}

/// A name that no zone holds needs its zone first: the remedy brings both.
fn outside_zones(mut finding: Finding, ca: &CaClaim) -> Finding {
    let parent = ca.name.parent().filter(|parent| !parent.is_root());
    if let (Some(parent), Some(address)) = (parent, ca.addresses.first()) {
        finding.remedy = format!(
            "write `{{\"zone_name\": \"{parent}\", \"records\": [{{\"hostname\": \"{}\", \"ip_internal\": \"{address}\"}}]}}` in `dns_server.authoritative_zones`, or correct `dns_name`",
            ca.name.first()
        );
    }
    finding
}

/// The horizon that the CA looks from; without a known CA the first private one.
pub(super) fn seat(settings: &Settings, ca: Option<&CaClaim>) -> Option<usize> {
    let own = ca.and_then(|ca| ca.addresses.iter().find_map(|address| horizon_of(*address, settings)));
    own.or_else(|| settings.horizons.iter().position(|horizon| !horizon.is_public()))
}

/// The horizon that a client belongs to: the longest prefix wins.
fn horizon_of(client: IpAddr, settings: &Settings) -> Option<usize> {
    let prefixes = settings.horizons.iter().enumerate().flat_map(|(index, horizon)| {
        horizon.clients.iter().filter(|prefix| prefix.contains(client)).map(move |prefix| (prefix, index))
    });
    prefixes.max_by_key(|(prefix, _): &(&Prefix, usize)| prefix.length()).map(|(_, index)| index)
}
