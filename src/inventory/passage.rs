//! Whether the firewalls of the inventory let one machine reach a TCP port of another, and by which rule.
//!
//! As Proxmox weighs it: the sender's rules for `out`, then the receiver's for `in`; in each the first match decides, then the
//! policy. A firewall counts when it is enabled and the global one is, too. Rules of the global list come after a guest's
//! own, as do those of the stacks that it runs.

use super::firewall::{Action, Direction, FirewallRule};
use super::model::{Firewall, Guest, GuestId, Inventory};
use crate::finding::Place;
use std::net::IpAddr;

/// What the firewalls do with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// No firewall stands in the way that the inventory knows.
    Unguarded,
    /// Let through; the places of the rules that say so, none where a policy does.
    Allowed(Vec<Place>),
    /// An alias or a set decides whose addresses only the firewall knows.
    Unsure(Place),
    /// Kept out.
    Shut {
        /// Whose firewall.
        guest: GuestId,
        /// `in` or `out`.
        direction: Direction,
        /// The rule; none where none matches and the policy shuts.
        rule: Option<Place>,
        /// Where a rule that lets it through belongs.
        rules: Place,
    },
}

/// Weighs the way from one address to a TCP port of another. Addresses that are no guest's have no firewall here.
pub fn passage(inventory: &Inventory, from: IpAddr, to: IpAddr, port: u16) -> Passage {
    let global = &inventory.firewall;
    let guest = |address| inventory.guests.iter().find(|guest| !guest.template && guest.has(address));
    let guarded = |guest: Option<_>| guest.filter(|guest: &&Guest| global.enabled && guest.firewall.enabled);
    let mut by = Vec::new();
    let mut stands = false;
    for (guest, direction) in [(guarded(guest(from)), Direction::Out), (guarded(guest(to)), Direction::In)] {
        let Some(guest) = guest else { continue };
        stands = true;
        match weigh(inventory, guest, direction, from, to, port) {
            Weighed::Open(place) => by.extend(place),
            Weighed::Unsure(place) => return Passage::Unsure(place),
            Weighed::Shut(rule) => {
                let rules = guest.place_of("firewall/rules");
                return Passage::Shut { guest: guest.id.clone(), direction, rule, rules };
            }
        }
    }
    if stands { Passage::Allowed(by) } else { Passage::Unguarded }
}

enum Weighed {
    Open(Option<Place>),
    Unsure(Place),
    Shut(Option<Place>),
}

fn weigh(inventory: &Inventory, guest: &Guest, direction: Direction, from: IpAddr, to: IpAddr, port: u16) -> Weighed {
    let stacks = inventory.stacks.iter().filter(|stack| stack.guest == guest.id).flat_map(|stack| &stack.firewall);
    let rules = guest.firewall.rules.iter().chain(stacks).chain(&inventory.firewall.rules);
    for rule in rules.filter(|rule| rule.direction == direction && fits(rule, port)) {
        match (rule.source.holds(from), rule.destination.holds(to)) {
            (Some(false), _) | (_, Some(false)) => {}
            (Some(true), Some(true)) if rule.action == Action::Accept => {
                return Weighed::Open(Some(rule.place.clone()));
            }
            (Some(true), Some(true)) => return Weighed::Shut(Some(rule.place.clone())),
            _ => return Weighed::Unsure(rule.place.clone()),
        }
    }
    let written = |firewall: &Firewall| match direction {
        Direction::In => firewall.input_policy.clone(),
        Direction::Out => firewall.output_policy.clone(),
    };
    let policy = written(&guest.firewall).or_else(|| written(&inventory.firewall));
    // Proxmox drops what comes in and lets out what goes out unless it is told otherwise.
    let open = policy.map_or(direction == Direction::Out, |policy| policy.eq_ignore_ascii_case("accept"));
    if open { Weighed::Open(None) } else { Weighed::Shut(None) }
}

fn fits(rule: &FirewallRule, port: u16) -> bool {
    let tcp = rule.protocol.as_deref().is_none_or(|protocol| protocol == "tcp");
    tcp && (rule.ports.is_empty() || rule.ports.iter().any(|ports| ports.contains(&port)))
}
