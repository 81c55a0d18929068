//! Whether the firewalls of the inventory let one machine reach a port of another, and by which rule.
//!
//! As Proxmox weighs it: the sender's rules for `out`, and the receiver's for `in`; in each the first match decides, then the
//! policy, which is DROP inwards and ACCEPT outwards unless another is written. A firewall counts when it is enabled and the
//! global one is, too. Rules of the stacks that a guest runs come after its own, then the global ones.

use super::firewall::{Action, Direction, FirewallRule};
use super::model::{Firewall, Guest, GuestId, Inventory};
use crate::finding::Place;
use std::cmp::Ordering;
use std::net::IpAddr;

/// A connection that is weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection<'a> {
    /// Who opens it.
    pub from: IpAddr,
    /// To whom.
    pub to: IpAddr,
    /// `tcp` or `udp`.
    pub protocol: &'a str,
    /// The port of the one who is called.
    pub port: u16,
}

/// What one guest's firewall says of a connection.
#[derive(Debug, Clone)]
pub struct Ruling<'i> {
    /// Whose firewall.
    pub guest: &'i Guest,
    /// `out` for who opens the connection, `in` for who is called.
    pub direction: Direction,
    /// Whether it goes through.
    pub word: Word,
    /// What says so.
    pub by: By,
}

/// Whether a connection goes through a firewall; what is worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// Let through.
    Open,
    /// An alias or a set decides whose addresses only the firewall knows.
    Unsure,
    /// Kept out.
    Shut,
}

/// What decides in a firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// No firewall works while the global one is off.
    GlobalOff,
    /// The guest's own is off.
    GuestOff,
    /// The first rule that matches.
    Rule {
        /// In whose list it stands.
        list: List,
        /// Its number there, from 1.
        number: usize,
        /// What is written beside it; may be empty.
        comment: String,
        /// Where it is written.
        place: Place,
    },
    /// No rule matches.
    Policy,
}

/// A list of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum List {
    /// The guest's own.
    Guest,
    /// That of a stack that the guest runs.
    Stack(String),
    /// The global one.
    Global,
}

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
    let guest = |address| inventory.guests.iter().find(|guest| !guest.template && guest.has(address));
    let connection = Connection { from, to, protocol: "tcp", port };
    let rulings = rulings(inventory, guest(from), guest(to), connection);
    if rulings.iter().all(|ruling| matches!(ruling.by, By::GlobalOff | By::GuestOff)) {
        return Passage::Unguarded;
    }
    let by = rulings.iter().filter_map(|ruling| ruling.by.place()).cloned().collect();
    match decisive(rulings) {
        Some(Ruling { word: Word::Unsure, by: By::Rule { place, .. }, .. }) => Passage::Unsure(place),
        Some(Ruling { word: Word::Shut, guest, direction, by }) => Passage::Shut {
            guest: guest.id.clone(),
            direction,
            rule: by.place().cloned(),
            rules: guest.place_of("firewall/rules"),
        },
        _ => Passage::Allowed(by),
    }
}

/// What the firewalls of both ends say; who is no guest has none.
pub fn rulings<'i>(
    inventory: &Inventory,
    from: Option<&'i Guest>,
    to: Option<&'i Guest>,
    connection: Connection<'_>,
) -> Vec<Ruling<'i>> {
    let sides = [(from, Direction::Out), (to, Direction::In)];
    let guests = sides.into_iter().filter_map(|(guest, direction)| Some((guest?, direction)));
    guests.map(|(guest, direction)| ruling(inventory, guest, direction, connection)).collect()
}

/// The ruling that counts: one that shuts, else one that is unsure; where all are open, that of the one who is called, which is
/// the one that people look for.
pub fn decisive(rulings: Vec<Ruling<'_>>) -> Option<Ruling<'_>> {
    rulings.into_iter().reduce(|one, other| match other.word.cmp(&one.word) {
        Ordering::Greater => other,
        Ordering::Equal if other.word == Word::Open => other,
        _ => one,
    })
}

impl By {
    /// Where the rule is written.
    pub fn place(&self) -> Option<&Place> {
        match self {
            By::Rule { place, .. } => Some(place),
            By::GlobalOff | By::GuestOff | By::Policy => None,
        }
    }
}

fn ruling<'i>(inventory: &Inventory, guest: &'i Guest, direction: Direction, connection: Connection<'_>) -> Ruling<'i> {
    let global = &inventory.firewall;
    let (word, by) = match (global.enabled, guest.firewall.enabled) {
        (false, _) => (Word::Open, By::GlobalOff),
        (_, false) => (Word::Open, By::GuestOff),
        _ => by_rule(inventory, guest, direction, connection)
            .unwrap_or_else(|| (by_policy(&guest.firewall, global, direction), By::Policy)),
    };
    Ruling { guest, direction, word, by }
}

fn by_rule(
    inventory: &Inventory,
    guest: &Guest,
    direction: Direction,
    connection: Connection<'_>,
) -> Option<(Word, By)> {
    let own = [(List::Guest, &guest.firewall.rules)];
    let stacks = inventory.stacks.iter().filter(|stack| stack.guest == guest.id);
    let stacks = stacks.map(|stack| (List::Stack(stack.name.clone()), &stack.firewall));
    let lists = own.into_iter().chain(stacks).chain([(List::Global, &inventory.firewall.rules)]);
    for (list, rules) in lists {
        for (number, rule) in (1..).zip(rules).filter(|(_, rule)| rule.direction == direction) {
            let word = match (matches(rule, connection), rule.action == Action::Accept) {
                (Some(false), _) => continue,
                (None, _) => Word::Unsure,
                (Some(true), true) => Word::Open,
                (Some(true), false) => Word::Shut,
            };
            return Some((word, By::Rule { list, number, comment: rule.comment.clone(), place: rule.place.clone() }));
        }
    }
    None
}

fn by_policy(own: &Firewall, global: &Firewall, direction: Direction) -> Word {
    let policy = match direction {
        Direction::In => own.input_policy.as_deref().or(global.input_policy.as_deref()).unwrap_or("DROP"),
        Direction::Out => own.output_policy.as_deref().or(global.output_policy.as_deref()).unwrap_or("ACCEPT"),
    };
    if policy.eq_ignore_ascii_case("accept") { Word::Open } else { Word::Shut }
}

/// Whether the rule is for the connection; none when only the firewall knows.
fn matches(rule: &FirewallRule, connection: Connection<'_>) -> Option<bool> {
    let protocol = rule.protocol.as_deref().is_none_or(|own| own == connection.protocol);
    let port = rule.ports.is_empty() || rule.ports.iter().any(|range| range.contains(&connection.port));
    if !protocol || !port {
        return Some(false);
    }
    match (rule.source.holds(connection.from), rule.destination.holds(connection.to)) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
