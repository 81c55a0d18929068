//! `[[horizon]]`, each alone and all together.

use super::Horizon;
use super::Prefix;
use super::PrefixError;
use super::Rate;
use super::Upstream;
use super::closest;
use super::forward::upstreams as read_upstreams;
use super::notes::Notes;
use super::reach::is_covered;
use super::section::Section;
use super::section::Text;
use std::collections::HashMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

pub(super) const KEYS: [&str; 9] = [
    "name",
    "clients",
    "forward",
    "upstreams",
    "inherits",
    "private_addresses",
    "rate_limit",
    "rate_slip",
    "rate_exempt",
];
const EXAMPLE: &str = "clients = [\"10.0.0.0/24\", \"127.0.0.0/8\"]";
/// Octets of a file name (POSIX NAME_MAX).
const LONGEST_NAME: usize = 255;

/// A horizon as written, with the places that checks between horizons need.
#[derive(Debug)]
struct Written<'a> {
    at: usize,
    name: Option<Text<'a>>,
    clients: Vec<(Prefix, Text<'a>)>,
    /// Every client was readable, so that what is missing is known.
    whole: bool,
    inherits: Option<Text<'a>>,
    forward: bool,
    upstreams: Vec<Upstream>,
    private_addresses: Vec<(Prefix, Text<'a>)>,
    rate: WrittenRate,
}

/// The three `rate_` keys as written.
#[derive(Debug, Default)]
struct WrittenRate {
    limit: Option<usize>,
    slip: Option<usize>,
    exempt: Vec<Prefix>,
}

impl WrittenRate {
    /// Public horizons are limited unless `rate_limit = 0`, private ones only when `rate_limit` is written.
    fn resolve(&self, public: bool) -> Option<Rate> {
        let per_second = match self.limit {
            Some(0) => return None,
            Some(limit) => limit as u32,
            None if public => Rate::PUBLIC.per_second,
            None => return None,
        };
        let slip = self.slip.map_or(Rate::PUBLIC.slip, |slip| slip as u32);
        Some(Rate { per_second, slip, exempt: self.exempt.clone() })
    }
}

/// Nobody means more replies a second than this.
const MOST_REPLIES: usize = 1_000_000;
const MOST_SLIP: usize = 10;

/// More than any network has; the checks between horizons cost their square.
const MOST_HORIZONS: usize = 1000;

/// Reads all horizons; those with a broken name are left out of the result.
pub(super) fn read(notes: &mut Notes<'_>, sections: &[Section<'_>]) -> Vec<Horizon> {
    if let Some(beyond) = sections.get(MOST_HORIZONS) {
        notes.wrong(beyond.at, format!("more than {MOST_HORIZONS} horizons"), "put clients that see the same into one");
        return Vec::new();
    }
    let written: Vec<_> = sections.iter().map(|section| one(notes, *section)).collect();
    names_are_unique(notes, &written);
    prefixes_are_unique(notes, &written);
    horizons_are_reachable(notes, &written);
    inheritance_ends(notes, &written);
    written
        .iter()
        .filter_map(|horizon| {
            let public = horizon.clients.iter().any(|(prefix, _)| !prefix.is_private());
            Some(Horizon {
                name: horizon.name?.text.to_owned(),
                clients: horizon.clients.iter().map(|(prefix, _)| *prefix).collect(),
                forward: horizon.forward,
                upstreams: horizon.upstreams.clone(),
                inherits: horizon.inherits.map(|text| text.text.to_owned()),
                private_addresses: horizon.private_addresses.iter().map(|(prefix, _)| *prefix).collect(),
                rate: horizon.rate.resolve(public),
            })
        })
        .collect()
}

