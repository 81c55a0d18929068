//! What the program runs with: every default filled, every path absolute or relative to the working folder.

use super::Block;
use super::Forward;
use super::Prefix;
use super::Upstream;
use crate::dns::Name;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::path::PathBuf;

/// One resolved `horizon.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file it was read from.
    pub file: PathBuf,
    /// `[server]`
    pub server: Server,
    /// `[zones] directory`: holds `<horizon>/<origin>.zone`; the root zone is `root.zone`.
    pub zones: PathBuf,
    /// `[[horizon]]`, in the order written.
    pub horizons: Vec<Horizon>,
    /// `[forward]`
    pub forward: Forward,
    /// `[[block]]`, in the order written.
    pub blocks: Vec<Block>,
    /// `[inventory] phoenix`: holds `etc/*.json` and `stacks/*/phoenix.json`; none when the section is absent.
    pub inventory: Option<PathBuf>,
    /// `[routes]`
    pub routes: Routes,
    /// `[acme]`
    pub acme: Acme,
    /// `[tls]`
    pub tls: Tls,
    /// `[web]`
    pub web: Web,
    /// `[log] queries`
    pub query_log: QueryLog,
}

/// `[web]`: metrics, health, the status page and the JSON behind it, for reading only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Web {
    /// Where they are served over HTTP; empty for nowhere.
    pub listen: Vec<SocketAddr>,
    /// By horizon: the name whose answer tells that the horizon resolves. Without an entry each zone's SOA does.
    pub canaries: BTreeMap<String, Name>,
}

/// Which queries go into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueryLog {
    /// None.
    #[default]
    Off,
    /// Those that are looked at: all while little goes on, under load one to two thousand a second.
    Sampled,
    /// All, as far as they can be written: what comes faster is left out and counted.
    Full,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// UDP and TCP, each address once.
    pub listen: Vec<SocketAddr>,
    /// UDP threads for each address; never 0 here (0 in the file means one per core).
    pub workers: usize,
    /// The control socket.
    pub control: PathBuf,
}

/// `[[horizon]]`: a named view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// Its name: letters, digits, `-` and `_`; also the folder of its zones.
    pub name: String,
    /// The clients it covers; `any` is written out as `0.0.0.0/0` and `::/0`.
    pub clients: Vec<Prefix>,
    /// Whether its clients may use the forwarder.
    pub forward: bool,
    /// Who its clients' questions are forwarded to in place of the upstreams of `[forward]`; empty for those.
    pub upstreams: Vec<Upstream>,
    /// The horizon from which names are taken that this one does not own.
    pub inherits: Option<String>,
    /// Private addresses that may be published here although [`Horizon::is_public`].
    pub private_addresses: Vec<Prefix>,
    /// How many replies of one kind a client network gets over UDP; none when not limited.
    pub rate: Option<Rate>,
}

/// `rate_limit`, `rate_slip` and `rate_exempt` of `[[horizon]]`: response rate limiting, so that the server is no good for
/// flooding others with replies to forged queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Replies of one kind to one client network (IPv4 /24, IPv6 /56) in a second; at least 1.
    pub per_second: u32,
    /// Of the replies beyond the limit each so-manieth goes out empty with TC, so that real clients come back over TCP;
    /// 0 for none.
    pub slip: u32,
    /// Clients that are not limited. Loopback never is, nor a client that shows our cookie (RFC 7873).
    pub exempt: Vec<Prefix>,
}

impl Rate {
    /// What public horizons have when nothing is written.
    pub const PUBLIC: Rate = Rate { per_second: 200, slip: 2, exempt: Vec::new() };
}

impl Horizon {
    /// True when some client prefix reaches beyond private address space, so that private addresses must not be published.
    pub fn is_public(&self) -> bool {
        self.clients.iter().any(|prefix| !prefix.is_private())
    }
}

/// How a service is reached in a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// The guest itself.
    Direct,
    /// Through the Traefik guest.
    Traefik,
    /// Through the gateway.
    Gateway,
    /// Not at all: no record in this horizon.
    None,
}

/// `[routes]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes {
    /// By horizon name; a horizon that is not written here has an entry with the defaults.
    pub horizons: BTreeMap<String, KindRoutes>,
    /// Horizons that are not written here and take their names from one that is private or public as they are: they claim
    /// only what [`Routes::names`] gives them, so that no claim of theirs hides what they inherit.
    pub inheriting: BTreeSet<String>,
    /// `[routes.name."x.example"]`: by name, then by horizon name. A wildcard name covers what RFC 4592 says it does.
    pub names: BTreeMap<Name, BTreeMap<String, Route>>,
}

