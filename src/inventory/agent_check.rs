//! Portainer agents speak raw TCP: a name of one that leads to an HTTP proxy breaks the link to its server.

use super::claims::Claims;
use super::hostname::{below, read_hostname};
use super::model::{Guest, Inventory};
use super::roles::Roles;
use crate::config::Settings;
use crate::dns::Name;
use crate::finding::{Finding, Severity};

pub(super) fn check(inventory: &Inventory, settings: &Settings, roles: &Roles, claims: &mut Claims) {
    let proxies: Vec<&Guest> =
        [&roles.traefik, &roles.gateway].iter().filter_map(|role| role.guest(inventory)).collect();
    for guest in inventory.guests.iter().filter(|guest| !guest.template) {
        let Some((text, place)) = &guest.agent_hostname else { continue };
        let Some(name) = full_name(text, inventory) else { continue };
        for (index, horizon) in settings.horizons.iter().enumerate() {
            let Some(published) = claims.horizons[index].names.get(&name) else { continue };
            let astray = published.addresses.keys().find_map(|address| {
                let proxy = proxies.iter().find(|proxy| proxy.id != guest.id && proxy.has(*address))?;
                Some((address, &proxy.id))
            });
            let Some((address, proxy)) = astray else { continue };
            let what = format!(
                "in horizon `{}` the agent's name leads to {address} ({proxy}), an HTTP proxy, and not to {}",
                horizon.name, guest.id
            );
            let remedy = format!("write `{} = \"direct\"` under [routes.name.\"{name}\"]", horizon.name);
            let finding = Finding::new("AGENT_AT_PROXY", Severity::Warning, name.to_string(), what, remedy);
            let because = "the agent speaks raw TCP, which no HTTP proxy passes on";
            claims.findings.push(finding.because(because).seen_at(place.clone()));
        }
    }
}

/// The name as it is claimed: one label alone lies below `domain_name`.
fn full_name(text: &str, inventory: &Inventory) -> Option<Name> {
    match &inventory.domain {
        Some(domain) if !text.contains('.') => read_hostname(&below(text, &domain.name), true).ok(),
        _ => read_hostname(text, true).ok(),
    }
}
