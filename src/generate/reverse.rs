//! Reverse zones of the inventory's networks: which there are, and which name each address has.
//!
//! A zone covers a whole number of octets (IPv4, RFC 1035 section 3.5) or nibbles (IPv6, RFC 3596 section 2.5). A network
//! in between is cut into the largest such zones that lie wholly inside it, and only those that hold a name are made: a
//! zone never takes in an address that is not the inventory's.

use crate::config::Prefix;
use crate::dns::{Name, parse_name};
use crate::inventory::{Claims, HorizonClaims, Inventory, Origin};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A network whose addresses get names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reverse {
    network: Prefix,
    /// The length of its zones.
    unit: u8,
}

/// The networks: those that the configuration names, and private ones around guests' own addresses outside of them.
pub(super) fn networks(inventory: &Inventory) -> Vec<Reverse> {
    let mut prefixes: Vec<Prefix> = inventory.networks.iter().map(|network| network.prefix).collect();
    for guest in inventory.guests.iter().filter(|guest| !guest.template) {
        for own in &guest.addresses {
            let named = prefixes.iter().any(|prefix| prefix.contains(own.address) || own.network.covers(prefix));
            if !named && own.network.is_private() {
                prefixes.push(own.network);
            }
        }
    }
    prefixes.retain(|prefix| prefix.length() > 0);
    prefixes.sort();
    prefixes.dedup();
    prefixes.into_iter().map(|network| Reverse { network, unit: unit(network) }).collect()
}

fn unit(network: Prefix) -> u8 {
    let step = if network.address().is_ipv4() { 8 } else { 4 };
    network.length().div_ceil(step).saturating_mul(step)
}

/// The zones that are made in any case: those that are a network to the bit.
pub(super) fn whole_zones(networks: &[Reverse]) -> impl Iterator<Item = Name> {
    let whole = networks.iter().filter(|reverse| reverse.unit == reverse.network.length());
    whole.filter_map(|reverse| reverse_name(reverse.network.address(), reverse.unit))
}

/// The zone of an address: the innermost that lies in a network of the inventory.
pub(super) fn zone_of(networks: &[Reverse], address: IpAddr) -> Option<Name> {
    let holding = networks.iter().filter(|reverse| reverse.network.contains(address));
    let innermost = holding.max_by_key(|reverse| reverse.unit)?;
    reverse_name(address, innermost.unit)
}

/// The name below `in-addr.arpa` or `ip6.arpa` of the first `length` bits of an address.
pub(super) fn reverse_name(address: IpAddr, length: u8) -> Option<Name> {
    let text = match address {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            let labels = octets.iter().take(usize::from(length / 8)).rev().map(u8::to_string);
            labels.chain(["in-addr.arpa".to_owned()]).collect::<Vec<_>>().join(".")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
            let taken: Vec<String> =
                nibbles.take(usize::from(length / 4)).map(|nibble| format!("{nibble:x}")).collect();
            taken.into_iter().rev().chain(["ip6.arpa".to_owned()]).collect::<Vec<_>>().join(".")
        }
    };
    parse_name(&text).ok()
}

/// The one name of each address in a horizon, with its source.
///
/// The guest's own name where it leads to the address; else the best name that does: one that the address's guest claimed
/// goes before others, the kinds go in the order of their precedence, then the names in theirs. At last a guest's own name
/// that leads to another of its addresses.
pub(super) fn names(
    inventory: &Inventory,
    claims: &Claims,
    horizon: &HorizonClaims,
) -> BTreeMap<IpAddr, (Name, Origin)> {
    let mut owners: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (index, guest) in inventory.guests.iter().enumerate().filter(|(_, guest)| !guest.template) {
        for own in &guest.addresses {
            let smaller = owners.get(&own.address).is_none_or(|known| guest.id < inventory.guests[*known].id);
            if smaller {
                owners.insert(own.address, index);
            }
        }
    }
    let mut at: BTreeMap<IpAddr, BTreeSet<(bool, u8, &Name)>> = BTreeMap::new();
    for (name, published) in horizon.names.iter().filter(|(name, _)| !name.to_string().starts_with('*')) {
        for address in published.addresses.keys() {
            let owner = owners.get(address).map(|index| &inventory.guests[*index].id);
            let foreign = owner.is_none() || published.guest.as_ref() != owner;
            at.entry(*address).or_default().insert((foreign, published.kind as u8, name));
        }
    }
    let mut chosen = BTreeMap::new();
    for address in at.keys().chain(owners.keys()) {
        let own = owners.get(address).and_then(|index| claims.own_names.get(&inventory.guests[*index].id));
        let leads_here =
            |name: &Name| horizon.names.get(name).is_some_and(|entry| entry.addresses.contains_key(address));
        let best = at.get(address).and_then(BTreeSet::first).map(|(_, _, name)| *name);
        let pick = match (own, best) {
            (Some((name, origin)), _) if leads_here(name) => Some((name.clone(), origin.clone())),
            (_, Some(name)) => {
                horizon.names.get(name).and_then(|entry| Some((name.clone(), entry.addresses.get(address)?.clone())))
            }
            (Some((name, origin)), None) => {
                let guest = owners.get(address).map(|index| &inventory.guests[*index]);
                let to_itself = horizon.names.get(name).is_some_and(|entry| {
                    guest.is_some_and(|guest| entry.addresses.keys().any(|other| guest.has(*other)))
                });
                to_itself.then(|| (name.clone(), origin.clone()))
            }
            (None, None) => None,
        };
        if let Some(pick) = pick {
            chosen.insert(*address, pick);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zones lie inside their network, on the boundary that DNS can name.
    #[test]
    fn zones_never_reach_beyond_their_network() {
        let table = [
            ("10.0.0.0/24", "10.0.0.7", "0.0.10.in-addr.arpa"),
            ("10.0.0.0/8", "10.1.2.3", "10.in-addr.arpa"),
            ("172.16.0.0/12", "172.17.9.9", "17.172.in-addr.arpa"),
            ("10.0.16.0/20", "10.0.17.1", "17.0.10.in-addr.arpa"),
            ("10.0.0.64/26", "10.0.0.70", "70.0.0.10.in-addr.arpa"),
            ("fd00:1::/64", "fd00:1::5", "0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa"),
            ("fd00::/7", "fd12::1", "d.f.ip6.arpa"),
        ];
        for (network, address, zone) in table {
            let network: Prefix = Prefix::new(
                network.split('/').next().unwrap().parse().unwrap(),
                network.split('/').nth(1).unwrap().parse().unwrap(),
            );
            let networks = [Reverse { network, unit: unit(network) }];
            let seen = zone_of(&networks, address.parse().unwrap()).unwrap().to_string();
            assert_eq!(seen, zone, "{network} {address}");
        }
    }
}
