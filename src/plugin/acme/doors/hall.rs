//! What all doors share.

use super::super::ChallengeError;
use super::super::Challenges;
use super::super::Sightings;
use super::super::Token;
use super::super::Tokens;
use super::client::Peer;
use super::client::client;
use super::failures::Failures;
use super::failures::Pace;
use super::reply::Refused;
use super::tripwire::Bypasses;
use crate::config::Acme;
use crate::dns::Name;
use crate::snapshot::Live;
use arc_swap::ArcSwap;
use http::HeaderMap;
use http::StatusCode;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;

/// Requests that are relayed at once.
const RELAYED: usize = 4;

/// The state behind the routes. Settings are those of the snapshot that serves, so that a reload counts at once.
#[derive(Debug)]
pub struct Doors {
    pub(super) live: Arc<Live>,
    pub(super) challenges: Arc<Challenges>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) sightings: Sightings,
    pub(super) failures: Failures,
    pub(super) bypasses: Bypasses,
    pub(super) relaying: Semaphore,
    /// Updates of acme-dns look first and then write: one at a time.
    pub(super) updating: Mutex<()>,
    pub(super) counts: Counts,
    /// The CA's addresses where the settings name none.
    cas: ArcSwap<Vec<IpAddr>>,
}

/// What happened at the doors since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Values that were written or taken away.
    pub writes: AtomicU64,
    /// Requests without a credential that is known.
    pub failed_credentials: AtomicU64,
    /// Requests of known holders for what they may not write, or from where they may not speak.
    pub out_of_scope: AtomicU64,
    /// Challenge requests that came to this host.
    pub tripped: AtomicU64,
    /// Those that proved that the CA goes past our answers.
    pub misdirected: AtomicU64,
    /// Those that were passed on.
    pub relayed: AtomicU64,
}

impl Counts {
    /// All of them by name.
    pub fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("acme_http_writes", &self.writes),
            ("acme_http_failed_credentials", &self.failed_credentials),
            ("acme_http_out_of_scope", &self.out_of_scope),
            ("acme_challenges_here", &self.tripped),
            ("acme_challenges_misdirected", &self.misdirected),
            ("acme_challenges_relayed", &self.relayed),
        ]
        .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

impl Doors {
    /// Doors over what serves. What they see of the CA goes into `sightings`.
    pub fn new(live: Arc<Live>, challenges: Arc<Challenges>, tokens: Arc<Tokens>, sightings: Sightings) -> Self {
        Doors {
            live,
            challenges,
            tokens,
            sightings,
            failures: Failures::default(),
            bypasses: Bypasses::default(),
            relaying: Semaphore::new(RELAYED),
            updating: Mutex::default(),
            counts: Counts::default(),
            cas: ArcSwap::default(),
        }
    }

    /// Says where the CA speaks from, where `ca_addresses` of `[acme]` does not.
    pub fn know_cas(&self, addresses: Vec<IpAddr>) {
        self.cas.store(Arc::new(addresses));
    }

    pub(super) fn cas(&self) -> Arc<Vec<IpAddr>> {
        self.cas.load_full()
    }

    /// What happened so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn acme(&self) -> Acme {
        self.live.load().settings.acme.clone()
    }

    /// True when a zone of ours holds the name, in one of these horizons.
    pub(super) fn is_ours(&self, owner: &Name, horizons: Option<&[String]>) -> bool {
        let snapshot = self.live.load();
        let views = snapshot.views.iter().filter(|view| horizons.is_none_or(|some| some.contains(&view.name)));
        views.flat_map(|view| view.zones.iter()).any(|seen| owner.ends_with(seen.zone.origin()))
    }

    /// The client of a request, proxies that are trusted seen through.
    pub(super) fn client(&self, peer: Peer, headers: &HeaderMap) -> IpAddr {
        client(peer.client.ip(), headers, &self.live.load().settings.acme.trusted_proxies)
    }

    /// Counts a request without a credential that is known; the reply where the client has shown too many of them.
    pub(super) fn failed(&self, client: IpAddr, door: &str) -> Option<Refused> {
        count(&self.counts.failed_credentials);
        match self.failures.note(client, door) {
            Pace::Slow => None,
            Pace::TooFast => Some(Refused::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_failures",
                "too many wrong credentials from this address; correct them, they are checked again as before",
            )),
        }
    }

    /// Runs what waits for the disk where waiting is allowed.
    pub(super) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Doors) -> Result<T, ChallengeError> + Send + 'static,
    ) -> Result<T, Refused> {
        let doors = Arc::clone(self);
        match tokio::task::spawn_blocking(move || work(&doors)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Refused::of_challenge(&error)),
            Err(_) => {
                Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a fault of the server; see its log"))
            }
        }
    }

    /// Notes a write for the log and for `token list`.
    pub(super) fn wrote(&self, token: &Token, what: &str, client: IpAddr) {
        count(&self.counts.writes);
        token.note_use();
        tracing::info!("{what} by token `{}` from {client} ({})", token.name, token.kind.door());
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
