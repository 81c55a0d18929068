//! The server from start to end.

use super::challenging::Challenging;
use super::editing::Workshop;
use super::fetching::Fetching;
use super::forwarding::Forwarding;
use super::inputs::Inputs;
use super::office::{OfAcme, Office, health};
use super::orders::Orders;
use super::outcome::{Cause, Outcome};
use super::pipeline::{Candidate, Failure, candidate};
use super::probing::Probing;
use super::reaching::{Reaching, listen};
use super::receiving::{Received, Receiving};
use super::reload::{Reloads, tell};
use super::renewing::Renewal;
use super::securing::{Secured, Securing};
use super::showing::{Showing, Shown};
use super::source::Source;
use super::status::{Board, Status};
use super::supervised::{Herald, Proof, ProofOf, Supervisor};
use super::unwritten::{unwritten, write};
use super::updating::Updating;
use super::watch::{Patience, Watch};
use crate::control::Traffic;
use crate::counters::Counters;
use crate::finding::{Finding, Severity};
use crate::forward::Forwarder;
use crate::plugin::acme::Board as Reaches;
use crate::plugin::acme::doors::Doors;
use crate::plugin::acme::{Challenges, Notices};
use crate::snapshot::Live;
use crate::transport::{BindError, Encryption, Limits, Listeners};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A server that listens.
#[derive(Debug)]
#[must_use = "a server that is dropped stops"]
pub struct Server {
    orders: Orders,
    board: Arc<Board>,
    challenges: Arc<Challenges>,
    herald: Herald,
    reaches: Arc<Reaches>,
    notices: Notices,
    received: Arc<Received>,
    secured: Arc<Secured>,
    runtime: Handle,
    /// None once it was stopped.
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    runtime: Runtime,
    reloading: JoinHandle<Reloads>,
    proof: Option<Proof>,
}

/// The signals that a server minds.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

/// Files that are open beside the sockets for DNS, and some to spare: zone files, watches, the control socket.
const RESERVED_FILES: usize = 128;

/// How long a shutdown waits for TCP clients to take their last answers.
const FAREWELL: Duration = Duration::from_secs(5);

impl Server {
    /// Loads, listens and watches.
    ///
    /// A faulty inventory, or generated zone files that cannot be written, do not keep the server from starting as long as
    /// there is some zone to serve: an operator who reboots wants names first. [`Status::failing`] says so until it is
    /// mended.
    ///
    /// # Errors
    /// Every finding that refuses the load, and every address that cannot be listened on.
    pub fn start(source: Source) -> Result<Self, Vec<Finding>> {
        Server::start_under(Supervisor::default(), source)
    }

