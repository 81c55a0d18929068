//! `phoenix_hypervisor_config.json`: zones, written records, networks, the CA's name, the global firewall.

use super::address::{Written, read_address};
use super::firewall::read_firewall;
use super::hostname::read_hostname;
use super::json::{At, Json};
use super::model::{CertificateAuthority, Firewall, Inventory, Network, WrittenRecord, ZoneName};
use crate::finding::{Finding, Severity};
use std::net::IpAddr;

pub(super) fn read_hypervisor(at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    at.entries(findings);
    if let Some(domain) = at.needed("domain_name", findings) {
        inventory.domain = read_zone_name(&domain, findings);
    }
    if let Some(network) = at.key("network") {
        read_networks(&network, inventory, findings);
    }
    if let Some(server) = at.key("dns_server") {
        server.entries(findings);
        let zones = server.key("authoritative_zones").map(|zones| zones.items(findings)).unwrap_or_default();
        for zone in &zones {
            read_zone(zone, inventory, findings);
        }
    }
    if let Some(ca) = at.key("step_ca") {
        ca.entries(findings);
        if let Some(name) = ca.key("dns_name") {
            let place = name.place();
            inventory.ca = read_zone_name(&name, findings).map(|zone| CertificateAuthority { name: zone.name, place });
        }
    }
    inventory.firewall = read_global_firewall(at, findings);
}

fn read_zone(at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    at.entries(findings);
    let Some(name) = at.needed("zone_name", findings) else { return };
    let Some(zone) = read_zone_name(&name, findings) else { return };
    let records = at.key("records").map(|records| records.items(findings)).unwrap_or_default();
    for record in &records {
        if let Some(written) = read_record(record, findings) {
            inventory.records.push(WrittenRecord { zone: Some(zone.name.clone()), ..written });
        }
    }
    if !inventory.zones.iter().any(|known| known.name == zone.name) {
        inventory.zones.push(zone);
    }
}

/// One record of `authoritative_zones` or of a guest's `dns_records`.
pub(super) fn read_record(at: &At<'_>, findings: &mut Vec<Finding>) -> Option<WrittenRecord> {
    at.entries(findings);
    let hostname = at.needed("hostname", findings)?.text(findings)?.to_owned();
    let mut address = |key: &str| -> Option<IpAddr> {
        let value = at.key(key)?;
        match read_address(value.text(findings)?) {
            Written::Static(address, _) => Some(address),
            Written::Dynamic => None,
            Written::Bad(reason) => {
                findings.push(bad_address(&value, &reason));
                None
            }
        }
    };
    let shared = address("ip");
    let internal = address("ip_internal").or(shared);
    let external = address("ip_external");
    Some(WrittenRecord { hostname, zone: None, guest: None, internal, external, shared, place: at.place() })
}

/// The finding for a text that is no address; the load is refused, for a slip of the pen must not take names away.
pub(super) fn bad_address(at: &At<'_>, reason: &str) -> Finding {
    let text = match at.json {
        Json::Text(text) => text.as_str(),
        _ => "",
    };
    Finding::new(
        "BAD_ADDRESS",
        Severity::Error,
        text,
        reason,
        "write an address such as `10.0.0.10/24` or `fd00::10/64`; until then the zones stay as they are",
    )
    .seen_at(at.place())
}

fn read_zone_name(at: &At<'_>, findings: &mut Vec<Finding>) -> Option<ZoneName> {
    let text = at.text(findings)?;
    match read_hostname(text, false) {
        Ok(name) => Some(ZoneName { name, place: at.place() }),
        Err(reason) => {
            findings.push(
                Finding::new(
                    "BAD_ZONE_NAME",
                    Severity::Error,
                    text,
                    format!("no domain name: {reason}"),
                    "write a name such as `internal.example.org`; until then the zones stay as they are",
                )
                .seen_at(at.place()),
            );
            None
        }
    }
}

/// Networks stand in `default_subnet`, as the `address` of an interface, and as the `subnet` of any bridge.
fn read_networks(at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    for (key, value) in at.entries(findings) {
        match (key, value.json) {
            (_, Json::Null) => {}
            ("default_subnet", _) => add_network(&value, inventory, findings),
            ("interfaces", Json::List(_)) => {
                for interface in value.items(findings) {
                    read_interface(&interface, inventory, findings);
                }
            }
            ("interfaces", _) => read_interface(&value, inventory, findings),
            ("internal_bridge", _) => {
                value.entries(findings);
                if let Some(subnet) = value.key("subnet") {
                    add_network(&subnet, inventory, findings);
                }
            }
            (_, Json::Object(_)) => {
                if let Some(subnet) = value.key("subnet") {
                    add_network(&subnet, inventory, findings);
                }
            }
            _ => {}
        }
    }
}

fn read_interface(at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    at.entries(findings);
    let Some(address) = at.key("address") else { return };
    let Some(text) = address.text(findings) else { return };
    match read_address(text) {
        Written::Static(own, prefix) => {
            inventory.hypervisor.push((own, address.place()));
            push_network(Network { prefix, place: address.place() }, inventory);
        }
        Written::Dynamic => {}
        Written::Bad(reason) => findings.push(bad_address(&address, &reason)),
    }
}

fn add_network(at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    let Some(text) = at.text(findings) else { return };
    match read_address(text) {
        Written::Static(_, prefix) => push_network(Network { prefix, place: at.place() }, inventory),
        Written::Dynamic => {}
        Written::Bad(reason) => findings.push(bad_address(at, &reason)),
    }
}

fn push_network(network: Network, inventory: &mut Inventory) {
    if !inventory.networks.iter().any(|known| known.prefix == network.prefix) {
        inventory.networks.push(network);
    }
}

/// The global rules moved from `shared_volumes.firewall` to `firewall`; where both are, the new place comes first.
fn read_global_firewall(at: &At<'_>, findings: &mut Vec<Finding>) -> Firewall {
    let new = at.key("firewall").map(|firewall| read_firewall(&firewall, findings));
    let old = at.key("shared_volumes").and_then(|volumes| volumes.key("firewall"));
    let old = old.map(|firewall| read_firewall(&firewall, findings));
    match (new, old) {
        (Some(mut new), Some(old)) => {
            new.rules.extend(old.rules);
            new
        }
        (Some(firewall), None) | (None, Some(firewall)) => firewall,
        (None, None) => Firewall::default(),
    }
}