fn one<'a>(notes: &mut Notes<'_>, section: Section<'a>) -> Written<'a> {
    let name = section.needed_text(notes, "name", "name = \"internal\"");
    if let Some(name) = name {
        check_name(notes, name);
    }
    let texts = section.needed_texts(notes, "clients", EXAMPLE);
    let (clients, whole) = match &texts {
        Some(texts) => prefixes(notes, texts),
        None => (Vec::new(), false),
    };
    let private = section.texts(notes, "private_addresses").unwrap_or_default();
    let forward = section.boolean(notes, "forward").unwrap_or(false);
    let upstreams = section.some_texts(notes, "upstreams", "upstreams = [\"10.9.0.1\"]").unwrap_or_default();
    if !forward && !upstreams.is_empty() {
        let what = "`upstreams` in a horizon whose clients may not use the forwarder";
        notes.wrong(section.key_at("upstreams"), what, "add `forward = true`, or remove `upstreams`");
    }
    Written {
        at: section.at,
        name,
        clients,
        whole,
        inherits: section.text(notes, "inherits"),
        forward,
        upstreams: read_upstreams(notes, &upstreams),
        private_addresses: prefixes(notes, &private).0,
        rate: rate(notes, section),
    }
}

fn rate(notes: &mut Notes<'_>, section: Section<'_>) -> WrittenRate {
    let exempt = section.texts(notes, "rate_exempt").unwrap_or_default();
    WrittenRate {
        limit: section.number(notes, "rate_limit", 0, MOST_REPLIES),
        slip: section.number(notes, "rate_slip", 0, MOST_SLIP),
        exempt: prefixes(notes, &exempt).0.into_iter().map(|(prefix, _)| prefix).collect(),
    }
}

fn check_name(notes: &mut Notes<'_>, name: Text<'_>) {
    let remedy = "it is also a folder name: use letters, digits, `-` and `_`, such as `internal`";
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    if !name.text.bytes().all(plain) || name.text.starts_with('-') || name.text.len() > LONGEST_NAME {
        notes.wrong(name.at, format!("`{}` cannot name a horizon", name.text), remedy);
    } else if name.text == "name" {
        notes.wrong(name.at, "`name` cannot name a horizon", "`[routes.name]` means something else: use another word");
    }
}

/// The prefixes of a list, `any` written out; false when one could not be read.
fn prefixes<'a>(notes: &mut Notes<'_>, texts: &[Text<'a>]) -> (Vec<(Prefix, Text<'a>)>, bool) {
    let mut read = Vec::new();
    let mut whole = true;
    for text in texts {
        if text.text == "any" {
            read.push((Prefix::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0), *text));
            read.push((Prefix::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0), *text));
            continue;
        }
        match text.text.parse::<Prefix>() {
            Ok(prefix) => match mapped(prefix) {
                None => read.push((prefix, *text)),
                Some(plain) => {
                    whole = false;
                    let what = format!("`{prefix}` is an IPv4 prefix in IPv6 dress, which matches no client");
                    notes.wrong(text.at, what, format!("write `{plain}`"));
                }
            },
            Err(error) => {
                whole = false;
                let (what, remedy) = explain(&error);
                notes.wrong(text.at, what, remedy);
            }
        }
    }
    (read, whole)
}

pub(super) fn explain(error: &PrefixError) -> (String, String) {
    match error {
        PrefixError::HostBits { written, masked } => (
            format!("`{written}` has bits set beyond its length"),
            format!("write `{masked}`, or the address alone for one client"),
        ),
        PrefixError::Length(length) => (
            format!("`/{length}` is not a prefix length"),
            "an IPv4 prefix has 0 to 32, an IPv6 prefix 0 to 128".to_owned(),
        ),
        PrefixError::Address(_) => {
            (error.to_string(), "write a prefix such as `10.0.0.0/24`, an address, or `any`".to_owned())
        }
    }
}

/// The IPv4 prefix that a v4-mapped IPv6 prefix (RFC 4291 section 2.5.5.2) stands for.
fn mapped(prefix: Prefix) -> Option<Prefix> {
    let IpAddr::V6(v6) = prefix.address() else { return None };
    let length = prefix.length().checked_sub(96)?;
    Some(Prefix::new(IpAddr::V4(v6.to_ipv4_mapped()?), length))
}

