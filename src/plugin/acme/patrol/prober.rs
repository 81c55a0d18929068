//! Starts probes that are due, within the rules and the budget.

use super::super::board::{About, Notices};
use super::super::dial::Roots;
use super::super::probe::{self, Gate, Ports, Program, SPREAD, Subject, Target};
use super::super::reach::{CaFact, Event, Key, ProbeReport};
use super::super::{Challenges, served, told};
use super::round::Patrol;
use crate::config::{Challenge, Settings};
use crate::dns::{Name, parse_name};
use crate::inventory::{Inventory, find_roles};
use crate::snapshot::Snapshot;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::task::JoinSet;

/// Probes under way; the gate holds the requests of each back.
const AT_ONCE: usize = 4;
/// What cannot be probed is looked at again after this time.
const BARRED_REST: Duration = Duration::from_secs(600);
/// At the start each name that is due adds so much to the time over which all are spread, up to [`SPREAD`].
const SPREAD_EACH: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Prober {
    gate: Arc<Gate>,
    jobs: JoinSet<Key>,
    busy: HashSet<Key>,
    /// When each key may be probed for the first time, or again.
    not_before: HashMap<Key, Instant>,
}

/// One probe with all that it needs.
struct Job {
    key: Key,
    subject: Subject,
    targets: Vec<Target>,
    client: IpAddr,
    snapshot: Arc<Snapshot>,
    challenges: Arc<Challenges>,
    notices: Notices,
    gate: Arc<Gate>,
}

impl Prober {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Prober { gate, jobs: JoinSet::new(), busy: HashSet::new(), not_before: HashMap::new() }
    }

    pub(super) fn round(
        &mut self,
        patrol: &Patrol,
        snapshot: &Arc<Snapshot>,
        inventory: Option<&Inventory>,
        now: Instant,
        at: u64,
    ) {
        while let Some(ended) = self.jobs.try_join_next() {
            match ended {
                Ok(key) => drop(self.busy.remove(&key)),
                // Nobody knows which one failed: all that still run are in the set of jobs.
                Err(error) => tracing::error!("a probe failed: {error}; report this as a bug"),
            }
        }
        if self.jobs.is_empty() {
            self.busy.clear();
        }
        if self.jobs.len() >= AT_ONCE {
            return;
        }
        // Those that nobody wants probed would only widen the time over which the others are spread.
        let acme = &snapshot.settings.acme;
        let wanted = |key: &Key| base(key).is_some_and(|base| probe::is_on(acme, &base));
        let due: Vec<Key> = patrol.board.due(at).into_iter().filter(wanted).collect();
        self.not_before.retain(|key, moment| *moment + SPREAD > now || due.contains(key));
        let window = SPREAD.min(SPREAD_EACH * u32::try_from(due.len()).unwrap_or(u32::MAX));
        for key in due {
            if self.jobs.len() >= AT_ONCE {
                return;
            }
            if self.busy.contains(&key) {
                continue;
            }
            let first = !self.not_before.contains_key(&key);
            let moment = *self.not_before.entry(key.clone()).or_insert_with(|| now + somewhere_in(window));
            if first || moment > now {
                continue;
            }
            match self.job(patrol, snapshot, inventory, &key) {
                Ok(job) => {
                    self.busy.insert(key);
                    self.jobs.spawn(run(job));
                }
                Err(wait) => {
                    self.not_before.insert(key, now + wait);
                }
            }
        }
    }

    /// Rules 1 to 3 and 8; how long to wait when one of them says no.
    fn job(
        &self,
        patrol: &Patrol,
        snapshot: &Arc<Snapshot>,
        inventory: Option<&Inventory>,
        key: &Key,
    ) -> Result<Job, Duration> {
        let base = base(key).ok_or(BARRED_REST)?;
        let client = client(patrol, snapshot, key).ok_or(BARRED_REST)?;
        let barred = |barred: probe::Barred| {
            tracing::debug!("{key} is not probed: {barred}");
            BARRED_REST
        };
        probe::may_probe(snapshot, client, &base).map_err(barred)?;
        let mut targets = Vec::new();
        if key.challenge != Challenge::Dns01 {
            let (allowed, own) = (probe::allowed_prefixes(&snapshot.settings), listening(&snapshot.settings));
            let found = told(snapshot, client, &base).addresses;
            for address in found {
                targets.push(probe::target(address, key.challenge, Ports::FIXED, &allowed, &own).map_err(barred)?);
            }
            if targets.is_empty() {
                return Err(BARRED_REST);
            }
        }
        if self.gate.begin(&key.horizon, &base, key.challenge).is_err() {
            return Err(Duration::from_secs(5));
        }
        let expected = targets.first().and_then(|target| program(snapshot, inventory?, target.address().ip()));
        let subject = Subject { name: base.to_string(), challenge: key.challenge, expected, expiring: false };
        Ok(Job {
            key: key.clone(),
            subject,
            targets,
            client,
            snapshot: Arc::clone(snapshot),
            challenges: Arc::clone(&patrol.challenges),
            notices: patrol.notices.clone(),
            gate: Arc::clone(&self.gate),
        })
    }
}

