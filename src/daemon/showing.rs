//! Metrics, status page and JSON as the server runs them: listeners follow the settings, and what workers feed is looked at
//! ten times a second. What fails here is told and tried again; names are served without it.

use super::reload::tell;
use crate::config::Settings;
use crate::control::{Desk, Traffic, web};
use crate::finding::{Finding, Severity};
use crate::snapshot::Live;
use crate::transport::{BindError, HttpLimits, HttpListeners, HttpTls};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often an address is tried again that could not be listened on.
const AGAIN: Duration = Duration::from_secs(60);
/// How often workers' feed is taken in.
const LOOK: Duration = Duration::from_millis(100);

/// What is shown and to whom.
#[derive(Debug)]
pub(super) struct Showing {
    shown: Arc<Shown>,
    traffic: Arc<Traffic>,
    tasks: Vec<JoinHandle<()>>,
}

/// What others may look at.
#[derive(Debug, Default)]
pub(super) struct Shown {
    front: Mutex<Front>,
}

#[derive(Debug, Default)]
struct Front {
    /// None before the start and once the server stops.
    listeners: Option<HttpListeners>,
    wanted: Vec<SocketAddr>,
    troubles: Vec<Finding>,
}

impl Showing {
    /// Opens what the settings ask for.
    pub(super) fn start(
        settings: &Settings,
        shown: Arc<Shown>,
        desk: &Arc<Desk>,
        live: &Arc<Live>,
        runtime: &Handle,
    ) -> Self {
        let limits = HttpLimits::default();
        let listeners = HttpListeners::new(web::routes(Arc::clone(desk)), HttpTls::default(), limits, runtime.clone());
        shown.front().listeners = Some(listeners);
        let traffic = Arc::clone(&desk.traffic);
        let tasks = vec![
            runtime.spawn(look(Arc::clone(&traffic), Arc::clone(live))),
            runtime.spawn(try_again(Arc::clone(&shown))),
        ];
        let showing = Showing { shown, traffic, tasks };
        showing.follow(settings);
        for address in showing.shown.addresses() {
            tracing::info!("metrics and status page are on http://{address}/");
        }
        showing
    }

    /// Listens and logs as these settings say.
    pub(super) fn follow(&self, settings: &Settings) {
        self.traffic.follow(settings.query_log);
        let mut front = self.shown.front();
        front.wanted.clone_from(&settings.web.listen);
        front.follow();
    }

    /// Shows nothing any more, and waits at most so long until requests that have begun are answered.
    pub(super) async fn stop(self, patience: Duration) {
        self.tasks.iter().for_each(JoinHandle::abort);
        let listeners = self.shown.front().listeners.take();
        if let Some(listeners) = listeners {
            listeners.stop(patience).await;
        }
    }
}

impl Shown {
    /// What keeps the page from being seen.
    pub(super) fn troubles(&self) -> Vec<Finding> {
        self.front().troubles.clone()
    }

    /// The addresses that are listened on.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.front().listeners.as_ref().map(HttpListeners::addresses).unwrap_or_default()
    }

    fn front(&self) -> MutexGuard<'_, Front> {
        // Each part is whole whatever happened under the lock.
        self.front.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Front {
    fn follow(&mut self) {
        let mut troubles = Vec::new();
        if let Some(listeners) = &mut self.listeners
            && let Err(errors) = listeners.follow(&self.wanted)
        {
            troubles.extend(errors.iter().map(not_shown));
        }
        troubles.iter().filter(|trouble| !self.troubles.contains(trouble)).for_each(tell);
        self.troubles = troubles;
    }
}

async fn look(traffic: Arc<Traffic>, live: Arc<Live>) {
    let mut rounds = interval(LOOK);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        traffic.look(&live.load_full());
    }
}

async fn try_again(shown: Arc<Shown>) {
    let mut rounds = interval(AGAIN);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        shown.front().follow();
    }
}

fn not_shown(error: &BindError) -> Finding {
    let what = format!("metrics and status page are not shown: {}", error.reason);
    let remedy =
        "stop what holds the port or write another address in `listen` of [web]; it is tried again every minute";
    Finding::new("WEB_LISTEN_FAILED", Severity::Error, error.address.to_string(), what, remedy).tolerated()
}
