//! Long lists of blocked names: too many for zones of their own, and what `[[block]]` is for.
//!
//! `address=/ads.example/` blocks a name with all below it, a hosts line with 0.0.0.0 a name alone. A few of them are zones; more
//! than a few are somebody's list.

use super::hosts::HostsLine;
use super::model::Model;
use super::model::Rule;
use crate::dns::Name;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// Blocked domains, or hosts lines, up to which each becomes a zone.
const FEW: usize = 100;

/// Names that are blocked; true for those with everything below them.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    nothing: BTreeMap<Name, bool>,
    zero: BTreeMap<Name, bool>,
    allow: Vec<Name>,
}

/// A list of blocked names beside the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    /// The name of the `[[block]]`.
    pub name: &'static str,
    /// From the folder of `horizon.toml`.
    pub path: String,
    /// `answer` of the `[[block]]`.
    pub answer: &'static str,
    /// `allow` of the `[[block]]`.
    pub allow: Vec<Name>,
    /// One name on each line.
    pub text: String,
}

impl Blocks {
    /// The files, those without names left out.
    pub(super) fn files(&self) -> Vec<ListFile> {
        let lists = [("dnsmasq-nxdomain", "nxdomain", &self.nothing), ("dnsmasq-zero", "zero", &self.zero)];
        let file = |(name, answer, names): (&'static str, &'static str, &BTreeMap<Name, bool>)| {
            let mut text =
                String::from("# Blocked by dnsmasq: `*.` in front stands for the name and everything below it.\n");
            for (blocked, subtree) in names {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{}{blocked}", if *subtree { "*." } else { "" });
            }
            ListFile { name, path: format!("blocked/{name}.list"), answer, allow: self.allow.clone(), text }
        };
        lists.into_iter().filter(|(_, _, names)| !names.is_empty()).map(file).collect()
    }

    /// Some of the names, evenly.
    pub(super) fn some(&self, most: usize) -> Vec<Name> {
        let step = (self.nothing.len() + self.zero.len()).div_ceil(most).max(1);
        self.nothing.keys().chain(self.zero.keys()).step_by(step).cloned().collect()
    }
}

/// Takes the domains that `address` blocks out of the rules when they are a list. Those at or above a name that is known, or
/// inside of another domain of this network, stay.
pub(super) fn take_out(model: &mut Model) {
    let blocking: Vec<Name> =
        model.rules.iter().filter(|(_, rules)| blocks(rules).is_some()).map(|(name, _)| name.clone()).collect();
    if blocking.len() <= FEW || !can_block(model) {
        return;
    }
    let mut known: BTreeSet<Name> = BTreeSet::new();
    for owner in model.records.iter().map(|record| &record.owner) {
        let mut at = Some(owner.clone());
        while let Some(name) = at.filter(|name| known.insert(name.clone())) {
            at = name.parent();
        }
    }
    let mut out = Vec::new();
    for name in blocking {
        if !known.contains(&name) && !inside(model, &name) {
            out.push(name);
        }
    }
    for name in out {
        let Some(rules) = model.rules.remove(&name) else { continue };
        match blocks(&rules) {
            Some(true) => model.blocks.zero.insert(name, true),
            _ => model.blocks.nothing.insert(name, true),
        };
    }
    let blocked = |name: &Name| {
        let mut at = Some(name.clone());
        while let Some(domain) = at {
            if model.blocks.nothing.contains_key(&domain) || model.blocks.zero.contains_key(&domain) {
                return true;
            }
            at = domain.parent();
        }
        false
    };
    let forwarded = model.rules.iter().filter(|(_, rules)| rules.iter().any(Rule::forwards)).map(|(name, _)| name);
    model.blocks.allow = forwarded.filter(|name| blocked(name)).cloned().collect();
}

/// A list of blocked names holds for names that would be forwarded: where a zone has every name there are none.
fn can_block(model: &Model) -> bool {
    model.forwards() && !model.everything.has_addresses()
}

/// Whether the rules of a domain do nothing but block it: true for 0.0.0.0, false for NXDOMAIN.
fn blocks([subtree, below]: &[Rule; 2]) -> Option<bool> {
    let plain = below.origin().is_none() && !below.forwards() && !subtree.forwards();
    let null = subtree.v4.iter().all(|(address, _)| *address == Ipv4Addr::UNSPECIFIED)
        && subtree.v6.iter().all(|(address, _)| *address == Ipv6Addr::UNSPECIFIED);
    if !plain || !null {
        return None;
    }
    match (subtree.has_addresses(), subtree.nothing.is_some()) {
        (true, _) => Some(true),
        (false, true) if subtree.blocked => Some(false),
        _ => None,
    }
}

/// True when a domain above answers by itself and is not only blocked; what is forwarded is not inside of what is above it.
fn inside(model: &Model, name: &Name) -> bool {
    let mut at = name.parent();
    while let Some(domain) = at {
        if let Some(rules) = model.rules.get(&domain).filter(|rules| blocks(rules).is_none()) {
            if rules.iter().any(|rule| rule.origin().is_some()) {
                return true;
            }
            if rules.iter().any(Rule::forwards) {
                return false;
            }
        }
        at = domain.parent();
    }
    false
}

/// Which lines of hosts files stay: those that block names go into a list when they are many.
pub(super) fn without_blocked(lines: &[HostsLine], model: &mut Model) -> Vec<bool> {
    let blocks = |line: &HostsLine| {
        let plain = line.names.iter().any(|(_, plain)| *plain);
        line.address.is_unspecified() && !plain
    };
    let many = lines.iter().filter(|line| blocks(line)).count() > FEW && can_block(model);
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        let blocked = many && blocks(line);
        if blocked {
            for (name, _) in &line.names {
                model.blocks.zero.entry(name.clone()).or_insert(false);
            }
        }
        kept.push(!blocked);
    }
    kept
}
