//! `[forward]`, `[forward.cache]`, `[forward.guard]` and `[[forward.domain]]`

use super::Cache;
use super::Dnssec;
use super::Forward;
use super::ForwardDomain;
use super::Guard;
use super::Policy;
use super::Prefix;
use super::Upstream;
use super::notes::Notes;
use super::section::Section;
use super::section::Text;
use super::section::as_word;
use super::server::path;
use super::upstream;
use crate::dns::Name;
use crate::dns::parse_name;
use std::net::SocketAddr;
use std::path::Path;

pub(super) const KEYS: [&str; 12] = [
    "upstreams",
    "policy",
    "domain",
    "timeout",
    "per_upstream",
    "per_client",
    "bootstrap",
    "roots",
    "cache",
    "guard",
    "dnssec",
    "dnssec_except",
];
const DOMAIN_KEYS: [&str; 2] = ["name", "upstreams"];
const CACHE_KEYS: [&str; 6] = ["size", "min_ttl", "max_ttl", "max_negative_ttl", "stale", "prefetch"];
const GUARD_KEYS: [&str; 6] =
    ["plain_names", "rebind_protection", "rebind_except", "rebind_loopback", "bogus_nxdomain", "filter_aaaa"];
const POLICIES: [(&str, Policy); 3] =
    [("ordered", Policy::Ordered), ("parallel", Policy::Parallel), ("fastest", Policy::Fastest)];
const DNSSEC: [(&str, Dnssec); 3] = [("off", Dnssec::Off), ("log", Dnssec::Log), ("validate", Dnssec::Validate)];

/// The word for the upstreams of `[forward]` in `[[forward.domain]]`.
const DEFAULT: &str = "default";

/// Milliseconds.
const LONGEST_TIMEOUT: usize = 10_000;
const MOST_UNDER_WAY: usize = 100_000;
/// Octets; more than any machine that this runs on spends for it.
const LARGEST_CACHE: usize = 64 << 30;
/// dnsmasq caps it so, too: a longer one breaks names whose address changes.
const GREATEST_MIN_TTL: usize = 3600;
const GREATEST_TTL: usize = 7 * 86_400;
const LONGEST_STALE: usize = 30 * 86_400;

/// Reads `[forward]`; without it nothing is forwarded.
pub(super) fn read(notes: &mut Notes<'_>, section: Option<Section<'_>>, folder: &Path) -> Forward {
    let Some(section) = section else { return Forward::default() };
    let written = section.texts(notes, "upstreams").unwrap_or_default();
    let policy = section.text(notes, "policy").and_then(|text| as_word(notes, "policy", text, &POLICIES));
    let dnssec = section.text(notes, "dnssec").and_then(|text| as_word(notes, "dnssec", text, &DNSSEC));
    let domains = section.sections(notes, "domain", "[[forward.domain]]", &DOMAIN_KEYS);
    let bootstrap = section.texts(notes, "bootstrap").unwrap_or_default();
    let number = |notes: &mut Notes<'_>, key, least, most| section.number(notes, key, least, most);
    Forward {
        upstreams: upstreams(notes, &written),
        policy: policy.unwrap_or_default(),
        domains: read_domains(notes, &domains),
        timeout: number(notes, "timeout", 50, LONGEST_TIMEOUT).map_or(Forward::TIMEOUT, |number| number as u32),
        per_upstream: number(notes, "per_upstream", 1, MOST_UNDER_WAY).unwrap_or(Forward::PER_UPSTREAM),
        per_client: number(notes, "per_client", 1, MOST_UNDER_WAY).unwrap_or(Forward::PER_CLIENT),
        bootstrap: bootstrap.into_iter().filter_map(|text| as_server(notes, text)).collect(),
        roots: section.text(notes, "roots").map(|text| path(folder, text.text)),
        cache: cache(notes, section),
        guard: guard(notes, section),
        dnssec: dnssec.unwrap_or_default(),
        dnssec_except: names(notes, section, "dnssec_except"),
    }
}

fn read_domains(notes: &mut Notes<'_>, sections: &[Section<'_>]) -> Vec<ForwardDomain> {
    let mut domains: Vec<(ForwardDomain, usize)> = Vec::new();
    for section in sections {
        let name = section.needed_text(notes, "name", "name = \"corp.example\"");
        let written = section.needed_texts(notes, "upstreams", "upstreams = [\"10.9.0.1\"]").unwrap_or_default();
        let upstreams = match written.as_slice() {
            [only] if only.text == DEFAULT => Vec::new(),
            written => upstreams(notes, written),
        };
        let Some((text, name)) = name.and_then(|text| Some((text, as_name(notes, text)?))) else { continue };
        match domains.iter().find(|(domain, _)| domain.name == name) {
            Some((_, first)) => {
                let line = notes.line(*first);
                notes.wrong(text.at, format!("a second domain `{name}`, the first is on line {line}"), "keep one");
            }
            None => domains.push((ForwardDomain { name, upstreams }, text.at)),
        }
    }
    domains.into_iter().map(|(domain, _)| domain).collect()
}

