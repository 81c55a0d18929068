//! What a verdict was reached on: when it changes, the verdict counts no more.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

/// The ground that all evidence of one key stands on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Basis {
    /// Serial of the zone that holds the name in the CA's horizon; 0 for none. Shown, and no ground by itself: it is raised
    /// for every other name of the zone, too.
    pub zone_serial: u32,
    /// Of all that the CA is told about the name: aliases, addresses, TXT, CAA, rules.
    pub told_hash: u64,
    /// Of which clients belong to which horizon.
    pub view_rules_hash: u64,
    /// Of what is set about the CA: directory, roots, addresses.
    pub ca_config_hash: u64,
    /// Of what is set about the name: challenges, targets, probing, and firewall rules on the way.
    pub policy_hash: u64,
    /// Where challenges are meant to be answered; empty where nobody says.
    pub expected_targets: BTreeSet<SocketAddr>,
}

impl Basis {
    /// True when evidence for one counts for the other: all but the serial is the same.
    pub fn carries(&self, other: &Basis) -> bool {
        let ground = |basis: &Basis| (basis.told_hash, basis.view_rules_hash, basis.ca_config_hash, basis.policy_hash);
        ground(self) == ground(other) && self.expected_targets == other.expected_targets
    }

    /// The hash of one part. It is the same for the same part in every run of this build.
    pub fn hash(part: &impl Hash) -> u64 {
        let mut hasher = siphasher::sip::SipHasher13::new_with_keys(0, 0);
        part.hash(&mut hasher);
        hasher.finish()
    }
}
