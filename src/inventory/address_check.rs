//! Addresses of guests: given twice, or outside every network that the configuration names.

use super::model::Inventory;
use crate::finding::{Finding, Place, Severity};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) fn check(inventory: &Inventory, findings: &mut Vec<Finding>) {
    duplicates(inventory, findings);
    strays(inventory, findings);
}

/// Templates do not run, so that their address is nobody's; the hypervisor's own counts.
fn duplicates(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let mut owners: BTreeMap<IpAddr, Vec<(String, Place)>> = BTreeMap::new();
    for (address, place) in &inventory.hypervisor {
        owners.entry(*address).or_default().push(("the hypervisor".to_owned(), place.clone()));
    }
    for guest in inventory.guests.iter().filter(|guest| !guest.template) {
        for own in &guest.addresses {
            owners.entry(own.address).or_default().push((guest.id.to_string(), own.place.clone()));
        }
    }
    for (address, mut owners) in owners {
        owners.dedup_by(|one, other| one.0 == other.0);
        if owners.len() < 2 {
            continue;
        }
        owners.sort();
        let names: Vec<&str> = owners.iter().map(|(name, _)| name.as_str()).collect();
        let finding = Finding::new(
            "DUPLICATE_ADDRESS",
            Severity::Warning,
            address.to_string(),
            format!("{} have the same address; the names of each lead to whichever answers first", names.join(" and ")),
            "give each an address of its own",
        );
        findings.push(owners.iter().fold(finding, |finding, (_, place)| finding.seen_at(place.clone())));
    }
}

fn strays(inventory: &Inventory, findings: &mut Vec<Finding>) {
    if inventory.networks.is_empty() {
        return;
    }
    let networks: Vec<String> = inventory.networks.iter().map(|network| network.prefix.to_string()).collect();
    let guests = inventory.guests.iter().filter(|guest| !guest.template);
    let own = guests.flat_map(|guest| guest.addresses.iter().map(|own| (guest.id.to_string(), own)));
    for (guest, own) in
        own.filter(|(_, own)| !inventory.networks.iter().any(|network| network.prefix.contains(own.address)))
    {
        let what = format!("{} of {guest} lies in none of the networks {}", own.address, networks.join(", "));
        let remedy = format!(
            "correct it, or name its network: `\"internal_bridge\": {{\"subnet\": \"{}\"}}` under `network` of the hypervisor's configuration",
            own.network
        );
        let finding = Finding::new("ADDRESS_OUTSIDE_NETWORKS", Severity::Warning, guest, what, remedy);
        findings.push(finding.seen_at(own.place.clone()));
    }
}
