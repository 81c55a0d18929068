//! One question under way: who waits for it, who was asked, and what came of that.

use super::slab::Id;
use super::sockets::Spot;
use super::wire::OwnQuery;
use crate::config::Dnssec;
use crate::forward::ask::Note;
use crate::forward::cache::{Entry, Key};
use crate::forward::miss::Waiter;
use crate::forward::plan::{Group, Plan};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// A question to upstreams.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) purpose: Purpose,
    pub(super) query: OwnQuery,
    pub(super) tries: Vec<Try>,
    /// What outcomes of streams and validation must say to be for this stage of the question.
    pub(super) serial: u32,
    /// When something must be done about it.
    pub(super) due: Instant,
    /// When its timer runs out; not later than `due`.
    pub(super) armed: Option<Instant>,
    pub(super) deadline: Instant,
}

/// What it is asked for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// For clients, or to refresh the cache.
    Ask(Box<Asked>),
    /// To see whether this upstream answers.
    Probe(Id),
    /// To see whether this upstream leads back to us.
    LoopCheck(Id),
}

/// A question of clients.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) plan: Arc<Plan>,
    pub(super) horizon: usize,
    pub(super) tag: u32,
    /// The upstreams of this stage.
    pub(super) group: Arc<Group>,
    pub(super) servers: Arc<[Id]>,
    /// As clients asked for it.
    pub(super) name: Box<[u8]>,
    pub(super) rtype: u16,
    pub(super) dnssec_ok: bool,
    pub(super) checking_disabled: bool,
    /// What equal questions are found by.
    pub(super) mark: u64,
    /// What the cache said when it left; see [`crate::forward::Cache::era`].
    pub(super) era: u32,
    pub(super) started: Instant,
    pub(super) waiters: Vec<Waiter>,
    pub(super) failures: Failures,
    /// Answers so far whose aliases lead on; none in the first stage.
    pub(super) chain: Option<Chain>,
    /// The answer that is being validated.
    pub(super) validating: Option<Entry>,
    /// Whoever waited has an answer that had ended; those who come now get it at once.
    pub(super) stale: Option<Entry>,
    pub(super) stale_looked_for: bool,
    /// How often all upstreams were gone through.
    pub(super) round: u8,
}

/// An alias that an upstream did not follow, followed by us.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) so_far: Entry,
    /// The name that is asked for now, last, and those before.
    pub(super) targets: Vec<Box<[u8]>>,
}

/// One message that was sent to an upstream.
#[derive(Debug)]
pub(super) struct Try {
    pub(super) server: Id,
    pub(super) way: TryWay,
    pub(super) sent: Instant,
    /// When it is overdue.
    pub(super) until: Instant,
    pub(super) round: u8,
    pub(super) state: TryState,
    /// Messages that came where it waits and fit nothing.
    pub(super) wrong: u8,
    pub(super) edns: bool,
    /// It replaces one whose reply had letters of another case.
    pub(super) for_case: bool,
}

/// Where the reply comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TryWay {
    Udp(Spot),
    Stream(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TryState {
    /// It is waited for.
    Open,
    /// It is overdue; an answer is still welcome.
    Late,
    /// It was answered, with something useless.
    Useless,
    /// Another one was better; it tells nothing of its server.
    Abandoned,
}

impl TryState {
    /// A reply is still taken.
    pub(super) fn is_pending(self) -> bool {
        matches!(self, TryState::Open | TryState::Late)
    }
}

impl Question {
    pub(super) fn asked(&mut self) -> Option<&mut Asked> {
        match &mut self.purpose {
            Purpose::Ask(asked) => Some(asked),
            Purpose::Probe(_) | Purpose::LoopCheck(_) => None,
        }
    }
}

impl Asked {
    /// What the answer is kept by.
    pub(super) fn key(&self) -> Key<'_> {
        self.key_for(&self.name)
    }

    /// The same for what this stage asks for.
    pub(super) fn stage_key(&self) -> Key<'_> {
        self.key_for(self.stage_name())
    }

    /// The name that is asked for now.
    pub(super) fn stage_name(&self) -> &[u8] {
        self.chain.as_ref().and_then(|chain| chain.targets.last()).unwrap_or(&self.name)
    }

    /// Answers are validated before anybody gets them. Who sets CD does that himself (RFC 4035 section 3.2.2).
    pub(super) fn validates(&self) -> bool {
        self.plan.settings.dnssec != Dnssec::Off && !self.checking_disabled
    }

    fn key_for<'a>(&self, name: &'a [u8]) -> Key<'a> {
        let Asked { tag, rtype, dnssec_ok, checking_disabled, .. } = *self;
        Key { tag, name, rtype, dnssec_ok, checking_disabled }
    }
}

/// What upstreams did instead of answering.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// The first extended error of an upstream, or of the validation.
    note: Option<Note>,
    /// What each did, in words; only as much as an extended error holds.
    words: String,
    /// Some did answer.
    answered: bool,
}

/// Codes of extended errors (RFC 8914 section 4).
pub(super) mod reason {
    pub(in crate::forward::service) const OTHER: u16 = 0;
    pub(in crate::forward::service) const NO_REACHABLE_AUTHORITY: u16 = 22;
    pub(in crate::forward::service) const NETWORK_ERROR: u16 = 23;
}

impl Failures {
    /// Nobody answered, or no message could be sent.
    pub(super) fn unreachable(&mut self, server: &str, what: &str) {
        self.say(server, what);
    }

    /// What came is no use.
    pub(super) fn useless(&mut self, server: &str, what: &str, note: Option<Note>) {
        self.answered = true;
        self.note = self.note.or(note);
        self.say(server, what);
    }

    /// No upstream is to blame.
    pub(super) fn own(&mut self, note: Note) {
        self.note = Some(note);
    }

    /// The whole as an extended error: the upstream's own word, if there is one.
    pub(super) fn note(&self) -> Note {
        let code = if self.answered { reason::NETWORK_ERROR } else { reason::NO_REACHABLE_AUTHORITY };
        self.note.unwrap_or_else(|| {
            Note::new(code, if self.words.is_empty() { "no upstream can be asked now" } else { &self.words })
        })
    }

    fn say(&mut self, server: &str, what: &str) {
        if self.words.len() < 160 && !self.words.contains(server) {
            let comma = if self.words.is_empty() { "" } else { "; " };
            // Writing to a string does not fail.
            let _ = write!(self.words, "{comma}{server}: {what}");
        }
    }
}
