//! What the inventory says, made ready for questions: claims, roles and whose an address is.

use crate::config::Settings;
use crate::dns::{Name, parse_name};
use crate::finding::Finding;
use crate::inventory::{self, CaClaim, Claims, Guest, GuestId, Inventory, Published, Role, Roles};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Settings and inventory, with the claims that come of them.
#[derive(Debug)]
pub struct Known<'a> {
    pub(super) settings: &'a Settings,
    pub(super) inventory: &'a Inventory,
    pub(super) claims: Claims,
    pub(super) roles: Roles,
}

/// What the inventory wants for a name in a horizon.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish<'a> {
    /// These addresses.
    Claimed(&'a Published),
    /// It cannot be decided: whatever stands in the zone files stays.
    Undecided,
    /// Nothing here, though another horizon has it.
    NotHere,
    /// It knows nothing of the name.
    Unknown,
}

/// Who has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    Guest(&'a GuestId),
    Hypervisor,
    Nobody,
}

impl<'a> Known<'a> {
    /// Weighs the claims. Of an inventory that is not whole only addresses count: nothing is generated from it either.
    pub fn new(settings: &'a Settings, inventory: &'a Inventory) -> Self {
        let claims = if inventory.complete { inventory::claims(inventory, settings) } else { Claims::default() };
        Known { settings, inventory, claims, roles: inventory::find_roles(inventory, settings) }
    }

