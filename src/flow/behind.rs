//! What stands behind an address: the guest that has it, what a proxy there passes on to, and what answers at the end.

use super::known::{Known, Owner};
use super::model::State;
use super::path::{End, Hop};
use crate::config::Route;
use crate::dns::Name;
use crate::inventory::{ClaimKind, Guest, GuestId, Published, Service};
use std::collections::BTreeSet;
use std::net::IpAddr;

impl Known<'_> {
    /// An address with its owner and nothing behind it: all that can be said when nobody claims the way.
    pub(super) fn end(&self, address: IpAddr, state: State) -> End {
        let mut end = End::new(address.to_string(), state);
        end.hops.push(self.owner_hop(address, state));
        end
    }

    /// An address with the whole way behind it, as the claim has it.
    pub(super) fn claimed_end(&self, horizon: &str, name: &Name, published: &Published, address: IpAddr) -> End {
        let mut end = self.end(address, State::Plain);
        let owner = match self.owner(address) {
            Owner::Guest(id) => Some(id),
            _ => None,
        };
        let backend = published.guest.as_ref().filter(|backend| Some(*backend) != owner);
        match published.route {
            Route::Direct => {
                let own = published.guest.as_ref().or(owner);
                match owner.filter(|owner| self.is_proxy(owner) && published.guest.as_ref() != Some(*owner)) {
                    Some(proxy) => self.pass_on_as_elsewhere(&mut end, proxy, horizon, name),
                    None => end.endpoints = own.map(|own| self.endpoints(own, published, name)).unwrap_or_default(),
                }
                "direct".clone_into(&mut end.route);
            }
            Route::Traefik | Route::Gateway => {
                let (word, through) = match published.route {
                    Route::Traefik => ("traefik", None),
                    _ => ("gateway", self.traefik().filter(|_| through_traefik(published.kind))),
                };
                let first = through.filter(|traefik| Some(&traefik.id) != owner && Some(&traefik.id) != backend);
                let last_word = if first.is_some() { "traefik" } else { word };
                end.hops.extend(first.map(|traefik| self.hop(traefik, word, State::Plain)));
                let last = backend.and_then(|backend| self.guest(backend));
                end.hops.extend(last.map(|guest| self.hop(guest, last_word, State::Plain)));
                let last = published.guest.as_ref();
                end.endpoints = last.map(|last| self.endpoints(last, published, name)).unwrap_or_default();
                word.clone_into(&mut end.route);
            }
            Route::None => {}
        }
        end
    }

    /// A written record leads to a proxy and says nothing of what it passes on to: the guest that the name means in another
    /// horizon is the likely one.
    fn pass_on_as_elsewhere(&self, end: &mut End, proxy: &GuestId, horizon: &str, name: &Name) {
        for (other, published) in self.elsewhere(horizon, name) {
            let owners = published.addresses.keys().map(|address| self.owner(*address));
            let owner = owners.into_iter().find_map(|owner| match owner {
                Owner::Guest(id) if !self.is_proxy(id) => Some(id),
                _ => None,
            });
            let meant = published.guest.as_ref().filter(|guest| *guest != proxy).or(owner);
            if let Some(guest) = meant.and_then(|id| self.guest(id)) {
                end.hops.push(self.hop(guest, &format!("as in {other}"), State::Derived));
                end.endpoints = self.endpoints(&guest.id, published, name);
                return;
            }
        }
    }

    /// `lxc/102 Traefik-Internal`, or that nobody has the address.
    fn owner_hop(&self, address: IpAddr, state: State) -> Hop {
        let other = |title: &str, line: &str| Hop {
            title: title.to_owned(),
            lines: vec![line.to_owned()],
            state,
            label: String::new(),
        };
        match self.owner(address) {
            Owner::Guest(id) => match self.guest(id) {
                Some(guest) => self.hop(guest, "", state),
                None => other(&id.to_string(), ""),
            },
            Owner::Hypervisor => other("the hypervisor", "no guest"),
            Owner::Nobody => other("not in the inventory", "no guest has this address"),
        }
    }

    fn hop(&self, guest: &Guest, label: &str, state: State) -> Hop {
        let mut lines = self.roles_of(&guest.id);
        if guest.template {
            lines.push("a template: it does not run".to_owned());
        }
        let lines = if lines.is_empty() { lines } else { vec![lines.join(", ")] };
        Hop { title: format!("{} {}", guest.id, guest.name), lines, state, label: label.to_owned() }
    }

    /// The owner of an address in a sentence: `lxc/101 Nginx-Phoenix, the gateway`.
    pub fn whose(&self, address: IpAddr) -> String {
        let hop = self.owner_hop(address, State::Plain);
        let roles = match self.owner(address) {
            Owner::Guest(id) => self.roles_of(id),
            _ => return hop.title,
        };
        let roles = roles.into_iter().map(|role| if role == "gateway" { "the gateway".to_owned() } else { role });
        std::iter::once(hop.title).chain(roles).collect::<Vec<_>>().join(", ")
    }

    /// What answers for the name on this guest.
    fn endpoints(&self, id: &GuestId, published: &Published, name: &Name) -> BTreeSet<String> {
        let Some(guest) = self.guest(id) else { return BTreeSet::new() };
        let service = guest.service.as_ref();
        let agent = published.addresses.values().any(|origin| origin.label().ends_with("portainer_agent_hostname"));
        let one = match published.kind {
            ClaimKind::Stack => return self.stacks(id, name),
            ClaimKind::Service => service.map(service_text),
            ClaimKind::Explicit if agent => Some("Portainer agent (raw TCP)".to_owned()),
            _ => {
                let label = name.first().to_string();
                let same = service.filter(|service| service.name.eq_ignore_ascii_case(&label));
                let ports = || match guest.ports.as_slice() {
                    // A service of the guest says more.
                    ports if ports.is_empty() || service.is_some() => None,
                    ports => Some(format!("ports {}", ports.join(", "))),
                };
                same.map(service_text).or_else(ports)
            }
        };
        one.into_iter().collect()
    }

    /// The routers on this guest whose rule has the name.
    fn stacks(&self, id: &GuestId, name: &Name) -> BTreeSet<String> {
        let wanted = name.to_string();
        let own = self.inventory.stacks.iter().filter(|stack| stack.guest == *id);
        let hosts = own.flat_map(|stack| stack.hosts.iter().map(move |host| (stack, host)));
        let meant = hosts
            .filter(|(_, host)| host.name.trim_end_matches('.').eq_ignore_ascii_case(wanted.trim_end_matches('.')));
        let text = |(stack, host): (&crate::inventory::Stack, &crate::inventory::HostName)| {
            let port = host.port.as_ref().map_or_else(String::new, |port| format!(", port {port}"));
            format!("stack {}, router {}{port}", stack.name, host.router)
        };
        meant.map(text).collect()
    }
}

/// Traefik knows services and Host rules by itself; what is written out by hand it does not.
fn through_traefik(kind: ClaimKind) -> bool {
    matches!(kind, ClaimKind::Service | ClaimKind::Stack)
}

fn service_text(service: &Service) -> String {
    let scheme = service.scheme.as_ref().map_or_else(String::new, |scheme| format!(", {scheme}"));
    let port = match (service.port, scheme.is_empty()) {
        (Some(port), true) => format!(", port {port}"),
        (Some(port), false) => format!(" port {port}"),
        (None, _) => String::new(),
    };
    format!("service {}{scheme}{port}", service.name)
}
