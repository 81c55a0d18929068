//! The lanes to all upstreams, and the door that the forwarder knocks at.

use super::super::stream::Carry;
use super::super::stream::Done;
use super::super::stream::StreamError;
use super::connect::Means;
use super::lane::Lane;
use super::settings::StreamSettings;
use crate::config::Upstream;
use crate::config::Way;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Carries questions to upstreams over streams, as tasks of one runtime.
///
/// Dropped, it ends its tasks; every question that is under way then is given [`StreamError::Stopping`].
#[derive(Debug)]
pub struct Streams {
    runtime: Handle,
    lanes: Mutex<Lanes>,
    stop: watch::Sender<bool>,
}

#[derive(Debug)]
struct Lanes {
    means: Arc<Means>,
    by_way: HashMap<Way, Arc<Lane>>,
}

/// Lanes beyond which those that nobody has asked for long are forgotten: upstreams of settings that were replaced.
const LANES_KEPT: usize = 16;

/// How long a lane without connections is remembered then.
const LANE_KEPT: Duration = Duration::from_secs(600);

impl Streams {
    /// Streams as tasks of this runtime.
    pub fn new(runtime: Handle, settings: StreamSettings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let means = Arc::new(Means::new(runtime.clone(), stopped, settings));
        Streams { runtime, lanes: Mutex::new(Lanes { means, by_way: HashMap::new() }), stop }
    }

    /// Takes the settings of a reload. When they differ, new connections replace all that there are; questions under way
    /// end as they would have.
    pub fn adopt(&self, settings: StreamSettings) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if !lanes.means.are_of(&settings) {
            lanes.means = Arc::new(Means::new(self.runtime.clone(), self.stop.subscribe(), settings));
            lanes.by_way.clear();
        }
    }

    fn lane(&self, upstream: &Upstream) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.by_way.get(&upstream.way) {
            return Arc::clone(lane);
        }
        if lanes.by_way.len() >= LANES_KEPT {
            lanes.by_way.retain(|_, lane| lane.is_used_within(LANE_KEPT));
        }
        let lane = Arc::new(Lane::new(upstream.clone(), Arc::clone(&lanes.means)));
        lanes.by_way.insert(upstream.way.clone(), Arc::clone(&lane));
        lane
    }
}

impl Carry for Streams {
    fn ask(&self, upstream: &Upstream, message: Vec<u8>, deadline: Instant, done: Done) {
        let promise = Promise { done: Some(done) };
        let lane = self.lane(upstream);
        let Some(place) = lane.place() else {
            return promise
                .keep(Err(StreamError::Busy("too many questions are under way to this upstream over streams")));
        };
        let mut stopped = self.stop.subscribe();
        self.runtime.spawn(async move {
            let outcome = tokio::select! {
                outcome = tokio::time::timeout_at(deadline.into(), lane.ask(message)) => outcome,
                _ = stopped.wait_for(|stopped| *stopped) => Ok(Err(StreamError::Stopping)),
            };
            drop(place);
            promise.keep(outcome.unwrap_or_else(|_| Err(StreamError::TimedOut(lane.what()))));
        });
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Calls its `done` once, whatever becomes of the task that holds it: a runtime that ends drops tasks half-way.
struct Promise {
    done: Option<Done>,
}

impl Promise {
    fn keep(mut self, outcome: Result<Vec<u8>, StreamError>) {
        if let Some(done) = self.done.take() {
            done(outcome);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(Err(StreamError::Stopping));
        }
    }
}
