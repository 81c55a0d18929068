//! What the inventory's firewall rules promise for one connection between two guests.
//!
//! As Proxmox does it: a guest's firewall works when it is switched on; of its rules for a direction the first that matches
//! decides, then the policy, which is DROP inwards and ACCEPT outwards unless another is written. Both guests must let the
//! connection through. Rules of the stacks that a guest runs come after its own, then the global ones, as in
//! `inventory::passage`.

use crate::finding::Place;
use crate::inventory::{Action, Direction, FirewallRule, Guest, Inventory};
use std::net::IpAddr;

/// What the rules say of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promise {
    /// It is let through.
    Allowed {
        /// By what, for a sentence.
        by: String,
    },
    /// It is not.
    Refused {
        /// By what, for a sentence.
        by: String,
        /// The rule or firewall.
        place: Option<Place>,
    },
    /// Only the firewall itself knows: a rule names an alias or a set that is not in the inventory.
    Open {
        /// The name.
        by: String,
    },
}

impl Promise {
    /// For a column.
    pub fn words(&self) -> String {
        match self {
            Promise::Allowed { by } => format!("promised: {by}"),
            Promise::Refused { by, .. } => format!("refused: {by}"),
            Promise::Open { by } => format!("open: {by}"),
        }
    }
}

/// What becomes of a connection of `protocol` (`tcp`, `udp`) from one guest's address to a port of another's.
pub fn promise(
    inventory: &Inventory,
    from: (&Guest, IpAddr),
    to: (&Guest, IpAddr),
    protocol: &str,
    port: u16,
) -> Promise {
    let flow = Flow { source: from.1, destination: to.1, protocol, port };
    let out = one_side(inventory, from.0, Direction::Out, &flow);
    let into = one_side(inventory, to.0, Direction::In, &flow);
    match (out, into) {
        (refused @ Promise::Refused { .. }, _) | (_, refused @ Promise::Refused { .. }) => refused,
        (open @ Promise::Open { .. }, _) | (_, open @ Promise::Open { .. }) => open,
        // The rule at the door of the one who is called is what people look for.
        (_, allowed @ Promise::Allowed { .. }) => allowed,
    }
}

struct Flow<'a> {
    source: IpAddr,
    destination: IpAddr,
    protocol: &'a str,
    port: u16,
}

fn one_side(inventory: &Inventory, guest: &Guest, direction: Direction, flow: &Flow<'_>) -> Promise {
    let (firewall, global) = (&guest.firewall, &inventory.firewall);
    if !global.enabled {
        return Promise::Allowed { by: "the global firewall is off".to_owned() };
    }
    if !firewall.enabled {
        return Promise::Allowed { by: format!("the firewall of {} is off", guest.id) };
    }
    let own = firewall.rules.iter().enumerate().map(|(index, rule)| (guest.id.to_string(), index, rule));
    let stacks = inventory.stacks.iter().filter(|stack| stack.guest == guest.id);
    let stacks = stacks.flat_map(|stack| {
        stack.firewall.iter().enumerate().map(move |(index, rule)| (format!("stack {}", stack.name), index, rule))
    });
    let global_rules = global.rules.iter().enumerate();
    let global_rules = global_rules.map(|(index, rule)| ("the global firewall".to_owned(), index, rule));
    let rules = own.chain(stacks).chain(global_rules).filter(|(_, _, rule)| rule.direction == direction);
    for (whose, index, rule) in rules {
        let said = || said(&whose, index, rule);
        match matches(rule, flow) {
            Some(false) => {}
            None => return Promise::Open { by: format!("{} names what is not in the inventory", said()) },
            Some(true) if rule.action == Action::Accept => return Promise::Allowed { by: said() },
            Some(true) => return Promise::Refused { by: said(), place: Some(rule.place.clone()) },
        }
    }
    let (policy, written) = match direction {
        Direction::In => ("DROP", firewall.input_policy.as_deref().or(global.input_policy.as_deref())),
        Direction::Out => ("ACCEPT", firewall.output_policy.as_deref().or(global.output_policy.as_deref())),
    };
    let policy = written.unwrap_or(policy);
    let word = if direction == Direction::In { "in" } else { "out" };
    match policy.eq_ignore_ascii_case("accept") {
        true => Promise::Allowed { by: format!("policy {word} of {}", guest.id) },
        false => {
            Promise::Refused { by: format!("no {word} rule of {}", guest.id), place: Some(guest.place_of("firewall")) }
        }
    }
}

fn said(whose: &str, index: usize, rule: &FirewallRule) -> String {
    let comment = if rule.comment.is_empty() { String::new() } else { format!(" \"{}\"", rule.comment) };
    format!("rule {} of {whose}{comment}", index + 1)
}

