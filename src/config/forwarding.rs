//! What the forwarder runs with: every default filled.

use super::Prefix;
use crate::dns::Name;
use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[forward]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Who is asked for names that no domain below and no horizon says otherwise for; empty when nothing is forwarded.
    pub upstreams: Vec<Upstream>,
    /// How upstreams are chosen.
    pub policy: Policy,
    /// `[[forward.domain]]`; the longest name wins.
    pub domains: Vec<ForwardDomain>,
    /// `timeout`: how long one upstream is waited for at most before the next is asked, in milliseconds.
    pub timeout: u32,
    /// `per_upstream`: questions under way to one upstream at most.
    pub per_upstream: usize,
    /// `per_client`: questions of one client that wait for upstreams at most.
    pub per_client: usize,
    /// `bootstrap`: who is asked for the addresses of upstreams that are written by name, over plain DNS.
    pub bootstrap: Vec<SocketAddr>,
    /// `roots`: a PEM file with the certificates that encrypted upstreams must lead to, in place of the public ones.
    pub roots: Option<PathBuf>,
    /// `[forward.cache]`
    pub cache: Cache,
    /// `[forward.guard]`
    pub guard: Guard,
    /// `dnssec`
    pub dnssec: Dnssec,
    /// `dnssec_except`: names at and below which nothing is validated (RFC 7646), beside our own zones and domains that are
    /// forwarded to private addresses.
    pub dnssec_except: Vec<Name>,
}

impl Forward {
    /// Milliseconds; a resolver that is well answers sooner, and stub resolvers wait for five seconds.
    pub const TIMEOUT: u32 = 800;
    /// Questions under way to one upstream.
    pub const PER_UPSTREAM: usize = 4096;
    /// Questions of one client that wait.
    pub const PER_CLIENT: usize = 512;
}

impl Default for Forward {
    fn default() -> Self {
        Forward {
            upstreams: Vec::new(),
            policy: Policy::default(),
            domains: Vec::new(),
            timeout: Forward::TIMEOUT,
            per_upstream: Forward::PER_UPSTREAM,
            per_client: Forward::PER_CLIENT,
            bootstrap: Vec::new(),
            roots: None,
            cache: Cache::default(),
            guard: Guard::default(),
            dnssec: Dnssec::default(),
            dnssec_except: Vec::new(),
        }
    }
}

/// `[[forward.domain]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardDomain {
    /// This name and everything below it.
    pub name: Name,
    /// Who is asked; empty for `upstreams = ["default"]`: those that would be asked without any domain above.
    pub upstreams: Vec<Upstream>,
}

/// A resolver that questions are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// As written.
    pub text: String,
    /// How it is reached.
    pub way: Way,
}

/// Shows it as it was written.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How an upstream is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Way {
    /// `8.8.8.8`, `8.8.8.8:53`: UDP, and TCP for what does not fit.
    Plain(SocketAddr),
    /// `tls://9.9.9.9#dns.quad9.net`: DNS over TLS (RFC 7858), port 853 unless written.
    Tls {
        /// Where.
        address: SocketAddr,
        /// The name that its certificate must have.
        name: String,
    },
    /// `https://9.9.9.9/dns-query`: DNS over HTTPS (RFC 8484), port 443 unless written.
    Https {
        /// Where.
        host: Host,
        /// The port.
        port: u16,
        /// With its first slash.
        path: String,
        /// `#name` at the end: the name that its certificate must have, when it is not that of the host.
        name: Option<String>,
    },
}

impl Way {
    /// The address that is spoken to; none for a name that must be looked up first.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Way::Plain(address) | Way::Tls { address, .. } => Some(*address),
            Way::Https { host: Host::Address(ip), port, .. } => Some(SocketAddr::new(*ip, *port)),
            Way::Https { host: Host::Name(_), .. } => None,
        }
    }
}

/// The host of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name; its addresses come from the bootstrap servers.
    Name(String),
}

/// `policy` of `[forward]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// In the order written.
    #[default]
    Ordered,
    /// All at once, the first good answer wins.
    Parallel,
    /// The one that answered fastest so far.
    Fastest,
}

/// `[forward.cache]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// `size`: octets that answers may take, their index counted; 0 keeps nothing.
    pub size: usize,
    /// `min_ttl`: what a smaller TTL of a record is raised to, in seconds; 3600 at most.
    pub min_ttl: u32,
    /// `max_ttl`: what a greater TTL of a record is cut to, in seconds.
    pub max_ttl: u32,
    /// `max_negative_ttl`: how long at most a name or type is known to be missing, in seconds (RFC 2308 section 5).
    pub max_negative_ttl: u32,
    /// `stale`: how long an answer may be served after its end when no upstream answers, in seconds (RFC 8767); 0 never.
    pub stale: u32,
    /// `prefetch`: what is asked often is asked for again before it ends.
    pub prefetch: bool,
}

impl Default for Cache {
    fn default() -> Self {
        Cache { size: 64 << 20, min_ttl: 0, max_ttl: 86_400, max_negative_ttl: 3600, stale: 86_400, prefetch: true }
    }
}

/// `[forward.guard]`: what never leaves and what is never let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// `plain_names`: whether names of one label are forwarded; they are names of machines here.
    pub plain_names: bool,
    /// `rebind_protection`: answers with private addresses are not let in.
    pub rebind_protection: bool,
    /// `rebind_except`: names at and below which private addresses are let in all the same.
    pub rebind_except: Vec<Name>,
    /// `rebind_loopback`: whether addresses of 127.0.0.0/8 and `::1` are let in.
    pub rebind_loopback: bool,
    /// `bogus_nxdomain`: addresses by which an upstream says that a name does not exist.
    pub bogus_nxdomain: Vec<Prefix>,
    /// `filter_aaaa`: names at and below which there are no AAAA records; the root for all.
    pub filter_aaaa: Vec<Name>,
}

impl Default for Guard {
    fn default() -> Self {
        Guard {
            plain_names: false,
            rebind_protection: true,
            rebind_except: Vec::new(),
            rebind_loopback: false,
            bogus_nxdomain: Vec::new(),
            filter_aaaa: Vec::new(),
        }
    }
}

/// `dnssec` of `[forward]`: whether forwarded answers are validated (RFC 4035).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dnssec {
    /// Not at all: what the upstream says of it is passed on.
    #[default]
    Off,
    /// Validated; what is bogus is told in log and counters, and let in.
    Log,
    /// Validated; what is bogus becomes SERVFAIL with an extended error.
    Validate,
}

/// `[[block]]`: names that do not exist for the clients of some horizons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its name, for log, counters and extended errors.
    pub name: String,
    /// Files with one name or one hosts line on each line.
    pub files: Vec<PathBuf>,
    /// URLs of such files.
    pub urls: Vec<String>,
    /// Names at and below which nothing is blocked by this list.
    pub allow: Vec<Name>,
    /// The horizons it counts for; those that may use the forwarder when none is written.
    pub horizons: Vec<String>,
    /// What is answered.
    pub answer: BlockAnswer,
    /// `refresh`: how often URLs are fetched, in seconds.
    pub refresh: u32,
}

impl Block {
    /// Seconds: once a day.
    pub const REFRESH: u32 = 86_400;
}

/// `answer` of `[[block]]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockAnswer {
    /// The name does not exist.
    #[default]
    NxDomain,
    /// A is 0.0.0.0 and AAAA is `::`; other types have no data.
    Zero,
}