/// The name whose addresses are asked; that of a wildcard is the name below which it stands.
fn base(key: &Key) -> Option<Name> {
    parse_name(key.name.strip_prefix("*.").unwrap_or(&key.name)).ok()
}

async fn run(mut job: Job) -> Key {
    let report = match job.key.challenge {
        Challenge::Dns01 => by_dns(&job).await,
        Challenge::Http01 | Challenge::TlsAlpn01 => {
            certificate(&mut job).await;
            Some(probe::probe(&job.subject, &job.targets, &job.gate).await)
        }
    };
    if let Some(report) = report {
        tracing::debug!("{}: probed, {:?}, {} problems", job.key, report.verdict, report.problems.len());
        job.notices.tell(About::Key(job.key.clone()), Event::Probe(report));
    }
    job.key
}

async fn by_dns(job: &Job) -> Option<ProbeReport> {
    let (snapshot, challenges) = (Arc::clone(&job.snapshot), Arc::clone(&job.challenges));
    let (client, name) = (job.client, job.key.name.clone());
    tokio::task::spawn_blocking(move || probe::read_back(&snapshot, &challenges, client, &name)).await.ok()
}

/// The certificate that is served for the name tells how urgent it is. Asked for beside tls-alpn-01 only: once a probe.
async fn certificate(job: &mut Job) {
    let (Challenge::TlsAlpn01, Some(target)) = (job.key.challenge, job.targets.first()) else { return };
    let roots = job.snapshot.settings.acme.roots.as_ref().and_then(|file| Roots::read(file).ok());
    let address = target.address();
    let found = {
        let _passing = job.gate.pass(address.ip()).await;
        served(address, &job.subject.name, roots.as_ref()).await
    };
    let now = SystemTime::now();
    job.subject.expiring = found.is_expiring(now);
    // Another CA's certificate says nothing of this one's.
    if let (true, Some(true), Some(leaf)) = (job.subject.expiring, found.trusted, &found.leaf) {
        let left = leaf.left(now).map_or(0, |left| left.as_secs());
        let about = About::Name { name: job.key.name.clone(), challenges: Vec::new() };
        job.notices.tell(about, Event::Ca(CaFact::Unrenewed { left }));
    }
}

/// An address of the key's horizon: the CA's own where it is known.
fn client(patrol: &Patrol, snapshot: &Snapshot, key: &Key) -> Option<IpAddr> {
    let asker = patrol.board.reach(key).and_then(|reach| reach.facts.told).and_then(|told| told.asker);
    let index = || snapshot.views.iter().position(|view| view.name == key.horizon);
    asker.or_else(|| snapshot.horizons.client_of(index()?))
}

/// The program that a guest of the inventory is known to run.
fn program(snapshot: &Snapshot, inventory: &Inventory, address: IpAddr) -> Option<Program> {
    let roles = find_roles(inventory, &snapshot.settings);
    let is = |guest: Option<&crate::inventory::Guest>| guest.is_some_and(|guest| guest.has(address));
    is(roles.traefik.guest(inventory)).then_some(Program::TraefikHandler)
}

fn listening(settings: &Settings) -> Vec<SocketAddr> {
    settings.server.listen.iter().chain(&settings.acme.listen).copied().collect()
}

/// A random part of a time, at least nothing.
fn somewhere_in(window: Duration) -> Duration {
    let mut octets = [0; 4];
    let _ = getrandom::fill(&mut octets);
    window.mul_f64(f64::from(u32::from_le_bytes(octets)) / f64::from(u32::MAX))
}
