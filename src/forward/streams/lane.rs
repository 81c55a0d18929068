//! The way to one upstream: its connections, when a new one is made, and when none is tried for a while.

use super::super::stream::StreamError;
use super::connect::Means;
use super::connect::Trouble;
use super::connect::connect;
use super::link::Link;
use super::link::Use;
use super::padding::pad;
use crate::config::Upstream;
use crate::config::Way;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::Notify;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

/// One upstream's connections.
#[derive(Debug)]
pub(super) struct Lane {
    upstream: Upstream,
    means: Arc<Means>,
    /// A place for each question under way, those that wait for a connection counted.
    places: Arc<Semaphore>,
    state: Mutex<State>,
    /// Told when a connection came, failed or has room again.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    links: Vec<Arc<Link>>,
    /// Connections that are being made.
    opening: usize,
    /// Failed attempts in a row.
    failures: u32,
    /// The last failure, and until when it stands for all that would be tried.
    failed: Option<(Trouble, Instant)>,
    /// Until when only one question at a time goes on each connection.
    one_at_a_time: Option<Instant>,
    used: Instant,
}

/// Questions under way to one upstream.
const PLACES: usize = 2048;
/// Connections to one upstream.
const LINKS: usize = 4;
/// Questions on one connection beyond which another is made while there may be more.
const SPREAD: usize = 64;
/// Questions on one connection at most.
const PER_LINK: usize = 512;
/// How often a question is asked again when connections end under it.
const TRIES: usize = 3;
/// After the first failed attempt; doubled for each one more.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a peer is taken for one that answers one question at a time.
const ONE_AT_A_TIME: Duration = Duration::from_secs(60);

impl Lane {
    pub(super) fn new(upstream: Upstream, means: Arc<Means>) -> Self {
        Lane {
            upstream,
            means,
            places: Arc::new(Semaphore::new(PLACES)),
            state: Mutex::new(State {
                links: Vec::new(),
                opening: 0,
                failures: 0,
                failed: None,
                one_at_a_time: None,
                used: Instant::now(),
            }),
            changed: Notify::new(),
        }
    }

    /// What is spoken, for people.
    pub(super) fn what(&self) -> &'static str {
        match self.upstream.way {
            Way::Plain(_) => "TCP",
            Way::Tls { .. } => "TLS",
            Way::Https { .. } => "HTTPS",
        }
    }

    /// A place for one question; none when all are taken.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    pub(super) fn is_used_within(&self, span: Duration) -> bool {
        let state = self.state();
        state.opening > 0 || state.links.iter().any(|link| link.is_good()) || state.used.elapsed() < span
    }

    /// Asks and waits for the reply, without end: the caller's deadline drops this.
    pub(super) async fn ask(self: &Arc<Self>, mut message: Vec<u8>) -> Result<Vec<u8>, StreamError> {
        if message.len() < crate::dns::HEADER || message.len() > usize::from(u16::MAX) {
            return Err(StreamError::Malformed("the question is no DNS message"));
        }
        if !matches!(self.upstream.way, Way::Plain(_)) {
            pad(&mut message);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let mut link = self.take().await?;
            let outcome = link.ask(&message).await;
            let was_early = link.was_early();
            drop(link);
            // The peer closed after a reply although more questions were there. Its reply may be lost when it closes, so a second
            // connection that ends under the question says the same.
            if let Err(failure) = &outcome
                && failure.again
                && (failure.answered && was_early || tries > 1 && !matches!(self.upstream.way, Way::Https { .. }))
            {
                self.state().one_at_a_time = Some(Instant::now() + ONE_AT_A_TIME);
            }
            self.changed.notify_waiters();
            match outcome {
                Ok(reply) => return Ok(reply),
                Err(failure) if failure.again && tries < TRIES => {}
                Err(failure) => return Err(failure.error),
            }
        }
    }

    /// A connection with room for a question; made when there is none.
    async fn take(self: &Arc<Self>) -> Result<Use, StreamError> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Before the look, so that no change between look and wait is missed.
            changed.as_mut().enable();
            if let Some(taken) = self.take_now()? {
                return Ok(taken);
            }
            changed.await;
        }
    }

    fn take_now(self: &Arc<Self>) -> Result<Option<Use>, StreamError> {
        let now = Instant::now();
        let mut state = self.state();
        state.used = now;
        state.links.retain(|link| link.is_good());
        let one_at_a_time = state.one_at_a_time.is_some_and(|until| until > now);
        let (spread, most) = if one_at_a_time { (1, 1) } else { (SPREAD, PER_LINK) };
        if one_at_a_time {
            // Such a peer closes after the answer, and may be about to.
            state.links.retain(|link| link.is_new() || link.under_way() > 0);
        }
        let best =
            state.links.iter().min_by_key(|link| link.under_way()).filter(|link| link.under_way() < most).cloned();
        if let Some(best) = &best
            && (best.under_way() < spread || state.links.len() + state.opening >= LINKS)
        {
            return Ok(Some(best.take()));
        }
        let failed = state.failed.as_ref().filter(|(_, until)| *until > now);
        match (failed, &best) {
            // There is one that works, if a busy one.
            (Some(_), Some(best)) => return Ok(Some(best.take())),
            (Some((trouble, _)), None) if state.links.is_empty() => return Err(trouble.error()),
            (Some(_), None) => {}
            // A few connections at a time while nothing is known of the peer: the first may be refused.
            (None, _) if state.links.len() + state.opening < LINKS && (state.opening == 0 || one_at_a_time) => {
                state.opening += 1;
                self.open();
            }
            (None, _) => {}
        }
        Ok(best.filter(|_| state.opening > 0).map(|best| best.take()))
    }

    /// Makes a connection beside the question that wants it, which may be given up before.
    fn open(self: &Arc<Self>) {
        let lane = Arc::clone(self);
        self.means.spawn(async move {
            let attempt = Attempt { lane: &lane };
            let outcome = connect(&lane.upstream, &lane.means).await;
            attempt.end(outcome);
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One attempt at a connection: counted off however it ends.
struct Attempt<'l> {
    lane: &'l Lane,
}

impl Attempt<'_> {
    fn end(self, outcome: Result<Arc<Link>, Trouble>) {
        let mut state = self.lane.state();
        match outcome {
            Ok(link) => {
                if state.failures > 0 {
                    tracing::info!("{}: connected again", self.lane.upstream);
                }
                state.failures = 0;
                state.failed = None;
                state.links.push(link);
            }
            Err(trouble) => {
                if state.failures == 0 {
                    tracing::warn!("{}: {}", self.lane.upstream, trouble.error());
                }
                let pause = SHORTEST_PAUSE.saturating_mul(1 << state.failures.min(10)).min(LONGEST_PAUSE);
                state.failures += 1;
                state.failed = Some((trouble, Instant::now() + pause));
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.lane.state().opening -= 1;
        self.lane.changed.notify_waiters();
    }
}
