//! What the server lays out for the control socket, and the socket itself, which may move while the server runs.

use super::forwarding::Forwarding;
use super::orders::Orders;
use super::outcome::{Cause, Outcome};
use super::receiving::Received;
use super::securing::Secured;
use super::showing::Shown;
use super::status::Board;
use crate::control::{
    ControlListener, Desk, ErrandOrder, Health, LastReload, Published, ReloadOrder, ReloadOutcome, Traffic,
    serve as serve_control,
};
use crate::counters::{Counters, Event, RCODES};
use crate::dns::Rcode;
use crate::finding::{Finding, Place, Severity};
use crate::plugin::acme::Board as Reaches;
use crate::plugin::acme::{Challenges, Tokens};
use crate::query::Watched;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The server's side of the control socket.
#[derive(Debug)]
pub(super) struct Office {
    desk: Arc<Desk>,
    runtime: Handle,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    serving: JoinHandle<()>,
}

/// What the desk shows of ACME.
pub(super) struct OfAcme {
    pub(super) challenges: Arc<Challenges>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) reaches: Arc<Reaches>,
    pub(super) watched: Arc<Watched>,
}

/// Orders that wait until the thread that reloads takes them.
const ORDERS: usize = 16;

impl Office {
    /// What requests are answered from: `health` and `traffic` are looked at anew with each. Orders to reload are passed on
    /// from now on.
    pub(super) fn desk(
        published: Arc<Published>,
        (health, traffic): (Box<dyn Fn() -> Health + Send + Sync>, Traffic),
        orders: Orders,
        of_acme: OfAcme,
        runtime: &Runtime,
    ) -> Desk {
        let (sender, receiver) = mpsc::channel(ORDERS);
        runtime.spawn(pass_on(receiver, orders.clone()));
        let (errands, errand_queue) = mpsc::channel(ORDERS);
        runtime.spawn(pass_on_errands(errand_queue, orders));
        let OfAcme { challenges, tokens, reaches, watched } = of_acme;
        let published = Arc::new(ArcSwap::new(published));
        let traffic = Arc::new(traffic);
        Desk { published, health, reload: sender, errands, challenges, reaches, watched, tokens, traffic }
    }

    /// An office whose socket is still closed.
    pub(super) fn new(desk: Desk, runtime: Handle) -> Self {
        Office { desk: Arc::new(desk), runtime, open: None }
    }

    /// What requests are answered from.
    pub(super) fn shared_desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Binds the socket of a server that starts.
    ///
    /// # Errors
    /// CONTROL_SOCKET: another server has it, or it cannot be made.
    pub(super) fn bind_first(path: &Path) -> Result<ControlListener, Vec<Finding>> {
        ControlListener::bind(path).map_err(|error| vec![control_socket(path, &error.to_string())])
    }

    /// Binds the socket if it is not the one that is open already.
    ///
    /// # Errors
    /// As [`Office::bind_first`].
    pub(super) fn bind(&self, path: &Path) -> Result<Option<ControlListener>, Vec<Finding>> {
        if self.open.as_ref().is_some_and(|open| open.path == path) {
            return Ok(None);
        }
        Office::bind_first(path).map(Some)
    }

    /// Serves on a new socket, if there is one, in the place of the old one.
    pub(super) fn adopt(&mut self, listener: Option<ControlListener>) {
        let Some(listener) = listener else { return };
        let desk = Arc::clone(&self.desk);
        let path = listener.path().to_path_buf();
        let serving = self.runtime.spawn(async move {
            if let Err(error) = serve_control(&listener, desk).await {
                tracing::error!("the control socket cannot be served: {error}");
            }
        });
        self.close();
        self.open = Some(Open { path, serving });
    }

    /// Shows another state from now on.
    pub(super) fn publish(&self, published: Arc<Published>) {
        self.desk.published.store(published);
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.serving.abort();
        }
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.close();
    }
}

async fn pass_on(mut receiver: mpsc::Receiver<ReloadOrder>, orders: Orders) {
    while let Some(order) = receiver.recv().await {
        let orders = orders.clone();
        // Each waits by itself, so that those that come during a reload share the next one.
        tokio::spawn(async move {
            if let Some(outcome) = orders.reload(Cause::Asked).await {
                let _ = order.done.send(reply(outcome));
            }
        });
    }
}

async fn pass_on_errands(mut receiver: mpsc::Receiver<ErrandOrder>, orders: Orders) {
    while let Some(order) = receiver.recv().await {
        orders.errand(order);
    }
}

fn reply(outcome: Outcome) -> ReloadOutcome {
    ReloadOutcome {
        live: outcome.failing.is_empty(),
        changed: outcome.zones,
        findings: outcome.failing.into_iter().chain(outcome.findings).collect(),
    }
}

