//! One order from its name to its report.

use super::super::ca::{CaPlace, place};
use super::super::check::Seat;
use super::super::dial::Roots;
use super::super::leaf::Leaf;
use super::super::probe::challenge_owner;
use super::super::reach::{Gravity, Problem, Remedy};
use super::super::{Challenges, Scope, told};
use super::account::{account, forget};
use super::caller::{Caller, trusted};
use super::failure::{is_unknown_account, passes, problem, word};
use crate::config::Challenge;
use crate::dns::{Name, parse_name};
use crate::snapshot::Snapshot;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, OrderStatus, RetryPolicy,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// For the whole order.
const WHOLE: Duration = Duration::from_secs(180);
/// For the CA to look and to sign, each.
const POLL: Duration = Duration::from_secs(45);
/// Tries of one challenge, and what is waited before each further one.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(3);
/// One order at a time: CAs keep each for a day.
static TURN: Semaphore = Semaphore::const_new(1);

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// A name of our own zones, or a wildcard above one.
    pub name: String,
    /// In a rehearsal: this challenge is started, though nobody answers it, so that it is seen where the CA goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// True: all the way to a certificate, by dns-01.
    #[serde(default)]
    pub canary: bool,
    /// True: the certificate and its key are in the report; else nobody keeps them.
    #[serde(default)]
    pub keep: bool,
}

/// What an order stands on.
#[derive(Debug, Clone)]
pub struct OrderGround {
    /// What is served.
    pub snapshot: Arc<Snapshot>,
    /// Where values of dns-01 are written.
    pub challenges: Arc<Challenges>,
    /// An address of the CA's horizon: as whom our zones are asked for aliases.
    pub client: IpAddr,
}

impl OrderGround {
    /// With a client of the CA's seat: its address where that is known, else one that its horizon covers.
    pub fn new(snapshot: Arc<Snapshot>, challenges: Arc<Challenges>, seat: &Seat) -> Self {
        let inside = || {
            let place = snapshot.views.iter().position(|view| Some(&view.name) == seat.horizon.as_ref())?;
            snapshot.horizons.client_of(place)
        };
        let client = seat.addresses.first().copied().or_else(inside).or_else(|| snapshot.horizons.client_of(0));
        OrderGround { client: client.unwrap_or(Ipv4Addr::LOCALHOST.into()), snapshot, challenges }
    }
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What, such as `account`.
    pub step: String,
    /// What came of it.
    pub seen: String,
}

/// How an order went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderReport {
    /// The name.
    pub name: String,
    /// In their order.
    pub steps: Vec<Step>,
    /// The challenges that the CA offers for the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    /// The certificate of a canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Leaf>,
    /// Whether that leads to the CA's roots and is for the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<bool>,
    /// Certificate chain and key in PEM, where they are to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<(String, String)>,
    /// What the CA said of a challenge that was started, such as `connection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl OrderReport {
    fn did(&mut self, step: &str, seen: impl Into<String>) {
        self.steps.push(Step { step: step.to_owned(), seen: seen.into() });
    }
}

/// Orders. It ends within three minutes, and leaves no challenge value behind.
pub async fn order(ground: &OrderGround, wanted: &Order) -> OrderReport {
    let name = wanted.name.trim_end_matches('.').to_ascii_lowercase();
    let mut report = OrderReport { name: name.clone(), ..OrderReport::default() };
    let Ok(_turn) = TURN.try_acquire() else {
        report.problems.push(own("ORDER_RUNS", "another order is under way", "wait until it has ended"));
        return report;
    };
    let run = Run { ground, wanted, name: &name };
    match timeout(WHOLE, run.all(&mut report)).await {
        Ok(Ok(())) => {}
        Ok(Err(problem)) => report.problems.push(*problem),
        Err(_) => {
            let what = format!("the order for {name} was not done within {} seconds", WHOLE.as_secs());
            report.problems.push(own("ORDER_SLOW", &what, "see the CA's log"));
        }
    }
    report
}

struct Run<'a> {
    ground: &'a OrderGround,
    wanted: &'a Order,
    name: &'a str,
}

/// A value that goes when the order ends, however it ends.
struct Value<'a> {
    challenges: &'a Arc<Challenges>,
    owner: Name,
    value: String,
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        let (challenges, owner, value) = (Arc::clone(self.challenges), self.owner.clone(), self.value.clone());
        let withdraw = move || {
            if let Err(error) = challenges.withdraw(&owner, Some(value.as_bytes())) {
                tracing::warn!("the value of an order stays until it ends by itself: {error}");
            }
        };
        // It waits for the disk.
        tokio::task::spawn_blocking(withdraw);
    }
}

