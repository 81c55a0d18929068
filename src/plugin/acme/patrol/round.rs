//! One round a second.

use super::super::board::{Board, Notices};
use super::super::probe::Gate;
use super::super::{Challenges, probe};
use super::health::Health;
use super::observer::Observer;
use super::prober::Prober;
use crate::config::{Probing, Settings};
use crate::inventory::Inventory;
use crate::query::Watched;
use crate::snapshot::Snapshot;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::{MissedTickBehavior, interval};

/// What serves now: the snapshot, and the inventory that it was made of.
pub type Ground = dyn Fn() -> (Arc<Snapshot>, Option<Arc<Inventory>>) + Send + Sync;

/// Everything that the rounds need.
pub struct Patrol {
    /// Called in each round.
    pub ground: Box<Ground>,
    /// What is known.
    pub board: Arc<Board>,
    /// Where news go.
    pub notices: Notices,
    /// Which values live.
    pub challenges: Arc<Challenges>,
    /// Which CA asked for what.
    pub watched: Arc<Watched>,
}

const ROUND: Duration = Duration::from_secs(1);

impl Patrol {
    /// Goes its rounds until it is dropped.
    pub async fn run(self) {
        let gate = Arc::new(Gate::new());
        let (mut observer, mut prober) = (Observer::default(), Prober::new(gate));
        let mut health = Health::default();
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let (snapshot, inventory) = (self.ground)();
            let (now, at) = (Instant::now(), seconds());
            observer.round(&self, now, at);
            if !is_on(&snapshot.settings) {
                continue;
            }
            health.round(&self, &snapshot, now);
            prober.round(&self, &snapshot, inventory.as_deref(), now, at);
        }
    }
}

/// Rule 8: when probing is off everywhere nothing is sent to anybody.
fn is_on(settings: &Settings) -> bool {
    let acme = &settings.acme;
    acme.probe == Probing::On || acme.by_name.values().any(|own| own.probe == Some(Probing::On))
}

/// Seconds since 1970 UTC.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl fmt::Debug for Patrol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patrol").field("spread", &probe::SPREAD).finish_non_exhaustive()
    }
}