/// Looks at the server as it is whenever it is called.
pub(super) fn health(
    board: &Arc<Board>,
    counters: &Arc<Counters>,
    forwarding: &Arc<Forwarding>,
    challenges: &Arc<Challenges>,
    received: &Arc<Received>,
    secured: &Arc<Secured>,
    shown: &Arc<Shown>,
) -> impl Fn() -> Health + Send + Sync + use<> {
    let (board, counters, forwarding) = (Arc::clone(board), Arc::clone(counters), Arc::clone(forwarding));
    let (challenges, received) = (Arc::clone(challenges), Arc::clone(received));
    let (secured, shown) = (Arc::clone(secured), Arc::clone(shown));
    move || {
        let status = board.load();
        Health {
            started: status.started,
            listen: status.listening.clone(),
            workers: status.serving.settings.server.workers,
            last_reload: LastReload {
                at: status.tried,
                live: status.is_well(),
                findings: status
                    .failing
                    .iter()
                    .chain(&status.serving.findings)
                    .cloned()
                    .chain(challenges.trouble())
                    .chain(received.troubles())
                    .chain(secured.troubles())
                    .chain(shown.troubles())
                    .collect(),
            },
            counters: named(&counters).into_iter().chain(received.counts()).collect(),
            http: received.addresses(),
            encrypted: secured.shown(),
            upstreams: forwarding.upstreams(),
            challenges: challenges.count(),
            web: shown.addresses(),
            totals: counters.totals(),
            live_since: status.live_since,
        }
    }
}

/// Every counter by name; RCODEs that never occurred are left out.
fn named(counters: &Counters) -> BTreeMap<String, u64> {
    let totals = counters.totals();
    let events = Event::ALL.into_iter().map(|event| (name(event).to_owned(), totals.of(event)));
    let rcodes = totals.replies.iter().enumerate().filter(|(_, count)| **count > 0);
    let rcodes = rcodes.map(|(rcode, count)| {
        let name =
            if rcode + 1 == RCODES { "other".to_owned() } else { Rcode::masked_from_int(rcode as u8).to_string() };
        (format!("replies_{}", name.to_ascii_lowercase()), *count)
    });
    events.chain(rcodes).collect()
}

fn name(event: Event) -> &'static str {
    match event {
        Event::QueriesUdp => "queries_udp",
        Event::QueriesTcp => "queries_tcp",
        Event::QueriesTls => "queries_tls",
        Event::QueriesHttps => "queries_https",
        Event::QueriesQuic => "queries_quic",
        Event::DroppedByKernel => "queries_dropped_by_kernel",
        Event::Dropped => "queries_dropped",
        Event::Truncated => "replies_truncated",
        Event::SendFailed => "replies_not_sent",
        Event::TcpAccepted => "tcp_connections_accepted",
        Event::TcpRefused => "tcp_connections_refused",
        Event::TcpClosedIdle => "tcp_connections_closed_idle",
        Event::TcpClosedSlow => "tcp_connections_closed_slow",
        Event::TcpAcceptPaused => "tcp_accept_paused",
        Event::SecureAccepted => "encrypted_connections_accepted",
        Event::SecureRefused => "encrypted_connections_refused",
        Event::HandshakeFailed => "handshakes_failed",
        Event::QuicRetry => "quic_retries",
        Event::ProtocolBroken => "protocol_broken",
        Event::RateDropped => "rate_dropped",
        Event::RateSlipped => "rate_slipped",
        Event::NotForwarded => "questions_not_forwarded",
        Event::SignedNotTaken => "signed_not_taken",
        Event::SignatureBad => "signatures_bad",
        Event::UpdateMade => "updates_made",
        Event::UpdateRefused => "updates_refused",
        Event::ReloadsOk => "reloads_live",
        Event::ReloadsFailed => "reloads_refused",
        Event::UpstreamAsked => "upstream_asked",
        Event::UpstreamTimeout => "upstream_timeouts",
        Event::UpstreamUseless => "upstream_useless",
        Event::UpstreamUnmatched => "upstream_unmatched",
        Event::ForwardMerged => "forward_merged",
        Event::ForwardFailed => "forward_failed",
        Event::ForwardStale => "forward_stale",
        Event::ForwardRefused => "forward_refused",
        Event::AnswerSecure => "answers_secure",
        Event::AnswerBogus => "answers_bogus",
        Event::AnswerIndeterminate => "answers_indeterminate",
    }
}

fn control_socket(path: &Path, error: &str) -> Finding {
    let (what, remedy) = error.split_once("; ").unwrap_or((error, "set another `control` in [server]"));
    Finding::new("CONTROL_SOCKET", Severity::Error, path.display().to_string(), what, remedy).seen_at(Place::file(path))
}
