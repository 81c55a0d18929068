//! The way between the CA and those who answer it, as the inventory's firewalls let it pass.

use crate::finding::Place;
use crate::inventory::{Direction, Inventory, Passage, passage};
use crate::plugin::acme::reach::{Gravity, Problem, Remedy};
use std::net::IpAddr;

/// One connection that has to be possible.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) port: u16,
    /// What for, half a sentence.
    pub(super) purpose: &'a str,
}

/// FIREWALL_BLOCKS: rules that are missing, or that shut the way, by their place; one problem for each machine.
pub(super) fn look(inventory: &Inventory, way: Way<'_>) -> Option<Problem> {
    let Way { from, to, port, purpose } = way;
    match passage(inventory, from, to, port) {
        Passage::Unguarded | Passage::Allowed(_) => None,
        Passage::Unsure(place) => {
            let summary = format!("whether {from} reaches {to} on port {port}, for {purpose}, hangs on an address set");
            let remedy = Remedy::new(format!("see that the set holds {from} and {to}"));
            Some(Problem::new("FIREWALL_UNSURE", Gravity::Info, summary, remedy).seen_at(place))
        }
        Passage::Shut { guest, direction, rule, rules } => {
            let (word, peer, key) = match direction {
                Direction::In => ("in", from, "source"),
                Direction::Out => ("out", to, "dest"),
            };
            let line = format!(
                "{{\"type\": \"{word}\", \"action\": \"ACCEPT\", \"{key}\": \"{peer}\", \"proto\": \"tcp\", \"port\": \"{port}\"}}"
            );
            let summary = match &rule {
                Some(rule) => {
                    format!("the firewall of {guest} shuts out {from} -> {to} port {port}, for {purpose}: {rule}")
                }
                None => format!("no rule of {guest} lets {from} reach {to} on port {port}, for {purpose}"),
            };
            let text = match &rule {
                Some(_) => format!("write this before that rule in `firewall.rules` of {guest}"),
                None => format!("write this into `firewall.rules` of {guest}"),
            };
            let remedy = Remedy::new(text).run(line).on(guest.to_string());
            let place: Place = rule.unwrap_or(rules);
            Some(Problem::new("FIREWALL_BLOCKS", Gravity::Error, summary, remedy).seen_at(place))
        }
    }
}
