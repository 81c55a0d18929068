//! The state machine.
//!
//! ```text
//! Unknown -- static, a problem stops --> Blocked          Unknown -- static --> Plausible
//! Plausible, Reachable, Degraded, Unreachable -- probe --> Reachable | Degraded | Unreachable
//! any but Blocked, Unreachable -- the CA failed, or asked nothing --> Contradicted
//! any -- the CA's request came elsewhere --> Contradicted
//! any -- a challenge went valid --> Verified
//! any but Contradicted -- basis changed, or expired --> Unknown, and on at once with what the static checks say
//! Contradicted -- the CA asked since, `--here` agrees, a person's word --> Unknown, and on
//! ```
//! A probe of ours never ends Contradicted: that we reach a server is what made the contradiction.

use super::facts::{Acked, CaError, CaFacts, Facts, Issued};
use super::freshness::{CA_OBSERVED_FRESH, ISSUED_FRESH, KEPT_CONNECTION, SUSPENDED_AFTER};
use super::freshness::{back_off, probed_fresh, spread};
use super::{Basis, CaFact, Event, Evidence, Gravity, Key, ProbeReport, ProbeVerdict, Problem, Reason, Remedy};
use super::{Standing, State};
use serde::{Deserialize, Serialize};

/// Problems of one source that are kept.
const MOST_PROBLEMS: usize = 16;

/// All that is known of one key. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// What it is of.
    pub key: Key,
    /// How it is.
    pub state: State,
    /// How that is known.
    pub evidence: Evidence,
    /// What the static checks say.
    pub standing: Standing,
    /// What the last probe found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probed: Vec<Problem>,
    /// What was seen of the CA and contradicts us.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Problem>,
    /// What is wrong with the CA itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of_ca: Vec<Problem>,
    /// When the state was last looked at; 0 for never.
    pub checked_at: u64,
    /// When the state ends by itself; none when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// When a probe is due, where it is probed; none for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<u64>,
    /// Failed probes in a row.
    pub fails: u32,
    /// When the state became contradicted, or was last confirmed to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contradicted_at: Option<u64>,
    /// When the CA was last told something else than before; none when that was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_since: Option<u64>,
    /// What the verdict was reached on.
    pub basis: Basis,
    /// What was seen.
    pub facts: Facts,
}

impl Reach {
    /// A key of which nothing is known.
    pub fn new(key: Key) -> Self {
        Reach {
            key,
            state: State::Unknown,
            evidence: Evidence::None,
            standing: Standing::default(),
            probed: Vec::new(),
            contradictions: Vec::new(),
            of_ca: Vec::new(),
            checked_at: 0,
            expires_at: None,
            next_at: None,
            fails: 0,
            contradicted_at: None,
            told_since: None,
            basis: Basis::default(),
            facts: Facts::default(),
        }
    }

