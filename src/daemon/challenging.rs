//! Challenge values as the server runs them: read at start, dropped when they end, forgotten by the forwarder's cache when
//! they change.

use super::reload::tell;
use crate::config::Settings;
use crate::plugin::acme::Challenges;
use crate::snapshot::Live;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio::time::interval;

/// The challenge values of a server that runs.
#[derive(Debug)]
pub(super) struct Challenging {
    challenges: Arc<Challenges>,
    ending: JoinHandle<()>,
}

/// How long a value may stay after its end.
const ROUND: Duration = Duration::from_secs(5);

impl Challenging {
    /// Reads what lives, lays it over the zones that `live` serves, and drops what ends from now on. What is wrong is told; no
    /// fault keeps the server from starting.
    pub(super) fn start(settings: &Settings, live: &Arc<Live>, runtime: &Handle) -> Self {
        let overlay = Arc::clone(&live.load().overlay);
        let (challenges, findings) = Challenges::open_or_wait(&settings.acme.state, overlay);
        findings.iter().for_each(tell);
        let challenges = Arc::new(challenges);
        let cached = Arc::clone(live);
        // What an upstream said of the name before, for a horizon that has no zone of it, no longer holds.
        challenges.on_change(move |owners| {
            cached.load().plan.cache().forget(&owners.iter().map(|owner| &**owner).collect());
        });
        let ending = runtime.spawn(end_in_time(Arc::clone(&challenges)));
        Challenging { challenges, ending }
    }

    /// Where values are written and read.
    pub(super) fn challenges(&self) -> &Arc<Challenges> {
        &self.challenges
    }

    /// Keeps values where these settings say.
    pub(super) fn follow(&self, settings: &Settings) {
        if let Err(error) = self.challenges.follow(&settings.acme.state) {
            tracing::warn!("challenge values cannot be kept: {error}");
        }
    }
}

impl Drop for Challenging {
    fn drop(&mut self) {
        self.ending.abort();
    }
}

async fn end_in_time(challenges: Arc<Challenges>) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        let ended = Arc::clone(&challenges);
        // A write may hold the values while it waits for the disk.
        let gone = tokio::task::spawn_blocking(move || {
            ended.mend();
            ended.expire(SystemTime::now())
        })
        .await;
        if let Ok(1..) = gone {
            tracing::debug!("challenge values have ended: {}", gone.unwrap_or_default());
        }
    }
}
