//! What a configuration means: names, records, rules for domains and settings, each with its line.

use super::blocklist::Blocks;
use super::line::Origin;
use super::settings::Settings;
use crate::config::Prefix;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::finding::Finding;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// A whole configuration.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) settings: Settings,
    /// Addresses to listen on.
    pub(super) listen: Vec<(IpAddr, Origin)>,
    pub(super) port: Option<(u16, Origin)>,
    /// Seconds.
    pub(super) local_ttl: Option<(u32, Origin)>,
    pub(super) records: Vec<Raw>,
    /// Names that have a CNAME record.
    pub(super) aliases: BTreeSet<Name>,
    /// Names of `synth-domain`: any other name of the address comes before them.
    pub(super) synthetic: Vec<(Name, IpAddr, Origin)>,
    /// The first name of each address leads back from it.
    pub(super) pointers: BTreeMap<IpAddr, Pointer>,
    /// By domain: what holds for it and below it, and what holds below it only.
    pub(super) rules: BTreeMap<Name, [Rule; 2]>,
    /// What holds where no domain does: `/#/`, and the upstreams without a domain.
    pub(super) everything: Rule,
    /// `domain`: for addresses in these ranges, or for all.
    pub(super) domains: Vec<Completion>,
    pub(super) mx_target: Option<Name>,
    /// Domains and names of a list of blocked ones, too many for zones of their own.
    pub(super) blocks: Blocks,
    /// MX records whose target is not said: name, preference.
    pub(super) mx_open: Vec<(Name, u16, Origin)>,
    pub(super) expand_hosts: bool,
    /// Lines that a zone takes the effect from, and why.
    pub(super) held: Vec<(Origin, String)>,
    pub(super) findings: Vec<Finding>,
}

/// A record without its place in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) owner: Name,
    pub(super) rtype: Rtype,
    /// Seconds; none for that of the zone.
    pub(super) ttl: Option<u32>,
    /// Wire format, names uncompressed.
    pub(super) data: Vec<u8>,
    /// None for this server's own.
    pub(super) origin: Option<Origin>,
}

/// A domain that completes plain names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Completion {
    /// The first and the last address that it is for; none for all.
    pub(super) range: Option<(IpAddr, IpAddr)>,
    pub(super) domain: Name,
}

/// What an address leads back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    pub(super) target: Name,
    /// Seconds; none for that of the zone.
    pub(super) ttl: Option<u32>,
    pub(super) origin: Origin,
}

/// What `address`, `server` and `local` lines say of one domain.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) v4: Vec<(Ipv4Addr, Origin)>,
    pub(super) v6: Vec<(Ipv6Addr, Origin)>,
    /// `/d/#`: 0.0.0.0 and `::`.
    pub(super) zero: Option<Origin>,
    /// `/d/`: never forwarded.
    pub(super) nothing: Option<Origin>,
    /// It was `address` that said so: the domain is blocked rather than of this network.
    pub(super) blocked: bool,
    pub(super) upstreams: Vec<(String, Origin)>,
    /// `server=/d/#`: the upstreams without a domain.
    pub(super) default: Option<Origin>,
}

/// What holds for a name and a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    Addresses(Vec<(IpAddr, Origin)>),
    /// Never forwarded.
    Nothing(Origin),
    /// Forwarded.
    Forward,
}

impl Rule {
    /// What the rule says of a type, in dnsmasq's order; none when a shorter domain decides.
    fn says(&self, rtype: Rtype) -> Option<Says> {
        let v4 = || self.v4.iter().map(|(address, origin)| (IpAddr::V4(*address), origin.clone())).collect::<Vec<_>>();
        let v6 = || self.v6.iter().map(|(address, origin)| (IpAddr::V6(*address), origin.clone())).collect::<Vec<_>>();
        match rtype {
            Rtype::A if !self.v4.is_empty() => return Some(Says::Addresses(v4())),
            Rtype::AAAA if !self.v6.is_empty() => return Some(Says::Addresses(v6())),
            _ => {}
        }
        match (&self.zero, rtype) {
            (Some(origin), Rtype::A) => {
                return Some(Says::Addresses(vec![(Ipv4Addr::UNSPECIFIED.into(), origin.clone())]));
            }
            (Some(origin), Rtype::AAAA) => {
                return Some(Says::Addresses(vec![(Ipv6Addr::UNSPECIFIED.into(), origin.clone())]));
            }
            _ => {}
        }
        if self.default.is_some() || !self.upstreams.is_empty() {
            return Some(Says::Forward);
        }
        self.nothing.clone().map(Says::Nothing)
    }