    /// Everything that is wrong, what contradicts us first, then what probes, static checks and the CA's own word say.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.contradictions.iter().chain(&self.probed).chain(&self.standing.problems).chain(&self.of_ca)
    }

    /// True when so many probes failed in a row that only a few more are made.
    pub fn suspended(&self) -> bool {
        self.fails >= SUSPENDED_AFTER
    }

    /// True when a probe may be made; whether it is, the prober decides.
    pub fn probe_due(&self, now: u64) -> bool {
        !matches!(self.state, State::NotApplicable(_) | State::Blocked) && self.next_at.is_none_or(|at| at <= now)
    }

    /// True when what is shown was seen longer ago than it counts; only [`State::Contradicted`] stays in spite of that.
    pub fn is_stale(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// What is known after an event. Nothing but the arguments decides.
    #[must_use]
    pub fn after(mut self, event: &Event, now: u64) -> Reach {
        match event {
            Event::Static { basis, standing, told } => {
                let carries = self.checked_at > 0 && self.basis.carries(basis);
                if self.checked_at > 0 && self.basis.told_hash != basis.told_hash {
                    self.told_since = Some(now);
                }
                self.basis = basis.clone();
                self.standing = standing.clone();
                self.facts.told = Some(told.clone());
                let applies = standing.not_applicable.is_none();
                if !carries {
                    self.fails = 0;
                    self.next_at = None;
                    self.probed.clear();
                    self.facts.addresses.clear();
                }
                let weak = self.evidence <= Evidence::Static || !applies;
                if !applies || (self.state != State::Contradicted && (weak || !carries)) {
                    self.stand(now);
                }
            }
            Event::Probe(report) => self.probe(report, now),
            Event::Ca(fact) => self.ca(fact, now),
            Event::Issued { lifetime } => {
                self.facts.issued = Some(Issued { at: now, lifetime: *lifetime });
                self.settle(State::Verified, Evidence::Issued, now);
                self.expires_at = Some(now.saturating_add(ISSUED_FRESH.min(lifetime / 2)));
                self.probed.clear();
                self.contradictions.clear();
                self.contradicted_at = None;
                self.fails = 0;
            }
            Event::Tick => {
                if self.state != State::Contradicted && self.is_stale(now) {
                    self.probed.clear();
                    self.stand(now);
                }
            }
            Event::ProbeNow => {
                self.fails = 0;
                self.next_at = None;
            }
            Event::Ack { by } => {
                if self.state == State::Contradicted {
                    self.facts.acked = Some(Acked { at: now, by: by.chars().take(64).collect() });
                    self.stand(now);
                }
            }
        }
        self
    }

    fn settle(&mut self, state: State, evidence: Evidence, now: u64) {
        self.state = state;
        self.evidence = evidence;
        self.checked_at = now;
        self.expires_at = None;
    }

    /// Unknown, and at once what the static checks say: that costs nothing.
    fn stand(&mut self, now: u64) {
        self.contradictions.clear();
        self.contradicted_at = None;
        self.next_at = None;
        if self.basis == Basis::default() && self.standing == Standing::default() && self.facts.told.is_none() {
            return self.settle(State::Unknown, Evidence::None, now);
        }
        self.settle(self.standing.state(), Evidence::Static, now);
    }

    fn probe(&mut self, report: &ProbeReport, now: u64) {
        if matches!(self.state, State::NotApplicable(_)) {
            return;
        }
        self.facts.probed(&report.addresses);
        self.probed = report.problems.iter().take(MOST_PROBLEMS).cloned().collect();
        let works = report.verdict != ProbeVerdict::Unreachable;
        self.fails = if works { 0 } else { self.fails.saturating_add(1) };
        let wait = if works { probed_fresh(report.expiring) } else { back_off(self.fails) };
        let next = now.saturating_add(spread(wait, &self.key, now));
        self.next_at = Some(next);
        // Blocked: the addresses that were asked are not the ones that are meant. Verified and Contradicted: the CA's own
        // doing is stronger than ours as long as it counts.
        let weaker = matches!(self.state, State::Blocked | State::Contradicted)
            || (self.state == State::Verified && !self.is_stale(now));
        if weaker {
            return;
        }
        let state = match report.verdict {
            ProbeVerdict::Reachable => State::Reachable,
            ProbeVerdict::Degraded => State::Degraded,
            ProbeVerdict::Unreachable => State::Unreachable,
        };
        self.settle(state, Evidence::Probed, now);
        self.expires_at = works.then_some(next);
    }

    fn ca(&mut self, fact: &CaFact, now: u64) {
        match fact {
            CaFact::Described { facts, problems } => return self.described(facts, problems, now),
            CaFact::Asked(query) => {
                let since = self.contradicted_at.is_some_and(|at| query.at > at);
                self.facts.saw_query(query.clone());
                if self.state == State::Contradicted && since {
                    self.stand(now);
                }
                return;
            }
            _ => {}
        }
        if matches!(self.state, State::NotApplicable(_)) {
            return;
        }
        match fact {
            CaFact::Here { system, told, problems }
                if agrees(system, told) && problems.iter().all(|one| !one.stops()) =>
            {
                if self.state == State::Contradicted {
                    self.stand(now);
                }
            }
            CaFact::Here { problems, system, told } => {
                let mut problems = problems.clone();
                if problems.is_empty() {
                    problems.push(self.key.bypass("its system's resolver", &list(system), &list(told)));
                }
                self.contradict(problems, now);
            }
            CaFact::Misdirected { hit, told } => {
                let came_to = hit.came_to.map_or_else(|| "this host".to_owned(), |address| address.to_string());
                let problem = self.key.bypass(&hit.from.to_string(), &came_to, &list(told));
                self.facts.saw_hit(hit.clone());
                if self.may_be_kept(now) {
                    self.contradictions = vec![kept(problem)];
                } else {
                    self.contradict(vec![problem], now);
                }
            }
            CaFact::NotAsking { ca, window } => {
                self.failed(not_asking(&self.key, &ca.to_string(), *window), now);
            }
            CaFact::Failed { urn, detail } => {
                let error = CaError::new(now, urn, detail);
                let problem = failed(&self.key, &error);
                self.facts.ca.get_or_insert_default().last_error = Some(error);
                self.failed(problem, now);
            }
            CaFact::Unrenewed { left } => self.failed(unrenewed(&self.key, *left), now),
            CaFact::Asked(_) | CaFact::Described { .. } => {}
        }
    }

    /// A failure on the CA's side: it contradicts us unless we said the same.
    fn failed(&mut self, problem: Problem, now: u64) {
        // A proof of where the CA went says more than that it failed.
        let proven = self.contradictions.iter().any(|known| known.severity == Gravity::Fatal);
        if proven && self.state == State::Contradicted {
            self.contradicted_at = Some(now);
            return;
        }
        if self.may_be_kept(now) {
            self.contradictions = vec![kept(problem)];
        } else if matches!(self.state, State::Blocked | State::Unreachable) {
            self.contradictions = vec![problem];
        } else {
            self.contradict(vec![problem], now);
        }
    }

    fn contradict(&mut self, problems: Vec<Problem>, now: u64) {
        self.settle(State::Contradicted, Evidence::CaObserved, now);
        self.contradictions = problems;
        self.contradictions.truncate(MOST_PROBLEMS);
        self.contradicted_at = Some(now);
        self.expires_at = Some(now.saturating_add(CA_OBSERVED_FRESH));
    }

    /// What a CA that kept a connection does says nothing of what it is told now.
    fn may_be_kept(&self, now: u64) -> bool {
        self.state != State::Contradicted
            && self.told_since.is_some_and(|since| now < since.saturating_add(KEPT_CONNECTION))
    }

    fn described(&mut self, facts: &CaFacts, problems: &[Problem], now: u64) {
        let last_error = self.facts.ca.take().and_then(|known| known.last_error);
        self.facts.ca = Some(CaFacts { last_error: facts.last_error.clone().or(last_error), ..facts.clone() });
        self.of_ca = problems.iter().take(MOST_PROBLEMS).cloned().collect();
        let name = self.key.challenge.name();
        let offered = facts.offered.is_empty() || facts.offered.iter().any(|one| one == name);
        let shut = self.state == State::NotApplicable(Reason::NotOffered);
        if !offered && self.standing.not_applicable.is_none() && !shut {
            self.settle(State::NotApplicable(Reason::NotOffered), Evidence::CaObserved, now);
        } else if offered && shut {
            self.stand(now);
        }
    }
}

