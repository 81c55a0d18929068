//! The cache: shards behind locks that are held for as long as it takes to copy one answer.

use super::cuts::Cuts;
use super::entry::Entry;
use super::key::{ALL_TYPES, Hashes, Key};
use super::look::{Selection, Shown, Stats};
use super::shard::{Room, Shard};
use super::slot::{Slot, State, back_off, flag};
use crate::answer::{Reply, flag as header};
use crate::config;
use crate::dns::{HEADER, labels};
use crate::forward::Foreign;
use std::array;
use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What upstreams answered, for all horizons: settings, and the answers themselves, which outlive a change of settings.
///
/// All times are seconds since the first cache of this process's line began ([`Cache::now`]); the caller passes them, so that
/// a worker reads the clock once a batch. Every call takes one lock, or one for each label of a name that is not there.
#[derive(Debug)]
pub struct Cache {
    settings: config::Cache,
    store: Arc<Store>,
}

#[derive(Debug)]
struct Store {
    began: Instant,
    hashes: Hashes,
    cuts: Cuts,
    /// Raised by each flush.
    era: AtomicU32,
    shards: Box<[Mutex<Shard>]>,
}

/// A power of two.
const SHARDS: usize = 64;

/// Answers that are reached for together.
pub(crate) const AT_ONCE: usize = 8;

/// Slots that are looked at before a lock is given back to those who answer.
const STRETCH: usize = 256;

impl Cache {
    /// An empty cache.
    pub fn new(settings: &config::Cache) -> Self {
        let store = Store {
            began: Instant::now(),
            hashes: Hashes::new(),
            cuts: Cuts::new(),
            era: AtomicU32::new(0),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        };
        Cache { settings: settings.clone(), store: Arc::new(store) }
    }

    /// The same answers under other settings. A smaller size is reached as new answers come.
    pub fn with_settings(&self, settings: &config::Cache) -> Self {
        Cache { settings: settings.clone(), store: Arc::clone(&self.store) }
    }

    /// Seconds since it began. One reading of the clock.
    pub fn now(&self) -> u32 {
        self.at(Instant::now())
    }

    /// Seconds since it began at this time, 1 for the first: 0 is never a time.
    pub fn at(&self, time: Instant) -> u32 {
        let since = time.saturating_duration_since(self.store.began);
        u32::try_from(since.as_secs()).map_or(u32::MAX, |seconds| seconds.saturating_add(1))
    }

    /// What a question that leaves for an upstream notes: an answer to it is stored only if nothing was flushed meanwhile.
    pub fn era(&self) -> u32 {
        self.store.era.load(Ordering::Acquire)
    }

    /// The hash under which a key is kept.
    pub(crate) fn hash(&self, key: &Key<'_>) -> u64 {
        self.store.hashes.of(key)
    }

