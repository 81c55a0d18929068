//! One question and its reply over any transport that is no datagram: answered here, or by an upstream, or by the desk that
//! knows the keys. Octets in, octets out.

use super::frames::{LARGEST, PREFIX};
use super::late::{Counted, Late, LateReplies};
use super::limits::Limits;
use super::onward::Onward;
use super::quota::{Budget, Held};
use super::scratch::SCRATCH;
use crate::counters::{Carried, ELSEWHERE, Event, Worker};
use crate::dns::{pad, wants_padding};
use crate::query::{Noter, Pending, Transport, Verdict, Witness};
use crate::snapshot::{Live, Snapshot};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What all connections of one transport share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) live: Arc<Live>,
    pub(super) limits: Limits,
    pub(super) budget: Arc<Budget>,
    pub(super) counters: Arc<Worker>,
    pub(super) noter: Arc<Noter>,
    pub(super) witness: Arc<Witness>,
    pub(super) onward: Arc<Onward>,
    /// What these connections are counted as.
    pub(super) carried: Carried,
    /// Nobody but the client reads the replies: they are padded when it asks for it (RFC 7830 section 4).
    pub(super) private: bool,
}

impl Shared {
    /// Counts a reply that is ready to leave, and shows it to those who look.
    pub(super) fn count(&self, counted: Counted, client: IpAddr, reply: &[u8]) {
        self.counters.count_reply(self.carried, counted.place, reply);
        if let Some(begun) = counted.begun {
            self.counters.add_latency(self.witness.feed(begun, self.carried, counted.place, client, reply), 1);
        }
    }
}

/// Why a question has no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It is no query.
    NoQuery,
    /// All connections together hold too much.
    NoRoom,
    /// Whoever owes the reply did not give it.
    NotTold,
}

/// The reply to one message, within the budget of all connections; waits for upstreams.
///
/// # Errors
/// [`Unanswered`]
pub(super) async fn exchange(shared: &Shared, client: IpAddr, message: &[u8]) -> Result<Held, Unanswered> {
    let mut late = LateReplies::new(&shared.budget);
    let now = SCRATCH.with_borrow_mut(|scratch| {
        let mut used = 0;
        let verdict = append(&shared.live.load(), client, message, &mut scratch.output, &mut used, shared, &mut late);
        let mut held = shared.budget.empty();
        match verdict {
            Verdict::Drop => Err(Unanswered::NoQuery),
            Verdict::Forward(_) | Verdict::Signed => Ok(None),
            _ if held.replace(&scratch.output[PREFIX.min(used)..used]) => Ok(Some(held)),
            _ => Err(Unanswered::NoRoom),
        }
    })?;
    if let Some(reply) = now {
        return Ok(reply);
    }
    match timeout(LONGEST_WAIT, late.next()).await {
        Ok(Late::Reply(reply, counted)) => {
            shared.count(counted, client, reply.octets());
            Ok(reply)
        }
        Ok(Late::NoRoom) => Err(Unanswered::NoRoom),
        Ok(Late::Nothing) | Err(_) => Err(Unanswered::NotTold),
    }
}

/// Appends the answer to one message with its length, or hands it to the forwarder or to the desk that knows the keys, or
/// neither.
pub(super) fn append(
    snapshot: &Snapshot,
    client: IpAddr,
    message: &[u8],
    output: &mut [u8],
    used: &mut usize,
    shared: &Shared,
    late: &mut LateReplies,
) -> Verdict {
    let counters = &shared.counters;
    counters.count(shared.carried.asked());
    let begun = shared.witness.begin();
    let padded = shared.private && wants_padding(message);
    let (prefix, reply) = output[*used..*used + LARGEST].split_at_mut(PREFIX);
    let mut pending = Pending::new();
    pending.read(snapshot, client, message);
    let mut verdict = pending.answer(snapshot, Transport::Stream, message, reply);
    shared.noter.note(snapshot, std::slice::from_ref(&pending));
    if shared.noter.is_watching() {
        shared.noter.saw(snapshot, client, &pending);
    }
    let counted = Counted { place: pending.place(snapshot), begun };
    if let Verdict::Forward(length) = verdict {
        let back = late.way_back(counted, padded);
        let miss = pending.miss(snapshot, client, Transport::Stream, message, &reply[..length], back);
        if miss.is_some_and(|miss| shared.onward.submit(miss)) {
            return verdict;
        }
        counters.count(Event::NotForwarded);
        verdict = pending.not_forwarded(Transport::Stream, message, reply).map_or(Verdict::Drop, Verdict::Reply);
    }
    if verdict == Verdict::Signed {
        if shared.onward.submit_signed(client, Transport::Stream, message, || {
            late.way_back(Counted { place: ELSEWHERE, begun }, padded)
        }) {
            return verdict;
        }
        counters.count(Event::SignedNotTaken);
        verdict = pending.not_taken(Transport::Stream, message, reply).map_or(Verdict::Drop, Verdict::Reply);
    }
    if let Verdict::Refresh(length) = verdict
        && let Some(miss) = pending.refresh(snapshot, message, &reply[..length])
    {
        shared.onward.submit(miss);
    }
    let Some(length) = verdict.reply() else {
        counters.count(Event::Dropped);
        return Verdict::Drop;
    };
    let length = if padded { pad(reply, length) } else { length };
    let Ok(framed) = u16::try_from(length) else {
        counters.count(Event::Dropped);
        return Verdict::Drop;
    };
    shared.count(counted, client, &reply[..length]);
    prefix.copy_from_slice(&framed.to_be_bytes());
    *used += PREFIX + length;
    verdict
}

/// How long an outstanding answer is waited for; the forwarder gives up long before, and says so.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(30);
