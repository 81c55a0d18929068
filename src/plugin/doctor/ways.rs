//! Which connections an ACME network of this kind needs: the matrix of the operator's plan, out of roles.

use super::promise::{Promise, promise};
use crate::config::Settings;
use crate::inventory::{Guest, Inventory, find_roles};
use std::net::{IpAddr, SocketAddr};

/// A connection that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Who calls, such as `gateway (lxc/101)`.
    pub from: String,
    /// Its address.
    pub source: IpAddr,
    /// Who is called.
    pub to: String,
    /// Where.
    pub target: SocketAddr,
    /// True for DNS, which is asked over UDP and TCP.
    pub dns: bool,
    /// What the firewall rules say of it.
    pub promise: Promise,
    /// What it is for.
    pub purpose: &'static str,
}

impl Way {
    /// For a column.
    pub fn words(&self) -> String {
        format!("{} -> {} {}", self.from, self.to, self.target.port())
    }
}

/// All of them, for the guests that the roles find. `ca_port` is that of the CA's directory.
pub fn ways(inventory: &Inventory, settings: &Settings, ca_port: u16) -> Vec<Way> {
    let roles = find_roles(inventory, settings);
    let gateway = roles.gateway.guest(inventory).map(|guest| ("gateway", guest));
    let traefik = roles.traefik.guest(inventory).map(|guest| ("Traefik", guest));
    let ca = roles.ca.guest(inventory).map(|guest| ("CA", guest));
    let portainer = portainer(inventory).map(|guest| ("Portainer", guest));
    let wanted = [
        (gateway, traefik, 80, "requests that the gateway passes on"),
        (gateway, traefik, 8443, "requests that the gateway passes on"),
        (traefik, ca, ca_port, "orders of certificates"),
        (gateway, ca, ca_port, "orders of certificates"),
        (ca, traefik, 80, "http-01 challenges"),
        (ca, traefik, 443, "tls-alpn-01 challenges"),
        (traefik, portainer, 9443, "Portainer behind Traefik"),
    ];
    let mut ways: Vec<Way> =
        wanted.into_iter().filter_map(|(from, to, port, purpose)| way(inventory, from?, to?, port, purpose)).collect();
    let server = settings.server.listen.iter().map(SocketAddr::ip).find(|ip| !ip.is_loopback() && !ip.is_unspecified());
    let server = server.or_else(|| gateway.and_then(|(_, guest)| Some(guest.addresses.first()?.address)));
    if let Some(server) = server {
        for guest in inventory.guests.iter().filter(|guest| !guest.template && !guest.has(server)) {
            ways.extend(dns_way(inventory, guest, server));
        }
    }
    ways
}

/// A way between the two addresses that share a network, else between their first ones; none for a guest and itself.
fn way(
    inventory: &Inventory,
    from: (&str, &Guest),
    to: (&str, &Guest),
    port: u16,
    purpose: &'static str,
) -> Option<Way> {
    if from.1.id == to.1.id {
        return None;
    }
    let (source, destination) = near(from.1, to.1)?;
    Some(Way {
        from: format!("{} ({})", from.0, from.1.id),
        source,
        to: format!("{} ({})", to.0, to.1.id),
        target: SocketAddr::new(destination, port),
        dns: false,
        promise: promise(inventory, (from.1, source), (to.1, destination), "tcp", port),
        purpose,
    })
}

fn dns_way(inventory: &Inventory, guest: &Guest, server: IpAddr) -> Option<Way> {
    let own = guest.addresses.iter();
    let source = own.clone().find(|own| own.network.contains(server)).or_else(|| own.clone().next())?.address;
    let holder = inventory.guests.iter().find(|guest| !guest.template && guest.has(server));
    let promised = match holder {
        Some(holder) => match promise(inventory, (guest, source), (holder, server), "udp", 53) {
            Promise::Allowed { .. } => promise(inventory, (guest, source), (holder, server), "tcp", 53),
            other => other,
        },
        None => Promise::Open { by: format!("no guest of the inventory has {server}") },
    };
    Some(Way {
        from: format!("{} ({})", guest.name, guest.id),
        source,
        to: "DNS".to_owned(),
        target: SocketAddr::new(server, 53),
        dns: true,
        promise: promised,
        purpose: "names",
    })
}

