//! One kept answer: its key, its age, and what became of it.

use super::body::{Body, Ttl};
use super::entry::Entry;
use super::key::{ALL_TYPES, Key};
use crate::answer::Reply;
use crate::forward::Foreign;
use crate::forward::Note;

/// What a shard holds of one key.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) body: Body,
    /// The lower half of the key's hash.
    pub(super) hash: u32,
    pub(super) tag: u32,
    /// When it was stored, in seconds since the cache began.
    pub(super) stored: u32,
    /// Seconds that it is fresh.
    pub(super) lifetime: u32,
    /// When upstreams are to be asked again; 0 unless they failed since this ended.
    pub(super) retry: u32,
    /// Since it was stored.
    pub(super) hits: u32,
    pub(super) rtype: u16,
    pub(super) rcode: u16,
    /// INFO-CODE, when it is `NOTED`.
    pub(super) note: u16,
    pub(super) flags: u8,
    /// How often upstreams failed in a row.
    pub(super) streak: u8,
}

pub(super) mod flag {
    pub(in crate::forward::cache) const DNSSEC_OK: u8 = 1;
    pub(in crate::forward::cache) const CHECKING_DISABLED: u8 = 2;
    pub(in crate::forward::cache) const AUTHENTIC: u8 = 4;
    pub(in crate::forward::cache) const NEGATIVE: u8 = 8;
    pub(in crate::forward::cache) const FAILURE: u8 = 16;
    /// Asked for since the hand of the clock came by.
    pub(in crate::forward::cache) const RECENT: u8 = 32;
    /// Its refresh was asked for.
    pub(in crate::forward::cache) const REFRESHING: u8 = 64;
    pub(in crate::forward::cache) const NOTED: u8 = 128;
}

/// What a slot is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Fresh,
    /// It has ended, but serves while upstreams fail (RFC 8767).
    Stale,
    /// Good for nothing.
    Dead,
}

/// TTL of a stale answer, in seconds (RFC 8767 section 4).
pub(in crate::forward) const STALE_TTL: u32 = 30;

/// Seconds that a failure is known, at first and at most (RFC 9520 section 3.2): a short one is over soon.
const FAILURE: u32 = 1;
const FAILURE_MOST: u32 = 30;

/// Seconds until upstreams are asked again for what a stale answer serves for, at first: nobody waits for that.
const RETRY: u32 = 5;

/// Seconds after its end that a failure is still remembered, so that the next one counts as a repetition.
const MEMORY: u32 = 60;

/// Only what lives so many seconds and was asked for so often is asked for again before it ends.
const PREFETCH_LIFETIME: u32 = 10;
const PREFETCH_HITS: u32 = 3;

const NXDOMAIN: u16 = 3;

/// INFO-CODEs (RFC 8914 section 4).
const STALE_ANSWER: u16 = 3;
const CACHED_ERROR: u16 = 13;
const STALE_NXDOMAIN: u16 = 19;