    /// What the inventory says, as it was read.
    pub fn inventory(&self) -> &'a Inventory {
        self.inventory
    }

    /// The CA's name and guest, when both are known.
    pub fn ca(&self) -> Option<&CaClaim> {
        self.claims.ca.as_ref()
    }

    /// True when the inventory's zone that holds the name is a private one.
    pub fn is_private(&self, name: &Name) -> bool {
        self.claims.zone_of(name).is_some_and(|zone| zone.private)
    }

    /// Where the inventory wants a name to lead in a horizon, what it inherits counted; where it says nothing there, as in
    /// another horizon, private ones first. The horizon that it was taken from is told.
    pub fn claimed(&self, horizon: &str, name: &Name) -> Option<(&str, &Published)> {
        if let Wish::Claimed(published) = self.wish(horizon, name) {
            return Some((self.settings.horizons.iter().find(|known| known.name == horizon)?.name.as_str(), published));
        }
        let others = || self.claims.horizons.iter().filter(|claims| claims.name != horizon);
        let private = others().filter(|claims| !claims.public);
        let mut all = private.chain(others().filter(|claims| claims.public));
        all.find_map(|claims| {
            let published = claims.names.get(name).or_else(|| by_wildcard(claims, name))?;
            Some((claims.name.as_str(), published))
        })
    }

    /// Every name that some horizon claims or withholds, in canonical order.
    pub fn names(&self) -> BTreeSet<Name> {
        let horizons = self.claims.horizons.iter();
        horizons.flat_map(|horizon| horizon.names.keys().chain(&horizon.withheld)).cloned().collect()
    }

    /// The horizon and those that it inherits from, nearest first.
    pub(super) fn chain(&self, horizon: &str) -> Vec<&'a str> {
        let all = &self.settings.horizons;
        let first = all.iter().find(|known| known.name == horizon);
        let next = |last: &&'a crate::config::Horizon| {
            let outer = last.inherits.as_deref()?;
            all.iter().find(|known| known.name == outer)
        };
        std::iter::successors(first, next).take(all.len()).map(|horizon| horizon.name.as_str()).collect()
    }

    pub(super) fn wish(&self, horizon: &str, name: &Name) -> Wish<'_> {
        let of = |name: &str| self.claims.horizons.iter().find(|claims| claims.name == name);
        for claims in self.chain(horizon).into_iter().filter_map(of) {
            if let Some(published) = claims.names.get(name).or_else(|| by_wildcard(claims, name)) {
                return Wish::Claimed(published);
            }
            if claims.withheld.contains(name) {
                return Wish::Undecided;
            }
        }
        match self.claims.horizons.iter().any(|claims| claims.covers(name) || claims.withheld.contains(name)) {
            true => Wish::NotHere,
            false => Wish::Unknown,
        }
    }

    /// The claims of other horizons for a name, in the order of the settings.
    pub(super) fn elsewhere<'k>(
        &'k self,
        horizon: &'k str,
        name: &'k Name,
    ) -> impl Iterator<Item = (&'k str, &'k Published)> {
        let others = self.claims.horizons.iter().filter(move |claims| claims.name != horizon);
        others.filter_map(move |claims| Some((claims.name.as_str(), claims.names.get(name)?)))
    }

    /// The CONFLICT that keeps a name from being decided in a horizon.
    pub(super) fn open_claim(&self, horizon: &str, name: &Name) -> Option<Finding> {
        let at = |index: &usize| self.claims.horizons.get(*index).is_some_and(|claims| claims.name == horizon);
        let mut open = self.claims.undecided.iter();
        open.find(|open| open.name == *name && open.finding.code == "CONFLICT" && open.horizons.iter().any(at))
            .map(|open| open.finding.clone())
    }

    /// True when this server is reached at the address in the horizon.
    pub(super) fn serves_at(&self, horizon: &str, address: IpAddr) -> bool {
        self.claims.horizons.iter().any(|claims| claims.name == horizon && claims.server.contains(&address))
    }

    /// Whose an address is. Guests that run go before templates; the gateway's lease counts as its own.
    pub(super) fn owner(&self, address: IpAddr) -> Owner<'_> {
        let having = || self.inventory.guests.iter().filter(|guest| guest.has(address));
        if let Some(guest) = having().find(|guest| !guest.template) {
            return Owner::Guest(&guest.id);
        }
        if let (Some(gateway), true) = (self.gateway(), self.roles.leased == Some(address)) {
            return Owner::Guest(&gateway.id);
        }
        if self.inventory.hypervisor.iter().any(|(own, _)| *own == address) {
            return Owner::Hypervisor;
        }
        having().next().map_or(Owner::Nobody, |guest| Owner::Guest(&guest.id))
    }

    pub(super) fn guest(&self, id: &GuestId) -> Option<&'a Guest> {
        self.inventory.guests.iter().find(|guest| guest.id == *id)
    }

    pub(super) fn traefik(&self) -> Option<&'a Guest> {
        self.in_role(&self.roles.traefik)
    }

    pub(super) fn gateway(&self) -> Option<&'a Guest> {
        self.in_role(&self.roles.gateway)
    }

    /// True for Traefik and the gateway: what they get, they pass on.
    pub(super) fn is_proxy(&self, id: &GuestId) -> bool {
        [self.traefik(), self.gateway()].into_iter().flatten().any(|guest| guest.id == *id)
    }

    /// What a guest is to the network, where it is more than a guest.
    pub(super) fn roles_of(&self, id: &GuestId) -> Vec<String> {
        let roles = [("gateway", &self.roles.gateway), ("Traefik", &self.roles.traefik), ("the CA", &self.roles.ca)]
            .into_iter();
        let held = roles.filter(|(_, role)| self.in_role(role).is_some_and(|guest| guest.id == *id));
        held.map(|(word, _)| word.to_owned()).collect()
    }

    fn in_role(&self, role: &Role) -> Option<&'a Guest> {
        role.guest(self.inventory)
    }
}

/// The claim of a wildcard that covers a name which is not claimed itself (RFC 4592).
fn by_wildcard<'c>(claims: &'c inventory::HorizonClaims, name: &Name) -> Option<&'c Published> {
    let above = name.iter_suffixes().skip(1);
    let mut wildcards = above.filter_map(|above| parse_name(&format!("*.{above}")).ok());
    wildcards.find_map(|wildcard| claims.names.get(&wildcard))
}
