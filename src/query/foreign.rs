//! Names that no zone holds, in horizons whose clients may use the forwarder: what is known of them leaves at once, and all
//! else becomes a question for an upstream. No lock but a shard's of the cache, no allocation before that.

use super::code::ede;
use super::code::rcode;
use super::pending::Status;
use super::pending::wants_recursion;
use super::pending::{KeptAs, Pending};
use super::verdict::Transport;
use super::verdict::Verdict;
use crate::answer::Reply;
use crate::answer::SearchName;
use crate::answer::flag;
use crate::dns::HEADER;
use crate::dns::UDP_SIZE;
use crate::forward::AT_ONCE;
use crate::forward::Ask;
use crate::forward::Foreign;
use crate::forward::Miss;
use crate::forward::Note;
use crate::forward::Return;
use crate::forward::Waiter;
use crate::forward::alias_targets;
use crate::forward::complete;
use crate::snapshot::Snapshot;
use std::net::IpAddr;
use std::sync::Arc;

/// Reads the places in memory that the cache's answers to a batch need, and the clock once for all of them. `octets`
/// gives the message of each.
pub fn reach_kept<'o>(pending: &mut [Pending], snapshot: &Snapshot, octets: impl Fn(usize) -> &'o [u8]) {
    let cache = snapshot.plan.cache();
    let mut now = None;
    let mut hashes = [0; AT_ONCE];
    let mut filled = 0;
    for (index, pending) in pending.iter_mut().enumerate() {
        let Some(view) = pending.asks_cache() else { continue };
        let (name, rtype) = pending.lookup.question();
        let ask = pending.question_to(view, name, rtype, octets(index));
        let Some(hash) = snapshot.plan.hash(&ask) else { continue };
        pending.kept = Some(KeptAs { now: *now.get_or_insert_with(|| cache.now()), hash });
        hashes[filled] = hash;
        filled += 1;
        if filled == AT_ONCE {
            cache.reach(&hashes);
            filled = 0;
        }
    }
    // One alone has nothing to overlap with.
    if filled > 1 {
        cache.reach(&hashes[..filled]);
    }
}

impl Pending {
    /// Writes what is known of a question whose name no zone holds.
    #[inline(never)]
    pub(super) fn ask_cache(&self, snapshot: &Snapshot, horizon: usize, octets: &[u8], reply: Reply<'_>) -> Verdict {
        let mut reply = reply;
        let flags = flag::RECURSION_AVAILABLE | octets.get(3).map_or(0, |flags| flags & flag::CHECKING_DISABLED);
        let refused = |why| Some(Status::new(rcode::REFUSED, ede::NOT_AUTHORITATIVE, why));
        if !wants_recursion(octets) {
            let why = "no zone of this client's horizon holds the name, and recursion was not asked for";
            return Verdict::Reply(self.end(reply, flags, refused(why)));
        }
        let plan = &snapshot.plan;
        let (name, rtype) = self.lookup.question();
        let ask = self.question_to(horizon, name, rtype, octets);
        let said = match self.kept {
            Some(KeptAs { now, hash }) => plan.answer_at(&ask, hash, now, &mut reply),
            None => plan.answer(&ask, plan.cache().now(), &mut reply),
        };
        match said {
            Foreign::Written { rcode, authentic, note, refresh } => {
                let flags = flags | if authentic { flag::AUTHENTIC_DATA } else { 0 };
                let length = self.end_foreign(reply, flags, rcode, note.as_ref());
                if refresh { Verdict::Refresh(length) } else { Verdict::Reply(length) }
            }
            Foreign::Miss => Verdict::Forward(reply.finish(flags, None)),
            Foreign::NoUpstream => {
                let why = "no zone of this client's horizon holds the name, and no upstream is set for it";
                Verdict::Reply(self.end(reply, flags, refused(why)))
            }
        }
    }

    /// Completes an answer whose last alias leads to a name that no zone holds; the name stands at `target` of the reply.
    ///
    /// AA is about the first owner, which is ours (RFC 1034 section 4.1.1 on answers with aliases); AD stays clear, for our
    /// part was not validated.
    #[cold]
    #[inline(never)]
    pub(super) fn chase(
        &self,
        snapshot: &Snapshot,
        horizon: usize,
        transport: Transport,
        octets: &[u8],
        target: usize,
        reply: Reply<'_>,
    ) -> Verdict {
        match transport {
            Transport::Udp => self.chase_in(&mut [0; UDP_SIZE], snapshot, horizon, octets, target, reply),
            Transport::Stream => self.chase_in(&mut [0; LARGEST], snapshot, horizon, octets, target, reply),
        }
    }

