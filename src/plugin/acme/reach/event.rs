//! What can become known of a key.

use super::{AddressFacts, Basis, CaFacts, Problem, SeenQuery, Standing, Told, TripwireHit};
use std::net::IpAddr;

/// Something that became known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The static checks ran; they do at each load. A changed basis ends all that was known on the one before.
    Static {
        /// What they ran on.
        basis: Basis,
        /// What they say.
        standing: Standing,
        /// What the CA is told.
        told: Told,
    },
    /// A probe ended.
    Probe(ProbeReport),
    /// Something of the CA was seen.
    Ca(CaFact),
    /// A challenge of this kind went valid.
    Issued {
        /// Seconds that the certificate lives.
        lifetime: u64,
    },
    /// Time went by: evidence that counts no longer goes.
    Tick,
    /// Somebody wants a probe now: the back-off begins anew.
    ProbeNow,
    /// A person says that a contradiction is settled.
    Ack {
        /// Who, as the system names the user.
        by: String,
    },
}

/// What a probe came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// The verdict over all addresses.
    pub verdict: ProbeVerdict,
    /// What was found, on whatever address.
    pub problems: Vec<Problem>,
    /// What was seen, by address.
    pub addresses: Vec<AddressFacts>,
    /// True when a certificate of the name expires within a third of its life: the probe counts for a shorter time.
    pub expiring: bool,
}

/// How a probe went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeVerdict {
    /// The expected server was met on each address.
    Reachable,
    /// It works, with a fault.
    Degraded,
    /// It failed on every address.
    Unreachable,
}

/// Something of the CA's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaFact {
    /// It asked this server for the name.
    Asked(SeenQuery),
    /// A challenge ran, and the CA asked nothing in that time.
    NotAsking {
        /// The CA's address.
        ca: IpAddr,
        /// Seconds that were waited.
        window: u64,
    },
    /// A validation failed.
    Failed {
        /// `urn:ietf:params:acme:error:connection`
        urn: String,
        /// In the CA's words.
        detail: String,
    },
    /// Its request came to a machine that this server does not name.
    Misdirected {
        /// What was seen.
        hit: TripwireHit,
        /// What this server tells that CA.
        told: Vec<IpAddr>,
    },
    /// `zonectl acme check --here` looked at the name in the CA's guest.
    Here {
        /// What the system's resolver says there.
        system: Vec<IpAddr>,
        /// What this server tells it.
        told: Vec<IpAddr>,
        /// What stands in between, such as a line of a hosts file.
        problems: Vec<Problem>,
    },
    /// A certificate of the name is near its end and was not renewed.
    Unrenewed {
        /// Seconds that are left; 0 when it has ended.
        left: u64,
    },
    /// What it says of itself.
    Described {
        /// The facts.
        facts: CaFacts,
        /// What is wrong with them for this challenge: `CHALLENGE_DISABLED`, `CA_DOWN` ..
        problems: Vec<Problem>,
    },
}