fn near(from: &Guest, to: &Guest) -> Option<(IpAddr, IpAddr)> {
    let pairs = || from.addresses.iter().flat_map(|own| to.addresses.iter().map(move |other| (own, other)));
    let shared = pairs().find(|(own, other)| own.network.contains(other.address));
    shared.or_else(|| pairs().next()).map(|(own, other)| (own.address, other.address))
}

/// The guest that says so, else the one whose name does.
fn portainer(inventory: &Inventory) -> Option<&Guest> {
    let running = || inventory.guests.iter().filter(|guest| !guest.template);
    let primary = running().find(|guest| guest.portainer_role.eq_ignore_ascii_case("primary"));
    primary.or_else(|| running().find(|guest| guest.name.to_ascii_lowercase().starts_with("portainer")))
}

#[cfg(test)]
mod tests {
    use super::super::lab::inventory;
    use super::*;
    use crate::config;
    use std::path::Path;

    /// The matrix of the operator's plan, with what the rules promise.
    #[test]
    fn the_matrix_follows_from_roles() {
        let off = r#"{"enabled":false}"#;
        let narrow = r#"{"enabled":true,"rules":[{"type":"in","action":"ACCEPT","source":"10.0.0.12","proto":"tcp","port":"9000","comment":"Traefik"}]}"#;
        let inventory = inventory(&[
            ("101", "nginx-gateway", "10.0.0.153", off),
            ("102", "traefik-internal", "10.0.0.12", off),
            ("103", "step-ca", "10.0.0.10", narrow),
            ("104", "portainer", "10.0.0.111", off),
        ]);
        let text =
            "[server]\nlisten = [\"10.0.0.153:53\"]\n[[horizon]]\nname = \"internal\"\nclients = [\"10.0.0.0/24\"]\n";
        let settings = config::parse(text, Path::new("h.toml")).unwrap();
        let said: Vec<String> = ways(&inventory, &settings, 9000)
            .iter()
            .map(|way| format!("{} at {}: {}", way.words(), way.target.ip(), way.promise.words()))
            .collect();
        let expected = [
            "gateway (lxc/101) -> Traefik (lxc/102) 80 at 10.0.0.12: promised: the firewall of lxc/102 is off",
            "gateway (lxc/101) -> Traefik (lxc/102) 8443 at 10.0.0.12: promised: the firewall of lxc/102 is off",
            "Traefik (lxc/102) -> CA (lxc/103) 9000 at 10.0.0.10: promised: rule 1 of lxc/103 \"Traefik\"",
            "gateway (lxc/101) -> CA (lxc/103) 9000 at 10.0.0.10: refused: no in rule of lxc/103",
            "CA (lxc/103) -> Traefik (lxc/102) 80 at 10.0.0.12: promised: the firewall of lxc/102 is off",
            "CA (lxc/103) -> Traefik (lxc/102) 443 at 10.0.0.12: promised: the firewall of lxc/102 is off",
            "Traefik (lxc/102) -> Portainer (lxc/104) 9443 at 10.0.0.111: promised: the firewall of lxc/104 is off",
            "traefik-internal (lxc/102) -> DNS 53 at 10.0.0.153: promised: the firewall of lxc/101 is off",
            "step-ca (lxc/103) -> DNS 53 at 10.0.0.153: promised: the firewall of lxc/101 is off",
            "portainer (lxc/104) -> DNS 53 at 10.0.0.153: promised: the firewall of lxc/101 is off",
        ];
        assert_eq!(said, expected);
    }
}
