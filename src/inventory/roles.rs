//! Who is Traefik, who is the gateway, who runs the CA: found by facts, never by a fixed name, id or address.
//!
//! Each role has an order of evidence. The first evidence that any running guest meets counts; when several guests meet
//! it, the next evidence decides among those. What stays open is told where the role is needed.
//!
//! | role | evidence, strongest first |
//! |---|---|
//! | Traefik | feature `traefik`; `traefik_service` named `traefik`; a word of its name; its `application_script` |
//! | gateway | feature `nginx` or `gateway`; Horizon's own listen address; a word of its name; `traefik_service` named so; an `ip_external` of a written record; its `application_script`; `portainer_role` `infrastructure` |
//! | CA | feature `step_ca`; `traefik_service` whose full name is `step_ca.dns_name`; a written record of that name; a word of its name |

use super::hostname::below;
use super::model::{Guest, Inventory};
use crate::config::Settings;
use crate::finding::{Finding, Severity};
use std::net::IpAddr;

/// What was found for one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The guest, as an index into the inventory's guests.
    Found(usize),
    /// Several with the same evidence.
    Open(Vec<usize>),
    /// Nobody.
    Nobody,
}

impl Role {
    /// The guest, when it is known.
    pub fn guest<'a>(&self, inventory: &'a Inventory) -> Option<&'a Guest> {
        match self {
            Role::Found(index) => inventory.guests.get(*index),
            _ => None,
        }
    }

    /// The finding for a role that is needed and not found; `needed` says by what.
    pub(super) fn finding(&self, role: &str, needed: &str, hint: &str, inventory: &Inventory) -> Option<Finding> {
        match self {
            Role::Found(_) => None,
            Role::Nobody => {
                let what = format!("no guest is recognised as {role}, but {needed}");
                Some(Finding::new("ROLE_UNKNOWN", Severity::Error, role, what, hint).tolerated())
            }
            Role::Open(guests) => {
                let guests: Vec<&Guest> = guests.iter().map(|index| &inventory.guests[*index]).collect();
                let ids: Vec<String> = guests.iter().map(|guest| guest.id.to_string()).collect();
                let what = format!("{} may each be {role}, but {needed}", ids.join(" and "));
                let finding = Finding::new("ROLE_AMBIGUOUS", Severity::Error, role, what, hint).tolerated();
                Some(guests.iter().fold(finding, |finding, guest| finding.seen_at(guest.place.clone())))
            }
        }
    }
}

/// The three roles that routes and checks ask for.
#[derive(Debug, Clone)]
pub struct Roles {
    /// The internal reverse proxy.
    pub traefik: Role,
    /// What the outside reaches.
    pub gateway: Role,
    /// The certificate authority.
    pub ca: Role,
    /// The address that the gateway got by DHCP, as far as Horizon's own listen address tells it.
    pub leased: Option<IpAddr>,
}

type Evidence<'a> = &'a dyn Fn(&Guest) -> bool;

/// Finds the guest of each role by the evidence above.
pub fn find_roles(inventory: &Inventory, settings: &Settings) -> Roles {
    let traefik = find(
        inventory,
        &[
            &|guest| has_feature(guest, &["traefik"]),
            &|guest| has_service(guest, &["traefik"]),
            &|guest| has_word(&guest.name, &["traefik"]),
            &|guest| has_word(&guest.application_script, &["traefik"]),
        ],
    );
    let listens: Vec<IpAddr> = listen_addresses(settings);
    let external: Vec<IpAddr> = inventory.records.iter().filter_map(|record| record.external).collect();
    let proxy = traefik.guest(inventory).map(|guest| &guest.id);
    let other = |guest: &Guest| Some(&guest.id) != proxy;
    let gateway = find(
        inventory,
        &[
            &|guest| has_feature(guest, &["nginx", "gateway", "nginx_gateway"]),
            &|guest| listens.iter().any(|address| guest.has(*address)),
            &|guest| other(guest) && has_word(&guest.name, &["nginx", "gateway"]),
            &|guest| other(guest) && has_service(guest, &["nginx", "gateway"]),
            &|guest| external.iter().any(|address| guest.has(*address)),
            &|guest| other(guest) && has_word(&guest.application_script, &["nginx", "gateway"]),
            &|guest| other(guest) && guest.portainer_role == "infrastructure",
        ],
    );
    let ca_name = inventory.ca.as_ref().map(|ca| ca.name.to_string());
    let domain = inventory.domain.as_ref().map(|domain| &domain.name);
    let full = |service: &str| domain.map(|domain| below(&service.to_ascii_lowercase(), domain));
    let ca_addresses = written_addresses(inventory, ca_name.as_deref());
    let ca = find(
        inventory,
        &[
            &|guest| has_feature(guest, &["step_ca", "step-ca", "stepca"]),
            &|guest| guest.service.as_ref().is_some_and(|own| ca_name.is_some() && full(&own.name) == ca_name),
            &|guest| ca_addresses.iter().any(|address| guest.has(*address)),
            &|guest| has_word(&guest.name, &["ca", "stepca"]),
        ],
    );
    let leased = gateway
        .guest(inventory)
        .filter(|guest| !guest.dynamic.is_empty() || guest.addresses.is_empty())
        .and_then(|_| {
            let taken = |address: &IpAddr| {
                inventory.guests.iter().any(|guest| guest.has(*address))
                    || inventory.hypervisor.iter().any(|(own, _)| own == address)
            };
            listens.iter().copied().find(|address| !taken(address))
        });
    Roles { traefik, gateway, ca, leased }
}

/// Addresses that Horizon listens on and others can reach.
pub(super) fn listen_addresses(settings: &Settings) -> Vec<IpAddr> {
    let all = settings.server.listen.iter().map(|listen| listen.ip().to_canonical());
    all.filter(|address| !address.is_loopback() && !address.is_unspecified()).collect()
}

fn find(inventory: &Inventory, evidence: &[Evidence<'_>]) -> Role {
    let running = inventory.guests.iter().enumerate().filter(|(_, guest)| !guest.template);
    let mut candidates: Vec<usize> = running.map(|(index, _)| index).collect();
    let mut met = false;
    for test in evidence {
        let meeting: Vec<usize> = candidates.iter().copied().filter(|index| test(&inventory.guests[*index])).collect();
        match meeting[..] {
            [] => {}
            [only] => return Role::Found(only),
            _ => {
                candidates = meeting;
                met = true;
            }
        }
    }
    if met { Role::Open(candidates) } else { Role::Nobody }
}

fn has_feature(guest: &Guest, words: &[&str]) -> bool {
    guest.features.iter().any(|feature| words.iter().any(|word| feature.eq_ignore_ascii_case(word)))
}

fn has_service(guest: &Guest, words: &[&str]) -> bool {
    let Some(service) = &guest.service else { return false };
    words.iter().any(|word| service.name.eq_ignore_ascii_case(word))
}

fn has_word(text: &str, words: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.split(|each: char| !each.is_ascii_alphanumeric()).any(|part| words.contains(&part))
}

fn written_addresses(inventory: &Inventory, name: Option<&str>) -> Vec<IpAddr> {
    let Some(name) = name else { return Vec::new() };
    let named = |hostname: &str, zone: Option<&crate::dns::Name>| {
        let lower = hostname.trim_end_matches('.').to_ascii_lowercase();
        lower == name || zone.is_some_and(|zone| below(&lower, zone) == name)
    };
    let records = inventory.records.iter().filter(|record| named(&record.hostname, record.zone.as_ref()));
    records.filter_map(|record| record.internal).collect()
}