    /// As [`Server::start`], under a service manager: with the sockets it has for us, which it also gets to keep.
    ///
    /// # Errors
    /// Those of [`Server::start`].
    pub fn start_under(mut supervisor: Supervisor, source: Source) -> Result<Self, Vec<Finding>> {
        let settings_before = Inputs::of_config(&source.config);
        let inputs = source.settings().map_or(settings_before, |settings| Inputs::of(&settings));
        let mut workshop = Workshop::new(inputs.zones());
        // An edit that a crash cut short is finished or taken back before the zones are read.
        workshop.look_after();
        let mut seen = inputs.stamps();
        let mut candidate = first(&source)?;
        let runtime = Runtime::new().map_err(|error| system("the asynchronous side", &error))?;
        let live = Arc::new(Live::new(Arc::clone(&candidate.published.snapshot)));
        let server = &candidate.settings.server;
        let counters = Arc::new(Counters::new(1 + server.listen.len() * server.workers));
        let forwards = candidate.settings.horizons.iter().any(|horizon| horizon.forward);
        let upstream_files = if forwards { Forwarder::FILES } else { 0 };
        let limits = Limits::affordable(RESERVED_FILES + upstream_files + 2 * server.listen.len() * server.workers);
        let mut listeners = Listeners::new(Arc::clone(&live), Arc::clone(&counters), limits, runtime.handle().clone());
        supervisor.findings(&server.listen).iter().for_each(tell);
        let mut keeper = supervisor.keeper();
        listeners.inherit(std::mem::take(&mut supervisor.inherited));
        let forwarding = Arc::new(Forwarding::new(&counters, runtime.handle().clone()));
        forwarding.prepare(&candidate.settings, &listeners)?;
        let opened = listeners
            .open(&server.listen, server.workers)
            .map_err(|errors| errors.iter().map(BindError::finding).collect::<Vec<_>>())?;
        let control = Office::bind_first(&server.control)?;
        if let Err(withheld) = write(&candidate.plan) {
            candidate = unwritten(&source, None, candidate, withheld).map_err(|failure| failure.findings)?;
        }
        for change in std::mem::take(&mut candidate.plan).files {
            seen.refresh(&change.path, change.after.as_deref());
        }
        // What could not be written may have made it another one.
        live.store(Arc::clone(&candidate.published.snapshot));
        let challenging = Challenging::start(&candidate.settings, &live, runtime.handle());
        let reaching = Reaching::start(&candidate.settings, &candidate.published.acme, runtime.handle());
        let (orders, queue) = Orders::new();
        let values = challenging.challenges();
        let updating = Updating::start(&candidate.settings, &live, values, &counters, orders.clone(), &listeners)
            .map_err(|error| system("the desk for signed messages", &error))?;
        listeners.adopt(opened).map_err(|error| system("the listeners", &error))?;
        keeper.follow(&mut listeners);
        candidate.findings.iter().chain(&candidate.withheld).for_each(tell);
        let published = Arc::clone(&candidate.published);
        let board = Arc::new(Board::from_pointee(status(candidate, &listeners)));
        let watched = listeners.recent().watched();
        let serving = Arc::clone(&board.load().serving);
        let (settings, assessment) = (&serving.settings, &serving.published.acme);
        let receiving = Receiving::start(settings, assessment, &live, values, updating.tokens(), &runtime);
        if let Some(sightings) = receiving.state().take_sightings() {
            listen(reaching.board(), sightings).map_err(|error| system("the hearing of the tripwire", &error))?;
        }
        let renewal =
            Renewal { live: Arc::clone(&live), challenges: Arc::clone(values), reaches: Arc::clone(reaching.board()) };
        let securing = Securing::start(settings, &listeners, renewal, runtime.handle());
        let shown = Arc::new(Shown::default());
        let health =
            Box::new(health(&board, &counters, &forwarding, values, receiving.state(), securing.state(), &shown));
        let of_acme = OfAcme {
            challenges: Arc::clone(values),
            tokens: Arc::clone(updating.tokens()),
            reaches: Arc::clone(reaching.board()),
            watched: Arc::clone(&watched),
        };
        let traffic = Traffic::new(listeners.feed(), Arc::clone(&counters));
        let desk = Office::desk(published, (health, traffic), orders.clone(), of_acme, &runtime);
        let mut office = Office::new(desk, runtime.handle().clone());
        office.adopt(Some(control));
        let settings = &board.load().serving.settings;
        let showing = Showing::start(settings, shown, office.shared_desk(), &live, runtime.handle());
        let asking = orders.clone();
        let watch = Watch::start(Patience::default(), move || asking.ask(Cause::Files))
            .map_err(|error| system("the watching of files", &error))?;
        watch.folders(inputs.folders());
        let fetching =
            Fetching::start(&board.load().serving.settings).map_err(|error| system("the fetching of lists", &error))?;
        let challenges = Arc::clone(challenging.challenges());
        let herald = supervisor.herald;
        let proof_of = |period| ProofOf { herald, board: Arc::clone(&board), counters: Arc::clone(&counters), period };
        let proof = supervisor.watchdog.map(|period| Proof::start(proof_of(period))).transpose();
        let proof = proof.map_err(|error| system("the watchdog", &error))?;
        let (reaches, notices) = (Arc::clone(reaching.board()), reaching.notices());
        let probing = Probing::start(&board, &reaching, &challenges, watched, runtime.handle());
        let received = Arc::clone(receiving.state());
        let secured = Arc::clone(securing.state());
        let reloads = Reloads {
            source,
            live,
            board: Arc::clone(&board),
            counters,
            listeners,
            forwarding,
            challenging,
            reaching,
            probing,
            updating,
            receiving,
            securing,
            showing,
            office,
            watch,
            fetching,
            workshop,
            inputs,
            seen,
            tried: Instant::now(),
            postponed: None,
            herald,
            keeper,
        };
        let reloading = queue.serve(reloads).map_err(|error| system("the reloading of files", &error))?;
        let handle = runtime.handle().clone();
        let running = Some(Running { runtime, reloading, proof });
        Ok(Server { orders, board, challenges, herald, reaches, notices, received, secured, runtime: handle, running })
    }