type Outcome<T> = Result<T, Box<Problem>>;

impl Run<'_> {
    async fn all(&self, report: &mut OrderReport) -> Outcome<()> {
        self.is_ours()?;
        let acme = &self.ground.snapshot.settings.acme;
        let place = place(&self.ground.snapshot).map_err(|error| {
            let text = error.to_string();
            let (what, remedy) = text.split_once("; ").unwrap_or((&text, "correct `directory` under [acme]"));
            Box::new(own("CA_DOWN", what, remedy))
        })?;
        let roots =
            match &acme.roots {
                Some(file) => Some(Roots::read(file).map_err(|error| {
                    Box::new(own("ROOTS_UNREADABLE", &error.to_string(), "bring the CA's root here"))
                })?),
                None => None,
            };
        let Some(roots) = trusted(&place, roots, acme.fingerprint.as_deref()).await else {
            let what = "orders go to a CA only whose root is known, and none is";
            return Err(Box::new(own("CA_UNPINNED", what, "write `roots` or `fingerprint` under [acme]")));
        };
        report.did("CA", format!("{} at {}, known from {}", place.url, place.addresses[0], place.source));
        let identifiers = [Identifier::Dns(self.name.to_owned())];
        let new = NewOrder::new(&identifiers);
        let mut made = self.account(&place, &roots, report).await?.new_order(&new).await;
        if made.as_ref().is_err_and(is_unknown_account) {
            // A CA that was set up anew.
            report.did("account", "the CA has forgotten it");
            forget(&acme.state);
            made = self.account(&place, &roots, report).await?.new_order(&new).await;
        }
        let mut order = made.map_err(|error| self.fault("a new order", &error))?;
        report.did("order", "accepted");
        let mut value = None;
        let mut authorizations = order.authorizations();
        while let Some(next) = authorizations.next().await {
            let mut authorization = next.map_err(|error| self.fault("an authorization", &error))?;
            report.offered = authorization.challenges.iter().map(|one| words(&one.r#type)).collect();
            report.did("authorization", format!("offers {}", report.offered.join(", ")));
            if authorization.status == AuthorizationStatus::Valid {
                report.did("authorization", "valid from an order before");
                continue;
            }
            let kind = match (self.wanted.canary, self.wanted.challenge) {
                (true, _) | (false, Some(Challenge::Dns01)) => ChallengeType::Dns01,
                (false, Some(Challenge::Http01)) => ChallengeType::Http01,
                (false, Some(Challenge::TlsAlpn01)) => ChallengeType::TlsAlpn01,
                (false, None) => continue,
            };
            let kind_words = words(&kind);
            let Some(mut challenge) = authorization.challenge(kind) else {
                let what = format!("the CA offers no {kind_words} for {}", self.name);
                return Err(Box::new(own("CHALLENGE_DISABLED", &what, "switch it on in the CA's provisioner")));
            };
            if !self.wanted.canary {
                // Nobody answers it: what counts is where the CA goes.
                report.said = Some(match challenge.set_ready().await {
                    Ok(()) => "started".to_owned(),
                    Err(error) => word(&error).ok_or_else(|| self.fault("the challenge", &error))?,
                });
                report.did(&kind_words, "started without an answer");
                continue;
            }
            let written = self.present(challenge.key_authorization().dns_value()).await?;
            report.did("dns-01", format!("value answered at {}", written.owner));
            value = Some(written);
            let mut tries = 0;
            while let Err(error) = challenge.set_ready().await {
                tries += 1;
                if !passes(&error) || tries == TRIES {
                    return Err(self.fault("the challenge", &error));
                }
                report.did("dns-01", format!("the CA says {}; once more", word(&error).unwrap_or_default()));
                sleep(PAUSE * tries).await;
            }
        }
        if !self.wanted.canary {
            if report.said.is_some() {
                let seen = self.watch(&mut order).await;
                report.did("challenge", format!("the CA says {seen}, as it must without an answer"));
                report.said = Some(seen);
            }
            report.did("end", "the order is left; the CA drops it within a day");
            return Ok(());
        }
        let policy = || RetryPolicy::new().timeout(POLL);
        let status = order.poll_ready(&policy()).await.map_err(|error| self.fault("the challenge", &error))?;
        if status != OrderStatus::Ready {
            let what = format!("the CA found the order for {} {status:?}", self.name);
            return Err(Box::new(own("CA_FAILED", &what, "see the CA's log")));
        }
        report.did("challenge", "valid");
        drop(value);
        let key = order.finalize().await.map_err(|error| self.fault("the certificate", &error))?;
        let pem = order.poll_certificate(&policy()).await.map_err(|error| self.fault("the certificate", &error))?;
        self.judge(&pem, &roots, report);
        if self.wanted.keep {
            report.pem = Some((pem, key));
        }
        Ok(())
    }

    /// Only names of our own zones are ordered for: whoever may ask for an order does not say what the CA signs.
    fn is_ours(&self) -> Outcome<()> {
        let base = self.name.strip_prefix("*.").unwrap_or(self.name);
        let parsed = parse_name(base).map_err(|error| {
            Box::new(own("BAD_NAME", &format!("`{}` is no name: {error}", self.name), "write a host name"))
        })?;
        if self.name.starts_with("*.") || told(&self.ground.snapshot, self.ground.client, &parsed).exists {
            return Ok(());
        }
        let what = format!("{} is in none of our zones in the CA's horizon", self.name);
        Err(Box::new(own("NOT_OURS", &what, "order for a name that a zone of ours has")))
    }

    async fn account(&self, place: &CaPlace, roots: &Roots, report: &mut OrderReport) -> Outcome<Account> {
        let state = &self.ground.snapshot.settings.acme.state;
        let caller = || Caller::new(place.clone(), roots.clone());
        let found = account(state, &place.url, caller).await;
        let (account, new) = found.map_err(|error| self.fault("an account", &error))?;
        report.did("account", if new { "made, and kept for the next time" } else { "the one that is kept" });
        Ok(account)
    }

    async fn present(&self, value: String) -> Outcome<Value<'_>> {
        let ground = self.ground;
        let Some(owner) = challenge_owner(&ground.snapshot, ground.client, self.name) else {
            let what = format!("{} is too long for a challenge", self.name);
            return Err(Box::new(own("BAD_NAME", &what, "use a shorter name")));
        };
        let (challenges, at, text) = (Arc::clone(&ground.challenges), owner.clone(), value.clone());
        let write = move || challenges.present(&at, text.as_bytes(), &Scope::default());
        let written = tokio::task::spawn_blocking(write).await;
        // From here on it is taken away again.
        let value = Value { challenges: &ground.challenges, owner, value };
        match written {
            Ok(Ok(())) => Ok(value),
            Ok(Err(error)) => {
                Err(Box::new(own("TXT_NOT_WRITTEN", &error.to_string(), "let the server write into `state` of [acme]")))
            }
            Err(_) => Err(Box::new(own("TXT_NOT_WRITTEN", "the write was given up", "try again"))),
        }
    }

    /// What the CA says in the end of a challenge that nobody answered.
    async fn watch(&self, order: &mut instant_acme::Order) -> String {
        match order.poll_ready(&RetryPolicy::new().timeout(POLL / 3)).await {
            Ok(status) => format!("{status:?}").to_ascii_lowercase(),
            Err(Error::Timeout(_)) => "pending".to_owned(),
            Err(error) => word(&error).unwrap_or_else(|| error.to_string()),
        }
    }

    fn judge(&self, pem: &str, roots: &Roots, report: &mut OrderReport) {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten().take(8).collect();
        let name = match self.name.strip_prefix("*.") {
            Some(base) => format!("any.{base}"),
            None => self.name.to_owned(),
        };
        let fault = roots.fault(&chain, &name);
        report.certificate = chain.first().and_then(|leaf| Leaf::read(leaf));
        report.chain = Some(fault.is_none());
        let hours = report.certificate.as_ref().map_or(0, |leaf| leaf.lifetime().as_secs() / 3600);
        report.did("certificate", format!("for {hours} hours, {} in its chain", chain.len()));
        if let Some(fault) = fault {
            let what = format!("the certificate for {} is not what it should be: {fault:?}", self.name);
            report.problems.push(own("CERT_BAD", &what, "see that `roots` under [acme] is this CA's root"));
        }
    }

    fn fault(&self, doing: &str, error: &Error) -> Box<Problem> {
        Box::new(problem(self.name, doing, error))
    }
}

fn words(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::Http01 => "http-01".to_owned(),
        ChallengeType::Dns01 => "dns-01".to_owned(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".to_owned(),
        other => super::super::leaf::printable(&format!("{other:?}")),
    }
}

fn own(code: &'static str, what: &str, remedy: &str) -> Problem {
    Problem::new(code, Gravity::Error, what, Remedy::new(remedy))
}