    /// Reads what the answers under at most [`AT_ONCE`] hashes need of memory, each step for all of them before the next one,
    /// so that the waits overlap. The locks are held together, for in between each would wait for what was read before; one
    /// that somebody else holds is passed over.
    pub(crate) fn reach(&self, hashes: &[u64]) {
        let lock = |hash: &u64| self.store.shards[place(*hash)].try_lock().ok();
        let shards: [Option<MutexGuard<'_, Shard>>; AT_ONCE] = array::from_fn(|at| hashes.get(at).and_then(lock));
        let slots: [Option<&Slot>; AT_ONCE] = array::from_fn(|at| shards[at].as_ref()?.likely(hashes[at] as u32));
        black_box(slots.map(|slot| slot.map_or(0, |slot| slot.hash)));
        black_box(slots.map(|slot| slot.map_or(0, |slot| slot.body.ends())));
    }

    /// Writes what is known behind the question of `reply`, which must be for the key's name, and the lower bits of the
    /// RCODE. `wants_authentic` says that the query has AD or DO set (RFC 6840 section 5.7). Allocates nothing.
    pub(crate) fn answer(&self, key: &Key<'_>, wants_authentic: bool, now: u32, reply: &mut Reply<'_>) -> Foreign {
        self.answer_at(key, self.hash(key), wants_authentic, now, reply)
    }

    /// As [`Cache::answer`], by one who knows the key's hash.
    pub(crate) fn answer_at(
        &self,
        key: &Key<'_>,
        hash: u64,
        wants_authentic: bool,
        now: u32,
        reply: &mut Reply<'_>,
    ) -> Foreign {
        let mut stale = false;
        {
            let mut shard = self.shard(hash);
            let shard = &mut *shard;
            let found = shard.find(hash as u32, key).and_then(|index| shard.slots.get_mut(index));
            match found.as_ref().map(|slot| slot.state(now, self.settings.stale)) {
                Some(State::Fresh) => {
                    let Some(slot) = found else { return Foreign::Miss };
                    shard.stats.hits += 1;
                    shard.stats.failure_hits += u64::from(slot.has(flag::FAILURE));
                    let written = slot.answer(now, self.settings.prefetch, wants_authentic, 0, reply);
                    shard.stats.refreshes += u64::from(matches!(written, Foreign::Written { refresh: true, .. }));
                    return written;
                }
                Some(State::Stale) => stale = true,
                Some(State::Dead) | None => {}
            }
        }
        if self.store.cuts.are_there()
            && let Some(written) = self.answer_from_cut(key, wants_authentic, now, reply)
        {
            return written;
        }
        let mut shard = self.shard(hash);
        let shard = &mut *shard;
        if stale
            && let Some(index) = shard.find(hash as u32, key)
            && let Some(written) = shard.slots.get_mut(index).and_then(|slot| slot.answer_stale(now, reply))
        {
            shard.stats.hits += 1;
            shard.stats.stale_hits += 1;
            return written;
        }
        shard.stats.misses += 1;
        Foreign::Miss
    }

    /// The whole reply to a query without EDNS, for those who have no horizons to ask first; none when upstreams must be
    /// asked. `query` begins with a header and the question of `key`. Allocates nothing.
    pub fn reply(&self, key: &Key<'_>, query: &[u8], now: u32, buffer: &mut [u8]) -> Option<usize> {
        let limit = buffer.len();
        let question = query.get(..HEADER + key.name.len() + 4)?;
        let mut reply = Reply::new(buffer, question, limit, 0)?;
        match self.answer(key, true, now, &mut reply) {
            Foreign::Written { authentic, .. } => {
                let authentic = if authentic { header::AUTHENTIC_DATA } else { 0 };
                Some(reply.finish(header::RECURSION_AVAILABLE | authentic, None))
            }
            Foreign::Miss | Foreign::NoUpstream => None,
        }
    }

    /// The NXDOMAIN of the name itself, for whatever type, or of one above it (RFC 8020).
    #[cold]
    fn answer_from_cut(
        &self,
        key: &Key<'_>,
        wants_authentic: bool,
        now: u32,
        reply: &mut Reply<'_>,
    ) -> Option<Foreign> {
        let mut start = 0;
        for label in labels(key.name) {
            let cut = key.cut(&key.name[start..]);
            let hash = self.store.hashes.of(&cut);
            if self.store.cuts.may_hold(hash) {
                let mut shard = self.shard(hash);
                let shard = &mut *shard;
                let found = shard.find(hash as u32, &cut).and_then(|index| shard.slots.get_mut(index));
                if let Some(slot) = found {
                    let written = match slot.state(now, self.settings.stale) {
                        State::Fresh if slot.body.can_shift(start) => {
                            Some(slot.answer(now, false, wants_authentic, start, reply))
                        }
                        State::Stale if start == 0 => slot.answer_stale(now, reply),
                        _ => None,
                    };
                    if written.is_some() {
                        shard.stats.hits += 1;
                        shard.stats.cut_hits += u64::from(start > 0);
                        shard.stats.stale_hits += u64::from(slot.end() <= now);
                        return written;
                    }
                }
            }
            start += 1 + label.len();
        }
        None
    }

    /// Keeps an answer; `era` is what [`Cache::era`] was when its question left. False when it is not kept: it is a failure,
    /// lives for no second, leads to a target that is not answered yet, is too large, or something was flushed meanwhile.
    pub fn store(&self, key: &Key<'_>, entry: Entry, era: u32, now: u32) -> bool {
        if entry.lifetime == 0 || entry.failure || entry.target.is_some() || era != self.era() {
            return false;
        }
        if key.rtype == ALL_TYPES && !entry.cut {
            return false;
        }
        let cut = key.cut(key.name);
        if entry.cut {
            self.put(&cut, entry, now)
        } else {
            self.remove(&cut, now);
            self.put(key, entry, now)
        }
    }

    /// Notes that no upstream could answer. Returns the answer that has ended, if one may stand in (RFC 8767): it is handed
    /// out at once from now on, until an upstream answers. Else the failure is known for a second, and longer with each
    /// repetition, up to 30 (RFC 9520 section 3.2).
    pub fn failed(&self, key: &Key<'_>, failure: Entry, era: u32, now: u32) -> Option<Entry> {
        for key in [*key, key.cut(key.name)] {
            let hash = self.store.hashes.of(&key);
            let mut shard = self.shard(hash);
            let Some(slot) = shard.find(hash as u32, &key).and_then(|index| shard.slots.get_mut(index)) else {
                continue;
            };
            match slot.state(now, self.settings.stale) {
                State::Fresh if !slot.has(flag::FAILURE) => return None,
                State::Stale => {
                    slot.mark_failed(now);
                    return Some(slot.entry());
                }
                State::Fresh | State::Dead => {}
            }
        }
        if era != self.era() || !failure.failure || key.rtype == ALL_TYPES {
            return None;
        }
        let hash = self.store.hashes.of(key);
        let room = self.room(now);
        let mut shard = self.shard(hash);
        let before = shard.find(hash as u32, key).and_then(|index| shard.slots.get(index));
        let known = before.filter(|slot| slot.has(flag::FAILURE) && !slot.is_gone(now, self.settings.stale));
        let streak = known.map_or(0, |slot| slot.streak.saturating_add(1));
        let mut slot = Slot::new(hash as u32, key, failure, now);
        slot.streak = streak;
        slot.lifetime = back_off(streak);
        shard.put(slot, &room);
        None
    }

    /// An answer that has ended, for one who waits too long for an upstream (RFC 8767 section 5). Marks nothing.
    pub fn stale(&self, key: &Key<'_>, now: u32) -> Option<Entry> {
        [*key, key.cut(key.name)].iter().find_map(|key| {
            let hash = self.store.hashes.of(key);
            let shard = self.shard(hash);
            let slot = shard.slots.get(shard.find(hash as u32, key)?)?;
            (slot.state(now, self.settings.stale) == State::Stale).then(|| slot.entry())
        })
    }

    /// Forgets what is chosen, and what is asked for now. Returns how many entries that were.
    pub fn flush(&self, what: &Selection) -> usize {
        self.drop_where(|slot| what.holds(slot))
    }

    /// Forgets these names, in wire format and lower-cased, for all horizons and types, and that names above them do not
    /// exist (RFC 8020). Returns how many entries that were.
    pub fn forget(&self, names: &HashSet<&[u8]>) -> usize {
        let above: HashSet<&[u8]> = names.iter().flat_map(|name| suffixes(name)).collect();
        self.drop_where(|slot| names.contains(slot.body.name()) || slot.is_cut() && above.contains(slot.body.name()))
    }

    fn drop_where(&self, goes: impl Fn(&Slot) -> bool) -> usize {
        self.store.era.fetch_add(1, Ordering::AcqRel);
        let now = self.now();
        let mut count = 0;
        for shard in &self.store.shards {
            let mut end = usize::MAX;
            while end > 0 {
                let room = self.room(now);
                let mut shard = open(shard);
                end = end.min(shard.slots.len());
                // From behind: what takes the place of a removed slot was looked at before.
                let start = end.saturating_sub(STRETCH);
                for index in (start..end).rev() {
                    if shard.slots.get(index).is_some_and(&goes) {
                        shard.remove(index, &room);
                        count += 1;
                    }
                }
                end = start;
                if end == 0 && count > 0 {
                    shard.shrink();
                }
            }
        }
        count
    }

    /// Forgets a name, in wire format, and all names below it: of one horizon, or of all.
    pub fn drop_below(&self, tag: Option<u32>, name: &[u8]) -> usize {
        self.flush(&Selection { tag, name: Some(name.into()), below: true, rtype: None })
    }

    /// Shows the first entries that are chosen, in no order. Allocates; not for the query path.
    pub fn show(&self, what: &Selection, limit: usize, now: u32) -> Vec<Shown> {
        let mut shown = Vec::new();
        for shard in &self.store.shards {
            let mut start = 0;
            loop {
                let shard = open(shard);
                let end = shard.slots.len().min(start + STRETCH);
                for slot in shard.slots.get(start..end).unwrap_or_default() {
                    if shown.len() == limit {
                        return shown;
                    }
                    if what.holds(slot) && !slot.is_gone(now, self.settings.stale) {
                        shown.push(Shown::of(slot, now));
                    }
                }
                if end == shard.slots.len() {
                    break;
                }
                start = end;
            }
        }
        shown
    }

    /// Counts what it holds and what happened.
    pub fn stats(&self, now: u32) -> Stats {
        let mut stats = Stats { size: self.settings.size, ..Stats::default() };
        for shard in &self.store.shards {
            let shard = open(shard);
            stats.add(&shard.stats);
            stats.octets += shard.octets();
            stats.count(&shard.slots, now, self.settings.stale);
        }
        stats
    }

    fn put(&self, key: &Key<'_>, entry: Entry, now: u32) -> bool {
        let hash = self.store.hashes.of(key);
        let room = self.room(now);
        self.shard(hash).put(Slot::new(hash as u32, key, entry, now), &room)
    }

    fn remove(&self, cut: &Key<'_>, now: u32) {
        let hash = self.store.hashes.of(cut);
        if self.store.cuts.may_hold(hash) {
            let room = self.room(now);
            let mut shard = self.shard(hash);
            if let Some(index) = shard.find(hash as u32, cut) {
                shard.remove(index, &room);
            }
        }
    }

    fn room(&self, now: u32) -> Room<'_> {
        Room {
            budget: self.settings.size / SHARDS,
            stale: self.settings.stale,
            now,
            hashes: &self.store.hashes,
            cuts: &self.store.cuts,
        }
    }

    pub(super) fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        open(&self.store.shards[place(hash)])
    }
}

/// The shard of a hash.
fn place(hash: u64) -> usize {
    (hash >> 58) as usize % SHARDS
}

/// A panic under the lock leaves a shard whose look-ups are checked: the worst is an entry that is not found.
fn open(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name and the names above it, the root not counted.
fn suffixes(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    labels(name).filter_map(move |label| {
        let from = start;
        start += 1 + label.len();
        name.get(from..)
    })
}