impl Slot {
    pub(super) fn new(hash: u32, key: &Key<'_>, entry: Entry, now: u32) -> Self {
        let set = |condition: bool, flag: u8| if condition { flag } else { 0 };
        Slot {
            hash,
            tag: key.tag,
            stored: now,
            lifetime: entry.lifetime,
            retry: 0,
            hits: 0,
            rtype: key.rtype,
            rcode: entry.rcode,
            note: entry.note.unwrap_or_default(),
            flags: key_flags(key)
                | set(entry.authentic, flag::AUTHENTIC)
                | set(entry.negative, flag::NEGATIVE)
                | set(entry.failure, flag::FAILURE)
                | set(entry.note.is_some(), flag::NOTED),
            streak: 0,
            body: entry.body,
        }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn is_for(&self, hash: u32, key: &Key<'_>) -> bool {
        self.hash == hash
            && self.rtype == key.rtype
            && self.tag == key.tag
            && self.flags & (flag::DNSSEC_OK | flag::CHECKING_DISABLED) == key_flags(key)
            && self.body.name() == key.name
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key {
            tag: self.tag,
            name: self.body.name(),
            rtype: self.rtype,
            dnssec_ok: self.has(flag::DNSSEC_OK),
            checking_disabled: self.has(flag::CHECKING_DISABLED),
        }
    }

    /// NXDOMAIN, for all types and for all names below.
    pub(super) fn is_cut(&self) -> bool {
        self.rtype == ALL_TYPES
    }

    /// When it stops being fresh, in seconds since the cache began.
    pub(super) fn end(&self) -> u32 {
        self.stored.saturating_add(self.lifetime)
    }

    /// `stale` is how long answers are kept after their end, in seconds.
    pub(super) fn state(&self, now: u32, stale: u32) -> State {
        let end = self.end();
        if now < end {
            State::Fresh
        } else if !self.has(flag::FAILURE) && now - end < stale {
            State::Stale
        } else {
            State::Dead
        }
    }

    /// True when nobody will ask for it any more.
    pub(super) fn is_gone(&self, now: u32, stale: u32) -> bool {
        let kept = if self.has(flag::FAILURE) { MEMORY } else { stale };
        now >= self.end().saturating_add(kept)
    }

    /// True once after it was asked for.
    pub(super) fn take_second_chance(&mut self) -> bool {
        let recent = self.has(flag::RECENT);
        self.flags &= !flag::RECENT;
        recent
    }

    /// Writes a fresh answer; `shift` as for [`Body::write`].
    pub(super) fn answer(
        &mut self,
        now: u32,
        prefetch: bool,
        wants_authentic: bool,
        shift: usize,
        reply: &mut Reply<'_>,
    ) -> Foreign {
        self.flags |= flag::RECENT;
        self.hits = self.hits.saturating_add(1);
        let age = now.saturating_sub(self.stored);
        self.body.write(Ttl::Aged(age), shift, reply);
        let note = if self.has(flag::NOTED) {
            Some(Note::new(self.note, self.body.text()))
        } else if self.has(flag::FAILURE) {
            Some(Note::new(CACHED_ERROR, ""))
        } else {
            None
        };
        let refresh = prefetch
            && self.hits >= PREFETCH_HITS
            && self.lifetime >= PREFETCH_LIFETIME
            && self.lifetime - age.min(self.lifetime) <= self.lifetime / 10
            && self.flags & (flag::REFRESHING | flag::FAILURE) == 0
            && shift == 0
            && !self.is_cut();
        if refresh {
            self.flags |= flag::REFRESHING;
        }
        reply.rcode = (self.rcode & 0x0F) as u8;
        Foreign::Written { rcode: self.rcode, authentic: wants_authentic && self.has(flag::AUTHENTIC), note, refresh }
    }

    /// Writes an answer that has ended, at once when upstreams failed lately; none when they are to be asked first.
    ///
    /// Once they failed it serves until they answer, and asks for its refresh from time to time.
    pub(super) fn answer_stale(&mut self, now: u32, reply: &mut Reply<'_>) -> Option<Foreign> {
        if self.retry == 0 {
            return None;
        }
        self.flags |= flag::RECENT;
        self.hits = self.hits.saturating_add(1);
        self.body.write(Ttl::Fixed(STALE_TTL), 0, reply);
        let refresh = now >= self.retry;
        if refresh {
            self.retry = now + retry_after(self.streak);
        }
        reply.rcode = (self.rcode & 0x0F) as u8;
        Some(Foreign::Written { rcode: self.rcode, authentic: false, note: Some(stale_note(self.rcode)), refresh })
    }

    /// Upstreams failed to answer what this slot ended to answer.
    pub(super) fn mark_failed(&mut self, now: u32) {
        self.retry = now + retry_after(self.streak);
        self.streak = self.streak.saturating_add(1);
    }

    pub(super) fn entry(&self) -> Entry {
        Entry {
            body: self.body.clone(),
            rcode: self.rcode,
            note: self.has(flag::NOTED).then_some(self.note),
            lifetime: self.lifetime,
            authentic: self.has(flag::AUTHENTIC),
            negative: self.has(flag::NEGATIVE),
            failure: self.has(flag::FAILURE),
            cut: self.is_cut(),
            target: None,
        }
    }
}

/// The extended error of a stale answer.
pub(in crate::forward) fn stale_note(rcode: u16) -> Note {
    Note::new(if rcode == NXDOMAIN { STALE_NXDOMAIN } else { STALE_ANSWER }, "no upstream answers now")
}

/// Seconds that a failure is known after so many failures before.
pub(super) fn back_off(streak: u8) -> u32 {
    (FAILURE << streak.min(5)).min(FAILURE_MOST)
}

/// Seconds until upstreams are asked again, after so many failures before, while a stale answer serves.
fn retry_after(streak: u8) -> u32 {
    (RETRY << streak.min(3)).min(FAILURE_MOST)
}

fn key_flags(key: &Key<'_>) -> u8 {
    (if key.dnssec_ok { flag::DNSSEC_OK } else { 0 }) | if key.checking_disabled { flag::CHECKING_DISABLED } else { 0 }
}
