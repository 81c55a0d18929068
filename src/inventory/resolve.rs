//! One horizon at a time: which wish wins a name, and what the others lost.

use super::claims::{ClaimKind, Claims, HorizonClaims, Published};
use super::collect::Wish;
use super::model::{Guest, GuestAddress, Inventory};
use super::publish::{may_publish, private_address_published};
use super::reach::{By, Chosen, choose_addresses, route_of};
use super::roles::{Role, Roles, listen_addresses};
use super::shadow::{Loss, Losses};
use crate::config::{Horizon, Prefix, Route, Settings};
use crate::dns::Name;
use crate::finding::{Finding, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Fills [`Claims::horizons`] and the findings that come with it.
pub(super) fn resolve(wishes: &[Wish], inventory: &Inventory, settings: &Settings, roles: &Roles, claims: &mut Claims) {
    let mut by_name: BTreeMap<&Name, Vec<&Wish>> = BTreeMap::new();
    for wish in wishes {
        by_name.entry(&wish.name).or_default().push(wish);
    }
    let mut losses = Losses::default();
    let mut missing = Missing::default();
    for (index, horizon) in settings.horizons.iter().enumerate() {
        let mut view =
            View { inventory, settings, roles, horizon, claims, missing: &mut missing, held_back: BTreeMap::new() };
        let mut published = HorizonClaims {
            name: horizon.name.clone(),
            public: horizon.is_public(),
            inheriting: settings.routes.inheriting.contains(&horizon.name),
            server: view.server_addresses(),
            ..HorizonClaims::default()
        };
        for (name, wishes) in &by_name {
            view.decide(name, wishes, index, &mut published, &mut losses);
        }
        let held_back = view.held_back;
        let private: Vec<Finding> =
            held_back.iter().map(|(zone, names)| privately(zone, names, horizon, claims)).collect();
        claims.findings.extend(private);
        claims.horizons.push(published);
    }
    missing.report(inventory, roles, &mut claims.findings);
    let (shadowed, conflicts) = losses.report(settings);
    claims.findings.extend(shadowed);
    claims.undecided.extend(conflicts);
}

/// What a wish comes to in one horizon.
struct Offer<'a> {
    wish: &'a Wish,
    chosen: Chosen,
    /// None when the guest of the route is not known.
    addresses: Option<BTreeSet<IpAddr>>,
}

struct View<'a> {
    inventory: &'a Inventory,
    settings: &'a Settings,
    roles: &'a Roles,
    horizon: &'a Horizon,
    claims: &'a mut Claims,
    missing: &'a mut Missing,
    /// Names that a default route would have published from a private zone, by zone.
    held_back: BTreeMap<Name, BTreeSet<Name>>,
}

