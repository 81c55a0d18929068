//! One probe from its name to its report.

use super::super::reach::ProbeReport;
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

/// Asks each target, one after the other, and sums up. Each is done within 5 seconds. `pass` is waited for before each
/// request, and told when it is over: the budget.
pub async fn probe<P, F>(subject: &Subject, targets: &[Target], mut pass: P) -> ProbeReport
where
    P: FnMut(Target) -> F,
    F: Future<Output = Box<dyn Send>>,
{
    let mut all = Vec::new();
    for target in targets {
        let passed = pass(*target).await;
        all.push(match subject.challenge {
            Challenge::TlsAlpn01 => alpn::ask(*target, &subject.name).await,
            Challenge::Http01 | Challenge::Dns01 => http01::ask(*target, &subject.name).await,
        });
        drop(passed);
    }
    sum(&subject.name, subject.challenge, subject.expected, &all, subject.expiring)
}