    /// The addresses that are listened on.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.board.load().listening.clone()
    }

    /// The addresses where encrypted DNS is listened for.
    pub fn encrypted(&self) -> Vec<(Encryption, SocketAddr)> {
        self.secured.addresses()
    }

    /// Where challenge values are written: what is written serves at once.
    pub fn challenges(&self) -> &Arc<Challenges> {
        &self.challenges
    }

    /// What is known of each name's challenges.
    pub fn reaches(&self) -> &Arc<Reaches> {
        &self.reaches
    }

    /// Where probes and observers tell what they saw.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// The HTTP doors of ACME clients.
    pub fn doors(&self) -> &Arc<Doors> {
        self.received.doors()
    }

    /// The state now.
    pub fn status(&self) -> Arc<Status> {
        self.board.load_full()
    }

    /// Takes signals from now on: until then they end the process at once.
    ///
    /// # Errors
    /// Signals cannot be taken.
    pub fn signals(&self) -> io::Result<Signals> {
        let _inside = self.runtime.enter();
        Ok(Signals {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Serves until SIGTERM or SIGINT, then finishes what has been asked. SIGHUP reloads.
    pub fn run(self, mut signals: Signals) {
        self.herald.ready(&self.status());
        self.runtime.block_on(async {
            loop {
                let name = tokio::select! {
                    _ = signals.hangup.recv() => {
                        self.orders.ask(Cause::Signal);
                        continue;
                    }
                    _ = signals.terminate.recv() => "SIGTERM",
                    _ = signals.interrupt.recv() => "SIGINT",
                };
                tracing::info!("shutting down on {name}");
                return;
            }
        });
        self.stop();
    }

    /// Loads anew, as on a SIGHUP, and waits for what comes of it.
    pub fn reload(&self) -> Outcome {
        self.runtime.block_on(self.orders.reload(Cause::Asked)).unwrap_or_default()
    }

    /// Finishes what has been asked, then closes everything. Dropping does the same.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(Running { runtime, reloading, proof }) = self.running.take() else { return };
        self.herald.stopping();
        drop(proof);
        self.orders.end();
        // On a thread of its own: the caller may be a task of another runtime, where waiting is not allowed.
        let ending = thread::spawn(move || {
            if let Ok(Reloads { listeners, forwarding, receiving, securing, showing, office, watch, probing, .. }) =
                reloading.join()
            {
                drop((office, watch, probing));
                runtime.block_on(receiving.stop(FAREWELL));
                runtime.block_on(showing.stop(FAREWELL));
                runtime.block_on(async { tokio::join!(listeners.stop(FAREWELL), securing.stop(FAREWELL)) });
                // Who still waits, over UDP, is told so.
                forwarding.stop();
            }
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        let _ = ending.join();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The first load. Zones that only a faulty inventory could give are missing; without any zone at all there is nothing to
/// start for.
fn first(source: &Source) -> Result<Candidate, Vec<Finding>> {
    let candidate = candidate(source, None).map_err(|Failure { findings, .. }| findings)?;
    if candidate.zones.is_empty() && !candidate.withheld.is_empty() {
        return Err(candidate.withheld.into_iter().chain(candidate.findings).collect());
    }
    Ok(candidate)
}

fn status(candidate: Candidate, listeners: &Listeners) -> Status {
    let now = SystemTime::now();
    Status {
        started: now,
        live_since: now,
        tried: now,
        reloads: 0,
        refused: 0,
        listening: listeners.addresses(),
        failing: candidate.withheld.clone(),
        failing_since: (!candidate.withheld.is_empty()).then_some(now),
        serving: Arc::new(candidate),
    }
}

fn system(what: &str, error: &io::Error) -> Vec<Finding> {
    let remedy = "see the limits on threads, memory and open files of this service";
    vec![Finding::new("SYSTEM", Severity::Error, what, format!("cannot be started: {error}"), remedy)]
}
