//! Where the CA sits: its address, and so its horizon.

use super::ground::Ground;
use crate::config::Settings;
use crate::dns::{Name, Rtype, parse_name};
use crate::flow::Known;
use crate::query;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The CA as this server sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seat {
    /// Its directory URL; empty where none is set.
    pub directory: String,
    /// The host of that URL, without brackets.
    pub host: String,
    /// The port of that URL; 443 where none is written.
    pub port: u16,
    /// Where its queries and requests come from, the first counts; empty where nobody knows.
    pub addresses: Vec<IpAddr>,
    /// How that is known, half a sentence.
    pub known_by: String,
    /// The horizon of that address; none when no horizon covers it.
    pub horizon: Option<String>,
    /// The guest that runs it, such as `lxc/103`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
}

/// HTTPS where the URL names no port (RFC 9110 section 4.2.2).
const HTTPS: u16 = 443;

/// Finds the CA's address, the strongest word first: what is asked for, `ca_addresses`, the CA's guest of the inventory, an
/// address in the directory's URL, what our own zones say of the host in it.
pub fn seat(ground: &Ground<'_>, known: Option<&Known<'_>>) -> Seat {
    let settings = &ground.snapshot.settings;
    let acme = &settings.acme;
    let (host, port) = acme.directory.as_deref().map(authority).unwrap_or_default();
    let claim = known.and_then(Known::ca);
    let (addresses, known_by) = addresses(ground, settings, claim.map(|claim| claim.addresses.as_slice()), &host);
    let found = addresses.first().and_then(|address| ground.snapshot.horizons.find(*address));
    // Without an address the first private horizon stands in: CAs of internal names sit inside.
    let private = settings.horizons.iter().find(|horizon| !horizon.is_public());
    let horizon = match (addresses.first(), found) {
        (Some(_), found) => found.and_then(|found| settings.horizons.get(found.horizon)).map(|own| own.name.clone()),
        (None, _) => private.or(settings.horizons.first()).map(|own| own.name.clone()),
    };
    Seat {
        directory: acme.directory.clone().unwrap_or_default(),
        host,
        port,
        addresses,
        known_by,
        horizon,
        guest: claim.map(|claim| claim.guest.to_string()),
    }
}

fn addresses(
    ground: &Ground<'_>,
    settings: &Settings,
    claimed: Option<&[IpAddr]>,
    host: &str,
) -> (Vec<IpAddr>, String) {
    if let Some(asker) = ground.asker {
        return (vec![asker], "asked for".to_owned());
    }
    if !settings.acme.ca_addresses.is_empty() {
        return (settings.acme.ca_addresses.clone(), "`ca_addresses` of [acme]".to_owned());
    }
    if let Some(claimed) = claimed.filter(|claimed| !claimed.is_empty()) {
        return (claimed.to_vec(), "the inventory's CA".to_owned());
    }
    if let Ok(literal) = host.parse() {
        return (vec![literal], "`directory` of [acme]".to_owned());
    }
    match parse_name(host).ok().filter(|_| !host.is_empty()).map(|name| by_zones(ground, &name)) {
        Some(found) if !found.is_empty() => (found, format!("what our zones say of {host}")),
        _ => (Vec::new(), "nobody: write `ca_addresses` under [acme]".to_owned()),
    }
}

/// What the first horizon that has the name says of it, private ones first.
fn by_zones(ground: &Ground<'_>, name: &Name) -> Vec<IpAddr> {
    let settings = &ground.snapshot.settings;
    let horizons = settings.horizons.iter().enumerate();
    let (public, private): (Vec<_>, Vec<_>) = horizons.partition(|(_, horizon)| horizon.is_public());
    for (index, _) in private.into_iter().chain(public) {
        let Some(client) = ground.snapshot.horizons.client_of(index) else { continue };
        let ask = |rtype| query::explain_own(ground.snapshot, client, name, rtype);
        let found: Vec<IpAddr> = [Rtype::A, Rtype::AAAA]
            .into_iter()
            .flat_map(|rtype| super::asking::addresses_in(&ask(rtype).reply))
            .map(|(address, _)| address)
            .collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Host and port of an https URL.
fn authority(url: &str) -> (String, u16) {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.and_then(|port| port.parse().ok()).unwrap_or(HTTPS);
    (host.trim_end_matches('.').to_ascii_lowercase(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts and ports as RFC 3986 section 3.2 writes them.
    #[test]
    fn a_url_gives_its_host_and_port() {
        let table = [
            ("https://ca.internal.example:9000/acme/acme/directory", "ca.internal.example", 9000),
            ("https://CA.example./directory", "ca.example", 443),
            ("https://10.0.0.10:9000", "10.0.0.10", 9000),
            ("https://[fd00::10]:9000/directory", "fd00::10", 9000),
            ("https://[fd00::10]/directory", "fd00::10", 443),
            ("https://user@ca.example/x", "ca.example", 443),
        ];
        for (url, host, port) in table {
            assert_eq!(authority(url), (host.to_owned(), port), "{url}");
        }
    }
}
