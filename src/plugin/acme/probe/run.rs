//! One probe from its name to its report.

use super::super::reach::ProbeReport;
use super::gate::Gate;
use super::seen::Program;
use super::{Target, alpn, http01, sum};
use crate::config::Challenge;

/// What is probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The name, without its final dot.
    pub name: String,
    /// http-01 or tls-alpn-01.
    pub challenge: Challenge,
    /// The program that answers its challenges, where that is known.
    pub expected: Option<Program>,
    /// True when a certificate of the name is near its end.
    pub expiring: bool,
}

/// Asks each target, one after the other and each when the gate lets it, and sums up. One request ends within 5 seconds.
pub async fn probe(subject: &Subject, targets: &[Target], gate: &Gate) -> ProbeReport {
    let mut all = Vec::new();
    for target in targets {
        let passing = gate.pass(target.address().ip()).await;
        let name = &subject.name;
        // Whom we ask and why can be found again in the log.
        tracing::debug!("probing {} for {name} by {}", target.address(), subject.challenge.name());
        all.push(match subject.challenge {
            Challenge::TlsAlpn01 => alpn::ask(*target, name).await,
            Challenge::Http01 | Challenge::Dns01 => http01::ask(*target, name).await,
        });
        drop(passing);
    }
    sum(&subject.name, subject.challenge, subject.expected, &all, subject.expiring)
}
