//! What a probe saw at one address. Nothing secret is in it: the token that was asked for is made up, and not kept.

use super::super::reach::{AddressFacts, Location};
use super::{Hop, hop};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One address asked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Who was asked.
    pub target: SocketAddr,
    /// Our address of the connection.
    pub from: Option<IpAddr>,
    /// Until the connection was there; none when there was none.
    pub connected: Option<Duration>,
    /// What came of it.
    pub answer: Answer,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An answer to http-01.
    Http(HttpSeen),
    /// An answer to tls-alpn-01.
    Alpn(AlpnSeen),
    /// None.
    None(Silence, String),
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nobody listens, or a firewall rejects.
    Refused,
    /// No answer to the connection: a firewall drops, or no machine.
    Dropped,
    /// The network knows no way.
    Unreachable,
    /// Connected, and no whole answer in time.
    Slow,
    /// Connected, and what came back is not the protocol.
    Garbled,
}

/// The answer to a request for a token that nobody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSeen {
    /// The name and the path that were asked for.
    pub asked: (String, String),
    /// The status code.
    pub status: u16,
    /// `Server`
    pub server: Option<String>,
    /// The body, at most 8,192 octets.
    pub body: Vec<u8>,
    /// False when there was more.
    pub whole: bool,
    /// `Location`
    pub location: Option<String>,
}

/// The answer to a handshake that offers `acme-tls/1` only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlpnSeen {
    /// The alert that ended it.
    pub alert: Option<u8>,
    /// The protocol that was agreed on, where the handshake came to its end.
    pub protocol: Option<String>,
    /// Names of the certificate that was shown.
    pub names: Vec<String>,
    /// True when that certificate holds the answer to a challenge (RFC 8737 section 3).
    pub acme_identifier: bool,
    /// True when the other side speaks no TLS on this port.
    pub no_tls: bool,
}

/// A program by the way in which it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Program {
    /// Traefik's handler of http-01: 404 with an empty body.
    TraefikHandler,
    /// Traefik's router, or another program in Go, that knows no such path: `404 page not found`.
    GoRouter,
    /// nginx
    Nginx,
    /// Caddy
    Caddy,
    /// Apache
    Apache,
    /// None of these.
    Other,
}

impl Program {
    /// For a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Program::TraefikHandler => "Traefik's handler of challenges",
            Program::GoRouter => "a router in Go, as Traefik's, without a handler of challenges",
            Program::Nginx => "nginx",
            Program::Caddy => "Caddy",
            Program::Apache => "Apache",
            Program::Other => "another program",
        }
    }
}

impl HttpSeen {
    /// Which program answered, as far as its answer tells. Traefik sends no `Server`; its handler of challenges answers an
    /// unknown token 404 without a body, its router, as each in Go, with `404 page not found`.
    pub fn program(&self) -> Program {
        let server = self.server.as_deref().unwrap_or_default().to_ascii_lowercase();
        let word = server.split(['/', ' ']).next().unwrap_or_default();
        match word {
            "nginx" | "openresty" => Program::Nginx,
            "caddy" => Program::Caddy,
            "apache" => Program::Apache,
            "" if self.status == 404 && self.body.is_empty() => Program::TraefikHandler,
            "" if self.status == 404 && self.body.trim_ascii() == b"404 page not found" => Program::GoRouter,
            _ => Program::Other,
        }
    }

    /// What a redirect of it means.
    pub fn hop(&self) -> Option<Hop> {
        let location = self.location.as_deref().filter(|_| (300..400).contains(&self.status))?;
        Some(hop(&self.asked.0, &self.asked.1, location))
    }
}

impl Seen {
    /// The same for the state of a name.
    pub fn facts(&self, outcome: &str) -> AddressFacts {
        let mut facts = AddressFacts::new(self.target, outcome);
        facts.from = self.from;
        facts.connect_ms = self.connected.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
        match &self.answer {
            Answer::Http(http) => {
                facts.status = Some(http.status);
                facts.server = http.server.clone();
                facts.length = Some(http.body.len() as u64);
                facts.sha256 = Some(super::super::leaf::fingerprint(&http.body));
                facts.body = Some(begin(&http.body));
                if let (Some(to), Some(hop)) = (&http.location, http.hop()) {
                    // The token comes along in it, as made up as it is.
                    let token = http.asked.1.rsplit('/').next().unwrap_or_default();
                    let verdict = match hop {
                        Hop::Fine { host, https } => format!("to {host}{}", if https { " over TLS" } else { "" }),
                        Hop::Loop => "a loop".to_owned(),
                        Hop::Bad { why } => why,
                    };
                    facts.locations.push(Location { to: to.replace(token, "TOKEN"), verdict });
                }
            }
            Answer::Alpn(alpn) => {
                facts.alert = alpn.alert;
                facts.alpn = alpn.protocol.clone();
                facts.names = alpn.names.clone();
                facts.acme_identifier = alpn.acme_identifier;
            }
            Answer::None(..) => {}
        }
        facts
    }
}

/// The first 120 octets, what is no text as `.`.
fn begin(body: &[u8]) -> String {
    let first = &body[..body.len().min(120)];
    String::from_utf8_lossy(first)
        .chars()
        .map(|each| if each.is_control() || each == '\u{fffd}' { '.' } else { each })
        .collect()
}
