//! What is seen of the cache from outside: choices of entries, their text, counts.

use super::names::present_records;
use super::slot::{Slot, State, flag};
use crate::dns::is_at_or_below;
use serde::Deserialize;
use serde::Serialize;

/// Which entries are meant; the default means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of one horizon, as [`crate::forward::Plan::tag`] has it.
    pub tag: Option<u32>,
    /// Of one name in wire format, in any case.
    pub name: Option<Box<[u8]>>,
    /// And of all names below that.
    pub below: bool,
    /// Of one type; NXDOMAIN counts for every type.
    pub rtype: Option<u16>,
}

impl Selection {
    pub(super) fn holds(&self, slot: &Slot) -> bool {
        let name = |name: &[u8]| {
            let own = slot.body.name();
            if self.below { is_at_or_below(own, name) } else { own.eq_ignore_ascii_case(name) }
        };
        self.tag.is_none_or(|tag| tag == slot.tag)
            && self.rtype.is_none_or(|rtype| rtype == slot.rtype || slot.is_cut())
            && self.name.as_deref().is_none_or(name)
    }
}

/// What kind of answer an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Records.
    Answer,
    /// The name exists, or is an alias of one that does, but has no records of the type.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// No upstream could tell.
    Failure,
}

/// One entry as a person is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The horizon, as [`crate::forward::Plan::tag`] has it.
    pub tag: u32,
    /// The name as text.
    pub name: String,
    /// QTYPE; 0 for an NXDOMAIN, which counts for all.
    pub rtype: u16,
    /// The DO bit of the questions that it answers.
    pub dnssec_ok: bool,
    /// The CD bit of the questions that it answers.
    pub checking_disabled: bool,
    /// The RCODE.
    pub rcode: u16,
    /// What kind of answer it is.
    pub kind: Kind,
    /// It was validated, here or by the upstream.
    pub authentic: bool,
    /// Seconds left; below 0 for one that ended so long ago and is kept for when no upstream answers.
    pub left: i64,
    /// How often it was handed out since it was stored.
    pub hits: u32,
    /// Octets that it takes.
    pub octets: usize,
    /// INFO-CODE and EXTRA-TEXT of its extended error.
    pub note: Option<(u16, String)>,
    /// Its records as zone text has them, one each, with the TTLs that they would be handed out with.
    pub records: Vec<String>,
}

impl Shown {
    pub(super) fn of(slot: &Slot, now: u32) -> Self {
        const NXDOMAIN: u16 = 3;
        let key = slot.key();
        Shown {
            tag: slot.tag,
            name: crate::dns::present_name(key.name),
            rtype: slot.rtype,
            dnssec_ok: key.dnssec_ok,
            checking_disabled: key.checking_disabled,
            rcode: slot.rcode,
            kind: match slot.rcode {
                _ if slot.has(flag::FAILURE) => Kind::Failure,
                NXDOMAIN => Kind::NxDomain,
                _ if slot.has(flag::NEGATIVE) => Kind::NoData,
                _ => Kind::Answer,
            },
            authentic: slot.has(flag::AUTHENTIC),
            left: i64::from(slot.end()) - i64::from(now),
            hits: slot.hits,
            octets: slot.body.size() + size_of::<Slot>(),
            note: slot.has(flag::NOTED).then(|| (slot.note, slot.body.text().to_owned())),
            records: present_records(&slot.body, now.saturating_sub(slot.stored)),
        }
    }
}

/// Counts of the cache: what it holds now, and what happened since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Octets that it may take.
    pub size: usize,
    /// Octets that it takes, its index included.
    pub octets: usize,
    /// Entries.
    pub entries: usize,
    /// Of these, denials.
    pub negative: usize,
    /// Of these, failures.
    pub failures: usize,
    /// Of these, those that have ended and wait for upstreams that fail.
    pub stale: usize,
    /// Questions that were answered from it, the next three included.
    pub hits: u64,
    /// With an answer that had ended.
    pub stale_hits: u64,
    /// With a failure.
    pub failure_hits: u64,
    /// From the NXDOMAIN of a name above (RFC 8020).
    pub cut_hits: u64,
    /// Questions that were not answered from it.
    pub misses: u64,
    /// Answers that were stored.
    pub stored: u64,
    /// Answers that went early to make room.
    pub evicted: u64,
    /// Refreshes that were asked for before an answer's end.
    pub refreshes: u64,
}

impl Stats {
    /// Adds what one shard holds.
    pub(super) fn count(&mut self, slots: &[Slot], now: u32, stale: u32) {
        for slot in slots.iter().filter(|slot| !slot.is_gone(now, stale)) {
            self.entries += 1;
            self.negative += usize::from(slot.has(flag::NEGATIVE));
            self.failures += usize::from(slot.has(flag::FAILURE));
            self.stale += usize::from(slot.state(now, stale) == State::Stale);
        }
    }

    /// Adds what happened in one shard.
    pub(super) fn add(&mut self, shard: &Stats) {
        self.hits += shard.hits;
        self.stale_hits += shard.stale_hits;
        self.failure_hits += shard.failure_hits;
        self.cut_hits += shard.cut_hits;
        self.misses += shard.misses;
        self.stored += shard.stored;
        self.evicted += shard.evicted;
        self.refreshes += shard.refreshes;
    }
}
