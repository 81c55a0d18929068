//! What the inventory's firewall rules promise for one connection between two guests.
//!
//! As Proxmox does it: a guest's firewall works when it is switched on; of its rules for a direction the first that matches
//! decides, then the policy, which is DROP inwards and ACCEPT outwards unless another is written. Both guests must let the
//! connection through.

use crate::finding::Place;
use crate::inventory::{Action, Direction, Firewall, FirewallRule, Guest};
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
pub fn promise(from: (&Guest, IpAddr), to: (&Guest, IpAddr), protocol: &str, port: u16) -> Promise {
    let flow = Flow { source: from.1, destination: to.1, protocol, port };
    let out = one_side(from.0, &from.0.firewall, Direction::Out, &flow);
    let into = one_side(to.0, &to.0.firewall, Direction::In, &flow);
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

fn one_side(guest: &Guest, firewall: &Firewall, direction: Direction, flow: &Flow<'_>) -> Promise {
    if !firewall.enabled {
        return Promise::Allowed { by: format!("the firewall of {} is off", guest.id) };
    }
    let rules = firewall.rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction);
    for (index, rule) in rules {
        let said = || said(guest, index, rule);
        match matches(rule, flow) {
            Some(false) => {}
            None => return Promise::Open { by: format!("{} names what is not in the inventory", said()) },
            Some(true) if rule.action == Action::Accept => return Promise::Allowed { by: said() },
            Some(true) => return Promise::Refused { by: said(), place: Some(rule.place.clone()) },
        }
    }
    let (policy, written) = match direction {
        Direction::In => ("DROP", firewall.input_policy.as_deref()),
        Direction::Out => ("ACCEPT", firewall.output_policy.as_deref()),
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

fn said(guest: &Guest, index: usize, rule: &FirewallRule) -> String {
    let comment = if rule.comment.is_empty() { String::new() } else { format!(" \"{}\"", rule.comment) };
    format!("rule {} of {}{comment}", index + 1, guest.id)
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
    use super::super::lab::guest;
    use super::*;

    /// The first rule that matches decides, then the policy; both sides must agree.
    #[test]
    fn rules_promise() {
        let on = |rules: &str| format!(r#"{{"enabled":true,"rules":[{rules}]}}"#);
        let accept = r#"{"type":"in","action":"ACCEPT","source":"10.0.0.10","proto":"tcp","port":"80,443","comment":"CA"}"#;
        let drop = r#"{"type":"in","action":"DROP","proto":"tcp","port":"80"}"#;
        let named = r#"{"type":"in","action":"ACCEPT","source":"+cas","proto":"tcp"}"#;
        let out_drop = r#"{"type":"out","action":"REJECT","dest":"10.0.0.12"}"#;
        let table = [
            ("off", "{}".to_owned(), "{}".to_owned(), 80, "promised: the firewall of lxc/102 is off"),
            ("a rule", "{}".to_owned(), on(accept), 80, "promised: rule 1 of lxc/102 \"CA\""),
            ("another port", "{}".to_owned(), on(accept), 8443, "refused: no in rule of lxc/102"),
            ("the first decides", "{}".to_owned(), on(&format!("{drop},{accept}")), 80, "refused: rule 1 of lxc/102"),
            ("another rule's port", "{}".to_owned(), on(&format!("{drop},{accept}")), 443, "promised: rule 2 of lxc/102 \"CA\""),
            ("a set", "{}".to_owned(), on(named), 80, "open: rule 1 of lxc/102 names what is not in the inventory"),
            ("policy", "{}".to_owned(), r#"{"enabled":true,"default_input_policy":"ACCEPT"}"#.to_owned(), 80, "promised: policy in of lxc/102"),
            ("the caller's own", on(out_drop), on(accept), 80, "refused: rule 1 of lxc/103"),
            ("the caller's policy", on(""), on(accept), 80, "promised: rule 1 of lxc/102 \"CA\""),
            ("the caller's strict policy", r#"{"enabled":true,"default_output_policy":"DROP"}"#.to_owned(), on(accept), 80, "refused: no out rule of lxc/103"),
        ];
        for (why, from, to, port, expected) in table {
            let (from, to) = (guest("103", "10.0.0.10", &from), guest("102", "10.0.0.12", &to));
            let (source, destination) = (from.addresses[0].address, to.addresses[0].address);
            let said = promise((&from, source), (&to, destination), "tcp", port).words();
            assert_eq!(said, expected, "{why}");
        }
    }
}
