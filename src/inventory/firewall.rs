//! Firewall rules, typed. Names do not hang on them: a bad rule is told and left out, and the load goes on.

use super::json::At;
use super::model::Firewall;
use crate::config::Prefix;
use crate::finding::{Finding, Place, Severity};
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// One rule as Proxmox reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirewallRule {
    /// `type`
    pub direction: Direction,
    /// `action`
    pub action: Action,
    /// `source`; anyone when it is missing.
    pub source: Peers,
    /// `dest`; anyone when it is missing.
    pub destination: Peers,
    /// `proto` in lower case; every protocol when it is missing.
    pub protocol: Option<String>,
    /// `port` (or `dport`): destination ports; every port when empty.
    pub ports: Vec<RangeInclusive<u16>>,
    /// `comment`, or empty.
    pub comment: String,
    /// Where it is written.
    pub place: Place,
}

/// `type` of a rule, seen from the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the guest.
    In,
    /// From the guest.
    Out,
}

/// `action` of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Let through.
    Accept,
    /// Swallowed.
    Drop,
    /// Refused with an answer.
    Reject,
}

/// `source` or `dest` of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peers {
    /// Not written.
    Any,
    /// Addresses and networks.
    Prefixes(Vec<Prefix>),
    /// An alias, an address set or a range, as written: what it holds is not in the inventory.
    Named(String),
}

impl Peers {
    /// Whether the address is meant; none when only the firewall knows.
    pub fn holds(&self, address: IpAddr) -> Option<bool> {
        match self {
            Peers::Any => Some(true),
            Peers::Prefixes(prefixes) => Some(prefixes.iter().any(|prefix| prefix.contains(address))),
            Peers::Named(_) => None,
        }
    }
}

/// Reads a firewall whose rules stand under `rules` or `global_firewall_rules`.
pub(super) fn read_firewall(at: &At<'_>, findings: &mut Vec<Finding>) -> Firewall {
    let first = findings.len();
    at.entries(findings);
    let list = at.key("rules").or_else(|| at.key("global_firewall_rules"));
    let firewall = Firewall {
        enabled: at.truth_at("enabled", findings),
        input_policy: at.text_at("default_input_policy", findings).map(str::to_owned),
        output_policy: at.text_at("default_output_policy", findings).map(str::to_owned),
        rules: list.map(|list| read_rules(&list, findings)).unwrap_or_default(),
    };
    tolerate(&mut findings[first..]);
    firewall
}

/// Reads a bare list of rules.
pub(super) fn read_rules(list: &At<'_>, findings: &mut Vec<Finding>) -> Vec<FirewallRule> {
    let first = findings.len();
    let items = list.items(findings);
    let rules = items.iter().filter_map(|item| read_rule(item, findings)).collect();
    tolerate(&mut findings[first..]);
    rules
}

fn tolerate(findings: &mut [Finding]) {
    for finding in findings {
        finding.refuses = false;
        finding.severity = Severity::Warning;
        "correct it; no name hangs on it".clone_into(&mut finding.remedy);
    }
}

fn read_rule(at: &At<'_>, findings: &mut Vec<Finding>) -> Option<FirewallRule> {
    at.entries(findings);
    let direction = match at.needed("type", findings)?.text(findings)?.to_ascii_lowercase().as_str() {
        "in" => Direction::In,
        "out" => Direction::Out,
        other => return refuse(at, "type", other, "`in` or `out`", findings),
    };
    let action = match at.needed("action", findings)?.text(findings)?.to_ascii_lowercase().as_str() {
        "accept" => Action::Accept,
        "drop" => Action::Drop,
        "reject" => Action::Reject,
        other => return refuse(at, "action", other, "`ACCEPT`, `DROP` or `REJECT`", findings),
    };
    let mut ports = Vec::new();
    if let Some(port) = at.key("port").or_else(|| at.key("dport")) {
        let text = port.text_or_number(findings)?;
        match read_ports(text) {
            Some(read) => ports = read,
            None => return refuse(at, "port", text, "ports such as `80`, `80,443` or `8000:8010`", findings),
        }
    }
    Some(FirewallRule {
        direction,
        action,
        source: at.text_at("source", findings).map_or(Peers::Any, read_peers),
        destination: at.text_at("dest", findings).map_or(Peers::Any, read_peers),
        protocol: at.text_at("proto", findings).map(str::to_ascii_lowercase),
        ports,
        comment: at.text_at("comment", findings).unwrap_or_default().to_owned(),
        place: at.place(),
    })
}

fn refuse<T>(at: &At<'_>, key: &str, written: &str, wanted: &str, findings: &mut Vec<Finding>) -> Option<T> {
    let what = format!("`{written}` is no {key} of a firewall rule");
    let place = Place::pointer(at.file, format!("{}/{key}", at.pointer));
    let finding = Finding::new("FIREWALL_RULE", Severity::Warning, key, what, format!("write {wanted}"));
    findings.push(finding.seen_at(place));
    None
}

fn read_peers(text: &str) -> Peers {
    let prefix = |item: &str| {
        let (address, length) = item.trim().split_once('/').unwrap_or((item.trim(), "128"));
        Some(Prefix::new(address.parse().ok()?, length.parse().ok()?))
    };
    match text.split(',').map(prefix).collect::<Option<Vec<_>>>() {
        Some(prefixes) => Peers::Prefixes(prefixes),
        None => Peers::Named(text.to_owned()),
    }
}

/// Service names are read for the few that stand in such rules.
fn read_ports(text: &str) -> Option<Vec<RangeInclusive<u16>>> {
    let port = |text: &str| match text.trim() {
        "http" => Some(80),
        "https" => Some(443),
        "ssh" => Some(22),
        "domain" => Some(53),
        digits => digits.parse::<u16>().ok(),
    };
    let range = |item: &str| match item.split_once([':', '-']) {
        Some((first, last)) => Some(port(first)?..=port(last)?),
        None => port(item).map(|port| port..=port),
    };
    text.split(',').map(range).collect()
}
