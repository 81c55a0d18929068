//! `phoenix_lxc_configs.json` and `phoenix_vm_configs.json`: the guests.

use super::address::{Written, read_address};
use super::firewall::read_firewall;
use super::hypervisor::{bad_address, read_record};
use super::json::{At, Json};
use super::model::{Firewall, Guest, GuestAddress, GuestId, GuestKind, Inventory, Service, StackUse, WrittenRecord};
use crate::finding::{Finding, Severity};

/// Networks of a guest, the primary one first.
const NETWORKS: [&str; 2] = ["network_config", "secondary_network_config"];

/// Reads `lxc_configs`, an object by id.
pub(super) fn read_containers(at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    at.entries(findings);
    let Some(containers) = at.needed("lxc_configs", findings) else { return };
    for (id, guest) in containers.entries(findings) {
        let id = GuestId { kind: GuestKind::Lxc, id: id.to_owned() };
        read_guest(id, &guest, inventory, findings);
    }
}

/// Reads `vms`, an array of objects with a `vmid`.
pub(super) fn read_machines(at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    at.entries(findings);
    let Some(machines) = at.needed("vms", findings) else { return };
    for guest in machines.items(findings) {
        let first = findings.len();
        guest.entries(findings);
        let Some(id) = guest.needed("vmid", findings).and_then(|id| id.text_or_number(findings)) else { continue };
        if findings.len() > first {
            continue;
        }
        let id = GuestId { kind: GuestKind::Vm, id: id.to_owned() };
        if let Some(earlier) = inventory.guests.iter().find(|known| known.id == id) {
            findings.push(
                Finding::new(
                    "DUPLICATE_GUEST",
                    Severity::Error,
                    id.to_string(),
                    "two machines have this id",
                    "give each guest an id of its own; until then the zones stay as they are",
                )
                .seen_at(guest.place())
                .seen_at(earlier.place.clone()),
            );
            continue;
        }
        read_guest(id, &guest, inventory, findings);
    }
}

fn read_guest(id: GuestId, at: &At<'_>, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    if !matches!(at.json, Json::Object(_)) {
        findings.push(at.wrong_type("an object"));
        return;
    }
    let name = at.needed("name", findings).and_then(|name| name.text(findings)).unwrap_or_default().to_owned();
    let snapshot = at.text_at("template_snapshot_name", findings).is_some_and(|name| !name.is_empty());
    let mut guest = Guest {
        id,
        name,
        addresses: Vec::new(),
        dynamic: Vec::new(),
        template: at.truth_at("is_template", findings) || snapshot,
        features: at.texts_at("features", findings),
        application_script: at.text_at("application_script", findings).unwrap_or_default().to_owned(),
        portainer_role: at.text_at("portainer_role", findings).unwrap_or_default().to_owned(),
        service: at.key("traefik_service").and_then(|service| read_service(&service, findings)),
        agent_hostname: read_agent_hostname(at, findings),
        ports: at.texts_at("ports", findings),
        stacks: read_stack_uses(at, findings),
        firewall: at.key("firewall").map_or_else(Firewall::default, |firewall| read_firewall(&firewall, findings)),
        place: at.place(),
    };
    for key in NETWORKS {
        if let Some(network) = at.key(key) {
            read_addresses(&network, key == NETWORKS[0], &mut guest, findings);
        }
    }
    let records = at.key("dns_records").map(|records| records.items(findings)).unwrap_or_default();
    for record in &records {
        if let Some(written) = read_record(record, findings) {
            inventory.records.push(WrittenRecord { guest: Some(guest.id.clone()), ..written });
        }
    }
    inventory.guests.push(guest);
}

/// `ip`, and `ip6` beside it, as Proxmox has them.
fn read_addresses(at: &At<'_>, primary: bool, guest: &mut Guest, findings: &mut Vec<Finding>) {
    at.entries(findings);
    for key in ["ip", "ip6"] {
        let Some(value) = at.key(key) else { continue };
        let Some(text) = value.text(findings) else { continue };
        match read_address(text) {
            Written::Static(address, network) => {
                guest.addresses.push(GuestAddress { address, network, primary, place: value.place() });
            }
            Written::Dynamic => guest.dynamic.push(value.place()),
            Written::Bad(reason) => findings.push(bad_address(&value, &reason)),
        }
    }
}

fn read_service(at: &At<'_>, findings: &mut Vec<Finding>) -> Option<Service> {
    at.entries(findings);
    let name = at.needed("name", findings)?.text(findings)?.to_owned();
    let port = at.key("port").and_then(|port| {
        let text = port.text_or_number(findings)?;
        if text.parse::<u16>().is_err() {
            let mut finding = port.wrong_type("a port number between 0 and 65535").tolerated();
            finding.severity = Severity::Warning;
            "correct it; the name is published all the same".clone_into(&mut finding.remedy);
            findings.push(finding);
        }
        text.parse().ok()
    });
    let scheme = at.text_at("scheme", findings).map(str::to_owned);
    Some(Service { name, port, scheme, place: at.place() })
}

fn read_agent_hostname(at: &At<'_>, findings: &mut Vec<Finding>) -> Option<(String, crate::finding::Place)> {
    let value = at.key("portainer_agent_hostname")?;
    let text = value.text(findings)?;
    (!text.is_empty()).then(|| (text.to_owned(), value.place()))
}

/// `docker_stacks`: names, or objects with `name` and `environment`, also mixed.
fn read_stack_uses(at: &At<'_>, findings: &mut Vec<Finding>) -> Vec<StackUse> {
    let Some(list) = at.key("docker_stacks") else { return Vec::new() };
    let mut uses = Vec::new();
    for item in list.items(findings) {
        match item.json {
            Json::Text(name) => uses.push(StackUse { name: name.clone(), environment: None, place: item.place() }),
            Json::Object(_) => {
                let name = item.needed("name", findings).and_then(|name| name.text(findings));
                let environment = item.text_at("environment", findings).map(str::to_owned);
                uses.extend(name.map(|name| StackUse { name: name.to_owned(), environment, place: item.place() }));
            }
            _ => findings.push(item.wrong_type("a string or an object with `name` and `environment`")),
        }
    }
    uses
}