/// The route of each kind of name in one horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindRoutes {
    /// `traefik_service` names.
    pub service: Route,
    /// Guests' own names.
    pub guest: Route,
    /// Host rules of stacks.
    pub stack: Route,
}

/// `[acme]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The CA's directory URL.
    pub directory: Option<String>,
    /// PEM file with the CA's roots.
    pub roots: Option<PathBuf>,
    /// SHA-256 of the CA's root certificate: 64 hexadecimal digits in lower case.
    pub fingerprint: Option<String>,
    /// What a change does that breaks a name's challenge path.
    pub gate: Gate,
    /// Further names that must be able to get a certificate.
    pub names: Vec<Name>,
    /// Where the CA's queries and requests come from; empty where the inventory is to tell it.
    pub ca_addresses: Vec<IpAddr>,
    /// The folder of what is remembered: live challenges, tokens, the account at the CA.
    pub state: PathBuf,
    /// Where requests of ACME clients are taken over HTTP, and misdirected challenges; empty for nowhere.
    pub listen: Vec<SocketAddr>,
    /// PEM files of the certificate chain and its key for these addresses; none for plain HTTP.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether anybody may register an acme-dns account.
    pub register: bool,
    /// Whether a misdirected challenge is passed on to where it should have gone.
    pub relay: bool,
    /// Proxies on whose `X-Forwarded-For` or `X-Real-IP` the address of a client is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether names are probed that have no word of their own in [`Acme::by_name`].
    pub probe: Probing,
    /// Where probes may go; none for the private prefixes that the private horizons cover.
    pub probe_allow: Option<Vec<Prefix>>,
    /// `[acme.name."x.example"]`
    pub by_name: BTreeMap<Name, AcmeName>,
}

impl Default for Acme {
    fn default() -> Self {
        Acme {
            directory: None,
            roots: None,
            fingerprint: None,
            gate: Gate::default(),
            names: Vec::new(),
            ca_addresses: Vec::new(),
            state: PathBuf::from(".acme"),
            listen: Vec::new(),
            certificate: None,
            register: false,
            relay: false,
            trusted_proxies: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            probe: Probing::default(),
            probe_allow: None,
            by_name: BTreeMap::new(),
        }
    }
}

/// `[tls]`: DNS that only client and server can read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// DNS over TLS (RFC 7858); empty for nowhere.
    pub listen_tls: Vec<SocketAddr>,
    /// DNS over HTTPS (RFC 8484); empty for nowhere.
    pub listen_https: Vec<SocketAddr>,
    /// DNS over QUIC (RFC 9250); empty for nowhere.
    pub listen_quic: Vec<SocketAddr>,
    /// The server's own names; clients are told the first (RFC 9462).
    pub names: Vec<Name>,
    /// PEM files of the certificate chain and its key; none where it comes from the CA.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether the certificate is got and renewed from the CA of `[acme]`.
    pub acme: bool,
}

/// What is said of one name under `[acme]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcmeName {
    /// Whether it is probed; none for what holds for all.
    pub probe: Option<Probing>,
    /// The challenges that its client uses; none for all that fit.
    pub challenges: Option<Vec<Challenge>>,
    /// Where its http-01 and tls-alpn-01 challenges are answered; none where the routes are to tell it.
    pub targets: Option<Vec<IpAddr>>,
}

/// Whether a name is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Probing {
    /// Only what the zones say is looked at.
    #[default]
    Off,
    /// Its addresses are asked as a CA would ask them.
    On,
}

/// A way to prove that one controls a name (RFC 8555 section 8, RFC 8737).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Challenge {
    /// A text at a well-known path on port 80.
    #[serde(rename = "http-01")]
    Http01,
    /// A certificate made for it on port 443.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
    /// A TXT record at `_acme-challenge`.
    #[serde(rename = "dns-01")]
    Dns01,
}

impl Challenge {
    /// All of them, in the order in which people name them.
    pub const ALL: [Challenge; 3] = [Challenge::Http01, Challenge::TlsAlpn01, Challenge::Dns01];

    /// As ACME writes it.
    pub fn name(self) -> &'static str {
        match self {
            Challenge::Http01 => "http-01",
            Challenge::TlsAlpn01 => "tls-alpn-01",
            Challenge::Dns01 => "dns-01",
        }
    }
}

/// `gate` of `[acme]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// Not looked at.
    Off,
    /// Said, and let through.
    #[default]
    Warn,
    /// Refused.
    Refuse,
}