/// Whether the rule is for the flow; none when only the firewall knows.
fn matches(rule: &FirewallRule, flow: &Flow<'_>) -> Option<bool> {
    let protocol = rule.protocol.as_deref().is_none_or(|own| own == flow.protocol);
    let port = rule.ports.is_empty() || rule.ports.iter().any(|range| range.contains(&flow.port));
    if !protocol || !port {
        return Some(false);
    }
    match (rule.source.holds(flow.source), rule.destination.holds(flow.destination)) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::inventory;
    use super::*;

    /// The first rule that matches decides, then the policy; both sides must agree.
    #[test]
    fn rules_promise() {
        let on = |rules: &str| format!(r#"{{"enabled":true,"rules":[{rules}]}}"#);
        let accept =
            r#"{"type":"in","action":"ACCEPT","source":"10.0.0.10","proto":"tcp","port":"80,443","comment":"CA"}"#;
        let drop = r#"{"type":"in","action":"DROP","proto":"tcp","port":"80"}"#;
        let named = r#"{"type":"in","action":"ACCEPT","source":"+cas","proto":"tcp"}"#;
        let out_drop = r#"{"type":"out","action":"REJECT","dest":"10.0.0.12"}"#;
        let table = [
            ("off", "{}".to_owned(), "{}".to_owned(), 80, "promised: the firewall of lxc/102 is off"),
            ("a rule", "{}".to_owned(), on(accept), 80, "promised: rule 1 of lxc/102 \"CA\""),
            ("another port", "{}".to_owned(), on(accept), 8443, "refused: no in rule of lxc/102"),
            ("the first decides", "{}".to_owned(), on(&format!("{drop},{accept}")), 80, "refused: rule 1 of lxc/102"),
            (
                "another rule's port",
                "{}".to_owned(),
                on(&format!("{drop},{accept}")),
                443,
                "promised: rule 2 of lxc/102 \"CA\"",
            ),
            ("a set", "{}".to_owned(), on(named), 80, "open: rule 1 of lxc/102 names what is not in the inventory"),
            (
                "policy",
                "{}".to_owned(),
                r#"{"enabled":true,"default_input_policy":"ACCEPT"}"#.to_owned(),
                80,
                "promised: policy in of lxc/102",
            ),
            ("the caller's own", on(out_drop), on(accept), 80, "refused: rule 1 of lxc/103"),
            ("the caller's policy", on(""), on(accept), 80, "promised: rule 1 of lxc/102 \"CA\""),
            (
                "the caller's strict policy",
                r#"{"enabled":true,"default_output_policy":"DROP"}"#.to_owned(),
                on(accept),
                80,
                "refused: no out rule of lxc/103",
            ),
        ];
        for (why, from, to, port, expected) in table {
            assert_eq!(
                words(&inventory(&[("103", "ca", CA, &from), ("102", "traefik", TRAEFIK, &to)]), port),
                expected,
                "{why}"
            );
        }
    }

    const CA: &str = "10.0.0.10";
    const TRAEFIK: &str = "10.0.0.12";

    fn words(inventory: &Inventory, port: u16) -> String {
        let of = |address: &str| {
            let address = address.parse().unwrap();
            (inventory.guests.iter().find(|guest| guest.has(address)).unwrap(), address)
        };
        promise(inventory, of(CA), of(TRAEFIK), "tcp", port).words()
    }

    /// What no rule of the guest decides, the global ones do; without a global firewall none stands.
    #[test]
    fn global_rules_come_after_those_of_the_guest() {
        let own = r#"{"enabled":true,"rules":[{"type":"in","action":"DROP","proto":"tcp","port":"80"}]}"#;
        let mut inventory = inventory(&[("103", "ca", CA, "{}"), ("102", "traefik", TRAEFIK, own)]);
        let mut rule = inventory.guests.iter().flat_map(|guest| &guest.firewall.rules).next().unwrap().clone();
        (rule.action, rule.comment) = (Action::Accept, "all".to_owned());
        rule.ports.clear();
        inventory.firewall.rules = vec![rule];
        assert_eq!(words(&inventory, 80), "refused: rule 1 of lxc/102");
        assert_eq!(words(&inventory, 9000), "promised: rule 1 of the global firewall \"all\"");
        inventory.firewall.rules.clear();
        inventory.firewall.input_policy = Some("ACCEPT".to_owned());
        assert_eq!(words(&inventory, 9000), "promised: policy in of lxc/102");
        inventory.firewall.enabled = false;
        assert_eq!(words(&inventory, 80), "promised: the global firewall is off");
    }
}