fn agrees(system: &[std::net::IpAddr], told: &[std::net::IpAddr]) -> bool {
    !system.is_empty() && system.iter().all(|address| told.contains(address))
}

fn list(addresses: &[std::net::IpAddr]) -> String {
    match addresses {
        [] => "no address".to_owned(),
        several => several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

impl Key {
    /// HOSTS_BYPASS: `who` goes to `went` for the name, and this server says `told`.
    fn bypass(&self, who: &str, went: &str, told: &str) -> Problem {
        let name = &self.name;
        let summary = format!("the CA goes to {went} for {name}, and this server tells it {told}");
        let remedy = Remedy::new(
            "in the CA's guest find what overrides the DNS, and delete that line; the CA needs no restart, and `--resolver` \
             of step-ca does not help; or prove the name by dns-01",
        )
        .run(format!("getent ahosts {name}"))
        .run(format!("grep -n {name} /etc/hosts"));
        Problem::new("HOSTS_BYPASS", Gravity::Fatal, summary, remedy).detailed(format!("seen of {who}"))
    }
}

/// CA_NOT_ASKING: a challenge failed, and no query came.
fn not_asking(key: &Key, ca: &str, window: u64) -> Problem {
    let summary = format!("the CA {ca} asked this server nothing about {} while its challenge ran", key.name);
    let remedy = Remedy::new(
        "look in the CA's guest for another resolver, a search list, a hosts line or proxy variables; or prove the name by dns-01",
    )
    .run("cat /etc/resolv.conf")
    .run(format!("grep -n {} /etc/hosts", key.name))
    .run(format!("zonectl acme check {} --here", key.name));
    Problem::new("CA_NOT_ASKING", Gravity::Error, summary, remedy).detailed(format!("0 queries in {window} s"))
}

/// CA_FAILED: the CA says that it could not validate.
fn failed(key: &Key, error: &CaError) -> Problem {
    let summary = format!("the CA could not validate {} by {}", key.name, key.challenge.name());
    let remedy = Remedy::new("see where the CA really goes, in its guest")
        .run(format!("zonectl acme check {} --here", key.name));
    Problem::new("CA_FAILED", Gravity::Error, summary, remedy).detailed(format!("{} {}", error.urn, error.detail))
}

/// CERT_NOT_RENEWED: the certificate that is served nears its end.
fn unrenewed(key: &Key, left: u64) -> Problem {
    let summary = format!("the certificate of {} was not renewed in time", key.name);
    let remedy = Remedy::new("see why the client's order fails").run(format!("zonectl acme explain {}", key.name));
    Problem::new("CERT_NOT_RENEWED", Gravity::Error, summary, remedy).detailed(format!("{left} s are left"))
}

/// The same, seen so soon after a change that a kept connection may be the reason.
fn kept(problem: Problem) -> Problem {
    let seen = format!(
        "the CA was told something else less than {KEPT_CONNECTION} s ago; it may be using a connection that it kept"
    );
    Problem { severity: Gravity::Warning, ..problem }.because(seen)
}
