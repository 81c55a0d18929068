//! `status`: what the server runs with and how it is.

use super::Health;
use super::Published;
use super::cache::cache_stats;
use crate::dns::present_name;
use crate::finding::Finding;
use crate::forward::ListState;
use crate::forward::Stats;
use crate::forward::UpstreamState;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The answer to `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAnswer {
    /// False when the last load was refused: the state before it serves.
    pub healthy: bool,
    /// The server's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started: seconds since 1970.
    pub started: u64,
    /// The config file.
    pub config: PathBuf,
    /// The addresses that it listens on, UDP and TCP.
    pub listen: Vec<String>,
    /// UDP workers for each address.
    pub workers: usize,
    /// The last attempt to load.
    pub last_reload: ReloadStatus,
    /// In the order of the config.
    pub horizons: Vec<HorizonStatus>,
    /// The upstreams that were led to lately; empty when nothing is forwarded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstreams: Vec<UpstreamStatus>,
    /// What is kept of their answers; none when no horizon forwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<Stats>,
    /// Answers that were not let in because they told private addresses: names that have had most of them, and how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rebinding: Vec<(String, u64)>,
    /// The lists of blocked names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ListStatus>,
    /// Where ACME clients are heard over HTTP: URLs without a path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acme_listen: Vec<String>,
    /// Where encrypted DNS is listened for, such as `tls 10.0.0.153:853`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encrypted_listen: Vec<String>,
    /// Where metrics and status page are served: URLs without a path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub web: Vec<String>,
    /// How many challenge values of ACME clients live.
    #[serde(default)]
    pub challenges: usize,
    /// Counters by name.
    pub counters: BTreeMap<String, u64>,
}

/// One list of blocked names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListStatus {
    /// Its name.
    pub list: String,
    /// Names on it.
    pub names: usize,
    /// Questions that it answered.
    pub answered: u64,
}

/// One upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamStatus {
    /// As it is written.
    pub upstream: String,
    /// `up`, `down`, `failing` (asked last, for nearly all its answers are failures) or `loops` (it leads back to us).
    pub state: String,
    /// Since when: seconds since 1970.
    pub since: u64,
    /// Smoothed round-trip time in microseconds; none before the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srtt: Option<u64>,
    /// Questions sent.
    pub asked: u64,
    /// Replies that fit a question.
    pub answered: u64,
    /// Questions that were not answered in time.
    pub timeouts: u64,
    /// Replies with SERVFAIL.
    pub servfail: u64,
    /// Replies with REFUSED.
    pub refused: u64,
    /// Replies that could not be used for another reason.
    pub useless: u64,
    /// Messages that fit no question.
    pub unmatched: u64,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// The last attempt to load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadStatus {
    /// When it ended: seconds since 1970.
    pub at: u64,
    /// True when it went live.
    pub live: bool,
    /// What was found; when not live, why.
    pub findings: Vec<Finding>,
}

/// One horizon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HorizonStatus {
    /// Its name.
    pub name: String,
    /// Its client prefixes.
    pub clients: Vec<String>,
    /// Whether its clients may use the forwarder.
    pub forward: bool,
    /// The horizon from which it takes names that it does not own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherits: Option<String>,
    /// The zones that it sees, by name.
    pub zones: Vec<ZoneStatus>,
}

/// One zone as a horizon sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneStatus {
    /// The apex, with its final dot.
    pub origin: String,
    /// The SOA serial.
    pub serial: u32,
    /// Names, empty non-terminals counted.
    pub names: usize,
    /// Records.
    pub records: usize,
    /// True when all of it comes from another horizon.
    pub inherited: bool,
    /// The zone file; none when inherited or in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// Puts together what `status` shows.
pub fn status(published: &Published, health: &Health) -> StatusAnswer {
    StatusAnswer {
        healthy: health.last_reload.live,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        started: seconds(health.started),
        config: published.snapshot.settings.file.clone(),
        listen: health.listen.iter().map(ToString::to_string).collect(),
        workers: health.workers,
        last_reload: ReloadStatus {
            at: seconds(health.last_reload.at),
            live: health.last_reload.live,
            findings: health.last_reload.findings.clone(),
        },
        horizons: horizons(published),
        upstreams: upstreams(&health.upstreams),
        cache: published.snapshot.views.iter().any(|view| view.forward).then(|| cache_stats(published)),
        rebinding: rebinding(published),
        lists: lists(published),
        acme_listen: urls(&health.http),
        encrypted_listen: health.encrypted.clone(),
        web: urls(&(health.web.clone(), false)),
        challenges: health.challenges,
        counters: health.counters.clone(),
    }
}

/// HTTP listeners as clients write them.
pub(super) fn urls((addresses, secure): &(Vec<SocketAddr>, bool)) -> Vec<String> {
    let scheme = if *secure { "https" } else { "http" };
    addresses.iter().map(|address| format!("{scheme}://{address}")).collect()
}

/// Names that are shown at most.
const MOST_CAUGHT: usize = 10;

fn rebinding(published: &Published) -> Vec<(String, u64)> {
    let caught = published.snapshot.plan.rebinding(MOST_CAUGHT).most;
    caught.into_iter().map(|(name, count)| (present_name(&name), count)).collect()
}

fn lists(published: &Published) -> Vec<ListStatus> {
    let states = published.snapshot.plan.blocked().states();
    states.into_iter().map(|ListState { name: list, names, answered }| ListStatus { list, names, answered }).collect()
}

pub(super) fn upstreams(states: &[UpstreamState]) -> Vec<UpstreamStatus> {
    let mut shown: Vec<_> = states
        .iter()
        .map(|state| UpstreamStatus {
            upstream: state.text.clone(),
            state: match state {
                UpstreamState { loops: true, .. } => "loops",
                UpstreamState { up: false, .. } => "down",
                UpstreamState { failing: true, .. } => "failing",
                _ => "up",
            }
            .to_owned(),
            since: seconds(state.since),
            srtt: state.srtt.map(|time| time.as_micros().try_into().unwrap_or(u64::MAX)),
            asked: state.asked,
            answered: state.answered,
            timeouts: state.timeouts,
            servfail: state.servfail,
            refused: state.refused,
            useless: state.useless,
            unmatched: state.unmatched,
            last_error: state.last_error.clone(),
        })
        .collect();
    shown.sort_by(|a, b| a.upstream.cmp(&b.upstream));
    shown
}

fn horizons(published: &Published) -> Vec<HorizonStatus> {
    let snapshot = &published.snapshot;
    let settings = snapshot.settings.horizons.iter();
    settings
        .map(|horizon| HorizonStatus {
            name: horizon.name.clone(),
            clients: horizon.clients.iter().map(ToString::to_string).collect(),
            forward: horizon.forward,
            inherits: horizon.inherits.clone(),
            zones: zones(published, &horizon.name),
        })
        .collect()
}

fn zones(published: &Published, horizon: &str) -> Vec<ZoneStatus> {
    let view = published.snapshot.view(horizon);
    let mut zones: Vec<_> = view
        .iter()
        .flat_map(|view| view.zones.iter())
        .map(|seen| {
            let own = published
                .zones
                .iter()
                .find(|source| source.horizon == horizon && source.records.origin() == seen.zone.origin());
            ZoneStatus {
                origin: present_name(seen.zone.origin().as_slice()),
                serial: seen.zone.serial(),
                names: seen.zone.names(),
                records: seen.zone.records(),
                inherited: seen.inherited,
                file: own.and_then(|source| source.files.first().cloned()),
            }
        })
        .collect();
    zones.sort_by(|a, b| a.origin.cmp(&b.origin));
    zones
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