fn cache(notes: &mut Notes<'_>, section: Section<'_>) -> Cache {
    let default = Cache::default();
    let Some(section) = section.section(notes, "cache", "[forward.cache]", &CACHE_KEYS) else { return default };
    let mut seconds = |key, most, default| section.number(notes, key, 0, most).map_or(default, |number| number as u32);
    let (min_ttl, max_ttl) =
        (seconds("min_ttl", GREATEST_MIN_TTL, default.min_ttl), seconds("max_ttl", GREATEST_TTL, default.max_ttl));
    let (max_negative_ttl, stale) = (
        seconds("max_negative_ttl", GREATEST_TTL, default.max_negative_ttl),
        seconds("stale", LONGEST_STALE, default.stale),
    );
    if min_ttl > max_ttl {
        let what = format!("`min_ttl` is {min_ttl} and `max_ttl` is {max_ttl}");
        notes.wrong(section.key_at("min_ttl"), what, "write a `min_ttl` that is not greater");
    }
    Cache {
        size: section.number(notes, "size", 0, LARGEST_CACHE).unwrap_or(default.size),
        min_ttl,
        max_ttl,
        max_negative_ttl,
        stale,
        prefetch: section.boolean(notes, "prefetch").unwrap_or(default.prefetch),
    }
}

fn guard(notes: &mut Notes<'_>, section: Section<'_>) -> Guard {
    let default = Guard::default();
    let Some(section) = section.section(notes, "guard", "[forward.guard]", &GUARD_KEYS) else { return default };
    let bogus = section.texts(notes, "bogus_nxdomain").unwrap_or_default();
    Guard {
        plain_names: section.boolean(notes, "plain_names").unwrap_or(default.plain_names),
        rebind_protection: section.boolean(notes, "rebind_protection").unwrap_or(default.rebind_protection),
        rebind_except: names(notes, section, "rebind_except"),
        rebind_loopback: section.boolean(notes, "rebind_loopback").unwrap_or(default.rebind_loopback),
        bogus_nxdomain: bogus.into_iter().filter_map(|text| as_prefix(notes, text)).collect(),
        filter_aaaa: names(notes, section, "filter_aaaa"),
    }
}

/// Reads a list of upstreams and notes those that are none, and those that stand in it twice.
pub(super) fn upstreams(notes: &mut Notes<'_>, texts: &[Text<'_>]) -> Vec<Upstream> {
    let mut read: Vec<(Upstream, usize)> = Vec::new();
    for text in texts {
        match upstream::read(text.text) {
            Err((what, remedy)) => notes.wrong(text.at, what, remedy),
            Ok(upstream) => match read.iter().find(|(known, _)| known.way == upstream.way) {
                Some((_, first)) => {
                    let line = notes.line(*first);
                    notes.wrong(text.at, format!("`{upstream}` is listed twice, first on line {line}"), "keep one");
                }
                None => read.push((upstream, text.at)),
            },
        }
    }
    read.into_iter().map(|(upstream, _)| upstream).collect()
}

fn as_server(notes: &mut Notes<'_>, text: Text<'_>) -> Option<SocketAddr> {
    let server = upstream::server(text.text);
    if server.is_none() {
        notes.wrong(
            text.at,
            format!("`{}` is not an address", text.text),
            "write one such as `9.9.9.9` or `9.9.9.9:53`",
        );
    }
    server
}

fn as_prefix(notes: &mut Notes<'_>, text: Text<'_>) -> Option<Prefix> {
    match text.text.parse() {
        Ok(prefix) => Some(prefix),
        Err(error) => {
            notes.wrong(text.at, format!("{error}"), "write an address such as `198.51.100.7`, or a prefix");
            None
        }
    }
}

/// Reads a list of names and notes those that are none.
pub(super) fn names(notes: &mut Notes<'_>, section: Section<'_>, key: &str) -> Vec<Name> {
    let written = section.texts(notes, key).unwrap_or_default();
    written.into_iter().filter_map(|text| as_name(notes, text)).collect()
}

/// Reads a domain name and notes why it is none.
pub(super) fn as_name(notes: &mut Notes<'_>, text: Text<'_>) -> Option<Name> {
    match parse_name(text.text) {
        Ok(name) => Some(name),
        Err(error) => {
            notes.wrong(text.at, error.to_string(), "write a name such as `ca.internal.example`");
            None
        }
    }
}