impl View<'_> {
    fn decide(
        &mut self,
        name: &Name,
        wishes: &[&Wish],
        index: usize,
        published: &mut HorizonClaims,
        losses: &mut Losses,
    ) {
        let offers: Vec<Offer> = wishes.iter().filter_map(|wish| self.offer(wish)).collect();
        let Some(top) = offers.iter().map(|offer| offer.wish.kind).min() else { return };
        let (first, rest): (Vec<&Offer>, Vec<&Offer>) = offers.iter().partition(|offer| offer.wish.kind == top);
        if first.iter().any(|offer| offer.addresses.is_none()) {
            published.withheld.insert(name.clone());
            return;
        }
        let winners = match self.winners(name, &first) {
            Ok(winners) => winners,
            Err(()) => {
                published.withheld.insert(name.clone());
                losses.conflict(name, index, first.iter().map(|offer| loss_of(offer)).collect());
                return;
            }
        };
        let mut addresses = BTreeMap::new();
        for offer in &winners {
            for address in offer.addresses.iter().flatten() {
                addresses.entry(*address).or_insert_with(|| offer.wish.origin.clone());
            }
        }
        let decided = winners[0];
        for address in addresses.keys() {
            if let Some(finding) = private_address_published(self.horizon, name, *address) {
                self.claims.findings.push(finding.seen_at(decided.wish.origin.place.clone()));
            }
        }
        for offer in rest.iter().chain(&first) {
            let lost = offer.addresses.iter().flatten().any(|address| !addresses.contains_key(address));
            if lost {
                losses.shadowed(name, index, loss_of(decided), loss_of(offer));
            }
        }
        let guest = decided.wish.guest.map(|guest| self.inventory.guests[guest].id.clone());
        let zone = decided.wish.zone.clone();
        let entry = Published { zone, addresses, kind: top, route: decided.chosen.route, guest };
        published.names.insert(name.clone(), entry);
    }

    /// The offers of one kind that are published together; an error when they contradict each other.
    fn winners<'o>(&self, name: &Name, offers: &[&'o Offer<'o>]) -> Result<Vec<&'o Offer<'o>>, ()> {
        let mut sorted = offers.to_vec();
        sorted.sort_by(|one, other| one.wish.origin.cmp(&other.wish.origin));
        let same_data = sorted.iter().all(|offer| offer.addresses == sorted[0].addresses);
        let same_guest = sorted.iter().all(|offer| offer.wish.guest == sorted[0].wish.guest);
        if same_data || same_guest {
            return Ok(sorted);
        }
        let directly = sorted.iter().all(|offer| offer.chosen == Chosen { route: Route::Direct, by: By::ExactName });
        if !directly {
            return Err(());
        }
        let ca = self.inventory.ca.as_ref().filter(|ca| ca.name == *name).and(self.roles.ca.guest(self.inventory));
        let label = name.first().to_string();
        let meant = |guest: &Guest| match ca {
            Some(ca) => guest.id == ca.id,
            None => guest.name.eq_ignore_ascii_case(&label),
        };
        sorted.retain(|offer| offer.wish.guest.is_some_and(|guest| meant(&self.inventory.guests[guest])));
        if sorted.len() == 1 { Ok(sorted) } else { Err(()) }
    }

    /// What a wish comes to here; none when it gives nothing.
    fn offer<'w>(&mut self, wish: &'w Wish) -> Option<Offer<'w>> {
        let inventory = self.inventory;
        let guest = wish.guest.map(|index| &inventory.guests[index]);
        let mut chosen = route_of(&wish.name, wish.kind, self.horizon, self.settings);
        let public = self.horizon.is_public();
        if guest.is_some_and(|guest| guest.template) && chosen.by != By::ExactName {
            return None;
        }
        if !public && chosen.by != By::ExactName && self.is_ca(&wish.name) && leads_away(chosen.route) {
            self.missing.ca_detours.insert((self.horizon.name.clone(), chosen.route));
            chosen.route = Route::Direct;
        }
        let written = wish.written.and_then(|(internal, external)| if public { external } else { internal });
        let told = wish.kind == ClaimKind::Explicit && written.is_some();
        if chosen.route == Route::None || (public && chosen.by == By::Kind && wish.kind == ClaimKind::Explicit && !told)
        {
            return None;
        }
        if public && chosen.by == By::Kind && !told && self.zone_is_private(&wish.zone) {
            self.held_back.entry(wish.zone.clone()).or_default().insert(wish.name.clone());
            return None;
        }
        let addresses = match (chosen.route, written) {
            (Route::Direct, Some(address)) => Some(BTreeSet::from([address])),
            (Route::Direct, None) if wish.written.is_some() => None?,
            (Route::Direct, None) => guest.map(|guest| self.addresses_of(guest, wish)),
            (Route::Traefik, _) => self.through("traefik", &self.roles.traefik, wish),
            _ => self.through("gateway", &self.roles.gateway, wish),
        };
        if addresses.as_ref().is_some_and(BTreeSet::is_empty) {
            return None;
        }
        Some(Offer { wish, chosen, addresses })
    }

    fn through(&mut self, role: &'static str, found: &Role, wish: &Wish) -> Option<BTreeSet<IpAddr>> {
        match found.guest(self.inventory) {
            // Without an address the name waits, as it does without a guest: its records stay as they are.
            Some(guest) => Some(self.addresses_of(guest, wish)).filter(|addresses| !addresses.is_empty()),
            None => {
                let names = self.missing.roles.entry(role).or_default();
                names.entry(wish.name.clone()).or_insert_with(|| wish.origin.place.clone());
                None
            }
        }
    }

    fn addresses_of(&mut self, guest: &Guest, wish: &Wish) -> BTreeSet<IpAddr> {
        let chosen = choose_addresses(&self.known_addresses(guest), self.horizon);
        if chosen.is_empty() {
            self.missing.addresses.entry(guest.id.to_string()).or_default().insert(wish.name.clone());
        }
        chosen.into_iter().collect()
    }

    /// A guest's static addresses, and the gateway's lease where Horizon's listen address tells it.
    fn known_addresses(&self, guest: &Guest) -> Vec<GuestAddress> {
        let mut addresses = guest.addresses.clone();
        let gateway = self.roles.gateway.guest(self.inventory);
        if let (Some(leased), true) = (self.roles.leased, gateway.is_some_and(|gateway| gateway.id == guest.id)) {
            addresses.push(self.address(leased, Some(guest)));
        }
        addresses
    }

    fn address(&self, address: IpAddr, guest: Option<&Guest>) -> GuestAddress {
        let holding = self.inventory.networks.iter().map(|network| network.prefix);
        let network = holding.filter(|prefix| prefix.contains(address)).max_by_key(Prefix::length);
        let network = network.unwrap_or_else(|| alone(address));
        let place = guest.map_or_else(|| Place::file(&self.settings.file), |guest| guest.place.clone());
        GuestAddress { address, network, primary: false, place }
    }

    /// Where this server is reached: a listen address, else the gateway; at last a loopback listen address inside, and an
    /// address that the operator lists for publication outside.
    fn server_addresses(&self) -> Vec<IpAddr> {
        let listens = listen_addresses(self.settings);
        let gateway = self.roles.gateway.guest(self.inventory);
        let near = self.server_among(&listens.into_iter().map(|own| self.address(own, None)).collect::<Vec<_>>());
        let near = near.or_else(|| self.server_among(&self.known_addresses(gateway?)));
        near.unwrap_or_else(|| {
            let listed = self.horizon.private_addresses.iter().filter(|prefix| alone(prefix.address()) == **prefix);
            match self.horizon.is_public() {
                true => listed.map(Prefix::address).take(1).collect(),
                false => self.settings.server.listen.iter().map(|listen| listen.ip()).take(1).collect(),
            }
        })
    }

    fn server_among(&self, addresses: &[GuestAddress]) -> Option<Vec<IpAddr>> {
        let mut chosen = choose_addresses(addresses, self.horizon);
        chosen.retain(|address| may_publish(self.horizon, *address));
        (!chosen.is_empty()).then_some(chosen)
    }

    fn is_ca(&self, name: &Name) -> bool {
        self.inventory.ca.as_ref().is_some_and(|ca| ca.name == *name)
    }

    fn zone_is_private(&self, zone: &Name) -> bool {
        self.claims.zones.iter().any(|known| known.origin == *zone && known.private)
    }
}