    fn chase_in(
        &self,
        scratch: &mut [u8],
        snapshot: &Snapshot,
        horizon: usize,
        octets: &[u8],
        target: usize,
        mut reply: Reply<'_>,
    ) -> Verdict {
        let flags = flag::RECURSION_AVAILABLE | octets.get(3).map_or(0, |flags| flags & flag::CHECKING_DISABLED);
        let mut name = SearchName::blank();
        if name.read_message(reply.octets(), target).is_err() {
            return Verdict::Reply(self.end(reply, flags, None));
        }
        let (_, rtype) = self.lookup.question();
        let ask = self.question_to(horizon, name.wire(), rtype, octets);
        let plan = &snapshot.plan;
        let mut question = [0; HEADER + 255 + 4];
        question[5] = 1;
        let end = HEADER + name.wire().len();
        question[HEADER..end].copy_from_slice(name.wire());
        question[end..end + 2].copy_from_slice(&rtype.to_be_bytes());
        question[end + 3] = 1;
        let limit = scratch.len();
        let Some(mut foreign) = Reply::new(scratch, &question[..end + 4], limit, 0) else {
            return Verdict::Reply(self.end(reply, flags, None));
        };
        match plan.answer(&ask, plan.cache().now(), &mut foreign) {
            Foreign::Written { rcode, note, refresh, .. } => {
                let length = foreign.finish(0, None);
                complete(&mut reply, target, &scratch[..length]);
                let length = self.end_foreign(reply, flags, rcode, note.as_ref());
                if refresh { Verdict::Refresh(length) } else { Verdict::Reply(length) }
            }
            Foreign::Miss => Verdict::Forward(reply.finish(flags, None)),
            Foreign::NoUpstream => Verdict::Reply(self.end(reply, flags, None)),
        }
    }

    /// The question for the forwarder of a query whose verdict was [`Verdict::Forward`] with `reply`; the reply will go
    /// through `back`. None for a query with another verdict.
    pub fn miss(
        &self,
        snapshot: &Snapshot,
        client: IpAddr,
        transport: Transport,
        octets: &[u8],
        reply: &[u8],
        back: Box<dyn Return>,
    ) -> Option<Miss> {
        let waiter = Waiter {
            client,
            query: octets.into(),
            question_end: self.question.end,
            edns: self.question.edns,
            cookie: self.question.cookie.map(|cookie| cookie.reply),
            limit: self.limit(transport),
            ours: (!self.is_foreign()).then(|| reply.into()),
            back,
        };
        Some(Miss { waiter: Some(waiter), ..self.refresh(snapshot, octets, reply)? })
    }

    /// The question for the forwarder by which an answer is refreshed: of a query whose verdict was [`Verdict::Refresh`]
    /// with `reply`. Nobody waits for it.
    pub fn refresh(&self, snapshot: &Snapshot, octets: &[u8], reply: &[u8]) -> Option<Miss> {
        let horizon = self.horizon()?;
        let (name, rtype) = self.lookup.question();
        let name = if self.is_foreign() { name.into() } else { way_out(snapshot, horizon, reply)? };
        let Ask { dnssec_ok, checking_disabled, .. } = self.question_to(horizon, &name, rtype, octets);
        let plan = Arc::clone(&snapshot.plan);
        Some(Miss { plan, horizon, name, rtype, dnssec_ok, checking_disabled, waiter: None })
    }

    /// Writes the reply for a question that the forwarder did not take. Returns its length; none when it does not fit.
    pub fn not_forwarded(&self, transport: Transport, octets: &[u8], buffer: &mut [u8]) -> Option<usize> {
        let why = "too many questions wait for upstreams, or the forwarder does not run";
        let reply = self.begin(transport, octets, buffer)?;
        let status = Status::new(rcode::SERVFAIL, ede::OTHER, why);
        Some(self.end(reply, flag::RECURSION_AVAILABLE, Some(status)))
    }

    fn question_to<'n>(&self, horizon: usize, name: &'n [u8], rtype: u16, octets: &[u8]) -> Ask<'n> {
        let flags = octets.get(3).copied().unwrap_or_default();
        Ask {
            horizon,
            name,
            rtype,
            dnssec_ok: self.question.edns.is_some_and(|edns| edns.dnssec_ok),
            checking_disabled: flags & flag::CHECKING_DISABLED != 0,
            authentic_data: flags & flag::AUTHENTIC_DATA != 0,
        }
    }

    fn end_foreign(&self, mut reply: Reply<'_>, flags: u8, rcode: u16, note: Option<&Note>) -> usize {
        reply.rcode = (rcode & 0x0F) as u8;
        let opt = self.opt((rcode >> 4) as u8, note.map(|note| (note.code, note.text())));
        reply.finish(flags, opt.as_ref())
    }
}

/// Octets of the largest message.
const LARGEST: usize = u16::MAX as usize;

/// The first alias target in a reply that no zone of its horizon holds, lower-cased.
fn way_out(snapshot: &Snapshot, horizon: usize, reply: &[u8]) -> Option<Box<[u8]>> {
    let view = snapshot.views.get(horizon)?;
    let mut name = SearchName::blank();
    for target in alias_targets(reply) {
        name.read_message(reply, target).ok()?;
        if view.zones.locate(&name, false).is_none() {
            return Some(name.wire().into());
        }
    }
    None
}