fn names_are_unique(notes: &mut Notes<'_>, written: &[Written<'_>]) {
    for (index, name) in written.iter().enumerate().filter_map(|(index, horizon)| Some((index, horizon.name?))) {
        let first = written[..index].iter().filter_map(|other| other.name).find(|other| other.text == name.text);
        if let Some(first) = first {
            let line = notes.line(first.at);
            let what = format!("a second horizon `{}`, the first is on line {line}", name.text);
            notes.wrong(name.at, what, "rename one, or put all clients into one");
        }
    }
}

fn prefixes_are_unique(notes: &mut Notes<'_>, written: &[Written<'_>]) {
    let mut seen: HashMap<Prefix, (Text<'_>, usize)> = HashMap::new();
    for (index, horizon) in written.iter().enumerate() {
        for (prefix, text) in &horizon.clients {
            match seen.get(prefix) {
                // `any` twice is two prefixes twice: said once.
                Some((first, _)) if text.text == "any" && first.text == "any" && prefix.address().is_ipv6() => {}
                Some((first, owner)) => {
                    let line = notes.line(first.at);
                    let whose = match written[*owner].name {
                        Some(name) if *owner != index => format!(" for horizon `{}`", name.text),
                        _ => String::new(),
                    };
                    notes.wrong(
                        text.at,
                        format!("the prefix {prefix} is listed twice, first on line {line}{whose}"),
                        "keep it in one place; a more specific prefix may stand in another horizon",
                    );
                }
                None => {
                    seen.insert(*prefix, (*text, index));
                }
            }
        }
    }
}

fn horizons_are_reachable(notes: &mut Notes<'_>, written: &[Written<'_>]) {
    for (index, horizon) in written.iter().enumerate() {
        // A duplicate prefix is an error of its own already.
        let others = |prefix: &Prefix| -> Vec<Prefix> {
            written
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index)
                .flat_map(|(_, other)| other.clients.iter().map(|(prefix, _)| *prefix))
                .filter(|other| other.length() > prefix.length() && prefix.covers(other))
                .collect()
        };
        let unreachable = horizon.whole
            && !horizon.clients.is_empty()
            && horizon.clients.iter().all(|(prefix, _)| is_covered(*prefix, &others(prefix)));
        if unreachable {
            let name = horizon.name.map_or("this", |name| name.text);
            notes.wrong(
                horizon.name.map_or(horizon.at, |name| name.at),
                format!("no client can ever be in horizon `{name}`: more specific prefixes of others cover all of its clients"),
                "give it clients of its own, or remove it",
            );
        }
    }
}

fn inheritance_ends(notes: &mut Notes<'_>, written: &[Written<'_>]) {
    let named: HashMap<_, _> = written.iter().filter_map(|horizon| Some((horizon.name?.text, horizon))).collect();
    let find = |name: &str| named.get(name);
    for horizon in written {
        let (Some(name), Some(inherits)) = (horizon.name, horizon.inherits) else { continue };
        if find(inherits.text).is_none() {
            let names = written.iter().filter_map(|horizon| horizon.name).map(|name| name.text);
            notes.wrong(
                inherits.at,
                format!("no horizon `{}` to inherit from", inherits.text),
                offer(inherits.text, names),
            );
            continue;
        }
        let mut chain = vec![name.text];
        let mut next = Some(inherits.text);
        while let Some(step) = next {
            chain.push(step);
            if step == name.text || chain.len() > written.len() + 1 {
                break;
            }
            next = find(step).and_then(|horizon| horizon.inherits).map(|text| text.text);
        }
        if chain.last() == Some(&name.text) {
            let what = format!("horizon `{}` inherits from itself: {}", name.text, chain.join(" -> "));
            notes.wrong(inherits.at, what, "remove one `inherits` of the circle");
        }
    }
}

/// "Did you mean" over horizon names, or the list of them.
pub(super) fn offer<'a>(word: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match closest(word, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => match names.collect::<Vec<_>>().as_slice() {
            [] => "add a [[horizon]] of that name".to_owned(),
            names => format!("the horizons are: {}", names.join(", ")),
        },
    }
}
