//! The HTTP doors of ACME clients as the server runs them: listeners and certificate follow the settings. What fails here
//! is told and tried again; names are served without it.

use super::reload::tell;
use crate::config::{Acme, Settings};
use crate::files::Stamp;
use crate::finding::{Finding, Severity};
use crate::plugin::acme::doors::{Doors, routes};
use crate::plugin::acme::{Challenges, Sighting, Sightings, Tokens};
use crate::snapshot::Live;
use crate::transport::{BindError, HttpLimits, HttpListeners, HttpTls, server_tls};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often a renewed certificate is looked for, and an address tried again that could not be listened on.
const AGAIN: Duration = Duration::from_secs(60);

/// The doors and their listeners.
#[derive(Debug)]
pub(super) struct Receiving {
    received: Arc<Received>,
    again: JoinHandle<()>,
}

/// What others may look at.
#[derive(Debug)]
pub(super) struct Received {
    doors: Arc<Doors>,
    tokens: Arc<Tokens>,
    front: Mutex<Front>,
    /// Until the one who judges what was seen of the CA takes it.
    sightings: Mutex<Option<Receiver<Sighting>>>,
}

#[derive(Debug)]
struct Front {
    /// None once the server stops.
    listeners: Option<HttpListeners>,
    tls: HttpTls,
    /// The files of the certificate that is loaded, and how they looked.
    loaded: Option<(PathBuf, PathBuf, [Option<Stamp>; 2])>,
    wanted: Acme,
    troubles: Vec<Finding>,
}

impl Receiving {
    /// Opens what the settings ask for.
    pub(super) fn start(
        settings: &Settings,
        live: &Arc<Live>,
        challenges: &Arc<Challenges>,
        tokens: &Arc<Tokens>,
        runtime: &Runtime,
    ) -> Self {
        let (sightings, receiver) = Sightings::channel();
        let doors = Arc::new(Doors::new(Arc::clone(live), Arc::clone(challenges), Arc::clone(tokens), sightings));
        let tls = HttpTls::default();
        let limits = HttpLimits::default();
        let listeners =
            HttpListeners::new(routes(Arc::clone(&doors)), Arc::clone(&tls), limits, runtime.handle().clone());
        let front = Front {
            listeners: Some(listeners),
            tls,
            loaded: None,
            wanted: settings.acme.clone(),
            troubles: Vec::new(),
        };
        let received = Arc::new(Received {
            doors,
            tokens: Arc::clone(tokens),
            front: Mutex::new(front),
            sightings: Mutex::new(Some(receiver)),
        });
        received.front().follow();
        for url in received.urls() {
            tracing::info!("ACME clients are heard on {url}");
        }
        let again = runtime.spawn(try_again(Arc::clone(&received)));
        Receiving { received, again }
    }

    /// Listens as these settings say.
    pub(super) fn follow(&self, settings: &Settings) {
        let mut front = self.received.front();
        front.wanted = settings.acme.clone();
        front.follow();
    }

    /// What others may look at.
    pub(super) fn state(&self) -> &Arc<Received> {
        &self.received
    }

    /// Hears nobody any more, and waits at most so long until requests that have begun are answered.
    pub(super) async fn stop(self, patience: Duration) {
        self.again.abort();
        let listeners = self.received.front().listeners.take();
        if let Some(listeners) = listeners {
            listeners.stop(patience).await;
        }
    }
}

impl Received {
    /// What keeps ACME clients from being heard.
    pub(super) fn troubles(&self) -> Vec<Finding> {
        self.front().troubles.iter().cloned().chain(self.tokens.trouble()).collect()
    }

    /// The addresses that are listened on, and whether with TLS.
    pub(super) fn addresses(&self) -> (Vec<SocketAddr>, bool) {
        let front = self.front();
        let addresses = front.listeners.as_ref().map(HttpListeners::addresses).unwrap_or_default();
        (addresses, front.tls.load().is_some())
    }

    /// What happened at the doors.
    pub(super) fn counts(&self) -> impl Iterator<Item = (String, u64)> + use<> {
        self.doors.counts().named().into_iter().map(|(name, count)| (name.to_owned(), count))
    }

    /// What is seen of the CA; for one taker.
    pub(super) fn take_sightings(&self) -> Option<Receiver<Sighting>> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The doors.
    pub(super) fn doors(&self) -> &Arc<Doors> {
        &self.doors
    }

    fn urls(&self) -> Vec<String> {
        let (addresses, secure) = self.addresses();
        let scheme = if secure { "https" } else { "http" };
        addresses.iter().map(|address| format!("{scheme}://{address}")).collect()
    }

    fn front(&self) -> MutexGuard<'_, Front> {
        // Each part is whole whatever happened under the lock.
        self.front.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Front {
    /// Certificate first: what is to be HTTPS is never plain HTTP for a moment.
    fn follow(&mut self) {
        let mut troubles = Vec::new();
        let secure = self.follow_certificate(&mut troubles);
        let wanted: &[SocketAddr] = if secure { &self.wanted.listen } else { &[] };
        if let Some(listeners) = &mut self.listeners
            && let Err(errors) = listeners.follow(wanted)
        {
            troubles.extend(errors.iter().map(not_heard));
        }
        troubles.iter().filter(|trouble| !self.troubles.contains(trouble)).for_each(tell);
        self.troubles = troubles;
    }

    /// False when there is no certificate where there must be one.
    fn follow_certificate(&mut self, troubles: &mut Vec<Finding>) -> bool {
        let Some((certificate, key)) = self.wanted.certificate.clone().filter(|_| !self.wanted.listen.is_empty())
        else {
            self.tls.store(None);
            self.loaded = None;
            return true;
        };
        let stamps = [Stamp::of(&certificate), Stamp::of(&key)];
        let files = (certificate, key, stamps);
        if self.loaded.as_ref() == Some(&files) {
            return true;
        }
        match server_tls(&files.0, &files.1) {
            Ok(config) => {
                if self.loaded.is_some() {
                    tracing::info!("{}: the new certificate is served from now on", files.0.display());
                }
                self.tls.store(Some(config));
                self.loaded = Some(files);
                true
            }
            Err(finding) => {
                troubles.push(finding);
                // The one before serves on: an expired certificate is better than none.
                self.tls.load().is_some()
            }
        }
    }
}

async fn try_again(received: Arc<Received>) {
    loop {
        sleep(AGAIN).await;
        let received = Arc::clone(&received);
        // Files are read.
        if tokio::task::spawn_blocking(move || received.front().follow()).await.is_err() {
            return;
        }
    }
}

fn not_heard(error: &BindError) -> Finding {
    let what = format!("ACME clients are not heard over HTTP: {}", error.reason);
    let remedy =
        "stop what holds the port or write another address in `listen` of [acme]; it is tried again every minute";
    Finding::new("ACME_LISTEN_FAILED", Severity::Error, error.address.to_string(), what, remedy).tolerated()
}
