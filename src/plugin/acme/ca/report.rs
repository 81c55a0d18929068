//! What is known of a CA after a look at it.

use super::super::leaf::Leaf;
use super::super::reach::{CaFacts, Problem};
use crate::config::Challenge;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

/// What is wanted of the CA.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// SHA-256 of its root in lower-case hexadecimal digits, as configured.
    pub fingerprint: Option<String>,
    /// The challenges that some name is to use; empty for any.
    pub challenges: Vec<Challenge>,
    /// The file that roots were read from, for remedies.
    pub roots_file: Option<String>,
}

/// A CA as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CaReport {
    /// Who was called; none when nobody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// Who says that the CA is there.
    pub source: String,
    /// Milliseconds until the connection was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u64>,
    /// Its own certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Leaf>,
    /// Whether that leads to the roots that are trusted; none when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<bool>,
    /// What `/health` says; none where there is no such thing, as in Caddy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<bool>,
    /// Whether the directory is one.
    pub directory: bool,
    /// Whether accounts need an external binding (RFC 8555 section 7.3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_account: Option<bool>,
    /// `caaIdentities` of the directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caa: Vec<String>,
    /// SHA-256 of the roots that it hands out; empty where it hands out none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// Names of its ACME provisioners; none where it does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioners: Option<Vec<String>>,
    /// The challenges of the provisioner in use; empty when not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    /// Seconds that its certificates live unless another time is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_lifetime: Option<u64>,
    /// Seconds that its clock is before (positive) or behind ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew: Option<i64>,
    /// What is wrong, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl CaReport {
    /// True when no challenge can succeed.
    pub fn is_down(&self) -> bool {
        self.problems.iter().any(Problem::stops)
    }

    /// The same for the state of a name.
    pub fn facts(&self) -> CaFacts {
        CaFacts {
            healthy: self.healthy.or(self.address.is_none().then_some(false)),
            root: self.roots.first().cloned(),
            external_account: self.external_account,
            offered: self.offered.clone(),
            leaf_lifetime: self.leaf_lifetime,
            last_error: None,
        }
    }

    pub(super) fn connected(&mut self, address: SocketAddr, took: Duration) {
        self.address = Some(address);
        self.connect_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    }

    pub(super) fn add(&mut self, problem: Problem) {
        if !self.problems.iter().any(|known| known.code == problem.code && known.summary == problem.summary) {
            self.problems.push(problem);
        }
    }
}
