//! What the inventory's firewall rules promise for one connection between two guests, in words.

use crate::finding::Place;
use crate::inventory::{By, Connection, Direction, Guest, Inventory, List, Ruling, Word, decisive, rulings};
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
    let connection = Connection { from: from.1, to: to.1, protocol, port };
    let Some(ruling) = decisive(rulings(inventory, Some(from.0), Some(to.0), connection)) else {
        return Promise::Allowed { by: "no firewall stands in between".to_owned() };
    };
    let by = said(&ruling);
    match ruling.word {
        Word::Open => Promise::Allowed { by },
        Word::Unsure => Promise::Open { by: format!("{by} names what is not in the inventory") },
        Word::Shut => {
            let place = ruling.by.place().cloned().unwrap_or_else(|| ruling.guest.place_of("firewall"));
            Promise::Refused { by, place: Some(place) }
        }
    }
}

fn said(Ruling { guest, direction, word, by }: &Ruling<'_>) -> String {
    let guest = &guest.id;
    let direction = if *direction == Direction::In { "in" } else { "out" };
    match by {
        By::GlobalOff => "the global firewall is off".to_owned(),
        By::GuestOff => format!("the firewall of {guest} is off"),
        By::Policy if *word == Word::Open => format!("policy {direction} of {guest}"),
        By::Policy => format!("no {direction} rule of {guest}"),
        By::Rule { list, number, comment, .. } => {
            let comment = if comment.is_empty() { String::new() } else { format!(" \"{comment}\"") };
            let list = match list {
                List::Guest => guest.to_string(),
                List::Stack(name) => format!("stack {name}"),
                List::Global => "the global firewall".to_owned(),
            };
            format!("rule {number} of {list}{comment}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::inventory;
    use super::*;
    use crate::inventory::Action;

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