/// The prefix that holds this address only.
fn alone(address: IpAddr) -> Prefix {
    Prefix::new(address, if address.is_ipv4() { 32 } else { 128 })
}

fn leads_away(route: Route) -> bool {
    matches!(route, Route::Traefik | Route::Gateway)
}

fn loss_of(offer: &Offer<'_>) -> Loss {
    let addresses = offer.addresses.clone().unwrap_or_default();
    Loss { origin: offer.wish.origin.clone(), addresses }
}

fn privately(zone: &Name, names: &BTreeSet<Name>, horizon: &Horizon, claims: &Claims) -> Finding {
    let listed = list(names, 3);
    let one = names.first().map(ToString::to_string).unwrap_or_default();
    let finding = Finding::new(
        "PRIVATE_ZONE",
        Severity::Info,
        zone.to_string(),
        format!(
            "the zone is private, so horizon `{}` does not get {listed}, which a default route would publish",
            horizon.name
        ),
        format!(
            "nothing to do; to publish one all the same, write `{} = \"gateway\"` under [routes.name.\"{one}\"]",
            horizon.name
        ),
    );
    match claims.zones.iter().find(|known| known.origin == *zone) {
        Some(known) => finding.seen_at(known.place.clone()),
        None => finding,
    }
}

/// The first few names, and how many more there are.
fn list(names: &BTreeSet<Name>, most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn no_address(guest: &Guest, names: &BTreeSet<Name>) -> Finding {
    let what = format!("the guest has no address in the inventory, which is needed for {}", list(names, 5));
    let remedy = format!("write `\"ip\": \"<address>/<length>\"` in `network_config` of {}", guest.id);
    let cause = if guest.dynamic.is_empty() { "no `ip` is written" } else { "its `ip` is `dhcp`" };
    let place = guest.dynamic.first().cloned().unwrap_or_else(|| guest.place.clone());
    Finding::new("NO_ADDRESS", Severity::Warning, guest.id.to_string(), what, remedy).because(cause).seen_at(place)
}

/// A guest with a lease and a fixed address: its names lead to the fixed one.
fn other_address(guest: &Guest, leased: Option<IpAddr>) -> Finding {
    let fixed: Vec<String> = guest.addresses.iter().map(|own| own.address.to_string()).collect();
    let lease = match leased {
        Some(address) => format!("it is taken to be {address}, on which Horizon listens and which no guest has"),
        None => "it is not known here".to_owned(),
    };
    let what = format!("one address of the guest comes by DHCP: {lease}; its names lead to {} first", fixed.join(", "));
    let remedy = format!("nothing to do if that is meant; else write `\"ip\": \"<address>/<length>\"` in {}", guest.id);
    let place = guest.dynamic.first().cloned().unwrap_or_else(|| guest.place.clone());
    Finding::new("NO_ADDRESS", Severity::Info, guest.id.to_string(), what, remedy).seen_at(place)
}

/// What names needed and nobody could give.
#[derive(Default)]
struct Missing {
    addresses: BTreeMap<String, BTreeSet<Name>>,
    /// By role the names that are reached through it, each with its claim.
    roles: BTreeMap<&'static str, BTreeMap<Name, Place>>,
    /// Horizons and the route that would have led the CA's name away from the CA.
    ca_detours: BTreeSet<(String, Route)>,
}

impl Missing {
    fn report(self, inventory: &Inventory, roles: &Roles, findings: &mut Vec<Finding>) {
        for guest in inventory.guests.iter().filter(|guest| !guest.template) {
            match self.addresses.get(&guest.id.to_string()) {
                Some(names) => findings.push(no_address(guest, names)),
                None if !guest.dynamic.is_empty() && !guest.addresses.is_empty() => {
                    let gateway = roles.gateway.guest(inventory).is_some_and(|gateway| gateway.id == guest.id);
                    findings.push(other_address(guest, roles.leased.filter(|_| gateway)));
                }
                None => {}
            }
        }
        for (role, claimed) in &self.roles {
            let names: BTreeSet<Name> = claimed.keys().cloned().collect();
            let (found, hint) = match *role {
                "traefik" => (&roles.traefik, "write `traefik` among the `features` of the guest that runs Traefik"),
                _ => (&roles.gateway, "write `nginx` among the `features` of the guest that is the gateway"),
            };
            let needed = format!("{} must be reached through it; their records stay as they are", list(&names, 3));
            let finding = found.finding(role, &needed, hint, inventory);
            findings.extend(finding.map(|finding| claimed.values().take(3).cloned().fold(finding, Finding::seen_at)));
        }
        let Some(ca) = &inventory.ca else { return };
        for (horizon, route) in &self.ca_detours {
            let route = if *route == Route::Traefik { "traefik" } else { "gateway" };
            let what = format!(
                "the route `{route}` of horizon `{horizon}` would lead the CA's name away from the CA; it is published directly"
            );
            let remedy = format!("write `{horizon} = \"direct\"` under [routes.name.\"{}\"]", ca.name);
            let finding = Finding::new("CA_NAME_NOT_AT_CA", Severity::Warning, ca.name.to_string(), what, remedy);
            findings.push(
                finding.seen_at(ca.place.clone()).because("proxies ask the CA for their own certificates: a circle"),
            );
        }
    }
}