    /// True when it gives addresses.
    pub(super) fn has_addresses(&self) -> bool {
        !self.v4.is_empty() || !self.v6.is_empty() || self.zero.is_some()
    }

    /// True when names in it are forwarded.
    pub(super) fn forwards(&self) -> bool {
        self.default.is_some() || !self.upstreams.is_empty()
    }

    /// The first line of it that makes it answer by itself.
    pub(super) fn origin(&self) -> Option<&Origin> {
        let addresses = self.v4.iter().map(|(_, origin)| origin).chain(self.v6.iter().map(|(_, origin)| origin));
        addresses.chain(&self.zero).chain(&self.nothing).min()
    }
}

impl Model {
    /// What the rules say of a name and a type: the longest domain that says anything; none when nothing does.
    pub(super) fn says(&self, name: &Name, rtype: Rtype) -> Option<Says> {
        let mut at = Some(name.clone());
        while let Some(domain) = at {
            if let Some([subtree, below]) = self.rules.get(&domain) {
                let below = if domain == *name { None } else { below.says(rtype) };
                if let Some(says) = subtree.says(rtype).or(below) {
                    return Some(says);
                }
            }
            at = domain.parent();
        }
        self.everything.says(rtype)
    }

    /// Adds a record.
    pub(super) fn push(&mut self, owner: Name, rtype: Rtype, ttl: Option<u32>, data: Vec<u8>, origin: &Origin) {
        self.records.push(Raw { owner, rtype, ttl, data, origin: Some(origin.clone()) });
    }

    /// Adds an address of a name; the first name of an address leads back from it.
    pub(super) fn host(&mut self, owner: &Name, address: IpAddr, ttl: Option<u32>, origin: &Origin) {
        let rtype = if address.is_ipv4() { Rtype::A } else { Rtype::AAAA };
        self.push(owner.clone(), rtype, ttl, super::naming::address_octets(address), origin);
        let pointer = || Pointer { target: owner.clone(), ttl, origin: origin.clone() };
        self.pointers.entry(address).or_insert_with(pointer);
    }

    /// The domain that completes plain names at an address.
    pub(super) fn domain_of(&self, address: IpAddr) -> Option<&Name> {
        let inside = |known: &&Completion| {
            let within = |(first, last): (IpAddr, IpAddr)| {
                first.is_ipv4() == address.is_ipv4() && first <= address && address <= last
            };
            known.range.is_some_and(within)
        };
        let conditional = self.domains.iter().rev().find(inside).map(|known| &known.domain);
        conditional.or_else(|| self.domain())
    }

    /// The domain that completes plain names at any address.
    pub(super) fn domain(&self) -> Option<&Name> {
        self.domains.iter().rev().find(|known| known.range.is_none()).map(|known| &known.domain)
    }

    /// True when anything is forwarded.
    pub(super) fn forwards(&self) -> bool {
        self.everything.forwards() || self.rules.values().flatten().any(|rule| !rule.upstreams.is_empty())
    }
}

/// The first and the last address of a prefix.
pub(super) fn range_of(prefix: &Prefix) -> (IpAddr, IpAddr) {
    let first = prefix.address();
    let last = match first {
        IpAddr::V4(v4) => {
            let host = u32::MAX.checked_shr(u32::from(prefix.length())).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) | host))
        }
        IpAddr::V6(v6) => {
            let host = u128::MAX.checked_shr(u32::from(prefix.length())).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) | host))
        }
    };
    (first, last)
}
