//! What was seen, kept beside the verdict. Lists are bounded; no token and no key authorization is ever in here.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// Addresses of one name that are remembered.
const MOST_ADDRESSES: usize = 16;
/// Queries and tripwire hits that are remembered.
const MOST_SIGHTINGS: usize = 16;
/// Characters of a text that a stranger wrote.
const LONGEST_TEXT: usize = 300;

/// What was seen of one key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// What this server tells the CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// The last probe, by address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<AddressFacts>,
    /// What is known of the CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<CaFacts>,
    /// Queries of the CA for the name, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<SeenQuery>,
    /// Requests of the CA that came to a machine that they were not meant for, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<TripwireHit>,
    /// The last certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Issued>,
    /// The last word of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked: Option<Acked>,
}

impl Facts {
    /// Replaces what the last probe saw; so many addresses at most.
    pub fn probed(&mut self, addresses: &[AddressFacts]) {
        self.addresses = addresses.iter().take(MOST_ADDRESSES).map(AddressFacts::clipped).collect();
    }

    /// Adds a query of the CA; the oldest goes.
    pub fn saw_query(&mut self, query: SeenQuery) {
        push(&mut self.queries, query);
    }

    /// Adds a hit of the tripwire; the oldest goes.
    pub fn saw_hit(&mut self, hit: TripwireHit) {
        push(&mut self.hits, TripwireHit { host: clip(&hit.host), ..hit });
    }
}

fn push<T>(list: &mut Vec<T>, new: T) {
    if list.len() >= MOST_SIGHTINGS {
        list.remove(0);
    }
    list.push(new);
}

/// What a question of the CA would be answered now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// The address that was taken for the CA's.
    pub asker: Option<IpAddr>,
    /// The horizon of that address.
    pub horizon: String,
    /// The zone that answers; none when no zone of that horizon holds the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The aliases followed, each a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    /// A and AAAA with their TTLs in seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<(IpAddr, u32)>,
    /// How the zone answered: `exact`, `wildcard`, `no-name` ..
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
}

/// What a probe saw at one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressFacts {
    /// The address and port that were connected to.
    pub target: SocketAddr,
    /// The own address of the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpAddr>,
    /// Milliseconds until the connection stood; none when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u32>,
    /// What came of it, half a sentence: `traefik's challenge handler`, `refused`, `timeout after connect`.
    pub outcome: String,
    /// HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// HTTP `Server`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Octets of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// SHA-256 of the body in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The first 120 octets of the body, what is no text as `.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Each redirect and what is to be thought of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// The protocol that TLS agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// The TLS alert that ended the handshake (RFC 8446 section 6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<u8>,
    /// Names of the certificate that was shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Whether that certificate holds acmeIdentifier (RFC 8737 section 3).
    #[serde(default)]
    pub acme_identifier: bool,
}

impl AddressFacts {
    /// An address of which nothing but the outcome is known.
    pub fn new(target: SocketAddr, outcome: impl Into<String>) -> Self {
        AddressFacts {
            target,
            from: None,
            connect_ms: None,
            outcome: outcome.into(),
            status: None,
            server: None,
            length: None,
            sha256: None,
            body: None,
            locations: Vec::new(),
            alpn: None,
            alert: None,
            names: Vec::new(),
            acme_identifier: false,
        }
    }

    fn clipped(&self) -> AddressFacts {
        let mut facts = self.clone();
        facts.outcome = clip(&facts.outcome);
        facts.server = facts.server.as_deref().map(clip);
        facts.body = facts.body.as_deref().map(clip);
        facts.locations.truncate(MOST_SIGHTINGS);
        for location in &mut facts.locations {
            location.to = clip(&location.to);
        }
        facts.names.truncate(MOST_SIGHTINGS);
        facts
    }
}

/// One redirect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// As sent.
    pub to: String,
    /// What is to be thought of it.
    pub verdict: String,
}

/// What is known of a CA.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CaFacts {
    /// Whether it says of itself that it is well; none when not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<bool>,
    /// SHA-256 of its root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Whether accounts need an external binding (RFC 8555 section 7.3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_account: Option<bool>,
    /// The challenges that it offers; empty when not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    /// Seconds that its certificates live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_lifetime: Option<u64>,
    /// What it said last of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<CaError>,
}

/// An error as a CA tells it (RFC 8555 section 6.7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaError {
    /// Seconds since 1970.
    pub at: u64,
    /// `urn:ietf:params:acme:error:connection`
    pub urn: String,
    /// In the CA's words.
    pub detail: String,
}

impl CaError {
    /// An error with its texts cut to what is kept.
    pub fn new(at: u64, urn: &str, detail: &str) -> Self {
        CaError { at, urn: clip(urn), detail: clip(detail) }
    }
}

/// A query that came from the CA's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenQuery {
    /// Seconds since 1970.
    pub at: u64,
    /// The address.
    pub from: IpAddr,
    /// The name asked for.
    pub name: String,
    /// The type asked for.
    pub rtype: String,
    /// `udp` or `tcp`
    pub transport: String,
}

/// A challenge request that came to a machine that this server does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TripwireHit {
    /// Seconds since 1970.
    pub at: u64,
    /// The CA's address.
    pub from: IpAddr,
    /// `Host` of the request.
    pub host: String,
    /// The machine that it came to; none when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_to: Option<IpAddr>,
    /// SHA-256 of the token in hexadecimal digits; empty when not kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token_hash: String,
}

/// A certificate that was issued by way of this challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Seconds since 1970.
    pub at: u64,
    /// Seconds that it lives.
    pub lifetime: u64,
}

/// A person's word that a contradiction is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acked {
    /// Seconds since 1970.
    pub at: u64,
    /// Who, as the system names the user.
    pub by: String,
}

fn clip(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).map(|c| if c.is_control() { '.' } else { c }).collect()
}
